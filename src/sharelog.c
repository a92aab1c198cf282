/* SPDX-License-Identifier: GPL-3.0-or-later */
/* --share-log: JSON Lines, one finished share each. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <stdio.h>
#include <unistd.h>

#include "algos/algo.h"
#include "src/sharelog.h"

struct sharelog {
	int fd;
	char path[];
};

static int open_append(const char *path)
{
	return open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0640);
}

int sharelog_open(struct sharelog **out, const char *path, struct err *err)
{
	size_t size = strlen(path) + 1;
	struct sharelog *s = malloc(sizeof *s + size);

	if (!s)
		return err_set(err, ERR_NOMEM, "--share-log %s: out of memory", path);
	memcpy(s->path, path, size);
	s->fd = open_append(path);
	if (s->fd < 0) {
		err_set(err, ERR_IO, "--share-log %s: cannot open it: %s", path, strerror(errno));
		free(s);
		return -ERR_IO;
	}
	*out = s;
	return 0;
}

void sharelog_reopen(struct sharelog *s)
{
	int fd = s ? open_append(s->path) : -1;

	if (fd < 0)
		return;
	close(s->fd);
	s->fd = fd;
}

void sharelog_close(struct sharelog *s)
{
	if (!s)
		return;
	close(s->fd);
	free(s);
}

static const char *answer(enum share_state state)
{
	static const char *const words[SHARE_STATES] = {
		[SHARE_FOUND] = "found",       [SHARE_INVALID] = "invalid",
		[SHARE_READY] = "ready",       [SHARE_SENT] = "sent",
		[SHARE_ACCEPTED] = "accepted", [SHARE_REJECTED] = "rejected",
		[SHARE_STALE] = "stale",       [SHARE_LOST] = "lost",
	};

	return state < SHARE_STATES ? words[state] : "unknown";
}

/* Most significant digit first, as hashes compare. */
static void hash_text(char out[65], const struct u256 *h)
{
	snprintf(out, 65, "%016" PRIx64 "%016" PRIx64 "%016" PRIx64 "%016" PRIx64, h->w[3], h->w[2],
		 h->w[1], h->w[0]);
}

/* Milliseconds with three decimals, or null when one of the two never happened. */
static json_t *latency(const struct share *share)
{
	int64_t us = share->answered_us - share->sent_us;

	return share->sent_us && share->answered_us ? json_real((double)us / 1000) : json_null();
}

void sharelog_put(struct sharelog *s, const struct share *share, const char *device_id,
		  const char *pool_url, int64_t wall_ms)
{
	char nonce[24], hash[65];
	json_t *line;
	char *text;
	size_t len;

	if (!s)
		return;
	snprintf(nonce, sizeof nonce, "0x%0*" PRIx64, 2 * (int)share->job->algo->nonce_len,
		 share->nonce);
	hash_text(hash, &share->digest.hash);
	line = json_pack("{sI ss ss* ss ss sf sf ss ss* so sb ss* ss*}", "time_ms",
			 (json_int_t)wall_ms, "algo", share->job->algo->name, "job", share->job->id,
			 "nonce", nonce, "hash", hash, "difficulty", share->difficulty,
			 "pool_difficulty", share->job->difficulty, "answer", answer(share->state),
			 "reason", share->reason[0] ? share->reason : NULL, "latency_ms",
			 latency(share), "block", share->block, "device", device_id, "pool",
			 pool_url);
	text = line ? json_dumps(line, JSON_COMPACT) : NULL;
	if (text) {
		len = strlen(text);
		text[len] = '\n'; /* in the NUL's place: one write, no copy */
		if (write(s->fd, text, len + 1) < 0 && errno == EAGAIN)
			len = 0; /* a pipe nobody reads: the line is dropped */
	}
	free(text);
	json_decref(line);
}
