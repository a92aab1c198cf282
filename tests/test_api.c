/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The API's door: the access rule, the HTTP reader, JSON-RPC, and a real listener on loopback. */
#include <arpa/inet.h>
#include <event2/event.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "src/api/access.h"
#include "src/api/events.h"
#include "src/api/http.h"
#include "src/api/listener.h"
#include "src/api/rpc.h"
#include "src/str.h"
#include "tests/t.h"

#define WRITE_TOKEN "write-token-0123456789"
#define READ_TOKEN  "read-token-0123456789"
#define WRONG_TOKEN "wrong-token-0123456789"

/* ---- a rig ---- */

static struct rig_stats rig;
static struct device_stats devices[2];
static unsigned pauses, quits;
static int last_device;

static int do_pause(void *arg, int device, bool on, struct err *err)
{
	(void)arg;
	(void)err;
	pauses += on;
	last_device = device;
	return 0;
}

static int do_quit(void *arg, struct err *err)
{
	(void)arg;
	quits++;
	return err_set(err, ERR_BUSY, "not now");
}

static const struct api_actions actions = {.pause = do_pause, .quit = do_quit};

static bool hurry; /* slow requests are cut at once */

static void view(void *arg, struct api_view *out)
{
	unsigned i;

	(void)arg;
	memset(&rig, 0, sizeof rig);
	memset(devices, 0, sizeof devices);
	for (i = 0; i < 2; i++) {
		snprintf(devices[i].id, sizeof devices[i].id, "sim:%u", i);
		devices[i].temperature_c = devices[i].memory_c = STAT_UNKNOWN;
		devices[i].fan_percent = devices[i].power_w = devices[i].limit_w = STAT_UNKNOWN;
	}
	devices[1].temperature_c = 0;
	snprintf(devices[1].name, sizeof devices[1].name, "\xff bad UTF-8");
	rig.devices = devices;
	rig.n_devices = 2;
	rig.latency_ms = -1;
	out->rig = &rig;
	out->active_pool = -1;
	out->version = "1.2.3";
}

/* What another miner's tool asks; it may write with the password only. */
static int object(const struct api_call *call, const json_t *request, struct evbuffer *out)
{
	if (!json_object_get(request, "other"))
		return -ERR_UNKNOWN;
	evbuffer_add_printf(out, "right %d", call->right);
	return 1;
}

static int judge(void *arg, const char *token, enum api_right *right)
{
	(void)arg;
	*right = strcmp(token, WRITE_TOKEN) ? API_NOTHING : API_WRITE;
	return *right ? 0 : -ERR_AUTH;
}

/* ---- the rule ---- */

static void set_up(struct access *a, bool loopback, bool write, bool read)
{
	struct err err = {0};

	memset(a, 0, sizeof *a);
	a->loopback = loopback;
	snprintf(a->host, sizeof a->host, loopback ? "127.0.0.1" : "192.0.2.7");
	a->origins = "https://rigs.example";
	CHECK_OK(access_set_token(&a->write, "--api-token", write ? WRITE_TOKEN : NULL, &err),
		 &err);
	CHECK_OK(access_set_token(&a->read, "--api-read-token", read ? READ_TOKEN : NULL, &err),
		 &err);
}

