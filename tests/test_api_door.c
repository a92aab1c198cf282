/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sessions with the API's listener: kept connections, events, passwords, reloads, hostile peers. */
#include <fcntl.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <signal.h>
#include <unistd.h>

#include "src/api/crowd.h"
#include "tests/api_door.h"

#define RPC(method, id) "{\"jsonrpc\":\"2.0\",\"method\":\"" method "\",\"id\":" id "}"
#define PAUSE           RPC("miner.pause", "1") /* 47 bytes */
#define HOST            "Host: localhost\r\n"
#define GET(path, more) "GET " path " HTTP/1.1\r\n" HOST more "\r\n"
#define JSON            "Content-Type: application/json\r\nContent-Length: 47\r\n"
#define POST(more)      "POST /rpc HTTP/1.1\r\n" HOST JSON more "\r\n" PAUSE
#define BEARER(token)   "Authorization: Bearer " token "\r\n"
/* ":" WRITE_TOKEN, "me:" WRITE_TOKEN, "me:wrong" */
#define BASIC       "Authorization: Basic OndyaXRlLXRva2VuLTAxMjM0NTY3ODk=\r\n"
#define BASIC_ME    "Authorization: Basic bWU6d3JpdGUtdG9rZW4tMDEyMzQ1Njc4OQ==\r\n"
#define BASIC_WRONG "Authorization: Basic bWU6d3Jvbmc=\r\n"
#define CLOSE       "Connection: close\r\n"
#define FROM_EVIL   "Origin: http://evil.example\r\n"
#define CROSS       "Sec-Fetch-Site: cross-site\r\n"

static bool open_with(const char *read_token, uint32_t request_ms)
{
	struct api_config config = door_config(read_token);

	CHECK_INT(sizeof PAUSE - 1, 47);
	config.request_ms = request_ms;
	config.alive_ms = 20;
	return door_open(&config);
}

/* ---- kept connections ---- */

static void a_connection_stays_for_more(void)
{
	struct client c;

	if (!open_with(NULL, 0))
		return;
	client_begin(&c);
	say(&c, GET("/a", ""));
	hear(&c, "page /a\n");
	CHECK_LACKS(heard(&c), "Connection:");
	say(&c, GET("/b?x=1", "") "GET /c HTTP/1.1\r\nHo");
	hear(&c, "page /b\n");
	say(&c, "st: localhost\r\n\r\n");
	hear(&c, "page /c\n");
	say(&c, GET("/d", "connection: Keep-Alive , CLOSE\r\n"));
	hear(&c, "page /d\n");
	CHECK_HAS(heard(&c), "Connection: close");
	ends(&c);
	client_end(&c);
	CHECK_HAS(told("GET /old HTTP/1.0\r\n" HOST "\r\n"), "page /old\n");
	door_close();
}

static void requests_in_a_row_are_answered_in_order(void)
{
	const char *got;

	if (!open_with(NULL, 0))
		return;
	got = told(GET("/1", "") GET("/2", "") POST("") GET("/3", "") GET("/4", CLOSE));
	got = strstr(got, "page /1\n");
	got = got ? strstr(got, "page /2\n") : NULL;
	got = got ? strstr(got, "-32001") : NULL;
	got = got ? strstr(got, "page /3\n") : NULL;
	CHECK(got && strstr(got, "page /4\n"));
	door_close();
}

static void nothing_is_smuggled_behind_a_request(void)
{
	static const char *const rows[] = {
		"GARBAGE\r\n\r\n" POST(BEARER(WRITE_TOKEN)),
		GET("/nothing", "") POST(BEARER(WRITE_TOKEN)),
		"GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n" POST(BEARER(WRITE_TOKEN)),
		"GET / HTTP/1.1\r\n" HOST
		"Content-Length: 10\r\nContent-Length: 0\r\n\r\n" POST(BEARER(WRITE_TOKEN)),
		"POST /rpc HTTP/1.1\r\n" HOST JSON
		"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" POST(BEARER(WRITE_TOKEN)),
		"GET / HTTP/1.1\r\n" HOST "Content-Length: +0\r\n\r\n" POST(BEARER(WRITE_TOKEN)),
	};
	struct client c;
	size_t i;

	if (!open_with(NULL, 0))
		return;
	for (i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		CHECK_LACKS(told(rows[i]), "result");
		CHECK_INT(door.pauses, 0);
	}
	/* what looks like a request within a body is none */
	client_begin(&c);
	say(&c, "GET /a HTTP/1.1\r\n" HOST "Content-Length: 45\r\n\r\n"
		"GET /hidden HTTP/1.1\r\nHost: localhost\r\n\r\n--\r\n" GET("/b", ""));
	hear(&c, "page /b\n");
	CHECK_LACKS(heard(&c), "hidden");
	client_end(&c);
	door_close();
}

