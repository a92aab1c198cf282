/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Light caches and datasets of the Ethash kind: sizes, seeds, nodes. */
#include <openssl/evp.h>
#include <string.h>

#include "algos/dag.h"
#include "algos/keccak.h"
#include "kernels/dag_abi.h"
#include "src/bytes.h"

#define NODE_WORDS  16
#define NODE_BYTES  64
#define ROW_BYTES   128
#define FNV_PRIME   0x01000193u
#define AT_ONCE     8 /* nodes computed side by side: their reads hide each other's latency */
#define STOP_EVERY  4096
#define CACHE_LEAST 16
#define ROWS_LEAST  128 /* what ProgPoW keeps close by */
#define SMALL_CACHE 1021
#define SMALL_ROWS  16381

static const struct dag_params *params_of(const struct algo *algo)
{
	return algo->params;
}

/* ---- sizes ---- */

static bool is_prime(uint64_t n)
{
	uint64_t d;

	if (n < 4)
		return n >= 2;
	if (n % 2 == 0 || n % 3 == 0)
		return false;
	for (d = 5; d * d <= n; d += 6)
		if (n % d == 0 || n % (d + 2) == 0)
			return false;
	return true;
}

static uint64_t prime_below(uint64_t n)
{
	do
		n--;
	while (!is_prime(n));
	return n;
}

/* ---- epochs ---- */

/*
 * Etchash numbers epochs twice: before and after its epochs became longer.  Those from before
 * carry this mark.
 */
#define BEFORE 0x10000u

static uint32_t plain(uint32_t epoch)
{
	return epoch & ~BEFORE;
}

static bool is_double(const struct dag_params *p, uint32_t epoch)
{
	return p->double_from && !(epoch & BEFORE);
}

static int check_epoch(const struct algo *algo, uint32_t epoch, struct err *err)
{
	const struct dag_params *p = params_of(algo);
	uint32_t most = DAG_EPOCH_MAX / (p->size_factor ? p->size_factor : 1);

	if (epoch <= most)
		return 0;
	if ((epoch & BEFORE) && p->double_from && plain(epoch) < p->double_from / p->epoch_length)
		return 0;
	return err_set(err, ERR_RANGE, "epoch %u of %s: no chain gets beyond %u in our time", epoch,
		       algo->name, most);
}

static int dag_of_height(const struct algo *algo, uint64_t height, uint32_t *epoch, struct err *err)
{
	const struct dag_params *p = params_of(algo);
	uint64_t length = p->epoch_length, e;

	if (height / length > 64 * (uint64_t)DAG_EPOCH_MAX)
		return err_set(err, ERR_RANGE, "block %llu of %s: no chain gets there in our time",
			       (unsigned long long)height, algo->name);
	if (p->double_from && height >= p->double_from)
		length *= 2;
	e = height / length;
	if (p->clamp_above && e > p->clamp_above)
		e = p->clamp_to;
	if (p->double_from && height < p->double_from)
		e |= BEFORE;
	*epoch = (uint32_t)e;
	return check_epoch(algo, *epoch, err);
}

static void dag_heights(const struct algo *algo, uint32_t epoch, uint64_t *first, uint64_t *last)
{
	const struct dag_params *p = params_of(algo);
	uint64_t length = p->epoch_length * (is_double(p, epoch) ? 2 : 1);

	*first = plain(epoch) * length;
	*last = *first + length - 1;
	if (is_double(p, epoch) && *first < p->double_from)
		*first = p->double_from;
	if (p->clamp_above && epoch == p->clamp_to) { /* for good */
		*first = ((uint64_t)p->clamp_above + 1) * length;
		*last = UINT64_MAX;
	}
}

/* How often zero was hashed to the seed of this epoch. */
static uint32_t seed_steps(const struct dag_params *p, uint32_t epoch)
{
	return is_double(p, epoch) ? 2 * epoch : plain(epoch);
}

static int dag_of_seed(const struct algo *algo, const uint8_t seed[32], uint32_t *epoch,
		       struct err *err)
{
	const struct dag_params *p = params_of(algo);
	uint32_t most = DAG_EPOCH_MAX * (p->double_from ? 2 : 1), steps;
	uint8_t at[32] = {0};

	for (steps = 0; steps <= most && memcmp(at, seed, 32); steps++)
		keccak256(at, at, 32);
	if (steps > most)
		return err_set(err, ERR_RANGE, "no epoch of %s has this seed", algo->name);
	*epoch = steps;
	if (p->double_from && steps >= p->double_from / p->epoch_length) {
		if (steps % 2)
			return err_set(err, ERR_RANGE, "no epoch of %s has this seed", algo->name);
		*epoch = steps / 2;
	} else if (p->double_from) {
		*epoch = steps | BEFORE;
	}
	return check_epoch(algo, *epoch, err);
}