static void the_rule_holds_for_every_row(void)
{
	static const char json[] = "application/json";
	static const struct {
		bool loopback, write, read;
		const char *method, *host, *origin, *type, *token;
		int status;
		enum api_right right;
	} rows[] = {
		{1, 0, 0, "GET", "127.0.0.1:4028", 0, 0, 0, 0, API_READ},
		{1, 0, 0, "GET", "localhost", 0, 0, 0, 0, API_READ},
		{1, 0, 0, "GET", "[::1]:4028", 0, 0, 0, 0, API_READ},
		{1, 0, 0, "GET", NULL, 0, 0, 0, 403, 0},
		{1, 0, 0, "GET", "evil.example:4028", 0, 0, 0, 403, 0},
		{1, 0, 0, "GET", "127.0.0.1.evil.example", 0, 0, 0, 403, 0},
		{1, 0, 0, "GET", "localhost:4028x", 0, 0, 0, 403, 0},
		{1, 0, 0, "GET", "[::1", 0, 0, 0, 403, 0},
		{1, 0, 0, "GET", "", 0, 0, 0, 403, 0},
		{1, 0, 0, "GET", "192.0.2.9", 0, 0, 0, 403, 0},
		{1, 0, 0, "POST", "localhost", 0, json, 0, 0, API_READ},
		{1, 0, 0, "POST", "localhost", 0, "application/json; charset=utf-8", 0, 0,
		 API_READ},
		{1, 1, 0, "POST", "localhost", 0, "text/plain", WRITE_TOKEN, 415, 0},
		{1, 1, 0, "POST", "localhost", 0, "application/jsonp", WRITE_TOKEN, 415, 0},
		{1, 1, 0, "POST", "localhost", 0, NULL, WRITE_TOKEN, 415, 0},
		{1, 0, 0, "POST", "localhost", 0, json, WRITE_TOKEN, 401, 0},
		{1, 1, 0, "POST", "localhost", 0, json, WRITE_TOKEN, 0, API_WRITE},
		{1, 1, 0, "GET", "localhost", 0, 0, WRITE_TOKEN, 0, API_READ},
		{1, 1, 0, "POST", "localhost", 0, json, WRONG_TOKEN, 401, 0},
		{1, 1, 0, "POST", "localhost", 0, json, "", 401, 0},
		{1, 1, 1, "GET", "localhost", 0, 0, 0, 401, 0},
		{1, 1, 1, "POST", "localhost", 0, json, READ_TOKEN, 0, API_READ},
		{1, 1, 0, "GET", "localhost", "http://evil.example", 0, 0, 403, 0},
		{1, 1, 0, "GET", "localhost", "null", 0, 0, 403, 0},
		{1, 1, 0, "POST", "localhost", "http://localhost.evil", json, WRITE_TOKEN, 403, 0},
		{1, 1, 0, "POST", "localhost:1", "http://localhost:1", json, WRITE_TOKEN, 0,
		 API_WRITE},
		{1, 1, 0, "POST", "localhost:1", "http://localhost:2", json, WRITE_TOKEN, 403, 0},
		{1, 1, 0, "GET", "localhost", "https://rigs.example", 0, 0, 0, API_READ},
		{0, 1, 0, "GET", "192.0.2.7", 0, 0, 0, 401, 0},
		{0, 1, 0, "GET", "192.0.2.7", 0, 0, WRITE_TOKEN, 0, API_READ},
		{0, 1, 1, "POST", "192.0.2.7:1", 0, json, READ_TOKEN, 0, API_READ},
		{0, 1, 0, "POST", "192.0.2.8", 0, json, WRITE_TOKEN, 403, 0},
	};
	enum api_right right;
	struct access a;
	size_t i;

	for (i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		const struct access_ask ask = {.method = rows[i].method,
					       .host = rows[i].host,
					       .origin = rows[i].origin,
					       .type = rows[i].type,
					       .token = rows[i].token};

		set_up(&a, rows[i].loopback, rows[i].write, rows[i].read);
		if (!CHECK_INT(access_http(&a, "x", &ask, 0, &right), rows[i].status))
			printf("row %zu\n", i);
		else if (!rows[i].status && !CHECK_INT(right, rows[i].right))
			printf("row %zu\n", i);
	}
}

static void a_browser_says_whose_page_asks(void)
{
	static const char json[] = "application/json", ours[] = "http://localhost:1";
	static const struct {
		const char *method, *origin, *site, *mode, *dest;
		int status;
	} rows[] = {
		{"GET", NULL, "same-origin", "cors", "empty", 0},
		{"GET", NULL, "none", "navigate", "document", 0},
		{"GET", NULL, "cross-site", "navigate", "document", 0}, /* a link */
		{"GET", NULL, "cross-site", "navigate", "iframe", 403},
		{"GET", NULL, "cross-site", "no-cors", "image", 403},
		{"GET", NULL, "cross-site", "no-cors", "script", 403},
		{"GET", NULL, "same-site", "cors", "empty", 403}, /* another port of ours */
		{"GET", NULL, "cross-site", NULL, NULL, 403},
		{"GET", NULL, "what next", "navigate", NULL, 403},
		{"GET", "https://rigs.example", "cross-site", "cors", "empty", 0},
		{"GET", "https://evil.example", "cross-site", "cors", "empty", 403},
		{"POST", NULL, "cross-site", "navigate", "document", 403}, /* a form */
		{"POST", NULL, "same-site", "cors", "empty", 403},
		{"POST", ours, "same-origin", "cors", "empty", 0},
		{"POST", "null", "cross-site", "navigate", "document", 403},
	};
	enum api_right right;
	struct access a;
	size_t i;

	set_up(&a, true, true, false);
	for (i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		const struct access_ask ask = {.method = rows[i].method,
					       .host = "localhost:1",
					       .origin = rows[i].origin,
					       .type = json,
					       .token = WRITE_TOKEN,
					       .site = rows[i].site,
					       .mode = rows[i].mode,
					       .dest = rows[i].dest};

		if (!CHECK_INT(access_http(&a, "x", &ask, 0, &right), rows[i].status))
			printf("row %zu\n", i);
	}
}