static void lines_take_turns(void)
{
	struct client c;
	int i;

	if (!open_with(NULL, 0))
		return;
	client_begin(&c);
	for (i = 0; i < 300; i++) /* notifications: nothing is sent that would wake anybody */
		say(&c, "{\"jsonrpc\":\"2.0\",\"method\":\"miner.version\"}\n");
	say(&c, RPC("miner.version", "301") "\n");
	hear(&c, "\"id\":301");
	client_end(&c);
	door_close();
}

/* ---- events ---- */

static void events_come_as_they_happen(void)
{
	struct client c, d;

	if (!open_with(NULL, 0))
		return;
	door_happened(1, "before");
	client_begin(&c);
	say(&c, GET("/events", "Origin: http://localhost\r\n"));
	hear(&c, "id: 1\n\n");
	CHECK_HAS(heard(&c), "200 OK");
	CHECK_HAS(heard(&c), "Content-Type: text/event-stream\r\n");
	CHECK_HAS(heard(&c), "Access-Control-Allow-Origin: http://localhost\r\n");
	CHECK_LACKS(heard(&c), "Content-Length");
	hear(&c, "\n:\n"); /* it lives */
	CHECK_LACKS(heard(&c), "before");
	door_happened(1, "second");
	hear(&c, "id: 2\nevent: share\ndata: {\"id\":2,");
	hear(&c, "\"text\":\"second\"}\n\n");
	client_begin(&d);
	say(&d, GET("/events?since=0", ""));
	hear(&d, "\"text\":\"second\"}\n\n");
	CHECK_HAS(heard(&d), "before");
	forget(&c);
	door_happened(400, "flood");
	hear(&c, "id: 402\n");
	hear(&d, "id: 402\n");
	CHECK_HAS(heard(&c), "id: 3\n");
	CHECK_HAS(heard(&c), "id: 201\n");
	CHECK_LACKS(heard(&c), "second");
	CHECK_LACKS(heard(&c), "lost");
	client_end(&c);
	client_end(&d);
	door_close();
}

static void whoever_comes_back_goes_on_where_it_was(void)
{
	static const char *const bad[] = {"?since=-1", "?since=", "?since=1x",
					  "?since=99999999999999999999"};
	char text[200];
	struct client c;
	size_t i;

	if (!open_with(NULL, 0))
		return;
	door_happened(3, "x");
	client_begin(&c);
	say(&c, GET("/events?since=0", "Last-Event-ID: 2\r\n"));
	hear(&c, "id: 3\nevent");
	CHECK_LACKS(heard(&c), "id: 2\nevent");
	client_end(&c);
	client_begin(&c); /* of a run before this one */
	say(&c, GET("/events", "Last-Event-ID: 77\r\n"));
	hear(&c, "id: 3\nevent");
	CHECK_HAS(heard(&c), "event: lost\ndata: {\"count\":null}\n\nid: 1\n");
	client_end(&c);
	client_begin(&c); /* no number: as if it had not been said */
	say(&c, GET("/events", "Last-Event-ID: x\r\nLast-Event-ID: 1\r\n"));
	hear(&c, "id: 3\n\n");
	client_end(&c);
	door_happened(API_EVENTS_KEPT, "y");
	client_begin(&c);
	say(&c, GET("/events?x=1&since=1", ""));
	hear(&c, "id: 515\nevent");
	CHECK_HAS(heard(&c), "event: lost\ndata: {\"count\":2}\n\nid: 4\n");
	client_end(&c);
	for (i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		snprintf(text, sizeof text, "GET /events%s HTTP/1.1\r\n" HOST "\r\n", bad[i]);
		CHECK_HAS(told(text), " 400 ");
	}
	door_close();
}

