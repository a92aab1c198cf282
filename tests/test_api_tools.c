/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The dialects of other miners: one made-up rig, and every answer as its document has it. */
#include <strings.h>

#include "src/api/kept.h"
#include "src/api/tool.h"
#include "tests/api_rig.h"
#include "tests/t.h"

static const struct api_call reader = {
	.view = &rig_view, .actions = &rig_actions, .right = API_READ};
static const struct api_call writer = {
	.view = &rig_view, .actions = &rig_actions, .right = API_WRITE};
static const struct api_call nobody = {.view = &rig_view, .actions = &rig_actions};

/* What is in the buffer, which is emptied.  Borrowed until the next call. */
static const char *text_of(struct evbuffer *buffer)
{
	static char text[65536];
	size_t len = evbuffer_get_length(buffer);

	if (!CHECK(len < sizeof text))
		len = 0;
	evbuffer_remove(buffer, text, len);
	text[len] = '\0';
	return text;
}

/* Without the NUL that the answer must end with. */
static const char *text_before_nul(struct evbuffer *buffer)
{
	size_t len = evbuffer_get_length(buffer);
	const char *text = text_of(buffer);

	CHECK(len && !memchr(text, '\0', len - 1) && text[len - 1] == '\0');
	return text;
}

static void check_golden(const char *got, const char *name)
{
	const char *top = getenv("top_srcdir");
	static char want[65536];
	char path[4096];
	size_t len = 0;
	FILE *f;

	snprintf(path, sizeof path, "%s/tests/api/%s.golden", top ? top : ".", name);
	f = fopen(path, "rb");
	if (CHECK(f)) {
		len = fread(want, 1, sizeof want - 1, f);
		fclose(f);
	}
	want[len] = '\0';
	if (!CHECK_STR(got, want))
		printf("\tof %s\n", path);
}

static void check_json(const char *text)
{
	json_error_t e;
	json_t *v = json_loads(text, JSON_REJECT_DUPLICATES, &e);

	if (!CHECK(v))
		printf("\t%s\n", e.text);
	json_decref(v);
}

static const char *claymore(const struct api_call *call, const char *request, int want)
{
	struct evbuffer *out = evbuffer_new();
	json_t *v = json_loads(request, JSON_DECODE_ANY, NULL);
	const char *text;

	CHECK(v);
	CHECK_INT(api_claymore(call, v, out), want);
	text = text_of(out);
	evbuffer_free(out);
	json_decref(v);
	return text;
}

#define ASK(method) "{\"id\":0,\"jsonrpc\":\"2.0\",\"method\":\"" method "\"}"

static void claymore_answers_as_documented(void)
{
	check_golden(claymore(&reader, ASK("miner_getstat1"), 0), "getstat1");
	check_golden(claymore(&reader, ASK("miner_getstat2"), 0), "getstat2");
	check_golden(claymore(&reader, ASK("miner_getstatdetail"), 0), "getstatdetail");
	check_json(claymore(&reader, ASK("miner_getstatdetail"), 0));
	CHECK_STR(claymore(&reader, ASK("miner_ping"), 0),
		  "{\"id\":0,\"jsonrpc\":\"2.0\",\"result\":\"pong\"}\n");
	CHECK_STR(claymore(&reader,
			   "{\"id\":\"a\\\"\",\"jsonrpc\":\"2.0\",\"method\":\"miner_ping\"}", 0),
		  "{\"id\":\"a\\\"\",\"jsonrpc\":\"2.0\",\"result\":\"pong\"}\n");
}

