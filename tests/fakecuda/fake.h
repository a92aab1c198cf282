/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Between the files of the fake NVIDIA driver. */
#ifndef FAKE_H
#define FAKE_H

#include <stddef.h>
#include <stdint.h>

struct abi_job;
struct abi_results;

/* One kernel entry compiled as host C; the table is made by fakegen.c and ends with key "". */
struct fake_kernel {
	const char *key; /* hex of embedded_key(source, options) */
	const char *options;
	const char *entry;
	/* runs the work-item named last, as GLOBAL_ID() sees it */
	void (*run)(const struct abi_job *job, struct abi_results *res, uint32_t *scratch,
		    uint32_t *dataset, uint64_t first, uint32_t count, uint64_t item);
};

extern const struct fake_kernel fake_kernels[];

/* What a module image says of itself. */
struct fake_image {
	char key[65]; /* of the source it was compiled from */
	int is_ptx;
	unsigned arch; /* it was made for */
	unsigned isa;  /* PTX: 63 for .version 6.3; cubin: ELF ABI version */
};

/*
 * Read an image as the driver's loader would.  0, or the driver's error code: 200 not an
 * image, 218 bad PTX.
 */
int fake_image_read(struct fake_image *out, const void *image);

/*
 * The FAKECUDA_FAULT script: words by comma, "POINT", "POINT=CODE" or "POINT@N=CODE" (the
 * N-th time only).  The code to fail with at this pass of the point, or 0; a fault without
 * a code yields -1.  Counts the pass.
 */
int fake_fault(const char *point);

/* A number from the environment, or what. */
long fake_number(const char *name, long what);

#endif
