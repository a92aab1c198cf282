/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a bad pool does, by script; pure. */
#include <stdlib.h>
#include <string.h>

#include "pool/local/faults.h"
#include "src/str.h"

const char local_faults_help[] =
	"NAME[=VALUE][@TIME], comma separated: drop delay=200ms half-line garbage wrong-type "
	"huge-line extranonce reconnect diff-storm job-flood absurd-height absurd-seed "
	"wrong-seed other-epoch refuse-login silent no-answer reject-all honest; every=20s "
	"repeats";

static const char *const names[] = {
#define X(name, text) text,
	FAULT_LIST(X)
#undef X
};

const char *fault_name(enum fault_kind kind)
{
	return names[kind];
}

/* "5s", "1500ms". */
static int parse_time(int64_t *out, const char *text)
{
	char number[24];
	size_t digits = strspn(text, "0123456789");
	uint64_t n;
	int64_t unit;

	if (!digits || digits >= sizeof number)
		return -ERR_PARSE;
	memcpy(number, text, digits);
	number[digits] = '\0';
	unit = !strcmp(text + digits, "ms") ? 1 : !strcmp(text + digits, "s") ? 1000 : 0;
	if (!unit || str_to_u64(&n, number, 0, 1000000000))
		return -ERR_PARSE;
	*out = (int64_t)n * unit;
	return 0;
}

static int parse_one(struct faults *f, char *word, struct err *err)
{
	struct fault fault = {.kind = FAULT_KINDS};
	char *at = strchr(word, '@'), *value;
	int i, rc = 0;

	if (at) {
		*at++ = '\0';
		rc = parse_time(&fault.at_ms, at);
	}
	value = strchr(word, '=');
	if (value) {
		*value++ = '\0';
		rc |= parse_time(&fault.value_ms, value);
	}
	if (rc)
		return err_set(err, ERR_PARSE, "--faults: '%s': write times as 5s or 1500ms", word);
	if (!strcmp(word, "every")) {
		f->every_ms = fault.value_ms;
		if (fault.value_ms && !at)
			return 0;
		return err_set(err, ERR_PARSE, "--faults: write every as in every=20s");
	}
	for (i = 0; i < FAULT_KINDS; i++)
		if (!strcmp(names[i], word))
			fault.kind = (enum fault_kind)i;
	if (fault.kind == FAULT_KINDS)
		return err_set(err, ERR_PARSE, "--faults: unknown fault '%s'; there are: %s", word,
			       local_faults_help);
	if (fault.kind == FAULT_DELAY && !fault.value_ms)
		return err_set(err, ERR_PARSE,
			       "--faults: write delay as in delay=200ms; honest ends it");
	if (fault.kind != FAULT_DELAY && value)
		return err_set(err, ERR_PARSE, "--faults: %s takes no value; when is written %s@5s",
			       word, word);
	if (f->n == FAULTS_MAX)
		return err_set(err, ERR_RANGE, "--faults: more than %d", FAULTS_MAX);
	f->list[f->n++] = fault;
	return 0;
}

static int by_time(const void *a, const void *b)
{
	const struct fault *x = a, *y = b;

	return x->at_ms < y->at_ms ? -1 : x->at_ms > y->at_ms;
}

int faults_parse(struct faults *out, const char *text, struct err *err)
{
	char word[64];
	int rc = 0;

	memset(out, 0, sizeof *out);
	while (!rc && text && *text) {
		size_t len = strcspn(text, ",");

		if (len >= sizeof word)
			return err_set(err, ERR_PARSE,
				       "--faults: a word longer than 63 characters");
		memcpy(word, text, len);
		word[len] = '\0';
		if (len)
			rc = parse_one(out, word, err);
		text += len + (text[len] == ',');
	}
	qsort(out->list, out->n, sizeof out->list[0], by_time);
	if (!rc && out->every_ms && !out->n)
		rc = err_set(err, ERR_PARSE, "--faults: every without anything to repeat");
	if (!rc && out->every_ms && out->n && out->list[out->n - 1].at_ms >= out->every_ms)
		rc = err_set(err, ERR_RANGE, "--faults: every is shorter than the script");
	return rc;
}

int64_t faults_next(const struct faults *f)
{
	return f->next < f->n ? f->list[f->next].at_ms + f->round_ms : INT64_MAX;
}

const struct fault *faults_due(struct faults *f, int64_t now_ms)
{
	const struct fault *due;

	if (faults_next(f) > now_ms)
		return NULL;
	due = &f->list[f->next++];
	if (f->next == f->n && f->every_ms) {
		f->next = 0;
		f->round_ms += f->every_ms;
	}
	return due;
}