static void whoever_does_not_read_events_is_dropped(void)
{
	static const char ask[] = GET("/events", "");
	struct client c;
	int fd, i;

	if (!open_with(NULL, 0))
		return;
	fd = door_dial(4096);
	CHECK(send(fd, ask, sizeof ask - 1, MSG_NOSIGNAL) == (ssize_t)sizeof ask - 1);
	client_begin(&c);
	say(&c, GET("/events", ""));
	hear(&c, "200 OK");
	for (i = 0; api_connections(door.api) == 2 && !door.gave_up; i++) {
		door_happened(400, "a long text, a long text, a long text, a long text");
		event_base_loop(door.base, EVLOOP_ONCE);
		forget(&c);
	}
	CHECK_INT(api_connections(door.api), 1);
	CHECK(!c.over); /* others are not */
	close(fd);
	client_end(&c);
	door_close();
}

static void listeners_to_events_have_a_bound(void)
{
	struct client c[API_FEEDS_MAX], d;
	int i;

	if (!open_with(NULL, 0))
		return;
	for (i = 0; i < API_FEEDS_MAX; i++) {
		client_begin(&c[i]);
		say(&c[i], GET("/events", ""));
		hear(&c[i], "200 OK");
	}
	CHECK_HAS(told(GET("/events", "")), " 503 ");
	client_end(&c[5]);
	while (api_connections(door.api) >= API_FEEDS_MAX && !door.gave_up)
		event_base_loop(door.base, EVLOOP_ONCE);
	client_begin(&d);
	say(&d, GET("/events", ""));
	hear(&d, "200 OK");
	door_happened(1, "to all");
	hear(&d, "to all");
	for (i = 0; i < API_FEEDS_MAX; i++)
		if (i != 5) {
			hear(&c[i], "to all");
			client_end(&c[i]);
		}
	client_end(&d);
	door_close();
}

/* ---- who may ---- */

static void a_password_is_a_token(void)
{
	static const char html[] = "Accept: text/html,application/xhtml+xml\r\n" CLOSE;
	char text[400];

	if (!open_with(READ_TOKEN, 0))
		return;
	CHECK_HAS(told(POST(BASIC CLOSE)), "\"result\":true");
	CHECK_HAS(told(POST(BASIC_ME CLOSE)), "\"result\":true");
	CHECK_INT(door.pauses, 2);
	CHECK_HAS(told(POST(BASIC_WRONG)), " 401 ");
	CHECK_HAS(told(POST("Authorization: Basic \r\n")), " 401 ");
	CHECK_INT(door.pauses, 2);
	/* only who can type is asked to */
	snprintf(text, sizeof text, "GET / HTTP/1.1\r\n" HOST "%s\r\n", html);
	CHECK_HAS(told(text), "WWW-Authenticate: Basic realm=\"adit\"");
	CHECK_HAS(told(text), "WWW-Authenticate: Bearer realm=\"adit\"\r\n");
	CHECK_LACKS(told(GET("/", "")), "Basic");
	CHECK_HAS(told(GET("/", "")), "WWW-Authenticate: Bearer realm=\"adit\"\r\n");
	CHECK_LACKS(told(GET("/events", "Accept: text/event-stream\r\n")), "Basic");
	door_close();
}

