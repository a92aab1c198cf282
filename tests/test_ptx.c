/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The interpreter of PTX (tests/ptx): that it does what NVIDIA's description of the instruction
 * set says, and complains of what a card would answer with garbage.
 */
#include "tests/ptx/ptx.h"
#include "tests/t.h"

#define HEAD ".version 6.3\n.target sm_50\n.address_size 64\n"

static char why[300];
static uint64_t memory[256];

static int find(void *arg, uint64_t at, size_t bytes, uint64_t ends[2])
{
	uint64_t from = (uintptr_t)memory, to = from + sizeof memory;

	(void)arg;
	ends[0] = from;
	ends[1] = to;
	return at >= from && at < to && to - at >= bytes ? 0 : -1;
}

/* Run a module's entry k(memory, a, b, c) with so many threads in one group. */
static int run_text(const char *text, unsigned threads, uint64_t a, uint64_t b, uint64_t c)
{
	const uint64_t args[4] = {(uintptr_t)memory, a, b, c};
	const struct ptx_grid grid = {
		.blocks = 1, .threads = threads, .args = args, .n_args = 4, .memory = find};
	struct ptx_module *m = NULL;
	int rc;

	memset(memory, 0, sizeof memory);
	why[0] = 0;
	if (ptx_module_new(&m, text, why, sizeof why))
		return -2;
	rc = ptx_run(ptx_module_entry(m, "k"), &grid, why, sizeof why);
	ptx_module_free(m);
	return rc;
}

/* As above, of a body; r0..r9, d0..d9, p0..p9 are declared; d9 is memory, r1..r3 a..c, d1..d3 too.
 */
static int run(const char *body, unsigned threads, uint64_t a, uint64_t b, uint64_t c)
{
	static char text[4096];

	snprintf(text, sizeof text,
		 HEAD ".const .align 4 .u32 table[3] = {7, 0x10, 9};\n"
		      ".extern .shared .align 16 .b8 more[];\n"
		      ".visible .entry k(.param .u64 k_0, .param .u64 k_1,\n"
		      ".param .u64 k_2, .param .u64 k_3)\n.maxntid 128, 1, 1\n{\n"
		      ".reg .pred p<10>;\n.reg .b32 r<10>;\n.reg .b64 d<10>;\n"
		      ".shared .align 4 .b8 near[512];\n"
		      "ld.param.u64 d9, [k_0];\nld.param.u64 d1, [k_1];\n"
		      "ld.param.u64 d2, [k_2];\nld.param.u64 d3, [k_3];\n"
		      "cvt.u32.u64 r1, d1;\ncvt.u32.u64 r2, d2;\ncvt.u32.u64 r3, d3;\n"
		      "cvta.to.global.u64 d9, d9;\n%s\nret;\n}\n",
		 body);
	return run_text(text, threads, a, b, c);
}

/* What an instruction over r1, r2, r3 or d1, d2, d3 leaves in r0, or with wide in d0. */
static uint64_t result(const char *line, bool wide, uint64_t a, uint64_t b, uint64_t c)
{
	char body[300];

	snprintf(body, sizeof body, "%s\nst.global.%s [d9], %s;", line, wide ? "u64" : "u32",
		 wide ? "d0" : "r0");
	if (!CHECK_INT(run(body, 1, a, b, c), 0))
		printf("\t%s: %s\n", line, why);
	return memory[0];
}

