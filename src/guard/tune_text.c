/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the sweep is told in words and says in figures. */
#include <string.h>

#include "src/guard/tune.h"
#include "src/str.h"

#define FLOOR_MAX_W 100000

int tune_metric_parse(enum tune_metric *out, int64_t *floor_mw, const char *text, struct err *err)
{
	double watts;

	*floor_mw = 0;
	if (!strcmp(text, "hashrate")) {
		*out = TUNE_HASHRATE;
	} else if (!strcmp(text, "efficiency")) {
		*out = TUNE_EFFICIENCY;
	} else if (!strncmp(text, "floor:", 6)) {
		if (str_to_double(&watts, text + 6) || watts < 1 || watts > FLOOR_MAX_W)
			return err_set(err, ERR_RANGE,
				       "metric '%s': give watts from 1 to %d, like floor:150", text,
				       FLOOR_MAX_W);
		*out = TUNE_FLOOR;
		*floor_mw = (int64_t)(watts * 1000 + 0.5);
	} else {
		return err_set(err, ERR_PARSE,
			       "metric '%s': give hashrate, efficiency or floor:WATTS", text);
	}
	return 0;
}

int tune_range_parse(uint64_t *min, uint64_t *max, const char *text, uint64_t least, uint64_t most,
		     struct err *err)
{
	const char *dash = strchr(text, '-');
	char low[24] = "";

	if (dash && (size_t)(dash - text) < sizeof low) {
		memcpy(low, text, (size_t)(dash - text));
		if (!str_to_u64(min, low, least, most) && !str_to_u64(max, dash + 1, least, most) &&
		    *min <= *max)
			return 0;
	}
	return err_set(err, ERR_RANGE, "'%s': give MIN-MAX, whole numbers from %llu to %llu", text,
		       (unsigned long long)least, (unsigned long long)most);
}

const char *tune_metric_word(enum tune_metric m)
{
	static const char *const words[] = {"hashrate", "efficiency", "floor"};

	return (unsigned)m < sizeof words / sizeof words[0] ? words[m] : "?";
}

const char *tune_verdict_word(enum tune_verdict v)
{
	static const char *const words[] = {"", "too much power", "batches too long",
					    "wrong results", "does not run"};

	return (unsigned)v < sizeof words / sizeof words[0] ? words[v] : "?";
}

double tune_rate(const struct tune_trial *trial)
{
	return trial->seconds > 0 ? trial->hashes / trial->seconds : 0;
}

double tune_power_mw(const struct tune_trial *trial)
{
	return trial->joules > 0 && trial->seconds > 0 ? trial->joules / trial->seconds * 1000 : -1;
}

double tune_efficiency(const struct tune_trial *trial)
{
	return trial->joules > 0 ? trial->hashes / trial->joules : -1;
}
