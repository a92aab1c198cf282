/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What follows from an algorithm's row of constants alone: sizes, epochs, seeds, programs; and the
 * functions everything is made of.  tests/test_dag.c runs the rows that need a light cache.
 */
#include "algos/dag.h"
#include "algos/keccak.h"
#include "algos/progpow.h"
#include "tests/dag_rows.h"

static const struct algo *algo; /* the one under test */
static json_t *rows;

/* So many rows each file has: one that loses some is no longer the same test. */
static const struct {
	const char *name;
	size_t rows;
} files[] = {
	{"ethash", 76},   {"etchash", 71},    {"ubqhash", 67},    {"kawpow", 96},
	{"meowpow", 79},  {"evrprogpow", 78}, {"firopow", 135},   {"progpow094", 77},
	{"progpowz", 78}, {"phihash", 77},    {"progpow092", 90}, {"progpow093", 90},
};

/* ---- rows ---- */

static void every_row_is_of_a_kind_that_is_tested(void)
{
	/* "about" says where the others are from.  "full_digest": every node of a dataset of
	 * 1 GiB, minutes on a GPU and hours here; the same is done for small ones. */
	static const char known[] =
		" about dataset epoch_rule final_only full_digest hash l1_cache "
		"light_cache program scan sizes small_dag trace ";
	char kind[32];
	json_t *row;
	size_t i, k;

	for (k = 0; k < sizeof files / sizeof *files && strcmp(files[k].name, algo->name); k++)
		;
	if (!CHECK(k < sizeof files / sizeof *files))
		return;
	CHECK_U64(json_array_size(rows), files[k].rows);
	json_array_foreach(rows, i, row)
	{
		snprintf(kind, sizeof kind, " %s ", row_text(row, "kind"));
		CHECK_HAS(known, kind);
		if (row_is(row, "full_digest"))
			printf("\t%s: not run: the digest of all %llu nodes of epoch %llu\n",
			       algo->name, (unsigned long long)row_number(row, "count"),
			       (unsigned long long)row_number(row, "epoch"));
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

/* Pools say a height or a seed; both mean the same epoch, on either side of every change. */
static void seeds_lead_back_to_the_epochs_of_heights(void)
{
	const struct dag_params *p = algo->params;
	uint64_t set[ALGO_SETTINGS_MAX] = {0}, height, epoch;
	uint32_t of_height = 0, of_seed = 0, before = 0;
	struct algo_facts facts;
	struct err err = {0};
	int side;

	for (epoch = 1; epoch < 1000; epoch += 1 + epoch / 20)
		for (side = -1; side <= 0; side++) {
			height = epoch * p->epoch_length + (uint64_t)(int64_t)side;
			CHECK_OK(algo->dataset->of_height(algo, height, &of_height, &err), &err);
			CHECK_OK(algo->dataset->facts(algo, of_height, set, &facts, &err), &err);
			CHECK_OK(algo->dataset->of_seed(algo, facts.seed, &of_seed, &err), &err);
			CHECK_U64(of_seed, of_height);
			CHECK_U64(facts.epoch, of_height);
			CHECK_U64(facts.dataset_bytes, (uint64_t)facts.rows * facts.row_bytes);
			if (!p->clamp_above && !p->double_from && side == 0)
				CHECK_U64(of_height, before + 1);
			before = of_height;
		}
}

/* Etchash counts 30000 blocks to 11,699,999 and 60000 from there; seeds go on without a gap. */
static void epochs_that_become_longer(void)
{
	uint64_t set[ALGO_SETTINGS_MAX] = {0}, first, last;
	uint32_t old = 0, new = 0, other = 0, i;
	struct algo_facts before, after;
	uint8_t seed[32] = {0}, next[32];
	struct err err = {0};

	CHECK_OK(algo->dataset->of_height(algo, 11699999, &old, &err), &err);
	CHECK_OK(algo->dataset->of_height(algo, 11700000, &new, &err), &err);
	CHECK_OK(algo->dataset->facts(algo, old, set, &before, &err), &err);
	CHECK_OK(algo->dataset->facts(algo, new, set, &after, &err), &err);
	for (i = 0; i < 389; i++)
		keccak256(seed, seed, 32);
	keccak256(next, seed, 32);
	CHECK_MEM(before.seed, seed, 32);
	CHECK_MEM(after.seed, next, 32);
	CHECK(after.dataset_bytes < before.dataset_bytes); /* of epoch 195 after 389 */
	algo->dataset->heights(algo, old, &first, &last);
	CHECK_U64(last, 11699999);
	algo->dataset->heights(algo, new, &first, &last);
	CHECK_U64(first, 11700000);
	CHECK_U64(last, 11759999);
	/* The same number before and after is not the same dataset. */
	CHECK_OK(algo->dataset->of_height(algo, 195 * 30000, &other, &err), &err);
	CHECK(other != new);
	CHECK_OK(algo->dataset->facts(algo, other, set, &before, &err), &err);
	CHECK(memcmp(before.seed, after.seed, 32) != 0);
	keccak256(seed, next, 32); /* 391: nobody's */
	CHECK_ERR(algo->dataset->of_seed(algo, seed, &other, &err), ERR_RANGE, &err);
}

/* FiroPoW: the epochs after 926 are all epoch 650, and stay it. */
static void epochs_that_end(void)
{
	uint64_t height = 1205100, first, last;
	struct err err = {0};
	uint32_t epoch = 0;

	CHECK_OK(algo->dataset->of_height(algo, height - 1, &epoch, &err), &err);
	CHECK_U64(epoch, 926);
	CHECK_OK(algo->dataset->of_height(algo, height, &epoch, &err), &err);
	CHECK_U64(epoch, 650);
	algo->dataset->heights(algo, epoch, &first, &last);
	CHECK_U64(first, height);
	CHECK_U64(last, UINT64_MAX);
	CHECK_OK(algo->dataset->of_height(algo, 50000000, &epoch, &err), &err);
	CHECK_U64(epoch, 650);
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

/* No epoch that is let through makes anyone take more than this. */
static void the_last_epochs_are_still_sane(void)
{
	const struct dag_params *p = algo->params;
	uint32_t last = DAG_EPOCH_MAX / (p->size_factor ? p->size_factor : 1);
	uint64_t set[ALGO_SETTINGS_MAX] = {0};
	struct algo_facts facts;
	struct err err = {0};

	CHECK_OK(algo->dataset->facts(algo, last, set, &facts, &err), &err);
	CHECK(facts.shared_bytes < 544 * DAG_MIB);
	CHECK(facts.dataset_bytes < 36 * DAG_GIB);
	CHECK_ERR(algo->dataset->facts(algo, last + 1, set, &facts, &err), ERR_RANGE, &err);
	CHECK_HAS(err.text, algo->name);
}

static void sizes_by_hand_are_bounded(void)
{
	static const struct {
		uint64_t cache, rows;
		bool right;
	} cases[] = {
		{0, 0, true},        {16, 0, true},    {16, 256, true}, {0, 128, true},
		{1021, 16381, true}, {15, 256, false}, {1, 0, false},   {16, 127, false},
	};
	struct algo_facts facts;
	size_t i;

	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		uint64_t set[ALGO_SETTINGS_MAX] = {cases[i].cache, cases[i].rows};
		struct err err = {0};
		int rc = algo->dataset->facts(algo, 3, set, &facts, &err);

		if (!cases[i].right)
			CHECK_ERR(rc, ERR_RANGE, &err);
		else if (CHECK_OK(rc, &err) && cases[i].cache)
			CHECK_U64(facts.cache_items, cases[i].cache);
	}
}

/* The least of 1, 2 and 4 buffers that a device can hold one of. */
static void datasets_are_split_as_little_as_the_device_allows(void)
{
	static const struct {
		uint64_t bytes, largest;
		int parts;
	} cases[] = {
		{1 << 20, 1 << 20, 1}, {(1 << 20) + 1, 1 << 20, 2},
		{2 << 20, 1 << 20, 2}, {(2 << 20) + 256, 1 << 20, 4},
		{4 << 20, 1 << 20, 4}, {(4 << 20) + 1, 1 << 20, 0},
	};
	uint64_t set[ALGO_SETTINGS_MAX] = {0};
	size_t i;
	int n;

	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct algo_device dev = {.dataset_bytes = cases[i].bytes,
					  .mem_alloc = cases[i].largest};
		struct err err = {0};

		n = dag_parts(&dev, set, &err);
		if (cases[i].parts)
			CHECK_INT(n, cases[i].parts);
		else
			CHECK_ERR(n, ERR_MEMORY, &err);
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

/* From the mix a row claims, without a dataset: of every hash, and of Evrmore's first block. */
static void hashes_follow_from_their_mix(void)
{
	struct work work = {.header_len = 40};
	size_t i, n = 0, only = 0;
	struct u256 got;
	uint8_t mix[32];
	char text[65];
	json_t *row;

	json_array_foreach(rows, i, row)
	{
		if (!row_is(row, "final_only") && !row_is(row, "hash"))
			continue;
		if (!json_object_get(row, "mix_hash") || !json_object_get(row, "final_hash"))
			continue;
		only += row_is(row, "final_only");
		n++;
		CHECK_INT(hex_decode(work.header, 32, row_text(row, "header_hash"), 64), 0);
		CHECK_INT(hex_decode(mix, 32, row_text(row, "mix_hash"), 64), 0);
		progpow_final(algo->params, &work, hex_number(row_text(row, "nonce")), mix, &got);
		CHECK_STR(u256_hex(text, &got), row_text(row, "final_hash"));
	}
	CHECK(n >= 40);
	CHECK_INT(only, strcmp(algo->name, "evrprogpow") == 0);
}

/* ---- what everything is made of ---- */

static void check_sponge(const json_t *row)
{
	const char *in = row_text(row, "input");
	size_t len = strlen(in) / 2;
	uint8_t bytes[512], digest[64];
	char text[129];
	bool wide = row_is(row, "keccak_512");

	if (!CHECK(len <= sizeof bytes) || !CHECK_INT(hex_decode(bytes, len, in, 2 * len), 0))
		return;
	if (wide)
		keccak512(digest, bytes, len);
	else
		keccak256(digest, bytes, len);
	CHECK_STR(hex_encode(text, digest, wide ? 64 : 32), row_text(row, "output"));
}

static void check_f800(const json_t *row)
{
	const json_t *in = json_object_get(row, "input"), *out = json_object_get(row, "output");
	uint32_t st[25];
	size_t i;

	for (i = 0; i < 25; i++)
		st[i] = (uint32_t)hex_number(json_string_value(json_array_get(in, i)));
	keccak_f800(st);
	for (i = 0; i < 25; i++)
		CHECK_U64(st[i], hex_number(json_string_value(json_array_get(out, i))));
}

/* By the selectors of ProgPoW 0.9.2: the plain ones. */
static void check_small_step(const json_t *row)
{
	uint32_t a = (uint32_t)hex_number(row_text(row, "a")), sel, got;
	uint32_t b = (uint32_t)hex_number(row_text(row, "b"));
	struct progpow_op op = {0};

	sel = (uint32_t)hex_number(row_text(row, "r"));
	op.math = (uint8_t)(sel % MATH_KINDS);
	op.merge = (uint8_t)(sel % 4);
	op.turn = (uint8_t)((sel >> 16) % 31 + 1);
	got = row_is(row, "math") ? progpow_math(&op, a, b) : progpow_merge(&op, a, b);
	CHECK_U64(got, hex_number(row_text(row, "result")));
}

static void primitives(void)
{
	static const struct algo file = {.name = "dag_primitives"};
	json_t *list = vectors_load(&file), *row;
	size_t i, sponges = 0, permutations = 0, steps = 0, others = 0;

	json_array_foreach(list, i, row)
	{
		if (row_is(row, "keccak_256") || row_is(row, "keccak_512")) {
			check_sponge(row);
			sponges++;
		} else if (row_is(row, "keccak_f800")) {
			check_f800(row);
			permutations++;
		} else if (row_is(row, "math") || row_is(row, "merge")) {
			check_small_step(row);
			steps++;
		} else { /* fnv1a, kiss99, fill_mix: in every trace and program; blake3: no DAG's */
			others++;
		}
	}
	CHECK_U64(sponges, 20);
	CHECK_U64(permutations, 2);
	CHECK_U64(steps, 16);
	CHECK_U64(sponges + permutations + steps + others, json_array_size(list));
	json_decref(list);
}

/* What test vectors leave out: rotations by nothing, no bits at all, selectors turned round. */
static void corners_of_the_math(void)
{
	static const struct {
		enum progpow_math math;
		uint32_t a, b, want;
	} cases[] = {
		{MATH_ROTL, 0x80000001, 0, 0x80000001},
		{MATH_ROTL, 0x80000001, 32, 0x80000001},
		{MATH_ROTL, 0x80000001, 33, 3},
		{MATH_ROTR, 0x80000001, 0, 0x80000001},
		{MATH_ROTR, 0x80000001, 64, 0x80000001},
		{MATH_ROTR, 0x80000001, 1, 0xc0000000},
		{MATH_CLZ, 0, 0, 64},
		{MATH_CLZ, 1, 0x80000000, 31},
		{MATH_POPCOUNT, 0xffffffff, 0xffffffff, 64},
		{MATH_MULHI, 0xffffffff, 0xffffffff, 0xfffffffe},
		{MATH_MIN, 0x80000000, 1, 1},
	};
	size_t i;

	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct progpow_op op = {.math = (uint8_t)cases[i].math};

		CHECK_U64(progpow_math(&op, cases[i].a, cases[i].b), cases[i].want);
	}
}

/* What all have, then what only some have. */
static void run_all(void)
{
	const struct dag_params *p = algo->params;

	T_RUN(every_row_is_of_a_kind_that_is_tested);
	T_RUN(sizes_and_seeds);
	T_RUN(epochs_of_heights);
	T_RUN(seeds_lead_back_to_the_epochs_of_heights);
	T_RUN(absurd_epochs_are_refused);
	T_RUN(the_last_epochs_are_still_sane);
	T_RUN(sizes_by_hand_are_bounded);
	T_RUN(datasets_are_split_as_little_as_the_device_allows);
	T_RUN(programs);
	if (p->double_from)
		T_RUN(epochs_that_become_longer);
	if (p->clamp_above)
		T_RUN(epochs_that_end);
	if (algo->program)
		T_RUN(hashes_follow_from_their_mix);
}

int main(void)
{
	size_t i, n = 0;

	T_RUN(primitives);
	T_RUN(corners_of_the_math);
	for (i = 0; algos[i]; i++) {
		algo = algos[i];
		if (!algo->dataset)
			continue;
		n++;
		printf("-- %s\n", algo->name);
		rows = vectors_load(algo);
		run_all();
		json_decref(rows);
	}
	return n == sizeof files / sizeof *files ? t_done() : T_BROKEN;
}
