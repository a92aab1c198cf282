/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The listener: connections, their first bytes, their bounds. */
#include <arpa/inet.h>
#include <errno.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "src/api/access.h"
#include "src/api/bind.h"
#include "src/api/http.h"
#include "src/api/listener.h"
#include "src/api/rpc.h"
#include "src/clock.h"
#include "src/str.h"

#define INPUT_MAX  (HTTP_HEAD_MAX + HTTP_BODY_MAX)
#define OUTPUT_MAX (256 * 1024) /* unsent: until then nothing more is read */
#define TEXT_MAX   4096
#define LINGER_MS  2000

enum talk { TALK_UNKNOWN, TALK_HTTP, TALK_LINES, TALK_OVER };

struct conn {
	struct api *api;
	struct conn *next;
	struct bufferevent *bev;
	struct event *timer;
	enum talk talk;
	enum api_right right;     /* of lines to come */
	bool half;                /* the timer runs for a request that is not complete */
	bool shut;                /* all is said: what comes is thrown away */
	char who[ACCESS_WHO_MAX]; /* address, or its network */
	bool loopback;
};

struct api {
	struct event_base *base;
	struct evconnlistener *listener;
	struct api_source source;
	struct access access;
	struct api_place place;
	struct conn *conns;
	unsigned n_conns;
	int64_t request_ms;
};

static void conn_free(struct conn *c)
{
	struct conn **at = &c->api->conns;

	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	c->api->n_conns--;
	bufferevent_free(c->bev);
	event_free(c->timer);
	free(c);
}

static void set_timer(struct conn *c, int64_t ms)
{
	const struct timeval tv = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};

	event_add(c->timer, &tv);
}

/* Nothing more is answered; it ends when all is sent. */
static void finish(struct conn *c)
{
	c->talk = TALK_OVER;
	set_timer(c, c->api->request_ms);
}

/* Say that we are done, and let the peer read it: closing with bytes unread would reset. */
static void shut(struct conn *c)
{
	c->shut = true;
	shutdown(bufferevent_getfd(c->bev), SHUT_WR);
	set_timer(c, LINGER_MS);
}

static int judge(void *arg, const char *token, enum api_right *right)
{
	struct conn *c = arg;

	return access_judge(&c->api->access, c->who, token, clock_ms(), right);
}

static void begin_call(const struct conn *c, struct api_view *view, struct api_call *call,
		       enum api_right right)
{
	const struct api_source *s = &c->api->source;

	memset(view, 0, sizeof *view);
	s->view(s->arg, view);
	*call = (struct api_call){
		.view = view, .actions = s->actions, .arg = s->arg, .right = right};
}

/* ---- HTTP ---- */

static void answer(struct conn *c, int status, const char *type, const char *extra,
		   struct evbuffer *body)
{
	if (status == 401)
		extra = "WWW-Authenticate: Bearer\r\n";
	http_answer(bufferevent_get_output(c->bev), status, type, extra, body);
	finish(c);
}

static void refuse(struct conn *c, int status)
{
	answer(c, status, NULL, NULL, NULL);
}

/* A page with another origin may read the answer if it was allowed to ask. */
static const char *cors(char *out, size_t size, const struct http_request *r)
{
	const char *origin = http_field(r, HTTP_ORIGIN);

	out[0] = '\0';
	if (origin)
		snprintf(out, size, "Access-Control-Allow-Origin: %s\r\nVary: Origin\r\n", origin);
	return out;
}

static int serve_page(const struct conn *c, const struct api_call *call,
		      const struct http_request *r, struct api_page *page)
{
	const char *path = r->path, *accept = http_field(r, HTTP_ACCEPT);
	const struct api_hooks *h = &c->api->source.hooks;

	if (!strcmp(path, "/metrics") && h->metrics) {
		page->type = "text/plain; version=0.0.4; charset=utf-8";
		return h->metrics(call, page->body);
	}
	if (h->page) {
		int rc = h->page(call, path, accept && strstr(accept, "text/html"), page);

		if (rc != -ERR_UNKNOWN)
			return rc;
	}
	if (strcmp(path, "/"))
		return -ERR_UNKNOWN;
	page->type = "text/plain; charset=utf-8";
	return evbuffer_add_printf(page->body, "adit %s: POST JSON-RPC 2.0 to /rpc\n",
				   call->view->version) < 0
		       ? -ERR_NOMEM
		       : 0;
}

