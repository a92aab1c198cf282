/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How rigs are asked: one connection each, one batch of requests at a time. */
#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pool/client.h"
#include "pool/http.h"
#include "pool/names.h"
#include "src/clock.h"
#include "src/hex.h"
#include "src/settings.h"
#include "src/str.h"
#include "src/top.h"

#define ANSWER_MS 8000

struct top_link {
	struct top_links *all;
	struct top_rig *rig;
	struct http *http;
	struct pool_config config;
	char text[300]; /* scheme://host:port */
	bool asking;
	bool told_token; /* it asked for one */
};

struct top_links {
	struct names names;
	struct top_link *link;
	unsigned n;
	uint32_t asked;
	char pin[65];      /* "": none */
	const char *token; /* NULL: none */
	struct tui_log *alarms;
	void (*told)(void *arg);
	void *arg;
};

/* ---- addresses ---- */

/* HOST, HOST:PORT, [V6]:PORT, with http:// or https:// in front or not. */
static int whole_url(char *out, size_t size, const char *text, struct err *err)
{
	const char *rest = strstr(text, "://"), *end;
	size_t scheme = rest ? (size_t)(rest + 3 - text) : 0, len;
	bool port;

	rest = text + scheme;
	end = rest + strcspn(rest, "/");
	len = (size_t)(end - rest);
	if (*rest == '[')
		port = memchr(rest, ']', len) && strstr(rest, "]:") && strstr(rest, "]:") < end;
	else
		port = memchr(rest, ':', len) != NULL;
	if (scheme + len + 32 > size)
		return err_set(err, ERR_PARSE, "it is too long");
	snprintf(out, size, port ? "%.*s%.*s" : "%.*s%.*s:%u", scheme ? (int)scheme : 7,
		 scheme ? text : "http://", (int)len, rest, TOP_DEFAULT_PORT);
	return 0;
}

static int take_address(struct top_link *l, const char *text, struct err *err)
{
	struct url *u = &l->config.parsed;
	int rc = whole_url(l->text, sizeof l->text, text, err);
	struct err why = {0};

	if (!rc && url_parse(u, l->text, &why)) /* "bad pool address: WHY" */
		rc = err_set(err, why.code, "%s",
			     strstr(why.text, ": ") ? strstr(why.text, ": ") + 2 : why.text);
	if (!rc && strcmp(u->scheme, "http") && strcmp(u->scheme, "https"))
		rc = err_set(err, ERR_PARSE, "write HOST:PORT, http://HOST:PORT or https://...");
	if (!rc && (u->user[0] || u->password[0]))
		rc = err_set(err, ERR_PARSE, "no user or password belongs there: use --token-file");
	if (rc)
		return rc;
	str_copy(u->path, sizeof u->path, "/rpc");
	l->config.url = l->text;
	return 0;
}

/* ---- answers ---- */

static void is_now(struct top_link *l, enum top_state state, const char *why)
{
	struct top_rig *r = l->rig;
	char line[TUI_LOG_TEXT];

	if (r->state != state) {
		r->since_ms = clock_ms();
		snprintf(line, sizeof line, "%.60s: %s%s%.150s", r->name,
			 state == TOP_UP ? "answers" : "does not answer", why[0] ? ": " : "", why);
		if (l->all->alarms && (state == TOP_DOWN || r->state == TOP_DOWN))
			tui_log_add(l->all->alarms, state == TOP_UP ? LOG_NOTICE : LOG_ERROR, line);
	}
	r->state = state;
	str_printable(r->error, sizeof r->error, why, strlen(why));
}

/* What the transport says to those who mine, in the options of those who watch. */
static void in_our_words(char *text)
{
	char *blindly = strstr(text, ", or trust blindly"), *option = text;

	if (blindly)
		memcpy(blindly, ")", 2);
	while ((option = strstr(option, "--tls-")))
		memcpy(option, "--rig-", 6);
}

static void ask(struct top_link *l)
{
	struct err err = {0};
	char body[400];

	l->asking = true;
	top_ask(body, sizeof body, l->rig);
	if (!http_post(l->http, 0, ++l->all->asked, body, strlen(body), ANSWER_MS, &err) ||
	    !l->asking) /* it was told within the call */
		return;
	l->asking = false;
	in_our_words(err.text);
	is_now(l, TOP_DOWN, err.text);
	l->all->told(l->all->arg);
}

