/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reading requests and writing answers of HTTP/1. */
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "src/api/http.h"
#include "src/err.h"
#include "src/str.h"

#define TOKEN_CHARACTERS                                                                           \
 "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

static const char *const names[HTTP_FIELDS] = {
	[HTTP_HOST] = "host",
	[HTTP_ORIGIN] = "origin",
	[HTTP_TYPE] = "content-type",
	[HTTP_AUTH] = "authorization",
	[HTTP_LENGTH] = "content-length",
	[HTTP_CODING] = "transfer-encoding",
	[HTTP_CONNECTION] = "connection",
	[HTTP_FETCH_SITE] = "sec-fetch-site",
	[HTTP_FETCH_MODE] = "sec-fetch-mode",
	[HTTP_FETCH_DEST] = "sec-fetch-dest",
	[HTTP_ACCEPT] = "accept",
	[HTTP_LAST_EVENT] = "last-event-id",
};

static bool copy(char *out, size_t size, const char *from, size_t len)
{
	if (len >= size)
		return false;
	memcpy(out, from, len);
	out[len] = '\0';
	return true;
}

/* "GET /path?query HTTP/1.1" */
static int parse_first(struct http_request *r, const char *line, size_t len)
{
	const char *end = line + len, *target, *version;
	size_t n;

	target = memchr(line, ' ', len);
	if (!target || target == line ||
	    !copy(r->method, sizeof r->method, line, (size_t)(target - line)))
		return 400;
	if (strspn(r->method, TOKEN_CHARACTERS) != strlen(r->method))
		return 400;
	target++;
	version = memchr(target, ' ', (size_t)(end - target));
	if (!version || *target != '/')
		return 400;
	n = (size_t)(version - target);
	version++;
	if (end - version != 8 || memcmp(version, "HTTP/1.", 7) ||
	    (version[7] != '0' && version[7] != '1'))
		return 505;
	if (!copy(r->path, sizeof r->path, target, n))
		return 414;
	n = strcspn(r->path, "?");
	if (r->path[n])
		str_copy(r->query, sizeof r->query, r->path + n + 1);
	r->path[n] = '\0';
	r->keep = version[7] == '1';
	return 0;
}

/* One more value of a list; what does not fit is left out. */
static void append(char *out, size_t size, const char *value, size_t len)
{
	size_t used = strlen(out);

	snprintf(out + used, size - used, "%s%.*s", used ? ", " : "", (int)len, value);
}

static int keep(struct http_request *r, const char *name, size_t name_len, const char *value,
		size_t len)
{
	size_t i;

	for (i = 0; i < HTTP_FIELDS; i++) {
		if (strlen(names[i]) != name_len || strncasecmp(names[i], name, name_len))
			continue;
		if (i < HTTP_ACCEPT && r->has[i]) /* which of them counts? */
			return 400;
		r->has[i] = true;
		if (i >= HTTP_ACCEPT) {
			append(r->field[i], sizeof r->field[i], value, len);
			return 0;
		}
		return copy(r->field[i], sizeof r->field[i], value, len) ? 0 : 431;
	}
	return 0;
}

/* "Name: value" */
static int parse_header(struct http_request *r, const char *line, size_t len)
{
	const char *colon = memchr(line, ':', len), *end = line + len, *value;
	size_t name_len;

	if (!colon || colon == line)
		return 400;
	for (name_len = 0; line + name_len < colon; name_len++)
		if (!strchr(TOKEN_CHARACTERS, line[name_len]))
			return 400;
	value = colon + 1;
	while (value < end && (*value == ' ' || *value == '\t'))
		value++;
	while (end > value && (end[-1] == ' ' || end[-1] == '\t'))
		end--;
	return keep(r, line, name_len, value, (size_t)(end - value));
}

/* No control bytes but the CR LF of line ends and tabs. */
static bool clean(const char *data, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++) {
		unsigned char c = (unsigned char)data[i];

		if (c == '\r'   ? i + 1 == len || data[i + 1] != '\n'
		    : c == '\n' ? !i || data[i - 1] != '\r'
				: (c < ' ' && c != '\t') || c == 0x7f)
			return false;
	}
	return true;
}

static int parse_head(struct http_request *r, const char *data)
{
	const char *at = data, *end = data + r->head - 2;
	int rc = 0;

	while (!rc && at < end) {
		const char *eol = memchr(at, '\r', (size_t)(end - at) + 1);
		size_t len = (size_t)(eol - at);

		rc = at == data ? parse_first(r, at, len) : parse_header(r, at, len);
		at = eol + 2;
	}
	return rc;
}

static int check_body(struct http_request *r)
{
	uint64_t length = 0;

	if (r->has[HTTP_CODING])
		return 501;
	if (r->has[HTTP_LENGTH]) {
		const char *text = r->field[HTTP_LENGTH];

		if (!*text || strspn(text, "0123456789") != strlen(text))
			return 400;
		if (str_to_u64(&length, text, 0, HTTP_BODY_MAX))
			return 413;
	} else if (!strcmp(r->method, "POST")) {
		return 411;
	}
	r->body = (size_t)length;
	return 0;
}

/* "USER:PASSWORD" in base64: the password. */
static void decode_basic(struct http_request *r, const char *text)
{
	unsigned char plain[400];
	size_t len = strlen(text);
	const char *password;
	int n;

	if (!len || len % 4 || len / 4 * 3 >= sizeof plain)
		return;
	n = EVP_DecodeBlock(plain, (const unsigned char *)text, (int)len);
	n -= (text[len - 1] == '=') + (text[len - 2] == '=');
	if (n < 0)
		return;
	plain[n] = '\0';
	password = memchr(plain, ':', (size_t)n);
	if (password && strlen((const char *)plain) == (size_t)n)
		str_copy(r->token, sizeof r->token, password + 1);
}

