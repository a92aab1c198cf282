/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * References of algorithms with a dataset against every row of their vectors that needs a light
 * cache: caches, nodes, hashes, scans, traces.  Rows of real epochs need up to 160 MiB; builds with
 * sanitizers leave those out and say how many.  Of a scan's range its ends and its hits are hashed:
 * the kernels' tests search whole ranges.  FAMILY: which algorithms.
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
static uint64_t n_scanned, n_ranged; /* nonces of scans: hashed, and in all */

/* The number of a row's epoch: by its height where it has one. */
static uint32_t epoch_of(const json_t *row)
{
	struct err err = {0};
	uint32_t number = 0;

	if (!json_object_get(row, "height"))
		return (uint32_t)row_number(row, "epoch");
	CHECK_OK(algo->dataset->of_height(algo, row_number(row, "height"), &number, &err), &err);
	return number;
}

/* ---- hashes ---- */

/* What a row says of one nonce's hash. */
static bool same_hash(const struct algo_epoch *ep, const struct work *work, uint64_t nonce,
		      const json_t *row)
{
	const char *mix = json_string_value(json_object_get(row, "mix_hash"));
	const char *final = json_string_value(json_object_get(row, "final_hash"));
	struct digest digest;
	char text[65];
	struct u256 target;
	bool same = CHECK_OK(algo->hash(ep, work, nonce, &digest), NULL);

	CHECK(mix || final);
	if (same && mix)
		same = CHECK_STR(hex_encode(text, digest.mix, 32), mix);
	if (same && final)
		same = CHECK_STR(u256_hex(text, &digest.hash), final);
	if (same && json_object_get(row, "target")) {
		row_u256(&target, row, "target");
		same = CHECK(u256_cmp(&digest.hash, &target) <= 0);
	}
	return same;
}

static void check_hash(const struct algo_epoch *ep, const json_t *row)
{
	struct work work;

	dag_work(&work, row, ep);
	if (!same_hash(ep, &work, hex_number(row_text(row, "nonce")), row))
		printf("\t%s: %s\n", algo->name, row_text(row, "comment"));
}

static void check_scan(const struct algo_epoch *ep, const json_t *row)
{
	const json_t *hits = json_object_get(row, "hits"), *hit;
	uint64_t first = hex_number(row_text(row, "start")), count = row_number(row, "count"), i;
	struct digest digest;
	struct u256 target;
	struct work work;
	size_t k, met = 0, listed = 0;
	char text[65];

	dag_work(&work, row, ep);
	row_u256(&target, row, "target");
	json_array_foreach(hits, k, hit)
	{
		uint64_t nonce = hex_number(row_text(hit, "nonce"));

		same_hash(ep, &work, nonce, hit);
		listed += nonce - first < SCANNED || nonce - first >= count - SCANNED;
	}
	CHECK(count > 2 * SCANNED);
	CHECK_OK(algo->hash(ep, &work, hex_number(row_text(row, "best_nonce")), &digest), NULL);
	CHECK_STR(u256_hex(text, &digest.hash), row_text(row, "best_hash_as_number"));
	n_ranged += count;
	n_scanned += 2 * SCANNED;
	for (i = 0; i < count; i++) {
		if (i == SCANNED)
			i = count - SCANNED;
		CHECK_OK(algo->hash(ep, &work, first + i, &digest), NULL);
		met += u256_cmp(&digest.hash, &target) <= 0;
	}
	CHECK_U64(met, listed);
}

/* ---- light caches and nodes ---- */

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

static void check_keccak(const void *data, size_t len, const json_t *row, const char *key)
{
	uint8_t digest[32];
	char text[65];

	keccak256(digest, data, len);
	CHECK_STR(hex_encode(text, digest, 32), row_text(row, key));
}

static void check_range(const json_t *range, const struct algo_epoch *ep)
{
	uint32_t first = (uint32_t)row_number(range, "start"), i;
	uint32_t count = (uint32_t)row_number(range, "count");
	uint32_t *node = malloc((size_t)count * 64);
	uint64_t sum = 0, turned = 0, word;

	if (!node) {
		CHECK(!"memory for a range of nodes");
		return;
	}
	dag_nodes(ep, first, count, node);
	for (i = 0; i < count * 16; i += 2) {
		unsigned turn = (first + i / 16) % 64;

		word = node[i] | (uint64_t)node[i + 1] << 32;
		sum += word;
		turned ^= turn ? word << turn | word >> (64 - turn) : word;
	}
	CHECK_U64(sum, hex_number(row_text(range, "sum64")));
	CHECK_U64(turned, hex_number(row_text(range, "xor_rot64")));
	check_keccak(node, (size_t)count * 64, range, "keccak256");
	free(node);
}

