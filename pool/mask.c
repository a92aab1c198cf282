/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Users as others may see them. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "pool/mask.h"
#include "src/err.h"
#include "src/str.h"

#define SHORT 8 /* letters that are no wallet */

void mask_user(char *out, size_t size, const char *user)
{
	size_t len = strlen(user);

	if (len <= SHORT)
		str_copy(out, size, user);
	else
		snprintf(out, size, "%.4s...%s", user, user + len - 4);
}

static void mask_name(char *text, size_t size, const char *name)
{
	char masked[16], out[ERR_TEXT_MAX];
	size_t len = strlen(name), n = 0, i = 0;

	if (len <= SHORT)
		return;
	mask_user(masked, sizeof masked, name);
	while (text[i] && n + sizeof masked < sizeof out) {
		if (strncasecmp(text + i, name, len)) {
			out[n++] = text[i++];
			continue;
		}
		memcpy(out + n, masked, strlen(masked));
		n += strlen(masked);
		i += len;
	}
	out[n] = '\0';
	str_copy(text, size, out);
}

void mask_user_in(char *text, size_t size, const char *user)
{
	char wallet[256];
	size_t len = strcspn(user, "./");

	mask_name(text, size, user);
	if (len < sizeof wallet && user[len]) {
		memcpy(wallet, user, len);
		wallet[len] = '\0';
		mask_name(text, size, wallet);
	}
}
