/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reasons for a pause in words, and the quiet time after activity. */
#include <stdio.h>
#include <string.h>

#include "src/guard/pauses.h"

static const struct {
	const char *word, *text;
} reasons[PAUSE_REASONS] = {
#define X(name, word, text) [PAUSE_##name] = {word, text},
	PAUSE_LIST(X)
#undef X
};

const char *pause_word(enum pause_reason r)
{
	return (unsigned)r < PAUSE_REASONS ? reasons[r].word : "unknown";
}

static char *join(uint32_t bits, bool words, const char *between, char *out, size_t size)
{
	size_t len = 0;
	unsigned r;

	if (size)
		out[0] = '\0';
	for (r = 0; r < PAUSE_REASONS && len < size; r++) {
		int n;

		if (!(bits & PAUSE_BIT(r)))
			continue;
		n = snprintf(out + len, size - len, "%s%s", len ? between : "",
			     words ? reasons[r].word : reasons[r].text);
		len += n > 0 ? (size_t)n : 0;
	}
	return out;
}

char *pauses_text(uint32_t bits, char *out, size_t size)
{
	return join(bits, false, ", ", out, size);
}

char *pauses_words(uint32_t bits, char *out, size_t size)
{
	return join(bits, true, ",", out, size);
}

bool quiet_step(struct quiet *q, bool active, int64_t enter_ms, int64_t leave_ms, int64_t now_ms)
{
	if (!q->begun || active != q->was) {
		q->begun = true;
		q->was = active;
		q->since_ms = now_ms;
	}
	if (q->on != q->was && now_ms - q->since_ms >= (q->was ? enter_ms : leave_ms))
		q->on = q->was;
	return q->on;
}

int64_t quiet_next(const struct quiet *q, int64_t enter_ms, int64_t leave_ms)
{
	if (!q->begun || q->on == q->was)
		return INT64_MAX;
	return q->since_ms + (q->was ? enter_ms : leave_ms);
}
