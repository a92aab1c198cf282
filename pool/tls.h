/* SPDX-License-Identifier: GPL-3.0-or-later */
/* TLS contexts and checks shared by the stream and HTTP transports, the local pool, and the API. */
#ifndef ADIT_TLS_H
#define ADIT_TLS_H

#include <openssl/ssl.h>

#include "src/err.h"

struct pool_config;

/*
 * A client-side SSL for this pool at host (the configured one, or where a redirect leads):
 * TLS >= 1.2, SNI for names (not for address literals), chain and host name verified
 * against tls_ca or the system's store, or the certificate's SHA-256 pinned, or
 * (tls_insecure) nothing.  NULL with err.
 */
SSL *tls_client(const struct pool_config *config, const char *host, struct err *err);

/*
 * After a failed or finished handshake: 0 if acceptable, else -ERR_TLS with OpenSSL's
 * reason.  code: what bufferevent_get_openssl_error() told, 0 for nothing.
 */
int tls_verdict(SSL *ssl, unsigned long code, const struct pool_config *config, struct err *err);

/* Server side.  option: "--tls", what "-cert" and "-key" follow in err. */
SSL_CTX *tls_server(const char *option, const char *cert_file, const char *key_file,
		    struct err *err);

#endif