static void each_instruction_does_what_its_description_says(void)
{
	static const struct {
		const char *line;
		uint64_t a, b, c, want;
	} rows[] = {
		{"mov.u32 r0, -1;", 0, 0, 0, 0xffffffff},
		{"add.s32 r0, r1, -3;", 1, 0, 0, 0xfffffffe},
		{"sub.s32 r0, r1, r2;", 1, 2, 0, 0xffffffff},
		{"neg.s32 r0, r1;", 5, 0, 0, 0xfffffffb},
		{"mul.lo.s32 r0, r1, 33;", 0x80000001, 0, 0, 0x80000021},
		{"mul.hi.u32 r0, r1, r2;", 0xffffffff, 0xffffffff, 0, 0xfffffffe},
		{"mad.lo.s32 r0, r1, r2, r3;", 7, 9, 5, 68},
		{"div.u32 r0, r1, r2;", 100, 7, 0, 14},
		{"rem.u32 r0, r1, r2;", 100, 7, 0, 2},
		{"min.u32 r0, r1, r2;", 0x80000000, 5, 0, 5},
		{"min.s32 r0, r1, r2;", 0x80000000, 5, 0, 0x80000000},
		{"max.u32 r0, r1, r2;", 0x80000000, 5, 0, 0x80000000},
		{"and.b32 r0, r1, 12;", 10, 0, 0, 8},
		{"or.b32 r0, r1, r2;", 10, 5, 0, 15},
		{"xor.b32 r0, r1, r2;", 10, 12, 0, 6},
		{"not.b32 r0, r1;", 1, 0, 0, 0xfffffffe},
		{"shl.b32 r0, r1, r2;", 1, 31, 0, 0x80000000},
		{"shl.b32 r0, r1, r2;", 1, 32, 0, 0},
		{"shr.u32 r0, r1, r2;", 0x80000000, 31, 0, 1},
		{"shr.u32 r0, r1, r2;", 0x80000000, 32, 0, 0},
		{"shr.s32 r0, r1, r2;", 0x80000000, 40, 0, 0xffffffff},
		{"shf.l.wrap.b32 r0, r1, r2, r3;", 0x80000000, 0x00000001, 33, 3},
		{"shf.r.wrap.b32 r0, r1, r2, r3;", 0x80000000, 0x00000001, 1, 0xc0000000},
		{"shf.r.wrap.b32 r0, r1, r2, r3;", 0x12345678, 0x9abcdef0, 32, 0x12345678},
		{"clz.b32 r0, r1;", 0, 0, 0, 32},
		{"clz.b32 r0, r1;", 1, 0, 0, 31},
		{"popc.b32 r0, r1;", 0xf0f, 0, 0, 8},
		{"brev.b32 r0, r1;", 1, 0, 0, 0x80000000},
		{"prmt.b32 r0, r1, r2, 0x0123;", 0x44332211, 0, 0, 0x11223344},
		{"prmt.b32 r0, r1, r2, 0x7b0c;", 0x00000080, 0x99000080, 0, 0x990080ff},
		{"bfe.u32 r0, r1, 4, 8;", 0x12345678, 0, 0, 0x67},
		{"bfi.b32 r0, r1, r2, 8, 4;", 0xab, 0xffffffff, 0, 0xfffffbff},
		{"lop3.b32 r0, r1, r2, r3, 0xca;", 0xf0, 0xaa, 0x55, 0xa5},
		{"lop3.b32 r0, r1, r2, r3, 0x96;", 1, 2, 4, 7},
		{"cvt.u32.u64 r0, d1;", 0x100000002, 0, 0, 2},
		{"setp.lt.s32 p0, r1, r2; selp.b32 r0, 3, 4, p0;", 0xffffffff, 0, 0, 3},
		{"setp.lt.u32 p0, r1, r2; selp.b32 r0, 3, 4, p0;", 0xffffffff, 0, 0, 4},
		{"setp.ge.u64 p0, d1, d2; selp.b32 r0, 3, 4, p0;", 1ull << 32, 5, 0, 3},
		{"setp.eq.s32 p0, r1, 7; not.pred p1, p0; xor.pred p2, p0, p1;"
		 " and.pred p3, p2, p0; or.pred p4, p3, p1; selp.b32 r0, 3, 4, p4;",
		 7, 0, 0, 3},
		{"mov.b64 {r4, r0}, d1;", 0x100000002, 0, 0, 1},
		{"mov.u64 d4, table; ld.const.u32 r0, [d4+4];", 0, 0, 0, 16},
		{"ld.const.u32 r0, [table+8];", 0, 0, 0, 9},
		{"mov.u32 r0, %ntid.x;", 0, 0, 0, 1},
		{"setp.eq.s32 p0, r1, 0; mov.u32 r0, 1; @p0 mov.u32 r0, 2;", 0, 0, 0, 2},
		{"setp.eq.s32 p0, r1, 0; mov.u32 r0, 1; @!p0 mov.u32 r0, 2;", 0, 0, 0, 1},
	};
	static const struct {
		const char *line;
		uint64_t a, b, c, want;
	} wide[] = {
		{"mov.u64 d0, -9223372036854775808;", 0, 0, 0, 1ull << 63},
		{"add.s64 d0, d1, d2;", UINT64_MAX, 2, 0, 1},
		{"mul.lo.s64 d0, d1, d2;", 1ull << 33, 3, 0, 3ull << 33},
		{"mul.hi.u64 d0, d1, d2;", 1ull << 63, 4, 0, 2},
		{"mul.wide.u32 d0, r1, r2;", 0xffffffff, 16, 0, 0xffffffff0},
		{"mul.wide.s32 d0, r1, r2;", 0xffffffff, 16, 0, (uint64_t)-16},
		{"mad.wide.u32 d0, r1, r2, d3;", 0xffffffff, 16, 16, 0x1000000000},
		{"shl.b64 d0, d1, r2;", 1, 63, 0, 1ull << 63},
		{"shl.b64 d0, d1, r2;", 1, 64, 0, 0},
		{"shr.u64 d0, d1, 60;", 0xf000000000000000, 0, 0, 15},
		{"bfi.b64 d0, d1, d2, 32, 32;", 0x123456789, 0xaabbccdd, 0, 0x23456789aabbccdd},
		{"cvt.u64.u32 d0, r1;", 0xffffffff, 0, 0, 0xffffffff},
		{"cvt.s64.s32 d0, r1;", 0xffffffff, 0, 0, UINT64_MAX},
		{"mov.b64 d0, {r1, r2};", 1, 2, 0, 0x200000001},
		{"st.shared.u32 [near+8], r1; ld.shared.u32 d0, [near+8];", 0xfffffff0, 0, 0,
		 0xfffffff0},
		{"st.global.v2.u32 [d9+16], {r1, r2}; ld.global.u64 d0, [d9+16];", 1, 2, 0,
		 0x200000001},
		{"st.global.u32 [d9], 7; atom.global.add.u32 r0, [d9], 3;"
		 " ld.volatile.global.u32 r4, [d9]; mov.b64 d0, {r0, r4};",
		 0, 0, 0, 0xa00000007},
	};
	size_t i;

	for (i = 0; i < sizeof rows / sizeof rows[0]; i++)
		if (!CHECK_U64(result(rows[i].line, false, rows[i].a, rows[i].b, rows[i].c),
			       rows[i].want))
			printf("\t%s\n", rows[i].line);
	for (i = 0; i < sizeof wide / sizeof wide[0]; i++)
		if (!CHECK_U64(result(wide[i].line, true, wide[i].a, wide[i].b, wide[i].c),
			       wide[i].want))
			printf("\t%s\n", wide[i].line);
}

