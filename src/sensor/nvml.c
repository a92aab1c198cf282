/* SPDX-License-Identifier: GPL-3.0-or-later */
/* NVIDIA's cards through its management library: opening it, finding a card, one look. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "src/clock.h"
#include "src/gpu/dl.h"
#include "src/sensor/nvml_api.h"
#include "src/str.h"

#define XID_OFF_BUS 79 /* "GPU has fallen off the bus" */

static const struct dl_symbol symbols[] = {
#define FUNC(name, args)  {#name, offsetof(struct nvml, name), false},
#define MAYBE(name, args) {#name, offsetof(struct nvml, name), true},
#include "src/sensor/nvml.def"
};

static const char *const names[] = {"libnvidia-ml.so.1", "libnvidia-ml.so", NULL};

static const struct dl_library library = {
	.what = "NVIDIA management library",
	.env = "ADIT_LIBNVML",
	.names = names,
	.symbols = symbols,
	.n_symbols = sizeof symbols / sizeof *symbols,
};

static const struct {
	nvmlReturn_t code;
	const char *word;
} words[] = {
	{NVML_ERROR_UNINITIALIZED, "the library is not initialised"},
	{NVML_ERROR_INVALID_ARGUMENT, "an argument is refused"},
	{NVML_ERROR_NOT_SUPPORTED, "this card cannot"},
	{NVML_ERROR_NO_PERMISSION, "not permitted"},
	{NVML_ERROR_NOT_FOUND, "not found"},
	{NVML_ERROR_INSUFFICIENT_SIZE, "does not fit"},
	{NVML_ERROR_INSUFFICIENT_POWER, "the card's power cables are not attached"},
	{NVML_ERROR_DRIVER_NOT_LOADED, "the kernel driver is not loaded"},
	{NVML_ERROR_TIMEOUT, "timed out"},
	{NVML_ERROR_IRQ_ISSUE, "the kernel has an interrupt problem with a card"},
	{NVML_ERROR_LIBRARY_NOT_FOUND, "a part of the driver is not found"},
	{NVML_ERROR_FUNCTION_NOT_FOUND, "this driver cannot"},
	{NVML_ERROR_GPU_IS_LOST, "the card has fallen off the bus"},
	{NVML_ERROR_RESET_REQUIRED, "the card must be reset first"},
	{NVML_ERROR_OPERATING_SYSTEM, "the operating system blocks access to the card"},
	{NVML_ERROR_LIB_RM_VERSION_MISMATCH, "library and kernel driver differ in version: reboot, "
					     "or load the new kernel module"},
	{NVML_ERROR_IN_USE, "the card is in use"},
	{NVML_ERROR_MEMORY, "out of memory"},
	{NVML_ERROR_ARGUMENT_VERSION_MISMATCH, "this driver knows another version of the call"},
	{NVML_ERROR_GPU_NOT_FOUND, "no card found"},
	{NVML_ERROR_UNKNOWN, "the driver failed inside"},
};

const char *nvml_word(nvmlReturn_t code)
{
	size_t i;

	for (i = 0; i < sizeof words / sizeof *words; i++)
		if (words[i].code == code)
			return words[i].word;
	return "a failure the driver has no words for";
}

bool nvml_worked(struct nvml_card *c, nvmlReturn_t code)
{
	if (code == NVML_SUCCESS)
		return true;
	c->lost |= code == NVML_ERROR_GPU_IS_LOST;
	c->last = code;
	return false;
}

static int not_started(nvmlReturn_t code, struct err *err)
{
	int kind = ERR_DEVICE;

	if (code == NVML_ERROR_DRIVER_NOT_LOADED || code == NVML_ERROR_LIBRARY_NOT_FOUND ||
	    code == NVML_ERROR_GPU_NOT_FOUND || code == NVML_ERROR_NOT_FOUND)
		kind = ERR_NODEV;
	if (code == NVML_ERROR_NO_PERMISSION)
		return err_set(err, ERR_PERM,
			       "NVML does not start: no access to the cards: let this user read "
			       "and write /dev/nvidia*");
	return err_set(err, kind, "NVML does not start: %s (error %d)", nvml_word(code), code);
}

/* A rig whose cards are all gone still starts, to say that they are. */
static nvmlReturn_t start(const struct nvml *api)
{
	nvmlReturn_t code = NVML_ERROR_INVALID_ARGUMENT;

	if (api->nvmlInitWithFlags)
		code = api->nvmlInitWithFlags(NVML_INIT_FLAG_NO_GPUS);
	return code == NVML_ERROR_INVALID_ARGUMENT ? api->nvmlInit_v2() : code;
}

static int nvml_open(void **out, struct err *err)
{
	struct nvml_ctx *ctx = calloc(1, sizeof *ctx);
	nvmlReturn_t code;
	int rc;

	*out = NULL;
	if (!ctx)
		return err_set(err, ERR_NOMEM, "out of memory");
	rc = dl_open(&library, &ctx->api.handle, &ctx->api, err);
	if (rc)
		goto out;
	code = start(&ctx->api);
	if (code != NVML_SUCCESS) {
		rc = not_started(code, err);
		dl_close(ctx->api.handle);
		goto out;
	}
	ctx->supervisor = (int32_t)getppid();
	*out = ctx;
	return 0;
out:
	free(ctx);
	return rc;
}

static void nvml_close(void *p)
{
	struct nvml_ctx *ctx = p;

	if (!ctx)
		return;
	nvml_unwatch(ctx);
	ctx->api.nvmlShutdown();
	dl_close(ctx->api.handle);
	free(ctx);
}

