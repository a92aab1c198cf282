/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * References of algorithms with a dataset against every row of their vectors: sizes, seeds, light
 * caches, nodes, programs, hashes, scans.  Rows of real epochs need light caches of up to
 * 160 MiB; builds with sanitizers leave those out and say how many.  FAMILY: which algorithms.
 */
#include "algos/dag.h"
#include "algos/keccak.h"
#include "algos/progpow.h"
#include "src/bytes.h"
#include "tests/dag_rows.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
# define QUICK 1
#elif defined(__has_feature)
# if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) ||                        \
	 __has_feature(memory_sanitizer)
#  define QUICK 1
# endif
#endif
#ifndef QUICK
# define QUICK 0
#endif

#define SCANNED 48 /* nonces of a scan's range, from both its ends, beside its hits */

static const struct algo *algo; /* the one under test */
static json_t *rows;
static unsigned left_out;

/* The epoch of a row, kept until another is asked for; NULL: too large for this build. */
static struct algo_epoch *epoch_for(uint32_t number, const uint64_t *set)
{
	static struct algo_epoch *kept;
	static uint64_t kept_set[ALGO_SETTINGS_MAX];
	struct err err = {0};

	if (kept && kept->algo == algo && kept->facts.epoch == number &&
	    !memcmp(kept_set, set, sizeof kept_set))
		return kept;
	if (QUICK && !set[DAG_SET_CACHE]) {
		left_out++;
		return NULL;
	}
	algo_epoch_free(kept);
	kept = NULL;
	memcpy(kept_set, set, sizeof kept_set);
	CHECK_OK(algo_epoch_new(&kept, algo, number, set, &err), &err);
	return kept;
}

static struct algo_epoch *row_epoch(const json_t *row)
{
	const json_t *height = json_object_get(row, "height");
	uint64_t set[ALGO_SETTINGS_MAX];
	struct err err = {0};
	uint32_t number = 0;

	row_set(row, set);
	if (!height)
		number = (uint32_t)row_number(row, "epoch");
	else if (!CHECK_OK(algo->dataset->of_height(algo, row_number(row, "height"), &number, &err),
			   &err))
		return NULL;
	return epoch_for(number, set);
}

/* What a row says of one nonce's hash. */
static bool same_hash(const struct algo_epoch *ep, const struct work *work, uint64_t nonce,
		      const json_t *row)
{
	const char *mix = json_string_value(json_object_get(row, "mix_hash"));
	const char *final = json_string_value(json_object_get(row, "final_hash"));
	struct digest digest;
	char text[65];
	bool same = CHECK_OK(algo->hash(ep, work, nonce, &digest), NULL);

	CHECK(mix || final);
	if (same && mix)
		same = CHECK_STR(hex_encode(text, digest.mix, 32), mix);
	if (same && final)
		same = CHECK_STR(u256_hex(text, &digest.hash), final);
	return same;
}

/* Rows of a kind sorted by what they need, so that each light cache is built once. */
static int by_cost(const void *a, const void *b)
{
	const json_t *x = *(json_t *const *)a, *y = *(json_t *const *)b;
	uint64_t sx[ALGO_SETTINGS_MAX], sy[ALGO_SETTINGS_MAX];
	uint32_t ex = 0, ey = 0;

	row_set(x, sx);
	row_set(y, sy);
	if (sx[0] != sy[0])
		return sx[0] < sy[0] ? 1 : -1;
	algo->dataset->of_height(algo, row_number(x, "height"), &ex, NULL);
	algo->dataset->of_height(algo, row_number(y, "height"), &ey, NULL);
	return ex < ey ? -1 : ex > ey;
}

static size_t sorted(json_t **out, size_t max)
{
	size_t i, n = 0;
	json_t *row;

	json_array_foreach(rows, i, row) if (n < max && (row_is(row, "hash") ||
							 row_is(row, "scan"))) out[n++] = row;
	qsort(out, n, sizeof *out, by_cost);
	return n;
}

