/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Programs put into PTX templates, and the interpreter that later tests run them by. */
#include "src/gpu/splice.h"
#include "tests/ptx/fragment.h"
#include "tests/t.h"

static const char body[] = "{\n.reg .b32 t<2>;\nmul.lo.u32 t0, m0, 33;\nadd.u32 m1, t0, d0;\n}";

static void the_program_follows_each_mark(void)
{
	static const char ptx[] = "head\n{ .reg .b32 m<2>;\n\t//ADIT_PROGRAM \t\nmov %r1, m0; }\n"
				  "middle\n//ADIT_PROGRAM\ntail";
	struct err err = {0};
	char *out = NULL;

	if (CHECK_OK(splice(ptx, body, &out, &err), &err))
		CHECK_STR(out, "head\n{ .reg .b32 m<2>;\n\t//ADIT_PROGRAM \t\n"
			       "{\n.reg .b32 t<2>;\nmul.lo.u32 t0, m0, 33;\nadd.u32 m1, t0, d0;\n}"
			       "\n//ADIT_END\nmov %r1, m0; }\nmiddle\n//ADIT_PROGRAM\n"
			       "{\n.reg .b32 t<2>;\nmul.lo.u32 t0, m0, 33;\nadd.u32 m1, t0, d0;\n}"
			       "\n//ADIT_END\ntail");
	free(out);
}

static void check_refused(const char *ptx, const char *text, const char *words)
{
	struct err err = {0};
	char *out = NULL;

	if (!CHECK_ERR(splice(ptx, text, &out, &err), ERR_BUILD, &err) ||
	    !CHECK_HAS(err.text, words) || !CHECK(out == NULL))
		printf("\t%s\n", ptx);
}

static void what_does_not_fit_is_refused(void)
{
	check_refused("", body, "no place");
	check_refused("// ADIT_PROGRAM\n", body, "no place");
	check_refused("mov %r1, %r2; //ADIT_PROGRAM\n", body, "line of its own");
	check_refused("//ADIT_PROGRAM mov %r1, %r2;\n", body, "line of its own");
	check_refused("//ADIT_PROGRAM", body, "line of its own");
	check_refused("//ADIT_PROGRAM\n//ADIT_PROGRAMS\n", body, "line of its own");
	check_refused("//ADIT_PROGRAM\n", "{ mov.b32 m0, m1;", "block");
	check_refused("//ADIT_PROGRAM\n", "mov.b32 m0, m1; } {", "block");
}

static void a_result_without_end_is_refused(void)
{
	const char mark[] = "//ADIT_PROGRAM\n";
	size_t len = sizeof mark - 1, n = 300, i, long_len = SPLICE_MAX / 256;
	char *ptx = calloc(n, len + 1), *text = malloc(long_len + 1);

	if (ptx && text) {
		for (i = 0; i < n; i++)
			memcpy(ptx + i * len, mark, len);
		memset(text, ' ', long_len);
		text[long_len] = 0;
		check_refused(ptx, text, "too long");
	}
	free(text);
	free(ptx);
}

/* ---- the interpreter ---- */

static const char *const names[] = {"$0", "$1", "$2", "%r3"};
static const uint32_t memory[] = {0x11111111, 0x22222222, 0x33333333};

/* One instruction over 0xf0000001, 0x00000007, 40 and the memory's address. */
static uint32_t run(const char *text)
{
	uint32_t values[] = {0xf0000001u, 7, 40, PTX_SHARED_BASE};
	struct ptx_module *p = NULL;
	char why[200] = "";

	if (!CHECK(!ptx_fragment_new(&p, text, NULL, names, 4, why, sizeof why)))
		printf("\t%s: %s\n", text, why);
	else
		CHECK(!ptx_fragment_run(p, values, 4, memory, sizeof memory, why, sizeof why));
	ptx_module_free(p);
	return values[0];
}

