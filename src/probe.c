/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The probe process: lists one backend's devices as JSON and ends. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <signal.h>
#include <unistd.h>

#include "src/probe.h"
#include "src/settings.h"
#include "src/str.h"

struct text_field {
	const char *key;
	size_t offset, size;
};

struct number_field {
	const char *key;
	size_t offset;
	bool wide; /* uint64_t, else uint32_t */
};

#define TEXT(member)                                                                               \
 {                                                                                                 \
#  member, offsetof(struct device_info, member), sizeof((struct device_info *)0)->member           \
 }
static const struct text_field texts[] = {
	TEXT(backend), TEXT(pci), TEXT(uuid), TEXT(name), TEXT(vendor), TEXT(driver),
};

#define WIDE(member)                                                                               \
 {                                                                                                 \
#  member, offsetof(struct device_info, member), true                                              \
 }
#define NARROW(member)                                                                             \
 {                                                                                                 \
#  member, offsetof(struct device_info, member), false                                             \
 }
static const struct number_field numbers[] = {
	NARROW(index), WIDE(mem_total),   WIDE(mem_free),    WIDE(mem_alloc),
	NARROW(units), NARROW(clock_mhz), NARROW(lanes),     NARROW(group_max),
	NARROW(cpu),   NARROW(arch),      NARROW(local_max),
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

json_t *probe_to_json(const struct device_info *info)
{
	json_t *o = json_object();
	size_t i;

	for (i = 0; o && i < COUNT(texts); i++)
		json_object_set_new(o, texts[i].key,
				    json_string((const char *)info + texts[i].offset));
	for (i = 0; o && i < COUNT(numbers); i++) {
		const char *at = (const char *)info + numbers[i].offset;
		uint64_t wide = 0;
		uint32_t narrow = 0;

		if (numbers[i].wide)
			memcpy(&wide, at, sizeof wide);
		else
			memcpy(&narrow, at, sizeof narrow);
		json_object_set_new(o, numbers[i].key,
				    json_integer((json_int_t)(numbers[i].wide ? wide : narrow)));
	}
	return o;
}

int probe_from_json(struct device_info *out, const json_t *object)
{
	struct device_info d;
	size_t i;

	memset(&d, 0, sizeof d);
	for (i = 0; i < COUNT(texts); i++) {
		const json_t *v = json_object_get(object, texts[i].key);

		if (!json_is_string(v))
			return -ERR_PARSE;
		str_printable((char *)&d + texts[i].offset, texts[i].size, json_string_value(v),
			      json_string_length(v));
	}
	for (i = 0; i < COUNT(numbers); i++) {
		const json_t *v = json_object_get(object, numbers[i].key);
		json_int_t n = json_integer_value(v);
		uint32_t narrow = (uint32_t)n;
		uint64_t wide = (uint64_t)n;

		if (!json_is_integer(v) || n < 0 || (!numbers[i].wide && n > UINT32_MAX))
			return -ERR_PARSE;
		if (numbers[i].wide)
			memcpy((char *)&d + numbers[i].offset, &wide, sizeof wide);
		else
			memcpy((char *)&d + numbers[i].offset, &narrow, sizeof narrow);
	}
	*out = d;
	return 0;
}

static json_t *list(const struct backend *b)
{
	struct device_info *infos = calloc(DEVICES_MAX, sizeof *infos);
	json_t *root = json_object(), *devices = json_array();
	struct err err = {0};
	int i, n = infos ? b->probe(infos, DEVICES_MAX, &err) : 0;

	for (i = 0; i < n; i++)
		json_array_append_new(devices, probe_to_json(&infos[i]));
	json_object_set_new(root, "devices", devices);
	if (n < 0)
		json_object_set_new(root, "note", json_string(err.text));
	else if (!n)
		json_object_set_new(
			root, "note",
			json_sprintf("%s (%s)", err.text[0] ? err.text : "no devices", b->hint));
	free(infos);
	return root;
}

int cmd_probe(struct settings *s)
{
	const struct backend *b = s->n_args == 1 ? backend_find(s->args[0]) : NULL;
	int out, rc = EXIT_FAIL;
	json_t *root;
	FILE *f;

	if (!b) {
		fputs("adit probe: name one backend: cuda or opencl\n", stderr);
		return EXIT_USAGE;
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* Drivers print to stdout; what is read from us must be JSON and nothing else. */
	out = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
	f = out < 0 ? NULL : fdopen(out, "w");
	if (!f)
		return EXIT_SYSTEM;
	dup2(STDERR_FILENO, STDOUT_FILENO);
	root = list(b);
	if (root && !json_dumpf(root, f, JSON_COMPACT | JSON_ENSURE_ASCII) && fputc('\n', f) >= 0)
		rc = EXIT_OK;
	json_decref(root);
	if (fclose(f))
		rc = EXIT_SYSTEM;
	return rc;
}
