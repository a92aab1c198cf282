/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Our rows in cuda.def and nvrtc.def say what NVIDIA's headers say.  All of it is checked
 * by the compiler, with NVIDIA's own types in our argument lists; built only where the headers
 * are.
 */
#include <stdio.h>

#include <cuda.h>
#include <nvrtc.h>

#define SAME(a, b) __builtin_types_compatible_p(a, b)

/* Handles and numbers have our size, and our kind where it is not a struct of NVIDIA's naming. */
#define TYPE(name, what)   _Static_assert(SAME(name, what), #name " is not " #what);
#define ENUM(name)         _Static_assert(sizeof(name) == sizeof(int), #name " has not int's size");
#define VALUE(name, value) _Static_assert((name) == (value), #name " is not " #value);
#define FUNC(name, args)                                                                           \
 _Static_assert(SAME(__typeof__(&name), CUresult(*) args), #name " takes other arguments");
#define MAYBE FUNC
#include "src/gpu/cuda.def"

#define TYPE(name, what)   _Static_assert(SAME(name, what), #name " is not " #what);
#define ENUM(name)         _Static_assert(sizeof(name) == sizeof(int), #name " has not int's size");
#define VALUE(name, value) _Static_assert((name) == (value), #name " is not " #value);
#define FUNC(name, args)                                                                           \
 _Static_assert(SAME(__typeof__(&name), nvrtcResult(*) args), #name " takes other arguments");
#define MAYBE FUNC
#include "src/gpu/nvrtc.def"

_Static_assert(sizeof(CUuuid) == 16, "CUuuid");

int main(void)
{
	printf("ok   declarations_match_cuda_%d\n", CUDA_VERSION);
	return 0;
}
