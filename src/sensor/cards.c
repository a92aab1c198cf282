/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The cards of the sensor process. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/clock.h"
#include "src/sensor/cards.h"
#include "src/sensor/restore.h"
#include "src/str.h"

#define SOURCES_MAX 8
#define NOBODY      (-1)
#define NOT_SOUGHT  (-2)
#define FAILS_MAX   3  /* in a row, then it is asked at the slow pace */
#define SLOW_ROUNDS 10 /* intervals between two questions to a card that is lost */
#define SLOW_MS     60000

struct card {
	struct sensor_target target;
	int source; /* index, NOBODY or NOT_SOUGHT */
	void *handle;
	int64_t ask_at_ms;
	int64_t hung_until_ms; /* 0: it did not */
	unsigned fails;        /* in a row */
	bool wished;
	struct sensor_setting wish; /* to be set when it may be asked */
	char name[64];              /* for notes */
};

struct source {
	const struct sensor_source *ops;
	void *ctx;
};

struct cards {
	struct card card[DEVICES_MAX];
	unsigned n;
	struct source source[SOURCES_MAX];
	int n_sources;
	int64_t interval_ms;
	char absent[ERR_TEXT_MAX]; /* sources that are not there, and why */
	struct restore restore;
	struct cards_host host;
};

static void note(const struct cards *c, int code, const char *who, const char *text)
{
	char line[ERR_TEXT_MAX];

	snprintf(line, sizeof line, "%.63s: %.250s", who, text);
	c->host.note(c->host.arg, code, line);
}

static void plain_note(void *arg, int code, const char *text)
{
	const struct cards *c = arg;

	c->host.note(c->host.arg, code, text);
}

/* --- who reads whom ----------------------------------------------------------- */

/* A source that is not there is no fault, and told when somebody lacks it. */
static void open_source(struct cards *c, const struct sensor_source *ops)
{
	struct source *s = &c->source[c->n_sources];
	size_t used = strlen(c->absent);
	struct err err = {0};
	int rc = ops->open(&s->ctx, &err);

	if (!rc) {
		s->ops = ops;
		c->n_sources++;
		return;
	}
	snprintf(c->absent + used, sizeof c->absent - used, "%s%s: %.120s", used ? "; " : "",
		 ops->name, err.text);
	if (rc != -ERR_NODEV)
		note(c, err.code, ops->name, err.text);
}

/* The first source that has it, or NOBODY with the last word about it in err. */
static int match(struct cards *c, const struct sensor_target *t, void **handle, struct err *err)
{
	int i;

	for (i = 0; i < c->n_sources; i++)
		if (!c->source[i].ops->match(c->source[i].ctx, t, handle, err))
			return i;
	return NOBODY;
}

/* Once, when the card may be asked. */
static void find_source(struct cards *c, unsigned i)
{
	struct card *card = &c->card[i];
	char text[ERR_TEXT_MAX];
	struct err err = {0};

	if (card->source != NOT_SOUGHT)
		return;
	c->host.asking(c->host.arg, i);
	card->source = match(c, &card->target, &card->handle, &err);
	if (card->source >= 0 || !card->target.pci[0]) /* without an address: expects none */
		return;
	snprintf(text, sizeof text, "has no sensors (%.100s%s%.120s)", err.text,
		 err.text[0] && c->absent[0] ? "; " : "", c->absent);
	note(c, ERR_NODEV, card->name, text);
}

static void add_card(struct cards *c, const struct sensor_target *t, uint32_t wait_ms,
		     int64_t now_ms)
{
	struct card *card = &c->card[c->n];

	card->target = *t;
	card->target.index = c->n;
	card->source = NOT_SOUGHT;
	card->wish = (struct sensor_setting){SENSOR_LEAVE, SENSOR_LEAVE};
	card->ask_at_ms = now_ms;
	if (t->pci[0])
		str_printable(card->name, sizeof card->name, t->pci, strlen(t->pci));
	else
		snprintf(card->name, sizeof card->name, "device %u", c->n);
	if (wait_ms)
		card->ask_at_ms = card->hung_until_ms = now_ms + wait_ms;
	c->n++;
	if (!wait_ms)
		find_source(c, c->n - 1);
}

/* --- settings ----------------------------------------------------------------- */

static bool hung(const struct card *card, int64_t now_ms)
{
	return now_ms < card->hung_until_ms;
}

/* Both members, one by one, so that it is known which was done: failed ones stay in s. */
static int apply(struct cards *c, int source, void *handle, struct sensor_setting *s,
		 struct err *err)
{
	const struct source *by = &c->source[source];
	struct sensor_setting one = {s->limit_mw, SENSOR_LEAVE};
	struct err other = {0};
	int rc = 0, rc2;

