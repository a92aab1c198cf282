/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Fan speed by temperature, as a curve of the owner's. */
#include <stdio.h>
#include <string.h>

#include "src/guard/fan.h"
#include "src/str.h"

#define POINT_TEXT_MAX 32
#define CELSIUS_MAX    150

/* One point, "60:55"; len characters of text. */
static int parse_point(struct fan_curve *c, const char *text, size_t len, struct err *err)
{
	char point[POINT_TEXT_MAX], shown[POINT_TEXT_MAX], *colon;
	uint64_t celsius, percent;
	unsigned nr = c->n + 1;

	str_printable(shown, sizeof shown, text, len);
	if (c->n == FAN_POINTS_MAX)
		return err_set(err, ERR_RANGE, "fan curve: more than %d points: leave some out",
			       FAN_POINTS_MAX);
	if (len < sizeof point) {
		memcpy(point, text, len);
		point[len] = '\0';
	}
	colon = len < sizeof point ? strchr(point, ':') : NULL;
	if (!colon)
		return err_set(err, ERR_PARSE,
			       "fan curve: point %u, \"%s\": write degrees C:percent, as in 60:55",
			       nr, shown);
	*colon = '\0';
	if (str_to_u64(&celsius, point, 0, CELSIUS_MAX))
		return err_set(err, ERR_RANGE,
			       "fan curve: point %u, \"%s\": the temperature is 0 to %d degrees C",
			       nr, shown, CELSIUS_MAX);
	if (str_to_u64(&percent, colon + 1, 0, 100))
		return err_set(err, ERR_RANGE,
			       "fan curve: point %u, \"%s\": the speed is 0 to 100 percent", nr,
			       shown);
	c->mc[c->n] = (int32_t)celsius * 1000;
	c->permille[c->n++] = (uint32_t)percent * 10;
	return 0;
}

/* The last point against the one before it. */
static int check_order(const struct fan_curve *c, struct err *err)
{
	uint32_t i = c->n - 1;

	if (i == 0)
		return 0;
	if (c->mc[i] <= c->mc[i - 1])
		return err_set(err, ERR_RANGE,
			       "fan curve: point %u, %d C, does not follow %d C: temperatures must "
			       "grow, put the points in order",
			       i + 1, c->mc[i] / 1000, c->mc[i - 1] / 1000);
	if (c->permille[i] < c->permille[i - 1])
		return err_set(err, ERR_RANGE,
			       "fan curve: point %u, %u %% at %d C, is slower than %u %% at %d C: "
			       "give it %u %% or more",
			       i + 1, c->permille[i] / 10, c->mc[i] / 1000, c->permille[i - 1] / 10,
			       c->mc[i - 1] / 1000, c->permille[i - 1] / 10);
	return 0;
}

int fan_curve_parse(struct fan_curve *c, const char *text, struct err *err)
{
	int rc;

	memset(c, 0, sizeof *c);
	for (;;) {
		size_t len = strcspn(text, ",");

		rc = parse_point(c, text, len, err);
		if (!rc)
			rc = check_order(c, err);
		if (rc || !text[len])
			break;
		text += len + 1;
	}
	if (rc)
		c->n = 0;
	return rc;
}

uint32_t fan_curve_at(const struct fan_curve *c, int32_t mc)
{
	int64_t up, along, width;
	uint32_t i = 1;

	if (!c->n)
		return 0;
	if (mc <= c->mc[0])
		return c->permille[0];
	while (i < c->n && mc > c->mc[i])
		i++;
	if (i >= c->n)
		return c->permille[c->n - 1];
	up = (int64_t)c->permille[i] - c->permille[i - 1];
	along = (int64_t)mc - c->mc[i - 1];
	width = (int64_t)c->mc[i] - c->mc[i - 1];
	return c->permille[i - 1] + (uint32_t)(up * along / width);
}

uint32_t fan_step(struct fan *f, const struct fan_curve *c, int32_t mc)
{
	if (!f->begun || mc > f->held_mc)
		f->held_mc = mc;
	else if ((int64_t)mc < (int64_t)f->held_mc - FAN_HYSTERESIS_MC)
		f->held_mc = mc + FAN_HYSTERESIS_MC;
	f->begun = true;
	return fan_curve_at(c, f->held_mc);
}
