/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Between run.c (warps, memory), compute.c (what each lane computes alone) and count.c. */
#ifndef PTX_RUN_H
#define PTX_RUN_H

#include "tests/ptx/code.h"

#define ALL UINT32_MAX

struct warp {
	union lanes *r;
	uint32_t *set; /* of each register: the lanes that have written it */
	uint32_t alive, waiting;
	uint32_t pc[PTX_WARP];
};

/* Write those lanes of a register. */
void ptx_put_w(struct warp *w, uint16_t slot, const uint32_t *t, uint32_t mask);
void ptx_put_d(struct warp *w, uint16_t slot, const uint64_t *t, uint32_t mask);

/* An instruction of ops.def. */
void ptx_compute(struct warp *w, const struct op *op, uint32_t mask);

/* One step of these lanes, before it is done (count.c). */
void ptx_count(struct ptx_counts *c, const struct code *code, const struct warp *w,
	       const struct op *op, uint32_t mask);

#endif
