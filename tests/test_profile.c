/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Profiles: what is stored is found again, and a hostile file does no harm. */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "src/clock.h"
#include "src/profile.h"
#include "tests/t.h"

static char dir[256], path[300];
static const struct algo *algo;
static uint64_t set[ALGO_SETTINGS_MAX];

static struct device_info card(const char *backend, const char *uuid, const char *pci)
{
	struct device_info info = {.index = 0};

	snprintf(info.backend, sizeof info.backend, "%s", backend);
	snprintf(info.uuid, sizeof info.uuid, "%s", uuid);
	snprintf(info.pci, sizeof info.pci, "%s", pci);
	snprintf(info.name, sizeof info.name, "A card");
	snprintf(info.driver, sizeof info.driver, "550.1");
	return info;
}

static struct profile some(const struct device_info *info, uint32_t intensity)
{
	struct profile p;

	profile_init(&p, info, algo, set);
	p.intensity = intensity;
	p.metric = TUNE_EFFICIENCY;
	p.limit_mw = 120000;
	p.batch_us = 12000;
	p.rate_hps = 31.5e6;
	p.power_mw = 118000.5;
	p.at_s = 1700000000;
	return p;
}

static void write_text(const char *text, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	if (fd < 0 || write(fd, text, len) != (ssize_t)len)
		exit(T_BROKEN);
	close(fd);
}

static int look(const struct device_info *info, struct profile *out)
{
	struct err err = {0};
	int rc = profile_find(dir, info, algo, set, out, &err);

	CHECK(rc == 0 || err.text[0]);
	return rc;
}

static void what_is_stored_is_found(void)
{
	struct device_info info = card("cuda", "GPU-1", "0000:01:00.0");
	struct profile p = some(&info, 21), got;
	struct err err = {0};
	struct stat st;

	unlink(path);
	CHECK_INT(look(&info, &got), -ERR_UNKNOWN);
	CHECK_OK(profile_store(dir, &p, &err), &err);
	if (!CHECK_INT(look(&info, &got), 0))
		return;
	CHECK_INT(got.intensity, 21);
	CHECK_INT(got.metric, TUNE_EFFICIENCY);
	CHECK_INT(got.limit_mw, 120000);
	CHECK_U64(got.batch_us, 12000);
	CHECK_NEAR(got.rate_hps, 31.5e6, 1e-3);
	CHECK_NEAR(got.power_mw, 118000.5, 1e-3);
	CHECK_INT(got.at_s, 1700000000);
	CHECK_STR(got.driver, "550.1");
	CHECK(!stat(path, &st) && (st.st_mode & 0777) == 0600);
	p.intensity = 22;
	p.limit_mw = TUNE_LEAVE;
	p.power_mw = -1;
	CHECK_OK(profile_store(dir, &p, &err), &err);
	if (!CHECK_INT(look(&info, &got), 0))
		return;
	CHECK_INT(got.intensity, 22);
	CHECK_INT(got.limit_mw, TUNE_LEAVE);
	CHECK(got.power_mw < 0);
}

static void profile_is_of_one_card_and_backend(void)
{
	struct device_info a = card("cuda", "GPU-1", "0000:01:00.0");
	struct device_info b = card("opencl", "GPU-1", "0000:01:00.0");
	struct device_info c = card("opencl", "", "0000:02:00.0");
	struct device_info moved = card("cuda", "GPU-1", "0000:09:00.0");
	struct profile p = some(&a, 20), got;
	struct err err = {0};

	unlink(path);
	CHECK_OK(profile_store(dir, &p, &err), &err);
	CHECK_INT(look(&b, &got), -ERR_UNKNOWN);
	CHECK_INT(look(&c, &got), -ERR_UNKNOWN);
	CHECK_INT(look(&moved, &got), 0); /* another slot, the same card */
	p = some(&c, 17);
	CHECK_OK(profile_store(dir, &p, &err), &err);
	CHECK_INT(look(&c, &got), 0);
	CHECK_INT(got.intensity, 17);
	CHECK_INT(look(&a, &got), 0);
	CHECK_INT(got.intensity, 20);
}

