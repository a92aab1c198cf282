/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The test harness.  A test is a program; a case is a function named for the claim it makes:
 *
 *	static void second_roll_changes_header(void)
 *	{
 *		struct err err = {0};
 *
 *		if (!CHECK_OK(roll(&r, &err), &err))
 *			return;
 *		CHECK_INT(r.len, 80);
 *	}
 *
 *	int main(void)
 *	{
 *		T_RUN(second_roll_changes_header);
 *		return t_done();
 *	}
 *
 * Every CHECK prints file, line and both values when it fails, counts, and yields whether it
 * held, so that a case can stop where going on makes no sense.  T_ONLY=NAME in the
 * environment runs one case.  Exit codes are automake's: 0 passed, 1 failed, 77 skipped,
 * 99 the test itself is broken.
 */
#ifndef ADIT_T_H
#define ADIT_T_H

#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/err.h"

enum { T_PASS = 0, T_FAIL = 1, T_SKIPPED = 77, T_BROKEN = 99 };

static struct {
	unsigned cases, skipped, checks, failed;
	const char *name; /* of the case that runs */
	const char *skip; /* why it does not, or NULL */
} t;

#define T_FN static inline __attribute__((unused))

/* Call one void(void) case and say how it went. */
#define T_RUN(claim) t_run(#claim, claim)

/* Leave the case (a void function), to be counted as skipped for this reason (a literal). */
#define T_SKIP(reason)                                                                             \
 do {                                                                                              \
  t.skip = (reason);                                                                               \
  return;                                                                                          \
 } while (0)

/* Skip the whole test, or give up because the test cannot even be set up.  From main only. */
#define T_SKIP_ALL(reason) return (printf("skip: %s\n", (reason)), T_SKIPPED)
#define T_GIVE_UP(reason)  return (printf("broken: %s\n", (reason)), T_BROKEN)

#define CHECK(claim)            t_claim((claim), #claim, __FILE__, __LINE__)
#define CHECK_INT(got, want)    t_int((got), (want), #got, __FILE__, __LINE__)
#define CHECK_U64(got, want)    t_u64((got), (want), #got, __FILE__, __LINE__)
#define CHECK_STR(got, want)    t_str((got), (want), #got, __FILE__, __LINE__)
#define CHECK_HAS(text, part)   t_has((text), (part), true, #text, __FILE__, __LINE__)
#define CHECK_LACKS(text, part) t_has((text), (part), false, #text, __FILE__, __LINE__)
#define CHECK_PTR(got, want)    t_ptr((got), (want), #got, __FILE__, __LINE__)
/* len bytes; both are printed in hex. */
#define CHECK_MEM(got, want, len) t_mem((got), (want), (len), #got, __FILE__, __LINE__)
/* Equal within the absolute distance. */
#define CHECK_NEAR(got, want, within) t_near((got), (want), (within), #got, __FILE__, __LINE__)
/* A function's result is 0; otherwise prints err->text.  err may be NULL. */
#define CHECK_OK(rc, err) t_ok((rc), (err), #rc, __FILE__, __LINE__)
/* A function's result is -code and err->text (when err is not NULL) is not empty. */
#define CHECK_ERR(rc, code, err) t_err((rc), (code), (err), #rc, __FILE__, __LINE__)

T_FN bool t_count(bool held)
{
	t.checks++;
	t.failed += !held;
	return held;
}

T_FN bool t_claim(bool held, const char *text, const char *file, int line)
{
	if (!held)
		printf("%s:%d: %s: not so: %s\n", file, line, t.name ? t.name : "main", text);
	return t_count(held);
}

T_FN void t_where(const char *text, const char *file, int line)
{
	printf("%s:%d: %s: %s\n", file, line, t.name ? t.name : "main", text);
}

T_FN bool t_int(int64_t got, int64_t want, const char *text, const char *file, int line)
{
	if (got != want) {
		t_where(text, file, line);
		printf("\tgot  %" PRId64 "\n\twant %" PRId64 "\n", got, want);
	}
	return t_count(got == want);
}

