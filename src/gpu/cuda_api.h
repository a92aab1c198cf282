/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * NVIDIA's driver and run-time compiler as tables of functions, made from cuda.def and
 * nvrtc.def.  Nothing of NVIDIA's is needed to build this.
 */
#ifndef ADIT_CUDA_API_H
#define ADIT_CUDA_API_H

#include <stddef.h>
#include <stdint.h>

#include "src/err.h"

/* Foreign handles keep their vendor's names.  NVIDIA's enums have int's size. */
#define TYPE(name, what) typedef what name;
#define ENUM(name)       typedef int name;
#include "src/gpu/cuda.def"
#define TYPE(name, what) typedef what name;
#define ENUM(name)       typedef int name;
#include "src/gpu/nvrtc.def"

typedef struct CUuuid_st {
	char bytes[16];
} CUuuid;

enum {
#define VALUE(name, value) name = value,
#include "src/gpu/cuda.def"
#define VALUE(name, value) name = value,
#include "src/gpu/nvrtc.def"
};

struct cuda {
	void *handle;
	int version; /* of the driver's API: 13000 for 13.0 */
#define FUNC(name, args)  CUresult(*name) args;
#define MAYBE(name, args) CUresult(*name) args; /* may be NULL */
#include "src/gpu/cuda.def"
};

struct nvrtc {
	void *handle;
	int major, minor;
#define FUNC(name, args)  nvrtcResult(*name) args;
#define MAYBE(name, args) nvrtcResult(*name) args; /* may be NULL */
#include "src/gpu/nvrtc.def"
};

/*
 * Open the driver library and initialise it.  0; -ERR_NODEV when there is no driver or
 * no card; -ERR_DEVICE when the driver refuses, with its words.  Not closed again until
 * the process ends: NVIDIA's library does not survive that.
 */
int cuda_open(struct cuda *cu, struct err *err);

/*
 * Record a failed driver call: "WHAT: CUDA_ERROR_NAME (719): words".  Returns -ERR_MEMORY,
 * -ERR_NODEV or -ERR_DEVICE by kind.
 */
int cuda_fail(const struct cuda *cu, struct err *err, CUresult rc, const char *what);

/* The driver's name for a result: "CUDA_ERROR_LAUNCH_FAILED". */
const char *cuda_word(const struct cuda *cu, CUresult rc);

/*
 * Open the newest NVRTC this driver can take cubins from (major version not above
 * driver_version / 1000; 0: any), else the oldest there is.  ADIT_NVRTC names one file to
 * use instead, "none" turns it off.  0 or -ERR_NODEV.
 */
int nvrtc_open(struct nvrtc *rtc, int driver_version, struct err *err);
void nvrtc_close(struct nvrtc *rtc); /* zeroed is fine */

/* True when this compiler makes code for exactly that arch (10*major+minor). */
int nvrtc_knows(const struct nvrtc *rtc, uint32_t arch);

/* The oldest arch this compiler knows. */
uint32_t nvrtc_oldest(const struct nvrtc *rtc);

/*
 * Compile source with options ("-DA=1 -DB=2") to a cubin for arch or, where ptx is set, to
 * PTX for arch.  *out is NUL-terminated, not counted in *len; the caller frees it.  0;
 * -ERR_BUILD with the first error in err and all of it in *log (NULL allowed; caller frees).
 */
int nvrtc_compile(const struct nvrtc *rtc, const char *source, const char *options, uint32_t arch,
		  int ptx, char **out, size_t *len, char **log, struct err *err);

/*
 * Rewrite the .version and .target lines of PTX text in place so that any driver from
 * R418 and any card from Maxwell on takes it.  Our kernels use nothing newer; a build
 * test has ptxas check that where there is one.  0, or -ERR_PARSE if the lines are not
 * there or leave no room.
 */
int ptx_lower(char *ptx);

#endif