/* Browsers add the password by themselves, whatever page has them ask. */
static void a_foreign_page_cannot_use_the_password(void)
{
	static const struct {
		const char *more, *want;
	} rows[] = {
		{JSON FROM_EVIL, " 403 "},
		{JSON FROM_EVIL CROSS, " 403 "},
		{JSON "Origin: null\r\n", " 403 "},
		{JSON "Origin: http://localhost:1\r\n", " 403 "},
		{JSON CROSS, " 403 "},
		{JSON "Sec-Fetch-Site: same-site\r\nSec-Fetch-Mode: no-cors\r\n", " 403 "},
		{"Content-Type: text/plain\r\nContent-Length: 47\r\n", " 415 "},
		{"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 47\r\n",
		 " 415 "},
		{"Content-Type: multipart/form-data; boundary=x\r\nContent-Length: 47\r\n",
		 " 415 "},
		{"Content-Length: 47\r\n", " 415 "},
	};
	char text[800];
	size_t i;

	if (!open_with(NULL, 0))
		return;
	for (i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		snprintf(text, sizeof text, "POST /rpc HTTP/1.1\r\n" HOST "%s" BASIC "\r\n" PAUSE,
			 rows[i].more);
		if (!CHECK_HAS(told(text), rows[i].want))
			printf("row %zu\n", i);
	}
	CHECK_HAS(told("OPTIONS /rpc HTTP/1.1\r\n" HOST FROM_EVIL
		       "Access-Control-Request-Method: POST\r\n\r\n"),
		  " 403 ");
	CHECK_HAS(told(GET("/rpc?method=miner.pause", BASIC CLOSE)), "page /rpc");
	CHECK_INT(door.pauses, 0);
	CHECK_HAS(told(POST(BASIC CLOSE "Origin: http://localhost\r\n"
					"Sec-Fetch-Site: same-origin\r\n")),
		  "true");
	CHECK_LACKS(told(POST(CLOSE "Origin: http://localhost\r\n")), "Allow-Credentials");
	CHECK_INT(door.pauses, 1);
	door_close();
}

static void guessing_is_slowed_down(void)
{
	int i;

	if (!open_with(NULL, 0))
		return;
	for (i = 0; i < 4; i++)
		CHECK_HAS(told(POST(BASIC_WRONG)), " 401 ");
	CHECK_HAS(told(POST(BASIC)), " 429 ");
	CHECK_HAS(told(POST(BEARER(WRITE_TOKEN))), " 429 ");
	CHECK_HAS(told("{\"auth\":\"" WRITE_TOKEN "\"}\n"), "wait");
	CHECK_HAS(told(GET("/events", BEARER(WRITE_TOKEN))), " 429 ");
	CHECK_INT(door.pauses, 0);
	door_close();
}

static void what_browsers_send_is_not_too_much(void)
{
	static char text[4096];
	size_t used;

	if (!open_with(NULL, 0))
		return;
	used = (size_t)snprintf(text, sizeof text,
				"GET / HTTP/1.1\r\n" HOST CLOSE "Accept: text/html");
	memset(text + used, 'a', 2000);
	snprintf(text + used + 2000, sizeof text - used - 2000,
		 "\r\nAccept: b\r\nAccept: c\r\nLast-Event-ID: %0600d\r\n\r\n", 1);
	CHECK_HAS(told(text), "page / for people");
	CHECK_HAS(told(GET("/x", "Accept: a\r\nAccept: text/html\r\n" CLOSE)), "for people");
	door_close();
}

/* ---- reloads ---- */

static int use(const struct api_config *config, struct err *err)
{
	struct api_rules *rules = NULL;
	int rc = api_rules_new(&rules, door.api, config, err);

	if (!rc)
		api_rules_use(door.api, rules);
	return rc;
}

static void a_changed_token_is_taken_from_who_has_it(void)
{
	struct api_config config = door_config(READ_TOKEN);
	struct client line, feed, reader;
	struct err err = {0};

	if (!open_with(READ_TOKEN, 0))
		return;
	client_begin(&line);
	say(&line, "{\"auth\":\"" WRITE_TOKEN "\"}\n" PAUSE "\n");
	hear(&line, "true");
	client_begin(&feed);
	say(&feed, GET("/events", BEARER(WRITE_TOKEN)));
	hear(&feed, "200 OK");
	client_begin(&reader);
	say(&reader, GET("/events", BEARER(READ_TOKEN)));
	hear(&reader, "200 OK");

	config.token = "short"; /* nothing changes */
	CHECK_ERR(use(&config, &err), ERR_RANGE, &err);
	config.token = WRITE_TOKEN;
	config.tls_cert = "/nonexistent";
	CHECK_ERR(use(&config, &err), ERR_USAGE, &err);
	CHECK_HAS(err.text, "--api-tls-key");
	config.tls_key = "/nonexistent";
	CHECK_ERR(use(&config, &err), ERR_TLS, &err);
	CHECK_HAS(err.text, "--api-tls-cert /nonexistent: No such file");
	config.tls_cert = config.tls_key = NULL;
	say(&line, PAUSE "\n");
	while (door.pauses < 2 && !door.gave_up)
		event_base_loop(door.base, EVLOOP_ONCE);
	CHECK_OK(use(&config, &err), &err); /* the same: nobody notices */
	CHECK_INT(api_connections(door.api), 3);

	config.token = OTHER_TOKEN;
	CHECK_OK(use(&config, &err), &err);
	ends(&feed);
	forget(&line);
	say(&line, PAUSE "\n");
	hear(&line, "-32001");
	CHECK_HAS(told(POST(BEARER(WRITE_TOKEN))), " 401 ");
	CHECK_HAS(told(POST(BEARER(OTHER_TOKEN) CLOSE)), "true");
	CHECK_INT(door.pauses, 3);
	door_happened(1, "still told");
	hear(&reader, "still told");
	client_end(&line);
	client_end(&feed);
	client_end(&reader);
	door_close();
}