static void check_cache(const struct algo_epoch *ep, const json_t *row)
{
	size_t words = (size_t)ep->facts.cache_items * 16, k;
	uint64_t sum = 0;

	CHECK_U64(ep->facts.cache_items, row_number(row, "items_count"));
	check_items(json_object_get(row, "items"), ep->data, ep);
	for (k = 0; k < words; k += 2)
		sum += ep->data[k] | (uint64_t)ep->data[k + 1] << 32;
	CHECK_U64(sum, hex_number(row_text(row, "sum64")));
	check_keccak(ep->data, words * 4, row, "keccak256");
}

static void check_dataset(const struct algo_epoch *ep, const json_t *row)
{
	json_t *range;
	size_t k;

	CHECK_U64(ep->facts.dataset_bytes, row_number(row, "bytes"));
	check_items(json_object_get(row, "items"), NULL, ep);
	json_array_foreach(json_object_get(row, "range_digests"), k, range)
	{
		check_range(range, ep);
	}
	CHECK(k >= 2);
}

static void check_small_dag(const struct algo_epoch *ep, const json_t *row)
{
	check_items(json_object_get(row, "cache"), ep->data, ep);
	check_items(json_object_get(row, "items"), NULL, ep);
	check_keccak(ep->data, (size_t)ep->facts.cache_items * 64, row, "cache_keccak256");
	check_range(json_object_get(row, "dataset_digest"), ep);
}

/* What ProgPoW keeps close by lies behind the light cache. */
static void check_first_words(const struct algo_epoch *ep, const json_t *row)
{
	const uint32_t *words = ep->data + (size_t)ep->facts.cache_items * 16;
	json_t *list = json_object_get(row, "first8");
	size_t k;

	CHECK_U64(ep->facts.shared_bytes,
		  (uint64_t)ep->facts.cache_items * 64 + PROGPOW_L1_WORDS * 4);
	for (k = 0; k < 8; k++)
		CHECK_U64(words[k], (uint64_t)json_integer_value(json_array_get(list, k)));
	list = json_object_get(row, "last4");
	for (k = 0; k < 4; k++)
		CHECK_U64(words[PROGPOW_L1_WORDS - 4 + k],
			  (uint64_t)json_integer_value(json_array_get(list, k)));
	check_keccak(words, PROGPOW_L1_WORDS * 4, row, "keccak256");
}

/* ---- traces ---- */

static uint32_t fnv1a(uint32_t h, uint32_t d)
{
	return (h ^ d) * 0x01000193u;
}

static uint64_t hex_at(const json_t *list, size_t i)
{
	return hex_number(json_string_value(json_array_get(list, i)));
}

static void check_lanes(const uint32_t mix[PROGPOW_LANES][PROGPOW_REGS_MAX], const json_t *want)
{
	const struct progpow_params *p = algo->params;
	const json_t *first = json_object_get(want, "lane0"),
		     *last = json_object_get(want, "lane15");
	unsigned k;

	CHECK_U64(json_array_size(first), p->regs);
	CHECK_U64(json_array_size(last), p->regs);
	for (k = 0; k < p->regs; k++) {
		CHECK_U64(mix[0][k], hex_at(first, k));
		CHECK_U64(mix[15][k], hex_at(last, k));
	}
}

static void see(void *arg, unsigned done, const uint32_t mix[PROGPOW_LANES][PROGPOW_REGS_MAX])
{
	const struct progpow_params *p = algo->params;
	const json_t *row = arg, *all = json_object_get(row, "mix_fnv1a_fingerprint_after_loop");
	uint32_t whole = 0x811c9dc5, lane;
	unsigned l, k;

	if (done < 2)
		check_lanes(mix, json_object_get(row, done ? "mix_after_loop0" : "mix_init"));
	for (l = 0; l < PROGPOW_LANES; l++) {
		lane = 0x811c9dc5;
		for (k = 0; k < p->regs; k++) {
			whole = fnv1a(whole, mix[l][k]);
			lane = fnv1a(lane, mix[l][k]);
		}
		if (done == PROGPOW_LOOPS)
			CHECK_U64(lane, hex_at(json_object_get(row, "lane_hash"), l));
	}
	if (done)
		CHECK_U64(whole, hex_at(all, done - 1));
}

