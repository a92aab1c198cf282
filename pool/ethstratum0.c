/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Plain stratum for Ethash: mining.subscribe and mining.authorize like everywhere, the target in
 * the job, no extranonce, and a share with nonce, header and mix.
 */
#include <string.h>

#include "pool/dagline.h"

extern const struct dialect dialect_ethstratum0;

/* Where the members stand, behind the job's id; those behind the target may be missing. */
enum { HEADER, SEED, TARGET, CLEAN, HEIGHT, BITS };

static int take_subscribed(struct client *c, const json_t *result, struct err *err)
{
	(void)c;
	(void)result; /* true, a list, a session id: all mean yes */
	(void)err;
	return 0;
}

/* Some pools leave the id out: then the header, which comes first, names the job. */
static size_t header_at(const json_t *params)
{
	return json_is_string(json_array_get(params, 3)) ? 1 : 0;
}

static int take_notify(struct client *c, json_t *params, struct err *err)
{
	struct dagline *s = client_session(c);
	size_t at = header_at(params);
	const json_t *clean = json_array_get(params, at + CLEAN);
	struct dagjob_parts parts = {
		.what = "mining.notify",
		.id = json_array_get(params, 0),
		.header = json_array_get(params, at + HEADER),
		.seed = json_array_get(params, at + SEED),
		.target = json_array_get(params, at + TARGET),
		.height = json_array_get(params, at + HEIGHT),
		.bits = json_array_get(params, at + BITS),
		.strict_target = true,
		.clean = json_is_true(clean) || json_integer_value(clean) != 0,
	};
	struct job *job;
	int rc;

	if (json_array_size(params) <= at + TARGET)
		return err_set(err, ERR_PROTO,
			       "mining.notify: params is not an array of 4 or more members");
	rc = dagjob_new(&job, c, &dialect_ethstratum0, &s->terms, &parts, err);
	if (!rc)
		client_job(c, job);
	return rc;
}

static int ethstratum0_hello(struct client *c, struct err *err)
{
	static const struct dagline_kind kind = {
		.jsonrpc = true,
		.subscribed = take_subscribed,
		.notify = take_notify,
	};

	return dagline_hello(c, &kind, err);
}

static bool ethstratum0_serves(const struct algo *algo)
{
	return !algo->program && dagjob_serves(algo);
}

const struct dialect dialect_ethstratum0 = {
	.name = "ethstratum0",
	.schemes = "ethstratum0+tcp ethstratum0+ssl ethstratum0+tls ethstratum+tcp ethstratum+ssl "
		   "ethstratum+tls " DAGLINE_SCHEMES,
	.rank = 40,
	.title = "plain stratum for Ethash",
	.session_size = sizeof(struct dagline),
	.serves = ethstratum0_serves,
	.hello = ethstratum0_hello,
	.feed = dagline_feed,
	.submit = dagline_submit_whole,
	.make_work = dagjob_make_work,
	.is_block = dagjob_is_block,
	.job_done = dagjob_done,
	.bye = dagline_bye,
};
