/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Kernels as host C: the one thing they share. */
#include "algos/native.h"

_Thread_local u64 platform_item;
