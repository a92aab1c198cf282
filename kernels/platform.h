/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The words a kernel may use, for OpenCL C 1.2, CUDA C++ (NVRTC) and host C.
 * Vendor intrinsics live here and nowhere else.  The host form runs one work-item a
 * call; whoever runs kernels with LOCAL and BARRIER in it gives every work-item of a group a stack
 * of its own and defines the platform_ functions (tests/fakecuda).
 *
 * LANES (from algo_plan.options) is how many nonces a work-item tries at once: 1 on GPUs,
 * the native vector width on OpenCL CPU devices (2, 4, 8 or 16), where vu is an explicit
 * vector of u32.  Compilers vectorise no work-item that may store a result, so on PoCL the
 * explicit form is about ten times as fast.  Words on vu start with V_: V_LANE is each lane's
 * number, V_ANY is true when a comparison holds for some lane, V_CHOOSE takes lane by lane.
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
# define LOCAL_BROUGHT(type, name, n) __local type name[n]
# define LOCAL_WORD(p, bytes) (*(__local const u32 *)((__local const uchar *)(p) + (bytes)))
# define OPAQUE(v)       (v)
# define FORGET()        ((void)0)
# define CONSTANT        __constant
# define INLINE          __attribute__((always_inline)) /* calls cost PoCL its wide vectors */
# define NOINLINE        __attribute__((noinline))
# define GROUP_SIZE(n)   __attribute__((reqd_work_group_size(n, 1, 1)))
# define GROUP_SIZE_OF(n, items) GROUP_SIZE(n)
# define UNROLL          _Pragma("unroll")
# define NO_UNROLL
# define GLOBAL_ID()     get_global_id(0)
# define LOCAL_ID()      get_local_id(0)
# define BARRIER()       barrier(CLK_LOCAL_MEM_FENCE)
# define ATOMIC_INC(p)   atomic_inc((volatile __global u32 *)(p))
# define MUL_HI32(a, b)  mul_hi((u32)(a), (u32)(b))
# define MIN32(a, b)     min((u32)(a), (u32)(b))
# define CLZ32(x)        clz((u32)(x)) /* 32 of 0 */
# define POPCOUNT32(x)   popcount((u32)(x))
# define LOAD4(p)        (*(p)) /* 16 bytes of what no kernel of this launch writes */
# define TURN_LEFT32(x, n)  rotate((x), (n)) /* by n mod 32 */
# define TURN_RIGHT32(x, n) rotate((x), 0u - (n))
typedef uint4  u32x4;
typedef uint8  u32x8;
typedef uint16 u32x16;
typedef ulong8 u64x8;
/* Fetch the line at p while there is other work. */
# if defined(__clang__) && (defined(__x86_64__) || defined(__aarch64__))
#  define PREFETCH(p)    __builtin_prefetch((const void *)(size_t)(p))
# else
#  define PREFETCH(p)    ((void)0)
# endif
/* On u32x16, for CPUs; written out where compilers see through it better than through calls. */
# define V16_LANE        ((u32x16)(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15))
# define V16_TURN_LEFT(x, n)  ((x) << ((n) & 31u) | (x) >> (-(n) & 31u))
# define V16_TURN_RIGHT(x, n) ((x) >> ((n) & 31u) | (x) << (-(n) & 31u))
# define V16_MUL_HI(a, b) convert_uint16(convert_ulong16(a) * convert_ulong16(b) >> 32)
# define V16_MIN(a, b)   ((a) < (b) ? (a) : (b))
# define V16_CLZ(x)      clz(x)
# define V16_POPCOUNT(x) platform_popcount(x)
INLINE u32x16 platform_popcount(u32x16 x)
{
	x -= x >> 1 & 0x55555555u;
	x = (x & 0x33333333u) + (x >> 2 & 0x33333333u);
	return ((x + (x >> 4)) & 0x0f0f0f0fu) * 0x01010101u >> 24;
}
# define V16_GATHER(p, at)                                                                         \
	((u32x16)((p)[(at).s0], (p)[(at).s1], (p)[(at).s2], (p)[(at).s3], (p)[(at).s4],            \
		  (p)[(at).s5], (p)[(at).s6], (p)[(at).s7], (p)[(at).s8], (p)[(at).s9],            \
		  (p)[(at).sa], (p)[(at).sb], (p)[(at).sc], (p)[(at).sd], (p)[(at).se],            \
		  (p)[(at).sf]))
