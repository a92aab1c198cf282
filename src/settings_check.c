/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Does a command have what it needs?  One line names what is missing and the fix. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "algos/algo.h"
#include "pool/detect.h"
#include "src/bench.h"
#include "src/fleet.h"
#include "src/guard/tune.h"
#include "src/option.h"
#include "src/sim_script.h"
#include "src/str.h"

static int check_algo(const struct settings *s, struct err *err)
{
	const struct algo *algo;
	const char *near;
	uint64_t set[ALGO_SETTINGS_MAX];

	if (!s->algo)
		return err_set(err, ERR_USAGE,
			       "no algorithm given: add -a NAME ('adit algos' lists them)");
	algo = algo_find(s->algo);
	if (!algo) {
		near = algo_nearest(s->algo);
		if (near)
			return err_set(err, ERR_UNKNOWN,
				       "unknown algorithm '%s': did you mean '%s'? ('adit algos' "
				       "lists all)",
				       s->algo, near);
		return err_set(err, ERR_UNKNOWN, "unknown algorithm '%s' ('adit algos' lists all)",
			       s->algo);
	}
	return algo_settings(algo, set, (const char *const *)s->set, s->n_set, err);
}

/* Every member of "22,auto,24". */
static int check_intensity(const char *list, struct err *err)
{
	uint64_t v;

	while (list) {
		size_t len = strcspn(list, ",");
		char word[24] = "";

		if (len < sizeof word)
			memcpy(word, list, len);
		if (strcmp(word, "auto") && str_to_u64(&v, word, 1, INTENSITY_MAX))
			return err_set(err, ERR_RANGE,
				       "--intensity: '%.*s' must be auto or a whole number from 1 "
				       "to %d (log2 of nonces a batch)",
				       (int)len, list, INTENSITY_MAX);
		list = list[len] ? list + len + 1 : NULL;
	}
	return 0;
}

/* What mine and scan ask of devices. */
static int check_devices(const struct settings *s, struct err *err)
{
	struct sim_script unused;
	int rc = check_intensity(s->intensity, err);

	if (!rc && s->sim) {
		rc = sim_script_parse(&unused, s->sim, 0, err);
		if (rc)
			err_prefix(err, "--sim");
	}
	return rc ? rc : settings_check_guard(&s->guard, err);
}

static int check_file(const struct pool_config *pool, const char *path, struct err *err)
{
	if (!path || access(path, R_OK) == 0)
		return 0;
	return err_set(err, ERR_IO, "--tls-ca %s of %s: cannot read it: %s", path, pool->url,
		       strerror(errno));
}

/* Can this pool's scheme carry the algorithm?  If not, name one that can. */
static int check_scheme(const struct settings *s, const struct pool_config *pool, struct err *err)
{
	const struct algo *algo = algo_find(s->algo);
	const struct dialect *some[POOL_CANDIDATES_MAX];
	const char *better = pool->parsed.tls ? "stratum+ssl" : "stratum+tcp";

	if (!pool->dialect->serves || pool->dialect->serves(algo))
		return 0;
	if (!detect_candidates(some, dialects, better, algo))
		better = NULL;
	return err_set(err, ERR_USAGE, "%s: %s cannot be mined over '%s://'; use %s%s", pool->url,
		       s->algo, pool->parsed.scheme, better ? better : "another scheme",
		       better ? "://" : "");
}

int settings_check_pool(const struct settings *s, const struct pool_config *pool, struct err *err)
{
	int rc = check_scheme(s, pool, err);

	if (rc)
		return rc;
	if (pool->tls_insecure && pool->tls_fingerprint)
		return err_set(err, ERR_USAGE,
			       "%s: --tls-insecure and --tls-fingerprint exclude each other; "
			       "keep one",
			       pool->url);
	return check_file(pool, pool->tls_ca, err);
}

static int check_api(const struct settings_api *s, struct err *err)
{
	if (!s->tls_cert == !s->tls_key)
		return 0;
	return err_set(err, ERR_USAGE,
		       "%s is missing: --api-tls-cert and --api-tls-key go together",
		       s->tls_cert ? "--api-tls-key FILE" : "--api-tls-cert FILE");
}

