/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Solo mining against a node: getblocktemplate and submitblock over HTTP JSON-RPC (BIP 22,
 * 23, 145).  Channel 0 asks, channel 1 holds the long poll, channel 2 submits.
 */
#include <inttypes.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pool/address.h"
#include "pool/dialect.h"
#include "pool/gbt_template.h"
#include "pool/merkle.h"
#include "pool/rpc.h"
#include "src/bytes.h"
#include "src/hex.h"
#include "src/str.h"

#define ASK_MS      15000
#define LONGPOLL_MS 900000
#define SUBMIT_MS   30000
#define REFRESH_MS  30000 /* new transactions and time, even without news of a block */
#define RETRY_MS    5000  /* while the node is not ready for templates */
#define GIVE_UP_MS  120000
#define PENDING_MAX 8
#define NOT_NOW_MAX 12 /* templates refused in a row: another pool may do better */

/*
 * On a test network every second hash is a block.  Such floods are of no use to anyone: no job
 * is easier than one hash in 2^EASIEST_BITS, which is still far below any real network.
 */
#define EASIEST_BITS 10

#define RPC_WARMING_UP (-28)

enum { ASK, LONGPOLL, SUBMIT };

struct shared { /* a template, used by every job made from it */
	unsigned refs;
	struct gbt_template *t;
};

struct gbt_job {
	struct shared *shared;
	uint8_t salt[4]; /* first half of the extranonce; the roll is the second */
};

/* A block on its way to the node, kept until it is answered. */
struct pending {
	char *body; /* NULL: free */
	size_t len;
	uint32_t request, share;    /* ours at present; the share's */
	int64_t since_ms, retry_ms; /* retry_ms 0: waiting for an answer */
	unsigned tries;
	uint64_t height;
	uint8_t prev[32];
	char hash[65];
};

struct session {
	uint32_t address, ask, poll; /* requests under way; 0: none */
	uint8_t script[ADDRESS_SCRIPT_MAX];
	size_t script_len;
	char longpollid[256];
	uint8_t prev[32];   /* of the newest template */
	uint8_t solved[32]; /* prev of a block that was submitted; more for it are worthless */
	bool has_prev, has_solved, mweb;
	int64_t asked_ms, retry_ms; /* retry_ms: ask again then; 0: by REFRESH_MS */
	unsigned failures;
	uint8_t salt[4];
	struct pending pending[PENDING_MAX];
};

extern const struct dialect dialect_gbt;

/* params is taken. */
static int rpc(struct client *c, unsigned channel, uint32_t id, const char *method, json_t *params,
	       int timeout_ms)
{
	return rpc_post(c, channel, id, "1.0", method, params, timeout_ms);
}

/* ---- templates ---- */

static json_t *template_params(const struct session *s, const char *longpollid)
{
	json_t *rules =
		s->mweb ? json_pack("[s, s]", "mweb", "segwit") : json_pack("[s]", "segwit");
	json_t *o = json_pack("{s:[s], s:o}", "capabilities", "longpoll", "rules", rules);

	if (longpollid)
		json_object_set_new(o, "longpollid", json_string(longpollid));
	return json_pack("[o]", o);
}

static int ask(struct client *c)
{
	struct session *s = client_session(c);

	if (s->ask)
		return 0;
	s->ask = client_next_request(c);
	s->asked_ms = client_now_ms(c);
	s->retry_ms = 0;
	return rpc(c, ASK, s->ask, "getblocktemplate", template_params(s, NULL), ASK_MS);
}

static int poll(struct client *c)
{
	struct session *s = client_session(c);

	if (s->poll || !s->longpollid[0])
		return 0;
	s->poll = client_next_request(c);
	return rpc(c, LONGPOLL, s->poll, "getblocktemplate", template_params(s, s->longpollid),
		   LONGPOLL_MS);
}

static void shared_unref(struct shared *shared)
{
	if (!shared || --shared->refs)
		return;
	gbt_template_free(shared->t);
	free(shared);
}

/* The template's target, unless it is one of a toy. */
static struct u256 job_target(const struct gbt_template *t)
{
	struct u256 easiest;
	int i;