static void each_instruction_means_what_the_manual_says(void)
{
	CHECK_U64(run("mov.b32 $0, 0x12;"), 0x12);
	CHECK_U64(run("add.u32 $0, $0, $0;"), 0xe0000002u);
	CHECK_U64(run("sub.s32 $0, $1, $2;"), (uint32_t)(7 - 40));
	CHECK_U64(run("mul.lo.u32 $0, $0, 33;"), 0xf0000021u);
	CHECK_U64(run("mul.hi.u32 $0, $0, $2;"), 37);
	CHECK_U64(run("mad.lo.u32 $0, $1, 33, $2;"), 271);
	CHECK_U64(run("min.u32 $0, $0, $1;"), 7);
	CHECK_U64(run("max.u32 $0, $0, $1;"), 0xf0000001u);
	CHECK_U64(run("and.b32 $0, $0, 0xff;"), 1);
	CHECK_U64(run("or.b32 $0, $0, 6;"), 0xf0000007u);
	CHECK_U64(run("xor.b32 $0, $0, $1;"), 0xf0000006u);
	CHECK_U64(run("not.b32 $0, $0;"), 0x0ffffffeu);
	CHECK_U64(run("shl.b32 $0, $0, 4;"), 0x10);
	CHECK_U64(run("shl.b32 $0, $0, $2;"), 0);
	CHECK_U64(run("shr.u32 $0, $0, 28;"), 15);
	CHECK_U64(run("shr.b32 $0, $0, 32;"), 0);
	CHECK_U64(run("shf.l.wrap.b32 $0, $0, $0, 4;"), 0x1f);
	CHECK_U64(run("shf.l.wrap.b32 $0, $0, $1, 4;"), 0x7f);
	CHECK_U64(run("shf.l.wrap.b32 $0, $0, $1, 32;"), 7);
	CHECK_U64(run("shf.r.wrap.b32 $0, $0, $0, 4;"), 0x1f000000);
	CHECK_U64(run("shf.r.wrap.b32 $0, $0, $1, 4;"), 0x7f000000);
	CHECK_U64(run("shf.r.wrap.b32 $0, $0, $1, $2;"), 0x07f00000);
	CHECK_U64(run("clz.b32 $0, $1;"), 29);
	CHECK_U64(run("clz.b32 $0, 0;"), 32);
	CHECK_U64(run("popc.b32 $0, $0;"), 5);
	CHECK_U64(run("lop3.b32 $0, $0, $1, $2, 0x96;"), 0xf0000001u ^ 7 ^ 40);
	CHECK_U64(run("ld.shared.u32 $0, [%r3];"), memory[0]);
	CHECK_U64(run("ld.shared.b32 $0, [%r3+8];"), memory[2]);
	CHECK_U64(run("{ .reg .b32 t<2>, x; { .reg .u32 x; mov.u32 x, 5; mov.u32 t1, x; }\n"
		      "mov.b32 x, 6; // comment\nadd.u32 $0, x, /* and */ t1; }\n"),
		  11);
}

static void check_wrong(const char *text, const char *words)
{
	struct ptx_module *p = NULL;
	char why[200] = "";

	if (!CHECK_INT(ptx_fragment_new(&p, text, NULL, names, 4, why, sizeof why), -1) ||
	    !CHECK_HAS(why, words))
		printf("\t%s\n", text);
}

static void what_is_not_understood_is_an_error(void)
{
	check_wrong("mul.hi.s32 $0, $0, $1;", "not understood");
	check_wrong("add.u64 $0, $0, $1;", "another width");
	check_wrong("ld.global.u32 $0, [$1];", "no address");
	check_wrong("add.u32 $0, $0, t0;", "not declared");
	check_wrong("{ { .reg .b32 t0; } add.u32 $0, $0, t0; }", "not declared");
	check_wrong("add.u32 $0, $0, 5x;", "no number");
	check_wrong("add.u32 $0, $0, 4294967296;", "no number");
	check_wrong("add.u32 $0, $0;", "no ','");
	check_wrong("add.u32 $0, $0, $1", "no ';'");
	check_wrong("add.u32 5, $0, $1;", "no register");
	check_wrong("{ add.u32 $0, $0, $1;", "not understood");
	check_wrong("mov.u32 $0, 1; }", "not understood");
	check_wrong(".reg .f32 p;", "of a kind");
}

static void check_stops(const char *text)
{
	uint32_t values[] = {0, 7, 40, PTX_SHARED_BASE};
	struct ptx_module *p = NULL;
	char why[200] = "";

	if (CHECK(!ptx_fragment_new(&p, text, NULL, names, 4, why, sizeof why)))
		CHECK_INT(ptx_fragment_run(p, values, 4, memory, sizeof memory, why, sizeof why),
			  -1);
	ptx_module_free(p);
}

static void reading_stops_at_the_end_named(void)
{
	uint32_t values[] = {0, 7, 40, PTX_SHARED_BASE};
	struct ptx_module *p = NULL;
	char why[200] = "";

	if (CHECK(!ptx_fragment_new(&p, "mov.b32 $0, 1;\n" SPLICE_END "\nmov.b32 $0, 2;",
				    SPLICE_END, names, 4, why, sizeof why)))
		CHECK(!ptx_fragment_run(p, values, 4, memory, sizeof memory, why, sizeof why));
	CHECK_U64(values[0], 1);
	ptx_module_free(p);
	CHECK_INT(ptx_fragment_new(&p, "{ mov.b32 $0, 1;\n" SPLICE_END "\n", SPLICE_END, names, 4,
				   why, sizeof why),
		  -1);
}

static void what_a_card_would_not_forgive_stops_it(void)
{
	check_stops("ld.shared.u32 $0, [%r3+12];");
	check_stops("ld.shared.u32 $0, [%r3+2];");
	check_stops("ld.shared.u32 $0, [$1];");
	check_stops("{ .reg .b32 t0; add.u32 $0, $0, t0; }");
}

int main(void)
{
	T_RUN(the_program_follows_each_mark);
	T_RUN(what_does_not_fit_is_refused);
	T_RUN(a_result_without_end_is_refused);
	T_RUN(each_instruction_means_what_the_manual_says);
	T_RUN(what_is_not_understood_is_an_error);
	T_RUN(reading_stops_at_the_end_named);
	T_RUN(what_a_card_would_not_forgive_stops_it);
	return t_done();
}
