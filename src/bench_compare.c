/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Results of `adit bench` beside those of another day. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "src/bench.h"
#include "src/stats.h"
#include "src/str.h"

#define FILE_MAX    (16 << 20) /* bytes */
#define WINDOWS_MAX 1000
#define RATE_MAX    1e18

static const char *const words[] = {
	[BENCH_SAME] = "same", [BENCH_FASTER] = "faster", [BENCH_SLOWER] = "slower"};

static const char *text_of(const json_t *o, const char *name)
{
	const char *s = json_string_value(json_object_get(o, name));

	return s ? s : "";
}

/* A file of our size, or NULL: what is written there may be anything, and no end of it. */
static FILE *open_file(const char *path, struct err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;
	FILE *f = NULL;

	if (fd < 0 || fstat(fd, &st))
		err_set(err, ERR_USAGE, "--compare %s: cannot read it: %s", path, strerror(errno));
	else if (!S_ISREG(st.st_mode))
		err_set(err, ERR_USAGE, "--compare %s: cannot read it: not a file", path);
	else if (st.st_size > FILE_MAX)
		err_set(err, ERR_USAGE, "--compare %s: too large to be what 'adit bench' printed",
			path);
	else if (!(f = fdopen(fd, "r")))
		err_set(err, ERR_NOMEM, "--compare %s: no memory to read it", path);
	if (!f && fd >= 0)
		close(fd);
	return f;
}

json_t *bench_compare_load(const char *path, struct err *err)
{
	FILE *f = open_file(path, err);
	char why[JSON_ERROR_TEXT_LENGTH];
	json_error_t at;
	json_t *root;

	if (!f)
		return NULL;
	root = json_loadf(f, JSON_REJECT_DUPLICATES, &at);
	fclose(f);
	if (!root) {
		str_printable(why, sizeof why, at.text, strlen(at.text));
		err_set(err, ERR_USAGE, "--compare %s: line %d: %s", path, at.line, why);
		return NULL;
	}
	if (!strcmp(text_of(root, "schema"), BENCH_SCHEMA) &&
	    json_integer_value(json_object_get(root, "version")) == BENCH_SCHEMA_NUMBER)
		return root;
	err_set(err, ERR_USAGE,
		"--compare %s: not what 'adit bench --json' of this version prints (\"schema\": "
		"\"" BENCH_SCHEMA "\", \"version\": %d)",
		path, BENCH_SCHEMA_NUMBER);
	json_decref(root);
	return NULL;
}

/* Its spread, from the windows themselves. */
static bool spread_of(struct bench_spread *out, const json_t *result)
{
	const json_t *windows = json_object_get(json_object_get(result, "rate"), "windows");
	double v[WINDOWS_MAX];
	size_t i, n = json_array_size(windows);

	if (!n || n > WINDOWS_MAX)
		return false;
	for (i = 0; i < n; i++) {
		v[i] = json_number_value(json_array_get(windows, i));
		if (!(v[i] > 0 && v[i] < RATE_MAX))
			return false;
	}
	bench_spread(out, v, (unsigned)n);
	return true;
}

static const json_t *device_of(const json_t *root, const char *id)
{
	const json_t *all = json_object_get(root, "devices");
	size_t i;

	for (i = 0; i < json_array_size(all); i++)
		if (!strcmp(text_of(json_array_get(all, i), "id"), id))
			return json_array_get(all, i);
	return NULL;
}

static bool same_number(const json_t *o, const char *name, int64_t v)
{
	const json_t *n = json_object_get(o, name);

	return json_is_integer(n) ? json_integer_value(n) == v : v == BENCH_UNKNOWN;
}

/* The saved result of the same algorithm and block on a device of the same name, or NULL. */
static const json_t *find(const json_t *root, const struct bench_report *r,
			  const struct bench_result *now)
{
	const struct bench_device *d = &r->devices[now->device];
	const json_t *all = json_object_get(root, "results"), *o, *device;
	size_t i;

	for (i = 0; i < json_array_size(all); i++) {
		o = json_array_get(all, i);
		if (strcmp(text_of(o, "algorithm"), now->algo->name) ||
		    strcmp(text_of(o, "device"), d->id) || !same_number(o, "epoch", now->epoch))
			continue;
		device = device_of(root, d->id);
		if (device && !strcmp(text_of(device, "name"), d->info.name))
			return o;
	}
	return NULL;
}

struct comparison {
	const struct bench_report *report;
	const struct bench_result *now;
	struct bench_spread then;
	enum bench_verdict verdict;
	double change, noise;
	bool below;
};

static void print(FILE *out, const struct comparison *c)
{
	char then[32], now[32];

	fprintf(out, "%-9s %-11s %13s -> %13s  %+6.2f %% (noise %.2f %%): %s%s\n",
		c->report->devices[c->now->device].id, c->now->algo->name,
		rate_print(then, sizeof then, c->then.median),
		rate_print(now, sizeof now, c->now->rate.median), 100 * c->change, 100 * c->noise,
		words[c->verdict], c->below ? ", BELOW" : "");
}

static json_t *to_json(const struct comparison *c)
{
	json_t *o = json_object();

	json_object_set_new(o, "device", json_string(c->report->devices[c->now->device].id));
	json_object_set_new(o, "algorithm", json_string(c->now->algo->name));
	json_object_set_new(o, "then", json_real(c->then.median));
	json_object_set_new(o, "now", json_real(c->now->rate.median));
	json_object_set_new(o, "change_percent", json_real(100 * c->change));
	json_object_set_new(o, "noise_percent", json_real(100 * c->noise));
	json_object_set_new(o, "verdict", json_string(words[c->verdict]));
	json_object_set_new(o, "below", json_boolean(c->below));
	return o;
}

unsigned bench_compare_results(FILE *out, json_t *root, const json_t *then,
			       const struct bench_report *r, double fail_below, unsigned *compared)
{
	json_t *list = json_array();
	unsigned i, below = 0;

	*compared = 0;
	if (out)
		fputs("\ncompared with what was saved:\n", out);
	for (i = 0; i < r->n; i++) {
		struct comparison c = {.report = r, .now = &r->results[i]};
		const json_t *saved = c.now->n ? find(then, r, c.now) : NULL;

		if (!saved || !spread_of(&c.then, saved))
			continue;
		c.verdict = bench_compare(&c.then, &c.now->rate, &c.change, &c.noise);
		c.below = fail_below > 0 && c.verdict == BENCH_SLOWER &&
			  100 * (1 + c.change) < fail_below;
		below += c.below;
		(*compared)++;
		if (out)
			print(out, &c);
		json_array_append_new(list, to_json(&c));
	}
	if (out && !*compared)
		fputs("nothing of it was measured now\n", out);
	if (root)
		json_object_set_new(root, "compare", list);
	else
		json_decref(list);
	return below;
}