static void check_scan(const struct algo_epoch *ep, const json_t *row)
{
	const json_t *hits = json_object_get(row, "hits"), *hit;
	uint64_t first = hex_number(row_text(row, "start")), count = row_number(row, "count"), i;
	struct digest digest;
	struct u256 target;
	struct work work;
	size_t k, met = 0, listed = 0;

	dag_work(&work, row, ep);
	row_u256(&target, row, "target");
	json_array_foreach(hits, k, hit)
	{
		uint64_t nonce = hex_number(row_text(hit, "nonce"));

		same_hash(ep, &work, nonce, hit);
		listed += nonce - first < SCANNED || nonce - first >= count - SCANNED;
	}
	for (i = 0; i < count; i++) {
		if (i == SCANNED)
			i = count - SCANNED;
		CHECK_OK(algo->hash(ep, &work, first + i, &digest), NULL);
		met += u256_cmp(&digest.hash, &target) <= 0;
	}
	CHECK_U64(met, listed);
}

static void every_hash_and_scan(void)
{
	json_t *row[256];
	size_t i, n = sorted(row, 256);
	const struct algo_epoch *ep;
	struct work work;

	CHECK(n >= 40);
	for (i = 0; i < n; i++) {
		ep = row_epoch(row[i]);
		if (!ep)
			continue;
		if (row_is(row[i], "scan")) {
			check_scan(ep, row[i]);
			continue;
		}
		dag_work(&work, row[i], ep);
		if (!same_hash(ep, &work, hex_number(row_text(row[i], "nonce")), row[i]))
			printf("\t%s: %s\n", algo->name, row_text(row[i], "comment"));
	}
}

static void sizes_and_seeds(void)
{
	uint64_t set[ALGO_SETTINGS_MAX] = {0};
	struct algo_facts facts;
	struct err err = {0};
	size_t i, k, n = 0;
	json_t *row, *size;
	char seed[65];

	json_array_foreach(rows, i, row)
	{
		if (!row_is(row, "sizes"))
			continue;
		json_array_foreach(json_object_get(row, "rows"), k, size)
		{
			uint32_t epoch = (uint32_t)row_number(size, "epoch"), back = 0;

			if (!CHECK_OK(algo->dataset->facts(algo, epoch, set, &facts, &err), &err))
				continue;
			CHECK_U64(facts.cache_items, row_number(size, "cache_items"));
			CHECK_U64(facts.rows, row_number(size, "dataset_items"));
			CHECK_U64(facts.dataset_bytes, row_number(size, "dataset_bytes"));
			CHECK_STR(hex_encode(seed, facts.seed, 32), row_text(size, "seed"));
			CHECK_OK(algo->dataset->of_seed(algo, facts.seed, &back, &err), &err);
			n++;
		}
	}
	CHECK(n >= 3);
}

static void epochs_of_heights(void)
{
	size_t i, k, n = 0;
	json_t *row, *pair;
	uint32_t epoch = 0;
	uint64_t first, last;

	json_array_foreach(rows, i, row)
	{
		if (!row_is(row, "epoch_rule"))
			continue;
		json_array_foreach(json_object_get(row, "rows"), k, pair)
		{
			uint64_t height = (uint64_t)json_integer_value(json_array_get(pair, 0));

			CHECK_OK(algo->dataset->of_height(algo, height, &epoch, NULL), NULL);
			CHECK_U64(epoch & 0xffff,
				  (uint64_t)json_integer_value(json_array_get(pair, 1)));
			algo->dataset->heights(algo, epoch, &first, &last);
			if (last != UINT64_MAX)
				CHECK(first <= height && height <= last);
			n++;
		}
	}
	CHECK(n >= 6);
}

/* Heights and seeds no chain has, of which a pool may dream. */
static void absurd_epochs_are_refused(void)
{
	static const uint64_t heights[] = {UINT64_MAX, UINT64_MAX / 2, 1ULL << 40, 300000000000};
	uint64_t set[ALGO_SETTINGS_MAX] = {0};
	struct algo_facts facts;
	uint8_t seed[32];
	uint32_t epoch;
	size_t i;

	for (i = 0; i < sizeof heights / sizeof *heights; i++) {
		struct err err = {0};

		CHECK_ERR(algo->dataset->of_height(algo, heights[i], &epoch, &err), ERR_RANGE,
			  &err);
	}
	for (epoch = DAG_EPOCH_MAX + 1; epoch; epoch <<= 1) {
		struct err err = {0};

		if (!(epoch & 0x10000))
			CHECK_ERR(algo->dataset->facts(algo, epoch, set, &facts, &err), ERR_RANGE,
				  &err);
	}
	memset(seed, 0x5a, sizeof seed);
	{
		struct err err = {0};

		CHECK_ERR(algo->dataset->of_seed(algo, seed, &epoch, &err), ERR_RANGE, &err);
	}
}

