/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Small files of sysfs, as if an enemy had written them. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "src/sensor/hwmon.h"
#include "src/str.h"

#define CHILDREN_MAX 4096 /* directory entries looked at */
#define CHILD_MOST   99999

/* Never a pipe or a device: only sysfs' own files, which are regular ones, answer at once. */
static int open_file(int dir, const char *name, int flags)
{
	int fd = openat(dir, name, flags | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct stat st;

	if (fd >= 0 && (fstat(fd, &st) || !S_ISREG(st.st_mode))) {
		close(fd);
		errno = EINVAL;
		return -1;
	}
	return fd;
}

int hwmon_bytes(int dir, const char *name, void *out, size_t size)
{
	int fd = open_file(dir, name, O_RDONLY);
	size_t have = 0;
	ssize_t n = 0;

	if (fd < 0)
		return -1;
	while (have < size) {
		n = read(fd, (char *)out + have, size - have);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		have += (size_t)n;
	}
	close(fd);
	return n < 0 ? -1 : (int)have;
}

bool hwmon_text(int dir, const char *name, char out[HWMON_TEXT_MAX])
{
	int n = hwmon_bytes(dir, name, out, HWMON_TEXT_MAX);

	if (n <= 0 || n >= HWMON_TEXT_MAX || memchr(out, '\0', (size_t)n))
		return false;
	if (out[n - 1] == '\n')
		n--;
	out[n] = '\0';
	return n > 0;
}

bool hwmon_number(int dir, const char *name, int64_t min, int64_t max, int64_t *out)
{
	char text[HWMON_TEXT_MAX];

	return hwmon_text(dir, name, text) && !str_to_i64(out, text, min, max);
}

static int refused(const char *name, bool opening, int why, struct err *err)
{
	switch (why) {
	case EACCES:
	case EROFS:
		return err_set(err, ERR_PERM,
			       "may not write %s (%s): run as root, or let a udev rule give this "
			       "user the file",
			       name, strerror(why));
	case EPERM: /* amdgpu and xe say so while the card is reset or asleep */
		if (!opening)
			return err_set(err, ERR_BUSY,
				       "%s: the driver takes no setting now (card in reset, or "
				       "asleep)",
				       name);
		return err_set(err, ERR_PERM, "may not write %s: run as root", name);
	case ENODEV:
		return err_set(err, ERR_NODEV, "%s: the card has gone", name);
	case ENOENT:
		return err_set(err, ERR_DEVICE,
			       "the driver has no %s for this card: it can not "
			       "be set",
			       name);
	default:
		return err_set(err, ERR_DEVICE, "the driver refuses what is written to %s: %s",
			       name, strerror(why));
	}
}

int hwmon_write(int dir, const char *name, int64_t value, struct err *err)
{
	int fd = open_file(dir, name, O_WRONLY | O_TRUNC), why;
	char text[32];
	ssize_t n;
	int len;

	if (fd < 0)
		return refused(name, true, errno, err);
	len = snprintf(text, sizeof text, "%lld\n", (long long)value);
	do
		n = write(fd, text, (size_t)len); /* one write is one setting */
	while (n < 0 && errno == EINTR);
	why = n < 0 ? errno : EIO;
	close(fd);
	return n == len ? 0 : refused(name, false, why, err);
}

static bool child_fits(DIR *d, const char *name, const char *prefix, uint64_t *n,
		       bool (*fits)(int child, const char *arg), const char *arg)
{
	size_t len = strlen(prefix);
	bool ok;
	int fd;

	if (strncmp(name, prefix, len) || str_to_u64(n, name + len, 0, CHILD_MOST))
		return false;
	fd = openat(dirfd(d), name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return false;
	ok = !fits || fits(fd, arg);
	close(fd);
	return ok;
}

bool hwmon_child(int dir, const char *sub, const char *prefix, unsigned *n,
		 bool (*fits)(int child, const char *arg), const char *arg)
{
	int fd = openat(dir, sub, O_RDONLY | O_DIRECTORY | O_CLOEXEC), left = CHILDREN_MAX;
	DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
	struct dirent *e;
	bool found = false;
	uint64_t at;

	if (!d) {
		if (fd >= 0)
			close(fd);
		return false;
	}
	while (left-- && (e = readdir(d))) {
		if (!child_fits(d, e->d_name, prefix, &at, fits, arg) || (found && at > *n))
			continue;
		*n = (unsigned)at;
		found = true;
	}
	closedir(d);
	return found;
}