static void read_token(struct http_request *r)
{
	const char *text = r->field[HTTP_AUTH];

	if (!r->has[HTTP_AUTH])
		return;
	if (!strncasecmp(text, "Bearer ", 7)) {
		r->has_token = true;
		str_copy(r->token, sizeof r->token, text + 7 + strspn(text + 7, " "));
	} else if (!strncasecmp(text, "Basic ", 6)) {
		r->has_token = true;
		decode_basic(r, text + 6 + strspn(text + 6, " "));
	}
}

/* "keep-alive, Close" says close. */
static bool has_word(const char *list, const char *word)
{
	size_t len = strlen(word), n;

	while (*list) {
		list += strspn(list, " \t,");
		n = strcspn(list, " \t,");
		if (n == len && !strncasecmp(list, word, n))
			return true;
		list += n;
	}
	return false;
}

/* The end of the head, or NULL. */
static const char *find_end(const char *data, size_t len)
{
	size_t i;

	for (i = 0; i + 4 <= len; i++)
		if (!memcmp(data + i, "\r\n\r\n", 4))
			return data + i;
	return NULL;
}

int http_parse(struct http_request *out, const char *data, size_t len)
{
	const char *end = find_end(data, len > HTTP_HEAD_MAX ? HTTP_HEAD_MAX : len);
	int rc;

	memset(out, 0, sizeof *out);
	if (!end) {
		if (len >= HTTP_HEAD_MAX)
			return 431;
		/* a line that ends in LF alone will never become a head */
		return clean(data, len && data[len - 1] == '\r' ? len - 1 : len) ? 0 : 400;
	}
	out->head = (size_t)(end - data) + 4;
	if (!clean(data, out->head))
		return 400;
	rc = parse_head(out, data);
	if (!rc)
		rc = check_body(out);
	if (rc)
		return rc;
	read_token(out);
	if (has_word(out->field[HTTP_CONNECTION], "close"))
		out->keep = false;
	return len - out->head >= out->body ? 1 : 0;
}

const char *http_field(const struct http_request *r, enum http_field f)
{
	return r->has[f] ? r->field[f] : NULL;
}

const char *http_token(const struct http_request *r)
{
	return r->has_token ? r->token : NULL;
}

bool http_query(const struct http_request *r, const char *name, char *out, size_t size)
{
	size_t len = strlen(name), n;
	const char *at = r->query;

	while (*at) {
		n = strcspn(at, "&");
		if (n > len && !memcmp(at, name, len) && at[len] == '=')
			return copy(out, size, at + len + 1, n - len - 1);
		at += n + (at[n] == '&');
	}
	return false;
}

const char *http_word(int status)
{
	static const struct {
		int status;
		const char *word;
	} all[] = {{200, "OK"},
		   {204, "No Content"},
		   {400, "Bad Request"},
		   {401, "Unauthorized"},
		   {403, "Forbidden"},
		   {404, "Not Found"},
		   {405, "Method Not Allowed"},
		   {408, "Request Timeout"},
		   {411, "Length Required"},
		   {413, "Content Too Large"},
		   {414, "URI Too Long"},
		   {415, "Unsupported Media Type"},
		   {429, "Too Many Requests"},
		   {431, "Request Header Fields Too Large"},
		   {500, "Internal Server Error"},
		   {501, "Not Implemented"},
		   {503, "Service Unavailable"},
		   {505, "HTTP Version Not Supported"}};
	size_t i;

	for (i = 0; i < sizeof all / sizeof all[0]; i++)
		if (all[i].status == status)
			return all[i].word;
	return "Error";
}

/* line, unless extra has a header of that name. */
static const char *unless_said(const char *extra, const char *name, const char *line)
{
	return strstr(extra, name) ? "" : line;
}

/* What of the head is about the body; a status without one has nothing to say of it. */
static int describe_body(struct evbuffer *out, const struct http_reply *r, const char *type,
			 size_t len)
{
	if (r->status == 204)
		return 0;
	if (evbuffer_add_printf(out, "Content-Type: %s\r\n", type) < 0)
		return -1;
	return r->stream ? 0 : evbuffer_add_printf(out, "Content-Length: %zu\r\n", len);
}

int http_answer(struct evbuffer *out, const struct http_reply *r)
{
	char line[64] = "";
	const char *type = r->type, *extra = r->extra ? r->extra : "";
	size_t len = r->body ? evbuffer_get_length(r->body) : 0;

	if (!r->body && r->status >= 400) {
		len = (size_t)snprintf(line, sizeof line, "%d %s\n", r->status,
				       http_word(r->status));
		type = "text/plain; charset=utf-8";
	}
	if (evbuffer_add_printf(out, "HTTP/1.1 %d %s\r\n", r->status, http_word(r->status)) < 0 ||
	    describe_body(out, r, type, len) < 0 ||
	    evbuffer_add_printf(out,
				"%s%s%s"
				"X-Content-Type-Options: nosniff\r\n"
				"X-Frame-Options: DENY\r\n"
				"Referrer-Policy: no-referrer\r\n"
				"%s\r\n%s",
				r->keep ? "" : "Connection: close\r\n",
				unless_said(extra, "Cache-Control:", "Cache-Control: no-store\r\n"),
				unless_said(extra, "Content-Security-Policy:",
					    "Content-Security-Policy: default-src 'none'\r\n"),
				extra, line) < 0)
		return -ERR_NOMEM;
	return r->body && evbuffer_add_buffer(out, r->body) ? -ERR_NOMEM : 0;
}
