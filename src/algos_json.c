/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The algorithms, for programs. */
#include "algos/algo.h"
#include "src/algos_json.h"

static json_t *settings_of(const struct algo *algo)
{
	json_t *list = json_array();
	const struct algo_setting *k;

	for (k = algo->settings; k && k->name; k++)
		json_array_append_new(list,
				      json_pack("{s:s, s:I, s:I, s:I, s:s}", "name", k->name, "min",
						(json_int_t)k->min, "max", (json_int_t)k->max,
						"default", (json_int_t)k->def, "help", k->help));
	return list;
}

json_t *algos_json(void)
{
	json_t *list = json_array();
	int i;

	for (i = 0; algos[i]; i++) {
		const struct algo *a = algos[i];

		json_array_append_new(
			list, json_pack("{s:s, s:s, s:s, s:i, s:i, s:o}", "name", a->name,
					"aliases", a->aliases ? a->aliases : "", "title", a->title,
					"header_bytes", a->header_len, "nonce_bytes", a->nonce_len,
					"settings", settings_of(a)));
	}
	return list;
}
