/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Copies and the end of a pool's configuration. */
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#include "pool/client.h"

static void wipe(char *text)
{
	if (text)
		OPENSSL_cleanse(text, strlen(text));
	free(text);
}

static int copy_text(char **at)
{
	if (*at)
		*at = strdup(*at);
	return *at ? 0 : -ERR_NOMEM;
}

static int copy_options(char ***at)
{
	char **from = *at;
	size_t i, n = 0;

	while (from[n])
		n++;
	*at = calloc(n + 1, sizeof **at);
	for (i = 0; *at && i < n; i++) {
		(*at)[i] = strdup(from[i]);
		if (!(*at)[i])
			return -ERR_NOMEM;
	}
	return *at ? 0 : -ERR_NOMEM;
}

int pool_config_copy(struct pool_config **out, const struct pool_config *from)
{
	struct pool_config *c = malloc(sizeof *c);
	bool failed;

	if (!c)
		return -ERR_NOMEM;
	*c = *from;
	failed = copy_text(&c->url) | copy_text(&c->user) | copy_text(&c->password) |
		 (from->proxy && copy_text(&c->proxy)) | (from->tls_ca && copy_text(&c->tls_ca)) |
		 (from->tls_fingerprint && copy_text(&c->tls_fingerprint)) |
		 (from->options && copy_options(&c->options));
	*out = c;
	if (!failed)
		return 0;
	pool_config_free(c);
	*out = NULL;
	return -ERR_NOMEM;
}

void pool_config_done(struct pool_config *c)
{
	size_t i;

	free(c->url);
	free(c->user);
	wipe(c->password);
	wipe(c->proxy);
	free(c->tls_ca);
	free(c->tls_fingerprint);
	for (i = 0; c->options && c->options[i]; i++)
		wipe(c->options[i]);
	free(c->options);
	OPENSSL_cleanse(c, sizeof *c);
}

void pool_config_free(struct pool_config *c)
{
	if (c)
		pool_config_done(c);
	free(c);
}
