/* SPDX-License-Identifier: GPL-3.0-or-later */
/* TLS contexts and checks shared by the stream and HTTP transports, and the local pool. */
#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
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

/* Of a file: the first error is the cause, those after it say who was disappointed. */
static const char *file_reason(void)
{
	unsigned long code = ERR_peek_error();
	const char *text;

	if (ERR_SYSTEM_ERROR(code))
		return strerror(ERR_GET_REASON(code));
	if (ERR_GET_LIB(code) == ERR_LIB_PEM && ERR_GET_REASON(code) == PEM_R_NO_START_LINE)
		return "nothing in PEM form in it";
	text = ERR_reason_error_string(code);
	return text ? text : "unknown reason";
}

static bool is_address(const char *host)
{
	uint8_t bytes[16];

	return inet_pton(AF_INET, host, bytes) == 1 || inet_pton(AF_INET6, host, bytes) == 1;
}

/*
 * The system's certificates.  OpenSSL knows one place, its builder's; a bundle runs on
 * other distributions too, so theirs are tried as well.  All are root's to write.
 */
static void system_store(SSL_CTX *ctx)
{
	static const char *const files[] = {
		"/etc/ssl/certs/ca-certificates.crt", /* Debian, Arch, Gentoo */
		"/etc/pki/tls/certs/ca-bundle.crt",   /* Fedora, RHEL */
		"/etc/ssl/ca-bundle.pem",             /* openSUSE */
		"/etc/ssl/cert.pem",                  /* Alpine */
	};
	size_t i;

	SSL_CTX_set_default_verify_paths(ctx);
	for (i = 0; i < sizeof files / sizeof *files; i++)
		if (SSL_CTX_load_verify_locations(ctx, files[i], NULL) == 1)
			break;
	ERR_clear_error();
}

static int trust(SSL_CTX *ctx, const struct pool_config *config, struct err *err)
{
	if (!config->tls_ca) {
		system_store(ctx);
		return 0;
	}
	if (SSL_CTX_load_verify_locations(ctx, config->tls_ca, NULL) != 1)
		return err_set(err, ERR_TLS,
			       "--tls-ca %s: cannot be used (%s); it must be a PEM file",
			       config->tls_ca, file_reason());
	return 0;
}

/* Whether this certificate is the one pinned; its fingerprint goes to hex. */
static bool is_pinned(X509 *cert, const char *want, char hex[2 * EVP_MAX_MD_SIZE + 1])
{
	uint8_t digest[EVP_MAX_MD_SIZE];
	unsigned len = 0;

	hex[0] = '\0';
	if (!cert || !X509_digest(cert, EVP_sha256(), digest, &len))
		return false;
	return !strcasecmp(hex_encode(hex, digest, len), want);
}

static void free_pin(void *parent, void *pin, CRYPTO_EX_DATA *ad, int index, long argl, void *argp)
{
	(void)parent;
	(void)ad;
	(void)index;
	(void)argl;
	(void)argp;
	free(pin);
}

/* Where a context keeps its own copy of the pin; loop thread only. */
static int pin_index(void)
{
	static int index = -1;

	if (index < 0)
		index = SSL_CTX_get_ex_new_index(0, NULL, NULL, NULL, free_pin);
	return index;
}

/*
 * In place of a chain: the pin, and within the handshake, so that nothing (a password, say)
 * is sent to anybody else.
 */
static int verify_pin(X509_STORE_CTX *store, void *ctx)
{
	const char *want = SSL_CTX_get_ex_data(ctx, pin_index());
	char hex[2 * EVP_MAX_MD_SIZE + 1];

	if (want && is_pinned(X509_STORE_CTX_get0_cert(store), want, hex))
		return 1;
	X509_STORE_CTX_set_error(store, X509_V_ERR_APPLICATION_VERIFICATION);
	return 0;
}

static int pin(SSL_CTX *ctx, const struct pool_config *config, struct err *err)
{
	char *copy = strdup(config->tls_fingerprint);

	if (!copy || SSL_CTX_set_ex_data(ctx, pin_index(), copy) != 1) {
		free(copy);
		return err_set(err, ERR_NOMEM, "no memory for TLS");
	}
	SSL_CTX_set_cert_verify_callback(ctx, verify_pin, ctx);
	return 0;
}

SSL *tls_client(const struct pool_config *config, const char *host, struct err *err)
{
	bool check = config->tls_fingerprint || !config->tls_insecure;
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	SSL *ssl = NULL;

	ERR_clear_error();
	if (!ctx || SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) != 1) {
		err_set(err, ERR_TLS, "cannot set up TLS: %s", reason());
		goto out;
	}
	if (check && (config->tls_fingerprint ? pin(ctx, config, err) : trust(ctx, config, err)))
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

/* What comes is no TLS record at all. */
static bool talks_plain(unsigned long code)
{
	int reason = ERR_GET_REASON(code);

	return ERR_GET_LIB(code) == ERR_LIB_SSL &&
	       (reason == SSL_R_WRONG_VERSION_NUMBER || reason == SSL_R_PACKET_LENGTH_TOO_LONG ||
		reason == SSL_R_HTTP_REQUEST);
}

int tls_verdict(SSL *ssl, unsigned long code, const struct pool_config *config, struct err *err)
{
	long verified = SSL_get_verify_result(ssl);
	const char *why = ERR_reason_error_string(code);
	STACK_OF(X509) *chain = SSL_get_peer_cert_chain(ssl);
	char hex[2 * EVP_MAX_MD_SIZE + 1];

	if (config->tls_fingerprint && chain &&
	    !is_pinned(sk_X509_value(chain, 0), config->tls_fingerprint, hex))
		return err_set(err, ERR_TLS,
			       "the certificate's fingerprint is %s, not the one in "
			       "--tls-fingerprint",
			       hex);
	if (!config->tls_insecure && !config->tls_fingerprint && verified != X509_V_OK)
		return err_set(err, ERR_TLS,
			       "certificate refused: %s (give its authority with --tls-ca, pin it "
			       "with --tls-fingerprint, or trust blindly with --tls-insecure)",
			       X509_verify_cert_error_string(verified));
	if (!SSL_is_init_finished(ssl))
		return err_set(err, ERR_TLS, "TLS handshake failed: %s%s",
			       why    ? why
			       : code ? "unknown reason"
				      : "the pool closed the connection",
			       talks_plain(code) || !code ? " (is it a TLS port?)" : "");
	return 0;
}

SSL_CTX *tls_server(const char *option, const char *cert_file, const char *key_file,
		    struct err *err)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());

	ERR_clear_error();
	if (!ctx || SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) != 1)
		err_set(err, ERR_TLS, "cannot set up TLS: %s", reason());
	else if (SSL_CTX_use_certificate_chain_file(ctx, cert_file) != 1)
		err_set(err, ERR_TLS, "%s-cert %s: %s", option, cert_file, file_reason());
	else if (SSL_CTX_use_PrivateKey_file(ctx, key_file, SSL_FILETYPE_PEM) != 1)
		err_set(err, ERR_TLS, "%s-key %s: %s", option, key_file, file_reason());
	else if (SSL_CTX_check_private_key(ctx) != 1)
		err_set(err, ERR_TLS, "%s-key %s does not belong to %s-cert %s", option, key_file,
			option, cert_file);
	else
		return ctx;
	SSL_CTX_free(ctx);
	return NULL;
}