static void claymore_refuses_what_is_not_its_own_or_not_whole(void)
{
	CHECK_STR(claymore(&writer, ASK("miner_file"), -ERR_UNKNOWN), "");
	CHECK_STR(claymore(&writer, "[]", -ERR_UNKNOWN), "");
	CHECK_STR(claymore(&writer, "{\"method\":5}", -ERR_UNKNOWN), "");
	CHECK_HAS(claymore(&reader, "{\"jsonrpc\":\"2.0\",\"method\":\"miner_ping\"}", 0),
		  "{\"id\":null,\"jsonrpc\":\"2.0\",\"error\":{\"code\":-32600,");
	CHECK_HAS(claymore(&reader, "{\"id\":-1,\"jsonrpc\":\"2.0\",\"method\":\"miner_ping\"}", 0),
		  "-32600");
	CHECK_HAS(claymore(&reader, "{\"id\":1,\"jsonrpc\":2.0,\"method\":\"miner_ping\"}", 0),
		  "-32600");
	CHECK_HAS(claymore(&nobody, ASK("miner_getstat1"), 0), "\"code\":-403");
}

#define PAUSE(index, on)                                                                           \
 "{\"id\":1,\"jsonrpc\":\"2.0\",\"method\":\"miner_pausegpu\",\"params\":{\"index\":" index        \
 ",\"pause\":" on "}}"

static void claymore_pauses_the_card_of_that_place_for_a_writer(void)
{
	rig_done[0] = '\0';
	CHECK_HAS(claymore(&reader, PAUSE("1", "true"), 0), "-32601");
	CHECK_STR(rig_done, "");
	CHECK_STR(claymore(&writer, PAUSE("1", "true"), 0),
		  "{\"id\":1,\"jsonrpc\":\"2.0\",\"result\":true}\n");
	CHECK_STR(rig_done, "pause 0 1");
	claymore(&writer, PAUSE("0", "false"), 0);
	CHECK_STR(rig_done, "pause 1 0");
	CHECK_HAS(claymore(&writer, PAUSE("2", "true"), 0),
		  "\"code\":-422,\"message\":\"not now|?\\\"\"");
	CHECK_HAS(claymore(&writer, PAUSE("3", "true"), 0), "-422");
	CHECK_HAS(claymore(&writer, PAUSE("-1", "true"), 0), "-422");
	CHECK_HAS(claymore(&writer, PAUSE("\"1\"", "true"), 0), "-32602");
	CHECK_HAS(claymore(&writer, ASK("miner_pausegpu"), 0), "-32602");
	CHECK_STR(rig_done, "pause 1 0");
}

static const char *cgminer(const struct api_call *call, const char *request, size_t len)
{
	struct evbuffer *out = evbuffer_new();
	const char *text;

	CHECK_INT(api_cgminer(call, request, len, out), 0);
	text = text_before_nul(out);
	evbuffer_free(out);
	if (len && request[0] == '{')
		check_json(text);
	return text;
}

static const char *cg(const struct api_call *call, const char *request)
{
	return cgminer(call, request, strlen(request));
}

static void cgminer_answers_as_documented(void)
{
	check_golden(cg(&reader, "summary\r\n"), "cgminer_summary_text");
	check_golden(cg(&reader, "{\"command\":\"summary\"}"), "cgminer_summary_json");
	check_golden(cg(&reader, "devs"), "cgminer_devs_text");
	check_golden(cg(&reader, "{\"command\":\"devs\"}"), "cgminer_devs_json");
	check_golden(cg(&reader, "pools"), "cgminer_pools_text");
	check_golden(cg(&reader, "notify|"), "cgminer_notify_text");
	check_golden(cg(&reader, "devdetails"), "cgminer_devdetails_text");
	check_golden(cg(&reader, "version+config+coin+stats"), "cgminer_joined_text");
	check_golden(cg(&reader, "{\"command\":\"version+config+coin+stats+version\"}"),
		     "cgminer_joined_json");
}

