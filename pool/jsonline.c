/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Dialects of one JSON object a line: what they have in common. */
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "pool/jsonline.h"
#include "src/str.h"

/* ---- out ---- */

int jsonline_send(struct client *c, json_t *line)
{
	char *text = line ? json_dumps(line, JSON_COMPACT | JSON_ENSURE_ASCII) : NULL;
	size_t len = text ? strlen(text) : 0;
	int rc = -ERR_NOMEM;

	if (text) {
		text[len] = '\n'; /* in place of the NUL */
		rc = client_send(c, text, len + 1);
	}
	free(text);
	json_decref(line);
	return rc;
}

int jsonline_request(struct client *c, uint32_t id, const char *method, json_t *params)
{
	return jsonline_send(c, json_pack("{s:I, s:s, s:o}", "id", (json_int_t)id, "method", method,
					  "params", params));
}

/* The id goes back as it came, type and all. */
static int answer(struct client *c, json_t *id, const struct jsonline_method *m)
{
	json_t *result;

	if (!id || json_is_null(id))
		return 0;
	if (!m)
		return jsonline_send(c, json_pack("{s:O, s:n, s:[i, s, n]}", "id", id, "result",
						  "error", 38, "unknown method"));
	if (!m->result)
		result = json_true();
	else if (!strcmp(m->result, "@agent"))
		result = json_string(client_agent(c));
	else if (!strcmp(m->result, "@algo"))
		result = json_string(client_algo(c)->name);
	else
		result = json_string(m->result);
	return jsonline_send(c, json_pack("{s:O, s:o, s:n}", "id", id, "result", result, "error"));
}

/* ---- in ---- */

static bool answer_id(const json_t *v, uint32_t *out)
{
	uint64_t n;

	if (json_is_integer(v) && json_integer_value(v) > 0 && json_integer_value(v) <= 65535)
		*out = (uint32_t)json_integer_value(v);
	else if (json_is_real(v) && json_real_value(v) >= 1 && json_real_value(v) <= 65535)
		*out = (uint32_t)json_real_value(v);
	else if (json_is_string(v) && !str_to_u64(&n, json_string_value(v), 1, 65535))
		*out = (uint32_t)n;
	else
		return false;
	return true;
}

static int bad_line(struct client *c, unsigned *bad_lines, const char *text, size_t len,
		    const char *why, struct err *err)
{
	char reason[96], shown[96];

	/* jansson quotes what it could not read, escape characters and all */
	client_note(c, NOTE_WARNING, "line skipped (%s): %s",
		    str_printable(reason, sizeof reason, why, strlen(why)),
		    str_printable(shown, sizeof shown, text, len));
	if (++*bad_lines >= BAD_LINES_MAX)
		return err_set(err, ERR_PROTO, "%d malformed lines in a row", BAD_LINES_MAX);
	return 0;
}

static int on_object(struct client *c, const struct jsonline_events *events, json_t *line,
		     struct err *err)
{
	const char *method = json_string_value(json_object_get(line, "method"));
	uint32_t id;

	if (method)
		return events->call(c, line, method, err);
	if (answer_id(json_object_get(line, "id"), &id))
		return events->answer(c, line, id, err);
	return events->push ? events->push(c, line, err) : 0;
}

static int on_line(struct client *c, const struct jsonline_events *events, unsigned *bad_lines,
		   const char *text, size_t len, struct err *err)
{
	json_error_t why;
	json_t *line = json_loadb(text, len, 0, &why);
	int rc;

	if (!line)
		return bad_line(c, bad_lines, text, len, why.text, err);
	if (!json_is_object(line)) {
		rc = bad_line(c, bad_lines, text, len, "not an object", err);
	} else {
		*bad_lines = 0;
		rc = on_object(c, events, line, err);
	}
	json_decref(line);
	return rc;
}

long jsonline_feed(struct client *c, const struct jsonline_events *events, unsigned *bad_lines,
		   const uint8_t *data, size_t len, struct err *err)
{
	const uint8_t *end = memchr(data, '\n', len);
	size_t line = end ? (size_t)(end - data) : len, used = line + 1;
	int rc;

	if (!end && len < LINE_MAX_BYTES)
		return 0;
	if (!end || line > LINE_MAX_BYTES)
		return err_set(err, ERR_PROTO, "a line longer than %u bytes", LINE_MAX_BYTES);
	while (line && isspace(data[line - 1]))
		line--;
	while (line && isspace(*data)) {
		data++;
		line--;
	}
	rc = line ? on_line(c, events, bad_lines, (const char *)data, line, err) : 0;
	return rc ? rc : (long)used;
}

/* ---- calls ---- */

int jsonline_call(struct client *c, json_t *line, const char *name,
		  const struct jsonline_method *methods, size_t n)
{
	const struct jsonline_method *m = NULL;
	json_t *params = json_object_get(line, "params");
	struct err bad = {0};
	size_t i;

	for (i = 0; i < n; i++)
		if (!strcmp(methods[i].name, name))
			m = &methods[i];
	if (m && m->take(c, params, &bad))
		client_note(c, NOTE_WARNING, "%s; ignored", bad.text);
	return answer(c, json_object_get(line, "id"), m);
}

