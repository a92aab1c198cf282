/* SPDX-License-Identifier: GPL-3.0-or-later */
/* References against vectors and OpenSSL; kernels, as host C, against the references. */
#include <openssl/evp.h>
#include <openssl/kdf.h>

#include "tests/scan.h"

static const struct algo *algo; /* the one under test */
static json_t *rows;

static void reference_gives_every_hash_of_the_vectors(void)
{
	struct digest digest;
	struct work work;
	struct u256 want;
	json_t *row;
	size_t i, n = 0;

	json_array_foreach(rows, i, row)
	{
		if (!row_is(row, "hash") && !row_is(row, "block"))
			continue;
		row_work(&work, algo, row);
		row_u256(&want, row, "hash_be_hex");
		memset(work.header + algo->nonce_off, 0xa5, algo->nonce_len); /* is ignored */
		if (!CHECK_OK(algo->hash(NULL, &work, row_number(row, "nonce"), &digest), NULL) ||
		    !CHECK_MEM(&digest.hash, &want, sizeof want))
			printf("\t%s: %s\n", algo->name, row_text(row, "comment"));
		if (row_is(row, "block"))
			CHECK_INT(u256_cmp(&digest.hash, &work.target) <= 0,
				  json_is_true(json_object_get(row, "meets_target")));
		n++;
	}
	CHECK(n >= 3);
}

static void blocks_meet_exactly_their_compact_bits(void)
{
	struct work work;
	struct u256 target;
	json_t *row;
	size_t i;

	json_array_foreach(rows, i, row)
	{
		if (!row_is(row, "block"))
			continue;
		row_work(&work, algo, row);
		CHECK_OK(u256_from_compact(&target,
					   (uint32_t)strtoul(row_text(row, "bits"), NULL, 16)),
			 NULL);
		CHECK_MEM(&target, &work.target, sizeof target);
	}
}

static void reference_finds_exactly_the_scanned_solutions(void)
{
	static struct found got;
	struct work work;
	json_t *row, *list;
	size_t i, k;

	json_array_foreach(rows, i, row)
	{
		if (!row_is(row, "scan"))
			continue;
		row_work(&work, algo, row);
		list = json_object_get(row, "solutions");
		reference_scan(
			&got, algo, &work, row_number(row, "nonce_start"),
			(uint32_t)(row_number(row, "nonce_end") - row_number(row, "nonce_start")),
			false);
		if (!CHECK_U64(got.n, json_array_size(list)))
			continue;
		for (k = 0; k < got.n; k++)
			CHECK_U64(got.nonce[k], row_number(json_array_get(list, k), "nonce"));
	}
}

static bool openssl_sha256d(uint8_t out[32], const uint8_t *in, size_t len)
{
	uint8_t once[32];

	return EVP_Digest(in, len, once, NULL, EVP_sha256(), NULL) == 1 &&
	       EVP_Digest(once, 32, out, NULL, EVP_sha256(), NULL) == 1;
}

static bool openssl_scrypt(uint8_t out[32], const uint8_t *in, size_t len)
{
	return EVP_PBE_scrypt((const char *)in, len, in, len, 1024, 1, 1, 0, out, 32) == 1;
}

/* Second opinions, where OpenSSL has one. */
static const struct {
	const char *name;
	bool (*hash)(uint8_t out[32], const uint8_t *in, size_t len);
} opinions[] = {
	{"scrypt", openssl_scrypt},
	{"sha256d", openssl_sha256d},
};

static void openssl_agrees_on_random_headers(void)
{
	uint64_t state = 0x9e3779b97f4a7c15ULL, nonce;
	struct digest digest;
	struct work work;
	struct u256 want;
	uint8_t hash[32];
	size_t k;
	int i;

	for (k = 0; k < 2 && strcmp(opinions[k].name, algo->name); k++)
		;
	if (k == 2)
		T_SKIP("OpenSSL does not have this hash");
	for (i = 0; i < 64; i++) {
		random_work(&work, algo, &state);
		nonce = scan_nonce(algo, scan_random(&state), 0);
		CHECK_OK(algo->hash(NULL, &work, nonce, &digest), NULL);
		algo_put_nonce(algo, work.header, nonce);
		CHECK(opinions[k].hash(hash, work.header, algo->header_len));
		want = u256_from_le(hash);
		CHECK_MEM(&digest.hash, &want, sizeof want);
	}
}

/* One work-item a nonce, and more of them than there are nonces, as a device would. */
static bool native_scan(void *ctx, const struct algo *a, const struct work *work, uint64_t first,
			uint32_t count, struct abi_results *out)
{
	const struct algo_native *row;
	struct abi_job job = {.target = work->target.w[3]};
	struct algo_device dev = {.mem_free = 1ULL << 34, .mem_alloc = 1ULL << 34, .units = 1};
	struct algo_plan plan[ALGO_PLANS_MAX];
	uint64_t set[ALGO_SETTINGS_MAX], item, bytes = 0;
	uint32_t *scratch;
	int i, n;

	(void)ctx;
	algo_settings(a, set, NULL, 0, NULL);
	n = algo_plans(a, &dev, set, plan, ALGO_PLANS_MAX, NULL);
	for (i = 0; i < n; i++) /* default options take the most */
		if (plan[i].scratch_per_nonce > bytes)
			bytes = plan[i].scratch_per_nonce;
	scratch = calloc(count ? count : 1, bytes ? bytes : 1);
	if (!scratch)
		return false;
	a->prepare(NULL, work, &job);
	for (i = 0; i < a->n_steps; i++) {
		for (row = a->native; row->entry && strcmp(row->entry, a->steps[i].entry); row++)
			;
		for (item = 0; row->entry && item < (uint64_t)count + 5; item++)
			row->run(&job, out, scratch, NULL, first, count, item);
		if (!CHECK(row->entry))
			break;
	}
	free(scratch);
	return i == a->n_steps;
}

