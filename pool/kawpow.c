/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The stratum of the ProgPoW family, as Ravencoin's pools, NiceHash and miningcore speak it:
 * the height comes with the job, and a share carries the whole nonce, the header and the mix.
 */
#include "pool/dagline.h"

extern const struct dialect dialect_kawpow;

/* Where the members stand; those behind the target may be missing. */
enum { ID, HEADER, SEED, TARGET, CLEAN, HEIGHT, BITS };

/* [null or a session id or a list, extranonce]; some pools have none and say true. */
static int take_subscribed(struct client *c, const json_t *result, struct err *err)
{
	struct dagline *s = client_session(c);
	const json_t *prefix = json_array_get(result, 1);

	if (!json_is_array(result) && !json_is_true(result))
		return err_set(err, ERR_PROTO, "mining.subscribe: the answer is no list");
	return prefix && !json_is_null(prefix) ? dagjob_prefix(&s->terms, prefix, err) : 0;
}

static int take_notify(struct client *c, json_t *params, struct err *err)
{
	struct dagline *s = client_session(c);
	const json_t *clean = json_array_get(params, CLEAN);
	struct dagjob_parts parts = {
		.what = "mining.notify",
		.id = json_array_get(params, ID),
		.header = json_array_get(params, HEADER),
		.seed = json_array_get(params, SEED),
		.target = json_array_get(params, TARGET),
		.height = json_array_get(params, HEIGHT),
		.bits = json_array_get(params, BITS),
		.clean = json_is_true(clean) || json_integer_value(clean) != 0,
	};
	struct job *job;
	int rc;

	if (json_array_size(params) <= HEIGHT)
		return err_set(err, ERR_PROTO,
			       "mining.notify: params is not an array of 6 or more members");
	rc = dagjob_new(&job, c, &dialect_kawpow, &s->terms, &parts, err);
	if (!rc)
		client_job(c, job);
	return rc;
}

static int kawpow_hello(struct client *c, struct err *err)
{
	static const struct dagline_kind kind = {
		.agent = true,
		.extranonce = true,
		.subscribed = take_subscribed,
		.notify = take_notify,
	};

	return dagline_hello(c, &kind, err);
}

static bool kawpow_serves(const struct algo *algo)
{
	return algo->program && dagjob_serves(algo);
}

const struct dialect dialect_kawpow = {
	.name = "kawpow",
	.schemes = "kawpow+tcp kawpow+ssl kawpow+tls " DAGLINE_SCHEMES,
	.rank = 10,
	.title = "Stratum of the ProgPoW family",
	.session_size = sizeof(struct dagline),
	.serves = kawpow_serves,
	.hello = kawpow_hello,
	.feed = dagline_feed,
	.submit = dagline_submit_whole,
	.make_work = dagjob_make_work,
	.is_block = dagjob_is_block,
	.job_done = dagjob_done,
	.bye = dagline_bye,
};
