/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What can be told over JSON-RPC, what reaches the rig of it, and the settings as programs see
 * them. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/algos_json.h"
#include "src/api/rpc.h"
#include "src/log.h"
#include "src/settings_json.h"
#include "tests/args.h"

/* ---- a rig that writes down what it is told ---- */

static char heard[256];
static bool refuses;

static int hear(struct err *err, const char *what, unsigned a, unsigned b)
{
	snprintf(heard, sizeof heard, "%s %u %u", what, a, b);
	return refuses ? err_set(err, ERR_USAGE, "%s: it does not want to", what) : 0;
}

static int set_intensity(void *arg, unsigned device, uint32_t v, struct err *err)
{
	(void)arg;
	return hear(err, "intensity", device, v);
}

static int set_power_limit(void *arg, unsigned device, uint32_t v, struct err *err)
{
	(void)arg;
	return hear(err, "power", device, v);
}

static int set_temp_target(void *arg, unsigned device, uint32_t v, struct err *err)
{
	(void)arg;
	return hear(err, "target", device, v);
}

static int pool_switch(void *arg, unsigned pool, struct err *err)
{
	(void)arg;
	return hear(err, "switch", pool, 0);
}

static int pool_enable(void *arg, unsigned pool, bool on, struct err *err)
{
	(void)arg;
	return hear(err, on ? "enable" : "disable", pool, 0);
}

static int pool_add(void *arg, const char *url, const char *user, const char *pass, unsigned *pool,
		    struct err *err)
{
	(void)arg;
	(void)err;
	snprintf(heard, sizeof heard, "add %s %s %s", url, user, pass ? pass : "-");
	*pool = 2;
	return 0;
}

static int pool_remove(void *arg, unsigned pool, struct err *err)
{
	(void)arg;
	return hear(err, "remove", pool, 0);
}

static int pool_priority(void *arg, unsigned pool, unsigned place, struct err *err)
{
	(void)arg;
	return hear(err, "priority", pool, place);
}

static json_t *config(void *arg, bool full)
{
	(void)arg;
	return json_pack("{s:{s:b}}", "settings", "full", full);
}

static json_t *algorithms(void *arg)
{
	(void)arg;
	return algos_json();
}

static const struct api_actions actions = {
	.set_intensity = set_intensity,
	.set_power_limit = set_power_limit,
	.set_temp_target = set_temp_target,
	.pool_switch = pool_switch,
	.pool_enable = pool_enable,
	.pool_add = pool_add,
	.pool_remove = pool_remove,
	.pool_priority = pool_priority,
	.config = config,
	.algorithms = algorithms,
};

/* The answer's result or error as text, borrowed until the next. */
static const char *ask_of(const struct api_actions *of, enum api_right right, const char *method,
			  const char *params)
{
	static struct device_stats devices[2];
	static struct pool_status pools[2];
	static struct rig_stats rig = {.devices = devices, .n_devices = 2};
	const struct api_view view = {.rig = &rig, .pools = pools, .n_pools = 2};
	const struct api_call call = {.view = &view, .actions = of, .right = right};
	const struct rpc rpc = {.call = &call};
	static char *text;
	json_t *request, *reply, *part;

	snprintf(devices[0].id, sizeof devices[0].id, "sim:0");
	snprintf(devices[1].id, sizeof devices[1].id, "sim:1");
	heard[0] = '\0';
	request = json_pack("{s:s, s:s, s:o*, s:i}", "jsonrpc", "2.0", "method", method, "params",
			    json_loads(params, 0, NULL), "id", 1);
	reply = rpc_answer(&rpc, request);
	part = json_object_get(reply, "result");
	free(text);
	text = json_dumps(part ? part : json_object_get(reply, "error"),
			  JSON_COMPACT | JSON_ENCODE_ANY);
	json_decref(request);
	json_decref(reply);
	return text;
}

static const char *ask(const char *method, const char *params)
{
	return ask_of(&actions, API_WRITE, method, params);
}