/* "0000:01:00.0" or "00000000:01:00.0", in any case, as NVML likes best.  False: no address. */
static bool bus_of(char *out, size_t size, const char *pci)
{
	unsigned domain, bus, slot, function;
	int end = 0;

	if (sscanf(pci, "%8x:%2x:%2x.%1x%n", &domain, &bus, &slot, &function, &end) != 4)
		return false;
	if ((size_t)end != strlen(pci))
		return false;
	snprintf(out, size, "%08x:%02x:%02x.%x", domain, bus, slot, function);
	return true;
}

/* UUIDs come with and without the vendor's prefix. */
static const char *bare(const char *uuid)
{
	return strncasecmp(uuid, "GPU-", 4) ? uuid : uuid + 4;
}

static int find(struct nvml_ctx *ctx, const struct sensor_target *t, nvmlDevice_t *dev,
		struct err *err)
{
	char bus[32], uuid[64];
	nvmlReturn_t code = NVML_ERROR_NOT_FOUND;

	if (bus_of(bus, sizeof bus, t->pci)) {
		code = ctx->api.nvmlDeviceGetHandleByPciBusId_v2(bus, dev);
	} else if (*t->uuid) {
		snprintf(uuid, sizeof uuid, "GPU-%s", bare(t->uuid));
		code = ctx->api.nvmlDeviceGetHandleByUUID(uuid, dev);
	}
	if (code == NVML_SUCCESS)
		return 0;
	return err_set(err, ERR_NODEV, "%s: NVML has no such card: %s (error %d)",
		       *t->pci ? t->pci : t->uuid, nvml_word(code), code);
}

/* An address is reused when cards are moved about; a UUID is not. */
static int confirm(const struct nvml *api, nvmlDevice_t dev, const struct sensor_target *t,
		   struct err *err)
{
	char uuid[96] = "", seen[64];

	if (!*t->uuid || !api->nvmlDeviceGetUUID)
		return 0;
	if (api->nvmlDeviceGetUUID(dev, uuid, sizeof uuid - 1) != NVML_SUCCESS)
		return 0;
	if (!strcasecmp(bare(uuid), bare(t->uuid)))
		return 0;
	str_printable(seen, sizeof seen, uuid, strnlen(uuid, sizeof uuid - 1));
	return err_set(err, ERR_NODEV, "%s: the card there is %s, wanted is %s", t->pci, seen,
		       t->uuid);
}

static struct nvml_card *add(struct nvml_ctx *ctx, nvmlDevice_t dev, const struct sensor_target *t)
{
	struct nvml_card *c = &ctx->card[ctx->n_cards++];
	unsigned mw;

	*c = (struct nvml_card){.ctx = ctx, .dev = dev, .found_mw = -1};
	if (*t->pci)
		str_copy(c->name, sizeof c->name, t->pci);
	else
		snprintf(c->name, sizeof c->name, "GPU-%.43s", bare(t->uuid));
	if (NVML_ASK(c, nvmlDeviceGetPowerManagementLimit, &mw))
		c->found_mw = mw;
	nvml_watch(c);
	return c;
}

static int nvml_match(void *p, const struct sensor_target *t, void **handle, struct err *err)
{
	struct nvml_ctx *ctx = p;
	nvmlDevice_t dev = NULL;
	unsigned i;
	int rc = find(ctx, t, &dev, err);

	*handle = NULL;
	if (!rc)
		rc = confirm(&ctx->api, dev, t, err);
	if (rc)
		return rc;
	for (i = 0; i < ctx->n_cards && ctx->card[i].dev != dev; i++)
		;
	if (i == NVML_CARDS_MAX)
		return err_set(err, ERR_NODEV, "%s: more than %d NVIDIA cards", t->pci,
			       NVML_CARDS_MAX);
	*handle = i < ctx->n_cards ? &ctx->card[i] : add(ctx, dev, t);
	return 0;
}

static int nvml_read(void *p, void *handle, struct sensor_reading *out, struct err *err)
{
	struct nvml_ctx *ctx = p;
	struct nvml_card *c = handle;
	bool nothing;

	*out = (struct sensor_reading){.at_ms = clock_ms()};
	c->lost = false;
	c->last = NVML_SUCCESS;
	nvml_drain(ctx);
	nvml_look(c, out);
	nvml_others(c, out);
	nothing = !out->known;
	/* some drivers answer "unknown" instead of "lost" for a card whose XID said so */
	out->lost = c->lost || (c->xid == XID_OFF_BUS && !sensor_has(out, SENSOR_CORE_MC));
	if (out->lost)
		out->known = 0;
	if (c->watched)
		sensor_put(out, SENSOR_XID_COUNT, c->xids);
	if (c->xids)
		sensor_put(out, SENSOR_XID, c->xid);
	if (nothing && !out->lost)
		return err_set(err, ERR_DEVICE, "%s: NVML reads nothing: %s (error %d)", c->name,
			       nvml_word(c->last), c->last);
	return 0;
}

static int nvml_apply(void *p, void *handle, const struct sensor_setting *s, struct err *err)
{
	(void)p;
	return nvml_set(handle, s, err);
}

const struct sensor_source sensor_source_nvml = {
	.name = "nvml",
	.open = nvml_open,
	.close = nvml_close,
	.match = nvml_match,
	.read = nvml_read,
	.set = nvml_apply,
};
