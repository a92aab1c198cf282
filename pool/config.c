/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The end of a pool's configuration. */
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