static int dag_facts(const struct algo *algo, uint32_t epoch, const uint64_t *set,
		     struct algo_facts *out, struct err *err)
{
	const struct dag_params *p = params_of(algo);
	uint64_t sized, items, rows;
	uint32_t i;
	int rc = check_epoch(algo, epoch, err);

	if (rc)
		return rc;
	if ((set[DAG_SET_CACHE] && set[DAG_SET_CACHE] < CACHE_LEAST) ||
	    (set[DAG_SET_ROWS] && set[DAG_SET_ROWS] < ROWS_LEAST))
		return err_set(
			err, ERR_RANGE,
			"%s: light_cache_items is 0 or at least %d, dataset_items at least %d",
			algo->name, CACHE_LEAST, ROWS_LEAST);
	sized = plain(epoch);
	if (p->size_factor && sized >= p->size_from)
		sized *= p->size_factor;
	items = set[DAG_SET_CACHE];
	if (!items)
		items = prime_below((p->cache_init + p->cache_growth * sized) / NODE_BYTES);
	rows = set[DAG_SET_ROWS];
	if (!rows)
		rows = prime_below((p->data_init + p->data_growth * sized) / ROW_BYTES);
	memset(out, 0, sizeof *out);
	out->epoch = epoch;
	out->cache_items = (uint32_t)items;
	out->rows = (uint32_t)rows;
	out->row_bytes = ROW_BYTES;
	out->dataset_bytes = rows * ROW_BYTES;
	out->shared_bytes = items * NODE_BYTES + 4 * (uint64_t)p->l1_words;
	for (i = seed_steps(p, epoch); i; i--)
		keccak256(out->seed, out->seed, 32);
	return 0;
}

static void dag_small(uint64_t *set)
{
	set[DAG_SET_CACHE] = SMALL_CACHE;
	set[DAG_SET_ROWS] = SMALL_ROWS;
}

/* ---- light cache ---- */

typedef void hash64_fn(uint8_t out[64], const void *in, size_t len);

/* BLAKE2b-512, from OpenSSL. */
static void blake2b(uint8_t out[64], const void *in, size_t len)
{
	unsigned n = 64;

	EVP_Digest(in, len, out, &n, EVP_blake2b512(), NULL);
}

static bool stopped(const atomic_bool *stop, uint32_t i)
{
	return stop && i % STOP_EVERY == 0 && atomic_load(stop);
}

static int make_cache(hash64_fn *hash, const struct algo_facts *facts, uint8_t *c,
		      const atomic_bool *stop)
{
	uint32_t n = facts->cache_items, i, round, v, u;
	uint8_t both[64];
	int k;

	hash(c, facts->seed, 32);
	for (i = 1; i < n; i++) {
		if (stopped(stop, i))
			return -ERR_STALE;
		hash(c + (size_t)i * 64, c + (size_t)(i - 1) * 64, 64);
	}
	for (round = 0; round < 3; round++)
		for (i = 0; i < n; i++) {
			if (stopped(stop, i))
				return -ERR_STALE;
			v = le32_get(c + (size_t)i * 64) % n;
			u = (i + n - 1) % n;
			for (k = 0; k < 64; k++)
				both[k] = c[(size_t)v * 64 + (size_t)k] ^
					  c[(size_t)u * 64 + (size_t)k];
			hash(c + (size_t)i * 64, both, 64);
		}
	return 0;
}

static int dag_fill(const struct algo *algo, const struct algo_facts *facts, uint32_t *data,
		    const atomic_bool *stop)
{
	const struct dag_params *p = params_of(algo);
	struct algo_epoch ep = {.algo = algo, .facts = *facts, .data = data};
	bool blake = p->blake2_from && plain(facts->epoch) >= p->blake2_from;
	int rc = make_cache(blake ? blake2b : keccak512, facts, (uint8_t *)data, stop);

	if (!rc && p->l1_words)
		dag_nodes(&ep, 0, p->l1_words / NODE_WORDS,
			  data + (size_t)facts->cache_items * NODE_WORDS);
	return rc;
}

/* ---- nodes ---- */

static inline uint32_t fnv1(uint32_t a, uint32_t b)
{
	return (a * FNV_PRIME) ^ b;
}

/* floor(2^32 / n) */
static uint32_t magic(uint32_t n)
{
	return (uint32_t)((UINT64_C(1) << 32) / n);
}

/* x mod n; a division is most of the work otherwise. */
static inline uint32_t below(uint32_t x, uint32_t n, uint32_t inverse)
{
	uint32_t r = x - (uint32_t)((uint64_t)x * inverse >> 32) * n;

	return r < n ? r : r - n;
}

