/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Requests that do not say whose they are.  cgminer's and ccminer's clients send the same bytes
 * for "summary"; both split the answer at '|' and look for the section they know, so the answer
 * is cgminer's with ccminer's record after it.
 */
#include <stdlib.h>
#include <string.h>

#include "src/api/tool.h"

/* Whose is it?  "summary|", with nothing after it, is how ccminer's own client asks. */
static bool is_both(const char *text, size_t len)
{
	static const char word[] = "summary";

	while (len && strchr("\r\n", text[len - 1])) /* also a NUL */
		len--;
	return len == sizeof word - 1 && !memcmp(text, word, len);
}

/* cgminer's answer without the NUL it ends with. */
static int answer_begin(const struct api_call *call, const char *text, size_t len,
			struct evbuffer *out)
{
	struct evbuffer *whole = evbuffer_new();
	int rc = whole ? api_cgminer(call, text, len, whole) : -ERR_NOMEM;

	if (!rc)
		rc = evbuffer_remove_buffer(whole, out, evbuffer_get_length(whole) - 1) < 0
			     ? -ERR_NOMEM
			     : 0;
	if (whole)
		evbuffer_free(whole);
	return rc;
}

int api_tool_text(const struct api_call *call, const char *text, size_t len, struct evbuffer *out)
{
	int rc;

	if (call->right == API_NOTHING)
		return api_cgminer(call, text, len, out);
	if (is_both(text, len)) {
		rc = answer_begin(call, text, len, out);
		return rc ? rc : api_ccminer(call, text, len, out);
	}
	rc = api_ccminer(call, text, len, out);
	return rc == -ERR_UNKNOWN ? api_cgminer(call, text, len, out) : rc;
}

/* cgminer's requests are text or JSON; its renderer reads both by itself. */
int api_tool_object(const struct api_call *call, const json_t *request, struct evbuffer *out)
{
	int rc = api_claymore(call, request, out);
	char *text;

	if (rc == -ERR_UNKNOWN)
		rc = api_ewbf(call, request, out);
	if (rc != -ERR_UNKNOWN || !json_is_string(json_object_get(request, "command")))
		return rc;
	text = json_dumps(request, JSON_COMPACT);
	rc = text ? api_cgminer(call, text, strlen(text), out) : -ERR_NOMEM;
	free(text);
	return rc ? rc : 1;
}
