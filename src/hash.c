/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `adit hash`: one header through the CPU reference.  `adit algos`: what there is. */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "algos/algo.h"
#include "src/hex.h"
#include "src/settings.h"
#include "src/str.h"

static int complain(const struct err *err)
{
	fprintf(stderr, "adit: %s\n", err->text);
	return err->code == ERR_NOMEM ? EXIT_SYSTEM : EXIT_USAGE;
}

static int pick_algo(const struct algo **out, const char *name, struct err *err)
{
	const char *near;

	if (!name)
		return err_set(err, ERR_USAGE, "no algorithm: name one with -a (see 'adit algos')");
	*out = algo_find(name);
	if (*out)
		return 0;
	near = algo_nearest(name);
	return err_set(err, ERR_UNKNOWN, "unknown algorithm '%s'%s%s%s (see 'adit algos')", name,
		       near ? ": did you mean '" : "", near ? near : "", near ? "'?" : "");
}

static int read_header(struct work *work, const struct algo *algo, const char *text,
		       struct err *err)
{
	if (!text)
		return err_set(err, ERR_USAGE,
			       "no header: give %u bytes in hexadecimal with --header",
			       (unsigned)algo->header_len);
	if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X'))
		text += 2;
	if (hex_decode(work->header, algo->header_len, text, strlen(text)))
		return err_set(err, ERR_PARSE,
			       "--header: %s takes %u hexadecimal digits (%u bytes), not %zu "
			       "characters",
			       algo->name, 2u * algo->header_len, (unsigned)algo->header_len,
			       strlen(text));
	work->header_len = algo->header_len;
	return 0;
}

static int read_work(struct work *work, uint64_t *nonce, const struct algo *algo,
		     const struct settings *s, struct err *err)
{
	uint64_t max = algo->nonce_len == 8 ? UINT64_MAX : UINT32_MAX;
	uint64_t set[ALGO_SETTINGS_MAX];
	int rc;

	memset(work, 0, sizeof *work);
	rc = read_header(work, algo, s->header, err);
	if (rc)
		return rc;

	if (!s->nonce)
		return err_set(err, ERR_USAGE, "no nonce: give one with --nonce");
	if (str_to_u64(nonce, s->nonce, 0, max))
		return err_set(err, ERR_RANGE,
			       "--nonce '%s': %s takes a number from 0 to 0x%llx, decimal or "
			       "0x-hexadecimal",
			       s->nonce, algo->name, (unsigned long long)max);
	if (s->solution)
		return err_set(err, ERR_USAGE, "--solution: %s has no solutions, only nonces",
			       algo->name);
	work->height = s->height;
	work->epoch = s->epoch > 0 ? (uint32_t)s->epoch : 0;
	return algo_settings(algo, set, (const char *const *)s->set, s->n_set, err);
}

int cmd_hash(struct settings *s)
{
	const struct algo *algo = NULL;
	struct digest digest;
	struct work work;
	struct err err = {0};
	uint64_t nonce = 0;
	char hash[65];

	if (pick_algo(&algo, s->algo, &err) || read_work(&work, &nonce, algo, s, &err))
		return complain(&err);
	if (algo->hash(NULL, &work, nonce, &digest)) {
		err_set(&err, ERR_NOMEM, "%s: the reference failed", algo->name);
		return complain(&err);
	}
	printf("{\"algo\":\"%s\",\"nonce\":\"0x%0*llx\",\"hash\":\"%s\"}\n", algo->name,
	       2 * algo->nonce_len, (unsigned long long)nonce, u256_hex(hash, &digest.hash));
	return ferror(stdout) || fflush(stdout) ? EXIT_SYSTEM : EXIT_OK;
}

static json_t *settings_json(const struct algo *algo)
{
	json_t *list = json_array();
	const struct algo_setting *k;

	for (k = algo->settings; k && k->name; k++)
		json_array_append_new(list,
				      json_pack("{s:s, s:I, s:I, s:I, s:s}", "name", k->name, "min",
						(json_int_t)k->min, "max", (json_int_t)k->max,
						"default", (json_int_t)k->def, "help", k->help));
	return list;
}

static int print_json(void)
{
	json_t *list = json_array();
	int i, rc;

	for (i = 0; algos[i]; i++) {
		const struct algo *a = algos[i];

		json_array_append_new(
			list, json_pack("{s:s, s:s, s:s, s:i, s:i, s:o}", "name", a->name,
					"aliases", a->aliases ? a->aliases : "", "title", a->title,
					"header_bytes", a->header_len, "nonce_bytes", a->nonce_len,
					"settings", settings_json(a)));
	}
	rc = json_dumpf(list, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(list);
	return rc || ferror(stdout) || fflush(stdout) ? EXIT_SYSTEM : EXIT_OK;
}

int cmd_algos(struct settings *s)
{
	const struct algo_setting *k;
	int i;

	if (s->json)
		return print_json();
	printf("%-12s %-24s %s\n", "NAME", "ALSO", "WHAT IT IS");
	for (i = 0; algos[i]; i++) {
		const struct algo *a = algos[i];

		printf("%-12s %-24s %s\n", a->name, a->aliases ? a->aliases : "", a->title);
		for (k = a->settings; k && k->name; k++)
			printf("    --set %s=%llu..%llu (default %llu): %s\n", k->name,
			       (unsigned long long)k->min, (unsigned long long)k->max,
			       (unsigned long long)k->def, k->help);
	}
	return ferror(stdout) || fflush(stdout) ? EXIT_SYSTEM : EXIT_OK;
}
