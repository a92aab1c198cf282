/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * EthereumStratum/1.0.0, which NiceHash made and many pools took over: the pool chooses the first
 * digits of the nonce, a difficulty sets the target, and a share is the rest of the nonce.
 */
#include <string.h>

#include "pool/dagline.h"

extern const struct dialect dialect_ethstratum1;

/* Where the members stand; those behind the header may be missing. */
enum { ID, SEED, HEADER, CLEAN, HEIGHT };

/* Does v, or a list in it, name the protocol?  It stands behind "mining.notify" and an id. */
static bool names_protocol(const json_t *v)
{
	static const char name[] = "EthereumStratum/1.";
	const char *text = json_string_value(json_array_get(v, 2));
	const json_t *inner;
	size_t i;

	if (text && !strncmp(text, name, sizeof name - 1))
		return true;
	json_array_foreach(v, i, inner)
	{
		text = json_string_value(json_array_get(inner, 2));
		if (text && !strncmp(text, name, sizeof name - 1))
			return true;
	}
	return false;
}

static int take_subscribed(struct client *c, const json_t *result, struct err *err)
{
	struct dagline *s = client_session(c);

	if (!names_protocol(json_array_get(result, 0)))
		return err_set(err, ERR_PROTO,
			       "mining.subscribe: the pool does not say EthereumStratum/1.0.0");
	return dagjob_prefix(&s->terms, json_array_get(result, 1), err);
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
		.height = json_array_get(params, HEIGHT),
		.clean = json_is_true(clean) || json_integer_value(clean) != 0,
	};
	struct job *job;
	int rc;

	if (json_array_size(params) <= HEADER)
		return err_set(err, ERR_PROTO,
			       "mining.notify: params is not an array of 3 or more members");
	if (json_is_string(clean))
		return err_set(err, ERR_PROTO,
			       "mining.notify has a target, which is another dialect's form");
	rc = dagjob_new(&job, c, &dialect_ethstratum1, &s->terms, &parts, err);
	if (!rc)
		client_job(c, job);
	return rc;
}

static int ethstratum1_hello(struct client *c, struct err *err)
{
	static const struct dagline_kind kind = {
		.agent = true,
		.extranonce = true,
		.subscribed = take_subscribed,
		.notify = take_notify,
	};

	return dagline_hello(c, &kind, err);
}

static int ethstratum1_submit(struct client *c, const struct share *share, uint32_t request,
			      struct err *err)
{
	const struct dagjob *job = share->job->priv;
	char nonce[DAGJOB_NONCE_TEXT];

	(void)err;
	return dagline_submit(c, request,
			      json_pack("[s, o, s]", client_user(c), dagline_job_id(share->job),
					dagjob_nonce_text(nonce, share->nonce) + 2 + job->digits));
}

/* There is no height in it, which programs that change with the block need. */
static bool ethstratum1_serves(const struct algo *algo)
{
	return !algo->program && dagjob_serves(algo);
}

const struct dialect dialect_ethstratum1 = {
	.name = "ethstratum1",
	.schemes = "ethstratum1+tcp ethstratum1+ssl ethstratum1+tls stratum2+tcp stratum2+ssl "
		   "stratum2+tls stratum2+tls12 ethstratum+tcp ethstratum+ssl "
		   "ethstratum+tls " DAGLINE_SCHEMES,
	.rank = 20,
	.title = "EthereumStratum/1.0.0",
	.session_size = sizeof(struct dagline),
	.serves = ethstratum1_serves,
	.hello = ethstratum1_hello,
	.feed = dagline_feed,
	.submit = ethstratum1_submit,
	.make_work = dagjob_make_work,
	.job_done = dagjob_done,
	.bye = dagline_bye,
};