static void check_trace(const struct algo_epoch *ep, const json_t *row)
{
	uint64_t nonce = hex_number(row_text(row, "nonce"));
	uint32_t at[PROGPOW_LOOPS];
	struct work work;
	json_t *list;
	size_t k;

	check_hash(ep, row);
	dag_work(&work, row, ep);
	CHECK_OK(progpow_trace(ep, &work, nonce, see, (void *)(uintptr_t)row), NULL);
	CHECK_OK(progpow_rows(ep, &work, nonce, at), NULL);
	list = json_object_get(row, "item256_index_per_loop");
	CHECK_U64(json_array_size(list), PROGPOW_LOOPS);
	for (k = 0; k < PROGPOW_LOOPS; k++)
		CHECK_U64(at[k], (uint64_t)json_integer_value(json_array_get(list, k)));
}

/* ---- all of them ---- */

static const struct {
	const char *kind;
	void (*check)(const struct algo_epoch *ep, const json_t *row);
} kinds[] = {
	{"dataset", check_dataset},   {"hash", check_hash}, {"l1_cache", check_first_words},
	{"light_cache", check_cache}, {"scan", check_scan}, {"small_dag", check_small_dag},
	{"trace", check_trace},
};

#define KINDS (sizeof kinds / sizeof *kinds)

static size_t kind_of(const json_t *row)
{
	size_t k;

	for (k = 0; k < KINDS && !row_is(row, kinds[k].kind); k++)
		;
	return k;
}

/* Rows in the order of their light caches, so that each is built once. */
static int by_cache(const void *a, const void *b)
{
	const json_t *x = *(json_t *const *)a, *y = *(json_t *const *)b;
	uint64_t sx[ALGO_SETTINGS_MAX], sy[ALGO_SETTINGS_MAX];
	uint32_t ex = epoch_of(x), ey = epoch_of(y);

	row_set(x, sx);
	row_set(y, sy);
	if (sx[DAG_SET_CACHE] != sy[DAG_SET_CACHE])
		return sx[DAG_SET_CACHE] < sy[DAG_SET_CACHE] ? -1 : 1;
	return ex < ey ? -1 : ex > ey;
}

static size_t sorted(json_t **out, size_t max)
{
	size_t i, n = 0;
	json_t *row;

	json_array_foreach(rows, i, row)
	{
		if (n < max && kind_of(row) < KINDS)
			out[n++] = row;
	}
	qsort(out, n, sizeof *out, by_cache);
	return n;
}

static void every_row_that_needs_a_light_cache(void)
{
	json_t *row[256] = {NULL};
	size_t i, n = sorted(row, 256), left_out = 0;
	uint64_t set[ALGO_SETTINGS_MAX];
	struct algo_epoch *ep = NULL;
	struct err err = {0};

	CHECK(n >= 60 && n < 256); /* tests/test_dag_rules.c counts them all */
	for (i = 0; i < n; i++) {
		if (!row_set(row[i], set) && QUICK) {
			left_out++;
			continue;
		}
		if (!ep || by_cache(&row[i - 1], &row[i])) {
			algo_epoch_free(ep);
			ep = NULL;
			if (!CHECK_OK(algo_epoch_new(&ep, algo, epoch_of(row[i]), set, &err), &err))
				break;
		}
		kinds[kind_of(row[i])].check(ep, row[i]);
	}
	algo_epoch_free(ep);
	printf("\t%zu rows of %zu, %zu of real epochs left out; of %llu nonces in scans the hits "
	       "and "
	       "%llu others\n",
	       i - left_out, n, left_out, (unsigned long long)n_ranged,
	       (unsigned long long)n_scanned);
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
		n_scanned = n_ranged = 0;
		T_RUN(every_row_that_needs_a_light_cache);
		json_decref(rows);
	}
	return t_done();
}
