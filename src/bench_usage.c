/* SPDX-License-Identifier: GPL-3.0-or-later */
/* CPU time, wake-ups and memory of another process.  Reads Linux's /proc. */
#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "src/bench_usage.h"
#include "src/clock.h"
#include "src/err.h"
#include "src/str.h"

#define TICKS_FIRST 11 /* blanks between the name's ')' and utime, then stime */

#define THREADS_MAX 4096 /* that are looked at */

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

/* The number after a name at the beginning of a line, "\nVmHWM:". */
static int field(uint64_t *out, const char *text, const char *name)
{
	const char *at = strstr(text, name);

	if (!at)
		return -ERR_PARSE;
	at += strlen(name);
	return number(out, at + strspn(at, " \t"));
}

static uint64_t memory_peak(int pid)
{
	uint64_t kib = 0;
	char text[4096];

	read_file(pid, "status", text, sizeof text);
	return field(&kib, text, "\nVmHWM:") ? 0 : kib * 1024;
}

/* Of all threads that live now, since they began. */
static void switches(int pid, double *wakeups, double *preemptions)
{
	char name[64], text[4096];
	struct dirent *entry;
	uint64_t given, taken;
	unsigned n = 0;
	DIR *dir;

	*wakeups = *preemptions = -1;
	snprintf(name, sizeof name, "/proc/%d/task", pid);
	dir = opendir(name);
	while (dir && n < THREADS_MAX && (entry = readdir(dir)) != NULL) {
		if (entry->d_name[0] == '.' ||
		    snprintf(name, sizeof name, "task/%.20s/status", entry->d_name) < 0)
			continue;
		read_file(pid, name, text, sizeof text);
		if (field(&given, text, "\nvoluntary_ctxt_switches:") ||
		    field(&taken, text, "\nnonvoluntary_ctxt_switches:"))
			continue; /* it ended just now */
		if (!n++)
			*wakeups = *preemptions = 0;
		*wakeups += (double)given;
		*preemptions += (double)taken;
	}
	if (dir)
		closedir(dir);
}

void bench_usage_begin(struct bench_usage *u, int pid)
{
	u->start_us = clock_us();
	u->start_cpu_s = cpu_seconds(pid);
	u->cpu_percent = u->wakeups = u->preemptions = -1;
	switches(pid, &u->start_wakeups, &u->start_preemptions);
}

void bench_usage_end(struct bench_usage *u, int pid)
{
	double seconds = (double)(clock_us() - u->start_us) / 1e6;
	double cpu_s = cpu_seconds(pid), wakeups, preemptions;

	if (u->start_cpu_s >= 0 && cpu_s >= 0 && seconds > 0)
		u->cpu_percent = 100 * (cpu_s - u->start_cpu_s) / seconds;
	switches(pid, &wakeups, &preemptions);
	/* Threads that ended take their numbers with them: fewer than before tells nothing. */
	if (u->start_wakeups >= 0 && wakeups >= u->start_wakeups && seconds > 0)
		u->wakeups = (wakeups - u->start_wakeups) / seconds;
	if (u->start_preemptions >= 0 && preemptions >= u->start_preemptions && seconds > 0)
		u->preemptions = (preemptions - u->start_preemptions) / seconds;
	u->memory_bytes = memory_peak(pid);
}
