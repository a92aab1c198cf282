/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What tests of NVML share: the real source, on the fake library, with cards from a file. */
#ifndef ADIT_NVML_RIG_H
#define ADIT_NVML_RIG_H

#include <stdarg.h>
#include <unistd.h>

#include "src/sensor/sensor.h"
#include "tests/t.h"
#include "tests/tree.h"

#define UUID_1 "GPU-11111111-2222-3333-4444-555555555555"
#define UUID_2 "GPU-99999999-8888-7777-6666-555555555555"

/* A card that has everything. */
#define CARD_1                                                                                     \
 "card 0000:01:00.0 uuid=" UUID_1 " core=61 hotspot=72 memory=88 fan=45,47 rpm=1800 "              \
 "power=220000 limit=250000 min=100000 max=300000 default=280000 energy=5000 clock=1800 "          \
 "memclock=9500 throttle=0x4 busy=97 used=6000 free=2000 reserved=192 ecc=3,1 pcie=4,16 pids="
#define CARD_2 "card 0000:0a:00.0 uuid=" UUID_2 " core=40 power=90000 limit=120000 pids="

#define BIT(f) ((uint64_t)1 << (f))

extern const struct sensor_source sensor_source_nvml;

static struct {
	char dir[32], cards[48], set[48];
	void *ctx;
} rig;

/* Give the fake these cards from now on, as an editor would: another file, renamed. */
T_FN void cards(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
T_FN void cards(const char *fmt, ...)
{
	char fresh[64];
	va_list ap;
	FILE *file;

	snprintf(fresh, sizeof fresh, "%s.new", rig.cards);
	file = fopen(fresh, "we");
	if (!file)
		return;
	va_start(ap, fmt);
	vfprintf(file, fmt, ap);
	va_end(ap);
	fprintf(file, "\n");
	fclose(file);
	rename(fresh, rig.cards);
}

/* What was set since the last rig_up(), all lines. */
T_FN const char *was_set(void)
{
	static char text[1024];
	FILE *file = fopen(rig.set, "re");
	size_t n = file ? fread(text, 1, sizeof text - 1, file) : 0;

	if (file)
		fclose(file);
	text[n] = 0;
	return text;
}

T_FN void rig_down(void)
{
	sensor_source_nvml.close(rig.ctx);
	rig.ctx = NULL;
	unlink(rig.set);
}

/* Open the source, whatever was open.  0 or what it said. */
T_FN int rig_up(struct err *err)
{
	rig_down();
	return sensor_source_nvml.open(&rig.ctx, err);
}

T_FN int rig_match(const char *pci, const char *uuid, void **handle, struct err *err)
{
	struct sensor_target target = {0};

	snprintf(target.pci, sizeof target.pci, "%s", pci);
	snprintf(target.uuid, sizeof target.uuid, "%s", uuid);
	return sensor_source_nvml.match(rig.ctx, &target, handle, err);
}

/* Open, and the handle of the first card: what most cases begin with. */
T_FN void *rig_card(void)
{
	struct err err = {0};
	void *h = NULL;

	if (!CHECK_OK(rig_up(&err), &err) ||
	    !CHECK_OK(rig_match("0000:01:00.0", UUID_1, &h, &err), &err))
		return NULL;
	return h;
}

T_FN struct sensor_reading look(void *handle)
{
	struct sensor_reading r;
	struct err err = {0};

	memset(&r, 0x55, sizeof r);
	CHECK_OK(sensor_source_nvml.read(rig.ctx, handle, &r, &err), &err);
	return r;
}

/* Checks that the field was read, and is that. */
#define CHECK_FIELD(r, f, want) field_is((r), (f), (want), #f, __FILE__, __LINE__)
T_FN bool field_is(const struct sensor_reading *r, enum sensor_field f, int64_t want,
		   const char *text, const char *file, int line)
{
	return t_claim(sensor_has(r, f), text, file, line) &&
	       t_int(r->v[f], want, text, file, line);
}

/* False: the test cannot be set up. */
T_FN bool rig_begin(void)
{
	const char *build = getenv("top_builddir");
	char fake[512];

	snprintf(fake, sizeof fake, "%s/tests/fakenvml/libnvidia-ml.so.1", build ? build : ".");
	snprintf(rig.dir, sizeof rig.dir, "nvml-XXXXXX");
	if (access(fake, R_OK) || !mkdtemp(rig.dir))
		return false;
	snprintf(rig.cards, sizeof rig.cards, "%s/cards", rig.dir);
	snprintf(rig.set, sizeof rig.set, "%s/set", rig.dir);
	setenv("ADIT_LIBNVML", fake, 1);
	setenv("FAKENVML_FILE", rig.cards, 1);
	setenv("FAKENVML_SET", rig.set, 1);
	return true;
}

T_FN void rig_end(void)
{
	rig_down();
	tree_remove(rig.dir);
}

#endif
