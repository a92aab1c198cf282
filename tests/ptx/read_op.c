/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reads PTX: instructions and their operands. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/ptx/read.h"

const struct compute ptx_computes[] = {
#define OP(code, name, types, bits, operands, result) [code] = {name, types, bits, #operands},
#include "tests/ptx/ops.def"
#undef OP
};

const unsigned ptx_computes_n = sizeof ptx_computes / sizeof ptx_computes[0];

static int expect(struct reader *r, char c)
{
	return ptx_take(r, c) ? 0 : ptx_complain(r, "no '%c'", c);
}

/* --- operands ----------------------------------------------------------------- */

static uint16_t register_of(const struct reader *r, const char *word)
{
	unsigned i;
	char *end;

	for (i = r->n_declared; i-- > 0;) {
		const struct declared *d = &r->declared[i];
		size_t len = strlen(d->name);

		if (!d->count && !strcmp(word, d->name))
			return d->first;
		if (d->count && !strncmp(word, d->name, len) && isdigit((unsigned char)word[len])) {
			unsigned long n = strtoul(word + len, &end, 10);

			if (!*end && n < d->count)
				return (uint16_t)(d->first + n);
		}
	}
	return NO_SLOT;
}

static int literal(struct reader *r, uint64_t value, unsigned width, uint16_t *out)
{
	struct code *c = r->code;
	size_t i;

	for (i = 0; i < c->n_literals; i++)
		if (c->literals[i].value == value && c->width[c->literals[i].slot] == width) {
			*out = c->literals[i].slot;
			return 0;
		}
	if (c->n_literals == c->literal_room) {
		size_t room = 2 * c->literal_room + 64;
		struct literal *more = realloc(c->literals, room * sizeof *more);

		if (!more)
			return ptx_complain(r, "no memory");
		c->literals = more;
		c->literal_room = room;
	}
	*out = ptx_new_slot(c, width);
	if (*out == NO_SLOT)
		return ptx_complain(r, "too many registers");
	c->literals[c->n_literals++] = (struct literal){*out, value};
	return 0;
}

static uint16_t *special(struct reader *r, const char *word)
{
	struct code *c = r->code;

	return !strcmp(word, "%tid.x")      ? &c->tid
	       : !strcmp(word, "%ntid.x")   ? &c->ntid
	       : !strcmp(word, "%ctaid.x")  ? &c->ctaid
	       : !strcmp(word, "%nctaid.x") ? &c->nctaid
	       : !strcmp(word, "%laneid")   ? &c->lane
					    : NULL;
}

static uint64_t address_of(struct reader *r, const struct symbol *s)
{
	if (!s->dynamic)
		return s->at;
	r->dynamic = true;
	return PTX_SHARED_BASE + ptx_dynamic_at(r->e);
}

static bool at_number(struct reader *r)
{
	if (ptx_take(r, '-')) { /* skips space, too */
		r->at--;
		return true;
	}
	return isdigit((unsigned char)*r->at);
}

/* A register, number or name's address of width bits; 0: any register. */
static int operand(struct reader *r, unsigned width, uint16_t *out)
{
	char word[NAME_SIZE];
	const struct symbol *s;
	uint16_t *slot;
	uint64_t n;

	if (at_number(r)) {
		if (ptx_integer(r, &n))
			return -1;
		if (width == 32 && n > UINT32_MAX && n < (uint64_t)INT32_MIN)
			return ptx_complain(r, "no number of 32 bits");
		return literal(r, n, width ? width : 64, out);
	}
	if (!ptx_word(r, word, sizeof word, true))
		return ptx_complain(r, "an operand is missing");
	slot = special(r, word);
	if (slot && *slot == NO_SLOT)
		*slot = ptx_new_slot(r->code, 32);
	*out = slot ? *slot : register_of(r, word);
	if (*out == NO_SLOT && (s = ptx_symbol(r, word)))
		return literal(r, address_of(r, s), width ? width : 64, out);
	if (*out == NO_SLOT)
		return ptx_complain(r, "%s is not declared", word);
	if (width && r->code->width[*out] != width)
		return ptx_complain(r, "%s has another width", word);
	return 0;
}

