/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The owner's hours: parsed into a bit for each minute of the week. */
#include <ctype.h>
#include <string.h>

#include "src/guard/pauses.h"

#define DAY_MINUTES 1440
#define PART_MAX    64
#define PARTS_MAX   64
#define EXAMPLE     "write it like \"mon-fri 22:00-06:00, sat\""

static const char days[7][4] = {"sun", "mon", "tue", "wed", "thu", "fri", "sat"};

/* Three letters, any case; -1: no day. */
static int day_of(const char *text, size_t len)
{
	unsigned d, i;

	for (d = 0; d < 7 && len == 3; d++) {
		for (i = 0; i < 3 && tolower((unsigned char)text[i]) == days[d][i]; i++)
			;
		if (i == 3)
			return (int)d;
	}
	return -1;
}

/* "mon", "mon-fri", "daily" into a mask; false: none of them. */
static bool days_of(const char *text, size_t len, unsigned *mask)
{
	const char *dash = memchr(text, '-', len);
	int from, to, d;

	if (len == 5 && !strncmp(text, "daily", 5)) {
		*mask = 0x7f;
		return true;
	}
	from = day_of(text, dash ? (size_t)(dash - text) : len);
	to = dash ? day_of(dash + 1, len - (size_t)(dash + 1 - text)) : from;
	if (from < 0 || to < 0)
		return false;
	*mask = 0;
	for (d = from; d != to; d = (d + 1) % 7)
		*mask |= 1u << d;
	*mask |= 1u << to;
	return true;
}

/* "8:00", "08:00", "24:00"; -1: no time of day.  Moves *text behind it. */
static int minute_of(const char **text, const char *end)
{
	const char *p = *text;
	int hour = 0, minute = 0, n;

	for (n = 0; n < 2 && p < end && isdigit((unsigned char)*p); n++, p++)
		hour = hour * 10 + (*p - '0');
	if (!n || p == end || *p++ != ':')
		return -1;
	for (n = 0; n < 2 && p < end && isdigit((unsigned char)*p); n++, p++)
		minute = minute * 10 + (*p - '0');
	if (n != 2 || minute > 59 || hour > 24 || (hour == 24 && minute))
		return -1;
	*text = p;
	return hour * 60 + minute;
}

/* "08:00-18:00"; false: not that. */
static bool hours_of(const char *text, size_t len, int *from, int *to)
{
	const char *end = text + len;

	*from = minute_of(&text, end);
	if (*from < 0 || text == end || *text++ != '-')
		return false;
	*to = minute_of(&text, end);
	return *to >= 0 && text == end;
}

/* Hours that end before they begin go on into the next day. */
static void mark(struct schedule *s, unsigned mask, int from, int to)
{
	int length = to > from ? to - from : to + DAY_MINUTES - from;
	unsigned d;
	int i;

	for (d = 0; d < 7; d++)
		for (i = 0; mask >> d & 1 && i < length; i++) {
			unsigned m = (d * DAY_MINUTES + (unsigned)(from + i)) % WEEK_MINUTES;

			s->in[m / 8] |= (uint8_t)(1u << m % 8);
		}
}

static size_t word_length(const char *p)
{
	return strcspn(p, " \t");
}

static const char *skip_blanks(const char *p)
{
	return p + strspn(p, " \t");
}

/* One part: days and hours, either may be missing. */
static int parse_part(struct schedule *s, const char *part, struct err *err)
{
	const char *p = skip_blanks(part);
	size_t len = word_length(p);
	unsigned mask = 0x7f;
	int from = 0, to = DAY_MINUTES;

	if (!len)
		return err_set(err, ERR_PARSE, "an empty part between commas: leave out a comma");
	if (days_of(p, len, &mask)) {
		p = skip_blanks(p + len);
		len = word_length(p);
	} else if (!isdigit((unsigned char)*p)) {
		return err_set(err, ERR_PARSE,
			       "'%.*s' is no day: sun mon tue wed thu fri sat, a range of them or "
			       "daily",
			       (int)len, p);
	}
	if (len) {
		if (!hours_of(p, len, &from, &to))
			return err_set(err, ERR_PARSE,
				       "'%.*s' are no hours: write them like 08:00-18:00", (int)len,
				       p);
		if (from == to || from == DAY_MINUTES)
			return err_set(err, ERR_PARSE,
				       "'%.*s' is no time at all: the whole day is 00:00-24:00",
				       (int)len, p);
		p = skip_blanks(p + len);
	}
	if (*p)
		return err_set(err, ERR_PARSE, "'%s' is too much: put a comma before it", p);
	mark(s, mask, from, to);
	return 0;
}

int schedule_parse(struct schedule *out, const char *text, struct err *err)
{
	struct schedule s = {.set = true};
	unsigned parts = 0;

	if (!*skip_blanks(text))
		return err_set(err, ERR_PARSE, "no hours are given: " EXAMPLE);
	for (;;) {
		size_t len = strcspn(text, ",");
		char part[PART_MAX];

		if (len >= sizeof part)
			return err_set(err, ERR_PARSE, "'%.20s...' is too long: " EXAMPLE, text);
		if (++parts > PARTS_MAX)
			return err_set(err, ERR_PARSE, "more than %d parts: use ranges of days",
				       PARTS_MAX);
		memcpy(part, text, len);
		part[len] = '\0';
		if (strspn(part, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:- "
				 "\t") != len)
			return err_set(err, ERR_PARSE,
				       "a character that belongs to no day or "
				       "hour: " EXAMPLE);
		if (parse_part(&s, part, err))
			return -ERR_PARSE;
		if (!text[len])
			break;
		text += len + 1;
	}
	*out = s;
	return 0;
}

static bool at(const struct schedule *s, unsigned m)
{
	return s->in[m / 8] >> m % 8 & 1;
}

static unsigned week_minute(unsigned weekday, unsigned minute)
{
	return (weekday * DAY_MINUTES + minute) % WEEK_MINUTES;
}

bool schedule_in(const struct schedule *s, unsigned weekday, unsigned minute)
{
	return at(s, week_minute(weekday, minute));
}

static bool pause_at(const struct schedule *mine, const struct schedule *pause, unsigned m)
{
	return (mine->set && !at(mine, m)) || (pause->set && at(pause, m));
}

bool hours_pause(const struct schedule *mine, const struct schedule *pause, unsigned weekday,
		 unsigned minute)
{
	return pause_at(mine, pause, week_minute(weekday, minute));
}

unsigned hours_next(const struct schedule *mine, const struct schedule *pause, unsigned weekday,
		    unsigned minute)
{
	unsigned m = week_minute(weekday, minute), i;
	bool now = pause_at(mine, pause, m);

	for (i = 1; i < WEEK_MINUTES; i++)
		if (pause_at(mine, pause, (m + i) % WEEK_MINUTES) != now)
			return i;
	return 0;
}
