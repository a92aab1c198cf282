/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The OpenRPC document says what the program does: the same methods, parameters, rights, codes
 * and events; and replies fit their schemas whatever the rig is like, by a reader of that part of
 * JSON Schema which the document uses.  A keyword it does not know is a failure.
 */
#include <event2/buffer.h>
#include <math.h>

#include "config.h"
#include "src/api/schema.h"
#include "src/guard/alarm.h"
#include "src/str.h"
#include "tests/t.h"

static json_t *doc;

static const json_t *at(const json_t *v, const char *first, const char *second)
{
	v = json_object_get(v, first);
	return second ? json_object_get(v, second) : v;
}

static const json_t *find(const json_t *list, const char *key, const char *name)
{
	size_t i;
	const json_t *v;

	json_array_foreach(list, i, v)
	{
		const char *text = json_string_value(json_object_get(v, key));

		if (text && !strcmp(text, name))
			return v;
	}
	return NULL;
}

/* "#/components/schemas/Rates" */
static const json_t *follow(const json_t *schema)
{
	const char *ref = json_string_value(json_object_get(schema, "$ref"));
	const json_t *v = doc;
	char name[64];

	if (!ref)
		return schema;
	for (ref += strcspn(ref, "/"); v && *ref; ref += strcspn(ref, "/")) {
		ref++;
		snprintf(name, sizeof name, "%.*s", (int)strcspn(ref, "/"), ref);
		v = json_object_get(v, name);
	}
	return v;
}

/* ---- a reader of schemas ---- */

static unsigned trying; /* one of several need not fit */

static void tell(const char *what, const char *key)
{
	if (!trying)
		printf("# %s \"%s\"\n", what, key);
}

static bool is_type(const char *type, const json_t *v)
{
	return !strcmp(type, "object")    ? json_is_object(v)
	       : !strcmp(type, "array")   ? json_is_array(v)
	       : !strcmp(type, "string")  ? json_is_string(v)
	       : !strcmp(type, "integer") ? json_is_integer(v)
	       : !strcmp(type, "number")  ? json_is_number(v)
	       : !strcmp(type, "boolean") ? json_is_boolean(v)
	       : !strcmp(type, "null")    ? json_is_null(v)
					  : false;
}

static bool is_one_of(const json_t *types, const json_t *v)
{
	size_t i;
	const json_t *one;

	if (json_is_string(types))
		return is_type(json_string_value(types), v);
	for (i = 0; (one = json_array_get(types, i)) != NULL; i++)
		if (is_type(json_string_value(one), v))
			return true;
	return false;
}

static bool fits(const json_t *schema, const json_t *v);

static bool any_fits(const json_t *schemas, const json_t *v)
{
	size_t i;
	const json_t *one;
	bool held = false;

	trying++;
	for (i = 0; !held && (one = json_array_get(schemas, i)) != NULL; i++)
		held = fits(one, v);
	trying--;
	return held;
}

static bool is_in(const json_t *list, const json_t *v)
{
	size_t i;
	const json_t *one;

	for (i = 0; (one = json_array_get(list, i)) != NULL; i++)
		if (json_equal(one, v))
			return true;
	return false;
}

static bool has_all(const json_t *names, const json_t *v)
{
	size_t i;
	const json_t *name;

	for (i = 0; (name = json_array_get(names, i)) != NULL; i++)
		if (!json_object_get(v, json_string_value(name))) {
			tell("lacks", json_string_value(name));
			return false;
		}
	return true;
}

/* Members by name, the others by additionalProperties. */
static bool members_fit(const json_t *schema, const json_t *v)
{
	const json_t *known = json_object_get(schema, "properties"), *member;
	const json_t *others = json_object_get(schema, "additionalProperties");
	const char *key;

	json_object_foreach((json_t *)v, key, member)
	{
		const json_t *s = json_object_get(known, key);

		if (!s)
			s = others;
		if (s && (json_is_false(s) || !fits(s, member))) {
			tell("in", key);
			return false;
		}
	}
	return true;
}

static bool items_fit(const json_t *schema, const json_t *v)
{
	size_t i;
	const json_t *one;

	for (i = 0; (one = json_array_get(v, i)) != NULL; i++)
		if (!fits(schema, one))
			return false;
	return true;
}