static void kernel_as_c_finds_exactly_the_scanned_solutions(void)
{
	json_t *row;
	size_t i, n = 0;

	json_array_foreach(rows, i, row) if (row_is(row, "scan")) n +=
		scan_row(native_scan, NULL, algo, row);
	CHECK(n >= 3);
}

static bool slow(void)
{
	return algo->n_steps > 1; /* those with scratch take their time */
}

static void kernel_as_c_keeps_to_its_range(void)
{
	static const uint64_t firsts[] = {0, 1, 0xffffffffu, 0xfffffff0u, 0x7fffffffu};
	uint64_t state = 7, counts[] = {1, 2, 31, slow() ? 64 : 1000};
	struct work work;
	size_t i, k;

	for (i = 0; i < sizeof firsts / sizeof *firsts; i++)
		for (k = 0; k < sizeof counts / sizeof *counts; k++) {
			random_work(&work, algo, &state);
			work.target = target_one_in(k == 2 ? 1 : 4);
			scan_agrees(native_scan, NULL, algo, &work, firsts[i], (uint32_t)counts[k]);
		}
}

static void kernel_as_c_is_exact_to_the_last_bit_of_its_target(void)
{
	uint64_t state = 99, nonce;
	struct digest digest;
	struct work work;
	int i;

	for (i = 0; i < 16; i++) {
		random_work(&work, algo, &state);
		nonce = (uint32_t)scan_random(&state);
		CHECK_OK(algo->hash(NULL, &work, nonce, &digest), NULL);
		work.target = digest.hash;
		scan_agrees(native_scan, NULL, algo, &work, nonce, 1);
		work.target.w[3]--;
		scan_agrees(native_scan, NULL, algo, &work, nonce, 1);
	}
}

static void kernel_as_c_counts_what_does_not_fit_its_slots(void)
{
	uint64_t state = 3;
	struct work work;

	random_work(&work, algo, &state);
	work.target = target_one_in(1);
	scan_agrees(native_scan, NULL, algo, &work, 0, ABI_SLOTS);
	scan_agrees(native_scan, NULL, algo, &work, 0xfffffff0u, ABI_SLOTS + 1);
	scan_agrees(native_scan, NULL, algo, &work, 1, 2 * ABI_SLOTS);
}

static void plans_fit_the_memory_they_are_given(void)
{
	struct algo_device dev = {.units = 8, .lanes = 1, .group_max = 256};
	struct algo_plan plan[ALGO_PLANS_MAX];
	uint64_t set[ALGO_SETTINGS_MAX];
	struct err err = {0};
	unsigned mib;
	int i, n;

	CHECK_OK(algo_settings(algo, set, NULL, 0, &err), &err);
	for (mib = 1; mib < 1u << 18; mib = mib * 5 / 4 + 1) {
		dev.mem_free = (uint64_t)mib << 20;
		dev.mem_alloc = dev.mem_free / 2;
		n = algo_plans(algo, &dev, set, plan, ALGO_PLANS_MAX, &err);
		if (n < 0)
			CHECK_HAS(err.text, "MiB");
		for (i = 0; i < n; i++) {
			uint64_t bytes = plan[i].nonces_max * plan[i].scratch_per_nonce;

			CHECK(bytes <= dev.mem_alloc);
			CHECK(!bytes || bytes + (256u << 20) <= dev.mem_free);
			CHECK(plan[i].nonces_start > 0 && plan[i].lanes > 0);
			CHECK_U64(plan[i].nonces_max % plan[i].lanes, 0);
		}
		CHECK(n > 0 || mib < 600);
	}
}

static void every_plan_of_a_gpu_is_prebuilt(void)
{
	struct algo_device dev = {.mem_free = 1ULL << 34,
				  .mem_alloc = 1ULL << 34,
				  .units = 80,
				  .lanes = 1,
				  .group_max = 1024};
	struct algo_plan plan[ALGO_PLANS_MAX];
	uint64_t set[ALGO_SETTINGS_MAX];
	int i, k, n;

	algo_settings(algo, set, NULL, 0, NULL);
	n = algo_plans(algo, &dev, set, plan, ALGO_PLANS_MAX, NULL);
	CHECK(n > 0);
	for (i = 0; i < n; i++) {
		for (k = 0; algo->prebuilt[k]; k++)
			if (!strcmp(algo->prebuilt[k], plan[i].options))
				break;
		CHECK_STR(algo->prebuilt[k], plan[i].options);
	}
}

int main(void)
{
	int i;

	for (i = 0; algos[i]; i++) {
		algo = algos[i];
		if (algo->dataset) /* tests/test_dag.c */
			continue;
		printf("-- %s\n", algo->name);
		rows = vectors_load(algo);
		T_RUN(reference_gives_every_hash_of_the_vectors);
		T_RUN(blocks_meet_exactly_their_compact_bits);
		T_RUN(reference_finds_exactly_the_scanned_solutions);
		T_RUN(openssl_agrees_on_random_headers);
		T_RUN(kernel_as_c_finds_exactly_the_scanned_solutions);
		T_RUN(kernel_as_c_keeps_to_its_range);
		T_RUN(kernel_as_c_is_exact_to_the_last_bit_of_its_target);
		T_RUN(kernel_as_c_counts_what_does_not_fit_its_slots);
		T_RUN(plans_fit_the_memory_they_are_given);
		T_RUN(every_plan_of_a_gpu_is_prebuilt);
		json_decref(rows);
	}
	return t_done();
}
