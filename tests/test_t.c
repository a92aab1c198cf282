/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The harness itself: a check that does not hold must be seen, by count and by exit code. */
#include "tests/t.h"

static void nothing(void)
{
}

static void skips(void)
{
	T_SKIP("planted");
}

static void fails_in_every_way(void)
{
	struct err err = {.code = ERR_IO, .text = "planted"};
	struct err blank = {0};

	CHECK(1 == 2);
	CHECK_INT(-1, 1);
	CHECK_U64(UINT64_MAX, 0);
	CHECK_STR("a", "b");
	CHECK_STR(NULL, "b");
	CHECK_HAS("abc", "x");
	CHECK_LACKS("abc", "b");
	CHECK_PTR(&err, NULL);
	CHECK_MEM("ab", "ac", 2);
	CHECK_NEAR(1.0, 2.0, 0.5);
	CHECK_NEAR(0.0 / 0.0, 2.0, 0.5);
	CHECK_OK(-ERR_IO, &err);
	CHECK_ERR(-ERR_IO, ERR_NET, &err);
	CHECK_ERR(-ERR_IO, ERR_IO, &blank);
}

static void holds_in_every_way(void)
{
	struct err err = {.code = ERR_IO, .text = "planted"};

	CHECK(1 == 1);
	CHECK_INT(-1, -1);
	CHECK_U64(UINT64_MAX, UINT64_MAX);
	CHECK_STR("a", "a");
	CHECK_STR(NULL, NULL);
	CHECK_HAS("abc", "b");
	CHECK_LACKS("abc", "x");
	CHECK_PTR(NULL, NULL);
	CHECK_MEM("ab", "ac", 1);
	CHECK_NEAR(1.0, 1.25, 0.5);
	CHECK_OK(0, &err);
	CHECK_ERR(-ERR_IO, ERR_IO, &err);
}

/* What t_done() gives after this case alone, from a fresh start; the counts in *after. */
static int outcome(void (*claim)(void), unsigned *checks, unsigned *failed)
{
	int rc;

	memset(&t, 0, sizeof t);
	t_run("planted", claim);
	rc = t_done();
	*checks = t.checks;
	*failed = t.failed;
	memset(&t, 0, sizeof t);
	return rc;
}

int main(void)
{
	unsigned checks[4], failed[4];
	int rc[4];

	unsetenv("T_ONLY");
	rc[0] = outcome(nothing, &checks[0], &failed[0]);
	rc[1] = outcome(skips, &checks[1], &failed[1]);
	rc[2] = outcome(fails_in_every_way, &checks[2], &failed[2]);
	rc[3] = outcome(holds_in_every_way, &checks[3], &failed[3]);
	printf("-- the lines above were planted\n");
	CHECK_INT(rc[0], T_BROKEN);
	CHECK_INT(rc[1], T_SKIPPED);
	CHECK_INT(rc[2], T_FAIL);
	CHECK_INT(checks[2], 14);
	CHECK_INT(failed[2], 14);
	CHECK_INT(rc[3], T_PASS);
	CHECK_INT(checks[3], 12);
	CHECK_INT(failed[3], 0);
	return t_done();
}