static int check_mine(const struct settings *s, struct err *err)
{
	unsigned i, usable = 0;
	int rc = check_algo(s, err);

	if (!rc)
		rc = check_devices(s, err);
	if (!rc)
		rc = check_api(&s->api, err);
	if (rc)
		return rc;
	if (s->ui == UI_TUI && s->guard.no_keys)
		return err_set(err, ERR_USAGE,
			       "--no-keys and --ui tui exclude each other: a screen is its keys");
	if (!s->n_pools)
		return err_set(err, ERR_USAGE,
			       "no pool given: add -o HOST:PORT and -u USER (to try without one: "
			       "'adit pool -a %s')",
			       s->algo);
	for (i = 0; i < s->n_pools; i++) {
		rc = settings_check_pool(s, &s->pools[i], err);
		if (rc)
			return rc;
		usable += !s->pools[i].disabled;
	}
	if (!usable)
		return err_set(err, ERR_USAGE,
			       "every pool is disabled; remove \"disabled\" from one");
	return 0;
}

static int needs(const char *value, const char *option, const char *arg, const char *command,
		 struct err *err)
{
	return value ? 0
		     : err_set(err, ERR_USAGE, "'adit %s' needs %s %s (see 'adit %s --help')",
			       command, option, arg, command);
}

static int check_hash(const struct settings *s, struct err *err)
{
	int rc = check_algo(s, err);

	if (!rc)
		rc = needs(s->header, "--header", "HEX", "hash", err);
	if (!rc)
		rc = needs(s->nonce, "--nonce", "N", "hash", err);
	return rc;
}

static int check_scan(const struct settings *s, struct err *err)
{
	int rc = check_algo(s, err);

	if (!rc)
		rc = check_devices(s, err);
	if (!rc)
		rc = needs(s->header, "--header", "HEX", "scan", err);
	if (!rc)
		rc = needs(s->target, "--target", "HEX", "scan", err);
	if (!rc)
		rc = needs(s->count ? "" : NULL, "--count", "N", "scan", err);
	if (!rc && strlen(s->target) != 64)
		rc = err_set(err, ERR_RANGE, "--target: must have 64 hexadecimal digits, not %zu",
			     strlen(s->target));
	return rc;
}

/* "MIN-MAX" of an option, if given. */
static int check_range(const char *option, const char *text, uint64_t least, uint64_t most,
		       struct err *err)
{
	uint64_t min, max;
	int rc = text ? tune_range_parse(&min, &max, text, least, most, err) : 0;

	if (rc)
		err_prefix(err, "%s", option);
	return rc;
}

static int check_tune(const struct settings *s, struct err *err)
{
	const struct settings_guard *g = &s->guard;
	enum tune_metric metric;
	int64_t floor_mw;
	int rc = check_algo(s, err);

	if (!rc)
		rc = check_devices(s, err);
	if (!rc) {
		rc = tune_metric_parse(&metric, &floor_mw, g->metric, err);
		if (rc)
			err_prefix(err, "--metric");
	}
	if (!rc)
		rc = check_range("--tune-intensity", g->tune_intensity, 1, TUNE_INTENSITY_MAX, err);
	if (!rc)
		rc = check_range("--tune-power", g->tune_power, 1, TUNE_WATTS_MAX, err);
	return rc;
}

static int check_bench(const struct settings *s, struct err *err)
{
	const struct algo *list[BENCH_ALGOS_MAX];
	int rc = bench_algos(list, NULL, s->algo, err);

	if (!rc)
		rc = check_devices(s, err);
	if (!rc && s->json && s->bench.markdown)
		rc = err_set(err, ERR_USAGE, "--json and --markdown exclude each other; keep one");
	if (!rc && s->bench.seconds > 3600)
		rc = err_set(err, ERR_RANGE, "--seconds: at most 3600, not %g", s->bench.seconds);
	return rc;
}

static int check_top(const struct settings *s, struct err *err)
{
	if (s->top.token && s->top.token_file)
		return err_set(err, ERR_USAGE,
			       "--token and --token-file exclude each other; keep one");
	return 0;
}

static int check_pool(const struct settings *s, struct err *err)
{
	int rc = check_algo(s, err);

	if (rc)
		return rc;
	if (!s->tls_cert != !s->tls_key)
		return err_set(err, ERR_USAGE,
			       "%s is missing: --tls-cert and --tls-key go together",
			       s->tls_cert ? "--tls-key FILE" : "--tls-cert FILE");
	return 0;
}

int settings_check(const struct settings *s, struct err *err)
{
	static const struct {
		const char *command;
		int (*check)(const struct settings *s, struct err *err);
	} checks[] = {{"mine", check_mine},   {"check", check_mine}, {"hash", check_hash},
		      {"scan", check_scan},   {"tune", check_tune},  {"pool", check_pool},
		      {"bench", check_bench}, {"top", check_top}};
	size_t i;

	for (i = 0; i < sizeof checks / sizeof checks[0]; i++)
		if (!strcmp(checks[i].command, s->command->name))
			return checks[i].check(s, err);
	return 0;
}
