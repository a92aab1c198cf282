/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The kernel cache gives back exactly what was kept, or nothing. */
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "src/gpu/kernel_cache.h"
#include "src/hex.h"
#include "tests/t.h"
#include "tests/tree.h"

static char dir[256];

static const char code[] = "\177ELF what a compiler made";

static struct kernel_key key_of(const char *text)
{
	return kernel_key_of(&text, 1);
}

static const char *path_of(const struct kernel_key *key)
{
	static char path[512];
	char hex[65];

	snprintf(path, sizeof path, "%s/%s.kern", dir, hex_encode(hex, key->bytes, 32));
	return path;
}

static int store(const struct kernel_key *key, const void *bytes, size_t len)
{
	struct err err = {0};

	return CHECK_OK(kernel_cache_store(dir, key, bytes, len, KERNEL_CACHE_MAX, &err), &err);
}

/* True when the key is a hit with exactly these bytes. */
static bool hits(const struct kernel_key *key, const void *bytes, size_t len)
{
	void *got = NULL;
	size_t got_len = 0;
	int rc = kernel_cache_load(dir, key, &got, &got_len);
	bool same = !rc && got_len == len && !memcmp(got, bytes, len) && !((char *)got)[len];

	free(got);
	return same;
}

static bool misses(const struct kernel_key *key)
{
	void *got = NULL;
	size_t len = 0;
	int rc = kernel_cache_load(dir, key, &got, &len);

	free(got);
	return rc == -ERR_UNKNOWN;
}

static void empty(void)
{
	tree_remove(dir);
}

static void what_was_stored_is_loaded(void)
{
	struct kernel_key key = key_of("a");

	empty();
	CHECK(misses(&key));
	store(&key, code, sizeof code);
	CHECK(hits(&key, code, sizeof code));
	store(&key, "new", 3);
	CHECK(hits(&key, "new", 3));
}

static void another_key_misses(void)
{
	struct kernel_key a = key_of("a"), b = key_of("b");

	empty();
	store(&a, code, sizeof code);
	CHECK(misses(&b));
}

static void keys_see_where_texts_end(void)
{
	const char *const x[] = {"ab", "c"}, *const y[] = {"a", "bc"}, *const z[] = {"abc"};
	struct kernel_key kx = kernel_key_of(x, 2), ky = kernel_key_of(y, 2),
			  kz = kernel_key_of(z, 1);

	CHECK(memcmp(&kx, &ky, sizeof kx) != 0);
	CHECK(memcmp(&kx, &kz, sizeof kx) != 0);
}

static void no_directory_is_a_miss_and_an_error(void)
{
	struct kernel_key key = key_of("a");
	struct err err = {0};
	void *got;
	size_t len;

	CHECK_INT(kernel_cache_load(NULL, &key, &got, &len), -ERR_UNKNOWN);
	CHECK_INT(kernel_cache_load("", &key, &got, &len), -ERR_UNKNOWN);
	CHECK_ERR(kernel_cache_store("", &key, code, 4, 1000, &err), ERR_IO, &err);
	/* below a file nothing can be made, not even by root */
	CHECK_ERR(kernel_cache_store("/dev/null/x", &key, code, 4, 1000, &err), ERR_IO, &err);
	CHECK_HAS(err.text, "/dev/null/x");
}

static void put_file(const char *path, const void *bytes, size_t len)
{
	FILE *file = fopen(path, "wb");

	if (!file || fwrite(bytes, 1, len, file) != len || fclose(file))
		exit(T_BROKEN);
}

static size_t get_file(const char *path, char *bytes, size_t size)
{
	FILE *file = fopen(path, "rb");
	size_t len = file ? fread(bytes, 1, size, file) : 0;

	if (!file || fclose(file))
		exit(T_BROKEN);
	return len;
}

static void every_cut_is_a_miss(void)
{
	struct kernel_key key = key_of("cut");
	char whole[512];
	size_t len, n;

	empty();
	store(&key, code, sizeof code);
	len = get_file(path_of(&key), whole, sizeof whole);
	for (n = 0; n < len; n++) {
		put_file(path_of(&key), whole, n);
		if (!CHECK(misses(&key)))
			return;
	}
	put_file(path_of(&key), whole, len);
	CHECK(hits(&key, code, sizeof code));
	whole[len] = 'x';
	put_file(path_of(&key), whole, len + 1);
	CHECK(misses(&key));
}

static void every_changed_byte_is_a_miss(void)
{
	struct kernel_key key = key_of("changed");
	char whole[512];
	size_t len, n;

	empty();
	store(&key, code, sizeof code);
	len = get_file(path_of(&key), whole, sizeof whole);
	for (n = 0; n < len; n++) {
		whole[n] ^= 0x10;
		put_file(path_of(&key), whole, len);
		if (!CHECK(misses(&key)))
			return;
		whole[n] ^= 0x10;
	}
}

static void an_entry_under_another_name_is_a_miss(void)
{
	struct kernel_key a = key_of("a"), b = key_of("b");
	char from[512];

	empty();
	store(&a, code, sizeof code);
	snprintf(from, sizeof from, "%s", path_of(&a));
	CHECK_INT(rename(from, path_of(&b)), 0);
	CHECK(misses(&b));
}