static int target(struct reader *r, unsigned width, uint16_t *out)
{
	char word[NAME_SIZE];

	if (!ptx_word(r, word, sizeof word, false))
		return ptx_complain(r, "no register to write to");
	*out = register_of(r, word);
	if (*out == NO_SLOT)
		return ptx_complain(r, "%s is no register", word);
	if (width && r->code->width[*out] != width)
		return ptx_complain(r, "%s has another width", word);
	return 0;
}

static int comma(struct reader *r)
{
	return expect(r, ',');
}

/* --- what computes ------------------------------------------------------------ */

static int compute_of(const char *word)
{
	unsigned i;

	for (i = 0; i < ptx_computes_n; i++) {
		const struct compute *c = &ptx_computes[i];
		size_t len = strlen(c->name);
		const char *type = word + len;
		char bits[16];

		if (strncmp(word, c->name, len) != 0)
			continue;
		if (!c->bits && !*type)
			return (int)i;
		snprintf(bits, sizeof bits, "%u", c->bits);
		if (c->bits && type[0] == '.' && type[1] && strchr(c->types, type[1]) &&
		    !strcmp(type + 2, bits))
			return (int)i;
	}
	return -1;
}

static unsigned width_of(char letter)
{
	return letter == 'D' ? 64 : letter == 'W' ? 32 : 1;
}

static int read_compute(struct reader *r, struct op *op, int code)
{
	const char *kinds = ptx_computes[code].operands;
	unsigned i;

	op->code = (uint8_t)code;
	op->n = (uint8_t)strlen(kinds + 2);
	if (target(r, width_of(kinds[0]), &op->dst[0]))
		return -1;
	for (i = 0; kinds[2 + i]; i++)
		if (comma(r) || operand(r, width_of(kinds[2 + i]), &op->src[i]))
			return -1;
	return 0;
}

/* --- memory ------------------------------------------------------------------- */

/* ".volatile.global.nc.v4.u32": what it is, as far as it matters here. */
static int read_access(struct reader *r, struct op *op, const char *modifiers)
{
	static const char *const hints[] = {"volatile", "relaxed", "weak", "nc",  "ca",
					    "cg",       "cs",      "lu",   "cv",  "wb",
					    "wt",       "sys",     "gpu",  "cta", "v1"};
	char all[NAME_SIZE], *word, *rest = all;
	bool space = false, type = false;
	size_t i;

	snprintf(all, sizeof all, "%s", modifiers);
	op->n = 1;
	while ((word = strsep(&rest, "."))) {
		if (!strcmp(word, "global") || !strcmp(word, "shared") || !strcmp(word, "const") ||
		    !strcmp(word, "param")) {
			op->space = word[0] == 'g'   ? SPACE_GLOBAL
				    : word[0] == 's' ? SPACE_SHARED
				    : word[0] == 'c' ? SPACE_CONST
						     : SPACE_PARAM;
			space = true;
		} else if (!strcmp(word, "v2") || !strcmp(word, "v4")) {
			op->n = (uint8_t)(word[1] - '0');
		} else if (strchr("usb", word[0]) &&
			   (!strcmp(word + 1, "32") || !strcmp(word + 1, "64"))) {
			op->bytes = word[1] == '3' ? 4 : 8;
			type = true;
		} else if (strcmp(word, "::cta") && strncmp(word, "L1::", 4) != 0 &&
			   strncmp(word, "L2::", 4) != 0) {
			for (i = 0; i < sizeof hints / sizeof hints[0]; i++)
				if (!strcmp(word, hints[i]))
					break;
			if (i == sizeof hints / sizeof hints[0])
				return ptx_complain(r, ".%s is not understood", word);
		}
	}
	return space && type ? 0 : ptx_complain(r, "no type, or no state space");
}