# if LANES == 1
typedef uint  vu;
#  define ROTL32(x, n)    rotate((x), (u32)(n))
#  define ROTR32(x, n)    rotate((x), (u32)(32 - (n)))
#  define BITSELECT(a, b, c) bitselect((a), (b), (c)) /* c ? b : a, bit by bit */
# else
/* Written out, so that the compiler sees them whatever the driver's library makes of vectors. */
#  define ROTL32(x, n)    ((x) << (n) | (x) >> (32 - (n)))
#  define ROTR32(x, n)    ((x) >> (n) | (x) << (32 - (n)))
#  define BITSELECT(a, b, c) ((a) ^ ((c) & ((a) ^ (b))))
/*
 * Where vectors are those of AVX-512, clang makes two instructions of a majority and forty of
 * any() unless told that there is one for each.
 */
#  if LANES == 16 && defined(__clang__) && defined(__AVX512DQ__)
#   define MAJORITY(a, b, c) PLATFORM_TERNARY(a, b, c, 0xe8)
#   define PLATFORM_TERNARY(a, b, c, table)                                                        \
		as_uint16(__builtin_ia32_pternlogd512_mask(as_int16(a), as_int16(b), as_int16(c), \
							   (table), -1))
#   define V_ANY(mask)    (__builtin_ia32_cvtd2mask512(mask) != 0)
#  else
#   define V_ANY(mask)    any(mask)
#  endif
#  define PLATFORM_JOIN2(a, b) a##b
#  define PLATFORM_JOIN(a, b) PLATFORM_JOIN2(a, b)
typedef PLATFORM_JOIN(uint, LANES) vu;
#  define V_TURN_RIGHT(x, n) ((x) >> ((n) & 31u) | (x) << (-(n) & 31u)) /* by n mod 32 */
#  define V_LOAD(p)       PLATFORM_JOIN(vload, LANES)(0, (p))
#  define V_STORE(p, v)   PLATFORM_JOIN(vstore, LANES)((v), 0, (p))
#  define V_CHOOSE(mask, yes, no) select((no), (yes), (mask))
#  if LANES == 2
#   define V_LANE         ((vu)(0, 1))
#  elif LANES == 4
#   define V_LANE         ((vu)(0, 1, 2, 3))
#  elif LANES == 8
#   define V_LANE         ((vu)(0, 1, 2, 3, 4, 5, 6, 7))
#  else
#   define V_LANE         ((vu)(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15))
#  endif
/*
 * One step of a transposition of LANES vectors, for those whose numbers differ in bit (1, 2, 4 and
 * so on, in that order): x takes the even members of both, y the odd ones.  Which members are even
 * may differ from step to step, as long as all steps together transpose: within 16 bytes first,
 * then those by four, is an instruction each where clang would make five of the plain words.
 */
#  if defined(__clang__) && LANES == 16
#   define PLATFORM_PICK(x, y, at)                                                                 \
		__builtin_shufflevector(x, y, at, at + 2, at + 16, at + 18, at + 4, at + 6,        \
					at + 20, at + 22, at + 8, at + 10, at + 24, at + 26,       \
					at + 12, at + 14, at + 28, at + 30)
#   define PLATFORM_PICK4(x, y, at)                                                                \
		__builtin_shufflevector(x, y, at, at + 1, at + 2, at + 3, at + 8, at + 9, at + 10, \
					at + 11, at + 16, at + 17, at + 18, at + 19, at + 24,      \
					at + 25, at + 26, at + 27)
#  elif defined(__clang__) && LANES == 8
#   define PLATFORM_PICK(x, y, at)                                                                 \
		__builtin_shufflevector(x, y, at, at + 2, at + 8, at + 10, at + 4, at + 6,         \
					at + 12, at + 14)
#   define PLATFORM_PICK4(x, y, at)                                                                \
		__builtin_shufflevector(x, y, at, at + 1, at + 2, at + 3, at + 8, at + 9, at + 10, \
					at + 11)
#  else
#   define PLATFORM_PICK(x, y, at)  ((at) ? (vu)((x).odd, (y).odd) : (vu)((x).even, (y).even))
#   define PLATFORM_PICK4(x, y, at) PLATFORM_PICK(x, y, (at) / 4)
#  endif
#  define V_DEAL(x, y, bit)                                                                        \
	do {                                                                                       \
		vu v_even = (bit) < 4 ? PLATFORM_PICK(x, y, 0) : PLATFORM_PICK4(x, y, 0);          \
		(y) = (bit) < 4 ? PLATFORM_PICK(x, y, 1) : PLATFORM_PICK4(x, y, 4);                \
		(x) = v_even;                                                                      \
	} while (0)