static void settings_of_the_algorithm_tell_profiles_apart(void)
{
	struct device_info info = card("cuda", "GPU-1", "");
	const struct algo *other = algo_find("scrypt");
	uint64_t mine[ALGO_SETTINGS_MAX], changed[ALGO_SETTINGS_MAX];
	struct profile p, got;
	struct err err = {0};

	algo_settings(other, mine, NULL, 0, &err);
	memcpy(changed, mine, sizeof mine);
	if (!other->settings || !other->settings[0].name)
		T_SKIP("no settings");
	changed[0]++;
	unlink(path);
	profile_init(&p, &info, other, changed);
	p.intensity = 9;
	CHECK_OK(profile_store(dir, &p, &err), &err);
	CHECK_INT(profile_find(dir, &info, other, mine, &got, &err), -ERR_UNKNOWN);
	CHECK_INT(profile_find(dir, &info, algo, set, &got, &err), -ERR_UNKNOWN);
	CHECK_OK(profile_find(dir, &info, other, changed, &got, &err), &err);
}

static void other_driver_is_said_and_not_used(void)
{
	struct device_info info = card("cuda", "GPU-1", "");
	struct profile p = some(&info, 20), got;
	struct err err = {0};
	char note[200];

	unlink(path);
	CHECK_OK(profile_store(dir, &p, &err), &err);
	CHECK_INT(profile_intensity(dir, &info, algo, set, 50, note, sizeof note), 20);
	CHECK_HAS(note, "20");
	snprintf(info.driver, sizeof info.driver, "560.2");
	CHECK_ERR(profile_find(dir, &info, algo, set, &got, &err), ERR_STALE, &err);
	CHECK_HAS(err.text, "550.1");
	CHECK_HAS(err.text, "560.2");
	CHECK_INT(profile_intensity(dir, &info, algo, set, 50, note, sizeof note), 0);
	CHECK_HAS(note, "adit tune");
	/* Tuned again, it takes the place of the old one. */
	p = some(&info, 19);
	CHECK_OK(profile_store(dir, &p, &err), &err);
	CHECK_INT(profile_intensity(dir, &info, algo, set, 50, note, sizeof note), 19);
}

static void longer_batches_than_wanted_are_not_used(void)
{
	struct device_info info = card("cuda", "GPU-1", "");
	struct profile p = some(&info, 20);
	struct err err = {0};
	char note[200];

	unlink(path);
	CHECK_INT(profile_intensity(dir, &info, algo, set, 50, note, sizeof note), 0);
	CHECK_STR(note, "");
	CHECK_OK(profile_store(dir, &p, &err), &err); /* 12 ms, two in flight */
	CHECK_INT(profile_intensity(dir, &info, algo, set, 24, note, sizeof note), 20);
	CHECK_INT(profile_intensity(dir, &info, algo, set, 10, note, sizeof note), 0);
	CHECK_HAS(note, "--batch-ms");
	CHECK_INT(profile_intensity("", &info, algo, set, 50, note, sizeof note), 0);
	CHECK_STR(note, "");
}

#define HEAD "{\"format\":1,\"profiles\":["
#define ENTRY                                                                                      \
 "{\"device\":\"cuda GPU-%u\",\"algo\":\"sha256d\",\"set\":\"\",\"driver\":\"550.1\","             \
 "\"version\":\"1\",\"metric\":\"hashrate\",\"intensity\":%s,\"batch_us\":%s,"                     \
 "\"rate_hps\":%s,\"at_s\":%s%s}"

static void oldest_goes_when_full(void)
{
	struct device_info info = card("cuda", "GPU-1", "");
	static char text[PROFILE_ENTRIES_MAX * 320];
	struct profile p, got;
	struct err err = {0};
	size_t len = (size_t)snprintf(text, sizeof text, "%s", HEAD);
	unsigned i;

	for (i = 0; i < PROFILE_ENTRIES_MAX; i++)
		len += (size_t)snprintf(text + len, sizeof text - len, "%s" ENTRY, i ? "," : "", i,
					"20", "1", "1", i == 7 ? "1" : "1000", "");
	len += (size_t)snprintf(text + len, sizeof text - len, "]}");
	write_text(text, len);
	snprintf(info.uuid, sizeof info.uuid, "GPU-7");
	CHECK_INT(look(&info, &got), 0);
	snprintf(info.uuid, sizeof info.uuid, "GPU-new");
	p = some(&info, 20);
	CHECK_OK(profile_store(dir, &p, &err), &err);
	CHECK_INT(look(&info, &got), 0);
	snprintf(info.uuid, sizeof info.uuid, "GPU-7");
	CHECK_INT(look(&info, &got), -ERR_UNKNOWN);
	snprintf(info.uuid, sizeof info.uuid, "GPU-255");
	CHECK_INT(look(&info, &got), 0);
}

