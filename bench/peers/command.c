/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The command line of peers. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/peers/peers.h"

#define BATCH_MAX (1u << 26)

enum {
	OPT_NAME = 256,
	OPT_FILE,
	OPT_ENTRY,
	OPT_ARGS,
	OPT_OPTIONS,
	OPT_LOCAL,
	OPT_NONCES,
	OPT_MOST,
	OPT_COUNT,
	OPT_SHARED,
	OPT_WRITE,
	OPT_OWN,
	OPT_MAKE
};

static const struct option options[] = {
	{"algo", required_argument, NULL, 'a'},
	{"device", required_argument, NULL, 'd'},
	{"rounds", required_argument, NULL, 'r'},
	{"seconds", required_argument, NULL, 's'},
	{"rows", required_argument, NULL, 'R'},
	{"height", required_argument, NULL, 'H'},
	{"write-own", required_argument, NULL, OPT_OWN},
	{"check", required_argument, NULL, 'c'},
	{"lanes", required_argument, NULL, 'l'},
	{"make", no_argument, NULL, OPT_MAKE},
	{"plan", required_argument, NULL, 'p'},
	{"peer", required_argument, NULL, OPT_NAME},
	{"file", required_argument, NULL, OPT_FILE},
	{"entry", required_argument, NULL, OPT_ENTRY},
	{"args", required_argument, NULL, OPT_ARGS},
	{"options", required_argument, NULL, OPT_OPTIONS},
	{"local", required_argument, NULL, OPT_LOCAL},
	{"nonces", required_argument, NULL, OPT_NONCES},
	{"most", required_argument, NULL, OPT_MOST},
	{"count", required_argument, NULL, OPT_COUNT},
	{"write", required_argument, NULL, OPT_WRITE},
	{"shared", required_argument, NULL, OPT_SHARED},
	{0},
};

static void usage(void)
{
	fprintf(stderr,
		"usage: peers -a ALGO [-d [opencl:|cuda:]DEVICE] [-r ROUNDS] [-s SECONDS]\n"
		"  [-R DATASET_ROWS] [-H HEIGHT] [-c CHECKED] [-p PLAN] [-l LANES]\n"
		"  [--write-own FILE] [--make]\n"
		"  [--peer NAME --file FILE... --entry KERNEL --args LIST [--options "
		"BUILD_OPTIONS]\n"
		"   [--local GROUP] [--nonces PER_ITEM] [--most PER_LAUNCH] [--count WORD]\n"
		"   [--shared BYTES] [--write FILE]]...\n");
	exit(2);
}

static struct peer *last(struct asked *a)
{
	if (!a->n)
		usage();
	return &a->peer[a->n - 1];
}

static void begin_peer(struct asked *a, const char *name)
{
	if (a->n == PEERS_MAX)
		usage();
	a->peer[a->n++] = (struct peer){.name = name,
					.entry = "search",
					.options = "",
					.local = 64,
					.nonces = 1,
					.most = BATCH_MAX,
					.count_word = -1};
}

static void add_file(struct peer *p, const char *path)
{
	if (p->n_files == FILES_MAX)
		usage();
	p->file[p->n_files++] = path;
}

static void take_peer(struct asked *a, int opt, const char *arg)
{
	uint32_t number = (uint32_t)strtoul(arg, NULL, 0);

	switch (opt) {
	case OPT_NAME:
		begin_peer(a, arg);
		break;
	case OPT_FILE:
		add_file(last(a), arg);
		break;
	case OPT_ENTRY:
		last(a)->entry = arg;
		break;
	case OPT_ARGS:
		last(a)->args = arg;
		break;
	case OPT_OPTIONS:
		last(a)->options = arg;
		break;
	case OPT_LOCAL:
		last(a)->local = number;
		break;
	case OPT_NONCES:
		last(a)->nonces = number;
		break;
	case OPT_MOST:
		last(a)->most = number;
		break;
	case OPT_COUNT:
		last(a)->count_word = (int)number;
		break;
	case OPT_WRITE:
		last(a)->write = arg;
		break;
	case OPT_SHARED:
		last(a)->shared = number;
		break;
	default:
		usage();
	}
}

static void take_device(struct asked *a, const char *arg)
{
	const char *colon = strchr(arg, ':');

	a->driver = &driver_opencl;
	if (!strncmp(arg, "cuda:", 5))
		a->driver = &driver_cuda;
	else if (colon && strncmp(arg, "opencl:", 7))
		usage();
	a->device = (unsigned)strtoul(colon ? colon + 1 : arg, NULL, 0);
}

static void take(struct asked *a, int opt, const char *arg)
{
	switch (opt) {
	case 'a':
		a->algo = algo_find(arg);
		break;
	case 'd':
		take_device(a, arg);
		break;
	case 'r':
		a->rounds = (unsigned)strtoul(arg, NULL, 0);
		break;
	case 's':
		a->seconds = strtod(arg, NULL);
		break;
	case 'R':
		a->dataset_rows = strtoull(arg, NULL, 0);
		break;
	case 'H':
		a->height = strtoull(arg, NULL, 0);
		break;
	case '?':
		usage();
		break;
	case 'c':
		a->checked = (uint32_t)strtoul(arg, NULL, 0);
		break;
	case 'l':
		a->lanes = (uint32_t)strtoul(arg, NULL, 0);
		break;
	case 'p':
		a->plan = (int)(strtoul(arg, NULL, 0) & 0xff);
		break;
	case OPT_OWN:
		a->write_own = arg;
		break;
	case OPT_MAKE:
		a->make = true;
		break;
	default:
		take_peer(a, opt, arg);
	}
}

static bool sound(const struct peer *p)
{
	return p->n_files && p->args && p->local && p->nonces && p->most &&
	       p->count_word < HIT_WORDS;
}

void command_read(struct asked *a, int argc, char **argv)
{
	unsigned i;
	int opt;

	a->driver = &driver_opencl;
	while ((opt = getopt_long(argc, argv, "a:c:d:l:p:r:s:R:H:", options, NULL)) != -1)
		take(a, opt, optarg);
	if (!a->algo || (a->make && !a->algo->dataset) || optind < argc || !a->rounds ||
	    a->rounds > ROUNDS_MAX || !a->checked || a->checked > 1u << 20 || !(a->seconds > 0))
		usage();
	for (i = 0; i < a->n; i++)
		if (!sound(&a->peer[i]))
			usage();
}
