/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The listener: its address, its rules, its beginning and end. */
#include <errno.h>
#include <event2/listener.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "pool/tls.h"
#include "src/api/conn.h"
#include "src/str.h"

#define BACKLOG     128
#define CONNS_LEAST 16
#define AGAIN_MS    1000

/* ---- rules ---- */

void api_rules_free(struct api_rules *rules)
{
	if (!rules)
		return;
	free(rules->origins);
	free(rules->hosts);
	SSL_CTX_free(rules->tls);
	free(rules);
}

static int copy(char **out, const char *text, struct err *err)
{
	*out = text ? strdup(text) : NULL;
	return text && !*out ? err_set(err, ERR_NOMEM, "no memory for the API") : 0;
}

static int set_tls(struct api_rules *rules, const struct api_config *config, struct err *err)
{
	if (!config->tls_cert && !config->tls_key)
		return 0;
	if (!config->tls_cert || !config->tls_key)
		return err_set(err, ERR_USAGE,
			       "%s is missing: --api-tls-cert and --api-tls-key go together",
			       config->tls_cert ? "--api-tls-key FILE" : "--api-tls-cert FILE");
	rules->tls = tls_server("--api-tls", config->tls_cert, config->tls_key, err);
	if (!rules->tls)
		return -err->code;
	/* half a thousand idle connections hold no buffers; nobody has us begin again and again */
	SSL_CTX_set_mode(rules->tls, SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_options(rules->tls, SSL_OP_NO_RENEGOTIATION);
	return 0;
}

static int set_rules(struct api_rules *rules, const struct api_place *place,
		     const struct api_config *config, struct err *err)
{
	struct access *a = &rules->access;
	const char *write_from = config->token_from ? config->token_from : "--api-token";
	const char *read_from =
		config->read_token_from ? config->read_token_from : "--api-read-token";
	int rc = access_set_token(&a->write, write_from, config->token, err);

	if (!rc)
		rc = access_set_token(&a->read, read_from, config->read_token, err);
	if (!rc)
		rc = copy(&rules->origins, config->origins, err);
	if (!rc)
		rc = copy(&rules->hosts, config->hosts, err);
	if (!rc)
		rc = set_tls(rules, config, err);
	a->loopback = place->loopback;
	a->origins = rules->origins;
	a->hosts = rules->hosts;
	a->tls = rules->tls != NULL;
	str_copy(a->host, sizeof a->host, place->host);
	return rc ? rc : access_check(a, config->bind, err);
}

int api_rules_new(struct api_rules **out, const struct api *api, const struct api_config *config,
		  struct err *err)
{
	struct api_rules *rules = calloc(1, sizeof *rules);
	int rc = rules ? set_rules(rules, &api->place, config, err)
		       : err_set(err, ERR_NOMEM, "no memory for the API");

	if (rc)
		api_rules_free(rules);
	else
		*out = rules;
	return rc;
}

void api_rules_use(struct api *api, struct api_rules *rules)
{
	struct conn *c, *next;

	if (api->rules) /* who guessed before is not forgiven */
		memcpy(rules->access.bad, api->rules->access.bad, sizeof rules->access.bad);
	api_rules_free(api->rules);
	api->rules = rules;
	for (c = api->conns; c; c = next) {
		next = c->next;
		conn_judge_again(c);
	}
}

/* ---- accepting ---- */

static void on_accept(struct evconnlistener *l, evutil_socket_t fd, struct sockaddr *from, int len,
		      void *arg)
{
	(void)l;
	(void)len;
	conn_begin(arg, fd, from);
}

/* No descriptors left: it would be told again and again without end. */
static void on_trouble(struct evconnlistener *l, void *arg)
{
	const struct timeval tv = {.tv_sec = AGAIN_MS / 1000};
	struct api *api = arg;

	evconnlistener_disable(l);
	event_add(api->again, &tv);
}

static void on_again(evutil_socket_t fd, short what, void *arg)
{
	const struct api *api = arg;

	(void)fd;
	(void)what;
	evconnlistener_enable(api->listener);
}

/* Half of what this process may open: devices, pools and files need some too. */
static unsigned most_conns(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur / 2 >= API_CONNS_MAX)
		return API_CONNS_MAX;
	return limit.rlim_cur / 2 < CONNS_LEAST ? CONNS_LEAST : (unsigned)(limit.rlim_cur / 2);
}

/* ---- beginning and end ---- */

static int open_listener(struct api *api, const struct api_config *config, struct err *err)
{
	api->again = evtimer_new(api->base, on_again, api);
	if (!api->again)
		return err_set(err, ERR_NOMEM, "no memory for the API");
	api->listener = evconnlistener_new(api->base, on_accept, api,
					   LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, BACKLOG,
					   api->place.fd);
	if (!api->listener)
		return err_set(err, ERR_IO,
			       "--api-bind %.160s: %s; choose another port (0: "
			       "any free one), or --api-bind off",
			       config->bind, strerror(errno));
	evconnlistener_set_error_cb(api->listener, on_trouble);
	return 0;
}

int api_new(struct api **out, struct event_base *base, const struct api_config *config,
	    const struct api_source *source, struct err *err)
{
	struct api *api = calloc(1, sizeof *api);
	struct api_rules *rules = NULL;
	int rc;

	if (!api)
		return err_set(err, ERR_NOMEM, "no memory for the API");
	api->base = base;
	api->place.fd = -1;
	api->source = *source;
	api->request_ms = config->request_ms ? config->request_ms : API_REQUEST_MS;
	api->conns_max = most_conns();
	rc = conns_new(api, err);
	if (!rc)
		rc = api_place_open(&api->place, config->bind, err);
	if (!rc)
		rc = api_rules_new(&rules, api, config, err);
	if (!rc) {
		api_rules_use(api, rules);
		rc = feeds_new(api, config->alive_ms ? config->alive_ms : API_ALIVE_MS, err);
	}
	if (!rc)
		rc = open_listener(api, config, err);
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
	conns_done(api);
	feeds_done(api);
	if (api->again)
		event_free(api->again);
	if (api->listener)
		evconnlistener_free(api->listener);
	else if (api->place.fd >= 0)
		close(api->place.fd);
	if (api->place.path[0])
		unlink(api->place.path);
	api_rules_free(api->rules);
	free(api);
}

const char *api_where(const struct api *api)
{
	return api->place.where;
}

bool api_is_readable(const struct api *api)
{
	return !api->place.loopback && !api->rules->tls;
}

unsigned api_connections(const struct api *api)
{
	return api->n_conns;
}
