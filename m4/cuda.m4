dnl SPDX-License-Identifier: GPL-3.0-or-later
dnl CUDA needs nothing at build time.  What is found only adds: headers let a compile-time check
dnl hold our declarations against NVIDIA's; NVRTC lets kernels be embedded, so that rigs with only
dnl the driver mine too.  Sets adit_cuda_headers, adit_nvrtc, adit_embed_ptx for the summary.
AC_DEFUN([ADIT_CUDA], [
AC_ARG_WITH([cuda],
	[AS_HELP_STRING([--with-cuda=DIR], [CUDA Toolkit to take headers and NVRTC from, or no; searched for by default])],
	[], [with_cuda=yes])
AC_ARG_ENABLE([embedded-cuda],
	[AS_HELP_STRING([--enable-embedded-cuda=WHAT], [embed CUDA kernels: "ptx" (runs on every card),
	PTX and cubins for the cards listed ("75,86") or for "all" current ones (a minute to
	build); default: ptx where NVRTC is found and no sanitizer is on])],
	[], [enable_embedded_cuda=auto])
adit_cuda_headers=no
adit_nvrtc=no
adit_embed_ptx=no
CUDA_CPPFLAGS=
NVRTC_LIB=
EMBED_ARCHS=
AS_CASE([$with_cuda],
	[no], [adit_cuda_dirs=],
	[yes], [adit_cuda_dirs="$CUDA_PATH $CUDA_HOME /usr/local/cuda `ls -d /usr/local/cuda-* 2>/dev/null | sort -rV` /opt/cuda /usr/lib/cuda /usr"],
	[adit_cuda_dirs="$with_cuda"])
dnl The compiler is asked for cuda.h by way of a name only NVIDIA's has: linux/cuda.h is another.
adit_save_CPPFLAGS=$CPPFLAGS
for adit_dir in $adit_cuda_dirs; do
	AS_IF([test "$adit_cuda_headers" = no && test -f "$adit_dir/include/cuda.h"], [
		CPPFLAGS="$adit_save_CPPFLAGS -isystem $adit_dir/include"
		AC_MSG_CHECKING([for NVIDIA's cuda.h and nvrtc.h in $adit_dir/include])
		AC_COMPILE_IFELSE([AC_LANG_PROGRAM([[#include <cuda.h>
#include <nvrtc.h>
#if CUDA_VERSION < 11040
# error too old to compare with
#endif]], [[CUuuid uuid; return cuDeviceGetUuid_v2(&uuid, 0) == CUDA_SUCCESS;]])],
			[adit_cuda_headers=$adit_dir/include], [])
		AC_MSG_RESULT([$adit_cuda_headers])
		AS_IF([test "$adit_cuda_headers" != no && test "$adit_dir" != /usr],
			[CUDA_CPPFLAGS="-isystem $adit_dir/include"])
	])
	for adit_file in lib64 lib targets/$host_cpu-linux/lib lib/$host_cpu-linux-gnu; do
		for adit_name in libnvrtc.so.13 libnvrtc.so.12 libnvrtc.so.11.2; do
			AS_IF([test "$adit_nvrtc" = no && test -f "$adit_dir/$adit_file/$adit_name"],
				[adit_nvrtc=$adit_dir/$adit_file/$adit_name])
		done
	done
done
CPPFLAGS=$adit_save_CPPFLAGS
AS_CASE([$enable_embedded_cuda],
	[no], [],
	[auto], [AS_IF([test "$adit_nvrtc" != no && test "$cross_compiling" != yes &&
			test "x$enable_sanitizers$enable_coverage$enable_fuzzing" = xnonono],
			[adit_embed_ptx=ptx])],
	[AS_IF([test "$adit_nvrtc" = no || test "$cross_compiling" = yes],
		[AC_MSG_ERROR([--enable-embedded-cuda needs NVRTC on the building machine: install the CUDA Toolkit or name it by --with-cuda=DIR])])
	AS_CASE([$enable_embedded_cuda],
		[yes], [adit_embed_ptx=ptx],
		[all], [adit_embed_ptx="75 80 86 89 90 100 103 120"],
		[adit_embed_ptx=`echo "$enable_embedded_cuda" | tr ',' ' '`])])
AS_IF([test "$adit_embed_ptx" != no], [
	NVRTC_LIB=$adit_nvrtc
	EMBED_ARCHS=$adit_embed_ptx])
AC_SUBST([CUDA_CPPFLAGS])
AC_SUBST([NVRTC_LIB])
AC_SUBST([EMBED_ARCHS])
AM_CONDITIONAL([CUDA_HEADERS], [test "$adit_cuda_headers" != no])
AM_CONDITIONAL([EMBED_PTX], [test "$adit_embed_ptx" != no])
])
