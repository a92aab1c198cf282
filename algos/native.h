/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Kernels as host C: what algos/NAME.c needs around its #include of kernels/NAME.cl. */
#ifndef ADIT_NATIVE_H
#define ADIT_NATIVE_H

#include "algos/algo.h"

/* The work-item that GLOBAL_ID() names, on this thread. */
extern _Thread_local u64 platform_item;

/* A row's function for struct algo_native: one work-item of a kernel. */
#define NATIVE(entry)                                                                              \
 static void entry##_native(const struct abi_job *job, struct abi_results *res, u32 *scratch,      \
			    u32 *dataset, u64 first, u32 count, u64 item)                          \
 {                                                                                                 \
  platform_item = item;                                                                            \
  entry(job, res, scratch, dataset, first, count);                                                 \
 }

#endif