static void every_read_verb_of_cgminer_is_whole_json(void)
{
	CHECK_HAS(cg(&reader, "{\"command\":\"pools\"}"), "\"POOLS\":[{\"POOL\":0,");
	CHECK_HAS(cg(&reader, "{\"command\":\"notify\"}"), "\"NOTIFY\":[{\"NOTIFY\":0,");
	CHECK_HAS(cg(&reader, "{\"command\":\"devdetails\"}"), "\"Device Path\":\"0a:00.0\"");
	CHECK_HAS(cg(&reader, "{\"command\":\"gpucount\"}"), "\"GPUS\":[{\"Count\":3}],\"id\":1}");
	CHECK_HAS(cg(&reader, "{\"command\":\"gpu\",\"parameter\":1}"), "\"GPU\":[{\"GPU\":1,");
	CHECK_HAS(cg(&reader, "{\"command\":\"gpu\",\"parameter\":\"1\"}"), "\"GPU\":[{\"GPU\":1,");
	CHECK_HAS(cg(&reader, "{\"command\":\"gpu\",\"parameter\":1.0}"), "\"GPU\":[{\"GPU\":1,");
	CHECK_HAS(cg(&reader, "{\"command\":\"check\",\"parameter\":\"quit\"}"),
		  "\"COMMAND\":[{\"Exists\":\"Y\",\"Access\":\"N\"}]");
	CHECK_HAS(cg(&writer, "check|quit"), "COMMAND,Exists=Y,Access=Y|");
	CHECK_HAS(cg(&reader, "check|gpuvddc"), "COMMAND,Exists=N,Access=N|");
}

static void cgminer_bounds_what_it_is_asked(void)
{
	char big[CGMINER_REQUEST_MAX];

	memset(big, '+', sizeof big);
	CHECK_HAS(cgminer(&reader, big, sizeof big), "Code=14,");
	CHECK_HAS(cgminer(&reader, big, sizeof big - 1), "Code=14,");
	big[0] = '{';
	CHECK_HAS(cgminer(&reader, big, sizeof big - 1), "\"Code\":23,");
	CHECK_HAS(cgminer(&reader, "sum\0mary", 8), "Code=14,");
	CHECK_HAS(cgminer(&reader, "", 0), "Code=14,");
	CHECK_HAS(cg(&reader, "{}"), "\"Code\":24,");
	CHECK_HAS(cg(&reader, "{\"command\":\"a\\\"|b\"}"), "\"Code\":14,");
	CHECK_HAS(cg(&reader, "gpu|3"), "STATUS=E,When=1760004983,Code=1,");
	CHECK_HAS(cg(&reader, "gpu|-1"), "Code=1,");
	CHECK_HAS(cg(&reader, "gpu|x\\|,="), "Code=1,Msg=Invalid GPU id x\\\\\\|\\,\\= -");
	CHECK_HAS(cg(&reader, "gpu"), "Code=15,");
	CHECK_HAS(cg(&nobody, "summary"), "Code=45,");
	CHECK_HAS(cg(&nobody, "nothing"), "Code=45,");
}

static void cgminer_does_for_a_writer_what_it_denies_a_reader(void)
{
	static const char *const all[] = {"quit",          "gpudisable|1",      "gpurestart|1",
					  "addpool|a,b,c", "gpuintensity|1,20", "privileged",
					  "save|/tmp/x"};
	size_t i;

	rig_done[0] = '\0';
	for (i = 0; i < sizeof all / sizeof all[0]; i++)
		CHECK_HAS(cg(&reader, all[i]), "STATUS=E,When=1760004983,Code=45,");
	CHECK_HAS(cg(&writer, "quit+summary"), "CMD=quit|STATUS=E,When=1760004983,Code=45,");
	CHECK_STR(rig_done, "");
	CHECK_HAS(cg(&writer, "gpudisable|1"), "STATUS=S,When=1760004983,Code=12,");
	CHECK_STR(rig_done, "pause 0 1");
	cg(&writer, "gpuenable|0");
	CHECK_STR(rig_done, "pause 1 0");
	CHECK_HAS(cg(&writer, "gpudisable|2"),
		  "STATUS=E,When=1760004983,Code=14,Msg=not now\\|?\"");
	cg(&writer, "{\"command\":\"gpurestart\",\"parameter\":\"0\"}");
	CHECK_STR(rig_done, "restart 1");
	cg(&writer, "gpuintensity|1,20");
	CHECK_STR(rig_done, "intensity 0 20");
	CHECK_HAS(cg(&writer, "gpuintensity|1"), "Code=28,");
	CHECK_HAS(cg(&writer, "gpuintensity|1,x"), "Code=31,");
	CHECK_STR(cg(&writer, "quit"), "BYE");
	CHECK_STR(rig_done, "quit");
}

