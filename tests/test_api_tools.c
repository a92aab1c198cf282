/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The dialects of other miners: one made-up rig, and every answer as its document has it. */
#include "src/api/tool.h"
#include "tests/t.h"

/* Names and reasons as a hostile driver or pool would choose them. */
#define EVIL "Evil|GPU=9,\"x\";KHS=1\\\n\x1b[31m\xff"

static struct device_info infos[3] = {
	{.backend = "cuda",
	 .index = 1,
	 .name = "Some GPU",
	 .vendor = "Some",
	 .uuid = "GPU-1",
	 .driver = "550.1"},
	{.backend = "opencl", .name = EVIL, .vendor = EVIL, .uuid = EVIL},
	{.backend = "cpu", .name = "Some CPU", .cpu = 1},
};
static const struct device_info *const info[3] = {&infos[0], &infos[1], &infos[2]};

#define UNSENSED                                                                                   \
 .temperature_c = STAT_UNKNOWN, .memory_c = STAT_UNKNOWN, .fan_percent = STAT_UNKNOWN,             \
 .power_w = STAT_UNKNOWN, .limit_w = STAT_UNKNOWN

/* In PCI order: the parked one, the mining one, the CPU. */
static struct device_stats devices[3] = {
	{.id = "cuda:1",
	 .pci = "0000:0a:00.0",
	 .name = "Some GPU",
	 .state = DEVICE_MINING,
	 .rate_10s = 30.71e6,
	 .rate_60s = 30.7e6,
	 .rate_15m = 30.6e6,
	 .shares = {.accepted = 60,
		    .rejected = 1,
		    .stale = 2,
		    .invalid = 3,
		    .accepted_difficulty = 240},
	 .hashes = 305934000,
	 .restarts = 1,
	 .temperature_c = 61,
	 .memory_c = 80,
	 .fan_percent = 55,
	 .power_w = 181,
	 .limit_w = 220},
	{.id = "opencl:0",
	 .pci = "0000:01:00.0",
	 .name = EVIL,
	 .state = DEVICE_PARKED,
	 .reason = EVIL,
	 .rate_60s = 29e6,
	 .rate_15m = 29e6,
	 UNSENSED},
	{.id = "cpu:0",
	 .name = "Some CPU",
	 .state = DEVICE_MINING,
	 .rate_10s = 1500,
	 .rate_60s = 1500,
	 .rate_15m = 1500,
	 .shares = {.accepted = 4, .accepted_difficulty = 16},
	 UNSENSED},
};
static struct rig_stats rig = {
	.algo = "kawpow",
	.difficulty = 4,
	.height = 123456,
	.jobs = 40,
	.blocks = 1,
	.uptime_ms = 4983000,
	.rate_10s = 30711500,
	.rate_60s = 30701500,
	.rate_15m = 30601500,
	.shares = {.accepted = 64,
		   .rejected = 1,
		   .stale = 2,
		   .invalid = 3,
		   .lost = 1,
		   .accepted_difficulty = 256},
	.best_difficulty = 812,
	.latency_ms = 41,
	.devices = devices,
	.n_devices = 3,
};
static const struct pool_status pools[2] = {
	{.url = "stratum+tcp://pool.example:4444",
	 .user = "0xab...rig7",
	 .state = POOL_ACTIVE,
	 .difficulty = 4,
	 .height = 123456,
	 .connects = 2,
	 .drops = 1,
	 .jobs = 40},
	{.url = "stratum+ssl://spare.example:5555/" EVIL, .user = EVIL, .state = POOL_STANDBY},
};
static const struct api_event events[2] = {
	{.id = 1, .at_ms = 1760004971000, .device = "cuda:1", .name = "share"},
	{.id = 2, .at_ms = 1760004980000, .device = "opencl:0", .name = "parked"},
};
static const struct api_view view = {
	.rig = &rig,
	.info = info,
	.pools = pools,
	.n_pools = 2,
	.events = events,
	.n_events = 2,
	.now_ms = 1760004983000,
	.started_ms = 1760000000000,
	.version = "0.1.0",
};

static char done[64]; /* what was asked to be done */

static int do_pause(void *arg, int device, bool on, struct err *err)
{
	(void)arg;
	if (device == 2)
		return err_set(err, ERR_BUSY, "not now|\n\"");
	snprintf(done, sizeof done, "pause %d %d", device, on);
	return 0;
}

static int do_restart(void *arg, unsigned device, struct err *err)
{
	(void)arg;
	(void)err;
	snprintf(done, sizeof done, "restart %u", device);
	return 0;
}

static int do_intensity(void *arg, unsigned device, uint32_t log2, struct err *err)
{
	(void)arg;
	(void)err;
	snprintf(done, sizeof done, "intensity %u %u", device, log2);
	return 0;
}

