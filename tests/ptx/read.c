/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reads PTX: modules, entries, declarations. */
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/ptx/read.h"

int ptx_complain(struct reader *r, const char *fmt, ...)
{
	size_t len;
	va_list ap;

	snprintf(r->why, r->size, "line %u: ", ptx_line(r));
	len = strlen(r->why);
	va_start(ap, fmt);
	vsnprintf(r->why + len, r->size - len, fmt, ap);
	va_end(ap);
	len = strlen(r->why);
	snprintf(r->why + len, r->size - len, " at: %.*s", (int)strcspn(r->at, "\n"), r->at);
	return -1;
}

unsigned ptx_line(struct reader *r)
{
	for (; r->counted < r->at; r->counted++)
		r->line += *r->counted == '\n';
	return r->line;
}

static void skip_space(struct reader *r)
{
	for (;;) {
		r->at += strspn(r->at, " \t\r\n");
		if (!strncmp(r->at, "//", 2))
			r->at += strcspn(r->at, "\n");
		else if (!strncmp(r->at, "/*", 2) && strstr(r->at, "*/"))
			r->at = strstr(r->at, "*/") + 2;
		else
			return;
	}
}

bool ptx_take(struct reader *r, char c)
{
	skip_space(r);
	if (*r->at != c)
		return false;
	r->at++;
	return true;
}

size_t ptx_word(struct reader *r, char *out, size_t size, bool dots)
{
	size_t len;

	skip_space(r);
	for (len = 0; isalnum((unsigned char)r->at[len]) ||
		      (r->at[len] && strchr(dots ? "_%$.:" : "_%$", r->at[len]));)
		len++;
	if (!len || len >= size)
		return 0;
	memcpy(out, r->at, len);
	out[len] = 0;
	r->at += len;
	return len;
}

int ptx_integer(struct reader *r, uint64_t *out)
{
	bool minus = ptx_take(r, '-');
	char *end;

	skip_space(r);
	if (!isdigit((unsigned char)*r->at))
		return ptx_complain(r, "no number");
	*out = strtoull(r->at, &end, 0);
	end += *end == 'U';
	if (isalnum((unsigned char)*end) || *end == '_')
		return ptx_complain(r, "no number");
	r->at = end;
	if (minus)
		*out = -*out;
	return 0;
}

static int expect(struct reader *r, char c)
{
	return ptx_take(r, c) ? 0 : ptx_complain(r, "no '%c'", c);
}

static int number(struct reader *r, unsigned *out, unsigned most)
{
	uint64_t n;

	if (ptx_integer(r, &n))
		return -1;
	*out = (unsigned)n;
	return n <= most ? 0 : ptx_complain(r, "too large a number");
}

uint16_t ptx_new_slot(struct code *code, unsigned width)
{
	if (code->n_slots == SLOTS_MAX)
		return NO_SLOT;
	code->width[code->n_slots] = (uint8_t)width;
	return (uint16_t)code->n_slots++;
}

struct symbol *ptx_symbol(const struct reader *r, const char *name)
{
	struct symbol *s;

	for (s = r->m->symbols; s; s = s->next)
		if ((!s->of || s->of == r->e) && !strcmp(s->name, name))
			return s;
	return NULL;
}

/* --- declarations ------------------------------------------------------------- */

static unsigned bits_of(const char *type)
{
	static const char *const names[] = {".b8",  ".u8",  ".b32", ".u32",
					    ".s32", ".b64", ".u64", ".s64"};
	size_t i;

	for (i = 0; i < sizeof names / sizeof names[0]; i++)
		if (!strcmp(type, names[i]))
			return i < 2 ? 8 : i < 5 ? 32 : 64;
	return !strcmp(type, ".pred") ? 1 : 0;
}

static int declare(struct reader *r, const char *name, unsigned count, unsigned width)
{
	struct declared *d = &r->declared[r->n_declared];
	unsigned i;

	if (r->n_declared == DECLARED_MAX || r->code->n_slots + count + 1 > SLOTS_MAX)
		return ptx_complain(r, "too many registers");
	*d = (struct declared){.count = count,
			       .first = (uint16_t)r->code->n_slots,
			       .width = (uint8_t)width,
			       .depth = r->depth};
	snprintf(d->name, sizeof d->name, "%s", name);
	for (i = 0; i < (count ? count : 1); i++)
		ptx_new_slot(r->code, width);
	r->n_declared++;
	return 0;
}