	if (s->limit_mw != SENSOR_LEAVE) {
		rc = by->ops->set(by->ctx, handle, &one, err);
		if (!rc)
			s->limit_mw = SENSOR_LEAVE;
	}
	if (s->fan_permille == SENSOR_LEAVE)
		return rc;
	one = (struct sensor_setting){SENSOR_LEAVE, s->fan_permille};
	rc2 = by->ops->set(by->ctx, handle, &one, &other);
	if (!rc2)
		s->fan_permille = SENSOR_LEAVE;
	else if (!rc)
		*err = other;
	return rc ? rc : rc2;
}

/* What of the changes now leaves undone was done. */
static struct sensor_setting done_of(const struct sensor_setting *wanted,
				     const struct sensor_setting *left)
{
	struct sensor_setting done = *wanted;

	if (left->limit_mw != SENSOR_LEAVE)
		done.limit_mw = SENSOR_LEAVE;
	if (left->fan_permille != SENSOR_LEAVE)
		done.fan_permille = SENSOR_LEAVE;
	return done;
}

/* kept: a copy. */
static void restore_entry(struct cards *c, const struct restore_card *kept, int source,
			  void *handle, const char *name)
{
	struct sensor_setting left = kept->found, done;
	struct err err = {0};
	int rc = apply(c, source, handle, &left, &err);

	done = done_of(&kept->found, &left);
	restore_drop(&c->restore, &kept->target, &done);
	if (rc) {
		err_prefix(&err, "cannot restore what was changed");
		note(c, err.code, name, err.text);
	}
}

/* One of our cards; does nothing when it is as it was. */
static void restore_card(struct cards *c, unsigned i)
{
	const struct restore_card *kept = restore_find(&c->restore, &c->card[i].target);
	struct restore_card copy;

	find_source(c, i);
	if (!kept || c->card[i].source < 0)
		return;
	copy = *kept;
	c->host.asking(c->host.arg, i);
	restore_entry(c, &copy, c->card[i].source, c->card[i].handle, c->card[i].name);
}

static bool is_ours(struct cards *c, const struct restore_card *kept)
{
	unsigned i;

	for (i = 0; i < c->n; i++)
		if (restore_find(&c->restore, &c->card[i].target) == kept)
			return true;
	return false;
}

/* Cards that only a dead process had: once, at the start. */
static void restore_others(struct cards *c)
{
	struct restore_card kept;
	unsigned i;

	for (i = c->restore.n; i-- > 0;) {
		struct err err = {0};
		void *handle;
		int source;

		if (is_ours(c, &c->restore.card[i]))
			continue;
		kept = c->restore.card[i];
		source = match(c, &kept.target, &handle, &err);
		if (source >= 0)
			restore_entry(c, &kept, source, handle, kept.target.pci);
	}
}

/* How the card is now, of what is to be changed for the first time. */
static int remember(struct cards *c, struct card *card, const struct sensor_setting *wish,
		    struct sensor_setting *added, struct err *err)
{
	const struct restore_card *kept = restore_find(&c->restore, &card->target);
	struct sensor_reading now;

	*added = (struct sensor_setting){SENSOR_LEAVE, SENSOR_LEAVE};
	if (wish->fan_permille >= 0 && (!kept || kept->found.fan_permille == SENSOR_LEAVE))
		added->fan_permille = SENSOR_RESTORE;
	if (wish->limit_mw >= 0 && (!kept || kept->found.limit_mw == SENSOR_LEAVE)) {
		memset(&now, 0, sizeof now);
		if (c->source[card->source].ops->read(c->source[card->source].ctx, card->handle,
						      &now, err))
			return -ERR_DEVICE;
		added->limit_mw = SENSOR_RESTORE;
		if (sensor_has(&now, SENSOR_LIMIT_MW) && now.v[SENSOR_LIMIT_MW] > 0)
			added->limit_mw = now.v[SENSOR_LIMIT_MW];
	}
	if (added->fan_permille == SENSOR_LEAVE && added->limit_mw == SENSOR_LEAVE)
		return 0;
	return restore_keep(&c->restore, &card->target, added, err);
}

/* "As it was" is what we kept; nothing, when it was not changed. */
static void resolve(struct cards *c, const struct card *card, struct sensor_setting *wish)
{
	const struct restore_card *kept = restore_find(&c->restore, &card->target);

	if (wish->limit_mw == SENSOR_RESTORE)
		wish->limit_mw = kept ? kept->found.limit_mw : SENSOR_LEAVE;
	if (wish->fan_permille == SENSOR_RESTORE)
		wish->fan_permille = kept ? kept->found.fan_permille : SENSOR_LEAVE;
}

/* Nothing was changed when it was refused for one of these. */
static bool untouched(int rc)
{
	return rc == -ERR_PERM || rc == -ERR_RANGE || rc == -ERR_NODEV;
}