static void hash_words(uint32_t m[NODE_WORDS])
{
	keccak512((uint8_t *)m, m, NODE_BYTES);
}

/* At most AT_ONCE nodes, of any numbers: nearly all of the time of a CPU check. */
static void nodes(const struct algo_epoch *ep, const uint32_t *number, unsigned n, uint32_t *out)
{
	const struct dag_params *p = params_of(ep->algo);
	const uint32_t items = ep->facts.cache_items, *cache = ep->data, *parent;
	const uint32_t inverse = magic(items);
	uint32_t j, k, t, at[AT_ONCE];

	for (k = 0; k < n; k++) {
		memcpy(out + k * NODE_WORDS, cache + (size_t)(number[k] % items) * NODE_WORDS,
		       NODE_BYTES);
		out[k * NODE_WORDS] ^= number[k];
		hash_words(out + k * NODE_WORDS);
	}
	for (j = 0; j < p->parents; j++) {
		for (k = 0; k < n; k++) {
			at[k] = below(fnv1(number[k] ^ j, out[k * NODE_WORDS + j % NODE_WORDS]),
				      items, inverse);
			__builtin_prefetch(cache + (size_t)at[k] * NODE_WORDS);
		}
		for (k = 0; k < n; k++) {
			parent = cache + (size_t)at[k] * NODE_WORDS;
			for (t = 0; t < NODE_WORDS; t++)
				out[k * NODE_WORDS + t] = fnv1(out[k * NODE_WORDS + t], parent[t]);
		}
	}
	for (k = 0; k < n; k++)
		hash_words(out + k * NODE_WORDS);
}

void dag_nodes(const struct algo_epoch *ep, uint32_t first, unsigned count, uint32_t *out)
{
	uint32_t number[AT_ONCE];
	unsigned n, k;

	for (; count; count -= n, first += n, out += n * NODE_WORDS) {
		n = count < AT_ONCE ? count : AT_ONCE;
		for (k = 0; k < n; k++)
			number[k] = first + k;
		nodes(ep, number, n, out);
	}
}

static void dag_node(const struct algo_epoch *ep, uint32_t n, uint32_t out[16])
{
	nodes(ep, &n, 1, out);
}

const struct algo_dataset dag_dataset = {
	.of_height = dag_of_height,
	.of_seed = dag_of_seed,
	.facts = dag_facts,
	.fill = dag_fill,
	.node = dag_node,
	.small = dag_small,
	.heights = dag_heights,
};

const struct algo_setting dag_settings[] = {
	{"light_cache_items", 0, 1u << 24, 0,
	 "items of the light cache; 0: the epoch's own number"},
	{"dataset_items", 0, 1u << 30, 0,
	 "rows of the dataset, 128 bytes each; 0: the epoch's own"},
	{"dataset_parts", 0, ALGO_PARTS_MAX, 0, "buffers the dataset is split over; 0: as needed"},
	{0},
};

/* ---- devices ---- */

void dag_prepare(const struct algo_epoch *ep, const struct work *work, uint32_t search_rows,
		 struct abi_job *out)
{
	int i;

	memset(out->words, 0, sizeof out->words);
	for (i = 0; i < 8; i++)
		out->words[DAG_HEADER + i] = le32_get(work->header + 4 * i);
	out->words[DAG_ROWS] = search_rows;
	out->words[DAG_ROWS_MAGIC] = magic(search_rows);
	out->words[DAG_CACHE] = ep->facts.cache_items;
	out->words[DAG_CACHE_MAGIC] = magic(ep->facts.cache_items);
	out->words[DAG_NODES] = (uint32_t)(ep->facts.dataset_bytes / NODE_BYTES);
}

int dag_parts(const struct algo_device *dev, const uint64_t *set, struct err *err)
{
	uint64_t units = (dev->dataset_bytes + 255) / 256;
	int parts;

	if (dev->cuda) /* allocates all it has at once */
		return 1;
	if (set[DAG_SET_PARTS])
		return set[DAG_SET_PARTS] == 3 ? 4 : (int)set[DAG_SET_PARTS];
	for (parts = 1; parts <= ALGO_PARTS_MAX; parts *= 2)
		if ((units + (uint64_t)parts - 1) / (uint64_t)parts * 256 <= dev->mem_alloc)
			return parts;
	return err_set(err, ERR_MEMORY,
		       "a dataset of %llu MiB does not go into 4 buffers of %llu MiB, the largest "
		       "this device has",
		       (unsigned long long)(dev->dataset_bytes >> 20),
		       (unsigned long long)(dev->mem_alloc >> 20));
}