/* ".reg" was read: .b32 t<8>, x; */
static int read_registers(struct reader *r)
{
	char type[16], name[NAME_SIZE];
	unsigned n;

	if (!ptx_word(r, type, sizeof type, true) || bits_of(type) == 0 || bits_of(type) == 8)
		return ptx_complain(r, "registers of a kind that is not understood");
	do {
		n = 0;
		if (!ptx_word(r, name, sizeof name, false))
			return ptx_complain(r, "a name is missing");
		if (ptx_take(r, '<') && (number(r, &n, SLOTS_MAX) || expect(r, '>')))
			return -1;
		if (declare(r, name, n, bits_of(type)))
			return -1;
	} while (ptx_take(r, ','));
	return expect(r, ';');
}

struct array {
	unsigned align, bits;
	char name[NAME_SIZE];
	size_t n; /* 0: as many as there are */
};

/* .align 8 .b8 name[192] */
static int read_array(struct reader *r, struct array *a)
{
	char word[NAME_SIZE];
	unsigned n = 0;

	*a = (struct array){.align = 1};
	while (ptx_word(r, word, sizeof word, true) && word[0] == '.') {
		if (!strcmp(word, ".align")) {
			if (number(r, &a->align, 4096))
				return -1;
		} else {
			a->bits = bits_of(word);
		}
	}
	snprintf(a->name, sizeof a->name, "%s", word);
	if (a->bits < 8 || !a->align || (a->align & (a->align - 1)))
		return ptx_complain(r, "an array of a kind that is not understood");
	a->n = 1;
	if (ptx_take(r, '[')) {
		if (!ptx_take(r, ']') && (number(r, &n, 1u << 24) || expect(r, ']')))
			return -1;
		a->n = n;
	}
	return 0;
}

static struct symbol *add_symbol(struct reader *r, const struct array *a)
{
	struct symbol *s = calloc(1, sizeof *s);

	if (!s) {
		ptx_complain(r, "no memory");
		return NULL;
	}
	snprintf(s->name, sizeof s->name, "%s", a->name);
	s->of = r->e;
	s->next = r->m->symbols;
	r->m->symbols = s;
	return s;
}

static size_t aligned(size_t n, size_t to)
{
	return (n + to - 1) / to * to;
}

static int read_shared(struct reader *r, bool external)
{
	struct array a;
	struct symbol *s;

	if (read_array(r, &a) || !(s = add_symbol(r, &a)))
		return -1;
	s->dynamic = external || !a.n;
	if (!s->dynamic && !r->e)
		return ptx_complain(r, "shared memory outside of an entry");
	if (!s->dynamic && r->dynamic)
		return ptx_complain(r, "shared memory is declared behind what follows it");
	if (!s->dynamic) {
		r->e->shared = aligned(r->e->shared, a.align);
		s->at = PTX_SHARED_BASE + r->e->shared;
		r->e->shared += a.n * a.bits / 8;
	}
	return expect(r, ';');
}

static int read_values(struct reader *r, const struct array *a, uint8_t *out)
{
	size_t i = 0;
	uint64_t value;

	if (expect(r, '{'))
		return -1;
	do {
		if (i == a->n)
			return ptx_complain(r, "more values than the array has");
		if (ptx_integer(r, &value))
			return -1;
		memcpy(out + i++ * a->bits / 8, &value, a->bits / 8);
	} while (ptx_take(r, ','));
	return expect(r, '}');
}

static int read_constants(struct reader *r)
{
	struct array a;
	struct symbol *s;
	size_t at, bytes;
	uint8_t *more;

	if (read_array(r, &a) || !(s = add_symbol(r, &a)))
		return -1;
	at = aligned(r->m->constant_bytes, a.align);
	bytes = a.n * a.bits / 8;
	more = realloc(r->m->constants, at + bytes + 1);
	if (!more)
		return ptx_complain(r, "no memory");
	memset(more + r->m->constant_bytes, 0, at + bytes - r->m->constant_bytes);
	r->m->constants = more;
	r->m->constant_bytes = at + bytes;
	s->at = CONST_BASE + at;
	if (ptx_take(r, '=') && read_values(r, &a, more + at))
		return -1;
	return expect(r, ';');
}

