/* SPDX-License-Identifier: GPL-3.0-or-later */
/* CPU time and memory of another process.  Reads Linux's /proc. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "src/bench_usage.h"
#include "src/clock.h"
#include "src/str.h"

#define TICKS_FIRST 11 /* blanks between the name's ')' and utime, then stime */

static size_t read_file(int pid, const char *name, char *out, size_t size)
{
	char path[64];
	size_t n = 0;
	FILE *f;

	snprintf(path, sizeof path, "/proc/%d/%s", pid, name);
	f = fopen(path, "re");
	if (f) {
		n = fread(out, 1, size - 1, f);
		fclose(f);
	}
	out[n] = '\0';
	return n;
}

/* The number at the beginning of text. */
static int number(uint64_t *out, const char *text)
{
	char digits[24] = "";
	size_t len = strspn(text, "0123456789");

	if (len < sizeof digits)
		memcpy(digits, text, len);
	return str_to_u64(out, digits, 0, UINT64_MAX);
}

static double cpu_seconds(int pid)
{
	uint64_t user, kernel;
	char text[2048];
	const char *at;
	int i;

	read_file(pid, "stat", text, sizeof text);
	at = strrchr(text, ')'); /* the name before it may hold anything */
	for (i = 0; at && i <= TICKS_FIRST; i++) {
		at = strchr(at, ' ');
		at = at ? at + 1 : NULL;
	}
	if (!at || number(&user, at))
		return -1;
	at = strchr(at, ' ');
	if (!at || number(&kernel, at + 1))
		return -1;
	return (double)(user + kernel) / (double)sysconf(_SC_CLK_TCK);
}

static uint64_t memory_peak(int pid)
{
	uint64_t kib = 0;
	char text[4096];
	const char *at;

	read_file(pid, "status", text, sizeof text);
	at = strstr(text, "\nVmHWM:");
	if (!at || number(&kib, at + 7 + strspn(at + 7, " \t")))
		return 0;
	return kib * 1024;
}

void bench_usage_begin(struct bench_usage *u, int pid)
{
	u->start_us = clock_us();
	u->start_cpu_s = cpu_seconds(pid);
	u->cpu_percent = -1;
}

void bench_usage_end(struct bench_usage *u, int pid)
{
	double seconds = (double)(clock_us() - u->start_us) / 1e6;
	double cpu_s = cpu_seconds(pid);

	if (u->start_cpu_s >= 0 && cpu_s >= 0 && seconds > 0)
		u->cpu_percent = 100 * (cpu_s - u->start_cpu_s) / seconds;
	u->memory_bytes = memory_peak(pid);
}