static uint32_t word(unsigned i)
{
	return ((const uint32_t *)memory)[i];
}

#define STORE_R0                                                                                   \
 "mov.u32 r9, %tid.x; mul.wide.u32 d8, r9, 4; add.s64 d8, d8, d9; st.global.u32 [d8], r0;"

static void a_shuffle_stays_within_its_segment(void)
{
	unsigned i;

	/* width 8: segments by 0x18 << 8, and the lane within by b */
	CHECK_INT(run("mov.u32 r4, %tid.x; shfl.sync.idx.b32 r0|p0, r4, 3, 0x181f, -1;" STORE_R0,
		      32, 0, 0, 0),
		  0);
	for (i = 0; i < 32; i++)
		CHECK_INT(word(i), (i & 24) + 3);
	CHECK_INT(run("mov.u32 r4, %tid.x; xor.b32 r5, r4, 31;"
		      "shfl.sync.idx.b32 r0, r4, r5, 31, -1;" STORE_R0,
		      32, 0, 0, 0),
		  0);
	for (i = 0; i < 32; i++)
		CHECK_INT(word(i), 31 - i);
}

static void votes_count_every_lane(void)
{
	CHECK_INT(run("mov.u32 r4, %tid.x; and.b32 r5, r4, 1; setp.eq.s32 p0, r5, 1;"
		      "vote.sync.ballot.b32 r0, p0, -1;" STORE_R0,
		      32, 0, 0, 0),
		  0);
	CHECK_INT(word(5), 0xaaaaaaaa);
	CHECK_INT(run("mov.u32 r4, %tid.x; setp.eq.s32 p0, r4, 9; vote.sync.any.pred p1, p0, -1;"
		      "vote.sync.all.pred p2, p0, -1; selp.b32 r5, 1, 0, p1; selp.b32 r6, 2, 0, p2;"
		      "or.b32 r0, r5, r6;" STORE_R0,
		      32, 0, 0, 0),
		  0);
	CHECK_INT(word(0), 1);
}

