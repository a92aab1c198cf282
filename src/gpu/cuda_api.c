/* SPDX-License-Identifier: GPL-3.0-or-later */
/* NVIDIA's driver library: opening it, and its failures in words. */
#include "src/gpu/cuda_api.h"
#include "src/gpu/dl.h"

static const struct dl_symbol symbols[] = {
#define FUNC(name, args)  {#name, offsetof(struct cuda, name), false},
#define MAYBE(name, args) {#name, offsetof(struct cuda, name), true},
#include "src/gpu/cuda.def"
};

static const char *const names[] = {"libcuda.so.1", "libcuda.so", NULL};

static const struct dl_library library = {
	.what = "NVIDIA driver library",
	.env = "ADIT_LIBCUDA",
	.names = names,
	.symbols = symbols,
	.n_symbols = sizeof symbols / sizeof *symbols,
};

int cuda_open(struct cuda *cu, struct err *err)
{
	CUresult code;
	int rc;

	*cu = (struct cuda){0};
	rc = dl_open(&library, &cu->handle, cu, err);
	if (rc)
		return rc;
	code = cu->cuInit(0);
	if (code == CUDA_SUCCESS)
		code = cu->cuDriverGetVersion(&cu->version);
	if (code == CUDA_SUCCESS)
		return 0;
	if (code == CUDA_ERROR_NO_DEVICE)
		return err_set(
			err, ERR_NODEV,
			"the NVIDIA driver is there but sees no card (CUDA_ERROR_NO_DEVICE)");
	return cuda_fail(cu, err, code, "NVIDIA driver does not start: cuInit");
}

static int kind_of(CUresult code)
{
	if (code == CUDA_ERROR_OUT_OF_MEMORY)
		return ERR_MEMORY;
	return code == CUDA_ERROR_NO_DEVICE ? ERR_NODEV : ERR_DEVICE;
}

const char *cuda_word(const struct cuda *cu, CUresult rc)
{
	const char *name = NULL;

	return cu->cuGetErrorName(rc, &name) == CUDA_SUCCESS && name ? name : "unknown error";
}

int cuda_fail(const struct cuda *cu, struct err *err, CUresult rc, const char *what)
{
	const char *words = NULL;

	if (cu->cuGetErrorString(rc, &words) != CUDA_SUCCESS || !words)
		words = "the driver has no words for it";
	return err_set(err, kind_of(rc), "%s: %s (%d): %s", what, cuda_word(cu, rc), rc, words);
}