static int serve_rpc(struct conn *c, const struct api_call *call, const char *text, size_t len,
		     struct evbuffer *body)
{
	const struct rpc rpc = {.call = call, .judge = judge, .arg = c};
	int rc = rpc_text(&rpc, text, len, body);

	return rc < 0 ? rc : 0;
}

static void serve(struct conn *c, const struct http_request *r, const char *text,
		  enum api_right right)
{
	bool post = !strcmp(r->method, "POST");
	struct evbuffer *body = evbuffer_new();
	struct api_page page = {.type = "application/json", .body = body};
	struct api_view view;
	struct api_call call;
	char extra[1200];
	size_t n;
	int rc;

	begin_call(c, &view, &call, right);
	if (!body)
		rc = -ERR_NOMEM;
	else if (!post)
		rc = serve_page(c, &call, r, &page);
	else if (strcmp(r->path, "/rpc"))
		rc = -ERR_UNKNOWN;
	else
		rc = serve_rpc(c, &call, text + r->head, r->body, body);
	if (rc) {
		refuse(c, rc == -ERR_UNKNOWN ? 404 : 500);
	} else { /* nothing but notifications: nothing to say */
		n = strlen(cors(extra, sizeof extra, r));
		snprintf(extra + n, sizeof extra - n, "%s", page.extra ? page.extra : "");
		answer(c, evbuffer_get_length(body) ? 200 : 204, page.type, extra, body);
	}
	if (body)
		evbuffer_free(body);
}

/* A browser asks whether a page of an allowed origin may post. */
static void preflight(struct conn *c, const struct http_request *r)
{
	const char *origin = http_field(r, HTTP_ORIGIN), *host = http_field(r, HTTP_HOST);
	const struct access *a = &c->api->access;
	char extra[600];

	if (!access_host_fits(a, host) || !origin || !access_origin_fits(a, origin, host)) {
		refuse(c, 403);
		return;
	}
	snprintf(extra, sizeof extra,
		 "Access-Control-Allow-Origin: %s\r\nVary: Origin\r\n"
		 "Access-Control-Allow-Methods: GET, POST\r\n"
		 "Access-Control-Allow-Headers: authorization, content-type\r\n",
		 origin);
	answer(c, 204, "text/plain", extra, NULL);
}

static void take_http(struct conn *c)
{
	struct evbuffer *in = bufferevent_get_input(c->bev);
	size_t len = evbuffer_get_length(in);
	const char *text = (const char *)evbuffer_pullup(in, -1);
	struct http_request r;
	struct access_ask ask;
	enum api_right right = API_NOTHING;
	int status = http_parse(&r, text, len);

	if (!status)
		return;
	if (status == 1) {
		ask = (struct access_ask){.method = r.method,
					  .host = http_field(&r, HTTP_HOST),
					  .origin = http_field(&r, HTTP_ORIGIN),
					  .type = http_field(&r, HTTP_TYPE),
					  .token = http_token(&r)};
		if (!strcmp(r.method, "OPTIONS")) {
			preflight(c, &r);
			return;
		}
		if (strcmp(r.method, "GET") && strcmp(r.method, "POST")) {
			answer(c, 405, NULL, "Allow: GET, POST\r\n", NULL);
			return;
		}
		status = access_http(&c->api->access, c->who, &ask, clock_ms(), &right);
	}
	if (status)
		refuse(c, status);
	else
		serve(c, &r, text, right);
}

/* ---- JSON lines ---- */

/* {"auth": TOKEN}: for all lines to come.  false: no such line. */
static bool take_auth(struct conn *c, const json_t *request)
{
	struct evbuffer *out = bufferevent_get_output(c->bev);
	const char *token = json_string_value(json_object_get(request, "auth"));
	enum api_right right;
	int rc;

	if (!token || json_object_size(request) != 1)
		return false;
	rc = judge(c, token, &right);
	if (!rc) {
		c->right = right;
		evbuffer_add_printf(out, "{\"auth\":\"%s\"}\n",
				    right == API_WRITE ? "write" : "read");
		return true;
	}
	evbuffer_add_printf(out, "{\"auth\":null,\"error\":\"%s\"}\n",
			    rc == -ERR_BUSY ? "too many wrong tokens: wait" : "wrong token");
	finish(c);
	return true;
}

