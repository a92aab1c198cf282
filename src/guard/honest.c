/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reported hashes against found shares. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "src/guard/chance.h"
#include "src/guard/honest.h"

const struct honest_limits honest_limits_default = {
	.window_shares = 1000,
	.window_ms = 30 * 60 * 1000,
	.alpha = 1e-3,
	.gross_alpha = 1e-9,
	.standing = 3,
};

#define FIRST_LOOK 32 /* expected shares: none found has chance 1e-14 */

static void open_window(struct honest *h, int64_t now_ms)
{
	memset(&h->window, 0, sizeof h->window);
	h->window.from_ms = h->window.to_ms = now_ms;
	h->next_look = FIRST_LOOK;
}

void honest_init(struct honest *h)
{
	memset(h, 0, sizeof *h);
}

static void first(struct honest *h, int64_t now_ms)
{
	if (h->begun)
		return;
	h->begun = true;
	open_window(h, now_ms);
	h->total = h->window;
}

/* +1: more hashes reported than the shares bear out; -1: fewer; 0: they may agree. */
static int side(const struct honest_sum *s, double alpha)
{
	double low, high;

	chance_poisson(s->shares, alpha, &low, &high);
	return (s->expected > high) - (s->expected < low);
}

static void say(struct honest *h, int where, unsigned windows)
{
	const struct honest_sum *s = &h->window;

	snprintf(h->reason, sizeof h->reason,
		 "the rate reported is %.0f %% of what shares bear out: %.0f found, %.0f expected "
		 "(%u window%s %s)",
		 100 * s->expected / (s->shares > 0 ? s->shares : 1), s->shares, s->expected,
		 windows, windows == 1 ? "" : "s in a row", where > 0 ? "too few" : "too many");
}

/* The window is over: count it. */
static enum honest_event close_window(struct honest *h, const struct honest_limits *lim)
{
	int where = side(&h->window, lim->alpha);

	h->windows++;
	h->outside += where != 0;
	h->over = where > 0 ? h->over + 1 : 0;
	h->under = where < 0 ? h->under + 1 : 0;
	h->inside = where ? 0 : h->inside + 1;
	if (!h->disagrees && (h->over >= lim->standing || h->under >= lim->standing)) {
		h->disagrees = true;
		say(h, where, lim->standing);
		return HONEST_DISAGREES;
	}
	if (h->disagrees && h->inside >= lim->standing) {
		h->disagrees = false;
		snprintf(h->reason, sizeof h->reason,
			 "the rate reported and the shares found agree again (%.0f found, %.0f "
			 "expected)",
			 h->window.shares, h->window.expected);
		return HONEST_AGREES;
	}
	return HONEST_NONE;
}

/* Something so wrong that it need not wait for the windows. */
static enum honest_event look(struct honest *h, const struct honest_limits *lim)
{
	int where;

	if (h->window.expected < h->next_look)
		return HONEST_NONE;
	while (h->next_look <= h->window.expected)
		h->next_look *= 2;
	where = side(&h->window, lim->gross_alpha);
	if (h->disagrees || !where)
		return HONEST_NONE;
	h->disagrees = true;
	h->inside = 0;
	say(h, where, 1);
	return HONEST_DISAGREES;
}

static void add_hashes(struct honest_sum *s, double hashes, double expected, int64_t now_ms)
{
	s->hashes += hashes;
	s->expected += expected;
	s->to_ms = now_ms;
}

enum honest_event honest_hashes(struct honest *h, const struct honest_limits *lim, double hashes,
				double difficulty, int64_t now_ms)
{
	enum honest_event event;

	first(h, now_ms);
	if (!(hashes > 0) || !(difficulty > 0) || !isfinite(hashes / difficulty))
		return HONEST_NONE;
	add_hashes(&h->total, hashes, hashes / difficulty, now_ms);
	add_hashes(&h->window, hashes, hashes / difficulty, now_ms);
	if (h->window.expected < lim->window_shares || now_ms - h->window.from_ms < lim->window_ms)
		return look(h, lim);
	event = close_window(h, lim);
	open_window(h, now_ms);
	return event;
}

static void add_share(struct honest_sum *s, double difficulty)
{
	s->shares++;
	s->weight += difficulty;
	s->weight2 += difficulty * difficulty;
}

void honest_share(struct honest *h, double difficulty, int64_t now_ms)
{
	first(h, now_ms);
	if (!(difficulty > 0) || !isfinite(difficulty * difficulty))
		return;
	add_share(&h->total, difficulty);
	add_share(&h->window, difficulty);
}

void honest_view(const struct honest_sum *s, int64_t span_ms, struct honest_view *out)
{
	double effective = s->weight2 > 0 ? s->weight * s->weight / s->weight2 : 0;
	double mean = effective > 0     ? s->weight / effective
		      : s->expected > 0 ? s->hashes / s->expected
					: 0; /* hashes a share */
	double low, high, seconds = (double)span_ms / 1000;

	memset(out, 0, sizeof *out);
	if (span_ms <= 0 || !(mean > 0))
		return;
	chance_poisson(effective, 0.05, &low, &high);
	out->known = true;
	out->shares = s->shares;
	out->kernel_rate = s->hashes / seconds;
	out->share_rate = s->weight / seconds;
	out->low = low * mean / seconds;
	out->high = high * mean / seconds;
}

/* The unit that suits the largest of them, for all. */
char *honest_text(const struct honest_view *v, char *out, unsigned long size)
{
	static const char *const units[] = {"H/s", "kH/s", "MH/s", "GH/s", "TH/s", "PH/s"};
	double scale = 1;
	unsigned u = 0;

	if (!v->known) {
		snprintf(out, size, "no shares yet");
		return out;
	}
	while (v->high / scale >= 1000 && u + 1 < sizeof units / sizeof units[0]) {
		scale *= 1000;
		u++;
	}
	snprintf(out, size, "kernel %.2f %s, shares %.2f %s (95 %%: %.2f to %.2f, %.0f share%s)",
		 v->kernel_rate / scale, units[u], v->share_rate / scale, units[u], v->low / scale,
		 v->high / scale, v->shares, fabs(v->shares - 1) < 0.5 ? "" : "s");
	return out;
}