/* ---- methods ---- */

static void what_is_told_reaches_the_rig(void)
{
	static const struct {
		const char *method, *params, *heard;
	} rows[] = {
		{"device.set_intensity", "[1, 22]", "intensity 1 22"},
		{"device.set_intensity", "{\"device\": \"sim:0\", \"log2\": 0}", "intensity 0 0"},
		{"device.set_power_limit", "[\"sim:1\", 150]", "power 1 150"},
		{"device.set_temp_target", "{\"celsius\": 70, \"device\": 0}", "target 0 70"},
		{"pool.switch", "[1]", "switch 1 0"},
		{"pool.enable", "{\"pool\": 0}", "enable 0 0"},
		{"pool.disable", "{\"pool\": 1}", "disable 1 0"},
		{"pool.remove", "[0]", "remove 0 0"},
		{"pool.priority", "[1, 0]", "priority 1 0"},
	};
	unsigned i;

	for (i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		CHECK_STR(ask(rows[i].method, rows[i].params), "true");
		CHECK_STR(heard, rows[i].heard);
		refuses = true;
		CHECK_HAS(ask(rows[i].method, rows[i].params), "\"code\":-32000");
		CHECK_HAS(ask(rows[i].method, rows[i].params), "it does not want to");
		refuses = false;
		CHECK_HAS(ask_of(&actions, API_READ, rows[i].method, rows[i].params), "-32001");
		CHECK_STR(heard, "");
		CHECK_HAS(
			ask_of(&(struct api_actions){0}, API_WRITE, rows[i].method, rows[i].params),
			"not possible on this rig");
	}
}

static void what_is_malformed_reaches_nobody(void)
{
	static const char *const rows[][3] = {
		{"device.set_intensity", "[2, 22]", "there is no such device"},
		{"device.set_intensity", "[0]", "missing parameter 'log2'"},
		{"device.set_intensity", "[0, 41]", "a whole number from 0 to 40"},
		{"device.set_intensity", "[0, -1]", "a whole number from 0 to 40"},
		{"device.set_intensity", "[0, \"22\"]", "a whole number from 0 to 40"},
		{"device.set_intensity", "[0, 22.0]", "a whole number from 0 to 40"},
		{"device.set_power_limit", "[0, 4294967296]", "a whole number"},
		{"device.set_power_limit", "[0, 9223372036854775807]", "a whole number"},
		{"device.set_temp_target", "[0, null]", "a whole number"},
		{"device.set_temp_target", "[0, 60, 1]", "too many parameters"},
		{"pool.switch", "[2]", "there is no such pool"},
		{"pool.switch", "[-1]", "there is no such pool"},
		{"pool.switch", "[\"0\"]", "there is no such pool"},
		{"pool.switch", "[0.0]", "there is no such pool"},
		{"pool.switch", "[4294967296]", "there is no such pool"},
		{"pool.switch", "[]", "missing parameter 'pool'"},
		{"pool.switch", "{\"pools\": 1}", "unknown parameter 'pools'"},
		{"pool.priority", "[0]", "missing parameter 'place'"},
		{"pool.priority", "[0, 2]", "from 0 (tried first) to 1"},
		{"pool.priority", "[0, true]", "from 0 (tried first) to 1"},
		{"pool.add", "[\"h:1\"]", "missing parameter 'user'"},
		{"pool.add", "[1, \"u\"]", "url must be text"},
		{"pool.add", "[\"h:1\", null]", "user must be text"},
		{"pool.add", "[\"h:1\", \"u\", 7]", "pass must be text"},
		{"pool.add", "[\"h:1\", \"u\", \"p\", \"q\"]", "too many parameters"},
	};
	unsigned i;

	for (i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		const char *said = ask(rows[i][0], rows[i][1]);

		CHECK_HAS(said, "\"code\":-32602");
		CHECK_HAS(said, rows[i][2]);
		CHECK_STR(heard, "");
	}
}

