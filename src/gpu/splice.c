/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Putting programs into PTX.  The text is measured first, then written. */
#include <stdlib.h>
#include <string.h>

#include "src/gpu/backend.h"
#include "src/gpu/splice.h"

/* What is written so far; with at NULL it is only counted. */
struct sink {
	char *at;
	size_t len;
};

static void put(struct sink *to, const char *text, size_t len)
{
	if (to->at)
		memcpy(to->at + to->len, text, len);
	to->len += len;
}

/* A program that closed its own block too early, or not at all, would change the rest. */
static int check_blocks(const char *body, struct err *err)
{
	unsigned depth = 0;

	for (; *body; body++) {
		if (*body == '}' && !depth)
			break;
		depth += *body == '{';
		depth -= *body == '}';
	}
	if (!*body && !depth)
		return 0;
	return err_set(err, ERR_BUILD, "the program has a block without its other end");
}

/* The mark is alone on its line. */
static int check_line(const char *ptx, const char *mark, struct err *err)
{
	const char *after = mark + strlen(CODE_PTX_MARK);

	while (mark > ptx && (mark[-1] == ' ' || mark[-1] == '\t'))
		mark--;
	after += strspn(after, " \t\r");
	if ((mark == ptx || mark[-1] == '\n') && *after == '\n')
		return 0;
	return err_set(err, ERR_BUILD, "the template's mark is not on a line of its own");
}

static int walk(struct sink *to, const char *ptx, const char *body, struct err *err)
{
	const char *at = ptx, *mark;
	int rc;

	while ((mark = strstr(at, CODE_PTX_MARK))) {
		rc = check_line(ptx, mark, err);
		if (rc)
			return rc;
		mark = strchr(mark, '\n') + 1;
		put(to, at, (size_t)(mark - at));
		put(to, body, strlen(body));
		put(to, "\n" SPLICE_END "\n", strlen(SPLICE_END) + 2);
		if (to->len > SPLICE_MAX)
			return err_set(err, ERR_BUILD, "the template would become too long");
		at = mark;
	}
	if (at == ptx)
		return err_set(err, ERR_BUILD, "the template has no place for a program");
	put(to, at, strlen(at) + 1);
	return 0;
}

int splice(const char *ptx, const char *body, char **out, struct err *err)
{
	struct sink to = {0};
	int rc = check_blocks(body, err);

	if (!rc)
		rc = walk(&to, ptx, body, err);
	if (rc)
		return rc;
	to.at = malloc(to.len);
	if (!to.at)
		return err_set(err, ERR_NOMEM, "out of memory");
	to.len = 0;
	*out = to.at;
	return walk(&to, ptx, body, err);
}
