/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The client's half of SOCKS5 (RFC 1928, user and password by RFC 1929).  The proxy is
 * given the name, so that nothing is looked up here.  Pure: bytes in, bytes out.
 */
#ifndef ADIT_SOCKS_H
#define ADIT_SOCKS_H

#include <stddef.h>
#include <stdint.h>

#include "pool/url.h"
#include "src/err.h"

enum socks_state { SOCKS_GREETING, SOCKS_LOGIN, SOCKS_CONNECT, SOCKS_DONE };

struct socks {
	enum socks_state state;
	struct url proxy;
	const char *host; /* borrowed */
	unsigned port;
};

#define SOCKS_REPLY_MAX 520

/* "socks5://[user:password@]host:port" (socks5h means the same). */
int socks_parse(struct url *out, const char *text, struct err *err);

/* The first bytes to send; returns their number (out: SOCKS_REPLY_MAX). */
size_t socks_start(struct socks *s, uint8_t *out);

/*
 * data[0..len) has arrived.  Returns bytes used (0: wait for more) and puts what to send
 * next into reply; state SOCKS_DONE means the tunnel stands.  -ERR_NET with the reason.
 */
long socks_feed(struct socks *s, const uint8_t *data, size_t len, uint8_t *reply, size_t *reply_len,
		struct err *err);

#endif