static void guesses_are_not_forgotten_by_a_reload(void)
{
	struct api_config config = door_config(NULL);
	struct err err = {0};
	int i;

	if (!open_with(NULL, 0))
		return;
	for (i = 0; i < 4; i++)
		told(POST(BASIC_WRONG));
	CHECK_OK(use(&config, &err), &err);
	CHECK_HAS(told(POST(BASIC)), " 429 ");
	door_close();
}

/* ---- hostile peers ---- */

static void every_path_is_guarded_alike(void)
{
	static const char *const paths[] = {"/",        "/events",    "/metrics", "/schema",
					    "/rpc",     "/2/summary", "/nothing", "/app.js",
					    "/summary", "/mmpos"};
	static const struct {
		const char *format; /* of a request, with %s for the path */
		const char *want;
	} rows[] = {
		{"GET %s HTTP/1.1\r\n" HOST "\r\n", " 401 "},
		{"GET %s HTTP/1.1\r\n" HOST BEARER(READ_TOKEN) FROM_EVIL "\r\n", " 403 "},
		{"GET %s HTTP/1.1\r\n" HOST BEARER(READ_TOKEN) CROSS "\r\n", " 403 "},
		{"GET %s HTTP/1.1\r\nHost: evil.example\r\n" BEARER(READ_TOKEN) "\r\n", " 403 "},
		{"GET %s HTTP/1.1\r\n" BEARER(READ_TOKEN) "\r\n", " 403 "},
		{"GET %s HTTP/1.1\r\n" HOST HOST BEARER(READ_TOKEN) "\r\n", " 400 "},
		{"GET %s HTTP/1.1\r\n" HOST BEARER(READ_TOKEN) BEARER(READ_TOKEN) "\r\n", " 400 "},
		{"GET %s HTTP/1.1\n" HOST BEARER(READ_TOKEN) "\n", " 400 "},
		{"GET %s HTTP/1.1\r\n" HOST BEARER(READ_TOKEN) "\x01: a\r\n\r\n", " 400 "},
		{"GET %s HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n", " 501 "},
		{"GET %s HTTP/9.9\r\n" HOST "\r\n", " 505 "},
		{"GET %s%0300d HTTP/1.1\r\n" HOST "\r\n", " 414 "},
		{"GET %s HTTP/1.1\r\nX: %08192d\r\n" HOST "\r\n", " 431 "},
		{"GET %s HTTP/1.1\r\nHost: %0600d\r\n" HOST "\r\n", " 431 "},
		{"PUT %s HTTP/1.1\r\n" HOST BEARER(WRITE_TOKEN) "\r\n", " 405 "},
		{"HEAD %s HTTP/1.1\r\n" HOST BEARER(WRITE_TOKEN) "\r\n", " 405 "},
		{"POST %s HTTP/1.1\r\n" HOST BEARER(WRITE_TOKEN) "\r\n", " 411 "},
		{"POST %s HTTP/1.1\r\n" HOST "Content-Length: 65537\r\n\r\n", " 413 "},
		{"POST %s HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\n{}", " 415 "},
		{"POST %s HTTP/1.1\r\n" HOST JSON FROM_EVIL BEARER(WRITE_TOKEN) "\r\n" PAUSE,
		 " 403 "},
		{"POST %s HTTP/1.1\r\n" HOST JSON "\r\n" PAUSE, " 401 "},
		{"OPTIONS %s HTTP/1.1\r\n" HOST FROM_EVIL "\r\n", " 403 "},
	};
	static char text[10000];
	size_t i, j;

	if (!open_with(READ_TOKEN, 0))
		return;
	for (i = 0; i < sizeof paths / sizeof paths[0]; i++)
		for (j = 0; j < sizeof rows / sizeof rows[0]; j++) {
			/* a row's second argument is only as wide as it says */
			snprintf(text, sizeof text, rows[j].format, paths[i], 0);
			if (!CHECK_HAS(told(text), rows[j].want))
				printf("%s, row %zu\n", paths[i], j);
		}
	CHECK_INT(door.pauses, 0);
	door_close();
}

