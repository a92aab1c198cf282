/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Compiled kernels kept on disk.  A damaged, cut short or foreign file is a miss, never
 * an error; a directory that cannot be written costs only the time of compiling again.
 */
#ifndef ADIT_KERNEL_CACHE_H
#define ADIT_KERNEL_CACHE_H

#include <stddef.h>
#include <stdint.h>

#include "src/err.h"

#define KERNEL_CACHE_ENTRY_MAX ((size_t)32 << 20)
#define KERNEL_CACHE_MAX       ((uint64_t)256 << 20)

struct kernel_key {
	uint8_t bytes[32];
};

/*
 * A key over n texts, which are whatever decides the result: source, options,
 * device, driver, compiler.  Texts that join to the same whole give different keys.
 */
struct kernel_key kernel_key_of(const char *const *texts, size_t n);

/*
 * The code stored under key in dir, followed by a NUL that is not counted; the caller
 * frees it.  0; -ERR_UNKNOWN when it is not there (also when dir is NULL or ""), when
 * it belongs to another user, or is damaged.
 */
int kernel_cache_load(const char *dir, const struct kernel_key *key, void **out, size_t *len);

/*
 * Keep code under key, making dir (not its parents beyond one level) if need be and
 * dropping the entries used least recently once all take more than max bytes.  Any
 * number of processes may do so at once.  0, or -ERR_IO, which callers may ignore.
 */
int kernel_cache_store(const char *dir, const struct kernel_key *key, const void *code, size_t len,
		       uint64_t max, struct err *err);

#endif