/* Of one request, as Claymore's managers have it, or of all to come, as ethminer's. */
static const char *find_password(const json_t *request, bool *stays)
{
	const char *method = json_string_value(json_object_get(request, "method"));
	const json_t *params = json_object_get(request, "params");

	*stays = method && !strcmp(method, "api_authorize");
	return json_string_value(json_object_get(*stays ? params : request, "psw"));
}

/* {"method": "api_authorize", "params": {"psw": TOKEN}}, or "psw" besides any method. */
static bool take_password(struct conn *c, struct api_call *call, const json_t *request)
{
	struct evbuffer *out = bufferevent_get_output(c->bev);
	bool stays;
	const char *token = find_password(request, &stays);
	enum api_right right = API_NOTHING;
	json_t *id;

	if (!token)
		return false;
	if (!judge(c, token, &right)) {
		call->right = right;
		if (!stays)
			return false;
		c->right = right;
	}
	id = json_object_get(request, "id");
	id = id ? json_deep_copy(id) : json_null();
	id = right ? json_pack("{s:o, s:s, s:b}", "id", id, "jsonrpc", "2.0", "result", 1)
		   : json_pack("{s:o, s:s, s:{s:i, s:s}}", "id", id, "jsonrpc", "2.0", "error",
			       "code", -401, "message", "wrong password");
	if (id && !rpc_print(id, out))
		evbuffer_add(out, "\n", 1);
	if (!right)
		finish(c);
	return true;
}

/* Somebody else's habits.  false: none that is known. */
static bool take_object(struct conn *c, struct api_call *call, const json_t *request)
{
	const struct api_hooks *h = &c->api->source.hooks;
	int rc;

	if (!h->object || rpc_is_ours(request))
		return false;
	if (take_password(c, call, request))
		return true;
	if (call->right < API_READ)
		return false;
	rc = h->object(call, request, bufferevent_get_output(c->bev));
	if (rc == 1)
		finish(c);
	return rc >= 0;
}

static void take_line(struct conn *c, const char *line, size_t len)
{
	struct evbuffer *out = bufferevent_get_output(c->bev);
	json_t *request = rpc_parse(line, len), *reply;
	struct api_view view;
	struct api_call call;

	if (!request || !take_auth(c, request)) {
		const struct rpc rpc = {.call = &call, .judge = judge, .arg = c};

		begin_call(c, &view, &call, c->right);
		if (!request || !take_object(c, &call, request)) {
			reply = rpc_answer(&rpc, request);
			if (reply && !rpc_print(reply, out))
				evbuffer_add(out, "\n", 1);
		}
	}
	if (!request) /* who knows where the next one begins */
		finish(c);
	json_decref(request);
}

/* Tools that end a request with nothing send it whole: {"command": ...} */
static void take_unended(struct conn *c, bool last)
{
	struct evbuffer *in = bufferevent_get_input(c->bev);
	size_t len = evbuffer_get_length(in);
	char *text;
	json_t *request;
	bool whole = last;

	if (!len || c->talk == TALK_OVER ||
	    (!last && (len > TEXT_MAX || !c->api->source.hooks.object)))
		return;
	text = (char *)evbuffer_pullup(in, -1);
	if (!last && text[len - 1] == '}') {
		request = rpc_parse(text, len);
		whole = request && !rpc_is_ours(request) && !json_object_get(request, "auth");
		json_decref(request);
	}
	if (!whole)
		return;
	take_line(c, text, len);
	evbuffer_drain(in, len);
}

