/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The supervisor's listener: from what the options say to one that is guarded as they say. */
#include <errno.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "src/api/listener.h"
#include "src/miner.h"

/* The first line of a file.  Unbuffered: no copy of it stays behind. */
static int read_token(char *out, size_t size, const char *option, const char *path, struct err *err)
{
	FILE *f = fopen(path, "re");
	bool got;

	if (!f)
		return err_set(err, ERR_USAGE, "%s %.160s: cannot read it: %s", option, path,
			       strerror(errno));
	setvbuf(f, NULL, _IONBF, 0);
	got = fgets(out, (int)size, f) != NULL;
	fclose(f);
	if (!got)
		return err_set(err, ERR_USAGE,
			       "%s %.160s: is empty or unreadable; write the token on its first "
			       "line",
			       option, path);
	out[strcspn(out, "\r\n")] = '\0';
	return 0;
}

/* *out: buf, given, or NULL. */
static int get_token(const char **out, char *buf, size_t size, const char *option,
		     const char *given, const char *path, struct err *err)
{
	char name[40];
	int rc = 0;

	*out = given;
	snprintf(name, sizeof name, "%s-file", option);
	if (path && given)
		return err_set(err, ERR_USAGE, "%s and %s exclude each other; keep one", option,
			       name);
	if (path) {
		rc = read_token(buf, size, name, path, err);
		*out = buf;
	}
	if (!rc && *out)
		log_secret(*out);
	return rc;
}

/* Kept no longer than the listener needs them. */
struct tokens {
	char write[512], read[512];
	char write_from[200], read_from[200];
};

static const char *from(char *out, size_t size, const char *option, const char *path)
{
	if (!path)
		return NULL;
	snprintf(out, size, "%s %.160s", option, path);
	return out;
}

static int configure(struct api_config *out, struct tokens *tokens, const struct settings_api *s,
		     struct err *err)
{
	int rc;

	*out = (struct api_config){.bind = s->bind ? s->bind : API_DEFAULT_BIND,
				   .origins = s->allow_origin,
				   .hosts = s->allow_host,
				   .tls_cert = s->tls_cert,
				   .tls_key = s->tls_key};
	out->token_from = from(tokens->write_from, sizeof tokens->write_from, "--api-token-file",
			       s->token_file);
	out->read_token_from = from(tokens->read_from, sizeof tokens->read_from,
				    "--api-read-token-file", s->read_token_file);
	rc = get_token(&out->token, tokens->write, sizeof tokens->write, "--api-token", s->token,
		       s->token_file, err);
	if (rc)
		return rc;
	return get_token(&out->read_token, tokens->read, sizeof tokens->read, "--api-read-token",
			 s->read_token, s->read_token_file, err);
}

static void warn_of_readers(const char *option, const char *path)
{
	struct stat st;

	if (path && !stat(path, &st) && st.st_mode & S_IROTH)
		log_warn(LOG_API, "%s %s: everybody on this machine can read it (chmod o-r)",
			 option, path);
}

/* What is not wrong, but hardly meant. */
static void warn(const struct api *api, const struct settings_api *s)
{
	warn_of_readers("--api-tls-key", s->tls_key);
	warn_of_readers("--api-token-file", s->token_file);
	warn_of_readers("--api-read-token-file", s->read_token_file);
	if (api_is_readable(api))
		log_warn(LOG_API,
			 "API at %s: tokens cross the network in the clear; add --api-tls-cert and "
			 "--api-tls-key",
			 api_where(api));
}

int miner_listen(struct api **out, struct miner *m, const struct api_source *source,
		 struct err *err)
{
	const struct settings_api *s = &m->settings->api;
	struct api_config config;
	struct tokens tokens;
	int rc = configure(&config, &tokens, s, err);

	if (!rc)
		rc = api_new(out, m->base, &config, source, err);
	OPENSSL_cleanse(&tokens, sizeof tokens);
	if (rc)
		return rc;
	log_info(LOG_API, "API at %s%s%s", api_where(*out), s->tls_cert ? ", TLS" : "",
		 config.token ? "" : ", read only (no --api-token-file)");
	warn(*out, s);
	return 0;
}

int miner_listen_anew(struct api_rules **out, const struct api *api, const struct settings *fresh,
		      struct err *err)
{
	struct api_config config;
	struct tokens tokens;
	int rc = configure(&config, &tokens, &fresh->api, err);

	if (!rc)
		rc = api_rules_new(out, api, &config, err);
	OPENSSL_cleanse(&tokens, sizeof tokens);
	return rc;
}

static bool same(const char *a, const char *b)
{
	return !strcmp(a ? a : API_DEFAULT_BIND, b ? b : API_DEFAULT_BIND);
}

void miner_listen_use(struct miner *m, struct api *api, struct api_rules *rules,
		      const struct settings *fresh)
{
	if (!same(m->settings->api.bind, fresh->api.bind))
		log_warn(LOG_API, "--api-bind %s: not before a restart",
			 fresh->api.bind ? fresh->api.bind : API_DEFAULT_BIND);
	if (!rules)
		return;
	api_rules_use(api, rules);
	warn(api, &fresh->api);
}
