/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Programs of ProgPoW's family as text: the instructions do on random registers what the list of
 * operations says, for many periods of every member, and every statement stands in its place.
 */
#include "algos/progpow.h"
#include "tests/ptx/fragment.h"
#include "tests/scan.h"

#define NAMES       (PROGPOW_REGS_MAX + PROGPOW_DAG_LOADS + 3)
#define COPIES_MOST 3  /* 8 of the cache, as a power of two */
#define PERIODS     60 /* of each member, beside the first and the last */

static uint32_t turn(uint32_t x, unsigned n)
{
	n %= 32;
	return n ? x << n | x >> (32 - n) : x;
}

static uint32_t count_zeros(uint32_t x)
{
	uint32_t n = 0;

	for (; n < 32 && !(x >> (31 - n) & 1); n++)
		;
	return n;
}

static uint32_t count_ones(uint32_t x)
{
	uint32_t n = 0;

	for (; x; x &= x - 1)
		n++;
	return n;
}

static uint32_t math(unsigned kind, uint32_t a, uint32_t b)
{
	switch (kind) {
	case MATH_ADD:
		return a + b;
	case MATH_MUL:
		return a * b;
	case MATH_MULHI:
		return (uint32_t)((uint64_t)a * b >> 32);
	case MATH_MIN:
		return a < b ? a : b;
	case MATH_ROTL:
		return turn(a, b % 32);
	case MATH_ROTR:
		return turn(a, 32 - b % 32);
	case MATH_AND:
		return a & b;
	case MATH_OR:
		return a | b;
	case MATH_XOR:
		return a ^ b;
	case MATH_CLZ:
		return count_zeros(a) + count_zeros(b);
	default:
		return count_ones(a) + count_ones(b);
	}
}

static uint32_t merge(const struct progpow_op *op, uint32_t a, uint32_t b)
{
	switch (op->merge) {
	case MERGE_MULADD:
		return a * 33 + b;
	case MERGE_XORMUL:
		return (a ^ b) * 33;
	case MERGE_ROTLXOR:
		return turn(a, op->turn) ^ b;
	default:
		return turn(a, 32 - op->turn) ^ b;
	}
}

/* By the list: m are the mix, then the piece of the row; of l1 every copies-th word counts. */
static void run_list(const struct progpow_op *ops, unsigned n, uint32_t *m, const uint32_t *l1,
		     unsigned copies)
{
	unsigned i;

	for (i = 0; i < n; i++) {
		const struct progpow_op *op = &ops[i];
		uint32_t x;

		if (op->kind == PROGPOW_CACHE)
			x = l1[m[op->a] % PROGPOW_L1_WORDS * copies];
		else if (op->kind == PROGPOW_MATH)
			x = math(op->math, m[op->a], m[op->b]);
		else
			x = m[PROGPOW_REGS_MAX + op->a];
		m[op->dst] = merge(op, m[op->dst], x);
	}
}

static const char *const *register_names(void)
{
	static const char *list[NAMES];
	static const char *const places[] = {"l1", "l1c", "l1s"};
	static char names[NAMES][8];
	unsigned i;

	for (i = 0; i < NAMES; i++) {
		if (i < PROGPOW_REGS_MAX)
			snprintf(names[i], sizeof names[i], "m%u", i);
		else if (i < NAMES - 3)
			snprintf(names[i], sizeof names[i], "d%u", i - PROGPOW_REGS_MAX);
		else
			snprintf(names[i], sizeof names[i], "%s", places[i + 3 - NAMES]);
		list[i] = names[i];
	}
	return list;
}

/* Random words, some of them with few bits, so that rotations by 0 and counts of 32 occur. */
static void fill(uint32_t *out, size_t n, uint64_t *state)
{
	size_t i;

	for (i = 0; i < n; i++) {
		uint64_t r = scan_random(state);

		out[i] = (uint32_t)(r >> 32);
		if (r % 8 == 0)
			out[i] &= 1u << (r >> 3 & 31);
	}
}

