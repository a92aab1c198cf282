/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lolMiner's object, of / and /summary.  Shape: its HTTP API since 1.40. */
#include <inttypes.h>
#include <time.h>

#include "src/api/tool_json.h"
#include "src/str.h"

/* Always MH/s: who ignores the factor is then wrong for nobody. */
#define UNIT   "Mh/s"
#define FACTOR 1e6

static json_t *session(const struct api_view *view, const struct tool_rig *r)
{
	time_t start = (time_t)(view->started_ms / 1000);
	char text[32] = "";
	struct tm tm;

	if (gmtime_r(&start, &tm))
		strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &tm);
	return json_pack("{s:I, s:s, s:I, s:I}", "Startup", (json_int_t)start, "Startup_String",
			 text, "Uptime", (json_int_t)r->up_s, "Last_Update",
			 (json_int_t)(view->now_ms / 1000));
}

static json_t *worker(const struct tool_card *c, unsigned i)
{
	json_t *place = c->bus < 0 ? json_string("") : json_sprintf("%d:%d", c->bus, c->slot);

	return json_pack("{s:i, s:s, s:f, s:i, s:i, s:i, s:i, s:i, s:i, s:o}", "Index", (int)i,
			 "Name", c->name, "Power", (double)c->power, "CCLK", c->core_mhz, "MCLK",
			 c->memory_mhz, "Core_Temp", c->temperature, "Juc_Temp", c->hotspot,
			 "Mem_Temp", c->memory, "Fan_Speed", c->fan, "PCIE_Address", place);
}

/* Worker_Performance and the like: a number of every card. */
static void add_lists(json_t *v, const struct tool_rig *r)
{
	json_t *rate = json_array(), *accepted = json_array(), *rejected = json_array();
	json_t *stale = json_array(), *invalid = json_array();
	unsigned i;

	for (i = 0; i < r->n; i++) {
		const struct share_counts *s = &r->card[i].s->shares;

		tool_add_real(rate, r->card[i].rate / FACTOR);
		tool_add_int(accepted, tool_count(s->accepted));
		tool_add_int(rejected, tool_count(s->rejected));
		tool_add_int(stale, tool_count(s->stale));
		tool_add_int(invalid, tool_count(s->invalid));
	}
	json_object_set_new(v, "Worker_Performance", rate);
	json_object_set_new(v, "Worker_Accepted", accepted);
	json_object_set_new(v, "Worker_Rejected", rejected);
	json_object_set_new(v, "Worker_Stales", stale);
	json_object_set_new(v, "Worker_Errors", invalid);
}

static json_t *algorithm(const struct api_view *view, const struct tool_rig *r)
{
	const struct share_counts *s = &view->rig->shares;
	json_t *v = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:f, s:f}", "Algorithm", r->algo,
			      "Algorithm_Appendix", "", "Pool", r->place, "User", r->user, "Worker",
			      "", "Performance_Unit", UNIT, "Performance_Factor", FACTOR,
			      "Total_Performance", tool_real(r->rate / FACTOR));

	json_object_set_new(v, "Total_Accepted", json_integer(tool_count(s->accepted)));
	json_object_set_new(v, "Total_Rejected", json_integer(tool_count(s->rejected)));
	json_object_set_new(v, "Total_Stales", json_integer(tool_count(s->stale)));
	json_object_set_new(v, "Total_Errors", json_integer(tool_count(s->invalid)));
	add_lists(v, r);
	return v;
}

void tool_add_lolminer(json_t *v, const struct api_view *view, const struct tool_rig *r)
{
	json_t *workers = json_array();
	unsigned i;

	for (i = 0; i < r->n; i++)
		json_array_append_new(workers, worker(&r->card[i], i));
	json_object_set_new(v, "Software", json_sprintf("adit %s", r->version));
	json_object_set_new(v, "Session", session(view, r));
	json_object_set_new(v, "Num_Workers", json_integer(r->n));
	json_object_set_new(v, "Workers", workers);
	json_object_set_new(v, "Num_Algorithms", json_integer(1));
	json_object_set_new(v, "Algorithms", json_pack("[o]", algorithm(view, r)));
}

json_t *tool_lolminer(const struct api_view *view, const struct tool_rig *r)
{
	json_t *v = json_object();

	tool_add_lolminer(v, view, r);
	return v;
}