	for (i = 0; i < 4; i++)
		easiest.w[i] = UINT64_MAX;
	easiest.w[3] >>= EASIEST_BITS;
	return u256_cmp(&t->target, &easiest) > 0 ? easiest : t->target;
}

static int publish(struct client *c, struct gbt_template *take, struct err *err)
{
	struct session *s = client_session(c);
	struct shared *shared = calloc(1, sizeof *shared);
	struct gbt_job *priv = calloc(1, sizeof *priv);
	struct job *job = job_new(client_algo(c), &dialect_gbt);

	if (!shared || !priv || !job) {
		free(shared);
		free(priv);
		if (job)
			job->dialect = NULL;
		job_unref(job);
		gbt_template_free(take);
		return err_set(err, ERR_NOMEM, "no memory for a job");
	}
	shared->refs = 1;
	shared->t = take;
	priv->shared = shared;
	memcpy(priv->salt, s->salt, sizeof priv->salt);
	le32_put(s->salt, le32_get(s->salt) + 1); /* each job its own part of the space */
	job->priv = priv;
	job->target = job_target(take);
	job->difficulty = algo_difficulty(job->algo, &job->target);
	job->height = take->height;
	job->clean = !s->has_prev || memcmp(s->prev, take->prev, 32) != 0;
	snprintf(job->id, sizeof job->id, "%" PRIu64 "-%u", take->height,
		 (unsigned)le32_get(priv->salt));
	memcpy(s->prev, take->prev, 32);
	s->has_prev = true;
	client_job(c, job);
	return 0;
}

static bool any_pending(const struct session *s)
{
	int i;

	for (i = 0; i < PENDING_MAX; i++)
		if (s->pending[i].body)
			return true;
	return false;
}

/* What the node says when it has no template yet. */
static int not_now(struct client *c, const json_t *error, struct err *err)
{
	struct session *s = client_session(c);
	json_int_t code = json_integer_value(json_object_get(error, "code"));
	const char *text = json_string_value(json_object_get(error, "message"));
	char shown[160];

	if (!text)
		text = "no reason given";
	str_printable(shown, sizeof shown, text, strlen(text));
	if (code == -8 && strstr(text, "mweb") && !s->mweb) {
		s->mweb = true;
		return ask(c);
	}
	if (code == -32601)
		return err_set(err, ERR_USAGE, "the node knows no getblocktemplate: %s", shown);
	if (s->failures >= NOT_NOW_MAX && !any_pending(s))
		return err_set(err, ERR_NET, "no template for %d s: %s",
			       NOT_NOW_MAX * RETRY_MS / 1000, shown);
	if (s->failures++ % 12 == 0)
		client_note(c, NOTE_WARNING, "no template yet (%s); asking again every %d s", shown,
			    RETRY_MS / 1000);
	s->retry_ms = client_now_ms(c) + RETRY_MS;
	return 0;
}

static int on_template(struct client *c, json_t *result, struct err *err)
{
	struct session *s = client_session(c);
	const char *id = json_string_value(json_object_get(result, "longpollid"));
	struct gbt_template *t;
	bool news;
	int rc = gbt_template_new(&t, result, s->script, s->script_len,
				  client_option(c, "coinbase-tag"), err);

	if (rc)
		return rc;
	s->failures = 0;
	if (!id || !str_copy(s->longpollid, sizeof s->longpollid, id))
		s->longpollid[0] = '\0';
	news = !s->has_prev || memcmp(s->prev, t->prev, 32) != 0;
	rc = publish(c, t, err);
	/* A node that answers long polls at once would keep us busy: idle() asks those. */
	return rc || !news ? rc : poll(c);
}

/* ---- the address ---- */

/* The node's own reading of the address, when it tells one: *len is 0 when it does not. */
static int script_of_node(uint8_t out[ADDRESS_SCRIPT_MAX], size_t *len, const json_t *result,
			  const char *address, struct err *err)
{
	const char *hex = json_string_value(json_object_get(result, "scriptPubKey"));
	size_t n = hex ? strlen(hex) / 2 : 0;

	*len = 0;
	if (!hex)
		return 0;
	if (!n) /* litecoind on MWEB addresses: valid, but nothing an output can pay */
		return err_set(err, ERR_AUTH,
			       "--coinbase-addr %.128s has no output script that a coinbase can "
			       "pay (an MWEB address?): give an ordinary address",
			       address);
	if (n > ADDRESS_SCRIPT_MAX || hex_decode(out, n, hex, strlen(hex)))
		return err_set(err, ERR_PROTO,
			       "validateaddress: the script is not hex of at most %d bytes",
			       ADDRESS_SCRIPT_MAX);
	*len = n;
	return 0;
}