static void check_instructions(const struct algo *algo, uint64_t program, uint64_t *state)
{
	static char text[ALGO_PROGRAM_MAX];
	static uint32_t l1[PROGPOW_L1_WORDS << COPIES_MOST];
	struct progpow_op ops[PROGPOW_OPS_MAX];
	unsigned n = progpow_program(algo->params, program, ops), i, copy, log;
	uint32_t got[NAMES], want[NAMES];
	struct ptx_module *ptx = NULL;
	char why[200] = "";
	int len = algo->program->text(algo, program, FORM_PTX, text, sizeof text);

	if (!CHECK_U64((uint64_t)len, strlen(text)) ||
	    !CHECK_INT(ptx_fragment_new(&ptx, text, NULL, register_names(), NAMES, why, sizeof why),
		       0)) {
		printf("\t%s, program %llu: %s\n", algo->name, (unsigned long long)program, why);
		return;
	}
	fill(l1, sizeof l1 / sizeof *l1, state);
	for (i = 0; i < 8; i++) {
		log = i % (COPIES_MOST + 1);
		copy = (1u << log) - 1;
		fill(want, NAMES, state);
		want[NAMES - 3] = PTX_SHARED_BASE;
		want[NAMES - 2] = 4 * copy;
		want[NAMES - 1] = 4u << log;
		memcpy(got, want, sizeof got);
		run_list(ops, n, want, l1 + copy, 1u << log);
		CHECK_INT(ptx_fragment_run(ptx, got, NAMES, l1, sizeof l1, why, sizeof why), 0);
		if (!CHECK_MEM(got, want, sizeof want))
			printf("\t%s, program %llu\n", algo->name, (unsigned long long)program);
	}
	ptx_module_free(ptx);
}

static void instructions_do_what_the_list_says(void)
{
	uint64_t state = 77, k;
	int a, members = 0;

	for (a = 0; algos[a]; a++) {
		if (!algos[a]->program)
			continue;
		members++;
		check_instructions(algos[a], UINT64_MAX, &state);
		for (k = 0; k < PERIODS; k++)
			check_instructions(algos[a], k < 20 ? k : scan_random(&state) >> k, &state);
	}
	CHECK(members >= 9);
}

/* The same list as statements: one a line, joined to one line for the preprocessor. */
static void statements_are_one_macro(void)
{
	static char text[ALGO_PROGRAM_MAX], wide[ALGO_PROGRAM_MAX];
	struct progpow_op ops[PROGPOW_OPS_MAX];
	const struct algo *algo = algo_find("kawpow");
	unsigned n = progpow_program(algo->params, 5, ops), i;
	const char *at = text, *end;

	CHECK(algo->program->text(algo, 5, FORM_C, text, sizeof text) > 0);
	CHECK(algo->program->text(algo, 5, FORM_WIDE, wide, sizeof wide) > 0);
	CHECK_STR(text, wide);
	for (i = 0; i < n; i++, at = end + 1) {
		end = strchr(at, '\n');
		if (!CHECK(end && end - at > 4) || !CHECK(!strncmp(end - 3, "; \\", 3)))
			return;
		CHECK(!strncmp(at, "K_", 2));
	}
	CHECK_STR(at, "");
}

static void no_text_is_cut(void)
{
	static char text[ALGO_PROGRAM_MAX];
	const struct algo *algo = algo_find("kawpow");
	enum algo_form form;
	int len;

	for (form = FORM_C; form <= FORM_PTX; form++) {
		len = algo->program->text(algo, 9, form, text, sizeof text);
		if (!CHECK(len > 0))
			continue;
		memset(text, 'x', sizeof text);
		CHECK_INT(algo->program->text(algo, 9, form, text, (size_t)len), -ERR_RANGE);
		CHECK(text[len] == 'x');
		CHECK_INT(algo->program->text(algo, 9, form, text, 0), -ERR_RANGE);
		CHECK_INT(algo->program->text(algo, 9, form, text, (size_t)len + 1), len);
	}
}

static void periods_follow_heights(void)
{
	static const struct {
		const char *name;
		uint64_t height, program;
	} rows[] = {{"kawpow", 1220400, 406800},
		    {"firopow", 77, 77},
		    {"progpowz", 99, 1},
		    {"meowpow", 12, 2},
		    {"kawpow", 2, 0}};
	size_t i;

	for (i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct algo *algo = algo_find(rows[i].name);

		CHECK_U64(algo->program->of_height(algo, rows[i].height), rows[i].program);
	}
}

int main(void)
{
	T_RUN(instructions_do_what_the_list_says);
	T_RUN(statements_are_one_macro);
	T_RUN(no_text_is_cut);
	T_RUN(periods_follow_heights);
	return t_done();
}
