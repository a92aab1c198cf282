/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Our rows in nvml.def say what NVIDIA's header says.  All of it is checked by the compiler,
 * with NVIDIA's own types in our argument lists; only where a header with all of it is.
 */
#include <stddef.h>
#include <stdio.h>

/* older functions are declared for those who ask */
#define NVML_NO_UNVERSIONED_FUNC_DEFS
#if defined(__has_include)
# if __has_include(<nvml.h>)
#  include <nvml.h>
# endif
#endif

/* Its newest pieces came with CUDA 13: an older header lacks functions, which is no news. */
#if defined(NVML_API_VERSION) && NVML_API_VERSION >= 13 && defined(nvmlFanSpeedInfo_v1)
# pragma GCC diagnostic ignored "-Wdeprecated-declarations"

# define SAME(a, b) __builtin_types_compatible_p(a, b)
# define TYPE(name, what)                                                                          \
  _Static_assert(sizeof(name) == sizeof(what), #name " has not the size of " #what);
# define ENUM(name)         _Static_assert(sizeof(name) == sizeof(int), # name " is not as an int");
# define VALUE(name, value) _Static_assert((name) == (value), # name " is not " # value);
# define FUNC(name, args)                                                                          \
  _Static_assert(SAME(__typeof__(&name), nvmlReturn_t(*) args), #name " takes other arguments");
# define MAYBE FUNC
# include "src/sensor/nvml.def"

/* The structures as we declare them, under other names, beside NVIDIA's. */
# define BEGIN(kind, name)                                                                         \
  kind ours_##name                                                                                 \
  {
# define MEMBER(in, type, name) type name;
# define END(name)                                                                                 \
  }                                                                                                \
  ;                                                                                                \
  typedef __typeof__(((name *)0)[0]) theirs_##name;
# include "src/sensor/nvml.def"

# define BEGIN(kind, name)                                                                         \
  typedef kind ours_##name mine_##name;                                                            \
  _Static_assert(sizeof(mine_##name) == sizeof(name), #name " has another size");
# define MEMBER(in, type, name)                                                                    \
  _Static_assert(offsetof(mine_##in, name) == offsetof(in, name), #in "." #name " is elsewhere");  \
  _Static_assert(SAME(__typeof__(((in *)0)->name), type), #in "." #name " is not " #type);
# include "src/sensor/nvml.def"

int main(void)
{
	printf("ok   declarations_match_nvml_%d\n", NVML_API_VERSION);
	return 0;
}
#else
int main(void)
{
	printf("skip: no nvml.h of CUDA 13 or newer here\n");
	return 77;
}
#endif