# endif

#elif defined(__CUDACC_RTC__) || defined(__CUDACC__)

typedef unsigned char      u8;
typedef unsigned int       u32;
typedef unsigned long long u64;
# define KERNEL          extern "C" __global__ void
# define GLOBAL
# define LOCAL           __shared__
/*
 * An array that may be larger than the 48 KiB a kernel can have by itself: struct launch's
 * local_bytes brings it.  One a kernel.
 */
# define LOCAL_BROUGHT(type, name, n) extern __shared__ __align__(16) type name[]
/* v as a register that the assembler takes for no part of an expression; all of a warp ask. */
# define OPAQUE(v)       __shfl_sync(0xffffffffu, (v), threadIdx.x % 32)
/* What comes from memory is read again from here on, rather than kept in registers. */
# define FORGET()        asm volatile("" ::: "memory")
# define CONSTANT        __constant__ const
# define INLINE          static __device__ __forceinline__
# define NOINLINE        static __device__ __noinline__
# define GROUP_SIZE(n)   __launch_bounds__(n)
# define GROUP_SIZE_OF(n, items) __launch_bounds__(n, (items) / (n)) /* so many on an SM */
/* Written out, so that the assembler adds p where it reads, on sm_120 too. */
# define LOCAL_WORD(p, bytes) platform_local_word((u32)__cvta_generic_to_shared(p) + (bytes))
INLINE u32 platform_local_word(u32 at)
{
	u32 v;

	asm("ld.shared.u32 %0, [%1];" : "=r"(v) : "r"(at));
	return v;
}
# define UNROLL          _Pragma("unroll")
# define NO_UNROLL       _Pragma("unroll 1")
# define GLOBAL_ID()     ((u64)blockIdx.x * blockDim.x + threadIdx.x)
# define LOCAL_ID()      threadIdx.x
# define BARRIER()       __syncthreads()
# define ATOMIC_INC(p)   atomicAdd((p), 1u)
# define MUL_HI32(a, b)  __umulhi((a), (b))
# define MIN32(a, b)     min((u32)(a), (u32)(b))
# define CLZ32(x)        (u32)__clz((int)(x))
# define POPCOUNT32(x)   (u32)__popc(x)
# define LOAD4(p)        __ldg(p)
# define TURN_LEFT32(x, n)  __funnelshift_l((x), (x), (n))
# define TURN_RIGHT32(x, n) __funnelshift_r((x), (x), (n))
/* v of work-item src of the aligned 4, 8, 16 or 32 (width) neighbours; all of a warp take part. */
# define K_SHUFFLE(v, src, width) __shfl_sync(0xffffffffu, (v), (int)(src), (width))
/*
 * A statement that instructions are spliced into once this is compiled (src/gpu/splice.h): they
 * know the n (16 or 32) registers of m as m0.., d[0..3] as d0.., where in shared memory l1 is, how
 * far apart one's own words are in it (step words, 4 * step in l1s), and at how many bytes the
 * first of them is (own, in l1c).
 */
# define PROGRAM_TEMPLATE(n, m, d, l1, step, own) PLATFORM_TEMPLATE(n, m, d, l1, step, own)
# define PLATFORM_TEMPLATE(n, m, d, l1, step, own)                                                 \
	PLATFORM_TEMPLATE_##n(m, d, l1, step, own)
# define PLATFORM_LIST_16(X)                                                                       \
	X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13) X(14) X(15)
# define PLATFORM_LIST_32(X)                                                                       \
	PLATFORM_LIST_16(X) X(16) X(17) X(18) X(19) X(20) X(21) X(22) X(23) X(24) X(25) X(26)      \
	X(27) X(28) X(29) X(30) X(31)
# define PLATFORM_IN(i)  "mov.b32 m" #i ", %" #i ";\n"
# define PLATFORM_OUT(i) "mov.b32 %" #i ", m" #i ";\n"
# define PLATFORM_M(i)   , "+r"(platform_m[i])
# define PLATFORM_STATEMENT(LIST, d0, d1, d2, d3, at, first, by, m, d, l1, step, own)              \
	do {                                                                                       \
		u32 *platform_m = (m);                                                             \
		asm volatile("{\n.reg .b32 m<32>, d<4>, l1, l1c, l1s;\n" /* a line each */         \
			     PLATFORM_IN(0) LIST(PLATFORM_IN)                                      \
			     "mov.b32 d0, " d0 ";\nmov.b32 d1, " d1 ";\n"                          \
			     "mov.b32 d2, " d2 ";\nmov.b32 d3, " d3 ";\n"                          \
			     "mov.b32 l1, " at ";\nmov.b32 l1c, " first ";\n"                      \
			     "mov.b32 l1s, " by ";\n"                                              \
			     "//ADIT_PROGRAM\n"                                                    \
			     PLATFORM_OUT(0) LIST(PLATFORM_OUT) "}"                                \
			     : "+r"(platform_m[0]) LIST(PLATFORM_M)                                \
			     : "r"((d)[0]), "r"((d)[1]), "r"((d)[2]), "r"((d)[3]),                 \
			       "r"((u32)__cvta_generic_to_shared(l1)), "r"(own),                   \
			       "n"(4 * (step)));                                                   \
	} while (0)
