/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `adit hash`: one header through the CPU reference.  `adit algos`: what there is. */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "algos/algo.h"
#include "src/algos_json.h"
#include "src/epoch.h"
#include "src/hex.h"
#include "src/request.h"
#include "src/settings.h"
#include "src/str.h"

static int complain(const struct err *err)
{
	fprintf(stderr, "adit: %s\n", err->text);
	return err->code == ERR_NOMEM ? EXIT_SYSTEM : EXIT_USAGE;
}

static int read_nonce(uint64_t *nonce, const struct algo *algo, const struct settings *s,
		      struct err *err)
{
	uint64_t max = algo->nonce_len == 8 ? UINT64_MAX : UINT32_MAX;

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
	return 0;
}

static void print_hash(const struct algo *algo, const struct work *work, uint64_t nonce,
		       const struct digest *digest)
{
	char hash[65], mix[65];

	printf("{\"algo\":\"%s\",\"nonce\":\"0x%0*llx\",\"hash\":\"%s\"", algo->name,
	       2 * algo->nonce_len, (unsigned long long)nonce, u256_hex(hash, &digest->hash));
	if (algo->dataset)
		printf(",\"mix\":\"%s\",\"epoch\":%u",
		       hex_encode(mix, digest->mix, sizeof digest->mix),
		       ALGO_EPOCH_SHOWN(work->epoch));
	printf("}\n");
}

int cmd_hash(struct settings *s)
{
	uint64_t set[ALGO_SETTINGS_MAX], nonce = 0;
	const struct algo *algo = NULL;
	struct epoch *epoch = NULL;
	struct digest digest;
	struct work work;
	struct err err = {0};
	int rc;

	if (request_algo(&algo, s, &err) || read_nonce(&nonce, algo, s, &err) ||
	    request_work(algo, s, &work, set, &epoch, &err))
		return complain(&err);
	rc = algo->hash(epoch ? &epoch->view : NULL, &work, nonce, &digest);
	epoch_unref(epoch);
	if (rc) {
		err_set(&err, ERR_NOMEM, "%s: the reference failed", algo->name);
		return complain(&err);
	}
	print_hash(algo, &work, nonce, &digest);
	return ferror(stdout) || fflush(stdout) ? EXIT_SYSTEM : EXIT_OK;
}

static int print_json(void)
{
	json_t *list = algos_json();
	int rc = json_dumpf(list, stdout, JSON_COMPACT);

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
