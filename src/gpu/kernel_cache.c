/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Compiled kernels kept on disk, one file each.  Uses O_CLOEXEC, openat and futimens. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/evp.h>

#include "src/gpu/kernel_cache.h"
#include "src/bytes.h"
#include "src/hex.h"

/*
 * A file is: magic, format version (le32), zero (le32), length (le64), key, SHA-256 of the
 * code, code.  The name is the key in hex; the key inside catches renamed files.
 */
#define MAGIC       "ADITKERN"
#define FORMAT      1
#define HEAD_LEN    (8 + 4 + 4 + 8 + 32 + 32)
#define NAME_LEN    (64 + 5)
#define SUFFIX      ".kern"
#define TEMP_PREFIX ".new-"

static void sha256(uint8_t out[32], const void *bytes, size_t len)
{
	if (EVP_Digest(bytes, len, out, NULL, EVP_sha256(), NULL) != 1)
		abort(); /* OpenSSL without SHA-256 cannot be worked with */
}

struct kernel_key kernel_key_of(const char *const *texts, size_t n)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	struct kernel_key key;
	size_t i;

	if (!ctx || EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) != 1)
		abort();
	for (i = 0; i < n; i++)
		if (EVP_DigestUpdate(ctx, texts[i], strlen(texts[i]) + 1) != 1)
			abort();
	if (EVP_DigestFinal_ex(ctx, key.bytes, NULL) != 1)
		abort();
	EVP_MD_CTX_free(ctx);
	return key;
}

static void name_of(char name[NAME_LEN + 1], const struct kernel_key *key)
{
	hex_encode(name, key->bytes, sizeof key->bytes);
	memcpy(name + 64, SUFFIX, sizeof SUFFIX);
}

static int open_dir(const char *dir)
{
	return dir && *dir ? open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
}