static void slow_peers_are_cut(void)
{
	static const char *const rows[][2] = {
		{"GET / HTTP/1.1\r\n", " 408 "},
		{"GET /events HTTP/1.1\r\n" HOST, " 408 "},
		{"POST /rpc HTTP/1.1\r\n" HOST JSON "\r\n{", " 408 "},
		{GET("/a", "") "GET", " 408 "}, /* also the second one */
		{"{\"half\":", ""},
		{RPC("miner.version", "1") "\n{", "\"id\":1"},
		{"", ""},
	};
	size_t i;

	if (!open_with(NULL, 50))
		return;
	for (i = 0; i < sizeof rows / sizeof rows[0]; i++)
		if (!CHECK_HAS(told(rows[i][0]), rows[i][1]))
			printf("row %zu\n", i);
	while (api_connections(door.api) && !door.gave_up)
		event_base_loop(door.base, EVLOOP_ONCE);
	door_close();
}

static void strangers_are_not_waited_for(void)
{
	struct api_config config = door_config(READ_TOKEN);
	struct client c;

	config.request_ms = 50;
	if (!door_open(&config))
		return;
	CHECK_HAS(told(RPC("miner.version", "1") "\n"), "-32001");
	client_begin(&c);
	say(&c, "{\"auth\":\"" READ_TOKEN "\"}\n");
	hear(&c, "\"read\"");
	told(RPC("miner.version", "1") "\n"); /* which takes as long */
	say(&c, RPC("miner.version", "2") "\n");
	hear(&c, "1.2.3");
	client_end(&c);
	door_close();
}

/* A certificate and its key in the directory; 0 if that went well. */
static int make_certificate(const char *cert_path, const char *key_path)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *cert = X509_new();
	FILE *c = fopen(cert_path, "w"), *k = fopen(key_path, "w");
	bool fine = false;

	if (key && cert && c && k) {
		X509_set_version(cert, 2);
		ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
		X509_gmtime_adj(X509_getm_notBefore(cert), -60);
		X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
		X509_set_pubkey(cert, key);
		X509_NAME_add_entry_by_txt(X509_get_subject_name(cert), "CN", MBSTRING_ASC,
					   (const unsigned char *)"localhost", -1, -1, 0);
		X509_set_issuer_name(cert, X509_get_subject_name(cert));
		fine = X509_sign(cert, key, EVP_sha256()) && PEM_write_X509(c, cert) &&
		       PEM_write_PrivateKey(k, key, NULL, NULL, 0, NULL, NULL);
	}
	if (c)
		fclose(c);
	if (k)
		fclose(k);
	X509_free(cert);
	EVP_PKEY_free(key);
	return fine ? 0 : -1;
}

