/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The client's half of SOCKS5. */
#include <arpa/inet.h>
#include <string.h>

#include "pool/socks.h"

int socks_parse(struct url *out, const char *text, struct err *err)
{
	int rc = url_parse(out, text, err);

	if (rc) {
		err_prefix(err, "proxy");
		return rc;
	}
	if (strcmp(out->scheme, "socks5") && strcmp(out->scheme, "socks5h"))
		return err_set(err, ERR_PARSE, "proxy: write socks5://[user:password@]host:port");
	return 0;
}

size_t socks_start(struct socks *s, uint8_t *out)
{
	s->state = SOCKS_GREETING;
	out[0] = 5;
	out[1] = s->proxy.user[0] ? 2 : 1;
	out[2] = 0;
	out[3] = 2;
	return s->proxy.user[0] ? 4 : 3;
}

static size_t put_login(const struct socks *s, uint8_t *out)
{
	size_t user = strlen(s->proxy.user), password = strlen(s->proxy.password);

	out[0] = 1;
	out[1] = (uint8_t)user;
	memcpy(out + 2, s->proxy.user, user);
	out[2 + user] = (uint8_t)password;
	memcpy(out + 3 + user, s->proxy.password, password);
	return 3 + user + password;
}

static size_t put_connect(const struct socks *s, uint8_t *out)
{
	size_t len = strlen(s->host), at = 4;

	out[0] = 5;
	out[1] = 1;
	out[2] = 0;
	if (inet_pton(AF_INET, s->host, out + 4) == 1) {
		out[3] = 1;
		at += 4;
	} else if (inet_pton(AF_INET6, s->host, out + 4) == 1) {
		out[3] = 4;
		at += 16;
	} else {
		out[3] = 3;
		out[4] = (uint8_t)len;
		memcpy(out + 5, s->host, len);
		at += 1 + len;
	}
	out[at] = (uint8_t)(s->port >> 8);
	out[at + 1] = (uint8_t)s->port;
	return at + 2;
}

static const char *refusal(unsigned code)
{
	static const char *const words[] = {
		"granted",
		"general failure",
		"not allowed by its rules",
		"network unreachable",
		"host unreachable",
		"connection refused",
		"time to live expired",
		"command not supported",
		"address type not supported",
	};

	return code < sizeof words / sizeof *words ? words[code] : "unknown failure";
}

/* How long the answer to CONNECT is; 0: not known yet. */
static size_t connect_answer_len(const uint8_t *data, size_t len)
{
	if (len < 5)
		return 0;
	switch (data[3]) {
	case 1:
		return 10;
	case 4:
		return 22;
	default:
		return 7u + data[4];
	}
}

static long on_greeting(struct socks *s, const uint8_t *data, uint8_t *reply, size_t *reply_len,
			struct err *err)
{
	if (data[0] != 5)
		return err_set(err, ERR_NET, "the proxy does not speak SOCKS5");
	if (data[1] == 2 && s->proxy.user[0]) {
		s->state = SOCKS_LOGIN;
		*reply_len = put_login(s, reply);
	} else if (data[1] == 0) {
		s->state = SOCKS_CONNECT;
		*reply_len = put_connect(s, reply);
	} else {
		return err_set(err, ERR_NET, "the proxy wants a login: -x socks5://user:pass@host");
	}
	return 2;
}

long socks_feed(struct socks *s, const uint8_t *data, size_t len, uint8_t *reply, size_t *reply_len,
		struct err *err)
{
	size_t want;

	*reply_len = 0;
	if (s->state != SOCKS_CONNECT) {
		if (len < 2)
			return 0;
		if (s->state == SOCKS_GREETING)
			return on_greeting(s, data, reply, reply_len, err);
		if (data[1])
			return err_set(err, ERR_NET, "the proxy refuses the user or password");
		s->state = SOCKS_CONNECT;
		*reply_len = put_connect(s, reply);
		return 2;
	}
	want = connect_answer_len(data, len);
	if (len >= 2 && (data[0] != 5 || data[1]))
		return err_set(err, ERR_NET, "the proxy cannot reach %s: %s", s->host,
			       data[0] == 5 ? refusal(data[1]) : "not a SOCKS5 answer");
	if (!want || len < want)
		return 0;
	s->state = SOCKS_DONE;
	return (long)want;
}
