/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Errors: a code for programs, one line of text for people. */
#ifndef ADIT_ERR_H
#define ADIT_ERR_H

#define ERR_LIST(X)                                                                                \
 X(NOMEM, "out of memory")                                                                         \
 X(PARSE, "malformed input")                                                                       \
 X(RANGE, "value out of range")                                                                    \
 X(UNKNOWN, "unknown name")                                                                        \
 X(USAGE, "wrong usage")                                                                           \
 X(IO, "input or output failed")                                                                   \
 X(PROTO, "the other side broke the protocol")                                                     \
 X(NET, "network failure")                                                                         \
 X(TLS, "TLS failure")                                                                             \
 X(AUTH, "login refused")                                                                          \
 X(NODEV, "no such device")                                                                        \
 X(DEVICE, "device failure")                                                                       \
 X(BUILD, "kernel does not build")                                                                 \
 X(MEMORY, "device memory exhausted")                                                              \
 X(SELFTEST, "device computes wrong results")                                                      \
 X(BUSY, "busy, try again")                                                                        \
 X(STALE, "job is no longer current")                                                              \
 X(PERM, "not permitted")

enum err_code {
	ERR_NONE,
#define X(name, text) ERR_##name,
	ERR_LIST(X)
#undef X
		ERR_CODES
};

#define ERR_TEXT_MAX 320

struct err {
	int code; /* positive ERR_xxx, 0 for none */
	char text[ERR_TEXT_MAX];
};

/*
 * Record why something failed.  Returns -code, so that a caller can write
 * `return err_set(err, ERR_PARSE, "...")`.  err may be NULL.  Long texts are cut.
 */
int err_set(struct err *err, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* Put "prefix: " in front of the text already recorded.  err may be NULL. */
void err_prefix(struct err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The general words for a code (positive or negative). */
const char *err_word(int code);

#endif