static void take_lines(struct conn *c, bool last)
{
	struct evbuffer *in = bufferevent_get_input(c->bev);
	struct evbuffer *out = bufferevent_get_output(c->bev);
	size_t len;
	char *line;

	while (c->talk == TALK_LINES && evbuffer_get_length(out) < OUTPUT_MAX &&
	       (line = evbuffer_readln(in, &len, EVBUFFER_EOL_LF)) != NULL) {
		c->half = false;
		if (len && line[len - 1] == '\r')
			len--;
		if (len)
			take_line(c, line, len);
		free(line);
	}
	if (c->talk == TALK_LINES && evbuffer_get_length(out) < OUTPUT_MAX)
		take_unended(c, last);
	if (c->talk == TALK_LINES && evbuffer_get_length(out) < OUTPUT_MAX &&
	    evbuffer_get_length(in) > RPC_TEXT_MAX)
		take_line(c, "", 0); /* malformed: too long */
}

/* ---- plain text ---- */

/* One packet is one request: those who send it end it with anything or nothing. */
static void take_text(struct conn *c)
{
	struct evbuffer *in = bufferevent_get_input(c->bev);
	size_t len = evbuffer_get_length(in);
	const struct api_hooks *h = &c->api->source.hooks;
	struct api_view view;
	struct api_call call;

	begin_call(c, &view, &call, c->right);
	if (h->text && len <= TEXT_MAX && c->right >= API_READ)
		h->text(&call, (const char *)evbuffer_pullup(in, -1), len,
			bufferevent_get_output(c->bev));
	finish(c);
}

/* ---- connections ---- */

static void decide(struct conn *c)
{
	char first = 0;

	evbuffer_copyout(bufferevent_get_input(c->bev), &first, 1);
	if (first >= 'A' && first <= 'Z') {
		c->talk = TALK_HTTP;
	} else if (first == '{' || first == '[') {
		c->talk = TALK_LINES;
		c->half = true; /* the timer runs since it connected */
	} else {
		take_text(c);
	}
}

/* A request must be complete in time; between two there is more of it. */
static void watch_lines(struct conn *c)
{
	bool half = evbuffer_get_length(bufferevent_get_input(c->bev)) > 0;

	if (c->talk != TALK_LINES || (half && c->half))
		return;
	c->half = half;
	set_timer(c, half ? c->api->request_ms : API_IDLE_MS);
}

/* false: it is gone. */
static bool go_on(struct conn *c, bool last)
{
	struct evbuffer *in = bufferevent_get_input(c->bev);
	struct evbuffer *out = bufferevent_get_output(c->bev);

	if (c->talk == TALK_UNKNOWN && evbuffer_get_length(in))
		decide(c);
	if (c->talk == TALK_HTTP)
		take_http(c);
	else if (c->talk == TALK_LINES)
		take_lines(c, last);
	watch_lines(c);
	if (c->talk == TALK_OVER)
		evbuffer_drain(in, evbuffer_get_length(in));
	if (last && c->talk != TALK_OVER)
		finish(c);
	if (c->talk == TALK_OVER && !c->shut && !evbuffer_get_length(out)) {
		if (last) {
			conn_free(c);
			return false;
		}
		shut(c);
	}
	return true;
}

static void on_read(struct bufferevent *bev, void *arg)
{
	(void)bev;
	go_on(arg, false);
}

/* All that was to be sent is. */
static void on_written(struct bufferevent *bev, void *arg)
{
	(void)bev;
	go_on(arg, false);
}

static void on_event(struct bufferevent *bev, short what, void *arg)
{
	struct conn *c = arg;

	(void)bev;
	if (!(what & BEV_EVENT_EOF) || c->shut)
		conn_free(c);
	else /* it may still read: `echo ... | nc` */
		go_on(c, true);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct conn *c = arg;

	(void)fd;
	(void)what;
	if (c->talk == TALK_HTTP)
		refuse(c, 408);
	else
		conn_free(c);
}

/* An IPv6 host has a whole network to speak from. */
static void name_peer(struct conn *c, const struct sockaddr *from)
{
	char text[INET6_ADDRSTRLEN] = "";
	struct in6_addr net;

	if (from->sa_family == AF_INET) {
		const struct in_addr *v4 =
			&((const struct sockaddr_in *)(const void *)from)->sin_addr;

		inet_ntop(AF_INET, v4, text, sizeof text);
		c->loopback = ntohl(v4->s_addr) >> 24 == 127;
	} else if (from->sa_family == AF_INET6) {
		net = ((const struct sockaddr_in6 *)(const void *)from)->sin6_addr;
		c->loopback = IN6_IS_ADDR_LOOPBACK(&net);
		memset(&net.s6_addr[8], 0, 8);
		inet_ntop(AF_INET6, &net, text, sizeof text);
	} else {
		c->loopback = true;
	}
	str_copy(c->who, sizeof c->who, text[0] ? text : "local");
}