static bool keyword_fits(const json_t *schema, const char *key, const json_t *k, const json_t *v)
{
	double n = json_number_value(v), limit = json_number_value(k);

	if (!strcmp(key, "type"))
		return is_one_of(k, v);
	if (!strcmp(key, "const"))
		return json_equal(k, v);
	if (!strcmp(key, "enum"))
		return is_in(k, v);
	if (!strcmp(key, "anyOf"))
		return any_fits(k, v);
	if (!strcmp(key, "minimum"))
		return !json_is_number(v) || n >= limit;
	if (!strcmp(key, "maximum"))
		return !json_is_number(v) || n <= limit;
	if (!strcmp(key, "minLength"))
		return !json_is_string(v) || json_string_length(v) >= (size_t)limit;
	if (!strcmp(key, "maxItems"))
		return json_array_size(v) <= (size_t)limit;
	if (!strcmp(key, "required"))
		return has_all(k, v);
	if (!strcmp(key, "items"))
		return items_fit(k, v);
	if (!strcmp(key, "properties") || !strcmp(key, "additionalProperties"))
		return members_fit(schema, v);
	/* A pattern is left to others' validators. */
	return !strcmp(key, "description") || !strcmp(key, "propertyNames");
}

static bool fits(const json_t *schema, const json_t *v)
{
	const json_t *k, *s = follow(schema);
	const char *key;

	if (!json_is_object(s))
		return false;
	json_object_foreach((json_t *)s, key, k)
	{
		if (keyword_fits(s, key, k, v))
			continue;
		tell("breaks", key);
		return false;
	}
	return true;
}

static void the_reader_refuses_what_does_not_fit(void)
{
	static const struct {
		const char *schema, *value;
		bool fits;
	} rows[] = {
		{"{\"type\":\"integer\"}", "[1]", true},
		{"{\"type\":\"integer\"}", "[1.5]", false},
		{"{\"type\":[\"string\",\"null\"]}", "[null]", true},
		{"{\"type\":[\"string\",\"null\"]}", "[1]", false},
		{"{\"const\":true}", "[false]", false},
		{"{\"enum\":[\"a\",\"b\"]}", "[\"c\"]", false},
		{"{\"minimum\":0}", "[-1]", false},
		{"{\"maximum\":1}", "[2]", false},
		{"{\"minLength\":1}", "[\"\"]", false},
		{"{\"maxItems\":1}", "[[1,2]]", false},
		{"{\"required\":[\"a\"]}", "[{}]", false},
		{"{\"properties\":{\"a\":{\"type\":\"null\"}}}", "[{\"a\":1}]", false},
		{"{\"additionalProperties\":false}", "[{\"a\":1}]", false},
		{"{\"additionalProperties\":{\"type\":\"null\"}}", "[{\"a\":1}]", false},
		{"{\"items\":{\"type\":\"null\"}}", "[[1]]", false},
		{"{\"anyOf\":[{\"type\":\"null\"},{\"const\":1}]}", "[1]", true},
		{"{\"anyOf\":[{\"type\":\"null\"},{\"const\":1}]}", "[2]", false},
		{"{\"$ref\":\"#/components/schemas/Done\"}", "[true]", true},
		{"{\"$ref\":\"#/components/schemas/Nothing\"}", "[true]", false},
		{"{\"oneOf\":[]}", "[1]", false},
	};
	size_t i;

	for (i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		json_t *s = json_loads(rows[i].schema, 0, NULL);
		json_t *v = json_loads(rows[i].value, 0, NULL);

		if (!CHECK_INT(fits(s, json_array_get(v, 0)), rows[i].fits))
			printf("# row %zu\n", i);
		json_decref(s);
		json_decref(v);
	}
}

/* ---- the document and the program ---- */

static void the_document_is_whole(void)
{
	struct evbuffer *out = evbuffer_new();
	size_t len;
	json_t *served;

	CHECK_OK(api_schema(out), NULL);
	len = evbuffer_get_length(out);
	served = json_loadb((const char *)evbuffer_pullup(out, -1), len, JSON_REJECT_DUPLICATES,
			    NULL);
	CHECK(served && json_equal(served, doc));
	CHECK_STR(json_string_value(at(doc, "info", "version")), PACKAGE_VERSION);
	CHECK_STR(json_string_value(at(doc, "openrpc", NULL)), "1.3.2");
	json_decref(served);
	evbuffer_free(out);
}