static void check_items(const json_t *items, const uint32_t *words, const struct algo_epoch *ep)
{
	uint32_t node[16];
	const json_t *value;
	const char *key;
	char text[129];

	json_object_foreach((json_t *)(uintptr_t)items, key, value)
	{
		uint32_t at = (uint32_t)strtoul(key, NULL, 10);

		if (words)
			memcpy(node, words + (size_t)at * 16, sizeof node);
		else
			algo->dataset->node(ep, at, node);
		CHECK_STR(hex_encode(text, (uint8_t *)node, 64), json_string_value(value));
	}
}

static void check_digest(const json_t *range, const struct algo_epoch *ep)
{
	uint32_t first = (uint32_t)row_number(range, "start"), node[16], i, k;
	uint32_t count = (uint32_t)row_number(range, "count");
	uint64_t sum = 0, turned = 0, word;

	for (i = 0; i < count; i++) {
		unsigned turn = (first + i) % 64;

		dag_nodes(ep, first + i, 1, node);
		for (k = 0; k < 16; k += 2) {
			word = node[k] | (uint64_t)node[k + 1] << 32;
			sum += word;
			turned ^= turn ? word << turn | word >> (64 - turn) : word;
		}
	}
	CHECK_U64(sum, hex_number(row_text(range, "sum64")));
	CHECK_U64(turned, hex_number(row_text(range, "xor_rot64")));
}

static void light_caches_and_datasets(void)
{
	const struct algo_epoch *ep;
	uint64_t sum;
	size_t i, k, n = 0;
	json_t *row, *range;

	json_array_foreach(rows, i, row)
	{
		bool cache = row_is(row, "light_cache"), data = row_is(row, "dataset");
		bool small = row_is(row, "small_dag");

		if (!(cache || data || small) || !(ep = row_epoch(row)))
			continue;
		n++;
		if (cache) {
			check_items(json_object_get(row, "items"), ep->data, ep);
			for (sum = k = 0; k < (size_t)ep->facts.cache_items * 16; k += 2)
				sum += ep->data[k] | (uint64_t)ep->data[k + 1] << 32;
			CHECK_U64(sum, hex_number(row_text(row, "sum64")));
		} else {
			check_items(json_object_get(row, "items"), NULL, ep);
		}
		if (small) {
			check_items(json_object_get(row, "cache"), ep->data, ep);
			if (row_number(json_object_get(row, "dataset_digest"), "count") < 4096)
				check_digest(json_object_get(row, "dataset_digest"), ep);
		}
		json_array_foreach(json_object_get(row, "range_digests"), k, range)
			check_digest(range, ep);
	}
	CHECK(n >= 4);
}

static void first_words_of_the_dataset(void)
{
	const struct algo_epoch *ep;
	json_t *row, *list;
	size_t i, k;

	json_array_foreach(rows, i, row)
	{
		if (!row_is(row, "l1_cache") || !(ep = row_epoch(row)))
			continue;
		list = json_object_get(row, "first8");
		for (k = 0; k < 8; k++)
			CHECK_U64(ep->data[(size_t)ep->facts.cache_items * 16 + k],
				  (uint64_t)json_integer_value(json_array_get(list, k)));
		list = json_object_get(row, "last4");
		for (k = 0; k < 4; k++)
			CHECK_U64(ep->data[(size_t)ep->facts.cache_items * 16 + 4092 + k],
				  (uint64_t)json_integer_value(json_array_get(list, k)));
	}
}

/* ---- programs ---- */