/* [register+number], [name+number] */
static int read_address(struct reader *r, struct op *op)
{
	char word[NAME_SIZE];
	uint64_t plus = 0;
	unsigned i;

	if (expect(r, '['))
		return -1;
	if (op->space == SPACE_PARAM) {
		if (!ptx_word(r, word, sizeof word, false))
			return ptx_complain(r, "no parameter");
		for (i = 0; i < r->e->n_params; i++)
			if (!strcmp(word, r->e->params[i].name))
				break;
		if (i == r->e->n_params)
			return ptx_complain(r, "%s is no parameter", word);
		op->offset = (int32_t)r->e->params[i].offset;
		op->src[0] = NO_SLOT;
	} else if (operand(r, 0, &op->src[0])) {
		return -1;
	} else if (r->code->width[op->src[0]] < (op->space == SPACE_GLOBAL ? 64 : 32)) {
		return ptx_complain(r, "no address");
	}
	if (ptx_take(r, '+') && ptx_integer(r, &plus))
		return -1;
	op->offset += (int32_t)plus;
	return expect(r, ']');
}

/* A register, or as many in braces as the instruction has words. */
static int read_words(struct reader *r, struct op *op, bool load)
{
	bool braces = ptx_take(r, '{');
	unsigned i, width;
	uint16_t *slot;

	if (braces != (op->n > 1))
		return ptx_complain(r, "another number of words than the instruction says");
	for (i = 0; i < op->n; i++) {
		if (i && comma(r))
			return -1;
		slot = load ? &op->dst[i] : &op->src[1 + i];
		if (load ? target(r, 0, slot) : operand(r, at_number(r) ? 8u * op->bytes : 0, slot))
			return -1;
		width = r->code->width[*slot];
		if (width < 8u * op->bytes)
			return ptx_complain(r, "a register narrower than what goes there");
	}
	return braces ? expect(r, '}') : 0;
}

static int read_memory(struct reader *r, struct op *op, const char *word)
{
	bool load = word[0] == 'l';

	op->code = load ? OP_LD : OP_ST;
	if (read_access(r, op, word + 3))
		return -1;
	if (load)
		return read_words(r, op, true) || comma(r) || read_address(r, op) ? -1 : 0;
	return read_address(r, op) || comma(r) || read_words(r, op, false) ? -1 : 0;
}

static int read_atom(struct reader *r, struct op *op)
{
	op->code = OP_ATOM_ADD;
	op->space = SPACE_GLOBAL;
	op->bytes = 4;
	op->n = 1;
	return target(r, 32, &op->dst[0]) || comma(r) || read_address(r, op) || comma(r) ||
			       operand(r, 32, &op->src[1])
		       ? -1
		       : 0;
}

/* mov.b64 with two halves in braces on one side. */
static int read_pack(struct reader *r, struct op *op)
{
	if (ptx_take(r, '{')) {
		op->code = OP_UNPACK;
		return target(r, 32, &op->dst[0]) || comma(r) || target(r, 32, &op->dst[1]) ||
				       expect(r, '}') || comma(r) || operand(r, 64, &op->src[0])
			       ? -1
			       : 0;
	}
	op->code = OP_PACK;
	return target(r, 64, &op->dst[0]) || comma(r) || expect(r, '{') ||
			       operand(r, 32, &op->src[0]) || comma(r) ||
			       operand(r, 32, &op->src[1]) || expect(r, '}')
		       ? -1
		       : 0;
}

/* --- between lanes ------------------------------------------------------------ */

/* d|p, a, b, c, members */
static int read_shuffle(struct reader *r, struct op *op)
{
	op->code = OP_SHFL;
	op->dst[1] = NO_SLOT;
	if (target(r, 32, &op->dst[0]))
		return -1;
	if (ptx_take(r, '|') && target(r, 1, &op->dst[1]))
		return -1;
	return comma(r) || operand(r, 32, &op->src[0]) || comma(r) || operand(r, 32, &op->src[1]) ||
			       comma(r) || operand(r, 32, &op->src[2]) || comma(r) ||
			       operand(r, 32, &op->src[3])
		       ? -1
		       : 0;
}

