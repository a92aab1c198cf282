/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Writing an answer of cgminer's API: the same fields as text or as JSON. */
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "src/api/cgminer.h"
#include "src/str.h"

void cg_put(struct cg_reply *r, const char *text)
{
	evbuffer_add(r->out, text, strlen(text));
}

/* The text with what would end a field made harmless. */
static void put_safe(struct cg_reply *r, const char *text)
{
	const char *special = r->json ? "\"\\" : "|,=\\", *at;
	char clean[ERR_TEXT_MAX];

	str_printable(clean, sizeof clean, text, strnlen(text, sizeof clean - 1));
	for (at = clean; *at; at++) {
		if (strchr(special, *at))
			cg_put(r, "\\");
		evbuffer_add(r->out, at, 1);
	}
}

static void cg_key(struct cg_reply *r, const char *name)
{
	if (r->fields++ || !r->json)
		cg_put(r, ",");
	evbuffer_add_printf(r->out, r->json ? "\"%s\":" : "%s=", name);
}

void cg_text(struct cg_reply *r, const char *name, const char *value)
{
	cg_key(r, name);
	cg_put(r, r->json ? "\"" : "");
	put_safe(r, value);
	cg_put(r, r->json ? "\"" : "");
}

void cg_number(struct cg_reply *r, const char *name, int64_t v)
{
	cg_key(r, name);
	evbuffer_add_printf(r->out, "%" PRId64, v);
}

void cg_count(struct cg_reply *r, const char *name, uint64_t v)
{
	cg_key(r, name);
	evbuffer_add_printf(r->out, "%" PRIu64, v);
}

void cg_fixed(struct cg_reply *r, const char *name, double v, int decimals)
{
	cg_key(r, name);
	evbuffer_add_printf(r->out, "%.*f", decimals, isfinite(v) && fabs(v) < 1e18 ? v : 0);
}

void cg_truth(struct cg_reply *r, const char *name, bool v)
{
	cg_key(r, name);
	cg_put(r, v ? "true" : "false");
}

/* A row of a section: in text a section of its own. */
void cg_row(struct cg_reply *r, const char *word)
{
	if (r->json)
		cg_put(r, r->rows++ ? ",{" : "{");
	else
		cg_put(r, word);
	r->fields = 0;
}

/* "GPU=0": the first field of a row that repeats, and in text its name. */
void cg_numbered_row(struct cg_reply *r, const char *word, int64_t n)
{
	if (r->json) {
		cg_row(r, "");
		cg_number(r, word, n);
		return;
	}
	evbuffer_add_printf(r->out, "%s=%" PRId64, word, n);
	r->fields = 1;
}

void cg_end_row(struct cg_reply *r)
{
	cg_put(r, r->json ? "}" : "|");
}

void cg_begin(struct cg_reply *r, const char *name)
{
	if (r->json)
		evbuffer_add_printf(r->out, ",\"%s\":[", name);
	r->rows = 0;
}

void cg_end(struct cg_reply *r)
{
	if (r->json)
		cg_put(r, "]");
}

void cg_status(struct cg_reply *r, char letter, enum cg_code code, const char *format, ...)
{
	char line[ERR_TEXT_MAX], description[64];
	va_list list;

	va_start(list, format);
	vsnprintf(line, sizeof line, format, list);
	va_end(list);
	snprintf(description, sizeof description, "adit %s", r->rig.version);
	cg_put(r, r->json ? "\"STATUS\":[{" : "");
	r->fields = 0;
	if (r->json)
		cg_text(r, "STATUS", (char[]){letter, '\0'});
	else
		evbuffer_add_printf(r->out, "STATUS=%c", letter);
	cg_number(r, "When", r->call->view->now_ms / 1000);
	cg_number(r, "Code", code);
	cg_text(r, "Msg", line);
	cg_text(r, "Description", description);
	cg_put(r, r->json ? "}]" : "|");
}