bool jsonline_host(const char *name)
{
	return !name[strspn(
		name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_:[]")];
}

int jsonline_reconnect(struct client *c, json_t *params, struct err *err)
{
	const json_t *host = json_array_get(params, 0);
	const char *name = json_is_string(host) ? json_string_value(host) : "";

	if (!jsonline_host(name))
		return err_set(err, ERR_PROTO, "client.reconnect: malformed host");
	client_redirect(c, name, (unsigned)jsonline_number(json_array_get(params, 1), 65535),
			(unsigned)jsonline_number(json_array_get(params, 2), 3600));
	return 0;
}

int jsonline_message(struct client *c, json_t *params, struct err *err)
{
	const json_t *v = json_array_get(params, 0);
	char text[512];

	(void)err;
	if (json_is_string(v))
		client_note(c, NOTE_INFO, "the pool says: %s",
			    str_printable(text, sizeof text, json_string_value(v),
					  json_string_length(v)));
	return 0;
}

int jsonline_ignore(struct client *c, json_t *params, struct err *err)
{
	(void)c;
	(void)params;
	(void)err;
	return 0;
}

/* ---- answers ---- */

bool jsonline_failed(const json_t *line)
{
	const json_t *error = json_object_get(line, "error");

	return error && !json_is_null(error) && !json_is_true(json_object_get(line, "result"));
}

char *jsonline_error(char *out, size_t size, const json_t *error)
{
	const json_t *text = error;

	if (json_is_array(error))
		text = json_is_string(json_array_get(error, 1)) ? json_array_get(error, 1)
								: json_array_get(error, 0);
	else if (json_is_object(error))
		text = json_object_get(error, "message");
	if (json_is_string(text))
		return str_printable(out, size, json_string_value(text), json_string_length(text));
	out[0] = '\0';
	return out;
}

int64_t jsonline_code(const json_t *error)
{
	if (json_is_array(error))
		return json_integer_value(json_array_get(error, 0));
	if (json_is_object(error))
		return json_integer_value(json_object_get(error, "code"));
	return 0;
}

static bool has_words(const char *text, const char *words)
{
	size_t len = strlen(words);

	for (; *text; text++)
		if (!strncasecmp(text, words, len))
			return true;
	return false;
}

bool jsonline_unknown_method(const json_t *error)
{
	char text[96];
	int64_t code = jsonline_code(error);

	jsonline_error(text, sizeof text, error);
	return code == -32601 || code == -3 || code == 38 || has_words(text, "method") ||
	       has_words(text, "not supported");
}

enum client_verdict jsonline_verdict(const json_t *error, const char *text)
{
	static const char *const stale[] = {"stale",       "job not found", "invalid job",
					    "unknown job", "old job",       "wrong work"};
	size_t i;

	for (i = 0; i < sizeof stale / sizeof *stale; i++)
		if (has_words(text, stale[i]))
			return VERDICT_STALE;
	return jsonline_code(error) == 21 && !*text ? VERDICT_STALE : VERDICT_REJECTED;
}

void jsonline_submitted(struct client *c, const json_t *line, uint32_t id)
{
	const json_t *result = json_object_get(line, "result");
	const json_t *error = json_object_get(line, "error");
	char why[96];

	if (json_is_array(result)) { /* [false, "reason"] */
		error = result;
		result = json_array_get(result, 0);
	}
	if (json_is_true(result) ||
	    (json_is_string(result) && !strcasecmp(json_string_value(result), "ok"))) {
		client_answer(c, id, VERDICT_ACCEPTED, NULL);
		return;
	}
	jsonline_error(why, sizeof why, error);
	client_answer(c, id, jsonline_verdict(error, why), why);
}

int jsonline_refused(struct client *c, const json_t *error, struct err *err)
{
	char why[96];

	return err_set(err, ERR_AUTH, "the pool refuses user '%s'%s%s: check -u and -p",
		       client_user(c), error && !json_is_null(error) ? ": " : "",
		       jsonline_error(why, sizeof why, error));
}

/* ---- values ---- */

uint64_t jsonline_number(const json_t *v, uint64_t max)
{
	uint64_t n = 0;

	if (json_is_integer(v) && json_integer_value(v) > 0)
		n = (uint64_t)json_integer_value(v);
	else if (json_is_string(v) && str_to_u64(&n, json_string_value(v), 0, max))
		n = 0;
	return n > max ? max : n;
}

int jsonline_difficulty(double *out, const json_t *v, struct err *err)
{
	double d = json_is_number(v) ? json_number_value(v) : -1;

	if (json_is_string(v) && str_to_double(&d, json_string_value(v)))
		d = -1;
	if (!isfinite(d) || d < 0)
		return err_set(err, ERR_PROTO, "mining.set_difficulty: not a positive number");
	*out = d;
	return 0;
}

int jsonline_job_id(char id[JOB_ID_MAX], bool *is_number, const json_t *v, struct err *err)
{
	*is_number = json_is_integer(v);
	if (*is_number) {
		snprintf(id, JOB_ID_MAX, "%lld", (long long)json_integer_value(v));
		return 0;
	}
	if (!json_is_string(v) || !str_copy(id, JOB_ID_MAX, json_string_value(v)))
		return err_set(err, ERR_PROTO,
			       "mining.notify: the job id is not a string of at most 127 "
			       "characters");
	return 0;
}

json_t *jsonline_job_id_back(const char *id, bool is_number)
{
	int64_t number;

	if (is_number && !str_to_i64(&number, id, INT64_MIN, INT64_MAX))
		return json_integer(number);
	return json_string(id);
}