static void names_are_ours_when_listed(void)
{
	struct access a;

	set_up(&a, false, true, false);
	CHECK(!access_host_fits(&a, "rig7:4028"));
	CHECK(access_host_fits(&a, "http://127.0.0.1:4028"));
	CHECK(!access_host_fits(&a, "http://evil.example"));
	CHECK(!access_host_fits(&a, "https://http://127.0.0.1"));
	CHECK(!access_host_fits(&a, "http://"));
	a.hosts = "rig7.lan,rig7";
	CHECK(access_host_fits(&a, "rig7:4028"));
	CHECK(access_host_fits(&a, "RIG7.lan"));
	CHECK(!access_host_fits(&a, "rig"));
	CHECK(!access_host_fits(&a, "rig7.lan.evil.example"));
	CHECK(!access_host_fits(&a, "rig7.lan,rig7"));
	CHECK(access_origin_fits(&a, "http://rig7", "rig7"));
	CHECK(!access_origin_fits(&a, "https://rig7", "rig7"));
	a.tls = true;
	CHECK(access_origin_fits(&a, "https://rig7", "rig7"));
	CHECK(!access_origin_fits(&a, "http://rig7", "rig7"));
}

static void beyond_loopback_needs_a_token(void)
{
	struct err err = {0};
	struct access a;

	set_up(&a, false, false, true);
	CHECK_ERR(access_check(&a, "0.0.0.0:4028", &err), ERR_USAGE, &err);
	CHECK_HAS(err.text, "--api-token-file");
	set_up(&a, false, true, false);
	CHECK_INT(access_check(&a, "0.0.0.0:4028", &err), 0);
	CHECK_ERR(access_set_token(&a.write, "--api-token", "short", &err), ERR_RANGE, &err);
	CHECK_LACKS(err.text, "short");
	CHECK_ERR(access_set_token(&a.write, "--api-token", "with blanks in between", &err),
		  ERR_PARSE, &err);
}

static void wrong_tokens_cost_time(void)
{
	enum api_right right;
	struct access a;
	char who[16];
	int i;

	set_up(&a, true, true, false);
	for (i = 0; i < 4; i++)
		CHECK_INT(access_judge(&a, "a", WRONG_TOKEN, 0, &right), -ERR_AUTH);
	CHECK_INT(access_judge(&a, "a", WRITE_TOKEN, 999, &right), -ERR_BUSY);
	CHECK_INT(right, API_NOTHING);
	CHECK_INT(access_judge(&a, "b", WRITE_TOKEN, 999, &right), 0);
	CHECK_INT(access_judge(&a, "a", WRONG_TOKEN, 1000, &right), -ERR_AUTH);
	CHECK_INT(access_judge(&a, "a", WRITE_TOKEN, 2999, &right), -ERR_BUSY);
	CHECK_INT(access_judge(&a, "a", WRITE_TOKEN, 3000, &right), 0);
	for (i = 0; i < 3 * ACCESS_KEPT; i++) { /* the table is bounded */
		snprintf(who, sizeof who, "n%d", i);
		CHECK_INT(access_judge(&a, who, WRONG_TOKEN, 3000, &right), -ERR_AUTH);
	}
}

/* ---- HTTP ---- */

