/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Results of `adit bench` for people: tables as text and as Markdown. */
#include <inttypes.h>
#include <string.h>

#include "src/bench.h"
#include "src/stats.h"
#include "src/str.h"

#define COLUMNS 16
#define CELL    48

struct row {
	char cell[COLUMNS][CELL];
};

static const char *const titles[COLUMNS] = {
	"device",   "algorithm", "rate",  "+-",      "finds", "planted", "ready s", "data s",
	"batch ms", "idle %",    "CPU %", "wakes/s", "W, C",  "J/MH",    "limit",   "of limit",
};
/* Those of text tables; < 0: left. */
static const int widths[COLUMNS] = {-9, -11, 13, 7, 11, 8, 8, 7, 9, 7, 6, 8, 9, 9, 13, -20};

static void number(char *out, const char *format, double v, bool known)
{
	if (known)
		snprintf(out, CELL, format, v); /* NOLINT: literals of this file */
	else
		str_copy(out, CELL, "-");
}

static void fill_heat(char *out, const struct bench_result *r)
{
	char watts[20] = "-", degrees[22] = "-";

	if (r->power_mw >= 0)
		snprintf(watts, sizeof watts, "%.1f", r->power_mw / 1000);
	if (r->core_mc != BENCH_UNKNOWN)
		snprintf(degrees, sizeof degrees, "%lld", (long long)(r->core_mc / 1000));
	if (r->power_mw < 0 && r->core_mc == BENCH_UNKNOWN)
		str_copy(out, CELL, "-");
	else
		snprintf(out, CELL, "%s, %s", watts, degrees);
}

static void fill_limit(struct row *row, const struct bench_result *r)
{
	char *limit = row->cell[COLUMNS - 2], *part = row->cell[COLUMNS - 1];

	str_copy(limit, CELL, "-");
	str_copy(part, CELL, "-");
	if (!(r->limit.hps > 0))
		return;
	rate_print(limit, CELL, r->limit.hps);
	snprintf(part, CELL, "%.1f %% (%s)", 100 * r->rate.median / r->limit.hps, r->limit.by);
}

static void fill(struct row *row, const struct bench_report *report, const struct bench_result *r)
{
	bool measured = r->n > 0;

	memset(row, 0, sizeof *row);
	str_copy(row->cell[0], CELL, report->devices[r->device].id);
	str_copy(row->cell[1], CELL, r->algo->name);
	if (measured)
		rate_print(row->cell[2], CELL, r->rate.median);
	else
		str_copy(row->cell[2], CELL, bench_state_word(r->state));
	number(row->cell[3], "%.2f %%", 100 * r->rate.mad / r->rate.median,
	       measured && r->rate.median > 0);
	if (r->wrong)
		snprintf(row->cell[4], CELL, "%" PRIu64 " WRONG", r->wrong);
	else
		snprintf(row->cell[4], CELL, "%" PRIu64, r->found);
	if (r->planted)
		snprintf(row->cell[5], CELL, "%" PRIu64 "/%" PRIu64, r->planted - r->missed,
			 r->planted);
	else
		str_copy(row->cell[5], CELL, "-");
	number(row->cell[6], "%.2f", r->ready_s, r->ready_s >= 0);
	number(row->cell[7], "%.2f", r->dataset_s, r->dataset_s >= 0);
	number(row->cell[8], "%.3g", r->batch_us / 1000, measured && r->batch_us > 0);
	number(row->cell[9], "%.2f", r->idle_percent, r->idle_percent >= 0);
	number(row->cell[10], "%.1f", r->cpu_percent, r->cpu_percent >= 0);
	number(row->cell[11], "%.0f", r->wakeups, r->wakeups >= 0);
	fill_heat(row->cell[12], r);
	number(row->cell[13], "%.4g", r->joules_per_mh, r->joules_per_mh >= 0);
	fill_limit(row, r);
}

#define REMARK 128

/* What is to be known beside the figures.  Returns out. */
static char *remark(char out[REMARK], const struct bench_result *r)
{
	char tuned[96] = "", limit[48] = "";
	size_t len;

	if (r->tuned_mw > 0)
		snprintf(limit, sizeof limit, " (its power limit of %.0f W is not set)",
			 (double)r->tuned_mw / 1000);
	if (r->tuned)
		snprintf(tuned, sizeof tuned, "intensity %u, tuned for %s%s",
			 (unsigned)r->intensity, r->tuned, limit);
	else if (r->intensity)
		snprintf(tuned, sizeof tuned, "intensity %u", (unsigned)r->intensity);
	if (r->state != BENCH_DONE)
		str_copy(out, REMARK, bench_state_word(r->state));
	else if (r->simulated)
		str_copy(out, REMARK, "simulated: not a speed of anything");
	else
		str_copy(out, REMARK, r->steady ? "" : "not steady");
	len = strlen(out);
	if (*tuned)
		snprintf(out + len, REMARK - len, "%s%s", len ? ", " : "", tuned);
	return out;
}