/* The node could not tell; that is no matter if we can. */
static int unknown_address(const json_t *error, struct err *err)
{
	const char *text = json_string_value(json_object_get(error, "message"));
	char shown[160];

	if (!text)
		return -ERR_AUTH; /* err says what is wrong with the address */
	str_printable(shown, sizeof shown, text, strlen(text));
	if (json_integer_value(json_object_get(error, "code")) == RPC_WARMING_UP)
		return err_set(err, ERR_NET, "the node is not ready: %s", shown);
	return err_set(err, ERR_AUTH, "the node cannot check --coinbase-addr: %s", shown);
}

static int on_address(struct client *c, const json_t *result, const json_t *error, struct err *err)
{
	struct session *s = client_session(c);
	const char *address = client_option(c, "coinbase-addr");
	uint8_t local[ADDRESS_SCRIPT_MAX];
	size_t local_len = 0;
	bool known = address_script(local, &local_len, address, err) == 0;

	if (json_is_false(json_object_get(result, "isvalid")))
		return err_set(err, ERR_AUTH,
			       "the node says --coinbase-addr %s is not an address of "
			       "its coin and network",
			       address);
	if (script_of_node(s->script, &s->script_len, result, address, err))
		return -err->code;
	if (!s->script_len && !known)
		return unknown_address(error, err);
	if (s->script_len && known &&
	    (s->script_len != local_len || memcmp(s->script, local, local_len)))
		return err_set(
			err, ERR_AUTH,
			"the node and this program disagree about --coinbase-addr %s: refused",
			address);
	if (!s->script_len) {
		memcpy(s->script, local, local_len);
		s->script_len = local_len;
	}
	client_ready(c, true); /* templates may be long in coming */
	return ask(c);
}

static int gbt_hello(struct client *c, struct err *err)
{
	struct session *s = client_session(c);
	const char *address = client_option(c, "coinbase-addr");

	if (!address)
		return err_set(err, ERR_AUTH,
			       "solo mining needs --coinbase-addr ADDRESS, where the "
			       "reward goes");
	if (RAND_bytes(s->salt, sizeof s->salt) != 1)
		le32_put(s->salt, (uint32_t)client_wall_ms(c));
	s->address = client_next_request(c);
	return rpc(c, ASK, s->address, "validateaddress", json_pack("[s]", address), ASK_MS);
}

/* ---- blocks ---- */

static struct pending *pending_by(struct session *s, uint32_t request)
{
	int i;

	for (i = 0; i < PENDING_MAX; i++)
		if (s->pending[i].body && s->pending[i].request == request)
			return &s->pending[i];
	return NULL;
}

static void drop(struct pending *p)
{
	free(p->body);
	memset(p, 0, sizeof *p);
}

/* The node will not have it: the next one for this height may fare better. */
static void forget_solved(struct session *s, const struct pending *p)
{
	if (!memcmp(s->solved, p->prev, sizeof s->solved))
		s->has_solved = false;
}

static void on_submitted(struct client *c, struct pending *p, const json_t *result,
			 const json_t *error)
{
	const char *word = json_string_value(result);
	const char *text = json_string_value(json_object_get(error, "message"));
	struct session *s = client_session(c);
	char shown[96];
	uint32_t share = p->share;
	bool stale;

	if (!word && json_is_object(error))
		word = text ? text : "refused without a reason";
	if (!word || !strcmp(word, "duplicate") || !strcmp(word, "inconclusive")) {
		client_note(c, NOTE_BLOCK, "block found: height %" PRIu64 " hash %s%s%s", p->height,
			    p->hash, word ? ", the node says " : "", word ? word : "");
		drop(p);
		client_answer(c, share, VERDICT_ACCEPTED, NULL);
		return;
	}
	stale = strstr(word, "prevblk") || strstr(word, "stale");
	if (!stale)
		forget_solved(s, p);
	drop(p);
	client_answer(c, share, stale ? VERDICT_STALE : VERDICT_REJECTED,
		      str_printable(shown, sizeof shown, word, strlen(word)));
}

