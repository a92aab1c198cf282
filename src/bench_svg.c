/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The roofline chart: operations a second over operations a byte of device memory, both
 * logarithmic, one chart a device.  Self-contained SVG, no script.
 */
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "src/bench.h"
#include "src/stats.h"

#define WIDTH    900
#define HEIGHT   520
#define LEFT     80
#define RIGHT    20
#define TOP      50
#define BOTTOM   60
#define NO_BYTES 1e4 /* where algorithms stand that need no memory: the right edge */

struct chart {
	FILE *out;
	const struct bench_report *report;
	unsigned device;
	double x0, x1, y0, y1; /* log10 of the edges */
	double top;            /* of the chart in the picture */
};

/* Names come from drivers: nothing in them is markup. */
static void text(FILE *out, const char *s)
{
	for (; *s; s++)
		if (*s == '<' || *s == '>' || *s == '&')
			fprintf(out, "&#%d;", *s);
		else if ((unsigned char)*s >= ' ' && (unsigned char)*s < 127)
			fputc(*s, out);
		else
			fputc('?', out);
}

static double at_x(const struct chart *c, double v)
{
	double part = (log10(v) - c->x0) / (c->x1 - c->x0);

	return LEFT + fmin(fmax(part, 0), 1) * (WIDTH - LEFT - RIGHT);
}

static double at_y(const struct chart *c, double v)
{
	double part = (log10(v) - c->y0) / (c->y1 - c->y0);

	return c->top + HEIGHT - BOTTOM - fmin(fmax(part, 0), 1) * (HEIGHT - TOP - BOTTOM);
}

static void label(const struct chart *c, double x, double y, const char *anchor, const char *s)
{
	fprintf(c->out, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">", x, y, anchor);
	text(c->out, s);
	fputs("</text>\n", c->out);
}

static const struct bench_device *device_of(const struct chart *c)
{
	return &c->report->devices[c->device];
}

static double best_arithmetic(const struct chart *c)
{
	static const enum roof_kind kinds[] = {ROOF_ADD, ROOF_LOGIC, ROOF_ROTATE, ROOF_MIX};
	double best = 0;
	size_t i;

	for (i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
		const struct roof_figure *f =
			roofline_find(&device_of(c)->roof, kinds[i], 0, UINT64_MAX);

		best = f && f->best > best ? f->best : best;
	}
	return best;
}

static bool stands_on(const struct chart *c, const struct bench_result *r)
{
	return r->device == c->device && r->n && r->limit.hps > 0 && r->limit.ops > 0 &&
	       r->rate.median > 0;
}

static double intensity_of(const struct bench_result *r)
{
	return r->limit.per_byte > 0 ? r->limit.per_byte : NO_BYTES;
}

static void axes(const struct chart *c)
{
	char s[40];
	int e;

	for (e = (int)c->x0; e <= (int)c->x1; e++) {
		double x = at_x(c, pow(10, e));

		fprintf(c->out,
			"<line class=\"grid\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>\n",
			x, c->top + TOP, x, c->top + HEIGHT - BOTTOM);
		snprintf(s, sizeof s, "%g", pow(10, e));
		label(c, x, c->top + HEIGHT - BOTTOM + 18, "middle", s);
	}
	for (e = (int)c->y0; e <= (int)c->y1; e++) {
		double y = at_y(c, pow(10, e));

		fprintf(c->out,
			"<line class=\"grid\" x1=\"%d\" y1=\"%.1f\" x2=\"%d\" y2=\"%.1f\"/>\n",
			LEFT, y, WIDTH - RIGHT, y);
		snprintf(s, sizeof s, "1e%d", e);
		label(c, LEFT - 8, y + 4, "end", s);
	}
	label(c, (LEFT + WIDTH - RIGHT) / 2.0, c->top + HEIGHT - 18, "middle",
	      "operations a byte of device memory (right edge: no memory)");
	label(c, LEFT, c->top + TOP - 8, "start", "operations a second");
}

/* Memory's slope up to arithmetic's roof. */
static void roof(const struct chart *c, double bytes_s, double ops_s, const char *name,
		 unsigned place)
{
	double knee = ops_s / bytes_s, left = pow(10, c->x0);
	double at = left * pow(10, 0.12 + 0.3 * place); /* names stand beside each other */
	double x = fmin(fmax(knee, left), pow(10, c->x1));

	fprintf(c->out, "<polyline class=\"roof\" points=\"%.1f,%.1f %.1f,%.1f %.1f,%.1f\"/>\n",
		at_x(c, left), at_y(c, left * bytes_s), at_x(c, x),
		at_y(c, fmin(x * bytes_s, ops_s)), at_x(c, pow(10, c->x1)), at_y(c, ops_s));
	label(c, at_x(c, at) + 4, at_y(c, fmin(at * bytes_s, ops_s)) + 12, "start", name);
}

static void roofs(const struct chart *c, double ops_s)
{
	const struct roofline *r = &device_of(c)->roof;
	static const uint32_t grains[] = {32, 64, 128, 256};
	const struct roof_figure *f = roofline_find(r, ROOF_COPY, 0, UINT64_MAX);
	char name[64];
	size_t i;

	if (f)
		roof(c, f->best, ops_s, "copy", 4);
	for (i = 0; i < sizeof grains / sizeof grains[0]; i++) {
		f = roofline_find(r, ROOF_RANDOM, grains[i], UINT64_MAX);
		snprintf(name, sizeof name, "reads of %u bytes", (unsigned)grains[i]);
		if (f)
			roof(c, f->best, ops_s, name, (unsigned)i);
	}
}