/* Only those get the token who ask for one. */
static bool tell_token(struct top_link *l)
{
	if (!l->all->token || l->told_token || http_set_token(l->http, l->all->token))
		return false;
	l->told_token = true;
	ask(l);
	return true;
}

static void on_reply(void *arg, uint32_t request, int status, const char *body, size_t len)
{
	struct top_link *l = arg;
	struct err err = {0};
	int rc = 0;

	(void)request;
	l->asking = false;
	if (status == 401 && tell_token(l))
		return;
	if (status == 0)
		rc = err_set(&err, ERR_NET, "%.200s", body);
	else if (status == 401 || status == 403)
		rc = err_set(&err, ERR_AUTH, "it refuses to tell (HTTP %d): %s", status,
			     l->told_token ? "the token is not its own" : "give --token-file FILE");
	else if (status != 200)
		rc = err_set(&err, ERR_PROTO, "its answer is HTTP %d, not one of an adit's API",
			     status);
	else
		rc = top_read(l->rig, body, len, l->all->alarms, &err);
	in_our_words(err.text);
	is_now(l, rc ? TOP_DOWN : TOP_UP, rc ? err.text : "");
	l->all->told(l->all->arg);
}

void top_links_ask(struct top_links *all)
{
	unsigned i;

	names_refresh(&all->names);
	for (i = 0; i < all->n; i++)
		if (!all->link[i].asking)
			ask(&all->link[i]);
}

/* ---- beginning and end ---- */

static int begin(struct top_link *l, const struct settings_top *s, struct event_base *base,
		 struct err *err)
{
	static char empty[1];
	int rc;

	l->config.user = l->config.password = empty;
	l->config.tls_ca = s->ca;
	l->config.tls_fingerprint = l->all->pin[0] ? l->all->pin : NULL;
	rc = take_address(l, l->rig->name, err);
	if (!rc)
		rc = http_new(&l->http, base, l->all->names.dns, &l->config, on_reply, l, err);
	if (!rc)
		http_limit(l->http, TOP_ANSWER_MAX);
	return rc;
}

/* "AA:bb:..." or plain digits. */
static int take_pin(char out[65], const char *text, struct err *err)
{
	size_t n = 0;

	for (; *text && n < 64; text++)
		if (hex_digit(*text) >= 0)
			out[n++] = *text;
		else if (*text != ':')
			break;
	out[n] = '\0';
	return n == 64 && !*text
		       ? 0
		       : err_set(err, ERR_PARSE,
				 "--rig-fingerprint: must be the 64 hexadecimal digits of the "
				 "certificate's SHA-256");
}

static int check_trust(struct top_links *all, const struct settings_top *s, struct err *err)
{
	if (s->ca && access(s->ca, R_OK))
		return err_set(err, ERR_IO, "--rig-ca %.200s: cannot read it: %s", s->ca,
			       strerror(errno));
	return s->fingerprint ? take_pin(all->pin, s->fingerprint, err) : 0;
}

int top_links_new(struct top_links **out, struct event_base *base, struct top_rig *rigs, unsigned n,
		  const struct settings_top *s, const char *token, struct tui_log *alarms,
		  void (*told)(void *arg), void *arg, struct err *err)
{
	struct top_links *all = calloc(1, sizeof *all);
	unsigned i;
	int rc = 0;

	if (all)
		all->link = calloc(n, sizeof *all->link);
	if (!all || !all->link) {
		free(all);
		return err_set(err, ERR_NOMEM, "no memory for %u rigs", n);
	}
	*all = (struct top_links){
		.link = all->link, .token = token, .alarms = alarms, .told = told, .arg = arg};
	rc = check_trust(all, s, err);
	if (!rc)
		rc = names_init(&all->names, base, NAMES_RESOLV, NAMES_HOSTS, err);
	for (i = 0; !rc && i < n; i++) {
		struct top_link *l = &all->link[all->n++];

		l->all = all;
		l->rig = &rigs[i];
		rc = begin(l, s, base, err);
		if (rc)
			err_prefix(err, strchr(rigs[i].name, '@') ? "rig %u" : "rig %u, %s", i + 1,
				   rigs[i].name);
	}
	if (rc)
		top_links_free(all);
	else
		*out = all;
	return rc;
}

void top_links_free(struct top_links *l)
{
	unsigned i;

	if (!l)
		return;
	for (i = 0; i < l->n; i++)
		http_free(l->link[i].http);
	names_done(&l->names);
	free(l->link);
	free(l);
}
