/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A tool of another miner gone mad: whatever it sends as text, as an object or as a path, the
 * answer is whole, what is JSON is JSON, and nothing is done for whom may not.  The first byte
 * chooses who asks and how; with some, what follows is what a driver calls its card.
 */
#include <stdlib.h>
#include <string.h>

#include "src/api/rpc.h"
#include "src/api/tool.h"
#include "tests/api_rig.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool claim)
{
	if (!claim)
		abort();
}

static void check_json(struct evbuffer *out)
{
	size_t len = evbuffer_get_length(out);
	const char *text = (const char *)evbuffer_pullup(out, -1);
	json_t *v;

	must(len > 0);
	len -= text[len - 1] == '\0';
	v = json_loadb(text, len, 0, NULL);
	must(v != NULL);
	json_decref(v);
}

/* Printable, with one NUL, which is its end. */
static void check_text(struct evbuffer *out)
{
	size_t len = evbuffer_get_length(out), i;
	const unsigned char *text = evbuffer_pullup(out, -1);

	must(len > 0 && text[len - 1] == '\0');
	for (i = 0; i + 1 < len; i++)
		must((text[i] >= ' ' && text[i] < 0x7f) || text[i] == '\n');
}

static void ask_text(const struct api_call *call, const uint8_t *data, size_t size,
		     struct evbuffer *out)
{
	must(api_tool_text(call, (const char *)data, size, out) == 0);
	check_text(out);
	if (size && data[0] == '{')
		check_json(out);
	evbuffer_drain(out, evbuffer_get_length(out));
	if (!api_ccminer(call, (const char *)data, size, out))
		check_text(out);
	else
		must(evbuffer_get_length(out) == 0);
}

/* As the listener does: only what is no request of ours gets there. */
static void ask_object(const struct api_call *call, const uint8_t *data, size_t size,
		       struct evbuffer *out)
{
	json_t *v = rpc_parse((const char *)data, size);
	int rc;

	if (v && !rpc_is_ours(v)) {
		rc = api_tool_object(call, v, out);
		must(rc == 0 || rc == 1 || rc == -ERR_UNKNOWN || rc == -ERR_PERM);
		must((rc >= 0) == (evbuffer_get_length(out) > 0));
		if (rc >= 0)
			check_json(out);
	}
	json_decref(v);
}

static void ask_path(const struct api_call *call, const uint8_t *data, size_t size,
		     struct evbuffer *out)
{
	char path[256];
	int rc;

	if (size >= sizeof path)
		return;
	memcpy(path, data, size);
	path[size] = '\0';
	rc = api_tool_http(call, path, out);
	must(rc == 0 || rc == -ERR_UNKNOWN || rc == -ERR_PERM);
	must(!rc == (evbuffer_get_length(out) > 0));
	if (!rc)
		check_json(out);
}

static void name(char *out, size_t room, const uint8_t *data, size_t size)
{
	memset(out, 0, room);
	memcpy(out, data, size < room ? size : room - 1);
}
#define NAME(field) name(field, sizeof(field), data, size)

/* Every name of the rig as a hostile driver and pool have it; then something that shows them. */
static void ask_named(const struct api_call *call, const uint8_t *data, size_t size,
		      struct evbuffer *out)
{
	static const char *const texts[] = {"summary", "devs",       "pools",
					    "notify",  "devdetails", "threads",
					    "pool",    "hwinfo",     "summary+pools+devs"};
	static const char *const paths[] = {"/", "/summary", "/stat", "/api/v1/status",
					    "/2/summary"};
	struct device_stats device = rig_devices[0];
	struct device_info card = rig_infos[0];
	const struct device_info *info = &card;
	struct rig_stats stats = rig_stats;
	struct pool_status pool = rig_pools[0];
	struct api_view view = rig_view;
	struct api_call named = *call;
	const size_t n = sizeof texts / sizeof texts[0], m = sizeof paths / sizeof paths[0];
	size_t i = size ? data[size - 1] % (n + m) : 0; /* the last byte chooses */

	NAME(device.id);
	NAME(device.name);
	NAME(device.pci);
	NAME(device.reason);
	NAME(card.name);
	NAME(card.vendor);
	NAME(card.uuid);
	NAME(card.driver);
	NAME(pool.url);
	NAME(pool.user);
	NAME(stats.algo);
	device.state = size % DEVICE_STATES;
	stats.devices = &device;
	stats.n_devices = 1;
	view.rig = &stats;
	view.info = &info;
	view.pools = &pool;
	view.n_pools = 1;
	named.view = &view;
	if (i < n)
		ask_text(&named, (const uint8_t *)texts[i], strlen(texts[i]), out);
	else
		ask_path(&named, (const uint8_t *)paths[i - n], strlen(paths[i - n]), out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const ways[])(const struct api_call *call, const uint8_t *data, size_t size,
				    struct evbuffer *out) = {ask_text, ask_object, ask_path,
							     ask_named};
	static const struct api_actions nothing;
	struct api_call call = {.view = &rig_view};
	struct evbuffer *out = evbuffer_new();

	must(out != NULL);
	if (size) {
		call.right = data[0] % 3; /* API_NOTHING, API_READ, API_WRITE */
		call.actions = data[0] / 12 % 2 ? &nothing : &rig_actions;
		rig_done[0] = '\0';
		ways[data[0] / 3 % 4](&call, data + 1, size - 1, out);
		must(call.right == API_WRITE || rig_done[0] == '\0');
	}
	evbuffer_free(out);
	return 0;
}