static bool crowded(const struct api *api, const struct conn *c)
{
	const struct conn *other;
	unsigned n = 0;

	if (api->n_conns >= API_CONNS_MAX)
		return true;
	for (other = api->conns; other; other = other->next)
		n += !strcmp(other->who, c->who);
	return !c->loopback && n >= API_CONNS_OF_ONE;
}

static void on_accept(struct evconnlistener *l, evutil_socket_t fd, struct sockaddr *from, int len,
		      void *arg)
{
	struct api *api = arg;
	struct conn *c = calloc(1, sizeof *c);
	const struct timeval send_limit = {.tv_sec = API_REQUEST_MS / 1000};

	(void)l;
	(void)len;
	if (c) {
		name_peer(c, from);
		c->api = api;
		c->right = access_open(&api->access);
		c->timer = crowded(api, c) ? NULL : evtimer_new(api->base, on_timer, c);
	}
	if (c && c->timer)
		c->bev = bufferevent_socket_new(api->base, fd, BEV_OPT_CLOSE_ON_FREE);
	if (!c || !c->bev) {
		if (c && c->timer)
			event_free(c->timer);
		evutil_closesocket(fd);
		free(c);
		return;
	}
	c->next = api->conns;
	api->conns = c;
	api->n_conns++;
	bufferevent_setcb(c->bev, on_read, on_written, on_event, c);
	bufferevent_setwatermark(c->bev, EV_READ, 0, INPUT_MAX);
	bufferevent_set_timeouts(c->bev, NULL, &send_limit);
	set_timer(c, c->api->request_ms);
	bufferevent_enable(c->bev, EV_READ | EV_WRITE);
}

/* ---- beginning and end ---- */

static int set_access(struct access *a, const struct api_config *config,
		      const struct api_place *place, struct err *err)
{
	int rc = access_set_token(&a->write, "--api-token", config->token, err);

	if (!rc)
		rc = access_set_token(&a->read, "--api-read-token", config->read_token, err);
	a->loopback = place->loopback;
	a->origins = config->origins;
	str_copy(a->host, sizeof a->host, place->host);
	return rc ? rc : access_check(a, config->bind, err);
}

int api_new(struct api **out, struct event_base *base, const struct api_config *config,
	    const struct api_source *source, struct err *err)
{
	struct api *api = calloc(1, sizeof *api);
	int rc;

	if (!api)
		return err_set(err, ERR_NOMEM, "no memory for the API");
	api->base = base;
	api->source = *source;
	api->request_ms = config->request_ms ? config->request_ms : API_REQUEST_MS;
	rc = api_place_open(&api->place, config->bind, err);
	if (!rc)
		rc = set_access(&api->access, config, &api->place, err);
	if (!rc) {
		api->listener = evconnlistener_new(base, on_accept, api,
						   LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC,
						   16, api->place.fd);
		if (!api->listener)
			rc = err_set(err, ERR_IO,
				     "--api-bind %.160s: %s; choose another port (0: "
				     "any free one), or --api-bind off",
				     config->bind, strerror(errno));
	}
	if (rc)
		api_free(api);
	else
		*out = api;
	return rc;
}

void api_free(struct api *api)
{
	if (!api)
		return;
	while (api->conns)
		conn_free(api->conns);
	if (api->listener)
		evconnlistener_free(api->listener);
	else if (api->place.fd >= 0)
		close(api->place.fd);
	if (api->place.path[0])
		unlink(api->place.path);
	free(api);
}

const char *api_where(const struct api *api)
{
	return api->place.where;
}

void api_has_events(struct api *api)
{
	(void)api;
}

unsigned api_connections(const struct api *api)
{
	return api->n_conns;
}