static void links_and_pipes_are_misses(void)
{
	struct kernel_key a = key_of("a"), b = key_of("b"), c = key_of("c");
	char target[512];

	empty();
	store(&a, code, sizeof code);
	snprintf(target, sizeof target, "%s/elsewhere", dir);
	CHECK_INT(rename(path_of(&a), target), 0);
	CHECK_INT(symlink("elsewhere", path_of(&a)), 0);
	CHECK(misses(&a));
	CHECK_INT(mkfifo(path_of(&b), 0600), 0);
	CHECK(misses(&b)); /* and does not wait for a writer */
	CHECK_INT(mkdir(path_of(&c), 0700), 0);
	CHECK(misses(&c));
}

static void used_at(const struct kernel_key *key, time_t when)
{
	const struct timespec times[2] = {{.tv_sec = when}, {.tv_sec = when}};

	if (utimensat(AT_FDCWD, path_of(key), times, 0))
		exit(T_BROKEN);
}

static void least_recently_used_goes_first(void)
{
	struct kernel_key a = key_of("a"), b = key_of("b"), c = key_of("c");
	static char big[1000];
	char other[512];
	struct err err = {0};

	empty();
	store(&a, big, sizeof big);
	store(&b, big, sizeof big);
	used_at(&a, 1000);
	used_at(&b, 2000);
	CHECK(hits(&a, big, sizeof big)); /* makes a the younger one */
	snprintf(other, sizeof other, "%s/notes.txt", dir);
	put_file(other, big, sizeof big);
	CHECK_OK(kernel_cache_store(dir, &c, big, sizeof big, 2500, &err), &err);
	CHECK(hits(&a, big, sizeof big));
	CHECK(misses(&b));
	CHECK(hits(&c, big, sizeof big));
	CHECK_INT(access(other, F_OK), 0);
	/* the newest stays even where it alone is too much */
	CHECK_OK(kernel_cache_store(dir, &b, big, sizeof big, 10, &err), &err);
	CHECK(misses(&a));
	CHECK(misses(&c));
	CHECK(hits(&b, big, sizeof big));
}

static void nothing_is_left_lying_about(void)
{
	struct kernel_key key = key_of("a");

	empty();
	store(&key, code, sizeof code);
	store(&key, code, sizeof code);
	CHECK_INT(tree_each(dir, NULL), 1);
}

static void what_is_too_long_is_not_kept(void)
{
	struct kernel_key key = key_of("a");
	struct err err = {0};

	empty();
	CHECK_ERR(kernel_cache_store(dir, &key, code, KERNEL_CACHE_ENTRY_MAX + 1, KERNEL_CACHE_MAX,
				     &err),
		  ERR_IO, &err);
	CHECK_ERR(kernel_cache_store(dir, &key, code, 0, KERNEL_CACHE_MAX, &err), ERR_IO, &err);
	CHECK(misses(&key));
}

#define WRITERS 4
#define ROUNDS  60

static int write_many(char letter)
{
	struct kernel_key key = key_of("contended");
	char bytes[20000];
	int i;

	memset(bytes, letter, sizeof bytes);
	for (i = 0; i < ROUNDS; i++)
		if (kernel_cache_store(dir, &key, bytes, sizeof bytes, 15000, NULL))
			return 1;
	return 0;
}

/* A hit has all bytes of one writer. */
static bool one_writers(const char *got, size_t len)
{
	size_t i;

	for (i = 1; i < len && got[i] == got[0]; i++)
		;
	return len == 20000 && i == len;
}

static void writers_at_once_do_not_mix(void)
{
	struct kernel_key key = key_of("contended");
	pid_t children[WRITERS];
	int i, status, hits_seen = 0;

	empty();
	fflush(stdout);
	for (i = 0; i < WRITERS; i++) {
		children[i] = fork();
		if (!children[i])
			_exit(write_many((char)('a' + i)));
	}
	for (i = 0; i < 20 * ROUNDS; i++) {
		void *got = NULL;
		size_t len = 0;

		if (!kernel_cache_load(dir, &key, &got, &len)) {
			hits_seen++;
			if (!CHECK(one_writers(got, len)))
				i = 20 * ROUNDS;
		}
		free(got);
	}
	for (i = 0; i < WRITERS; i++) {
		CHECK_INT(waitpid(children[i], &status, 0), children[i]);
		CHECK_INT(status, 0);
	}
	CHECK(!misses(&key));
	printf("     %d hits while %d wrote\n", hits_seen, WRITERS);
}

int main(void)
{
	const char *build = getenv("top_builddir");

	snprintf(dir, sizeof dir, "%s/tests/kernel-cache-%ld", build ? build : ".", (long)getpid());
	T_RUN(what_was_stored_is_loaded);
	T_RUN(another_key_misses);
	T_RUN(keys_see_where_texts_end);
	T_RUN(no_directory_is_a_miss_and_an_error);
	T_RUN(every_cut_is_a_miss);
	T_RUN(every_changed_byte_is_a_miss);
	T_RUN(an_entry_under_another_name_is_a_miss);
	T_RUN(links_and_pipes_are_misses);
	T_RUN(least_recently_used_goes_first);
	T_RUN(nothing_is_left_lying_about);
	T_RUN(what_is_too_long_is_not_kept);
	T_RUN(writers_at_once_do_not_mix);
	empty();
	return t_done();
}