static int change(struct cards *c, struct card *card, struct err *err)
{
	struct sensor_setting wish = card->wish, left, done, added;
	int rc = remember(c, card, &wish, &added, err);

	if (rc) {
		err_prefix(err, "not changed, since it could not be restored");
		return rc;
	}
	resolve(c, card, &wish);
	left = wish;
	rc = apply(c, card->source, card->handle, &left, err);
	done = done_of(&wish, &left);
	if (card->wish.limit_mw >= 0)
		done.limit_mw = SENSOR_LEAVE;
	if (card->wish.fan_permille >= 0)
		done.fan_permille = SENSOR_LEAVE;
	restore_drop(&c->restore, &card->target, &done);
	if (rc && untouched(rc)) {
		done = added;
		if (left.limit_mw == SENSOR_LEAVE)
			done.limit_mw = SENSOR_LEAVE;
		if (left.fan_permille == SENSOR_LEAVE)
			done.fan_permille = SENSOR_LEAVE;
		restore_drop(&c->restore, &card->target, &done);
	}
	return rc;
}

static void grant(struct cards *c, unsigned i)
{
	struct card *card = &c->card[i];
	struct err err = {0};
	int rc;

	card->wished = false;
	c->host.asking(c->host.arg, i);
	if (card->source < 0)
		rc = err_set(&err, ERR_NODEV, "this card has no sensors");
	else
		rc = change(c, card, &err);
	card->wish = (struct sensor_setting){SENSOR_LEAVE, SENSOR_LEAVE};
	c->host.set_done(c->host.arg, i, -rc, rc ? err.text : "");
}

/* A card that hung has its turn again: first what could not be done in between. */
static void catch_up(struct cards *c, unsigned i)
{
	struct card *card = &c->card[i];

	if (card->hung_until_ms) {
		card->hung_until_ms = 0;
		restore_card(c, i);
	}
	find_source(c, i);
	if (card->wished)
		grant(c, i);
}

void cards_set(struct cards *c, unsigned i, const struct sensor_setting *setting, int64_t now_ms)
{
	struct card *card = &c->card[i];

	if (setting->limit_mw != SENSOR_LEAVE)
		card->wish.limit_mw = setting->limit_mw;
	if (setting->fan_permille != SENSOR_LEAVE)
		card->wish.fan_permille = setting->fan_permille;
	card->wished = true;
	/* one that was left alone until just now was not even sought yet */
	if (!hung(card, now_ms))
		catch_up(c, i);
}

/* --- reading ------------------------------------------------------------------ */

static int64_t slow_ms(const struct cards *c)
{
	int64_t slow = c->interval_ms * SLOW_ROUNDS;

	if (slow > SLOW_MS)
		slow = SLOW_MS;
	return slow > c->interval_ms ? slow : c->interval_ms;
}

bool cards_read(struct cards *c, unsigned i, int64_t now_ms, struct sensor_reading *out)
{
	struct card *card = &c->card[i];
	struct err err = {0};
	int rc;

	if (card->source == NOBODY || now_ms < card->ask_at_ms)
		return false;
	catch_up(c, i);
	if (card->source == NOBODY)
		return false;
	c->host.asking(c->host.arg, i);
	memset(out, 0, sizeof *out);
	rc = c->source[card->source].ops->read(c->source[card->source].ctx, card->handle, out,
					       &err);
	out->at_ms = now_ms;
	if (rc && !card->fails && !out->lost)
		note(c, err.code, card->name, err.text);
	card->fails = rc || out->lost ? card->fails + 1 : 0;
	if (card->fails >= FAILS_MAX || out->lost)
		card->ask_at_ms = now_ms + slow_ms(c);
	return !rc || out->lost;
}

unsigned cards_count(const struct cards *c)
{
	return c->n;
}

/* --- life --------------------------------------------------------------------- */

int cards_open(struct cards **out, const struct ipc_sense *sense,
	       const struct sensor_source *const *sources, const struct cards_host *host,
	       int64_t now_ms, struct err *err)
{
	struct cards *c = calloc(1, sizeof *c);
	unsigned i;

	if (!c)
		return err_set(err, ERR_NOMEM, "no memory for the cards' sensors");
	c->host = *host;
	c->interval_ms = sense->interval_ms;
	restore_init(&c->restore, sense->dir);
	for (i = 0; sources[i] && c->n_sources < SOURCES_MAX; i++)
		open_source(c, sources[i]);
	for (i = 0; i < sense->count; i++)
		add_card(c, &sense->target[i], sense->wait_ms[i], now_ms);
	restore_adopt(&c->restore, plain_note, c);
	for (i = 0; i < c->n; i++)
		if (!hung(&c->card[i], now_ms))
			restore_card(c, i);
	restore_others(c);
	*out = c;
	return 0;
}

void cards_close(struct cards *c, int64_t now_ms)
{
	unsigned i;
	int s;

	if (!c)
		return;
	for (i = 0; i < c->n; i++)
		if (!hung(&c->card[i], now_ms))
			restore_card(c, i);
	for (i = 0; i < c->n; i++)
		if (hung(&c->card[i], now_ms))
			restore_card(c, i);
	restore_done(&c->restore);
	for (s = 0; s < c->n_sources; s++)
		c->source[s].ops->close(c->source[s].ctx);
	free(c);
}