# define PLATFORM_TEMPLATE_16(m, d, l1, step, own)                                                 \
	PLATFORM_STATEMENT(PLATFORM_LIST_16, "%16", "%17", "%18", "%19", "%20", "%21", "%22", m,   \
			   d, l1, step, own)
# define PLATFORM_TEMPLATE_32(m, d, l1, step, own)                                                 \
	PLATFORM_STATEMENT(PLATFORM_LIST_32, "%32", "%33", "%34", "%35", "%36", "%37", "%38", m,   \
			   d, l1, step, own)
typedef uint4 u32x4;
typedef unsigned int vu;
# define ROTL32(x, n)    __funnelshift_l((x), (x), (n))
# define ROTR32(x, n)    __funnelshift_r((x), (x), (n))
# define BITSELECT(a, b, c) (((b) & (c)) | ((a) & ~(c)))

#else /* host C: algos/NAME.c includes the kernel as a function */

# include <stdint.h>
typedef uint8_t  u8;
typedef uint32_t u32;
typedef uint64_t u64;
typedef uint32_t vu;
typedef struct {
	uint32_t x, y, z, w;
} u32x4;
extern _Thread_local u64 platform_item; /* the work-item being run */
extern u32 platform_local_id(void);
extern void platform_barrier(void);
extern u32 platform_shuffle(u32 v, u32 src, u32 width);
/* In place of a template's asm statement: registers m0 to m<n-1>, d0 to d3, l1, l1c and l1s. */
extern void platform_program(u32 *m, u32 n, const u32 d[4], const u32 *l1, u32 l1_bytes, u32 step,
			     u32 own);
extern void platform_brought(u32 bytes); /* does the launch bring so much? */
# define KERNEL          static void
# define GLOBAL
# define LOCAL           static /* groups run one after another */
# define LOCAL_BROUGHT(type, name, n)                                                              \
	static type name[n];                                                                       \
	platform_brought(sizeof(name))
# define LOCAL_WORD(p, bytes) (*(const u32 *)((const u8 *)(p) + (bytes)))
# define OPAQUE(v)       (v)
# define FORGET()        ((void)0)
# define CONSTANT        static const
# define INLINE          static inline
# define NOINLINE        static
# define GROUP_SIZE(n)
# define GROUP_SIZE_OF(n, items)
# define UNROLL
# define NO_UNROLL
# define GLOBAL_ID()     platform_item
# define LOCAL_ID()      platform_local_id()
# define BARRIER()       platform_barrier()
# define PROGRAM_TEMPLATE(n, m, d, l1, step, own)                                                  \
	platform_program((m), (n), (d), (l1), sizeof(l1), (step), (own))
# define K_SHUFFLE(v, src, width) platform_shuffle((v), (src), (width))
# define ATOMIC_INC(p)   ((*(p))++)
# define MUL_HI32(a, b)  ((u32)((u64)(a) * (b) >> 32))
# define MIN32(a, b)     ((u32)(a) < (u32)(b) ? (u32)(a) : (u32)(b))
# define CLZ32(x)        ((x) ? (u32)__builtin_clz(x) : 32u)
# define POPCOUNT32(x)   ((u32)__builtin_popcount(x))
# define LOAD4(p)        (*(p))
# define TURN_LEFT32(x, n)  ((x) << ((n) & 31) | (x) >> (-(n) & 31))
# define TURN_RIGHT32(x, n) ((x) >> ((n) & 31) | (x) << (-(n) & 31))
# define ROTL32(x, n)    ((x) << (n) | (x) >> (32 - (n)))
# define ROTR32(x, n)    ((x) >> (n) | (x) << (32 - (n)))
# define BITSELECT(a, b, c) (((b) & (c)) | ((a) & ~(c)))

#endif

