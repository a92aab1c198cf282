/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Work of the kind of eth_getWork. */
#include <math.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <string.h>

#include "pool/ethwork.h"
#include "src/hex.h"
#include "src/str.h"

enum { HEADER, SEED, TARGET, HEIGHT };

int ethwork_init(struct client *c, struct ethwork *w, struct err *err)
{
	const char *memo = client_memo(c), *wish = client_option(c, "report-hashrate");
	uint8_t id[32];

	w->silent = wish && !strcmp(wish, "off");
	if (hex_decode(id, sizeof id, memo, strlen(memo)) && RAND_bytes(id, sizeof id) != 1)
		return err_set(err, ERR_IO, "no random numbers for the rig's name");
	client_set_memo(c, hex_encode(w->rig, id, sizeof id));
	return dagjob_terms_init(&w->terms, err);
}

bool ethwork_is(const json_t *result)
{
	return json_array_size(result) > TARGET && json_is_string(json_array_get(result, HEADER));
}

static bool is_news(const struct ethwork *w, const struct job *job)
{
	const struct dagjob *priv = job->priv;

	return !w->has || memcmp(w->header, priv->header, sizeof w->header) ||
	       u256_cmp(&w->target, &job->target) || w->height != job->height;
}

int ethwork_take(struct client *c, struct ethwork *w, const struct dialect *dialect,
		 const json_t *result, bool *news, struct err *err)
{
	struct dagjob_parts parts = {
		.what = "work",
		.header = json_array_get(result, HEADER),
		.seed = json_array_get(result, SEED),
		.target = json_array_get(result, TARGET),
		.height = json_array_get(result, HEIGHT),
		.strict_target = true,
	};
	const struct dagjob *priv;
	struct job *job;
	int rc = dagjob_new(&job, c, dialect, &w->terms, &parts, err);

	if (news)
		*news = false;
	if (rc)
		return rc;
	if (!is_news(w, job)) {
		job_unref(job);
		return 0;
	}
	priv = job->priv;
	w->has = true;
	memcpy(w->header, priv->header, sizeof w->header);
	w->target = job->target;
	w->height = job->height;
	if (news)
		*news = true;
	client_job(c, job);
	return 0;
}

json_t *ethwork_share(const struct share *share)
{
	const struct dagjob *job = share->job->priv;
	char nonce[DAGJOB_NONCE_TEXT], header[DAGJOB_HASH_TEXT], mix[DAGJOB_HASH_TEXT];

	return json_pack("[s, s, s]", dagjob_nonce_text(nonce, share->nonce),
			 dagjob_hash_text(header, job->header),
			 dagjob_hash_text(mix, share->digest.mix));
}

json_t *ethwork_rate(struct client *c, struct ethwork *w, int64_t now_ms)
{
	double rate = client_hashrate(c);
	char text[DAGJOB_HASH_TEXT], rig[DAGJOB_HASH_TEXT];

	if (w->silent || !(rate >= 1 && rate < 0x1p63) ||
	    (w->reported_ms && now_ms - w->reported_ms < ETHWORK_REPORT_MS))
		return NULL;
	w->reported_ms = now_ms;
	/* All 64 digits: some nodes cannot read less. */
	snprintf(text, sizeof text, "0x%064llx", (unsigned long long)rate);
	snprintf(rig, sizeof rig, "0x%s", w->rig);
	return json_pack("[s, s]", text, rig);
}

json_t *ethwork_call(uint32_t id, const char *worker, const char *method, json_t *params)
{
	json_t *call = json_pack("{s:I, s:s, s:s, s:o}", "id", (json_int_t)id, "jsonrpc", "2.0",
				 "method", method, "params", params);

	if (call && worker)
		json_object_set_new(call, "worker", json_string(worker));
	return call;
}
