/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `adit devices`: what can mine here, and what is missing where nothing can. */
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/engine.h"
#include "src/probe.h"
#include "src/rig.h"
#include "src/settings.h"

static int print_json(const struct rig_list *l)
{
	json_t *root = json_object(), *devices = json_array(), *notes = json_array();
	unsigned i;
	int rc;

	for (i = 0; i < l->n; i++) {
		json_t *o = probe_to_json(&l->dev[i]);
		char id[32];

		json_object_set_new(o, "id", json_string(rig_id(id, sizeof id, &l->dev[i])));
		json_object_set_new(o, "number", json_integer(i));
		json_array_append_new(devices, o);
	}
	for (i = 0; i < l->n_notes; i++)
		json_array_append_new(notes, json_string(l->notes[i]));
	json_object_set_new(root, "devices", devices);
	json_object_set_new(root, "notes", notes);
	rc = json_dumpf(root, stdout, JSON_INDENT(2) | JSON_ENSURE_ASCII | JSON_SORT_KEYS);
	json_decref(root);
	putchar('\n');
	return rc || fflush(stdout) ? EXIT_SYSTEM : EXIT_OK;
}

static void print_row(const char *number, const struct device_info *d)
{
	char id[32], memory[24];

	snprintf(memory, sizeof memory, "%.1f GiB", (double)d->mem_total / 0x1p30);
	printf("%-3s %-10s %-12s %9s %5" PRIu32 "  %s%s; driver %s\n", number,
	       rig_id(id, sizeof id, d), d->pci[0] ? d->pci : "-", memory, d->units, d->name,
	       d->cpu ? " (CPU)" : "", d->driver[0] ? d->driver : "unknown");
}

static int print_table(const struct rig_list *l)
{
	struct device_info cpu;
	char number[12];
	unsigned i;

	printf("%-3s %-10s %-12s %9s %5s  %s\n", "no", "id", "PCI", "memory", "units", "name");
	for (i = 0; i < l->n; i++) {
		snprintf(number, sizeof number, "%u", i);
		print_row(number, &l->dev[i]);
	}
	engine_cpu_info(&cpu);
	print_row("-", &cpu);
	for (i = 0; i < l->n_notes; i++)
		printf("%s\n", l->notes[i]);
	return fflush(stdout) ? EXIT_SYSTEM : EXIT_OK;
}

int cmd_devices(struct settings *s)
{
	struct rig_list *l = calloc(1, sizeof *l);
	struct err err = {0};
	int rc;

	if (!l)
		return EXIT_SYSTEM;
	rc = rig_probe(l, PROBE_TIMEOUT_MS, &err);
	if (rc) {
		fprintf(stderr, "adit devices: %s\n", err.text);
		rc = EXIT_FAIL;
	} else {
		rc = s->json ? print_json(l) : print_table(l);
	}
	free(l);
	return rc;
}
