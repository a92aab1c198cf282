/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Power limit and fans of NVIDIA's cards. */
#include "src/sensor/nvml_api.h"

#define FANS_MAX     16
#define PERMILLE_MAX 1000

static int refused(const struct nvml_card *c, const char *what, nvmlReturn_t code, struct err *err)
{
	switch (code) {
	case NVML_ERROR_NO_PERMISSION:
		return err_set(err, ERR_PERM, "%s: %s: needs root or CAP_SYS_ADMIN", c->name, what);
	case NVML_ERROR_INVALID_ARGUMENT:
		return err_set(err, ERR_RANGE, "%s: %s: the driver refuses that value", c->name,
			       what);
	case NVML_ERROR_NOT_SUPPORTED:
	case NVML_ERROR_FUNCTION_NOT_FOUND:
		return err_set(err, ERR_NODEV, "%s: %s: cannot be set on this card", c->name, what);
	case NVML_ERROR_GPU_IS_LOST:
		return err_set(err, ERR_NODEV, "%s: %s: %s", c->name, what, nvml_word(code));
	default:
		return err_set(err, ERR_DEVICE, "%s: %s: %s (error %d)", c->name, what,
			       nvml_word(code), code);
	}
}

static int check_limit(struct nvml_card *c, int64_t mw, struct err *err)
{
	unsigned least = 0, most = 0;

	if (!NVML_ASK(c, nvmlDeviceGetPowerManagementLimitConstraints, &least, &most))
		most = UINT32_MAX;
	if (mw >= least && mw <= most)
		return 0;
	return err_set(err, ERR_RANGE,
		       "%s: power limit: %lld.%03lld W is not within the card's %u to %u W",
		       c->name, (long long)(mw / 1000), (long long)(mw % 1000),
		       (least + 999) / 1000, most / 1000);
}

/* What "as it was found" is; the vendor's default where that could not be read. */
static bool found(struct nvml_card *c, int64_t *mw)
{
	unsigned v = 0;

	*mw = c->found_mw;
	if (*mw < 0 && NVML_ASK(c, nvmlDeviceGetPowerManagementDefaultLimit, &v))
		*mw = v;
	return *mw >= 0;
}

static int set_limit(struct nvml_card *c, int64_t mw, struct err *err)
{
	nvmlReturn_t code;
	unsigned now = 0;
	int rc;

	if (mw == SENSOR_RESTORE && !found(c, &mw))
		return err_set(err, ERR_NODEV, "%s: power limit: it is not known what it was",
			       c->name);
	/* nobody is asked for permission to change nothing */
	if (NVML_ASK(c, nvmlDeviceGetPowerManagementLimit, &now) && now == mw)
		return 0;
	rc = check_limit(c, mw, err);
	if (rc)
		return rc;
	if (!c->ctx->api.nvmlDeviceSetPowerManagementLimit)
		return refused(c, "power limit", NVML_ERROR_FUNCTION_NOT_FOUND, err);
	code = c->ctx->api.nvmlDeviceSetPowerManagementLimit(c->dev, (unsigned)mw);
	if (code == NVML_ERROR_NO_PERMISSION)
		return err_set(err, ERR_PERM,
			       "%s: power limit: needs root or CAP_SYS_ADMIN; this works before "
			       "the start: sudo nvidia-smi -i %s -pl %lld",
			       c->name, c->name, (long long)(mw / 1000));
	return code == NVML_SUCCESS ? 0 : refused(c, "power limit", code, err);
}

/* A fan asked to turn slower than the card lets it turns as slowly as it lets it: cooler. */
static unsigned percent_of(struct nvml_card *c, int64_t permille)
{
	unsigned percent = (unsigned)((permille + 9) / 10), least = 0, most = 0;

	if (!NVML_ASK(c, nvmlDeviceGetMinMaxFanSpeed, &least, &most))
		return percent;
	if (percent < least)
		return least;
	return percent > most && most > 0 ? most : percent;
}

static nvmlReturn_t automatic(struct nvml_card *c, unsigned fan)
{
	const struct nvml *api = &c->ctx->api;
	nvmlFanControlPolicy_t policy = NVML_FAN_POLICY_MANUAL;

	if (NVML_ASK(c, nvmlDeviceGetFanControlPolicy_v2, fan, &policy) &&
	    policy == NVML_FAN_POLICY_TEMPERATURE_CONTINOUS_SW)
		return NVML_SUCCESS;
	return api->nvmlDeviceSetDefaultFanSpeed_v2(c->dev, fan);
}

/* Every fan is tried, whatever becomes of another. */
static int set_fans(struct nvml_card *c, int64_t permille, struct err *err)
{
	const struct nvml *api = &c->ctx->api;
	nvmlReturn_t code, failed = NVML_SUCCESS;
	unsigned n = 0, i;

	if (permille > PERMILLE_MAX)
		return err_set(err, ERR_RANGE, "%s: fan: %lld permille is not within 0 to %d",
			       c->name, (long long)permille, PERMILLE_MAX);
	/* without the way back there is no way there */
	if (!api->nvmlDeviceSetFanSpeed_v2 || !api->nvmlDeviceSetDefaultFanSpeed_v2)
		return err_set(err, ERR_NODEV,
			       "%s: fan: this driver cannot set it (520 or newer "
			       "can)",
			       c->name);
	if (!NVML_ASK(c, nvmlDeviceGetNumFans, &n))
		n = 1;
	if (!n)
		return err_set(err, ERR_NODEV, "%s: fan: the card has none of its own", c->name);
	for (i = 0; i < n && i < FANS_MAX; i++) {
		if (permille == SENSOR_RESTORE)
			code = automatic(c, i);
		else
			code = api->nvmlDeviceSetFanSpeed_v2(c->dev, i, percent_of(c, permille));
		if (code != NVML_SUCCESS && failed == NVML_SUCCESS)
			failed = code;
	}
	return failed == NVML_SUCCESS ? 0 : refused(c, "fan", failed, err);
}

int nvml_set(struct nvml_card *c, const struct sensor_setting *s, struct err *err)
{
	int rc = 0, fans = 0;

	c->lost = false;
	if (s->limit_mw >= 0 || s->limit_mw == SENSOR_RESTORE)
		rc = set_limit(c, s->limit_mw, err);
	if (s->fan_permille >= 0 || s->fan_permille == SENSOR_RESTORE)
		fans = set_fans(c, s->fan_permille, rc ? NULL : err);
	return rc ? rc : fans;
}
