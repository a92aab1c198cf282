/* SPDX-License-Identifier: GPL-3.0-or-later */
/* --share-log: every line is one JSON object with everything a pool dispute needs. */
#include <fcntl.h>
#include <jansson.h>
#include <unistd.h>

#include "algos/algo.h"
#include "src/sharelog.h"
#include "tests/t.h"

static char path[80], moved[96];

static char *slurp(const char *from)
{
	static char text[1 << 16];
	int fd = open(from, O_RDONLY);
	ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof text - 1);

	if (fd >= 0)
		close(fd);
	text[n < 0 ? 0 : n] = '\0';
	return text;
}

static struct job job = {.id = "job \"1\"", .difficulty = 0.5};
static struct share share = {.job = &job,
			     .nonce = 0x1234,
			     .difficulty = 2.25,
			     .state = SHARE_REJECTED,
			     .sent_us = 1000,
			     .answered_us = 3500,
			     .reason = "low difficulty"};

static void a_share_is_one_json_object(void)
{
	struct sharelog *log = NULL;
	struct err err = {0};
	char *text;
	json_t *line;

	unlink(path);
	if (!CHECK_OK(sharelog_open(&log, path, &err), &err))
		return;
	share.digest.hash.w[3] = 0x00000000000000ffULL;
	share.digest.hash.w[0] = 1;
	sharelog_put(log, &share, "sim:3", "stratum+tcp://pool:1", 1700000000123);
	share.state = SHARE_LOST;
	share.answered_us = 0;
	share.reason[0] = '\0';
	sharelog_put(log, &share, "sim:3", "stratum+tcp://pool:1", 1700000000124);
	sharelog_close(log);
	text = slurp(path);
	line = json_loads(text, JSON_DISABLE_EOF_CHECK, NULL);
	if (CHECK(line != NULL)) {
#define TEXT(key) json_string_value(json_object_get(line, key))
		CHECK_STR(TEXT("algo"), "sha256d");
		CHECK_STR(TEXT("job"), "job \"1\"");
		CHECK_STR(TEXT("nonce"), "0x00001234");
		CHECK_STR(TEXT("hash"), "00000000000000ff0000000000000000"
					"00000000000000000000000000000001");
		CHECK_STR(TEXT("answer"), "rejected");
		CHECK_STR(TEXT("reason"), "low difficulty");
		CHECK_STR(TEXT("device"), "sim:3");
		CHECK_STR(TEXT("pool"), "stratum+tcp://pool:1");
		CHECK_INT(json_integer_value(json_object_get(line, "time_ms")), 1700000000123);
		CHECK_NEAR(json_real_value(json_object_get(line, "difficulty")), 2.25, 0);
		CHECK_NEAR(json_real_value(json_object_get(line, "pool_difficulty")), 0.5, 0);
		CHECK_NEAR(json_real_value(json_object_get(line, "latency_ms")), 2.5, 0);
		CHECK(json_is_false(json_object_get(line, "block")));
	}
	json_decref(line);
	line = json_loads(strchr(text, '\n') ? strchr(text, '\n') + 1 : "", 0, NULL);
	if (CHECK(line != NULL)) {
		CHECK_STR(TEXT("answer"), "lost");
		CHECK(json_is_null(json_object_get(line, "latency_ms")));
		CHECK_PTR(json_object_get(line, "reason"), NULL);
#undef TEXT
	}
	json_decref(line);
}

static void reopening_follows_a_renamed_file(void)
{
	struct sharelog *log = NULL;
	struct err err = {0};

	unlink(path);
	if (!CHECK_OK(sharelog_open(&log, path, &err), &err))
		return;
	sharelog_put(log, &share, "first", "", 0);
	CHECK_INT(rename(path, moved), 0);
	sharelog_reopen(log);
	sharelog_put(log, &share, "second", "", 0);
	CHECK_HAS(slurp(moved), "first");
	CHECK_LACKS(slurp(moved), "second");
	CHECK_HAS(slurp(path), "second");
	sharelog_close(log);
	unlink(moved);
}

static void nobody_wanted_it_is_fine(void)
{
	struct sharelog *log = NULL;
	struct err err = {0};

	sharelog_put(NULL, &share, "", "", 0);
	sharelog_reopen(NULL);
	sharelog_close(NULL);
	CHECK_ERR(sharelog_open(&log, "/nonexistent/shares", &err), ERR_IO, &err);
	CHECK_STR(err.text, "--share-log /nonexistent/shares: cannot open it: No such file or "
			    "directory");
	CHECK_PTR(log, NULL);
}

int main(void)
{
	const char *base = getenv("TMPDIR");
	int fd;

	snprintf(path, sizeof path, "%s/adit-shares.XXXXXX",
		 base && strlen(base) < 40 ? base : "/tmp");
	fd = mkstemp(path);
	if (fd < 0)
		T_GIVE_UP("no scratch file");
	close(fd);
	snprintf(moved, sizeof moved, "%s.1", path);
	job.algo = algo_find("sha256d");
	T_RUN(a_share_is_one_json_object);
	T_RUN(reopening_follows_a_renamed_file);
	T_RUN(nobody_wanted_it_is_fine);
	unlink(path);
	return t_done();
}