static int send_block(struct client *c, struct pending *p)
{
	p->request = client_next_request(c);
	p->retry_ms = 0;
	return client_post(c, SUBMIT, p->request, p->body, p->len, SUBMIT_MS);
}

static char *block_call(const struct gbt_template *t, const uint8_t extranonce[8],
			const uint8_t header[80], size_t *len)
{
	static const char before[] =
		"{\"jsonrpc\":\"1.0\",\"id\":1,\"method\":\"submitblock\",\"params\":[\"";
	char *block = gbt_template_block(t, extranonce, header), *call;
	size_t size;

	if (!block)
		return NULL;
	size = sizeof before + strlen(block) + 8;
	call = malloc(size);
	if (call)
		*len = (size_t)snprintf(call, size, "%s%s\"]}", before, block);
	free(block);
	return call;
}

static void extranonce_of(const struct gbt_job *job, uint64_t roll, uint8_t out[8])
{
	memcpy(out, job->salt, 4);
	be32_put(out + 4, (uint32_t)roll);
}

/* The name nodes and explorers know it by, which is not its proof of work where that differs. */
static void block_id(char out[65], const uint8_t header[80])
{
	uint8_t hash[32];
	struct u256 v;

	merkle_sha256d(hash, header, 80);
	v = u256_from_le(hash);
	u256_hex(out, &v);
}

static int gbt_submit(struct client *c, const struct share *share, uint32_t request,
		      struct err *err)
{
	struct session *s = client_session(c);
	const struct gbt_job *job = share->job->priv;
	const struct gbt_template *t = job->shared->t;
	uint8_t extranonce[8], header[80];
	struct pending *p = NULL;
	int i;

	if (s->has_solved && !memcmp(s->solved, t->prev, 32))
		return err_set(err, ERR_STALE, "a block for this height was submitted already");
	for (i = 0; i < PENDING_MAX && !p; i++)
		if (!s->pending[i].body)
			p = &s->pending[i];
	if (!p)
		return err_set(err, ERR_BUSY, "too many blocks wait for the node");
	extranonce_of(job, share->work.roll, extranonce);
	memcpy(header, share->work.header, sizeof header);
	algo_put_nonce(share->job->algo, header, share->nonce);
	p->body = block_call(t, extranonce, header, &p->len);
	if (!p->body)
		return err_set(err, ERR_NOMEM, "no memory for a block");
	p->share = request;
	p->since_ms = client_now_ms(c);
	p->height = t->height;
	block_id(p->hash, header);
	memcpy(p->prev, t->prev, 32);
	memcpy(s->solved, t->prev, 32);
	s->has_solved = true;
	if (send_block(c, p))
		p->retry_ms = p->since_ms + 1000;
	client_flush(c);
	return 0;
}

/* ---- answers ---- */

/* The node did not answer.  With a block to deliver we stay, else we leave. */
static int unreachable(struct client *c, const char *why, struct err *err)
{
	struct session *s = client_session(c);

	if (!any_pending(s))
		return err_set(err, ERR_NET, "the node does not answer: %s", why);
	s->retry_ms = client_now_ms(c) + 1000;
	return 0;
}

static int refused(struct client *c, int status, struct err *err)
{
	struct session *s = client_session(c);
	int rc = rpc_forbidden(status, err);

	if (rc)
		return rc;
	if (!s->script_len)
		return err_set(err, ERR_NET, "the node answers with HTTP status %d", status);
	client_note(c, NOTE_WARNING, "the node answers with HTTP status %d; asking again", status);
	s->retry_ms = client_now_ms(c) + RETRY_MS;
	return 0;
}

static int on_json(struct client *c, uint32_t request, json_t *answer, struct err *err)
{
	struct session *s = client_session(c);
	json_t *result = json_object_get(answer, "result");
	json_t *error = json_object_get(answer, "error");
	bool failed = error && !json_is_null(error);
	struct pending *p = pending_by(s, request);

	if (p) {
		on_submitted(c, p, result, error);
		return ask(c);
	}
	if (request == s->address) {
		s->address = 0;
		return on_address(c, result, error, err);
	}
	if (request == s->ask)
		s->ask = 0;
	else if (request == s->poll)
		s->poll = 0;
	else
		return 0;
	return failed ? not_now(c, error, err) : on_template(c, result, err);
}