#ifndef MAJORITY
# define MAJORITY(a, b, c) BITSELECT(a, b, (a) ^ (c))
#endif

/* The same words for one lane; vectors have theirs above. */
#if LANES == 1
# define V_LANE           0u
# define V_ANY(mask)      (mask)
# define V_TURN_RIGHT(x, n) TURN_RIGHT32(x, n)
# define V_LOAD(p)        (*(p))
# define V_STORE(p, v)    (*(p) = (v))
# define V_CHOOSE(mask, yes, no) ((mask) ? (yes) : (no))
#endif

/*
 * Neighbouring work-items exchange words: K_SHARE what others want of this one, K_MEET, then take
 * a neighbour's with K_SHARED, v being what it was given there.  Where a device shuffles registers
 * that is all K_SHARED does.  Elsewhere a word travels in a slot of local memory, and a slot may
 * be written again once another K_MEET has passed since it was read.  width: as K_SHUFFLE.
 * The groups of kernels that use it have GROUP work-items, a power of two.
 */
#define ROTL64(x, n) ((x) << (n) | (x) >> (64 - (n)))
#ifdef K_SHUFFLE
# define K_SHARE_ROOM(slots)
# define K_SHARE(slot, v) ((void)0)
# define K_MEET()         ((void)0)
# define K_SHARED(slot, v, src, width) K_SHUFFLE((v), (src), (width))
# define K_TEAM           32 /* how many have to agree before one of them leaves */
#else
# define K_SHARE_ROOM(slots) LOCAL u32 k_share[(slots) * GROUP]
# define K_SHARE(slot, v) (k_share[(slot) * GROUP + LOCAL_ID()] = (v))
# define K_MEET()         BARRIER()
# define K_SHARED(slot, v, src, width)                                                             \
	k_share[(slot) * GROUP + ((LOCAL_ID() & ~((width) - 1u)) | (src))]
# define K_TEAM           GROUP
#endif

/* Bytes of a word, or of every lane, the other way round. */
#define BSWAP32(x) ((ROTL32((x), 8) & 0x00ff00ffu) | (ROTL32((x), 24) & 0xff00ff00u))

#define BSWAP64(x) ((u64)BSWAP32((u32)(x)) << 32 | BSWAP32((u32)((x) >> 32)))

#include "abi.h"

/*
 * One signature for every entry, so that no backend knows an algorithm.  Backends set
 * the six arguments in this order, then those of a dataset split over 2 or 4 buffers.
 */
#ifndef PARTS
# define PARTS 1
#endif
#if PARTS == 4
# define KERNEL_PARTS , GLOBAL u32 *dataset1, GLOBAL u32 *dataset2, GLOBAL u32 *dataset3
#elif PARTS == 2
# define KERNEL_PARTS , GLOBAL u32 *dataset1
#else
# define KERNEL_PARTS
#endif
#define KERNEL_ARGS                                                                                \
	GLOBAL const struct abi_job *job, GLOBAL struct abi_results *res, GLOBAL u32 *scratch,     \
		GLOBAL u32 *dataset, u64 first, u32 count KERNEL_PARTS

/*
 * True when the host wants this batch ended: nobody needs its results.  Work-items of one group
 * may see different answers; those that meet at a BARRIER must agree on one first.
 */
#define K_ABORTED(res) (*(volatile GLOBAL u32 *)&(res)->abort)

/*
 * Report those lanes whose hash, of which top and low are the most significant words, is within
 * the target and whose index (vu) is in the batch.  Uses the kernel's arguments by name.
 */
#define K_REPORT_LANES(top, low, index)                                                            \
	do {                                                                                       \
		u32 k_top[LANES], k_low[LANES], k_index[LANES], k_lane;                            \
		V_STORE(k_top, top);                                                               \
		V_STORE(k_low, low);                                                               \
		V_STORE(k_index, index);                                                           \
		for (k_lane = 0; k_lane < LANES; k_lane++)                                         \
			if (((u64)k_top[k_lane] << 32 | k_low[k_lane]) <= job->target &&           \
			    k_index[k_lane] < count)                                               \
				K_REPORT(res, (u32)((u32)first + k_index[k_lane]));                \
	} while (0)

/* Report a candidate; see abi.h for overflow. */
#define K_REPORT(res, n)                                                                           \
	do {                                                                                       \
		u32 k_slot = ATOMIC_INC(&(res)->count);                                            \
		if (k_slot < ABI_SLOTS)                                                            \
			(res)->nonce[k_slot] = (n);                                                \
	} while (0)

#endif