/* An algorithm: a ring at its limit, a dot where it is. */
static void algorithm(const struct chart *c, const struct bench_result *r, unsigned place)
{
	double x = at_x(c, intensity_of(r)), limit = at_y(c, r->limit.hps * r->limit.ops);
	double y = at_y(c, r->rate.median * r->limit.ops);
	char s[160], rate[32];
	bool right = x > WIDTH * 0.6;

	fprintf(c->out,
		"<line class=\"gap\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>\n"
		"<circle class=\"limit\" cx=\"%.1f\" cy=\"%.1f\" r=\"5\"/>\n"
		"<circle class=\"rate\" cx=\"%.1f\" cy=\"%.1f\" r=\"4\"/>\n",
		x, limit, x, y, x, limit, x, y);
	snprintf(s, sizeof s, "%s %s, %.0f %% (%s)", r->algo->name,
		 rate_print(rate, sizeof rate, r->rate.median), 100 * r->rate.median / r->limit.hps,
		 r->limit.by);
	label(c, right ? x - 10 : x + 10, y + 4 + 13 * (place % 3), right ? "end" : "start", s);
}

static void bounds(struct chart *c, double ops_s)
{
	const struct roof_figure *f =
		roofline_find(&device_of(c)->roof, ROOF_RANDOM, 32, UINT64_MAX);
	double least = ops_s / 1e4;
	unsigned i;

	c->x0 = -2;
	c->x1 = 4;
	if (f)
		least = fmin(least, f->value * 1e-2);
	for (i = 0; i < c->report->n; i++)
		if (stands_on(c, &c->report->results[i]))
			least = fmin(least, c->report->results[i].rate.median *
						    c->report->results[i].limit.ops);
	c->y0 = floor(log10(least));
	c->y1 = ceil(log10(ops_s * 1.1));
	if (c->y1 - c->y0 > 12) /* one that barely moves is drawn at the edge */
		c->y0 = c->y1 - 12;
}

static void chart(struct chart *c, double ops_s)
{
	const struct bench_device *d = device_of(c);
	unsigned i, place = 0;
	char title[160];

	bounds(c, ops_s);
	snprintf(title, sizeof title, "%s: %.96s", d->id, d->info.name);
	label(c, WIDTH / 2.0, c->top + 24, "middle", title);
	axes(c);
	roofs(c, ops_s);
	for (i = 0; i < c->report->n; i++)
		if (stands_on(c, &c->report->results[i]))
			algorithm(c, &c->report->results[i], place++);
}

static const char head[] =
	"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" "
	"viewBox=\"0 0 %d %d\">\n"
	"<style>text{font:12px sans-serif;fill:#222}.grid{stroke:#ddd}"
	".roof{fill:none;stroke:#36c;stroke-width:1.5}.gap{stroke:#999;stroke-dasharray:3 3}"
	".limit{fill:none;stroke:#c33;stroke-width:2}.rate{fill:#282}</style>\n"
	"<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n";

static void draw(FILE *out, const struct bench_report *r)
{
	struct chart c = {.out = out, .report = r};
	unsigned charts = 0, i;
	int height;

	for (i = 0; i < r->n_devices; i++)
		charts += r->devices[i].roof.n > 0;
	height = HEIGHT * (int)(charts ? charts : 1);
	fprintf(out, head, WIDTH, height, WIDTH, height); /* NOLINT: a literal of this file */
	for (i = 0; i < r->n_devices; i++) {
		double ops_s;

		c.device = i;
		ops_s = best_arithmetic(&c);
		if (!(ops_s > 0))
			continue;
		chart(&c, ops_s);
		c.top += HEIGHT;
	}
	if (!charts)
		label(&c, WIDTH / 2.0, HEIGHT / 2.0, "middle", "no device could be probed");
	fputs("</svg>\n", out);
}

int bench_svg_check(const char *path, struct err *err)
{
	const char *slash = strrchr(path, '/');
	char dir[PATH_MAX] = ".";
	struct stat st;

	if (!*path)
		return err_set(err, ERR_USAGE, "--svg: give the name of a file");
	if (!stat(path, &st)) {
		if (S_ISDIR(st.st_mode))
			return err_set(err, ERR_USAGE, "--svg %s: that is a directory", path);
		if (access(path, W_OK))
			return err_set(err, ERR_USAGE, "--svg %s: %s", path, strerror(errno));
		return 0;
	}
	if (slash)
		snprintf(dir, sizeof dir, "%.*s", (int)(slash - path) + 1, path);
	if (errno != ENOENT || access(dir, W_OK))
		return err_set(err, ERR_USAGE, "--svg %s: %s", path, strerror(errno));
	return 0;
}

int bench_svg(const char *path, const struct bench_report *r, struct err *err)
{
	FILE *out = fopen(path, "we");
	bool bad;

	if (!out)
		return err_set(err, ERR_IO, "--svg %s: %s", path, strerror(errno));
	draw(out, r);
	bad = fflush(out) || ferror(out);
	if (bad)
		err_set(err, ERR_IO, "--svg %s: cannot write it: %s", path, strerror(errno));
	if (!fclose(out) && !bad)
		return 0;
	return bad ? -ERR_IO
		   : err_set(err, ERR_IO, "--svg %s: cannot write it: %s", path, strerror(errno));
}