static void check_merge(const struct progpow_op *op, const json_t *want)
{
	static const char *const words[] = {"a*33+b", "(a^b)*33", "rotl(a,x)^b", "rotr(a,x)^b"};

	CHECK_STR(words[op->merge], row_text(want, "merge"));
	if (op->merge >= MERGE_ROTLXOR)
		CHECK_U64(op->turn, row_number(want, "x"));
	CHECK_U64(op->dst, row_number(want, "dst"));
}

static void check_op(const struct progpow_op *op, const json_t *want)
{
	static const char *const math[] = {"add", "mul", "mul_hi", "min", "rotl",    "rotr",
					   "and", "or",  "xor",    "clz", "popcount"};

	if (!strcmp(row_text(want, "op"), "cache")) {
		CHECK_INT(op->kind, PROGPOW_CACHE);
		CHECK_U64(op->a, row_number(want, "src"));
	} else {
		CHECK_INT(op->kind, PROGPOW_MATH);
		CHECK_U64(op->a, row_number(want, "src1"));
		CHECK_U64(op->b, row_number(want, "src2"));
		if (!CHECK(!strncmp(math[op->math], row_text(want, "fn"), strlen(math[op->math]))))
			printf("\t%s, not %s\n", math[op->math], row_text(want, "fn"));
	}
	check_merge(op, want);
}

static void programs(void)
{
	struct progpow_op ops[PROGPOW_OPS_MAX];
	json_t *row, *list, *last;
	size_t i, k, seen = 0;
	unsigned n;

	json_array_foreach(rows, i, row)
	{
		if (!row_is(row, "program"))
			continue;
		seen++;
		list = json_object_get(row, "ops");
		last = json_object_get(row, "dag_merge");
		n = progpow_program(algo->params, row_number(row, "prog_seed"), ops);
		if (!CHECK_U64(n, json_array_size(list) + json_array_size(last)))
			continue;
		CHECK_U64(algo->program->of_height(algo, row_number(row, "height")),
			  row_number(row, "prog_seed"));
		for (k = 0; k < json_array_size(list); k++)
			check_op(&ops[k], json_array_get(list, k));
		for (k = 0; k < json_array_size(last); k++) {
			const struct progpow_op *op = &ops[json_array_size(list) + k];

			CHECK_INT(op->kind, PROGPOW_DAG);
			CHECK_U64(op->a, k);
			check_merge(op, json_array_get(last, k));
		}
	}
	CHECK_INT(seen >= 3, algo->program != NULL);
}

/* The rows a hash reads are those of the trace. */
static void traces(void)
{
	uint32_t at[PROGPOW_LOOPS];
	const struct algo_epoch *ep;
	json_t *row, *list;
	struct work work;
	size_t i, k, n = 0;

	json_array_foreach(rows, i, row)
	{
		if (!row_is(row, "trace") || !(ep = row_epoch(row)))
			continue;
		n++;
		dag_work(&work, row, ep);
		same_hash(ep, &work, hex_number(row_text(row, "nonce")), row);
		CHECK_OK(progpow_rows(ep, &work, hex_number(row_text(row, "nonce")), at), NULL);
		list = json_object_get(row, "item256_index_per_loop");
		CHECK_U64(json_array_size(list), PROGPOW_LOOPS);
		for (k = 0; k < PROGPOW_LOOPS; k++)
			CHECK_U64(at[k], (uint64_t)json_integer_value(json_array_get(list, k)));
	}
	CHECK_INT(n >= 1, algo->program != NULL);
}

int main(void)
{
	static const char *const family[] = {FAMILY, NULL};
	int i;

	for (i = 0; family[i]; i++) {
		algo = algo_find(family[i]);
		if (!algo || !algo->dataset) {
			printf("%s is no algorithm with a dataset\n", family[i]);
			return T_BROKEN;
		}
		printf("-- %s\n", algo->name);
		rows = vectors_load(algo);
		T_RUN(sizes_and_seeds);
		T_RUN(epochs_of_heights);
		T_RUN(absurd_epochs_are_refused);
		T_RUN(programs);
		T_RUN(traces);
		T_RUN(light_caches_and_datasets);
		T_RUN(first_words_of_the_dataset);
		T_RUN(every_hash_and_scan);
		json_decref(rows);
	}
	if (left_out)
		printf("%u rows of real epochs are left to builds without sanitizers\n", left_out);
	return t_done();
}
