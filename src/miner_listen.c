/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The supervisor's listener: from what the options say to one that is guarded as they say. */
#include <errno.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>

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

int miner_listen(struct api **out, struct miner *m, const struct api_source *source,
		 struct err *err)
{
	const struct settings_api *s = &m->settings->api;
	struct api_config config = {.bind = s->bind ? s->bind : API_DEFAULT_BIND,
				    .origins = s->allow_origin};
	char token[512], read[512];
	int rc;

	rc = get_token(&config.token, token, sizeof token, "--api-token", s->token, s->token_file,
		       err);
	if (!rc)
		rc = get_token(&config.read_token, read, sizeof read, "--api-read-token",
			       s->read_token, s->read_token_file, err);
	if (!rc)
		rc = api_new(out, m->base, &config, source, err);
	OPENSSL_cleanse(token, sizeof token);
	OPENSSL_cleanse(read, sizeof read);
	if (!rc)
		log_info(LOG_API, "API at %s%s", api_where(*out),
			 config.token ? "" : ", read only (no --api-token-file)");
	return rc;
}