static void check_params(const struct rpc_method *m, const json_t *params)
{
	unsigned i, n = 0;

	while (n < RPC_PARAMS && m->params[n])
		n++;
	CHECK_U64(json_array_size(params), n);
	for (i = 0; i < n; i++) {
		const json_t *p = json_array_get(params, i);

		CHECK_STR(json_string_value(json_object_get(p, "name")), m->params[i]);
		CHECK_INT(json_is_true(json_object_get(p, "required")), i + m->optional < n);
		CHECK(json_is_object(follow(json_object_get(p, "schema"))));
		CHECK(json_is_string(json_object_get(p, "description")));
	}
}

static void check_method(const struct rpc_method *m, const json_t *d)
{
	const json_t *tag = json_array_get(json_object_get(d, "tags"), 0);

	CHECK_STR(json_string_value(json_object_get(follow(tag), "name")),
		  m->write ? "write" : "read");
	check_params(m, json_object_get(d, "params"));
	CHECK(json_is_string(json_object_get(d, "summary")));
	CHECK(json_is_object(follow(at(d, "result", "schema"))));
	CHECK(json_array_size(json_object_get(d, "errors")) > 0);
}

static void methods_are_those_of_the_program(void)
{
	const json_t *list = json_object_get(doc, "methods");
	const struct rpc_method *m;

	for (m = rpc_methods; m->name; m++) {
		const json_t *d = find(list, "name", m->name);

		if (!CHECK(d != NULL))
			printf("# src/api/openrpc.json lacks %s\n", m->name);
		else
			check_method(m, d);
	}
	CHECK_U64(json_array_size(list), (uint64_t)(m - rpc_methods));
}

static void error_codes_are_those_of_the_program(void)
{
	static const int codes[] = {RPC_PARSE,    RPC_REQUEST, RPC_METHOD, RPC_PARAMETERS,
				    RPC_INTERNAL, RPC_FAILED,  RPC_DENIED, RPC_BUSY};
	const json_t *errors = at(doc, "components", "errors"), *one;
	const json_t *listed = json_object_get(
		at(at(at(doc, "components", "schemas"), "Error", "properties"), "code", NULL),
		"enum");
	const size_t n = sizeof codes / sizeof codes[0];
	const char *key;
	size_t i;

	CHECK_U64(json_array_size(listed), n);
	CHECK_U64(json_object_size(errors), n);
	for (i = 0; i < n; i++) {
		json_t *code = json_integer(codes[i]);
		unsigned found = 0;

		CHECK(is_in(listed, code));
		json_object_foreach((json_t *)errors, key, one)
		{
			found += (unsigned)json_equal(json_object_get(one, "code"), code);
		}
		CHECK_INT(found, 1);
		json_decref(code);
	}
}

static void events_are_those_of_the_program(void)
{
	const json_t *event = at(at(doc, "components", "schemas"), "Event", "properties");
	const json_t *names = at(event, "name", "enum"), *one;
	size_t i;
	int e;

	for (e = ALARM_NONE + 1; e < ALARM_EVENTS; e++) {
		json_t *name = json_string(alarm_name(e));

		if (!CHECK(is_in(names, name)))
			printf("# Event lacks %s\n", alarm_name(e));
		json_decref(name);
	}
	json_array_foreach(names, i, one)
	{
		const char *name = json_string_value(one);

		CHECK(alarm_find(name) != ALARM_NONE || !strcmp(name, "share") ||
		      !strcmp(name, "device") || !strcmp(name, "setting") || !strcmp(name, "pool"));
	}
}