void bench_print_head(FILE *out, const struct bench_report *r)
{
	int i;

	fprintf(out, "%u x %g s each; +- is the median distance from the median\n", r->repeat,
		r->seconds);
	for (i = 0; i < COLUMNS; i++)
		fprintf(out, "%s%*s", i ? " " : "", widths[i], titles[i]);
	fputc('\n', out);
}

void bench_print_row(FILE *out, const struct bench_report *report, const struct bench_result *r)
{
	char beside[REMARK];
	struct row row;
	int i;

	fill(&row, report, r);
	remark(beside, r);
	for (i = 0; i < COLUMNS; i++)
		fprintf(out, "%s%*s", i ? " " : "", widths[i], row.cell[i]);
	fprintf(out, "%s%s\n", *beside ? " " : "", beside);
}

/* --- the device itself -------------------------------------------------------- */

static void figure_name(char *out, size_t size, const struct roof_figure *f)
{
	char set[32] = "";

	if (f->set_bytes)
		str_bytes(set, sizeof set, f->set_bytes);
	if (f->grain)
		snprintf(out, size, "%s, rows of %u bytes, over %s", roof_word(f->kind),
			 (unsigned)f->grain, set);
	else
		snprintf(out, size, "%s%s%s", roof_word(f->kind), *set ? ", over " : "", set);
}

static void figure_value(char *out, size_t size, const struct roof_figure *f)
{
	double spread = f->value > 0 ? 100 * f->mad / f->value : 0;

	if (f->wrong)
		str_copy(out, size, "WRONG RESULTS");
	else if (f->kind == ROOF_LAUNCH || f->kind == ROOF_READ_BACK || f->kind == ROOF_QUEUED)
		snprintf(out, size, "%.2f us (+- %.1f %%)", f->value * 1e6, spread);
	else if (f->kind == ROOF_COPY || f->kind == ROOF_RANDOM)
		snprintf(out, size, "%.2f GB/s (+- %.1f %%)", f->value / 1e9, spread);
	else
		snprintf(out, size, "%.2f G/s (+- %.1f %%)", f->value / 1e9, spread);
}

void bench_print_probe(FILE *out, const struct bench_device *d)
{
	char name[80], value[64];
	unsigned i;

	if (!d->roof.n)
		return;
	fprintf(out, "%s (%s, driver %s) by itself:\n", d->id, d->info.name, d->info.driver);
	for (i = 0; i < d->roof.n; i++) {
		figure_name(name, sizeof name, &d->roof.figure[i]);
		figure_value(value, sizeof value, &d->roof.figure[i]);
		fprintf(out, "  %-44s %s\n", name, value);
	}
	fputc('\n', out);
}

/* --- Markdown ----------------------------------------------------------------- */

/* Names come from drivers: nothing in them is markup. */
static void plain(FILE *out, const char *text)
{
	for (; *text; text++) {
		if (strchr("|\\`*_<>[]#", *text))
			fputc('\\', out);
		fputc(*text, out);
	}
}

static void cell(FILE *out, const char *text)
{
	fputc(' ', out);
	plain(out, text);
	fputs(" |", out);
}

static void markdown_device(FILE *out, const struct bench_device *d)
{
	char name[80], value[64];
	unsigned i;

	fprintf(out, "- %s: ", d->id);
	plain(out, d->info.name);
	fputs(", driver ", out);
	plain(out, d->info.driver);
	fputc('\n', out);
	if (!d->roof.n)
		return;
	fputs("\n| by itself | |\n|---|---|\n", out);
	for (i = 0; i < d->roof.n; i++) {
		figure_name(name, sizeof name, &d->roof.figure[i]);
		figure_value(value, sizeof value, &d->roof.figure[i]);
		fputc('|', out);
		cell(out, name);
		cell(out, value);
		fputc('\n', out);
	}
	fputc('\n', out);
}

void bench_print_markdown(FILE *out, const struct bench_report *r)
{
	char beside[REMARK];
	struct row row;
	unsigned i;
	int c;

	for (i = 0; i < r->n_devices; i++)
		markdown_device(out, &r->devices[i]);
	if (!r->n)
		return;
	fprintf(out, "\n%u x %g s each%s.\n\n|", r->repeat, r->seconds,
		r->interrupted ? ", interrupted" : "");
	for (c = 0; c < COLUMNS; c++)
		fprintf(out, " %s |", titles[c]);
	fputs(" |\n|", out);
	for (c = 0; c <= COLUMNS; c++)
		fputs("---|", out);
	fputc('\n', out);
	for (i = 0; i < r->n; i++) {
		fill(&row, r, &r->results[i]);
		fputc('|', out);
		for (c = 0; c < COLUMNS; c++)
			cell(out, row.cell[c]);
		cell(out, remark(beside, &r->results[i]));
		fputc('\n', out);
	}
}
