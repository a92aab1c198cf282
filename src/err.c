/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Errors: a code for programs, one line of text for people. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "src/err.h"

int err_set(struct err *err, int code, const char *fmt, ...)
{
	va_list ap;

	if (err) {
		err->code = code;
		va_start(ap, fmt);
		vsnprintf(err->text, sizeof err->text, fmt, ap);
		va_end(ap);
	}
	return -code;
}

void err_prefix(struct err *err, const char *fmt, ...)
{
	char old[ERR_TEXT_MAX];
	va_list ap;
	int used;

	if (!err)
		return;
	memcpy(old, err->text, sizeof old);
	va_start(ap, fmt);
	used = vsnprintf(err->text, sizeof err->text, fmt, ap);
	va_end(ap);
	if (used < 0 || (size_t)used >= sizeof err->text)
		return;
	/* Cutting is fine; gcc wants to see that we know. */
	if (snprintf(err->text + used, sizeof err->text - (size_t)used, ": %s", old) < 0)
		err->text[used] = '\0';
}

const char *err_word(int code)
{
	static const char *const words[ERR_CODES] = {"no error",
#define X(name, text) text,
						     ERR_LIST(X)
#undef X
	};

	if (code < 0)
		code = -code;
	return code < ERR_CODES ? words[code] : "unknown error";
}
