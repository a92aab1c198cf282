/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The words a kernel may use, for OpenCL C 1.2, CUDA C++ (NVRTC) and host C.
 * Vendor intrinsics live here and nowhere else.  The host form runs one work-item a
 * call and has neither LOCAL nor BARRIER: kernels that need them are tested on PoCL.
 *
 * LANES (from algo_plan.options) is how many nonces a work-item tries at once: 1 on GPUs,
 * the native vector width on OpenCL CPU devices, where vu is an explicit vector of u32.
 */
#ifndef ADIT_PLATFORM_H
#define ADIT_PLATFORM_H

#ifndef LANES
# define LANES 1
#endif

#if defined(__OPENCL_VERSION__) || defined(__OPENCL_C_VERSION__)

typedef uchar u8;
typedef uint  u32;
typedef ulong u64;
# define KERNEL          __kernel void
# define GLOBAL          __global
# define LOCAL           __local
# define CONSTANT        __constant
# define INLINE
# define NOINLINE        __attribute__((noinline))
# define GROUP_SIZE(n)   __attribute__((reqd_work_group_size(n, 1, 1)))
# define UNROLL          _Pragma("unroll")
# define GLOBAL_ID()     get_global_id(0)
# define LOCAL_ID()      get_local_id(0)
# define BARRIER()       barrier(CLK_LOCAL_MEM_FENCE)
# define ATOMIC_INC(p)   atomic_inc((volatile __global u32 *)(p))
# define ROTL32(x, n)    rotate((x), (u32)(n))
# define ROTR32(x, n)    rotate((x), (u32)(32 - (n)))
# define BITSELECT(a, b, c) bitselect((a), (b), (c)) /* c ? b : a, bit by bit */

#elif defined(__CUDACC_RTC__) || defined(__CUDACC__)

typedef unsigned char      u8;
typedef unsigned int       u32;
typedef unsigned long long u64;
# define KERNEL          extern "C" __global__ void
# define GLOBAL
# define LOCAL           __shared__
# define CONSTANT        __constant__ const
# define INLINE          static __device__ __forceinline__
# define NOINLINE        static __device__ __noinline__
# define GROUP_SIZE(n)   __launch_bounds__(n)
# define UNROLL          _Pragma("unroll")
# define GLOBAL_ID()     ((u64)blockIdx.x * blockDim.x + threadIdx.x)
# define LOCAL_ID()      threadIdx.x
# define BARRIER()       __syncthreads()
# define ATOMIC_INC(p)   atomicAdd((p), 1u)
# define ROTL32(x, n)    __funnelshift_l((x), (x), (n))
# define ROTR32(x, n)    __funnelshift_r((x), (x), (n))
# define BITSELECT(a, b, c) (((b) & (c)) | ((a) & ~(c)))

#else /* host C: the test includes the kernel as a function */

# include <stdint.h>
typedef uint8_t  u8;
typedef uint32_t u32;
typedef uint64_t u64;
extern _Thread_local u64 platform_item; /* the work-item being run */
# define KERNEL          static void
# define GLOBAL
# define CONSTANT        static const
# define INLINE          static inline
# define NOINLINE        static
# define GROUP_SIZE(n)
# define UNROLL
# define GLOBAL_ID()     platform_item
# define ATOMIC_INC(p)   ((*(p))++)
# define ROTL32(x, n)    ((x) << (n) | (x) >> (32 - (n)))
# define ROTR32(x, n)    ((x) >> (n) | (x) << (32 - (n)))
# define BITSELECT(a, b, c) (((b) & (c)) | ((a) & ~(c)))

#endif

#include "abi.h"

/*
 * One signature for every entry, so that no backend knows an algorithm.  Backends set
 * the six arguments in this order.
 */
#define KERNEL_ARGS                                                                                \
	GLOBAL const struct abi_job *job, GLOBAL struct abi_results *res, GLOBAL u32 *scratch,     \
		GLOBAL const u32 *dataset, u64 first, u32 count

/* Report a candidate; see abi.h for overflow. */
#define K_REPORT(res, n)                                                                           \
	do {                                                                                       \
		u32 k_slot = ATOMIC_INC(&(res)->count);                                            \
		if (k_slot < ABI_SLOTS)                                                            \
			(res)->nonce[k_slot] = (n);                                                \
	} while (0)

#endif
