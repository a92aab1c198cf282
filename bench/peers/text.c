/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Sources: peers' as they are on disk, behind the words of the period's program and the dataset
 * where they use them; and ours, written out for experiments.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "algos/progpow.h"
#include "bench/peers/peers.h"

#define TEXT_MAX  (16u << 20)
#define WORDS_MAX (64u << 10)

static void must_open(const void *it, const char *path)
{
	if (it)
		return;
	perror(path);
	exit(1);
}

struct text {
	char *at;
	size_t len, room;
};

static void say(struct text *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void say(struct text *t, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	t->len += (size_t)vsnprintf(t->at + t->len, t->room - t->len, fmt, ap);
	va_end(ap);
	if (t->len < t->room)
		return;
	fprintf(stderr, "peers: a text has no room\n");
	exit(1);
}

/* ---- the period's program ---- */

/* What is the same in both languages but has two names. */
static const char functions[] = "#if defined(__CUDACC__) || defined(__CUDACC_RTC__)\n"
				"#define ADIT_LEFT(x, n) __funnelshift_l((x), (x), (n))\n"
				"#define ADIT_RIGHT(x, n) __funnelshift_r((x), (x), (n))\n"
				"#define ADIT_MULHI(x, y) __umulhi((x), (y))\n"
				"#define ADIT_CLZ(x) ((unsigned)__clz((int)(x)))\n"
				"#define ADIT_POPCOUNT(x) ((unsigned)__popc(x))\n"
				"#define ADIT_MIN(x, y) ((x) < (y) ? (x) : (y))\n"
				"#else\n"
				"#define ADIT_LEFT(x, n) rotate((uint)(x), (uint)(n))\n"
				"#define ADIT_RIGHT(x, n) rotate((uint)(x), 32u - (uint)(n))\n"
				"#define ADIT_MULHI(x, y) mul_hi((uint)(x), (uint)(y))\n"
				"#define ADIT_CLZ(x) clz((uint)(x))\n"
				"#define ADIT_POPCOUNT(x) popcount((uint)(x))\n"
				"#define ADIT_MIN(x, y) min((uint)(x), (uint)(y))\n"
				"#endif\n";

static void operand(const struct progpow_op *op, char out[96])
{
	static const char *const forms[MATH_KINDS] = {
		[MATH_ADD] = "(m[%u] + m[%u])",
		[MATH_MUL] = "(m[%u] * m[%u])",
		[MATH_MULHI] = "ADIT_MULHI(m[%u], m[%u])",
		[MATH_MIN] = "ADIT_MIN(m[%u], m[%u])",
		[MATH_ROTL] = "ADIT_LEFT(m[%u], m[%u])",
		[MATH_ROTR] = "ADIT_RIGHT(m[%u], m[%u])",
		[MATH_AND] = "(m[%u] & m[%u])",
		[MATH_OR] = "(m[%u] | m[%u])",
		[MATH_XOR] = "(m[%u] ^ m[%u])",
		[MATH_CLZ] = "(ADIT_CLZ(m[%u]) + ADIT_CLZ(m[%u]))",
		[MATH_POPCOUNT] = "(ADIT_POPCOUNT(m[%u]) + ADIT_POPCOUNT(m[%u]))",
	};

	if (op->kind == PROGPOW_CACHE)
		snprintf(out, 96, "cache[m[%u] & 4095u]", (unsigned)op->a);
	else if (op->kind == PROGPOW_DAG)
		snprintf(out, 96, "row[%u]", (unsigned)op->a);
	else
		snprintf(out, 96, forms[op->math], (unsigned)op->a, (unsigned)op->b);
}

static void statement(struct text *t, const struct progpow_op *op)
{
	unsigned d = op->dst, turn = op->turn;
	char x[96];

	operand(op, x);
	if (op->merge == MERGE_MULADD)
		say(t, " m[%u] = m[%u] * 33u + %s;", d, d, x);
	else if (op->merge == MERGE_XORMUL)
		say(t, " m[%u] = (m[%u] ^ %s) * 33u;", d, d, x);
	else if (op->merge == MERGE_ROTLXOR)
		say(t, " m[%u] = ADIT_LEFT(m[%u], %uu) ^ %s;", d, d, turn, x);
	else
		say(t, " m[%u] = ADIT_RIGHT(m[%u], %uu) ^ %s;", d, d, turn, x);
}

/* ADIT_MATH(mix, cache), then ADIT_LOADS(mix, row): a loop of the program but its read. */
static void say_program(struct text *t, const struct subject *s)
{
	const struct progpow_params *params = s->algo->params;
	uint64_t number = s->algo->program->of_height(s->algo, s->work.height);
	struct progpow_op ops[PROGPOW_OPS_MAX];
	unsigned n = progpow_program(params, number, ops), i;

	say(t, "%s#define ADIT_REGS %u\n#define ADIT_MATH(m, cache)", functions, params->regs);
	for (i = 0; i < n && ops[i].kind != PROGPOW_DAG; i++)
		statement(t, &ops[i]);
	say(t, "\n#define ADIT_LOADS(m, row)");
	for (; i < n; i++)
		statement(t, &ops[i]);
	say(t, "\n");
}

static void say_words(struct text *t, const struct subject *s)
{
	if (s->ep) {
		say(t, "#define ADIT_ROWS128 %lluu\n#define ADIT_ROWS256 %lluu\n",
		    (unsigned long long)(s->ep->facts.dataset_bytes / 128),
		    (unsigned long long)(s->ep->facts.dataset_bytes / 256));
		say(t, "#define ADIT_CACHE_ITEMS %uu\n", (unsigned)s->ep->facts.cache_items);
	}
	if (s->algo->program)
		say_program(t, s);
	say(t, "#line 1\n");
}

/* ---- files ---- */

static void say_file(struct text *t, const char *path)
{
	FILE *f = fopen(path, "rb");
	size_t n;

	must_open(f, path);
	n = fread(t->at + t->len, 1, t->room - t->len, f);
	fclose(f);
	t->len += n;
	if (t->len < t->room) {
		t->at[t->len] = '\0';
		return;
	}
	fprintf(stderr, "%s: more than %u MiB\n", path, TEXT_MAX >> 20);
	exit(1);
}

static void write_text(const char *path, const char *text, size_t len)
{
	FILE *f = fopen(path, "wb");

	must_open(f, path);
	if (fwrite(text, 1, len, f) != len || fclose(f))
		must_open(NULL, path);
	printf("wrote %s\n", path);
}

static bool wants_words(const char *text)
{
	static const char *const words[] = {"ADIT_MATH", "ADIT_LOADS", "ADIT_REGS", "ADIT_ROWS",
					    "ADIT_CACHE_ITEMS"};
	size_t i;

	for (i = 0; i < sizeof words / sizeof *words; i++)
		if (strstr(text, words[i]))
			return true;
	return false;
}

char *peer_text(const struct subject *s, const struct peer *p, size_t *len)
{
	struct text body = {.at = calloc(1, TEXT_MAX), .room = TEXT_MAX};
	struct text words = {.at = calloc(1, WORDS_MAX), .room = WORDS_MAX};
	unsigned i;

	must_open(body.at, p->file[0]);
	must_open(words.at, p->file[0]);
	for (i = 0; i < p->n_files; i++)
		say_file(&body, p->file[i]);
	/* what does not ask for them stays as it is */
	if (wants_words(body.at) || wants_words(p->options))
		say_words(&words, s);
	if (words.len + body.len >= body.room)
		must_open(NULL, p->file[0]);
	memmove(body.at + words.len, body.at, body.len + 1);
	memcpy(body.at, words.at, words.len);
	free(words.at);
	*len = words.len + body.len;
	if (p->write)
		write_text(p->write, body.at, *len);
	return body.at;
}

/* The one entry of ours that is raced; NULL where a batch takes several. */
static const char *own_entry(const struct subject *s)
{
	enum algo_when when = s->make ? STEP_EPOCH : STEP_BATCH;
	const char *entry = NULL;
	unsigned i;

	for (i = 0; i < s->algo->n_steps; i++) {
		if (s->algo->steps[i].when != when)
			continue;
		if (entry)
			return NULL;
		entry = s->algo->steps[i].entry;
	}
	return entry;
}

void own_text_write(const struct subject *s, const char *path)
{
	const char *text = s->make ? s->algo->kernel_epoch : s->algo->kernel;
	const char *mark = strstr(text, CODE_MARK), *entry = own_entry(s);
	struct bed bed = {.algo = s->algo, .height = s->work.height};
	char *body = mark && s->algo->program ? bed_text(&bed, s->plan.form) : NULL;
	struct text whole = {.at = calloc(1, TEXT_MAX), .room = TEXT_MAX};
	unsigned lanes = s->make ? s->plan.lanes_epoch : s->plan.lanes;
	unsigned local = s->make ? 0 : s->plan.local;

	must_open(whole.at, path);
	if (body)
		say(&whole, "%.*s%s%s", (int)(mark - text), text, body, mark + strlen(CODE_MARK));
	else
		say(&whole, "%s", text);
	write_text(path, whole.at, whole.len);
	free(body);
	free(whole.at);
	if (!entry)
		printf("it is no peer: a batch takes several kernels\n");
	else
		printf("it is a peer by: --entry %s --args own --options \"%s\" --nonces %u "
		       "--local %u --count 0\n",
		       entry, s->make ? s->plan.options_epoch : s->plan.options, lanes ? lanes : 1,
		       local                       ? local
		       : s->driver == &driver_cuda ? 128
						   : 1);
}
