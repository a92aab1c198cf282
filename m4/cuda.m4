dnl SPDX-License-Identifier: GPL-3.0-or-later
dnl CUDA needs nothing at build time.  What is found only adds: headers let a compile-time check
dnl hold our declarations against NVIDIA's; NVRTC lets kernels be embedded as PTX.
AC_DEFUN([ADIT_CUDA], [
adit_cuda_headers=no
adit_nvrtc=no
adit_embed_ptx=no
AC_SUBST([NVRTC_LIB])
AM_CONDITIONAL([CUDA_HEADERS], [false])
AM_CONDITIONAL([EMBED_PTX], [false])
])