/* Lane i goes round i times; then all meet in a shuffle. */
static void lanes_that_parted_meet_again(void)
{
	unsigned i;

	CHECK_INT(run("mov.u32 r4, %tid.x; mov.u32 r0, 100; mov.u32 r5, 0;\n"
		      "setp.eq.s32 p0, r4, 0; @p0 bra done;\n"
		      "again: add.s32 r0, r0, 2; add.s32 r5, r5, 1; setp.lt.u32 p1, r5, r4;\n"
		      "@p1 bra again;\n"
		      "done: shfl.sync.idx.b32 r0, r0, 31, 31, -1;\n"
		      "add.s32 r0, r0, r5;" STORE_R0,
		      32, 0, 0, 0),
		  0);
	for (i = 0; i < 32; i++)
		CHECK_INT(word(i), 162 + i);
}

static void a_barrier_joins_the_warps_of_a_group(void)
{
	unsigned i;

	CHECK_INT(run("mov.u32 r4, %tid.x; shl.b32 r5, r4, 2; mov.u32 r6, near; add.s32 r5, r5, r6;"
		      "st.shared.u32 [r5], r4; bar.sync 0; xor.b32 r5, r4, 127; shl.b32 r5, r5, 2;"
		      "add.s32 r5, r5, r6; ld.shared.u32 r0, [r5];" STORE_R0,
		      128, 0, 0, 0),
		  0);
	for (i = 0; i < 128; i++)
		CHECK_INT(word(i), 127 - i);
}

static void a_group_may_be_no_multiple_of_a_warp(void)
{
	CHECK_INT(run("mov.u32 r0, %tid.x; add.s32 r0, r0, 1;" STORE_R0, 40, 0, 0, 0), 0);
	CHECK_INT(word(39), 40);
	CHECK_INT(word(40), 0);
}

/* What is wrong, and what is said of it. */
static void what_a_card_would_not_complain_of_is_an_error(void)
{
	static const struct {
		const char *body, *says;
	} rows[] = {
		{"add.s32 r0, r5, 1;", "never set"},
		{"@p0 mov.u32 r0, 1;", "never set"},
		{"ld.global.u32 r0, [d9+2048];", "nobody's"},
		{"ld.global.u32 r0, [d9+2];", "not aligned"},
		{"ld.global.v4.u32 {r0, r4, r5, r6}, [d9+8];", "not aligned"},
		{"st.global.u32 [d1], r1;", "nobody's"},
		{"ld.shared.u32 r0, [near+512];", "outside"},
		{"ld.shared.u32 r0, [more];", "outside"},
		{"ld.const.u32 r0, [table+12];", "outside"},
		{"mov.u64 d4, table; st.const.u32 [d4], r1;", "nothing is stored"},
		{"mov.u32 r4, %tid.x; setp.lt.u32 p0, r4, 8; @p0 bra on;"
		 "shfl.sync.idx.b32 r0, r4, 0, 31, -1; on: mov.u32 r5, 1;",
		 "meet here"},
		{"mov.u32 r4, %tid.x; setp.lt.u32 p0, r4, 8; @p0 bra on; bar.sync 0;"
		 "on: mov.u32 r5, 1;",
		 "meet at a barrier"},
		{"mov.u32 r4, %tid.x; setp.lt.u32 p0, r4, 8; @p0 bra.uni on;"
		 "shfl.sync.idx.b32 r0, r4, 3, 31, 0xffffff00; on: mov.u32 r5, 1;",
		 "takes from 3"},
	};
	size_t i;

	for (i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		CHECK_INT(run(rows[i].body, 32, 0, 0, 0), -1);
		if (!CHECK_HAS(why, rows[i].says))
			printf("\t%s\n", rows[i].body);
	}
}

