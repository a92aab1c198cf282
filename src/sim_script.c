/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The script of simulated devices. */
#include <string.h>

#include "src/sim_script.h"
#include "src/str.h"

#define RATE_DEFAULT 1e6
#define MEM_DEFAULT  8e9
#define MEM_MAX      1e15
#define RATE_MAX     1e18
#define AT_MAX_S     1e7

struct fault_name {
	const char *name;
	double min, max; /* of its value; max 0: takes none */
};

static const struct fault_name fault_names[SIM_FAULTS] = {
	[SIM_HANG] = {"hang", 0, 0},
	[SIM_STUCK] = {"stuck", 0, 0},
	[SIM_CRASH] = {"crash", 0, 0},
	[SIM_FAIL] = {"fail", 0, 0},
	[SIM_INVALID] = {"invalid", 0, 1},
	[SIM_SLOW] = {"slow", 1e-6, 1},
	[SIM_FLOOD] = {"flood", 0, 1},
	[SIM_HANG_BUILD] = {"hang-build", 0, 0},
	[SIM_CRASH_BUILD] = {"crash-build", 0, 0},
	[SIM_FAIL_BUILD] = {"fail-build", 0, 0},
	[SIM_FAIL_SELFTEST] = {"fail-selftest", 0, 0},
	[SIM_FAIL_MEMORY] = {"fail-memory", 0, 0},
};

static int bad(struct err *err, const char *word, const char *why)
{
	return err_set(err, ERR_PARSE, "sim script: '%s': %s", word, why);
}

/* "100M" */
static int parse_scaled(double *out, const char *text)
{
	static const char units[] = "kMGT";
	char number[32];
	size_t len = strlen(text);
	const char *unit = len ? strchr(units, text[len - 1]) : NULL;
	double scale = 1;

	if (!len || len >= sizeof number)
		return -ERR_PARSE;
	memcpy(number, text, len + 1);
	if (unit) {
		const char *u;

		for (u = units; u <= unit; u++)
			scale *= 1000;
		number[len - 1] = '\0';
	}
	if (str_to_double(out, number))
		return -ERR_PARSE;
	*out *= scale;
	return 0;
}

/* "10s" or "10" */
static int parse_seconds(int64_t *out_us, char *text)
{
	size_t len = strlen(text);
	double s;

	if (len && text[len - 1] == 's')
		text[len - 1] = '\0';
	if (str_to_double(&s, text) || s < 0 || s > AT_MAX_S)
		return -ERR_PARSE;
	*out_us = (int64_t)(s * 1e6);
	return 0;
}

static int parse_fault(struct sim_script *s, char *text, const char *word, struct err *err)
{
	struct sim_fault f = {0};
	char *at = strchr(text, '@'), *colon;
	unsigned kind;

	if (at) {
		*at++ = '\0';
		if (parse_seconds(&f.at_us, at))
			return bad(err, word, "write the time as @10s");
	}
	colon = strchr(text, ':');
	if (colon)
		*colon++ = '\0';
	for (kind = 0; kind < SIM_FAULTS; kind++)
		if (!strcmp(fault_names[kind].name, text))
			break;
	if (kind == SIM_FAULTS)
		return bad(err, word,
			   "faults are hang, stuck, crash, fail, invalid:SHARE, slow:FACTOR, "
			   "flood:SHARE, "
			   "hang-build, crash-build, fail-build, fail-selftest, fail-memory");
	if (!fault_names[kind].max != !colon)
		return bad(err, word,
			   colon ? "this fault takes no value" : "this fault needs a value");
	if (colon && (str_to_double(&f.value, colon) || f.value < fault_names[kind].min ||
		      f.value > fault_names[kind].max))
		return bad(err, word, "its value is from 0 to 1");
	if (s->n == SIM_FAULTS_MAX)
		return bad(err, word, "too many faults");
	f.kind = (enum sim_fault_kind)kind;
	s->fault[s->n++] = f;
	return 0;
}

static int parse_word(struct sim_script *s, const char *word, struct err *err)
{
	char text[64];
	char *value;

	if (!str_copy(text, sizeof text, word) || !(value = strchr(text, '=')))
		return bad(err, word, "write rate=100M, seed=7 or fault=hang@10s");
	*value++ = '\0';
	if (!strcmp(text, "rate")) {
		if (parse_scaled(&s->rate, value) || s->rate < 1 || s->rate > RATE_MAX)
			return bad(err, word, "a rate is a number like 250k or 100M");
		return 0;
	}
	if (!strcmp(text, "mem")) {
		if (parse_scaled(&s->mem, value) || s->mem < 1 || s->mem > MEM_MAX)
			return bad(err, word, "memory is a number of bytes like 8G");
		return 0;
	}
	if (!strcmp(text, "dataset")) {
		if (parse_seconds(&s->dataset_us, value))
			return bad(err, word, "write the time as dataset=10s");
		return 0;
	}
	if (!strcmp(text, "seed")) {
		if (str_to_u64(&s->seed, value, 0, UINT64_MAX))
			return bad(err, word, "a seed is a whole number");
		return 0;
	}
	if (!strcmp(text, "fault"))
		return parse_fault(s, value, word, err);
	return bad(err, word, "words are rate, mem, dataset, seed and fault");
}

/* "2:" in front of a section; false when the section is for another device. */
static bool addressed(const char **section, uint32_t device)
{
	size_t digits = strspn(*section, "0123456789");
	char number[12];
	uint64_t n;

	if (!digits || (*section)[digits] != ':')
		return true;
	if (digits >= sizeof number)
		return false;
	memcpy(number, *section, digits);
	number[digits] = '\0';
	*section += digits + 1;
	return !str_to_u64(&n, number, 0, UINT32_MAX) && n == device;
}

static int parse_section(struct sim_script *s, const char *at, uint32_t device, struct err *err)
{
	struct sim_script unused = {0};
	struct sim_script *into = addressed(&at, device) ? s : &unused;
	int rc = 0;

	while (*at && *at != ';' && !rc) {
		size_t len = strcspn(at, ",;");
		char word[64];

		if (len >= sizeof word)
			return bad(err, at, "too long a word");
		memcpy(word, at, len);
		word[len] = '\0';
		if (len)
			rc = parse_word(into, word, err);
		at += len + (at[len] == ',');
	}
	return rc;
}

int sim_script_parse(struct sim_script *out, const char *text, uint32_t device, struct err *err)
{
	struct sim_script s = {.rate = RATE_DEFAULT, .mem = MEM_DEFAULT, .seed = 1};
	const char *at = text ? text : "";
	int rc = 0;

	while (*at && !rc) {
		rc = parse_section(&s, at, device, err);
		at += strcspn(at, ";");
		at += *at == ';';
	}
	if (!rc)
		*out = s;
	return rc;
}

const struct sim_fault *sim_script_fault(const struct sim_script *s, enum sim_fault_kind kind,
					 int64_t at_us)
{
	const struct sim_fault *best = NULL;
	unsigned i;

	for (i = 0; i < s->n; i++)
		if (s->fault[i].kind == kind && s->fault[i].at_us <= at_us &&
		    (!best || s->fault[i].at_us >= best->at_us))
			best = &s->fault[i];
	return best;
}