static void ambiguous_requests_are_refused(void)
{
	static const struct {
		const char *text;
		int status;
	} rows[] = {
		{"GET / HTTP/1.1\r\nHost: a\r\n\r\n", 1},
		{"GET / HTTP/1.1\r\nHost: a\r\n", 0},
		{"GE", 0},
		{"POST /rpc HTTP/1.1\r\nContent-Length: 2\r\n\r\n{", 0},
		{"POST /rpc HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}", 1},
		{"POST /rpc HTTP/1.1\r\n\r\n", 411},
		{"POST /rpc HTTP/1.1\r\nContent-Length: 65537\r\n\r\n", 413},
		{"POST /rpc HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n", 413},
		{"POST /rpc HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400},
		{"POST /rpc HTTP/1.1\r\nContent-Length: 0x2\r\n\r\n{}", 400},
		{"POST /rpc HTTP/1.1\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\n{}", 400},
		{"POST /rpc HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", 501},
		{"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400},
		{"GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400},
		{"GET / HTTP/1.1\r\n folded: a\r\n\r\n", 400},
		{"GET / HTTP/1.1\r\nnothing\r\n\r\n", 400},
		{"GET / HTTP/1.1\nHost: a\n\n", 400},
		{"GET / HTTP/1.1\r\nHost: a\rb\r\n\r\n", 400},
		{"GET / HTTP/2.0\r\n\r\n", 505},
		{"GET http://a/ HTTP/1.1\r\n\r\n", 400},
		{"GET /\r\n\r\n", 400},
		{" / HTTP/1.1\r\n\r\n", 400},
		{"\r\n\r\n", 400},
	};
	struct http_request r;
	size_t i;

	for (i = 0; i < sizeof rows / sizeof rows[0]; i++)
		if (!CHECK_INT(http_parse(&r, rows[i].text, strlen(rows[i].text)), rows[i].status))
			printf("row %zu: %s\n", i, rows[i].text);
	CHECK_INT(http_parse(&r, "GET / HTTP/1.1\r\nA: \0\r\n\r\n", 24), 400);
}

static void long_heads_are_refused(void)
{
	static char text[HTTP_HEAD_MAX + 8];
	struct http_request r;

	memset(text, 'a', sizeof text);
	memcpy(text, "GET /", 5);
	CHECK_INT(http_parse(&r, text, HTTP_HEAD_MAX - 1), 0);
	CHECK_INT(http_parse(&r, text, HTTP_HEAD_MAX), 431);
	memcpy(text + 400, " HTTP/1.1\r\n\r\n", 13);
	CHECK_INT(http_parse(&r, text, 413), 414);
}

static void tokens_and_paths_are_read(void)
{
	static const char text[] =
		"GET /metrics?x=1 HTTP/1.1\r\naUTHORIZATION:  bearer abc \r\n\r\n";
	struct http_request r;

	CHECK_INT(http_parse(&r, text, sizeof text - 1), 1);
	CHECK_STR(r.path, "/metrics");
	CHECK_STR(http_token(&r), "abc");
	CHECK(!http_field(&r, HTTP_HOST));
}

/* ---- JSON-RPC ---- */

static const char *ask(enum api_right right, const char *text)
{
	static char out[262144];
	struct api_view v = {0};
	struct api_call call = {.view = &v, .actions = &actions, .right = right};
	const struct rpc rpc = {.call = &call, .judge = judge};
	struct evbuffer *buf = evbuffer_new();
	int n;

	view(NULL, &v);
	CHECK(rpc_text(&rpc, text, strlen(text), buf) >= 0);
	n = evbuffer_remove(buf, out, sizeof out - 1);
	out[n > 0 ? n : 0] = '\0';
	evbuffer_free(buf);
	return out;
}

#define REQUEST(method, rest) "{\"jsonrpc\":\"2.0\",\"method\":\"" method "\"" rest "}"

static void replies_are_as_the_specification_has_them(void)
{
	CHECK_STR(
		ask(API_READ, REQUEST("miner.nothing", ",\"id\":\"x\"")),
		"{\"jsonrpc\":\"2.0\",\"id\":\"x\",\"error\":{\"code\":-32601,\"message\":\"there "
		"is no such method\"}}");
	CHECK_HAS(ask(API_READ, "{\"jsonrpc\""), "\"id\":null,\"error\":{\"code\":-32700");
	CHECK_HAS(ask(API_READ, "{\"a\":1,\"a\":2}"), "-32700");
	CHECK_HAS(ask(API_READ, "[]"), "\"id\":null,\"error\":{\"code\":-32600");
	CHECK_HAS(ask(API_READ, "[1]"),
		  "[{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32600");
	CHECK_HAS(ask(API_READ, "{\"method\":\"miner.version\",\"id\":1}"),
		  "\"id\":1,\"error\":{\"code\":-32600");
	CHECK_HAS(ask(API_READ, REQUEST("miner.version", ",\"id\":{}")), "-32600");
	CHECK_HAS(ask(API_READ, REQUEST("miner.version", ",\"id\":1,\"params\":1")), "-32600");
	CHECK_HAS(ask(API_READ, REQUEST("miner.version", ",\"id\":1.5")),
		  "\"id\":1.5,\"result\":{");
	CHECK_HAS(ask(API_READ, REQUEST("miner.version", ",\"id\":null")),
		  "\"id\":null,\"result\":{");
	CHECK_STR(ask(API_READ, REQUEST("miner.version", "")), "");
	CHECK_STR(ask(API_READ, REQUEST("miner.nothing", "")), "");
	CHECK_STR(ask(API_READ, "[" REQUEST("miner.version", "") "]"), "");
	CHECK_HAS(ask(API_READ, "[" REQUEST("miner.version", "") "," REQUEST("miner.version",
									     ",\"id\":7") "]"),
		  "[{\"jsonrpc\":\"2.0\",\"id\":7,\"result\"");
	CHECK_HAS(ask(API_READ, REQUEST("miner.version", ",\"id\":1,\"params\":{\"x\":1}")),
		  "-32602");
	CHECK_HAS(ask(API_READ, REQUEST("miner.version", ",\"id\":1,\"params\":[1]")), "-32602");
	CHECK_HAS(ask(API_READ, REQUEST("miner.events", ",\"id\":1,\"params\":[-1]")), "-32602");
	CHECK_HAS(ask(API_READ, REQUEST("miner.events", ",\"id\":1")), "\"result\":[]");
}

static void what_is_not_known_is_null(void)
{
	const char *text = ask(API_READ, REQUEST("miner.summary", ",\"id\":1"));

	CHECK_HAS(text, "\"latency_ms\":null");
	CHECK_HAS(text, "\"difficulty\":null");
	CHECK_HAS(text, "\"pool\":null");
	text = ask(API_READ, REQUEST("miner.devices", ",\"id\":1"));
	CHECK_HAS(text, "\"temperature_c\":null");
	CHECK_HAS(text, "\"temperature_c\":0");
	CHECK_HAS(text, "\"name\":\"? bad UTF-8\"");
	CHECK_HAS(ask(API_READ, REQUEST("miner.pools", ",\"id\":1")), "\"result\":[]");
	CHECK_HAS(ask(API_READ, REQUEST("miner.shares", ",\"id\":1")), "\"accepted\":0");
}

static void only_the_write_token_changes_things(void)
{
	pauses = 0;
	CHECK_HAS(ask(API_NOTHING, REQUEST("miner.summary", ",\"id\":1")), "-32001");
	CHECK_HAS(ask(API_READ, REQUEST("miner.pause", ",\"id\":1")), "-32001");
	ask(API_READ, REQUEST("miner.pause", ""));
	CHECK_HAS(ask(API_READ, REQUEST("miner.pause", ",\"id\":1,\"params\":{\"token\":\"x\"}")),
		  "-32001");
	CHECK_HAS(ask(API_READ, REQUEST("miner.pause", ",\"id\":1,\"params\":{\"token\":[]}")),
		  "-32001");
	CHECK_INT(pauses, 0);
	CHECK_HAS(ask(API_READ, REQUEST("miner.pause",
					",\"id\":1,\"params\":{\"token\":\"" WRITE_TOKEN "\"}")),
		  "\"result\":true");
	CHECK_INT(pauses, 1);
	CHECK_INT(last_device, -1);
	CHECK_HAS(ask(API_WRITE, REQUEST("device.pause", ",\"id\":1,\"params\":[1]")),
		  "\"result\":true");
	CHECK_INT(last_device, 1);
	CHECK_HAS(ask(API_WRITE,
		      REQUEST("device.pause", ",\"id\":1,\"params\":{\"device\":\"sim:0\"}")),
		  "\"result\":true");
	CHECK_INT(last_device, 0);
	CHECK_HAS(ask(API_WRITE, REQUEST("device.pause", ",\"id\":1,\"params\":[2]")), "-32602");
	CHECK_HAS(ask(API_WRITE, REQUEST("device.pause", ",\"id\":1,\"params\":[-1]")), "-32602");
	CHECK_HAS(ask(API_WRITE, REQUEST("device.pause", ",\"id\":1")), "-32602");
	CHECK_HAS(ask(API_WRITE, REQUEST("miner.quit", ",\"id\":1")),
		  "-32000,\"message\":\"not now\"");
	CHECK_HAS(ask(API_WRITE, REQUEST("device.set_intensity", ",\"id\":1,\"params\":[0,20]")),
		  "-32000");
	CHECK_HAS(ask(API_WRITE, REQUEST("device.set_intensity", ",\"id\":1,\"params\":[0,99]")),
		  "-32602");
}

static void size_and_depth_have_bounds(void)
{
	static char text[RPC_TEXT_MAX + 2];
	size_t i, used = 1;

	memset(text, '[', 1000);
	CHECK_HAS(ask(API_READ, text), "-32700");
	text[0] = '[';
	for (i = 0; i < 1000; i++)
		used += (size_t)snprintf(text + used, sizeof text - used,
					 "%s{\"jsonrpc\":\"2.0\",\"method\":\"x\",\"id\":%zu}",
					 i ? "," : "", i);
	snprintf(text + used, sizeof text - used, "]");
	CHECK_HAS(ask(API_READ, text),
		  "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32600");
	memset(text, ' ', RPC_TEXT_MAX + 1);
	text[0] = '1';
	CHECK_HAS(ask(API_READ, text), "-32700");
}

static void the_latest_events_are_kept(void)
{
	static struct api_events e;
	const struct api_event *list;
	unsigned i, n;

	api_events_list(&e, &n);
	CHECK_INT(n, 0);
	for (i = 1; i <= 5 * API_EVENTS_KEPT / 2 + 3; i++) {
		api_events_add(&e, "sim:0", "share", 'i', "a\nb", i);
		list = api_events_list(&e, &n);
		if (!CHECK_INT(n, i < API_EVENTS_KEPT ? i : API_EVENTS_KEPT) ||
		    !CHECK_U64(list[n - 1].id, i) || !CHECK_U64(list[0].id, i - n + 1))
			return;
	}
	CHECK_STR(list[0].text, "a?b");
	CHECK_INT(list[n - 1].at_ms, i - 1);
}

/* ---- a listener ---- */

struct peer {
	struct event_base *base;
	struct event *readable;
	char got[65536];
	size_t len;
	bool ended;
	const char *until;
};

static void on_peer(evutil_socket_t fd, short what, void *arg)
{
	struct peer *p = arg;
	ssize_t n = recv(fd, p->got + p->len, sizeof p->got - 1 - p->len, 0);

	(void)what;
	if (n > 0)
		p->len += (size_t)n;
	else
		p->ended = true;
	p->got[p->len] = '\0';
	if (p->ended || (p->until && strstr(p->got, p->until)))
		event_base_loopbreak(p->base);
}

static int dial(const struct api *api)
{
	struct sockaddr_in at = {.sin_family = AF_INET};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	uint64_t port = 0;

	CHECK_INT(str_to_u64(&port, strrchr(api_where(api), ':') + 1, 1, 65535), 0);
	at.sin_port = htons((uint16_t)port);
	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	CHECK_INT(connect(fd, (struct sockaddr *)&at, sizeof at), 0);
	return fd;
}

static struct api *listen_here(struct event_base *base, const char *bind, bool read)
{
	const struct api_config config = {.bind = bind,
					  .token = WRITE_TOKEN,
					  .read_token = read ? READ_TOKEN : NULL,
					  .request_ms = hurry ? 50 : 0};
	const struct api_source source = {
		.view = view, .actions = &actions, .hooks = {.object = object}};
	struct err err = {0};
	struct api *api = NULL;

	CHECK_OK(api_new(&api, base, &config, &source, &err), &err);
	return api;
}

/* Sends text and runs until the peer ends, or until `until` has come.  read: of its own token. */
static const char *talk(const char *text, size_t len, const char *until, bool read)
{
	static struct peer p;
	struct event_base *base = event_base_new();
	struct api *api = listen_here(base, "127.0.0.1:0", read);
	int fd;

	memset(&p, 0, sizeof p);
	if (!api)
		return "";
	fd = dial(api);
	p.base = base;
	p.until = until;
	p.readable = event_new(base, fd, EV_READ | EV_PERSIST, on_peer, &p);
	event_add(p.readable, NULL);
	CHECK(send(fd, text, len, MSG_NOSIGNAL) == (ssize_t)len);
	event_base_dispatch(base);
	event_free(p.readable);
	close(fd);
	api_free(api);
	event_base_free(base);
	return p.got;
}
#define TALK(text)            talk(text, strlen(text), NULL, false)
#define TALK_UNTIL(text, end) talk(text, strlen(text), end, false)

#define CLOSE           "Connection: close\r\n"
#define GET(path, host) "GET " path " HTTP/1.1\r\nHost: " host "\r\n" CLOSE "\r\n"
#define BODY            REQUEST("miner.pause", ",\"id\":1")
#define POST(more, type)                                                                           \
 "POST /rpc HTTP/1.1\r\nHost: localhost\r\nContent-Type: " type                                    \
 "\r\nContent-Length: 47\r\n" CLOSE more "\r\n" BODY

static void http_is_served_and_guarded(void)
{
	CHECK_INT(sizeof BODY - 1, 47);
	CHECK_HAS(TALK(GET("/", "localhost")), "200 OK");
	CHECK_HAS(TALK(GET("/nothing", "localhost")), "404 ");
	CHECK_HAS(TALK(GET("/", "evil.example")), "403 ");
	CHECK_HAS(TALK("DELETE / HTTP/1.1\r\nHost: localhost\r\n\r\n"), "405 ");
	CHECK_HAS(TALK("OPTIONS /rpc HTTP/1.1\r\nHost: localhost\r\nOrigin: http://e\r\n\r\n"),
		  "403 ");
	CHECK_HAS(TALK("GARBAGE\r\n\r\n"), "400 ");
	CHECK_HAS(talk(GET("/", "localhost"), strlen(GET("/", "localhost")), NULL, true), "401 ");
	pauses = 0;
	CHECK_HAS(TALK(POST("", "application/json")), "-32001");
	CHECK_HAS(TALK(POST("", "text/plain")), "415 ");
	CHECK_HAS(TALK(POST("Origin: http://evil.example\r\nAuthorization: Bearer " WRITE_TOKEN
			    "\r\n",
			    "application/json")),
		  "403 ");
	CHECK_HAS(TALK(POST("Authorization: Bearer " WRONG_TOKEN "\r\n", "application/json")),
		  "401 ");
	CHECK_INT(pauses, 0);
	CHECK_HAS(TALK(POST("Authorization: Bearer " WRITE_TOKEN "\r\n", "application/json")),
		  "\"result\":true");
	CHECK_INT(pauses, 1);
}

static void lines_are_answered_one_by_one(void)
{
	const char *got;

	pauses = 0;
	got = TALK_UNTIL(REQUEST("miner.version", ",\"id\":1") "\r\n" REQUEST("miner.pause",
									      ",\"id\":2") "\n",
			 "-32001");
	CHECK_HAS(got, "\"id\":1,\"result\"");
	CHECK_HAS(got, "}\n{");
	CHECK_INT(pauses, 0);
	got = TALK_UNTIL("{\"auth\":\"" WRITE_TOKEN "\"}\n" BODY "\n", "result");
	CHECK_HAS(got, "{\"auth\":\"write\"}\n");
	CHECK_INT(pauses, 1);
	got = TALK("{\"auth\":\"" WRONG_TOKEN "\"}\n" BODY "\n");
	CHECK_HAS(got, "wrong token");
	CHECK_LACKS(got, "result");
	CHECK_HAS(TALK("{\"half\n"), "-32700");
}

static void endless_lines_are_cut(void)
{
	static char text[RPC_TEXT_MAX + 100];

	memset(text, 'a', sizeof text);
	text[0] = '{';
	CHECK_HAS(talk(text, sizeof text, NULL, false), "-32700");
	memcpy(text, "GET /", 5);
	CHECK_HAS(talk(text, 9000, NULL, false), "431 ");
	CHECK_STR(TALK("summary"), ""); /* nobody speaks that yet: it ends */
}

static void slow_requests_are_cut(void)
{
	hurry = true;
	CHECK_HAS(TALK("GET / HTTP/1.1\r\n"), "408 ");
	CHECK_HAS(TALK("POST /rpc HTTP/1.1\r\nContent-Length: 9\r\n\r\n{"), "408 ");
	CHECK_STR(TALK("{\"half\":"), "");
	CHECK_STR(TALK(""), "");
	CHECK_LACKS(TALK("{\"other\":1}\n{\"half"), "half");
	hurry = false;
}

static void habits_of_other_tools_hold(void)
{
	CHECK_STR(TALK("{\"other\":1}"), "right 1"); /* no line end */
	CHECK_STR(TALK("{\"other\":1,\"psw\":\"" WRITE_TOKEN "\"}\n"), "right 2");
	CHECK_HAS(TALK("{\"other\":1,\"psw\":\"" WRONG_TOKEN "\"}\n"), "-401");
	CHECK_STR(TALK("{\"id\":0,\"jsonrpc\":\"2.0\",\"method\":\"api_authorize\","
		       "\"params\":{\"psw\":\"" WRITE_TOKEN "\"}}\n{\"other\":1}\n"),
		  "{\"id\":0,\"jsonrpc\":\"2.0\",\"result\":true}\nright 2");
}

/* Of descriptors; the limit is what it was afterwards. */
static void allow(rlim_t n, struct rlimit *was)
{
	struct rlimit limit;

	getrlimit(RLIMIT_NOFILE, was);
	limit = *was;
	limit.rlim_cur = n;
	setrlimit(RLIMIT_NOFILE, &limit);
}

static void connections_have_a_bound_that_goes_by_descriptors(void)
{
	struct event_base *base = event_base_new();
	struct rlimit was;
	struct api *api;
	int fd[40];
	size_t i;

	allow(64, &was);
	api = listen_here(base, "127.0.0.1:0", false);
	setrlimit(RLIMIT_NOFILE, &was);
	if (!api)
		return;
	for (i = 0; i < 40; i++) {
		fd[i] = dial(api);
		event_base_loop(base, EVLOOP_NONBLOCK);
	}
	event_base_loop(base, EVLOOP_NONBLOCK);
	CHECK_INT(api_connections(api), 32);
	for (i = 0; i < 40; i++)
		close(fd[i]);
	api_free(api);
	event_base_free(base);
}

static void bad_places_are_named(void)
{
	static const char *const bad[] = {"nonsense", "example.org:80", "127.0.0.1",
					  "unix:", "127.0.0.1:99999"};
	const struct api_source source = {.view = view, .actions = &actions};
	struct event_base *base = event_base_new();
	struct api_config config = {.bind = "0.0.0.0:0"};
	struct err err = {0};
	struct api *api = NULL;
	size_t i;

	CHECK_ERR(api_new(&api, base, &config, &source, &err), ERR_USAGE, &err);
	CHECK_HAS(err.text, "--api-token-file");
	for (i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		config.bind = bad[i];
		CHECK_ERR(api_new(&api, base, &config, &source, &err), ERR_USAGE, &err);
		CHECK_HAS(err.text, "--api-bind");
	}
	event_base_free(base);
}

static void a_socket_file_is_its_owners(void)
{
	struct event_base *base = event_base_new();
	char dir[] = "/tmp/adit-api.XXXXXX", bind[64];
	struct api *api;
	struct stat st;

	CHECK(mkdtemp(dir) != NULL);
	snprintf(bind, sizeof bind, "unix:%s/s", dir);
	api = listen_here(base, bind, false);
	CHECK_INT(stat(bind + 5, &st), 0);
	CHECK_INT(st.st_mode & 0777, 0600);
	api_free(api);
	CHECK(stat(bind + 5, &st) != 0);
	rmdir(dir);
	event_base_free(base);
}

int main(void)
{
	signal(SIGPIPE, SIG_IGN);
	T_RUN(the_rule_holds_for_every_row);
	T_RUN(a_browser_says_whose_page_asks);
	T_RUN(names_are_ours_when_listed);
	T_RUN(beyond_loopback_needs_a_token);
	T_RUN(wrong_tokens_cost_time);
	T_RUN(ambiguous_requests_are_refused);
	T_RUN(long_heads_are_refused);
	T_RUN(tokens_and_paths_are_read);
	T_RUN(replies_are_as_the_specification_has_them);
	T_RUN(what_is_not_known_is_null);
	T_RUN(only_the_write_token_changes_things);
	T_RUN(size_and_depth_have_bounds);
	T_RUN(the_latest_events_are_kept);
	T_RUN(http_is_served_and_guarded);
	T_RUN(lines_are_answered_one_by_one);
	T_RUN(endless_lines_are_cut);
	T_RUN(slow_requests_are_cut);
	T_RUN(habits_of_other_tools_hold);
	T_RUN(connections_have_a_bound_that_goes_by_descriptors);
	T_RUN(bad_places_are_named);
	T_RUN(a_socket_file_is_its_owners);
	return t_done();
}