static void cgminer_switches_adds_and_disables_pools_for_a_writer(void)
{
	rig_done[0] = '\0';
	CHECK_HAS(cg(&writer, "switchpool|1"),
		  "Code=27,Msg=Switching to pool 1:'stratum+ssl://spare");
	CHECK_STR(rig_done, "switch 1");
	CHECK_HAS(cg(&writer, "switchpool|2"), "Code=26,");
	CHECK_HAS(cg(&writer, "switchpool"), "Code=25,");
	CHECK_HAS(cg(&writer, "enablepool|1"), "Code=47,");
	CHECK_STR(rig_done, "enable 1 1");
	CHECK_HAS(cg(&writer, "disablepool|0"), "Code=48,");
	CHECK_STR(rig_done, "enable 0 0");
	CHECK_HAS(cg(&writer, "disablepool|1"),
		  "STATUS=E,When=1760004983,Code=26,Msg=the last one,");
	CHECK_HAS(cg(&writer, "addpool|a\\,b,c\\\\,d"), "Code=55,Msg=Added pool 2:'a\\,b'");
	CHECK_STR(rig_done, "add a,b c\\ d");
	rig_done[0] = '\0';
	CHECK_HAS(cg(&writer, "poolpriority|1,0"), "Code=73,");
	CHECK_STR(rig_done, "1>0 1>1 ");
	rig_done[0] = '\0';
	CHECK_HAS(cg(&writer, "poolpriority|1,1"), "Code=74,");
	CHECK_HAS(cg(&writer, "poolpriority|0,2"), "Code=26,");
	CHECK_HAS(cg(&writer, "poolpriority|0,"), "Code=25,");
	CHECK_HAS(cg(&writer, "poolpriority"), "Code=25,");
	CHECK_STR(rig_done, "");
	CHECK_HAS(cg(&writer, "addpool|a,b"), "Code=53,");
	CHECK_HAS(cg(&writer, "addpool|a,b,c,d"), "Code=53,");
	CHECK_HAS(cg(&writer, "addpool"), "Code=52,");
}

static void what_the_rig_cannot_do_is_refused(void)
{
	static const struct api_actions none;
	const struct api_call call = {.view = &rig_view, .actions = &none, .right = API_WRITE};
	static const char *const all[] = {"quit",         "gpuenable|0",      "gpudisable|0",
					  "gpurestart|0", "gpuintensity|0,9", "switchpool|0",
					  "enablepool|0", "disablepool|0",    "addpool|a,b,c",
					  "removepool|0", "poolpriority|0"};
	size_t i;

	for (i = 0; i < sizeof all / sizeof all[0]; i++)
		CHECK_HAS(cg(&call, all[i]), "Code=14,Msg=Not possible on this rig,");
}

static const char *ccminer(const struct api_call *call, const char *request, int want)
{
	struct evbuffer *out = evbuffer_new();
	const char *text;

	CHECK_INT(api_ccminer(call, request, strlen(request), out), want);
	text = want ? text_of(out) : text_before_nul(out);
	evbuffer_free(out);
	return text;
}

