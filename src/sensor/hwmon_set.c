/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Changing a card's power limit and fan through sysfs, and putting back what was found. */
#include <inttypes.h>

#include "src/sensor/hwmon.h"

#define UW_MAX  100000000000 /* 100 kW */
#define MW_MAX  (UW_MAX / 1000)
#define PWM_MAX 255

enum { FAN_MANUAL = 1, FAN_AUTO = 2, FAN_MODES = 16 };

/* ---- power ---- */

/* Which of the limits the card has; n: none. */
static unsigned limit_of(int mon, const struct hwmon_limit *limits, unsigned n, int64_t *uw)
{
	unsigned i = 0;

	while (i < n && !hwmon_number(mon, limits[i].now, 0, UW_MAX, uw))
		i++;
	return i;
}

static int limit_back(struct hwmon_card *c, int mon, const struct hwmon_limit *limits, unsigned n,
		      struct err *err)
{
	int64_t now, usual;
	unsigned i;
	int rc;

	if (c->limit_kept) {
		rc = hwmon_write(mon, limits[c->limit_from].now, c->limit_uw, err);
		c->limit_kept = rc != 0;
		return rc;
	}
	i = limit_of(mon, limits, n, &now);
	if (c->limit_set || i == n || !limits[i].usual ||
	    !hwmon_number(mon, limits[i].usual, 1, UW_MAX, &usual) || usual == now)
		return 0;
	return hwmon_write(mon, limits[i].now, usual, err);
}

/* Zero is never set: on amdgpu a card that stands still, on Intel no limit at all. */
static int limit_range(int mon, const struct hwmon_limit *names, int64_t uw, struct err *err)
{
	int64_t least = 0, most = UW_MAX;

	if (names->least && !hwmon_number(mon, names->least, 0, UW_MAX, &least))
		least = 0;
	if (names->most && !hwmon_number(mon, names->most, 1, UW_MAX, &most))
		most = UW_MAX;
	if (uw > 0 && uw >= least && uw <= most)
		return 0;
	return err_set(err, ERR_RANGE,
		       "a power limit of %" PRId64 " W: this card allows %" PRId64 " to %" PRId64
		       " W",
		       uw / 1000000, least / 1000000, most / 1000000);
}

static int limit_to(struct hwmon_card *c, int mon, const struct hwmon_limit *limits, unsigned n,
		    int64_t mw, struct err *err)
{
	int64_t was = 0;
	unsigned i;
	int rc;

	if (mw < 0 || mw > MW_MAX)
		return err_set(err, ERR_RANGE, "a power limit of %" PRId64 " mW makes no sense",
			       mw);
	i = limit_of(mon, limits, n, &was);
	if (i == n)
		return err_set(err, ERR_DEVICE,
			       "%s can not be read: this card's power limit can not be set",
			       limits[0].now);
	rc = limit_range(mon, &limits[i], mw * 1000, err);
	if (!rc)
		rc = hwmon_write(mon, limits[i].now, mw * 1000, err);
	if (rc)
		return rc;
	if (!c->limit_kept) {
		c->limit_from = i;
		c->limit_uw = was;
	}
	c->limit_set = true;
	c->limit_kept = c->limit_uw != mw * 1000;
	return 0;
}

static int set_limit(struct hwmon_card *c, int mon, const struct hwmon_limit *limits, unsigned n,
		     int64_t mw, struct err *err)
{
	if (mw == SENSOR_LEAVE)
		return 0;
	if (mw == SENSOR_RESTORE)
		return limit_back(c, mon, limits, n, err);
	return limit_to(c, mon, limits, n, mw, err);
}

/* ---- fan ---- */

static int fan_back(struct hwmon_card *c, int mon, struct err *err)
{
	int64_t mode;
	int rc;

	if (!c->fan_kept) {
		if (!c->fan_set && hwmon_number(mon, "pwm1_enable", 0, FAN_MODES, &mode) &&
		    mode == FAN_MANUAL)
			return hwmon_write(mon, "pwm1_enable", FAN_AUTO, err);
		return 0;
	}
	rc = hwmon_write(mon, "pwm1_enable", c->fan_mode, err);
	if (!rc && c->fan_mode == FAN_MANUAL)
		rc = hwmon_write(mon, "pwm1", c->fan_pwm, err);
	if (!rc)
		c->fan_kept = false;
	return rc;
}

/* Manual, at this duty; the mode goes back when the duty is refused. */
static int fan_to(int mon, int64_t mode, int64_t pwm, struct err *err)
{
	int rc = 0;

	if (mode != FAN_MANUAL)
		rc = hwmon_write(mon, "pwm1_enable", FAN_MANUAL, err);
	if (rc)
		return rc;
	rc = hwmon_write(mon, "pwm1", pwm, err);
	if (rc && mode != FAN_MANUAL)
		hwmon_write(mon, "pwm1_enable", mode, NULL);
	return rc;
}

static int fan_duty(struct hwmon_card *c, int mon, int64_t permille, struct err *err)
{
	int64_t mode, most, pwm = 0;
	int rc;

	if (permille < 0 || permille > 1000)
		return err_set(err, ERR_RANGE, "a fan at %" PRId64 " permille: 0 to 1000",
			       permille);
	if (!hwmon_number(mon, "pwm1_enable", 0, FAN_MODES, &mode))
		return err_set(err, ERR_DEVICE,
			       "pwm1_enable can not be read: this card's fan can not be set");
	if (!hwmon_number(mon, "pwm1_max", 1, 65535, &most))
		most = PWM_MAX;
	if (mode == FAN_MANUAL && !hwmon_number(mon, "pwm1", 0, most, &pwm))
		return err_set(err, ERR_DEVICE,
			       "pwm1 can not be read: the fan could not be put back");
	rc = fan_to(mon, mode, (permille * most + 500) / 1000, err);
	if (!rc && !c->fan_kept) {
		c->fan_set = true;
		c->fan_kept = true;
		c->fan_mode = mode;
		c->fan_pwm = pwm;
	}
	return rc;
}

static int set_fan(struct hwmon_card *c, int mon, bool has, int64_t permille, struct err *err)
{
	if (permille == SENSOR_LEAVE)
		return 0;
	if (permille == SENSOR_RESTORE)
		return has ? fan_back(c, mon, err) : 0;
	if (!has)
		return err_set(err, ERR_DEVICE, "%s has no fan control: leave it to the card",
			       c->driver);
	return fan_duty(c, mon, permille, err);
}

int hwmon_set(struct hwmon_card *c, const struct hwmon_limit *limits, unsigned n, bool fan,
	      const struct sensor_setting *s, struct err *err)
{
	struct hwmon_view v;
	int rc, rc2;

	rc = hwmon_look(c, &v, err);
	if (rc)
		return rc;
	if (v.mon < 0) {
		hwmon_leave(&v);
		return err_set(err, ERR_DEVICE,
			       "%s shows no hwmon for this card: nothing can be "
			       "set",
			       c->driver);
	}
	rc = set_limit(c, v.mon, limits, n, s->limit_mw, err);
	rc2 = set_fan(c, v.mon, fan, s->fan_permille, rc ? NULL : err);
	hwmon_leave(&v);
	return rc ? rc : rc2;
}
