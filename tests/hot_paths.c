/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The host's hot paths, one at a time and so often as asked: what callgrind counts instructions of.
 * usage: hot_paths NAME TIMES; without arguments it lists the names
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/ipc.h"
#include "src/str.h"
#include "src/work.h"
#include "tests/fake_client.h"

#define NONCES 1000000

extern const struct dialect dialect_stratum1;

struct bed {
	struct client client;
	struct work_source source;
	const struct algo *algo;
	bool failed;
};

static const char notify[] =
	"{\"id\":null,\"method\":\"mining.notify\",\"params\":[\"%u\","
	"\"4d16b6f85af6e2198f44ae2a6de67f78487ae5611b77c6c0440b921e00000000\","
	"\"01000000010000000000000000000000000000000000000000000000000000000000000000ffffffff200208"
	"62"
	"062f503253482f04b8864e5008\","
	"\"072f736c7573682f000000000100f2052a010000001976a914d23fcdf86f7e756a64a7a9688ef9903327048e"
	"d9"
	"88ac00000000\","
	"[\"aa12d0f1a0d3b1a6c0a1f1c9a9a0f8f7d6b6f85af6e2198f44ae2a6de67f7848\","
	"\"bb12d0f1a0d3b1a6c0a1f1c9a9a0f8f7d6b6f85af6e2198f44ae2a6de67f7848\"],"
	"\"20000000\",\"1c2ac4af\",\"504e86b9\",false]}\n";

static void say(struct bed *b, const char *line)
{
	fake_feed(&b->client, line, strlen(line));
}

/* Whatever it asks is granted. */
static void answer_all(struct bed *b)
{
	const char *sent;
	char line[160];

	while ((sent = fake_next(&b->client.sent))) {
		json_t *o = json_loads(sent, 0, NULL);
		const char *method = json_string_value(json_object_get(o, "method"));
		long id = (long)json_integer_value(json_object_get(o, "id"));

		if (method && !strcmp(method, "mining.subscribe"))
			snprintf(line, sizeof line,
				 "{\"id\":%ld,\"result\":[[[\"mining.notify\",\"1\"]],\"08000002\","
				 "4],"
				 "\"error\":null}\n",
				 id);
		else
			snprintf(line, sizeof line, "{\"id\":%ld,\"result\":true,\"error\":null}\n",
				 id);
		say(b, line);
		json_decref(o);
	}
}

/* Parse a job's line and build the job. */
static void parse(struct bed *b, unsigned i)
{
	char line[2048], id[16];

	snprintf(line, sizeof line, notify, i + 10); /* NOLINT: a literal of this file */
	snprintf(id, sizeof id, "%u", i + 10);
	say(b, line);
	b->failed |= !b->client.job || strcmp(b->client.job->id, id) != 0;
	while (fake_next(&b->client.events))
		;
}

static void lease(struct bed *b, unsigned i)
{
	struct work work;

	(void)i;
	b->failed |= work_lease(&b->source, NONCES, &work) != 0;
}

/* What a batch is prepared with. */
static void prepare(struct bed *b, unsigned i)
{
	struct abi_job job;
	struct work work;

	b->failed |= work_roll(work_current(&b->source), i, &work) != 0;
	b->algo->prepare(NULL, &work, &job);
}

static void verify(struct bed *b, unsigned i)
{
	struct digest digest;

	b->failed |= b->algo->hash(NULL, &b->source.roll, i, &digest) != 0;
}

static const struct {
	const char *name;
	void (*once)(struct bed *b, unsigned i);
} paths[] = {{"parse", parse}, {"lease", lease}, {"prepare", prepare}, {"verify", verify}};

#define PATHS (sizeof paths / sizeof paths[0])

static int set_up(struct bed *b)
{
	struct err err = {0};
	struct work first;

	b->algo = algo_find("sha256d");
	fake_init(&b->client, &dialect_stratum1, b->algo);
	work_init(&b->source);
	fake_connect(&b->client);
	answer_all(b);
	answer_all(b);
	parse(b, 0);
	if (!b->client.job || work_publish(&b->source, job_ref(b->client.job), &err) ||
	    work_lease(&b->source, 1, &first)) {
		fprintf(stderr, "no job: %s\n", err.text);
		return 1;
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct bed *b = calloc(1, sizeof *b);
	uint64_t times, i;
	size_t p;
	int rc = 2;

	for (p = 0; argc != 3 && p < PATHS; p++)
		puts(paths[p].name);
	if (argc != 3 || !b || str_to_u64(&times, argv[2], 0, 100000) || set_up(b)) {
		free(b);
		return argc == 3;
	}
	for (p = 0; p < PATHS; p++) {
		if (strcmp(paths[p].name, argv[1]))
			continue;
		for (i = 0; i < times; i++)
			paths[p].once(b, (unsigned)i);
		rc = b->failed;
	}
	work_done(&b->source);
	fake_done(&b->client);
	free(b);
	return rc;
}