static void a_pool_may_come_without_a_password(void)
{
	CHECK_STR(ask("pool.add", "[\"h:1\", \"u\"]"), "{\"pool\":2}");
	CHECK_STR(heard, "add h:1 u -");
	CHECK_STR(ask("pool.add", "{\"pass\": \"p\", \"user\": \"u\", \"url\": \"h:1\"}"),
		  "{\"pool\":2}");
	CHECK_STR(heard, "add h:1 u p");
}

static void the_settings_are_whole_for_who_may_write_only(void)
{
	CHECK_STR(ask_of(&actions, API_WRITE, "miner.config", "[]"),
		  "{\"settings\":{\"full\":true}}");
	CHECK_STR(ask_of(&actions, API_READ, "miner.config", "[]"),
		  "{\"settings\":{\"full\":false}}");
	CHECK_HAS(ask_of(&actions, API_NOTHING, "miner.config", "[]"), "-32001");
	CHECK_HAS(ask_of(&actions, API_READ, "miner.algorithms", "[]"), "\"name\":\"scrypt\"");
}

/* ---- settings ---- */

static const char *value(const json_t *all, const char *name)
{
	static char text[400];
	char *dump = json_dumps(json_object_get(all, name), JSON_ENCODE_ANY | JSON_COMPACT);

	snprintf(text, sizeof text, "%s", dump ? dump : "absent");
	free(dump);
	return text;
}

static void settings_are_shown_as_they_are_and_secrets_are_not(void)
{
	struct settings *s;
	struct err err;
	json_t *few, *all;
	char *text;

	if (!CHECK_OK(load_line(&s,
				"mine -a scrypt -o h:1 -u wallet -p pool-pass -i 20,auto "
				"--temp-target 70 --allow-power --on-hang curl~secret "
				"--log-level debug --max-invalid 2.5 --set lookup_gap=2 "
				"--api-token 0123456789abcdef0123 "
				"--api-read-token-file /nowhere/token",
				&err),
		      &err))
		return;
	few = settings_json(s, false);
	all = settings_json(s, true);
	CHECK_STR(value(few, "algo"), "\"scrypt\"");
	CHECK_STR(value(few, "intensity"), "\"20,auto\"");
	CHECK_STR(value(few, "temp-target"), "\"70\"");
	CHECK_STR(value(few, "temp-limit"), "\"90\""); /* a default */
	CHECK_STR(value(few, "power-limit"), "null");
	CHECK_STR(value(few, "allow-power"), "true");
	CHECK_STR(value(few, "no-sensors"), "false");
	CHECK_STR(value(few, "log-level"), "\"debug\"");
	CHECK_STR(value(few, "max-invalid"), "2.5");
	CHECK_STR(value(few, "restart-budget"), "6");
	CHECK_STR(value(few, "set"), "[\"lookup_gap=2\"]");
	CHECK_STR(value(few, "on-hang"), "\"(set)\"");
	CHECK_STR(value(all, "on-hang"), "\"curl secret\"");
	CHECK_STR(value(few, "on-crash"), "null");
	CHECK_STR(value(few, "api-read-token-file"), "\"(set)\"");
	CHECK_STR(value(all, "api-read-token-file"), "\"/nowhere/token\"");
	CHECK_STR(value(all, "api-token"), "absent");
	CHECK_STR(value(all, "pass"), "absent");
	CHECK_STR(value(all, "url"), "absent");    /* of a pool */
	CHECK_STR(value(all, "listen"), "absent"); /* of another command */
	text = json_dumps(all, JSON_COMPACT);
	CHECK_LACKS(text, "0123456789abcdef0123");
	CHECK_LACKS(text, "pool-pass");
	free(text);
	json_decref(few);
	json_decref(all);
	settings_free(s);
}

/* ---- one more pool ---- */