static void ccminer_answers_as_documented(void)
{
	check_golden(ccminer(&reader, "summary\r\n", 0), "ccminer_summary");
	check_golden(ccminer(&reader, "threads|", 0), "ccminer_threads");
	check_golden(ccminer(&reader, "pool", 0), "ccminer_pool");
	check_golden(ccminer(&reader, "pool|1", 0), "ccminer_pool_1");
	check_golden(ccminer(&reader, "histo", 0), "ccminer_histo");
	check_golden(ccminer(&reader, "hwinfo", 0), "ccminer_hwinfo");
	CHECK_HAS(ccminer(&reader, "histo|1", 0), "GPU=1;H=123456;KHS=30600.00;");
	CHECK_HAS(ccminer(&reader, "meminfo", 0), "STATS=3;HASHLOG=2;MEM=");
	CHECK_HAS(ccminer(&reader, "help", 0), "summary\nthreads\npool\n");
	CHECK_STR(ccminer(&writer, "quit", -ERR_UNKNOWN), "");
	CHECK_STR(ccminer(&writer, "", -ERR_UNKNOWN), "");
	CHECK_STR(ccminer(&writer, "summaryx", -ERR_UNKNOWN), "");
	CHECK_STR(ccminer(&reader, "pool|2", -ERR_UNKNOWN), "");
	CHECK_STR(ccminer(&reader, "pool|-1", -ERR_UNKNOWN), "");
	CHECK_STR(ccminer(&reader, "histo|99999999999", -ERR_UNKNOWN), "");
	CHECK_STR(ccminer(&nobody, "summary", -ERR_PERM), "");
}

static const char *text(const struct api_call *call, const char *request)
{
	struct evbuffer *out = evbuffer_new();
	const char *answer;

	CHECK_INT(api_tool_text(call, request, strlen(request), out), 0);
	answer = text_before_nul(out);
	evbuffer_free(out);
	return answer;
}

static void text_is_answered_in_the_dialect_of_its_verb(void)
{
	check_golden(text(&reader, "summary\n"), "text_summary");
	check_golden(text(&reader, "summary|"), "ccminer_summary");
	check_golden(text(&reader, "threads"), "ccminer_threads");
	check_golden(text(&reader, "pools"), "cgminer_pools_text");
	CHECK_HAS(text(&reader, "pool|7"), "STATUS=E,When=1760004983,Code=14,");
	CHECK_HAS(text(&reader, "summary+devs"), "CMD=summary|STATUS=S,");
	CHECK_HAS(text(&nobody, "threads"), "Code=45,");
	CHECK_HAS(text(&nobody, "summary"), "Code=45,");
}

static const char *object(const char *request, int want)
{
	struct evbuffer *out = evbuffer_new();
	json_t *v = json_loads(request, 0, NULL);
	const char *answer;

	CHECK_INT(api_tool_object(&reader, v, out), want);
	answer = text_of(out);
	evbuffer_free(out);
	json_decref(v);
	return answer;
}

static void an_object_is_answered_by_whoever_knows_it(void)
{
	check_golden(object("{\"id\":\"0\",\"method\":\"getstat\"}", 0), "ewbf");
	CHECK_HAS(object("{\"method\":\"getstat\",\"id\":[1]}", 0), "{\"id\":null,");
	CHECK_HAS(object(ASK("miner_ping"), 0), "\"pong\"");
	CHECK_HAS(object("{\"command\":\"summary\"}", 1), "{\"STATUS\":[");
	CHECK_STR(object("{\"method\":\"getstats\"}", -ERR_UNKNOWN), "");
	CHECK_STR(object("{\"command\":1}", -ERR_UNKNOWN), "");
}

static const char *http(const struct api_call *call, const char *path, int want)
{
	struct evbuffer *out = evbuffer_new();
	const char *answer;

	CHECK_INT(api_tool_http(call, path, out), want);
	answer = text_of(out);
	evbuffer_free(out);
	if (!want)
		check_json(answer);
	return answer;
}

static void http_paths_answer_as_documented(void)
{
	check_golden(http(&reader, "/2/summary", 0), "xmrig2");
	check_golden(http(&reader, "/1/summary", 0), "xmrig1");
	check_golden(http(&reader, "/api.json?x=1", 0), "xmrig1");
	check_golden(http(&reader, "/2/backends", 0), "xmrig_backends");
	check_golden(http(&reader, "/mmpos", 0), "mmpos");
	check_golden(http(&reader, "/", 0), "lolminer");
	check_golden(http(&reader, "/summary?sid=1", 0), "trex");
	check_golden(http(&reader, "/stat", 0), "stat");
	check_golden(http(&reader, "/api/v1/status", 0), "nbminer");
	CHECK_STR(http(&writer, "/mmposs", -ERR_UNKNOWN), "");
	CHECK_STR(http(&writer, "", -ERR_UNKNOWN), "");
	CHECK_STR(http(&nobody, "/mmpos", -ERR_PERM), "");
}