/* --- entries ------------------------------------------------------------------ */

static void close_block(struct reader *r)
{
	while (r->n_declared && r->declared[r->n_declared - 1].depth == r->depth)
		r->n_declared--;
	r->depth--;
}

static int read_guard(struct reader *r, uint16_t *guard, bool *negated)
{
	char word[NAME_SIZE];
	unsigned i;

	*negated = ptx_take(r, '!');
	if (!ptx_word(r, word, sizeof word, false))
		return ptx_complain(r, "no predicate");
	for (i = r->n_declared; i-- > 0;) {
		const struct declared *d = &r->declared[i];
		size_t len = strlen(d->name);

		if (d->width == 1 && d->count && !strncmp(word, d->name, len) &&
		    isdigit((unsigned char)word[len]) && strtoul(word + len, NULL, 10) < d->count) {
			*guard = (uint16_t)(d->first + strtoul(word + len, NULL, 10));
			return 0;
		}
	}
	return ptx_complain(r, "%s is no predicate", word);
}

static int add_label(struct reader *r, const char *name)
{
	struct label *l = &r->labels[r->n_labels];

	if (r->n_labels++ == LABELS_MAX)
		return ptx_complain(r, "too many labels");
	snprintf(l->name, sizeof l->name, "%s", name);
	l->op = r->code->n_ops;
	return 0;
}

static int read_statement(struct reader *r)
{
	char word[NAME_SIZE];
	uint16_t guard = NO_SLOT;
	bool negated = false;

	if (ptx_take(r, '@') && read_guard(r, &guard, &negated))
		return -1;
	if (!ptx_word(r, word, sizeof word, true))
		return ptx_complain(r, "not understood");
	if (word[strlen(word) - 1] == ':') {
		word[strlen(word) - 1] = 0;
		return add_label(r, word);
	}
	if (!strcmp(word, ".reg"))
		return read_registers(r);
	if (!strcmp(word, ".shared"))
		return read_shared(r, false);
	if (!strcmp(word, ".pragma")) {
		r->at += strcspn(r->at, ";");
		return expect(r, ';');
	}
	return ptx_instruction(r, word, guard, negated);
}

static int read_body(struct reader *r)
{
	if (expect(r, '{'))
		return -1;
	r->depth = 1;
	while (r->depth) {
		if (ptx_take(r, '{'))
			r->depth++;
		else if (ptx_take(r, '}'))
			close_block(r);
		else if (read_statement(r))
			return -1;
	}
	return 0;
}

/* Where jumps go. */
static int find_labels(struct reader *r)
{
	unsigned i, k;

	for (i = 0; i < r->n_jumps; i++) {
		for (k = 0; k < r->n_labels; k++)
			if (!strcmp(r->jumps[i].name, r->labels[k].name))
				break;
		if (k == r->n_labels)
			return ptx_complain(r, "there is no label %s", r->jumps[i].name);
		r->code->ops[r->jumps[i].op].target = (uint32_t)r->labels[k].op;
	}
	return 0;
}

static int read_params(struct reader *r)
{
	char word[NAME_SIZE], type[16];
	unsigned at = 0;

	if (expect(r, '('))
		return -1;
	while (!ptx_take(r, ')')) {
		struct param *p = &r->e->params[r->e->n_params];

		if (r->e->n_params++ == sizeof r->e->params / sizeof *p)
			return ptx_complain(r, "too many parameters");
		if (!ptx_word(r, word, sizeof word, true) || strcmp(word, ".param") ||
		    !ptx_word(r, type, sizeof type, true) || bits_of(type) < 32)
			return ptx_complain(r, "a parameter that is not understood");
		if (!ptx_word(r, p->name, sizeof p->name, false))
			return ptx_complain(r, "a parameter has no name");
		p->bytes = bits_of(type) / 8;
		p->offset = at;
		at += 8;
		ptx_take(r, ',');
	}
	return 0;
}