/* No usable answer to this request: forget that it is under way, and maybe ask again. */
static int on_failure(struct client *c, uint32_t request, int status, const char *why,
		      struct err *err)
{
	struct session *s = client_session(c);
	struct pending *p = pending_by(s, request);

	if (p) {
		p->request = 0;
		p->retry_ms = client_now_ms(c) + 1000;
		client_note(c, NOTE_WARNING, "the block is not delivered yet (%s); trying again",
			    why);
		return 0;
	}
	if (request == s->poll) { /* the node may have dropped it; the next question will tell */
		s->poll = 0;
		return status ? refused(c, status, err) : ask(c);
	}
	if (request == s->ask)
		s->ask = 0;
	return status ? refused(c, status, err) : unreachable(c, why, err);
}

static int gbt_reply(struct client *c, uint32_t request, int status, const char *body, size_t len,
		     struct err *err)
{
	json_t *answer = status ? json_loadb(body, len, 0, NULL) : NULL;
	char why[128];
	int rc;

	if (json_is_object(answer))
		rc = on_json(c, request, answer, err);
	else if (status)
		rc = on_failure(c, request, status, "not a JSON-RPC answer", err);
	else
		rc = on_failure(c, request, 0, str_printable(why, sizeof why, body, len), err);
	json_decref(answer);
	return rc;
}

static int gbt_idle(struct client *c, int64_t now_ms, struct err *err)
{
	struct session *s = client_session(c);
	int i;

	(void)err;
	for (i = 0; i < PENDING_MAX; i++) {
		struct pending *p = &s->pending[i];

		if (!p->body || !p->retry_ms || now_ms < p->retry_ms)
			continue;
		if (now_ms - p->since_ms > GIVE_UP_MS) {
			uint32_t share = p->share;

			forget_solved(s, p);
			drop(p);
			client_answer(c, share, VERDICT_REJECTED, "the node could not be reached");
		} else if (send_block(c, p)) {
			p->retry_ms = now_ms + 1000;
		}
	}
	if (!s->script_len)
		return 0;
	if (s->retry_ms ? now_ms >= s->retry_ms : now_ms - s->asked_ms >= REFRESH_MS)
		return ask(c);
	return s->retry_ms ? 0 : poll(c);
}

static void gbt_bye(struct client *c)
{
	struct session *s = client_session(c);
	int i;

	for (i = 0; i < PENDING_MAX; i++)
		drop(&s->pending[i]);
}

/* ---- jobs ---- */

static int gbt_make_work(const struct job *job, uint64_t roll, struct work *out)
{
	const struct gbt_job *priv = job->priv;
	uint8_t extranonce[8];

	if (roll > UINT32_MAX)
		return -ERR_RANGE;
	extranonce_of(priv, roll, extranonce);
	out->header_len = 80;
	out->nonce_first = 0;
	out->nonce_count = UINT64_C(1) << 32;
	gbt_template_header(priv->shared->t, extranonce, out->header);
	return 0;
}

static bool gbt_is_block(const struct job *job, const struct digest *digest)
{
	return u256_cmp(&digest->hash, &job->target) <= 0;
}

static bool gbt_serves(const struct algo *algo)
{
	return algo->header_len == 80 && algo->nonce_off == 76 && algo->nonce_len == 4;
}

static void gbt_job_done(struct job *job)
{
	struct gbt_job *priv = job->priv;

	shared_unref(priv->shared);
	free(priv);
}

const struct dialect dialect_gbt = {
	.name = "gbt",
	.schemes = "gbt+http gbt+https http https",
	.title = "getblocktemplate (solo)",
	.transport = DIALECT_HTTP,
	.session_size = sizeof(struct session),
	.idle_ms = 1000,
	.serves = gbt_serves,
	.hello = gbt_hello,
	.reply = gbt_reply,
	.submit = gbt_submit,
	.make_work = gbt_make_work,
	.is_block = gbt_is_block,
	.job_done = gbt_job_done,
	.idle = gbt_idle,
	.bye = gbt_bye,
};
