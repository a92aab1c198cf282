/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the tests of references and of kernels share: rows of tests/vectors/NAME.json, and ranges
 * of nonces searched by a kernel, whatever runs it, against the reference.
 */
#ifndef ADIT_TEST_SCAN_H
#define ADIT_TEST_SCAN_H

#include <jansson.h>

#include "algos/algo.h"
#include "src/hex.h"
#include "tests/t.h"

#define SCAN_MAX 70000

/* What hashes are of; NULL for algorithms without a dataset. */
static const struct algo_epoch *scan_epoch;

/* Nonces found, ascending.  total may exceed n when a kernel's slots overflowed. */
struct found {
	uint64_t total, n;
	uint64_t nonce[SCAN_MAX];
};

/* Run the algorithm's kernels over first..first+count-1 and give what they report. */
typedef bool scan_fn(void *ctx, const struct algo *algo, const struct work *work, uint64_t first,
		     uint32_t count, struct abi_results *out);

T_FN json_t *vectors_load(const struct algo *algo)
{
	const char *top = getenv("top_srcdir");
	char path[512];
	json_error_t error;
	json_t *rows;

	snprintf(path, sizeof path, "%s/tests/vectors/%s.json", top ? top : ".", algo->name);
	rows = json_load_file(path, 0, &error);
	if (!json_is_array(rows) || !json_array_size(rows)) {
		printf("%s: %s\n", path, error.text);
		exit(T_BROKEN);
	}
	return rows;
}

T_FN const char *row_text(const json_t *row, const char *key)
{
	const char *text = json_string_value(json_object_get(row, key));

	if (!text) {
		printf("a row lacks %s\n", key);
		exit(T_BROKEN);
	}
	return text;
}

T_FN uint64_t row_number(const json_t *row, const char *key)
{
	const json_t *v = json_object_get(row, key);

	if (!json_is_integer(v)) {
		printf("a row lacks %s\n", key);
		exit(T_BROKEN);
	}
	return (uint64_t)json_integer_value(v);
}

T_FN bool row_is(const json_t *row, const char *kind)
{
	return !strcmp(row_text(row, "kind"), kind);
}

T_FN void row_u256(struct u256 *out, const json_t *row, const char *key)
{
	if (u256_parse(out, row_text(row, key))) {
		printf("a row has a malformed %s\n", key);
		exit(T_BROKEN);
	}
}

T_FN void row_work(struct work *out, const struct algo *algo, const json_t *row)
{
	const char *text = row_text(row, "header_hex");

	memset(out, 0, sizeof *out);
	out->header_len = algo->header_len;
	if (hex_decode(out->header, algo->header_len, text, strlen(text))) {
		printf("a row has a malformed header\n");
		exit(T_BROKEN);
	}
	if (json_object_get(row, "target_hex"))
		row_u256(&out->target, row, "target_hex");
}

/* xorshift64*: the same headers on every run. */
T_FN uint64_t scan_random(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * 0x2545f4914f6cdd1dULL;
}

T_FN void random_work(struct work *out, const struct algo *algo, uint64_t *state)
{
	int i;

	memset(out, 0, sizeof *out);
	out->header_len = algo->header_len;
	for (i = 0; i < algo->header_len; i++)
		out->header[i] = (uint8_t)(scan_random(state) >> 32);
}

/* A target that about one hash in n meets. */
T_FN struct u256 target_one_in(uint64_t n)
{
	return (struct u256){{~0ULL, ~0ULL, ~0ULL, ~0ULL / n}};
}

T_FN uint64_t scan_nonce(const struct algo *algo, uint64_t first, uint64_t index)
{
	return algo->nonce_len == 4 ? (uint32_t)(first + index) : first + index;
}

/*
 * By the reference.  top: those whose most significant 64 bits are within the target's, which is
 * what a kernel reports; otherwise those that meet it.
 */
