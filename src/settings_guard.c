/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Temperatures and powers a device, and whether they fit together. */
#include <string.h>

#include "src/guard/fan.h"
#include "src/guard/pauses.h"
#include "src/gpu/backend.h"
#include "src/option.h"
#include "src/str.h"

#define RESUME_BELOW 10 /* degrees, when --temp-resume is not given */

/* Degrees and watts that no card reaches and no owner means. */
#define TEMP_MIN   30
#define TEMP_MAX   130
#define POWER_MIN  5
#define POWER_MAX  5000
#define VALUE_SIZE 16

/* The member of "80,off,75" for a device, the last one repeating, as text; false: too long. */
static bool member(char *out, const char *list, unsigned device)
{
	size_t len;

	while (device-- && strchr(list, ','))
		list = strchr(list, ',') + 1;
	len = strcspn(list, ",");
	if (len >= VALUE_SIZE)
		return false;
	memcpy(out, list, len);
	out[len] = '\0';
	return true;
}

/* Other miners skip a device with these. */
static bool says_none(const char *word)
{
	return option_word("off 0 * _", word);
}

uint32_t settings_of_device(const char *list, unsigned device)
{
	char word[VALUE_SIZE];
	uint64_t v;

	if (!list || !member(word, list, device) || says_none(word) ||
	    str_to_u64(&v, word, 1, UINT32_MAX))
		return 0;
	return (uint32_t)v;
}

uint32_t settings_resume(const struct settings_guard *g, unsigned device, bool memory)
{
	uint32_t limit = settings_of_device(memory ? g->temp_limit_mem : g->temp_limit, device);
	uint32_t at = settings_of_device(memory ? g->temp_resume_mem : g->temp_resume, device);

	if (!limit)
		return 0;
	return at ? at : limit - RESUME_BELOW;
}

static unsigned members(const char *list)
{
	unsigned n = 1;

	for (; list && *list; list++)
		n += *list == ',';
	return n;
}

static int check_list(const char *name, const char *list, uint64_t min, uint64_t max,
		      const char *unit, struct err *err)
{
	unsigned i, n = list ? members(list) : 0;
	char word[VALUE_SIZE] = "";
	uint64_t v;

	if (n > DEVICES_MAX)
		return err_set(err, ERR_RANGE, "%s: more than %d values; give one a device", name,
			       DEVICES_MAX);
	for (i = 0; i < n; i++) {
		bool fits = member(word, list, i);

		if (fits && (says_none(word) || !str_to_u64(&v, word, min, max)))
			continue;
		return err_set(err, ERR_RANGE,
			       "%s: %s'%s' must be off or a whole number from %llu to %llu (%s)",
			       name, n > 1 ? "in the list, " : "", fits ? word : "(too long)",
			       (unsigned long long)min, (unsigned long long)max, unit);
	}
	return 0;
}

/* Whatever is `below` must be below the limit, on every device that has both. */
static int check_below(const char *below_name, const char *below, const char *limit_name,
		       const char *limit, struct err *err)
{
	unsigned i, n = members(below), m = members(limit);

	for (i = 0; i < (n > m ? n : m); i++) {
		uint32_t low = settings_of_device(below, i), high = settings_of_device(limit, i);

		if (low && high && low >= high)
			return err_set(err, ERR_RANGE,
				       "%s %u is not below %s %u: lower the one or raise the other",
				       below_name, (unsigned)low, limit_name, (unsigned)high);
	}
	return 0;
}

static int check_temperatures(const struct settings_guard *g, struct err *err)
{
	const struct {
		const char *name, *list;
	} all[] = {{"--temp-limit", g->temp_limit},   {"--temp-limit-mem", g->temp_limit_mem},
		   {"--temp-target", g->temp_target}, {"--temp-target-mem", g->temp_target_mem},
		   {"--temp-resume", g->temp_resume}, {"--temp-resume-mem", g->temp_resume_mem}};
	size_t i;
	int rc = 0;

	for (i = 0; !rc && i < sizeof all / sizeof all[0]; i++)
		rc = check_list(all[i].name, all[i].list, TEMP_MIN, TEMP_MAX, "degrees Celsius",
				err);
	/* a row of the core (even) against its limit, one of the memory (odd) against its own */
	for (i = 2; !rc && i < sizeof all / sizeof all[0]; i++)
		rc = check_below(all[i].name, all[i].list, all[i % 2].name, all[i % 2].list, err);
	return rc;
}

/* What the machines themselves read: said here, before any device is touched. */
static int check_texts(const struct settings_guard *g, struct err *err)
{
	struct fan_curve curve = {0};
	struct schedule hours = {.set = false};
	struct err why = {0};

	if (g->schedule && schedule_parse(&hours, g->schedule, &why))
		return err_set(err, why.code, "--schedule: %.280s", why.text);
	if (g->fan_curve && strcmp(g->fan_curve, "auto") &&
	    fan_curve_parse(&curve, g->fan_curve, &why))
		return err_set(err, why.code, "--fan-curve: %.280s", why.text);
	return 0;
}

int settings_check_guard(const struct settings_guard *g, struct err *err)
{
	int rc = check_temperatures(g, err);

	if (!rc)
		rc = check_list("--power-limit", g->power_limit, POWER_MIN, POWER_MAX, "watts",
				err);
	if (!rc && g->max_invalid > 100)
		rc = err_set(err, ERR_RANGE, "--max-invalid: %g must be at most 100 (percent)",
			     g->max_invalid);
	return rc ? rc : check_texts(g, err);
}