/* Talk in TLS itself is in tests/e2e/api_tls.sh: here is what never becomes TLS. */
static void a_tls_port_speaks_nothing_else(void)
{
	char dir[] = "/tmp/adit-door.XXXXXX", cert[64], key[64], other[64];
	struct api_config config = door_config(NULL);
	struct err err = {0};
	struct api *api = NULL;

	CHECK(mkdtemp(dir) != NULL);
	snprintf(cert, sizeof cert, "%s/cert", dir);
	snprintf(key, sizeof key, "%s/key", dir);
	snprintf(other, sizeof other, "%s/other", dir);
	CHECK_INT(make_certificate(cert, other), 0);
	CHECK_INT(make_certificate(cert, key), 0);
	config.tls_cert = cert;
	config.tls_key = key;
	config.request_ms = 50;
	if (door_open(&config)) {
		CHECK(!api_is_readable(door.api));
		CHECK_HAS(told(GET("/", "")), "400 Bad Request");
		CHECK_HAS(told(GET("/", "")), "this is a TLS port: ask with https://");
		CHECK_LACKS(told(POST(BEARER(WRITE_TOKEN))), "result");
		CHECK_STR(told(PAUSE "\n"), "");
		CHECK_STR(told("summary"), "");
		CHECK_STR(told("\x16\x03\x01\x02"), ""); /* a handshake that goes no further */
		CHECK_STR(told(""), "");
		CHECK_INT(door.pauses, 0);
		while (api_connections(door.api) && !door.gave_up)
			event_base_loop(door.base, EVLOOP_ONCE);
		door_close();
	}
	config.tls_key = other;
	door.base = event_base_new();
	CHECK_ERR(api_new(&api, door.base, &config, &(struct api_source){.view = door_view}, &err),
		  ERR_TLS, &err);
	CHECK_HAS(err.text, "--api-tls-key");
	event_base_free(door.base);
	unlink(cert);
	unlink(key);
	unlink(other);
	rmdir(dir);
}

static void tokens_in_the_clear_are_known_as_such(void)
{
	struct api_config config = door_config(NULL);

	if (door_open(&config))
		CHECK(!api_is_readable(door.api));
	door_close();
	config.bind = "0.0.0.0:0";
	if (door_open(&config))
		CHECK(api_is_readable(door.api));
	door_close();
}

static void one_address_has_its_share(void)
{
	static struct crowd crowd;
	struct crowd_one *all[4];
	char who[16];
	int i;

	for (i = 0; i < 3; i++)
		all[i] = crowd_join(&crowd, "192.0.2.7", 3);
	CHECK(all[0] && all[0] == all[1] && all[1] == all[2]);
	CHECK(!crowd_join(&crowd, "192.0.2.7", 3));
	all[3] = crowd_join(&crowd, "192.0.2.8", 3);
	CHECK(all[3] && all[3] != all[0]);
	for (i = 0; i < 4; i++)
		crowd_leave(&crowd, all[i]);
	for (i = 0; i < 1000; i++) {
		snprintf(who, sizeof who, "%d", i);
		all[0] = crowd_join(&crowd, who, 1);
		CHECK(all[0] != NULL);
		crowd_leave(&crowd, all[0]);
	}
	for (i = 0; i < CROWD_BUCKETS; i++)
		CHECK(!crowd.bucket[i]);
}

int main(void)
{
	signal(SIGPIPE, SIG_IGN); /* as in adit: peers go when they like */
	T_RUN(a_connection_stays_for_more);
	T_RUN(requests_in_a_row_are_answered_in_order);
	T_RUN(nothing_is_smuggled_behind_a_request);
	T_RUN(lines_take_turns);
	T_RUN(events_come_as_they_happen);
	T_RUN(whoever_comes_back_goes_on_where_it_was);
	T_RUN(whoever_does_not_read_events_is_dropped);
	T_RUN(listeners_to_events_have_a_bound);
	T_RUN(a_password_is_a_token);
	T_RUN(a_foreign_page_cannot_use_the_password);
	T_RUN(guessing_is_slowed_down);
	T_RUN(what_browsers_send_is_not_too_much);
	T_RUN(a_changed_token_is_taken_from_who_has_it);
	T_RUN(guesses_are_not_forgotten_by_a_reload);
	T_RUN(every_path_is_guarded_alike);
	T_RUN(slow_peers_are_cut);
	T_RUN(strangers_are_not_waited_for);
	T_RUN(a_tls_port_speaks_nothing_else);
	T_RUN(tokens_in_the_clear_are_known_as_such);
	T_RUN(one_address_has_its_share);
	return t_done();
}