static int one_more(struct pool_config **out, const char *line, const char *url, const char *user,
		    const char *pass, struct err *err)
{
	struct settings *s;
	int rc = load_line(&s, line, err);

	if (!CHECK_OK(rc, err))
		return rc;
	rc = settings_new_pool(out, s, url, user, pass, err);
	settings_free(s); /* what was made does not need it */
	return rc;
}

#define RIG "mine -a scrypt "

static void a_new_pool_is_made_as_on_the_command_line(void)
{
	struct pool_config *c = NULL;
	struct err err = {0};

	if (CHECK_OK(one_more(&c, RIG "-o h:1 -u wallet", "user1:urlpass-1@pool.example:3333",
			      "other", "hidden-pass", &err),
		     &err)) {
		CHECK_STR(c->url, "stratum+tcp://pool.example:3333");
		CHECK_STR(c->user, "other");
		CHECK_STR(c->password, "hidden-pass");
		CHECK(c->n_candidates > 0);
		CHECK(!c->proxy);
		pool_config_free(c);
	}
	/* what was said of all pools holds for it; what was said of another one does not */
	if (CHECK_OK(one_more(&c,
			      RIG "--proxy socks5://127.0.0.1:9 --worker rig7 -p all-pass -o h:1 "
				  "-u wallet --tls-insecure",
			      "stratum+ssl://pool.example:3333", "other", NULL, &err),
		     &err)) {
		CHECK_STR(c->proxy, "socks5://127.0.0.1:9");
		CHECK_STR(c->user, "other.rig7");
		CHECK_STR(c->password, "all-pass");
		CHECK(!c->tls_insecure);
		pool_config_free(c);
	}
	if (CHECK_OK(one_more(&c, RIG "-o h:1 -u wallet -p first-pass", "pool.example:1", "other",
			      NULL, &err),
		     &err)) {
		CHECK_STR(c->password, "x");
		pool_config_free(c);
	}
}

static void what_is_wrong_with_a_new_pool_is_said_as_on_the_command_line(void)
{
	static const struct {
		const char *url, *user, *says;
	} rows[] = {
		{"", "u", "url: empty; give HOST:PORT"},
		{"host", "u", "url: "},
		{"host:99999", "u", "url: "},
		{"stratum+tpc://h:1", "u", "did you mean 'stratum+tcp://'?"},
		{"ethproxy+tcp://h:1", "u", "scrypt cannot be mined over 'ethproxy+tcp://'"},
		{"h:1", "line\nbreak", "user: byte 5 (0x0a) is a control character"},
		{"h\x01:1", "u", "url: byte 2 (0x01) is a control character"},
	};
	struct pool_config *c = NULL;
	struct err err = {0};
	char *longest = malloc(20000);
	unsigned i;

	for (i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		CHECK(one_more(&c, RIG "-o h:1 -u wallet", rows[i].url, rows[i].user, NULL, &err) <
		      0);
		CHECK_HAS(err.text, rows[i].says);
		CHECK(!strchr(err.text, '\n'));
	}
	memset(longest, 'a', 19999);
	longest[19999] = '\0';
	CHECK(one_more(&c, RIG "-o h:1 -u wallet", "h:1", longest, NULL, &err) < 0);
	CHECK_HAS(err.text, "user: 19999 bytes are too long");
	free(longest);
}

int main(void)
{
	struct log_config quiet = {.level = LOG_ERROR, .quiet = true};

	log_setup(&quiet, NULL);
	if (enter_scratch())
		T_GIVE_UP("no scratch directory");
	T_RUN(what_is_told_reaches_the_rig);
	T_RUN(what_is_malformed_reaches_nobody);
	T_RUN(a_pool_may_come_without_a_password);
	T_RUN(the_settings_are_whole_for_who_may_write_only);
	T_RUN(settings_are_shown_as_they_are_and_secrets_are_not);
	T_RUN(a_new_pool_is_made_as_on_the_command_line);
	T_RUN(what_is_wrong_with_a_new_pool_is_said_as_on_the_command_line);
	leave_scratch();
	return t_done();
}