static void what_is_not_understood_is_an_error(void)
{
	static const char *const rows[] = {
		"frob.u32 r0, r1;",
		"add.f32 r0, r1, r2;",
		"add.s32 r0, r1;",
		"add.s32 r0, d1, r2;",
		"add.s64 d0, d1, r2;",
		"mov.u32 r10, 1;",
		"mov.u32 q, 1;",
		"ld.u32 r0, [d9];",
		"ld.global.u64 r0, [d9];",
		"ld.global.v2.u32 r0, [d9];",
		"ld.strange.global.u32 r0, [d9];",
		"ld.param.u32 r0, [k_9];",
		"bra nowhere;",
		"bar.sync 1;",
		"mov.u32 r0, 1",
		"{ .reg .b32 x; mov.u32 x, 1; } mov.u32 r0, x;",
		"@r1 mov.u32 r0, 1;",
		".reg .f32 f;",
		".local .align 4 .b8 depot[8];",
		"{",
	};
	size_t i;

	for (i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		if (!CHECK_INT(run(rows[i], 1, 0, 0, 0), -2))
			printf("\t%s\n", rows[i]);
		CHECK_HAS(why, "line ");
	}
	CHECK_INT(run_text(".frob", 1, 0, 0, 0), -2);
	CHECK_INT(run_text(HEAD ".const .align 4 .u32 t[2] = {1, 2, 3};", 1, 0, 0, 0), -2);
}

static void blocks_have_registers_of_their_own(void)
{
	CHECK_INT(run("mov.u32 r0, 1; { .reg .b32 r<2>, x; mov.u32 r0, 5; mov.u32 x, r0; }"
		      "{ .reg .b32 x; mov.u32 x, 9; }" STORE_R0,
		      1, 0, 0, 0),
		  0);
	CHECK_INT(word(0), 1);
}

static void dynamic_shared_memory_lies_behind_the_rest(void)
{
	static const char text[] =
		HEAD ".extern .shared .align 16 .b8 more[];\n"
		     ".entry k(.param .u64 k_0) {\n.reg .b32 r<4>;\n.reg .b64 d<2>;\n"
		     ".shared .align 4 .b8 near[20];\n"
		     "ld.param.u64 d0, [k_0];\nmov.u32 r0, near;\nmov.u32 r1, more;\n"
		     "sub.s32 r2, r1, r0;\nst.global.u32 [d0], r2;\nst.shared.u32 [more+60], r1;\n"
		     "st.shared.u32 [near+16], r0; ret;\n}\n";
	const uint64_t args[1] = {(uintptr_t)memory};
	struct ptx_grid grid = {.blocks = 1,
				.threads = 1,
				.args = args,
				.n_args = 1,
				.memory = find,
				.dynamic_shared = 64};
	struct ptx_module *m = NULL;

	if (!CHECK_INT(ptx_module_new(&m, text, why, sizeof why), 0))
		return;
	CHECK_INT(ptx_run(ptx_module_entry(m, "k"), &grid, why, sizeof why), 0);
	CHECK_INT(word(0), 32);
	CHECK_U64(ptx_entry_shared(ptx_module_entry(m, "k")), 20);
	grid.dynamic_shared = 60;
	CHECK_INT(ptx_run(ptx_module_entry(m, "k"), &grid, why, sizeof why), -1);
	CHECK(ptx_module_entry(m, "other") == NULL);
	ptx_module_free(m);
}

int main(void)
{
	T_RUN(each_instruction_does_what_its_description_says);
	T_RUN(a_shuffle_stays_within_its_segment);
	T_RUN(votes_count_every_lane);
	T_RUN(lanes_that_parted_meet_again);
	T_RUN(a_barrier_joins_the_warps_of_a_group);
	T_RUN(a_group_may_be_no_multiple_of_a_warp);
	T_RUN(what_a_card_would_not_complain_of_is_an_error);
	T_RUN(what_is_not_understood_is_an_error);
	T_RUN(blocks_have_registers_of_their_own);
	T_RUN(dynamic_shared_memory_lies_behind_the_rest);
	return t_done();
}
