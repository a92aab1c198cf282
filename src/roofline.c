/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From what a device can do and what a hash takes to a limit; pure. */
#include <stddef.h>
#include <string.h>

#include "src/roofline.h"

const char *roof_word(unsigned kind)
{
	static const char *const words[ROOF_KINDS] = {
		[ROOF_ADD] = "add",       [ROOF_LOGIC] = "logic",         [ROOF_ROTATE] = "rotate",
		[ROOF_MUL32] = "mul32",   [ROOF_MUL64] = "mul64",         [ROOF_MIX] = "mix",
		[ROOF_LOCAL] = "local",   [ROOF_COPY] = "copy",           [ROOF_RANDOM] = "random",
		[ROOF_LAUNCH] = "launch", [ROOF_READ_BACK] = "read_back", [ROOF_QUEUED] = "queued",
	};

	return kind < ROOF_KINDS ? words[kind] : NULL;
}

const struct roof_figure *roofline_find(const struct roofline *r, unsigned kind, uint32_t grain,
					uint64_t set_bytes)
{
	const struct roof_figure *best = NULL, *least = NULL;
	unsigned i;

	for (i = 0; i < r->n; i++) {
		const struct roof_figure *f = &r->figure[i];

		if (f->kind != kind || f->grain != grain || f->wrong || !(f->value > 0) ||
		    !(f->best > 0))
			continue;
		if (!least || f->set_bytes < least->set_bytes)
			least = f;
		if (f->set_bytes - f->set_bytes / 8 <= set_bytes &&
		    (!best || f->set_bytes > best->set_bytes))
			best = f;
	}
	return best ? best : least;
}

/* Noise makes devices slower, never faster: what was seen once is possible. */
static double rate_of(const struct roofline *r, unsigned kind)
{
	const struct roof_figure *f = roofline_find(r, kind, 0, UINT64_MAX);

	return f ? f->best : 0;
}

/* Seconds of a hash that this takes; 0 when its rate is not known, which limits nothing. */
static double seconds(double amount, double rate)
{
	return rate > 0 ? amount / rate : 0;
}

static void take(struct roofline_limit *out, double *longest, double time, const char *by)
{
	if (time <= *longest)
		return;
	*longest = time;
	out->by = by;
}

static double best_mix(const struct roofline *r)
{
	static const enum roof_kind kinds[] = {ROOF_MIX, ROOF_ADD, ROOF_LOGIC, ROOF_ROTATE};
	double best = 0;
	size_t i;

	for (i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
		double rate = rate_of(r, kinds[i]);

		best = rate > best ? rate : best;
	}
	return best;
}

static void arithmetic(struct roofline_limit *out, const struct roofline *r,
		       const struct algo_cost *c, double *longest)
{
	double words = c->add + c->logic + c->rotate;

	take(out, longest,
	     seconds(c->logic, rate_of(r, ROOF_LOGIC)) +
		     seconds(c->rotate, rate_of(r, ROOF_ROTATE)),
	     "logic");
	take(out, longest, seconds(c->add, rate_of(r, ROOF_ADD)), "add");
	take(out, longest, seconds(words, best_mix(r)), "arithmetic");
	take(out, longest, seconds(c->mul32, rate_of(r, ROOF_MUL32)), "mul32");
	take(out, longest, seconds(c->mul64, rate_of(r, ROOF_MUL64)), "mul64");
	take(out, longest, seconds(c->local, rate_of(r, ROOF_LOCAL)), "local");
	out->ops = words + c->mul32 + c->mul64;
}

void roofline_limit(struct roofline_limit *out, const struct roofline *r, const struct algo_cost *c)
{
	const struct roof_figure *random, *copy;
	double longest = 0, memory = 0;

	memset(out, 0, sizeof *out);
	arithmetic(out, r, c, &longest);
	random = roofline_find(r, ROOF_RANDOM, c->grain, c->set_bytes);
	copy = roofline_find(r, ROOF_COPY, 0, c->set_bytes);
	out->bytes = c->reads * c->grain + c->stream;
	if (random)
		memory += seconds(c->reads * c->grain, random->best);
	if (copy)
		memory += seconds(c->stream, copy->best);
	take(out, &longest, memory, "memory");
	out->per_byte = out->bytes > 0 ? out->ops / out->bytes : 0;
	out->hps = longest > 0 ? 1 / longest : 0;
}