static int look_at(const char *intensity, const char *batch, const char *rate, const char *at,
		   const char *more)
{
	struct device_info info = card("cuda", "GPU-1", "");
	struct profile got;
	char text[2048];
	int n = snprintf(text, sizeof text, HEAD ENTRY "]}", 1u, intensity, batch, rate, at, more);

	write_text(text, (size_t)n);
	return look(&info, &got);
}

static void entry_out_of_range_is_not_there(void)
{
	CHECK_INT(look_at("20", "1", "1e6", "5", ""), 0);
	CHECK_INT(look_at("20", "1", "1", "5", ",\"limit_mw\":150000,\"power_mw\":1.5"), 0);
	CHECK_INT(look_at("0", "1", "1", "5", ""), -ERR_UNKNOWN);
	CHECK_INT(look_at("33", "1", "1", "5", ""), -ERR_UNKNOWN);
	CHECK_INT(look_at("-3", "1", "1", "5", ""), -ERR_UNKNOWN);
	CHECK_INT(look_at("\"20\"", "1", "1", "5", ""), -ERR_UNKNOWN);
	CHECK_INT(look_at("20.5", "1", "1", "5", ""), -ERR_UNKNOWN);
	CHECK_INT(look_at("20", "-1", "1", "5", ""), -ERR_UNKNOWN);
	CHECK_INT(look_at("20", "5000000000", "1", "5", ""), -ERR_UNKNOWN);
	CHECK_INT(look_at("20", "1", "-1", "5", ""), -ERR_UNKNOWN);
	CHECK_INT(look_at("20", "1", "1e300", "5", ""), -ERR_UNKNOWN);
	CHECK_INT(look_at("20", "1", "null", "5", ""), -ERR_UNKNOWN);
	CHECK_INT(look_at("20", "1", "1", "-5", ""), -ERR_UNKNOWN);
	CHECK_INT(look_at("20", "1", "1", "5", ",\"limit_mw\":-1"), -ERR_UNKNOWN);
	CHECK_INT(look_at("20", "1", "1", "5", ",\"limit_mw\":9000000000"), -ERR_UNKNOWN);
	CHECK_INT(look_at("20", "1", "1", "5", ",\"limit_mw\":\"x\""), -ERR_UNKNOWN);
	CHECK_INT(look_at("20", "1", "1", "5", ",\"power_mw\":[]"), -ERR_UNKNOWN);
	CHECK_INT(look_at("20", "1", "1", "5", ",\"intensity\":20"), -ERR_PARSE); /* twice */
}

static void damaged_file_is_not_used_and_replaced(void)
{
	static const char *const bad[] = {"",
					  "{",
					  "[]",
					  "7",
					  "null",
					  "{}",
					  "{\"format\":2,\"profiles\":[]}",
					  "{\"format\":1}",
					  "{\"format\":1,\"profiles\":{}}",
					  "\xff\xfe",
					  HEAD "1,2"};
	struct device_info info = card("cuda", "GPU-1", "");
	struct profile p = some(&info, 20), got;
	struct err err = {0};
	size_t i;

	for (i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		write_text(bad[i], strlen(bad[i]));
		CHECK_INT(look(&info, &got), -ERR_PARSE);
		CHECK_OK(profile_store(dir, &p, &err), &err);
		CHECK_INT(look(&info, &got), 0);
	}
	write_text(HEAD "1,[],null,{}]}", strlen(HEAD "1,[],null,{}]}"));
	CHECK_INT(look(&info, &got), -ERR_UNKNOWN);
}