static int read_vote(struct reader *r, struct op *op, const char *word)
{
	bool negated;

	op->code = strstr(word, ".any.")   ? OP_VOTE_ANY
		   : strstr(word, ".all.") ? OP_VOTE_ALL
					   : OP_BALLOT;
	if (target(r, op->code == OP_BALLOT ? 32 : 1, &op->dst[0]) || comma(r))
		return -1;
	negated = ptx_take(r, '!');
	if (negated)
		return ptx_complain(r, "a vote on what is not so");
	return operand(r, 1, &op->src[0]) || comma(r) || operand(r, 32, &op->src[1]) ? -1 : 0;
}

/* --- the rest ----------------------------------------------------------------- */

static int read_branch(struct reader *r, struct op *op)
{
	struct jump *j = &r->jumps[r->n_jumps];

	op->code = OP_BRANCH;
	if (r->n_jumps++ == LABELS_MAX)
		return ptx_complain(r, "too many branches");
	j->op = r->code->n_ops;
	return ptx_word(r, j->name, sizeof j->name, false) ? 0 : ptx_complain(r, "no label");
}

static int read_barrier(struct reader *r, struct op *op)
{
	uint64_t n;

	op->code = OP_BARRIER;
	if (ptx_integer(r, &n))
		return -1;
	return n ? ptx_complain(r, "a barrier other than 0") : 0;
}

static bool one_of(const char *word, const char *const *list)
{
	for (; *list; list++)
		if (!strcmp(word, *list))
			return true;
	return false;
}

static bool starts(const char *word, const char *with)
{
	return !strncmp(word, with, strlen(with));
}

static bool has_braces(struct reader *r)
{
	const char *end = r->at + strcspn(r->at, ";");

	return memchr(r->at, '{', (size_t)(end - r->at)) != NULL;
}

static int read_other(struct reader *r, struct op *op, const char *word)
{
	static const char *const ends[] = {"ret", "ret.uni", "exit", NULL};
	static const char *const barriers[] = {"bar.sync",
					       "barrier.sync",
					       "barrier.sync.aligned",
					       "barrier.cta.sync",
					       "barrier.cta.sync.aligned",
					       NULL};
	static const char *const votes[] = {"vote.sync.any.pred", "vote.sync.all.pred",
					    "vote.sync.ballot.b32", NULL};

	if (starts(word, "ld.") || starts(word, "st."))
		return read_memory(r, op, word);
	if (!strcmp(word, "bra") || !strcmp(word, "bra.uni"))
		return read_branch(r, op);
	if (starts(word, "cvta."))
		return read_compute(r, op, MOV_D);
	if (!strcmp(word, "atom.global.add.u32"))
		return read_atom(r, op);
	if (!strcmp(word, "shfl.sync.idx.b32"))
		return read_shuffle(r, op);
	if (one_of(word, votes))
		return read_vote(r, op, word);
	if (one_of(word, barriers))
		return read_barrier(r, op);
	if (!strcmp(word, "bar.warp.sync")) {
		op->code = OP_MEET;
		return operand(r, 32, &op->src[0]);
	}
	if (starts(word, "membar.") || starts(word, "fence."))
		op->code = OP_FENCE;
	else if (one_of(word, ends))
		op->code = OP_RETURN;
	else
		return ptx_complain(r, "%s is not understood", word);
	return 0;
}

int ptx_instruction(struct reader *r, const char *word, uint16_t guard, bool guard_not)
{
	struct code *c = r->code;
	struct op op = {.guard = guard, .guard_not = guard_not, .line = ptx_line(r)};
	int code = compute_of(word);
	struct op *more;
	int rc;

	if (!strcmp(word, "mov.b64") && has_braces(r))
		rc = read_pack(r, &op);
	else
		rc = code >= 0 ? read_compute(r, &op, code) : read_other(r, &op, word);
	if (rc || expect(r, ';'))
		return -1;
	if (c->n_ops == c->room) {
		more = realloc(c->ops, (2 * c->room + 256) * sizeof *more);
		if (!more)
			return ptx_complain(r, "no memory");
		c->ops = more;
		c->room = 2 * c->room + 256;
	}
	c->ops[c->n_ops++] = op;
	return 0;
}
