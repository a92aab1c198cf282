/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Between the files of the fake NVIDIA driver. */
#ifndef FAKE_H
#define FAKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct abi_job;
struct abi_results;
struct ptx_module;

/* What a kernel is launched with. */
struct fake_args {
	const struct abi_job *job;
	struct abi_results *res;
	uint32_t *scratch, *dataset, *more[3]; /* more: as far as the kernel takes them */
	uint64_t first;
	uint32_t count;
};

/* One kernel entry compiled as host C; the table is made by fakegen.c and ends with key "". */
struct fake_kernel {
	const char *key; /* hex of embedded_key(source, options) */
	const char *options;
	const char *entry;
	/* runs the work-item named last, as GLOBAL_ID() sees it */
	void (*run)(const struct fake_args *args, uint64_t item);
	const unsigned *threads; /* most in a group */
	int parts;               /* of its dataset */
	int groups;              /* it has barriers or shuffles */
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

/* Run a group of work-items first..first+n-1 (group.c).  0, or -1 when they diverge. */
typedef void fake_item_fn(void *arg, uint64_t item);
int fake_group(fake_item_fn *run, void *arg, uint64_t first, unsigned n);

/*
 * The program spliced into PTX text (program.c), or NULL in *out where there is none.  0 or 218.
 * The one in use is what platform_program() runs on this thread.
 */
int fake_program_read(struct ptx_module **out, const char *ptx);
void fake_program_use(const struct ptx_module *program);
int fake_program_failed(void);

/* Shared memory that the launch now run brought; true when its kernel wanted more. */
void fake_brought(uint32_t bytes);
bool fake_wanted_more(void);

/*
 * The FAKECUDA_FAULT script: words by comma, "POINT", "POINT=CODE" or "POINT@N=CODE" (the
 * N-th time only).  The code to fail with at this pass of the point, or 0; a fault without
 * a code yields -1.  Counts the pass.
 */
int fake_fault(const char *point);

/* A number from the environment, or what. */
long fake_number(const char *name, long what);

#endif