static int read_all(int fd, uint8_t *to, size_t len)
{
	while (len) {
		ssize_t n = read(fd, to, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -ERR_IO;
		to += n;
		len -= (size_t)n;
	}
	return 0;
}

static int write_all(int fd, const uint8_t *from, size_t len)
{
	while (len) {
		ssize_t n = write(fd, from, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -ERR_IO;
		from += n;
		len -= (size_t)n;
	}
	return 0;
}

static void head_put(uint8_t head[HEAD_LEN], const struct kernel_key *key, const void *code,
		     size_t len)
{
	memcpy(head, MAGIC, 8);
	le32_put(head + 8, FORMAT);
	le32_put(head + 12, 0);
	le64_put(head + 16, len);
	memcpy(head + 24, key->bytes, 32);
	sha256(head + 56, code, len);
}

/* The code length a file's own facts allow, or 0. */
static size_t entry_len(int fd)
{
	struct stat st;

	if (fstat(fd, &st) || !S_ISREG(st.st_mode) || st.st_uid != geteuid())
		return 0;
	if (st.st_size <= HEAD_LEN || st.st_size > (off_t)(KERNEL_CACHE_ENTRY_MAX + HEAD_LEN))
		return 0;
	return (size_t)st.st_size - HEAD_LEN;
}

static int load_fd(int fd, const struct kernel_key *key, void **out, size_t *out_len)
{
	uint8_t head[HEAD_LEN], want[HEAD_LEN];
	size_t len = entry_len(fd);
	uint8_t *code;

	if (!len || read_all(fd, head, sizeof head))
		return -ERR_UNKNOWN;
	code = malloc(len + 1);
	if (!code)
		return -ERR_NOMEM;
	if (read_all(fd, code, len)) {
		free(code);
		return -ERR_UNKNOWN;
	}
	head_put(want, key, code, len);
	if (memcmp(head, want, sizeof want)) {
		free(code);
		return -ERR_UNKNOWN;
	}
	code[len] = 0;
	*out = code;
	*out_len = len;
	return 0;
}

int kernel_cache_load(const char *dir, const struct kernel_key *key, void **out, size_t *len)
{
	int rc = -ERR_UNKNOWN, fd = -1, dirfd = open_dir(dir);
	char name[NAME_LEN + 1];

	name_of(name, key);
	if (dirfd >= 0)
		fd = openat(dirfd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd >= 0)
		rc = load_fd(fd, key, out, len);
	if (!rc)
		(void)futimens(fd, NULL); /* its age says how long it was not used */
	if (fd >= 0)
		close(fd);
	if (dirfd >= 0)
		close(dirfd);
	return rc;
}

struct entry {
	char name[NAME_LEN + 1];
	struct timespec used;
	uint64_t size;
};

static int older(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	if (x->used.tv_sec != y->used.tv_sec)
		return x->used.tv_sec < y->used.tv_sec ? -1 : 1;
	if (x->used.tv_nsec != y->used.tv_nsec)
		return x->used.tv_nsec < y->used.tv_nsec ? -1 : 1;
	return strcmp(x->name, y->name);
}

static int is_entry(const char *name)
{
	return strlen(name) == NAME_LEN && !strcmp(name + 64, SUFFIX);
}

#define ENTRIES_MAX 4096

/* Our own files in the directory; the total size is returned. */
static uint64_t list(int dirfd, struct entry *all, size_t *n)
{
	int fd = dup(dirfd);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	struct dirent *d;
	struct stat st;
	uint64_t total = 0;

	*n = 0;
	if (!dir) {
		if (fd >= 0)
			close(fd);
		return 0;
	}
	rewinddir(dir);
	while (*n < ENTRIES_MAX && (d = readdir(dir))) {
		if (!is_entry(d->d_name) || fstatat(dirfd, d->d_name, &st, AT_SYMLINK_NOFOLLOW))
			continue;
		memcpy(all[*n].name, d->d_name, NAME_LEN + 1);
		all[*n].used = st.st_mtim;
		all[*n].size = (uint64_t)st.st_size;
		total += all[(*n)++].size;
	}
	closedir(dir);
	return total;
}

static void evict(int dirfd, const char *keep, uint64_t max)
{
	struct entry *all = malloc(ENTRIES_MAX * sizeof *all);
	uint64_t total;
	size_t n, i;

	if (!all)
		return;
	total = list(dirfd, all, &n);
	if (total > max)
		qsort(all, n, sizeof *all, older);
	for (i = 0; i < n && total > max; i++)
		if (strcmp(all[i].name, keep) && !unlinkat(dirfd, all[i].name, 0))
			total -= all[i].size;
	free(all);
}

/* Written aside and renamed, so that a reader sees a whole file or none. */
static int store_at(int dirfd, const char *name, const uint8_t head[HEAD_LEN], const void *code,
		    size_t len)
{
	char temp[64];
	int fd, rc;

	snprintf(temp, sizeof temp, TEMP_PREFIX "%ld-%.16s", (long)getpid(), name);
	(void)unlinkat(dirfd, temp, 0); /* left by a process of the same number that died */
	fd = openat(dirfd, temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -ERR_IO;
	rc = write_all(fd, head, HEAD_LEN);
	if (!rc)
		rc = write_all(fd, code, len);
	if (close(fd))
		rc = -ERR_IO;
	if (!rc && renameat(dirfd, temp, dirfd, name))
		rc = -ERR_IO;
	if (rc)
		(void)unlinkat(dirfd, temp, 0);
	return rc;
}

/* dir and its parent: ~/.cache may not be there yet on a fresh rig. */
static void make_dir(const char *dir)
{
	char parent[1024];
	char *slash;
	size_t len = strlen(dir);

	if (!mkdir(dir, 0700) || errno != ENOENT || len >= sizeof parent)
		return;
	memcpy(parent, dir, len + 1);
	slash = strrchr(parent, '/');
	if (!slash || slash == parent)
		return;
	*slash = 0;
	(void)mkdir(parent, 0700);
	(void)mkdir(dir, 0700);
}

int kernel_cache_store(const char *dir, const struct kernel_key *key, const void *code, size_t len,
		       uint64_t max, struct err *err)
{
	uint8_t head[HEAD_LEN];
	char name[NAME_LEN + 1];
	int dirfd, rc;

	if (!dir || !*dir || !len || len > KERNEL_CACHE_ENTRY_MAX)
		return err_set(err, ERR_IO, "kernel cache: nothing to keep, or nowhere");
	make_dir(dir);
	dirfd = open_dir(dir);
	if (dirfd < 0)
		return err_set(err, ERR_IO, "kernel cache %s: %s", dir, strerror(errno));
	name_of(name, key);
	head_put(head, key, code, len);
	rc = store_at(dirfd, name, head, code, len);
	if (rc)
		err_set(err, ERR_IO, "kernel cache %s: %s", dir, strerror(errno));
	else
		evict(dirfd, name, max);
	close(dirfd);
	return rc;
}