/* Every object says all its members and what each is. */
static void check_schema(const json_t *s, const char *where)
{
	const json_t *members = json_object_get(s, "properties"), *member;
	const char *key;

	if (!members)
		return;
	/* settings are named by the option table */
	if (strcmp(where, "settings") != 0 &&
	    !CHECK(json_is_false(json_object_get(s, "additionalProperties"))))
		printf("# %s is open\n", where);
	json_object_foreach((json_t *)members, key, member)
	{
		const json_t *to = follow(member);

		if (!CHECK(json_is_object(to) &&
			   (json_object_get(to, "description") || json_object_get(to, "const"))))
			printf("# %s.%s is not explained\n", where, key);
		if (to == member)
			check_schema(member, key);
	}
}

static void check_refs(const json_t *v)
{
	const json_t *one;
	const char *key;
	size_t i;

	for (i = 0; (one = json_array_get(v, i)) != NULL; i++)
		check_refs(one);
	if (!json_is_object(v))
		return;
	if (!CHECK(follow(v) != NULL))
		printf("# %s\n", json_string_value(json_object_get(v, "$ref")));
	json_object_foreach((json_t *)v, key, one)
	{
		check_refs(one);
	}
}

static void schemas_are_closed_and_explained(void)
{
	const json_t *one;
	const char *name;

	json_object_foreach((json_t *)at(doc, "components", "schemas"), name, one)
	{
		check_schema(one, name);
	}
	check_refs(doc);
}

/* ---- replies ---- */

static struct rig_stats rig;
static struct device_stats devices[DEVICE_STATES];
static struct pool_status pools[POOL_ACTIVE + 1];
static struct api_event events[ALARM_EVENTS + 1];
static struct api_view view;

static void begin_view(void)
{
	unsigned i;

	memset(&rig, 0, sizeof rig);
	memset(devices, 0, sizeof devices);
	memset(pools, 0, sizeof pools);
	memset(events, 0, sizeof events);
	rig.devices = devices;
	rig.latency_ms = rig.turnaround_ms = rig.submit_ms = -1;
	for (i = 0; i < DEVICE_STATES; i++) {
		snprintf(devices[i].id, sizeof devices[i].id, "sim:%u", i);
		devices[i].state = (enum device_state)i;
		devices[i].temperature_c = devices[i].memory_c = devices[i].fan_percent =
			STAT_UNKNOWN;
		devices[i].power_w = devices[i].limit_w = STAT_UNKNOWN;
		devices[i].hotspot_c = devices[i].core_mhz = devices[i].memory_mhz = STAT_UNKNOWN;
		devices[i].util_percent = STAT_UNKNOWN;
	}
	view = (struct api_view){.rig = &rig, .active_pool = -1, .version = "1.2.3"};
}

/* Every number is huge or no number at all, every text is there and bad. */
static void fill_view(double number)
{
	unsigned i;

	rig.n_devices = DEVICE_STATES;
	rig.rate_10s = rig.rate_60s = rig.rate_15m = rig.difficulty = number;
	rig.best_difficulty = rig.latency_ms = rig.turnaround_ms = rig.submit_ms = number;
	rig.height = rig.jobs = rig.blocks = UINT64_MAX;
	rig.shares = (struct share_counts){UINT64_MAX, UINT64_MAX, UINT64_MAX,
					   UINT64_MAX, UINT64_MAX, number};
	rig.n_reasons = REJECT_REASONS_MAX;
	str_copy(rig.algo, sizeof rig.algo, "any");
	str_copy(rig.pool, sizeof rig.pool, "\xff\x01 bad");
	str_copy(rig.pool_state, sizeof rig.pool_state, "connected");
	for (i = 0; i < REJECT_REASONS_MAX; i++)
		rig.reasons[i] = (struct reject_reason){"\xff\"\\\n", UINT64_MAX};
	for (i = 0; i < DEVICE_STATES; i++) {
		struct device_stats *d = &devices[i];

		d->shares = rig.shares;
		d->rate_10s = d->rate_60s = d->rate_15m = number;
		d->hashes = d->restarts = d->energy_j = UINT64_MAX;
		d->permille = d->duty_permille = 1000;
		d->left_s = UINT32_MAX;
		d->temperature_c = d->memory_c = d->hotspot_c = -40;
		d->fan_percent = d->power_w = d->limit_w = d->core_mhz = INT32_MAX;
		d->memory_mhz = d->util_percent = INT32_MAX;
		d->intensity = 40;
		d->share_rate = d->share_high = 1e300;
		str_copy(d->reason, sizeof d->reason, "\xff\x01 bad");
	}
	for (i = 0; i <= POOL_ACTIVE; i++) {
		pools[i].state = (enum pool_state)i;
		pools[i].difficulty = number;
		pools[i].height = pools[i].connects = pools[i].drops = UINT64_MAX;
	}
	for (i = 0; i <= ALARM_EVENTS; i++) {
		events[i] = (struct api_event){
			.id = i + 1, .at_ms = INT64_MAX, .severity = "iwe"[i % 3]};
		str_copy(events[i].name, sizeof events[i].name,
			 i && i < ALARM_EVENTS ? alarm_name((int)i) : "share");
	}
	view.pools = pools;
	view.n_pools = POOL_ACTIVE + 1;
	view.active_pool = POOL_ACTIVE;
	view.events = events;
	view.n_events = ALARM_EVENTS + 1;
	view.now_ms = view.started_ms = INT64_MAX;
}