static void every_cut_and_flip_is_survived(void)
{
	struct device_info info = card("cuda", "GPU-1", "");
	struct profile got;
	char text[1024], copy[1024];
	int n = snprintf(text, sizeof text, HEAD ENTRY "]}", 1u, "20", "1", "1", "5", ""), i;

	for (i = 0; i < n; i++) {
		write_text(text, (size_t)i);
		CHECK(look(&info, &got) == -ERR_PARSE);
		memcpy(copy, text, (size_t)n);
		copy[i] ^= 1 << i % 8;
		write_text(copy, (size_t)n);
		if (!look(&info, &got))
			CHECK(got.intensity >= 1 && got.intensity <= 32);
	}
}

static void strange_files_are_not_read(void)
{
	struct device_info info = card("cuda", "GPU-1", "");
	size_t len = PROFILE_FILE_MAX + 1;
	char *big = calloc(1, len);
	struct profile got;

	if (!big)
		exit(T_BROKEN);
	memset(big, ' ', len);
	write_text(big, len);
	free(big);
	CHECK_INT(look(&info, &got), -ERR_PARSE);
	CHECK_INT(look_at("20", "1", "1", "5", ""), 0);
	chmod(path, 0666);
	CHECK_INT(look(&info, &got), -ERR_IO);
	unlink(path);
	CHECK_INT(symlink("/dev/zero", path), 0);
	CHECK_INT(look(&info, &got), -ERR_IO);
	unlink(path);
	CHECK_INT(mkfifo(path, 0600), 0);
	CHECK_INT(look(&info, &got), -ERR_IO); /* and does not wait for a writer */
	unlink(path);
	CHECK_INT(mkdir(path, 0700), 0);
	CHECK_INT(look(&info, &got), -ERR_IO);
	rmdir(path);
}

static void nothing_is_kept_without_a_directory(void)
{
	struct device_info info = card("cuda", "GPU-1", "");
	struct profile p = some(&info, 20), got;
	struct err err = {0};

	CHECK_ERR(profile_store("", &p, &err), ERR_IO, &err);
	CHECK_ERR(profile_store("/nonexistent/x", &p, &err), ERR_IO, &err);
	CHECK_ERR(profile_find("", &info, algo, set, &got, &err), ERR_UNKNOWN, &err);
}

static void hostile_device_names_stay_text(void)
{
	struct device_info info = card("opencl", "", "");
	struct profile p, got;
	struct err err = {0};

	snprintf(info.name, sizeof info.name, "\x1b[31m\"\xff,\n}");
	snprintf(info.driver, sizeof info.driver, "\"\\\x01");
	unlink(path);
	p = some(&info, 20);
	CHECK_LACKS(p.device, "\x1b");
	CHECK_OK(profile_store(dir, &p, &err), &err);
	CHECK_INT(look(&info, &got), 0);
}

int main(void)
{
	const char *tmp = getenv("TMPDIR");
	struct err err = {0};
	int rc;

	snprintf(dir, sizeof dir, "%s/adit-profile.XXXXXX", tmp ? tmp : "/tmp");
	if (!mkdtemp(dir))
		T_GIVE_UP("no directory");
	snprintf(path, sizeof path, "%s/profiles.json", dir);
	algo = algo_find("sha256d");
	algo_settings(algo, set, NULL, 0, &err);
	T_RUN(what_is_stored_is_found);
	T_RUN(profile_is_of_one_card_and_backend);
	T_RUN(settings_of_the_algorithm_tell_profiles_apart);
	T_RUN(other_driver_is_said_and_not_used);
	T_RUN(longer_batches_than_wanted_are_not_used);
	T_RUN(oldest_goes_when_full);
	T_RUN(entry_out_of_range_is_not_there);
	T_RUN(damaged_file_is_not_used_and_replaced);
	T_RUN(every_cut_and_flip_is_survived);
	T_RUN(strange_files_are_not_read);
	T_RUN(nothing_is_kept_without_a_directory);
	T_RUN(hostile_device_names_stay_text);
	rc = t_done();
	unlink(path);
	snprintf(path, sizeof path, "%s/profiles.lock", dir);
	unlink(path);
	rmdir(dir);
	return rc;
}