T_FN bool t_u64(uint64_t got, uint64_t want, const char *text, const char *file, int line)
{
	if (got != want) {
		t_where(text, file, line);
		printf("\tgot  %" PRIu64 " (0x%" PRIx64 ")\n", got, got);
		printf("\twant %" PRIu64 " (0x%" PRIx64 ")\n", want, want);
	}
	return t_count(got == want);
}

T_FN bool t_str(const char *got, const char *want, const char *text, const char *file, int line)
{
	bool same = got && want ? !strcmp(got, want) : got == want;

	if (!same) {
		t_where(text, file, line);
		printf("\tgot  \"%s\"\n\twant \"%s\"\n", got ? got : "(NULL)",
		       want ? want : "(NULL)");
	}
	return t_count(same);
}

T_FN bool t_has(const char *whole, const char *part, bool want, const char *text, const char *file,
		int line)
{
	bool held = whole && (strstr(whole, part) != NULL) == want;

	if (!held) {
		t_where(text, file, line);
		printf("\tgot  \"%s\"\n\t%s \"%s\"\n", whole ? whole : "(NULL)",
		       want ? "which lacks" : "which has", part);
	}
	return t_count(held);
}

T_FN bool t_ptr(const void *got, const void *want, const char *text, const char *file, int line)
{
	if (got != want) {
		t_where(text, file, line);
		printf("\tgot  %p\n\twant %p\n", got, want);
	}
	return t_count(got == want);
}

T_FN void t_hex(const char *label, const void *bytes, size_t len)
{
	const uint8_t *b = bytes;
	size_t i;

	printf("\t%s ", label);
	for (i = 0; i < len; i++)
		printf("%02x", b[i]);
	putchar('\n');
}

T_FN bool t_mem(const void *got, const void *want, size_t len, const char *text, const char *file,
		int line)
{
	bool same = !memcmp(got, want, len);

	if (!same) {
		t_where(text, file, line);
		t_hex("got ", got, len);
		t_hex("want", want, len);
	}
	return t_count(same);
}

T_FN bool t_near(double got, double want, double within, const char *text, const char *file,
		 int line)
{
	bool held = got - want <= within && want - got <= within;

	if (!held) {
		t_where(text, file, line);
		printf("\tgot  %.17g\n\twant %.17g (within %g)\n", got, want, within);
	}
	return t_count(held);
}

T_FN bool t_ok(int rc, const struct err *err, const char *text, const char *file, int line)
{
	if (rc != 0) {
		t_where(text, file, line);
		printf("\tgot  %d (%s): %s\n\twant 0\n", rc, err_word(rc), err ? err->text : "");
	}
	return t_count(rc == 0);
}

T_FN bool t_err(int rc, int code, const struct err *err, const char *text, const char *file,
		int line)
{
	bool held = rc == -code && (!err || err->text[0]);

	if (!held) {
		t_where(text, file, line);
		printf("\tgot  %d (%s): \"%s\"\n", rc, err_word(rc), err ? err->text : "");
		printf("\twant %d (%s)%s\n", -code, err_word(code), err ? " with a text" : "");
	}
	return t_count(held);
}

T_FN void t_run(const char *name, void (*claim)(void))
{
	const char *only = getenv("T_ONLY");
	unsigned before = t.failed;

	if (only && strcmp(only, name))
		return;
	t.name = name;
	t.skip = NULL;
	t.cases++;
	claim();
	if (t.failed > before)
		printf("FAIL %s\n", name);
	else if (t.skip)
		printf("skip %s: %s\n", name, t.skip);
	else
		printf("ok   %s\n", name);
	t.skipped += t.failed == before && t.skip;
	t.name = NULL;
	fflush(stdout);
}

/* The exit code.  A test that ran no check at all is broken, not passed. */
T_FN int t_done(void)
{
	printf("%u cases, %u skipped, %u checks, %u failed\n", t.cases, t.skipped, t.checks,
	       t.failed);
	if (t.failed)
		return T_FAIL;
	if (t.cases && t.skipped == t.cases)
		return T_SKIPPED;
	if (!t.checks) {
		printf("broken: nothing was checked\n");
		return T_BROKEN;
	}
	return T_PASS;
}

#endif