static const json_t *schema_of(const char *name)
{
	return at(find(json_object_get(doc, "methods"), "name", name), "result", "schema");
}

static const json_t *component(const char *name)
{
	return json_object_get(at(doc, "components", "schemas"), name);
}

/* The reply to a method without parameters, against its schema; a refusal against that of errors.
 */
static void check_reply(const struct api_call *call, const struct rpc_method *m)
{
	const struct rpc rpc = {.call = call};
	json_t *request =
		json_pack("{s:s, s:s, s:i}", "jsonrpc", "2.0", "method", m->name, "id", 7);
	json_t *reply = rpc_answer(&rpc, request);
	const json_t *result = json_object_get(reply, "result");

	if (!CHECK(result ? fits(component("Reply"), reply) && fits(schema_of(m->name), result)
			  : fits(component("ErrorReply"), reply)))
		printf("# %s\n", m->name);
	if (!m->write && !m->params[0] && call->right)
		CHECK(result != NULL);
	json_decref(request);
	json_decref(reply);
}

static json_t *config(void *arg, bool full)
{
	(void)arg;
	return json_pack("{s:{s:[{s:s, s:s, s:b}], s:n, s:b, s:[s], s:f, s:s}}", "settings",
			 "pools", "url", "u", "user", full ? "user" : "u...r", "disabled", 0, "a",
			 "b", 1, "c", "d", "e-f", 0.5, "g", "h");
}

static json_t *algorithms(void *arg)
{
	(void)arg;
	return json_pack("[{s:s, s:s, s:s, s:i, s:i, s:[]}]", "name", "any", "aliases", "", "title",
			 "t", "header_bytes", 80, "nonce_bytes", 4, "settings");
}

static void check_replies(void)
{
	static const struct api_actions actions = {.config = config, .algorithms = algorithms};
	enum api_right right;
	const struct rpc_method *m;

	for (right = API_NOTHING; right <= API_WRITE; right++)
		for (m = rpc_methods; m->name; m++) {
			const struct api_call call = {
				.view = &view, .actions = &actions, .right = right};

			check_reply(&call, m);
		}
}

static void replies_fit_when_nothing_is_known(void)
{
	begin_view();
	check_replies();
	rig.n_devices = DEVICE_STATES;
	check_replies();
}

static void replies_fit_when_everything_is_extreme(void)
{
	static const double numbers[] = {1e300, 0, -1, INFINITY, NAN};
	size_t i;

	for (i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
		begin_view();
		fill_view(numbers[i]);
		check_replies();
	}
}

int main(void)
{
	doc = api_discover(NULL, NULL);
	if (!doc)
		T_GIVE_UP("src/api/openrpc.json is no JSON");
	T_RUN(the_reader_refuses_what_does_not_fit);
	T_RUN(the_document_is_whole);
	T_RUN(methods_are_those_of_the_program);
	T_RUN(error_codes_are_those_of_the_program);
	T_RUN(events_are_those_of_the_program);
	T_RUN(schemas_are_closed_and_explained);
	T_RUN(replies_fit_when_nothing_is_known);
	T_RUN(replies_fit_when_everything_is_extreme);
	json_decref(doc);
	return t_done();
}