static int do_quit(void *arg, struct err *err)
{
	(void)arg;
	(void)err;
	snprintf(done, sizeof done, "quit");
	return 0;
}

static const struct api_actions actions = {
	.pause = do_pause, .restart = do_restart, .set_intensity = do_intensity, .quit = do_quit};
static const struct api_call reader = {.view = &view, .actions = &actions, .right = API_READ};
static const struct api_call writer = {.view = &view, .actions = &actions, .right = API_WRITE};
static const struct api_call nobody = {.view = &view, .actions = &actions};

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
	done[0] = '\0';
	CHECK_HAS(claymore(&reader, PAUSE("1", "true"), 0), "-32601");
	CHECK_STR(done, "");
	CHECK_STR(claymore(&writer, PAUSE("1", "true"), 0),
		  "{\"id\":1,\"jsonrpc\":\"2.0\",\"result\":true}\n");
	CHECK_STR(done, "pause 0 1");
	claymore(&writer, PAUSE("0", "false"), 0);
	CHECK_STR(done, "pause 1 0");
	CHECK_HAS(claymore(&writer, PAUSE("2", "true"), 0),
		  "\"code\":-422,\"message\":\"not now|?\\\"\"");
	CHECK_HAS(claymore(&writer, PAUSE("3", "true"), 0), "-422");
	CHECK_HAS(claymore(&writer, PAUSE("-1", "true"), 0), "-422");
	CHECK_HAS(claymore(&writer, PAUSE("\"1\"", "true"), 0), "-32602");
	CHECK_HAS(claymore(&writer, ASK("miner_pausegpu"), 0), "-32602");
	CHECK_STR(done, "pause 1 0");
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
	CHECK_HAS(cg(&reader, "check|addpool"), "COMMAND,Exists=N,Access=N|");
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

	done[0] = '\0';
	for (i = 0; i < sizeof all / sizeof all[0]; i++)
		CHECK_HAS(cg(&reader, all[i]), "STATUS=E,When=1760004983,Code=45,");
	CHECK_HAS(cg(&writer, "quit+summary"), "CMD=quit|STATUS=E,When=1760004983,Code=45,");
	CHECK_STR(done, "");
	CHECK_HAS(cg(&writer, "gpudisable|1"), "STATUS=S,When=1760004983,Code=12,");
	CHECK_STR(done, "pause 0 1");
	cg(&writer, "gpuenable|0");
	CHECK_STR(done, "pause 1 0");
	CHECK_HAS(cg(&writer, "gpudisable|2"),
		  "STATUS=E,When=1760004983,Code=14,Msg=not now\\|?\"");
	cg(&writer, "{\"command\":\"gpurestart\",\"parameter\":\"0\"}");
	CHECK_STR(done, "restart 1");
	cg(&writer, "gpuintensity|1,20");
	CHECK_STR(done, "intensity 0 20");
	CHECK_HAS(cg(&writer, "gpuintensity|1"), "Code=28,");
	CHECK_HAS(cg(&writer, "gpuintensity|1,x"), "Code=31,");
	CHECK_HAS(cg(&writer, "addpool|a,b,c"), "Code=14,");
	CHECK_STR(cg(&writer, "quit"), "BYE");
	CHECK_STR(done, "quit");
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
	CHECK_STR(ccminer(&writer, "quit", -ERR_UNKNOWN), "");
	CHECK_STR(ccminer(&writer, "", -ERR_UNKNOWN), "");
	CHECK_STR(ccminer(&writer, "summaryx", -ERR_UNKNOWN), "");
	CHECK_STR(ccminer(&nobody, "summary", -ERR_PERM), "");
}

static const char *http(const struct api_call *call, const char *path, int want)
{
	struct evbuffer *out = evbuffer_new();
	const char *text;

	CHECK_INT(api_tool_http(call, path, out), want);
	text = text_of(out);
	evbuffer_free(out);
	return text;
}

static void http_paths_answer_as_documented(void)
{
	check_golden(http(&reader, "/2/summary", 0), "xmrig2");
	check_golden(http(&reader, "/1/summary", 0), "xmrig1");
	check_golden(http(&reader, "/api.json?x=1", 0), "xmrig1");
	check_golden(http(&reader, "/mmpos", 0), "mmpos");
	check_golden(http(&reader, "/summary?sid=1", 0), "trex");
	CHECK_STR(http(&writer, "/mmposs", -ERR_UNKNOWN), "");
	CHECK_STR(http(&writer, "", -ERR_UNKNOWN), "");
	CHECK_STR(http(&nobody, "/mmpos", -ERR_PERM), "");
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
	T_RUN(ccminer_answers_as_documented);
	T_RUN(http_paths_answer_as_documented);
	return t_done();
}
