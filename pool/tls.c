/* SPDX-License-Identifier: GPL-3.0-or-later */
/* TLS contexts and checks shared by the stream and HTTP transports, and the local pool. */
#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <strings.h>

#include "pool/client.h"
#include "pool/tls.h"
#include "src/hex.h"

/* OpenSSL's own words for what went wrong last. */
static const char *reason(void)
{
	const char *text = ERR_reason_error_string(ERR_peek_last_error());

	return text ? text : "unknown reason";
}

static bool is_address(const char *host)
{
	uint8_t bytes[16];

	return inet_pton(AF_INET, host, bytes) == 1 || inet_pton(AF_INET6, host, bytes) == 1;
}

static int trust(SSL_CTX *ctx, const struct pool_config *config, struct err *err)
{
	if (!config->tls_ca) {
		SSL_CTX_set_default_verify_paths(ctx);
		return 0;
	}
	if (SSL_CTX_load_verify_locations(ctx, config->tls_ca, NULL) != 1)
		return err_set(err, ERR_TLS,
			       "--tls-ca %s: cannot be used (%s); it must be a PEM file",
			       config->tls_ca, reason());
	return 0;
}

SSL *tls_client(const struct pool_config *config, struct err *err)
{
	bool check = !config->tls_insecure && !config->tls_fingerprint;
	const char *host = config->parsed.host;
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	SSL *ssl = NULL;

	ERR_clear_error();
	if (!ctx || SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) != 1) {
		err_set(err, ERR_TLS, "cannot set up TLS: %s", reason());
		goto out;
	}
	if (check && trust(ctx, config, err))
		goto out;
	SSL_CTX_set_verify(ctx, check ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, NULL);
	ssl = SSL_new(ctx);
	if (!ssl) {
		err_set(err, ERR_TLS, "cannot set up TLS: %s", reason());
		goto out;
	}
	if (is_address(host)) {
		X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host);
	} else {
		SSL_set_tlsext_host_name(ssl, host);
		SSL_set1_host(ssl, host);
	}
out:
	SSL_CTX_free(ctx); /* the SSL keeps its own reference */
	return ssl;
}

static int check_pin(SSL *ssl, const char *want, struct err *err)
{
	X509 *cert = SSL_get1_peer_certificate(ssl);
	uint8_t digest[EVP_MAX_MD_SIZE];
	unsigned len = 0;
	char hex[2 * EVP_MAX_MD_SIZE + 1];
	int ok = cert && X509_digest(cert, EVP_sha256(), digest, &len);

	X509_free(cert);
	if (!ok)
		return err_set(err, ERR_TLS, "the pool shows no certificate");
	hex_encode(hex, digest, len);
	if (strcasecmp(hex, want))
		return err_set(err, ERR_TLS,
			       "the certificate's fingerprint is %s, not the one in "
			       "--tls-fingerprint",
			       hex);
	return 0;
}

int tls_verdict(SSL *ssl, const struct pool_config *config, struct err *err)
{
	long verified = SSL_get_verify_result(ssl);
	unsigned long code = ERR_peek_last_error();

	if (!config->tls_insecure && !config->tls_fingerprint && verified != X509_V_OK)
		return err_set(err, ERR_TLS,
			       "certificate refused: %s (give its authority with --tls-ca, pin it "
			       "with --tls-fingerprint, or trust blindly with --tls-insecure)",
			       X509_verify_cert_error_string(verified));
	if (!SSL_is_init_finished(ssl))
		return err_set(err, ERR_TLS, "TLS handshake failed: %s",
			       code ? reason()
				    : "the pool closed the connection (is it a TLS port?)");
	return config->tls_fingerprint ? check_pin(ssl, config->tls_fingerprint, err) : 0;
}

SSL_CTX *tls_server(const char *cert_file, const char *key_file, struct err *err)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());

	ERR_clear_error();
	if (!ctx || SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) != 1)
		err_set(err, ERR_TLS, "cannot set up TLS: %s", reason());
	else if (SSL_CTX_use_certificate_chain_file(ctx, cert_file) != 1)
		err_set(err, ERR_TLS, "--tls-cert %s: %s", cert_file, reason());
	else if (SSL_CTX_use_PrivateKey_file(ctx, key_file, SSL_FILETYPE_PEM) != 1)
		err_set(err, ERR_TLS, "--tls-key %s: %s", key_file, reason());
	else if (SSL_CTX_check_private_key(ctx) != 1)
		err_set(err, ERR_TLS, "--tls-key %s does not belong to --tls-cert %s", key_file,
			cert_file);
	else
		return ctx;
	SSL_CTX_free(ctx);
	return NULL;
}