/* .maxntid 64, 1, 1 and the like, until the body begins. */
static int read_limits(struct reader *r)
{
	char word[NAME_SIZE];
	unsigned n[3] = {1, 1, 1}, i;

	while (ptx_word(r, word, sizeof word, true)) {
		i = 0;
		do {
			if (i == 3 || number(r, &n[i++], UINT32_MAX))
				return ptx_complain(r, "not understood");
		} while (ptx_take(r, ','));
		if (!strcmp(word, ".maxntid") || !strcmp(word, ".reqntid"))
			r->e->threads = n[0];
		else if (strcmp(word, ".minnctapersm") != 0)
			return ptx_complain(r, "%s is not understood", word);
	}
	return 0;
}

static int read_entry(struct reader *r)
{
	struct ptx_entry *e = calloc(1, sizeof *e);
	int rc;

	if (!e)
		return ptx_complain(r, "no memory");
	e->module = r->m;
	e->next = r->m->entries;
	e->threads = 1024;
	r->m->entries = r->e = e;
	r->code = &e->code;
	e->code.tid = e->code.ntid = e->code.ctaid = e->code.nctaid = e->code.lane = NO_SLOT;
	r->n_declared = r->n_labels = r->n_jumps = 0;
	r->dynamic = false;
	if (!ptx_word(r, e->name, sizeof e->name, false))
		return ptx_complain(r, "an entry without a name");
	rc = read_params(r) || read_limits(r) || read_body(r) || find_labels(r) ? -1 : 0;
	r->e = NULL;
	return rc;
}

/* --- modules ------------------------------------------------------------------ */

static int read_top(struct reader *r, const char *word)
{
	char next[NAME_SIZE];

	if (!strcmp(word, ".version") || !strcmp(word, ".target") ||
	    !strcmp(word, ".address_size")) {
		r->at += strcspn(r->at, "\n");
		return 0;
	}
	if (!strcmp(word, ".visible"))
		return 0;
	if (!strcmp(word, ".entry"))
		return read_entry(r);
	if (!strcmp(word, ".const"))
		return read_constants(r);
	if (!strcmp(word, ".shared"))
		return read_shared(r, false);
	if (!strcmp(word, ".extern") && ptx_word(r, next, sizeof next, true) &&
	    !strcmp(next, ".shared"))
		return read_shared(r, true);
	return ptx_complain(r, "%s is not understood", word);
}

int ptx_module_new(struct ptx_module **out, const char *text, char *why, size_t size)
{
	struct reader *r = calloc(1, sizeof *r);
	char word[NAME_SIZE];
	int rc = 0;

	if (!r || !(r->m = calloc(1, sizeof *r->m))) {
		free(r);
		snprintf(why, size, "no memory");
		return -1;
	}
	r->at = r->counted = text;
	r->line = 1;
	r->why = why;
	r->size = size;
	while (!rc && (skip_space(r), *r->at))
		rc = ptx_word(r, word, sizeof word, true) ? read_top(r, word)
							  : ptx_complain(r, "not understood");
	if (rc)
		ptx_module_free(r->m);
	else
		*out = r->m;
	free(r);
	return rc;
}

void ptx_module_free(struct ptx_module *m)
{
	struct ptx_entry *e;
	struct symbol *s;

	if (!m)
		return;
	while ((e = m->entries)) {
		m->entries = e->next;
		free(e->code.ops);
		free(e->code.literals);
		free(e);
	}
	while ((s = m->symbols)) {
		m->symbols = s->next;
		free(s);
	}
	free(m->constants);
	free(m);
}

const struct ptx_entry *ptx_module_entry(const struct ptx_module *m, const char *name)
{
	const struct ptx_entry *e;

	for (e = m->entries; e; e = e->next)
		if (!strcmp(e->name, name))
			return e;
	return NULL;
}

unsigned ptx_entry_threads(const struct ptx_entry *e)
{
	return e->threads;
}

size_t ptx_entry_shared(const struct ptx_entry *e)
{
	return e->shared;
}