T_FN void reference_scan(struct found *out, const struct algo *algo, const struct work *work,
			 uint64_t first, uint32_t count, bool top)
{
	struct digest digest;
	uint32_t i;

	out->n = 0;
	for (i = 0; i < count; i++) {
		uint64_t nonce = scan_nonce(algo, first, i);

		if (algo->hash(scan_epoch, work, nonce, &digest)) {
			CHECK(!"the reference hashes");
			return;
		}
		if (top ? digest.hash.w[3] <= work->target.w[3]
			: u256_cmp(&digest.hash, &work->target) <= 0)
			out->nonce[out->n++] = nonce;
	}
	out->total = out->n;
}

T_FN int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

T_FN void sort_found(struct found *f)
{
	qsort(f->nonce, f->n, sizeof *f->nonce, by_value);
}

/* Every nonce of what was found is among those wanted, once; all of them without overflow. */
T_FN bool same_nonces(const struct abi_results *res, struct found *want)
{
	struct found got = {.total = res->count};
	uint64_t i;

	got.n = res->count < ABI_SLOTS ? res->count : ABI_SLOTS;
	memcpy(got.nonce, res->nonce, got.n * sizeof *got.nonce);
	sort_found(&got);
	sort_found(want);
	if (!CHECK_U64(got.total, want->total))
		return false;
	for (i = 0; i < got.n; i++) {
		if (got.total <= ABI_SLOTS && !CHECK_U64(got.nonce[i], want->nonce[i]))
			return false;
		if (i && !CHECK(got.nonce[i] > got.nonce[i - 1]))
			return false;
		if (!CHECK(bsearch(&got.nonce[i], want->nonce, want->n, sizeof *want->nonce,
				   by_value)))
			return false;
	}
	return true;
}

/* One range: the kernel reports exactly what the reference says. */
T_FN bool scan_agrees(scan_fn *scan, void *ctx, const struct algo *algo, const struct work *work,
		      uint64_t first, uint32_t count)
{
	static struct found want;
	static struct abi_results res;
	bool same;

	reference_scan(&want, algo, work, first, count, true);
	memset(&res, 0, sizeof res);
	same = CHECK(scan(ctx, algo, work, first, count, &res)) && same_nonces(&res, &want);
	if (!same)
		printf("\t%s, first %llu, count %u\n", algo->name, (unsigned long long)first,
		       (unsigned)count);
	return same;
}

/* The scans of the vectors: the kernel's reports that meet the target are the solutions listed. */
T_FN bool scan_row(scan_fn *scan, void *ctx, const struct algo *algo, const json_t *row)
{
	static struct found want, got;
	static struct abi_results res;
	const json_t *list = json_object_get(row, "solutions");
	uint64_t first = row_number(row, "nonce_start");
	uint32_t count = (uint32_t)(row_number(row, "nonce_end") - first);
	struct digest digest;
	struct work work;
	size_t i;

	row_work(&work, algo, row);
	want.total = want.n = json_array_size(list);
	for (i = 0; i < want.n; i++)
		want.nonce[i] = row_number(json_array_get(list, i), "nonce");
	memset(&res, 0, sizeof res);
	if (!CHECK(scan(ctx, algo, &work, first, count, &res)) || !CHECK(res.count <= ABI_SLOTS))
		return false;
	for (got.n = i = 0; i < res.count && i < ABI_SLOTS; i++)
		if (CHECK_OK(algo->hash(scan_epoch, &work, res.nonce[i], &digest), NULL) &&
		    CHECK(digest.hash.w[3] <= work.target.w[3]) &&
		    u256_cmp(&digest.hash, &work.target) <= 0)
			got.nonce[got.n++] = res.nonce[i];
	memset(&res, 0, sizeof res);
	res.count = (u32)got.n;
	memcpy(res.nonce, got.nonce, got.n * sizeof *got.nonce);
	if (same_nonces(&res, &want))
		return true;
	printf("\t%s: %s\n", algo->name, row_text(row, "comment"));
	return false;
}

#endif