/* Readers that fold case must not see a name twice. */
static void no_object_has_a_name_in_two_cases(void)
{
	static const char *const paths[] = {"/", "/summary", "/stat", "/2/summary"};
	const char *a, *b;
	json_t *v, *x, *y;
	size_t i;

	for (i = 0; i < sizeof paths / sizeof paths[0]; i++) {
		v = json_loads(http(&reader, paths[i], 0), 0, NULL);
		json_object_foreach(v, a, x)
		{
			json_object_foreach(v, b, y)
			{
				CHECK(a == b || strcasecmp(a, b) != 0);
			}
		}
		json_decref(v);
	}
}

static const char *kept(const struct kept *k, const char *key, int *rc)
{
	struct evbuffer *out = evbuffer_new();
	const char *got;

	evbuffer_add(out, "head ", 5);
	got = kept_get(k, key, out, rc) ? text_of(out) : "nothing";
	evbuffer_free(out);
	return got;
}

static void keep(struct kept *k, const char *key, const char *answer, int rc)
{
	struct evbuffer *out = evbuffer_new();

	evbuffer_add(out, "before ", 7);
	evbuffer_add(out, answer, strlen(answer));
	kept_put(k, key, out, 7, rc);
	CHECK_STR(text_of(out) + 7, answer);
	evbuffer_free(out);
}

static void an_answer_is_kept_until_the_snapshot_is_another(void)
{
	struct kept k = {.next = 0};
	char key[KEPT_KEY_MAX + 1];
	int rc = 7, i;

	CHECK_STR(kept(&k, "a", &rc), "nothing");
	keep(&k, "a", "answer", 1);
	keep(&k, "b", "", 0);
	CHECK_STR(kept(&k, "a", &rc), "head answer");
	CHECK_INT(rc, 1);
	CHECK_STR(kept(&k, "b", &rc), "nothing");
	CHECK_STR(kept(&k, "", &rc), "nothing");
	memset(key, 'k', sizeof key - 1);
	key[sizeof key - 1] = '\0';
	keep(&k, key, "too long", 0);
	CHECK_STR(kept(&k, key, &rc), "nothing");
	for (i = 0; i < KEPT_SLOTS - 1; i++)
		keep(&k, "c", "a longer answer", 0);
	CHECK_STR(kept(&k, "a", &rc), "head answer");
	keep(&k, "c", "short", 0);
	CHECK_STR(kept(&k, "a", &rc), "nothing");
	kept_void(&k);
	CHECK_STR(kept(&k, "c", &rc), "nothing");
	kept_done(&k);
}

int main(void)
{
	T_RUN(claymore_answers_as_documented);
	T_RUN(claymore_refuses_what_is_not_its_own_or_not_whole);
	T_RUN(claymore_pauses_the_card_of_that_place_for_a_writer);
	T_RUN(cgminer_answers_as_documented);
	T_RUN(every_read_verb_of_cgminer_is_whole_json);
	T_RUN(cgminer_bounds_what_it_is_asked);
	T_RUN(cgminer_does_for_a_writer_what_it_denies_a_reader);
	T_RUN(cgminer_switches_adds_and_disables_pools_for_a_writer);
	T_RUN(what_the_rig_cannot_do_is_refused);
	T_RUN(ccminer_answers_as_documented);
	T_RUN(text_is_answered_in_the_dialect_of_its_verb);
	T_RUN(an_object_is_answered_by_whoever_knows_it);
	T_RUN(http_paths_answer_as_documented);
	T_RUN(no_object_has_a_name_in_two_cases);
	T_RUN(an_answer_is_kept_until_the_snapshot_is_another);
	return t_done();
}
