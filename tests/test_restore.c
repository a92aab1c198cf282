/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What was found on cards: kept in a file while it is changed, and taken over from the dead. */
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "src/sensor/restore.h"
#include "tests/t.h"
#include "tests/tree.h"

#define CARD_A "{\"pci\":\"0000:01:00.0\",\"uuid\":\"GPU-1\",\"index\":0,"
#define THEIRS "restore-00000000000000aa.json"

static char dir[256], theirs[320];
static unsigned notes, faults;
static char last_note[ERR_TEXT_MAX];
static unsigned n_files;

static void on_note(void *arg, int code, const char *text)
{
	(void)arg;
	notes++;
	faults += code != 0;
	snprintf(last_note, sizeof last_note, "%s", text);
}

static void clean(void)
{
	tree_remove(dir);
	mkdir(dir, 0700);
	notes = faults = 0;
	last_note[0] = '\0';
}

static void count_file(const char *path)
{
	(void)path;
	n_files++;
}

static unsigned files(void)
{
	n_files = 0;
	tree_each(dir, count_file);
	return n_files;
}

static void they_left(const char *text)
{
	int fd = open(theirs, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		exit(T_BROKEN);
	close(fd);
}

/* A file of this boot with these cards. */
static void they_left_cards(const char *cards)
{
	struct restore r;
	char text[8192];

	restore_init(&r, dir);
	snprintf(text, sizeof text, "{\"version\":1,\"boot\":\"%s\",\"cards\":[%s]}", r.boot,
		 cards);
	they_left(text);
}

static const struct sensor_target target_a = {.pci = "0000:01:00.0"};
static const struct sensor_target target_sim = {.index = 3};

static void dead_process_is_replaced_in_full(void)
{
	const struct sensor_setting limit = {250000, SENSOR_LEAVE};
	const struct sensor_setting fan = {SENSOR_LEAVE, SENSOR_RESTORE};
	const struct sensor_setting later = {100000, SENSOR_LEAVE};
	struct restore r;
	struct err err = {0};

	clean();
	restore_init(&r, dir);
	CHECK_U64(files(), 0);
	CHECK_OK(restore_keep(&r, &target_a, &limit, &err), &err);
	CHECK_OK(restore_keep(&r, &target_a, &fan, &err), &err);
	CHECK_OK(restore_keep(&r, &target_a, &later, &err), &err); /* what was first is kept */
	CHECK_OK(restore_keep(&r, &target_sim, &fan, &err), &err);
	CHECK_U64(files(), 1);
	close(r.fd); /* it dies */
	restore_init(&r, dir);
	restore_adopt(&r, on_note, NULL);
	CHECK_U64(notes, 1);
	CHECK_U64(faults, 0);
	CHECK_HAS(last_note, "died");
	CHECK_U64(r.n, 2);
	CHECK_U64(files(), 1); /* ours */
	if (!CHECK(restore_find(&r, &target_a)) || !CHECK(restore_find(&r, &target_sim)))
		return;
	CHECK_INT(restore_find(&r, &target_a)->found.limit_mw, 250000);
	CHECK_INT(restore_find(&r, &target_a)->found.fan_permille, SENSOR_RESTORE);
	CHECK_INT(restore_find(&r, &target_sim)->found.limit_mw, SENSOR_LEAVE);
	restore_drop(&r, &target_sim, &fan);
	CHECK(!restore_find(&r, &target_sim));
	restore_drop(&r, &target_a, &limit);
	CHECK_U64(files(), 1);
	restore_drop(&r, &target_a, &fan);
	CHECK_U64(r.n, 0);
	CHECK_U64(files(), 0);
	restore_done(&r);
}

static void living_process_keeps_its_file(void)
{
	const struct sensor_setting limit = {250000, SENSOR_LEAVE};
	struct restore mine, other;
	struct err err = {0};

	clean();
	restore_init(&mine, dir);
	CHECK_OK(restore_keep(&mine, &target_a, &limit, &err), &err);
	CHECK_OK(restore_keep(&mine, &target_sim, &limit, &err), &err); /* written twice */
	restore_init(&other, dir);
	restore_adopt(&other, on_note, NULL);
	CHECK_U64(other.n, 0);
	CHECK_U64(notes, 0);
	CHECK_U64(files(), 1);
	restore_done(&other);
	CHECK_U64(files(), 1);
	restore_done(&mine); /* could not restore all: it stays for the next one */
	CHECK_U64(files(), 1);
}

static void file_of_an_earlier_boot_is_of_no_use(void)
{
	struct restore r;

	clean();
	they_left("{\"version\":1,\"boot\":\"00000000-0000-0000-0000-000000000000\",\"cards\":"
		  "[" CARD_A "\"limit_mw\":250000,\"fan_permille\":-1}]}");
	restore_init(&r, dir);
	restore_adopt(&r, on_note, NULL);
	CHECK_U64(r.n, 0);
	CHECK_U64(notes, 0);
	CHECK_U64(files(), 0);
}

/* Whatever the cards in it say, none is taken when one is wrong. */
static void hostile_cards_are_refused(void)
{
	static const char *const cards[] = {
		CARD_A "\"limit_mw\":999,\"fan_permille\":-1}",
		CARD_A "\"limit_mw\":0,\"fan_permille\":-1}",
		CARD_A "\"limit_mw\":-3,\"fan_permille\":-1}",
		CARD_A "\"limit_mw\":10000001,\"fan_permille\":-1}",
		CARD_A "\"limit_mw\":250000.5,\"fan_permille\":-1}",
		CARD_A "\"limit_mw\":\"250000\",\"fan_permille\":-1}",
		CARD_A "\"limit_mw\":250000,\"fan_permille\":0}", /* would stop a fan */
		CARD_A "\"limit_mw\":250000}",
		CARD_A "\"limit_mw\":250000,\"limit_mw\":250000,\"fan_permille\":-1}",
		"{\"pci\":\"../../../etc/x\",\"uuid\":\"\",\"index\":0,\"limit_mw\":250000,"
		"\"fan_permille\":-1}",
		"{\"pci\":\"0000:01:00.0000000\",\"uuid\":\"\",\"index\":0,\"limit_mw\":250000,"
		"\"fan_permille\":-1}",
		"{\"pci\":\"\",\"uuid\":\"\",\"index\":-1,\"limit_mw\":250000,\"fan_permille\":-1}",
		"{\"pci\":\"\",\"uuid\":\"a\\u0000b\",\"index\":1,\"limit_mw\":250000,"
		"\"fan_permille\":-1}",
		"[]",
		"7",
	};
	struct restore r;
	char text[1024];
	size_t i;

	for (i = 0; i < sizeof cards / sizeof cards[0]; i++) {
		clean();
		snprintf(text, sizeof text, CARD_A "\"limit_mw\":250000,\"fan_permille\":-1},%s",
			 cards[i]);
		they_left_cards(text);
		restore_init(&r, dir);
		restore_adopt(&r, on_note, NULL);
		if (!CHECK_U64(r.n, 0) || !CHECK_U64(faults, 1))
			printf("\t%s\n", cards[i]);
		CHECK_U64(files(), 0);
	}
}

static void garbage_is_named_and_removed(void)
{
	static const char *const garbage[] = {
		"",
		"{",
		"null",
		"[1]",
		"\x7f\x45\x4c\x46\x01\xff\xfe",
		"{\"version\":2,\"boot\":\"x\",\"cards\":[]}",
		"{\"version\":1,\"boot\":7,\"cards\":[]}",
		"{\"version\":1,\"boot\":\"x\",\"cards\":7}",
		"{\"version\":1,\"cards\":[]}",
	};
	static char huge[100000];
	struct restore r;
	size_t i;

	memset(huge, ' ', sizeof huge - 1);
	for (i = 0; i <= sizeof garbage / sizeof garbage[0]; i++) {
		clean();
		they_left(i < sizeof garbage / sizeof garbage[0] ? garbage[i] : huge);
		restore_init(&r, dir);
		restore_adopt(&r, on_note, NULL);
		CHECK_U64(r.n, 0);
		CHECK_U64(faults, 1);
		CHECK_HAS(last_note, THEIRS);
		CHECK_U64(files(), 0);
	}
}

/* Others could have put them there. */
static void files_that_are_not_plainly_ours_are_left_alone(void)
{
	char path[340];
	struct restore r;

	clean();
	they_left_cards(CARD_A "\"limit_mw\":250000,\"fan_permille\":-1}");
	chmod(theirs, 0622);
	restore_init(&r, dir);
	restore_adopt(&r, on_note, NULL);
	CHECK_U64(r.n, 0);
	CHECK_U64(files(), 1);
	chmod(theirs, 0600);
	snprintf(path, sizeof path, "%s/elsewhere", dir);
	rename(theirs, path);
	if (symlink(path, theirs))
		exit(T_BROKEN);
	restore_adopt(&r, on_note, NULL);
	CHECK_U64(r.n, 0);
	CHECK_U64(files(), 2);
	unlink(theirs);
	mkfifo(theirs, 0600); /* is not waited for */
	restore_adopt(&r, on_note, NULL);
	CHECK_U64(r.n, 0);
	snprintf(path, sizeof path, "%s/restore-1.json", dir);
	close(open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	restore_adopt(&r, on_note, NULL);
	CHECK_U64(files(), 3);
	CHECK_U64(notes, 0);
}

static void unfinished_file_is_swept_up(void)
{
	char path[340];
	struct restore r;

	clean();
	snprintf(path, sizeof path, "%s.tmp", theirs);
	close(open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	restore_init(&r, dir);
	restore_adopt(&r, on_note, NULL);
	CHECK_U64(files(), 0);
	CHECK_U64(notes, 0);
}

static void what_cannot_be_written_is_not_kept(void)
{
	const struct sensor_setting limit = {250000, SENSOR_LEAVE};
	struct restore r;
	struct err err = {0};

	restore_init(&r, "/nowhere/at/all");
	CHECK_ERR(restore_keep(&r, &target_a, &limit, &err), ERR_IO, &err);
	CHECK_U64(r.n, 0);
	restore_init(&r, ""); /* wanted so: in memory only */
	CHECK_OK(restore_keep(&r, &target_a, &limit, &err), &err);
	CHECK_U64(r.n, 1);
	restore_done(&r);
}

int main(void)
{
	snprintf(dir, sizeof dir, "/tmp/adit-restore-XXXXXX");
	if (!mkdtemp(dir))
		T_GIVE_UP("no directory for the test");
	snprintf(theirs, sizeof theirs, "%s/" THEIRS, dir);
	T_RUN(dead_process_is_replaced_in_full);
	T_RUN(living_process_keeps_its_file);
	T_RUN(file_of_an_earlier_boot_is_of_no_use);
	T_RUN(hostile_cards_are_refused);
	T_RUN(garbage_is_named_and_removed);
	T_RUN(files_that_are_not_plainly_ours_are_left_alone);
	T_RUN(unfinished_file_is_swept_up);
	T_RUN(what_cannot_be_written_is_not_kept);
	tree_remove(dir);
	return t_done();
}
