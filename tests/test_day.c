/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Whole days of devices in trouble, in virtual time: the guardian and the slot together, against
 * a simulated worker, card and owner with random faults (seeded).  What must always hold is
 * checked at every step.
 */
#include <signal.h>
#include <string.h>

#include "src/guard/guard.h"
#include "src/slot.h"
#include "tests/random.h"
#include "tests/t.h"

#define DAY_S      86400
#define LIMIT_MC   90000
#define RESUME_MC  80000
#define RATE       1e8
#define DIFFICULTY 2e9 /* a share every 20 s */
#define SPAWNS_MAX 512

struct sim {
	/* the program */
	struct slot slot;
	struct guard guard;
	struct guard_settings settings;
	struct guard_out out;
	struct thermal_out heat;
	bool paused;
	uint32_t duty;
	int64_t limit_mw;
	/* the worker */
	bool alive, hung, ready;
	int64_t born_ms, dies_ms; /* 0: not */
	int dies_of;
	/* the card and its surroundings; faults last until their time */
	int64_t unkillable_ms; /* until then the driver holds the process */
	int64_t no_start_ms, slow_ms, wrong_ms, spike_ms, zero_ms;
	double temperature_mc, wrong, slow, boast;
	struct sensor_reading reading;
	bool blind; /* no readings come */
	uint32_t causes;
	int64_t cause_ms[PAUSE_REASONS];
	/* the record */
	uint64_t seed;
	int64_t now_ms;
	double hashes; /* done in this second */
	double total;
	unsigned said[ALARM_EVENTS], done[GUARD_ALARM + 1], broken;
	int64_t said_ms[ALARM_EVENTS];
	int64_t spawn_ms[SPAWNS_MAX];
	unsigned spawns, spawns_parked;
	bool owner_said; /* go on */
	bool frail;      /* hangs a while after each start */
	char last[ERR_TEXT_MAX], parked_for[ERR_TEXT_MAX];
};

static void sim_init(struct sim *m, uint64_t seed)
{
	memset(m, 0, sizeof *m);
	guard_defaults(&m->settings);
	slot_init(&m->slot);
	guard_init(&m->guard, &m->settings);
	m->seed = seed;
	m->now_ms = 1000000;
	m->duty = 1000;
	m->limit_mw = SENSOR_LEAVE;
	m->temperature_mc = 40000;
	m->boast = 1;
	m->heat = (struct thermal_out){.duty_permille = 1000, .limit_mw = SENSOR_LEAVE};
}

static enum guard_life life(const struct slot *s)
{
	switch (s->state) {
	case SLOT_OFF:
		return GUARD_OFF;
	case SLOT_STARTING:
	case SLOT_PREPARING:
		return GUARD_PREPARING;
	case SLOT_RUNNING:
		return GUARD_RUNNING;
	case SLOT_ENDING:
	case SLOT_KILLED:
		return GUARD_ENDING;
	case SLOT_STUCK:
		return GUARD_STUCK;
	case SLOT_BACKOFF:
		return GUARD_BACKOFF;
	default:
		return GUARD_PARKED;
	}
}

/* A broken promise is told with its second, the first few. */
static void must(struct sim *m, bool held, const char *what)
{
	if (!held && m->broken++ < 5)
		printf("\tseed %llu, second %lld: %s (slot %s, last: %s)\n",
		       (unsigned long long)m->seed, (long long)m->now_ms / 1000, what,
		       slot_word(m->slot.state), m->last);
}

static void do_slot(struct sim *m, enum slot_action action)
{
	switch (action) {
	case SLOT_NONE:
		break;
	case SLOT_SPAWN:
		must(m, !m->alive, "a second process of one device");
		m->spawns_parked += m->guard.parked && !m->owner_said;
		if (m->spawns < SPAWNS_MAX)
			m->spawn_ms[m->spawns] = m->now_ms;
		m->spawns++;
		m->alive = true;
		m->hung = m->ready = false;
		m->born_ms = m->now_ms;
		m->dies_ms = 0;
		slot_spawned(&m->slot, &slot_limits_default, m->now_ms);
		break;
	case SLOT_TERM:
		if (!m->hung && !m->dies_ms) {
			m->dies_ms = m->now_ms + 500;
			m->dies_of = 0;
			/* its last words, too late to change what was decided */
			slot_failed(&m->slot, ERR_DEVICE, "the device was taken away");
		}
		break;
	case SLOT_KILL:
		m->dies_ms = m->now_ms > m->unkillable_ms ? m->now_ms : m->unkillable_ms;
		m->dies_of = SIGKILL;
		break;
	}
}

static void do_action(struct sim *m, const struct guard_action *a)
{
	bool up = m->slot.state == SLOT_STARTING || m->slot.state == SLOT_PREPARING ||
		  m->slot.state == SLOT_RUNNING;

	must(m, a->reason[0] != '\0', "an action without a reason");
	m->done[a->what]++;
	snprintf(m->last, sizeof m->last, "%s", a->reason);
	switch (a->what) {
	case GUARD_DUTY:
		must(m, a->value >= 0 && a->value <= 1000, "a duty that is none");
		m->duty = (uint32_t)a->value;
		break;
	case GUARD_LIMIT:
		must(m, a->value == SENSOR_RESTORE || a->value >= 100000,
		     "a limit below the least");
		m->limit_mw = a->value;
		break;
	case GUARD_PAUSE:
		must(m, a->value != 0, "a pause for nothing");
		m->paused = true;
		break;
	case GUARD_RESUME:
		must(m, m->paused, "resumed what was not paused");
		m->paused = false;
		break;
	case GUARD_RESTART:
		must(m, up, "a restart of what does not run");
		do_slot(m, slot_end(&m->slot, &slot_limits_default, m->now_ms, a->reason));
		break;
	case GUARD_PARK:
		snprintf(m->parked_for, sizeof m->parked_for, "%s", a->reason);
		do_slot(m, slot_park(&m->slot, &slot_limits_default, m->now_ms, a->reason));
		break;
	case GUARD_ALARM:
		must(m, a->event != ALARM_NONE && !a->quiet, "an alarm about nothing");
		break;
	}
	if (a->event == ALARM_NONE || a->quiet)
		return;
	must(m, !m->said[a->event] || m->now_ms - m->said_ms[a->event] >= m->settings.quiet_ms,
	     "an alarm repeated too soon");
	m->said[a->event]++;
	m->said_ms[a->event] = m->now_ms;
}

static void guard_now(struct sim *m, double hashes)
{
	struct guard_in in = {
		.reading = m->blind ? NULL : &m->reading,
		.thermal = &m->heat,
		.power_limit_mw = SENSOR_LEAVE,
		.power_min_mw = 100000,
		.power_default_mw = 200000,
		.may_power = true,
		.pauses = m->causes,
		.life = life(&m->slot),
		.life_reason = m->slot.reason,
		.has_work = true,
		.hashes = hashes,
		.difficulty = DIFFICULTY,
		.duty_permille = m->duty,
		.setting = 1,
	};
	bool hot = m->heat.pause;
	unsigned i, ends = 0;

	guard_step(&m->guard, &m->settings, &in, m->now_ms, &m->out);
	m->heat.event = THERMAL_NONE;
	for (i = 0; i < m->out.n; i++) {
		ends += m->out.a[i].what == GUARD_RESTART || m->out.a[i].what == GUARD_PARK;
		do_action(m, &m->out.a[i]);
	}
	must(m, m->out.n < GUARD_ACTIONS, "no room for actions");
	must(m, ends <= 1, "ended twice in a step");
	must(m, m->paused == (m->causes || hot), "paused without cause, or not paused with one");
	must(m, m->paused || m->temperature_mc < LIMIT_MC, "mines over its hard limit");
}

/* The slot, and the guardian at each change of it. */
static void slot_now(struct sim *m)
{
	enum slot_state was = m->slot.state;

	if (m->alive && m->dies_ms && m->now_ms >= m->dies_ms) {
		m->alive = m->ready = false;
		m->dies_ms = 0;
		slot_exited(&m->slot, &slot_limits_default, m->now_ms, m->dies_of);
		guard_now(m, 0);
	}
	do_slot(m, slot_step(&m->slot, &slot_limits_default, m->now_ms));
	if (m->slot.state != was)
		guard_now(m, 0);
}

/* The worker's second: starts, searches, or is silent. */
static void worker_second(struct sim *m)
{
	unsigned shares;

	m->hashes = 0;
	if (!m->alive || m->hung || m->now_ms < m->no_start_ms)
		return;
	if (m->now_ms - m->born_ms >= 1000)
		slot_hello(&m->slot, &slot_limits_default, m->now_ms);
	if (m->now_ms - m->born_ms >= 4000 && m->slot.state == SLOT_PREPARING) {
		slot_ready(&m->slot, &slot_limits_default, m->now_ms);
		m->ready = true;
		guard_now(m, 0);
	}
	if (m->slot.state != SLOT_RUNNING)
		return;
	if (m->frail && m->now_ms - m->born_ms > 120000)
		m->hung = true;
	if (m->paused) {
		slot_idle(&m->slot, 1, 1);
		return;
	}
	slot_work(&m->slot, &slot_limits_default, m->now_ms);
	slot_batch(&m->slot, &slot_limits_default, m->now_ms, 1000000);
	if (m->now_ms < m->zero_ms) /* answers, but computes nothing */
		return;
	m->hashes = RATE * m->duty / 1000 * (m->now_ms < m->slow_ms ? m->slow : 1);
	shares = random_poisson(&m->seed, m->hashes / DIFFICULTY);
	m->total += m->hashes;
	while (shares--)
		guard_candidate(&m->guard, &m->settings,
				m->now_ms >= m->wrong_ms || random_unit(&m->seed) >= m->wrong,
				DIFFICULTY, m->now_ms);
}

/* The card: warms up with the work; its guardian of heat is a mere thermostat here. */
static void card_second(struct sim *m)
{
	double room = m->now_ms < m->spike_ms ? 70000 : 25000;
	double aim = room + (m->hashes > 0 ? 40000 : 0);
	bool was = m->heat.pause;

	m->temperature_mc += (aim - m->temperature_mc) / 30;
	m->heat.pause = m->temperature_mc >= LIMIT_MC || (was && m->temperature_mc > RESUME_MC);
	if (m->heat.pause != was)
		m->heat.event = was ? THERMAL_RESUMED : THERMAL_OVERHEAT;
	snprintf(m->heat.reason, sizeof m->heat.reason, "core at %.0f C", m->temperature_mc / 1000);
}

static void second(struct sim *m)
{
	unsigned r;

	m->now_ms += 1000;
	for (r = 0; r < PAUSE_REASONS; r++)
		if (m->causes >> r & 1 && m->now_ms >= m->cause_ms[r])
			m->causes &= ~PAUSE_BIT(r);
	slot_now(m);
	worker_second(m);
	card_second(m);
	guard_now(m, m->hashes * m->boast);
}

static void seconds(struct sim *m, int n)
{
	while (n-- > 0)
		second(m);
}

static void xid(struct sim *m, int64_t number)
{
	sensor_put(&m->reading, SENSOR_XID, number);
	sensor_put(&m->reading, SENSOR_XID_COUNT, m->reading.v[SENSOR_XID_COUNT] + 1);
}

static void owner_says_go_on(struct sim *m)
{
	m->reading.lost = 0;
	m->owner_said = true;
	slot_unpark(&m->slot);
	guard_unpark(&m->guard, &m->settings);
}

/* Something goes wrong, for a while. */
static void fault(struct sim *m)
{
	static const int numbers[] = {13, 31, 43, 45, 63, 74, 92, 109, 7, 154};
	int64_t until = m->now_ms + 30000 + (int64_t)(random_u64(&m->seed) % 1800000);
	unsigned r = (unsigned)(random_u64(&m->seed) % (PAUSE_REASONS - 1));

	switch (random_u64(&m->seed) % 16) {
	case 0:
		m->unkillable_ms = random_u64(&m->seed) % 4 ? 0 : m->now_ms + 120000;
		/* fallthrough */
	case 1:
		m->hung = m->alive;
		break;
	case 2:
	case 3:
		m->dies_ms = m->alive ? m->now_ms : 0;
		m->dies_of = SIGSEGV;
		break;
	case 4:
		m->no_start_ms = until;
		break;
	case 5:
		m->slow_ms = until;
		m->slow = random_unit(&m->seed);
		break;
	case 6:
		m->wrong_ms = until;
		m->wrong = random_unit(&m->seed);
		break;
	case 7:
	case 8:
		m->spike_ms = until;
		break;
	case 9:
		m->zero_ms = until;
		break;
	case 10:
		xid(m, numbers[random_u64(&m->seed) % (sizeof numbers / sizeof numbers[0])]);
		break;
	case 11:
		m->blind = !m->blind;
		break;
	case 12:
		if (random_u64(&m->seed) % 8 == 0)
			m->reading.lost = 1;
		break;
	default:
		m->cause_ms[r] = until;
		m->causes |= r == PAUSE_HOT ? 0 : PAUSE_BIT(r);
		break;
	}
}

/* In no stretch of window_ms more starts than restarts are allowed. */
static bool too_many(const struct sim *m, int64_t window_ms, unsigned most)
{
	unsigned i, n = m->spawns < SPAWNS_MAX ? m->spawns : SPAWNS_MAX;

	for (i = most; i < n; i++)
		if (m->spawn_ms[i] - m->spawn_ms[i - most] < window_ms)
			return true;
	return false;
}

static void random_days_keep_every_promise(void)
{
	static struct sim m;
	unsigned seed, parked = 0, mined = 0, restarts = 0, alarms = 0, e;
	int s;

	for (seed = 1; seed <= 24; seed++) {
		bool owner = seed % 2; /* of every other rig comes by each hour */

		sim_init(&m, seed);
		for (s = 0; s < DAY_S; s++) {
			/* the last two hours nothing goes wrong */
			if (s < DAY_S - 7200 && random_u64(&m.seed) % 900 == 0)
				fault(&m);
			if (owner && s % 3600 == 0 && m.slot.state == SLOT_PARKED)
				owner_says_go_on(&m);
			second(&m);
			m.owner_said = false;
			if (s == DAY_S - 600)
				m.total = 0;
		}
		CHECK_INT(m.broken, 0);
		CHECK_INT(m.spawns_parked, 0);
		CHECK(!m.causes);
		if (!owner) {
			CHECK(!too_many(&m, slot_limits_default.window_ms,
					slot_limits_default.budget + 1));
			CHECK(m.spawns <= m.settings.day_restarts + 1);
		}
		/* At the end it mines, or was given up for a reason. */
		CHECK(m.slot.state == SLOT_PARKED ? m.slot.reason[0] != '\0'
						  : m.total > 300 * RATE);
		parked += m.slot.state == SLOT_PARKED;
		mined += m.slot.state == SLOT_RUNNING;
		restarts += m.done[GUARD_RESTART];
		for (e = 1; e < ALARM_EVENTS; e++)
			alarms += m.said[e];
	}
	printf("\t%u mine, %u are parked; %u restarts by the guardian, %u alarms said\n", mined,
	       parked, restarts, alarms);
	CHECK(mined >= 8);  /* the faults are not all deadly, ... */
	CHECK(parked >= 1); /* ... but some are, */
	CHECK(restarts > 10 && alarms > 200);
}

static void a_healthy_day_has_no_event_and_no_loss(void)
{
	static struct sim m;
	unsigned e;

	sim_init(&m, 77);
	seconds(&m, DAY_S);
	CHECK_INT(m.broken, 0);
	for (e = 1; e < ALARM_EVENTS; e++)
		CHECK_INT(m.said[e], 0);
	for (e = 0; e <= GUARD_ALARM; e++)
		CHECK_INT(m.done[e], 0);
	CHECK(m.total > 0.9999 * RATE * (DAY_S - 10));
	CHECK_INT(m.spawns, 1);
}

static void hangs_and_crashes_are_told_apart_and_recovered(void)
{
	static struct sim m;

	sim_init(&m, 1);
	seconds(&m, 600);
	m.hung = true;
	seconds(&m, 120);
	CHECK_INT(m.said[ALARM_HANG], 1);
	CHECK_INT(m.said[ALARM_CRASH], 0);
	CHECK_INT(m.said[ALARM_RESTARTED], 1);
	m.dies_ms = m.now_ms;
	m.dies_of = SIGSEGV;
	seconds(&m, 120);
	CHECK_INT(m.said[ALARM_CRASH], 1);
	CHECK_INT(m.said[ALARM_HANG], 1);
	CHECK_INT(m.spawns, 3);
	CHECK_INT(m.slot.state, SLOT_RUNNING);
}

static void owner_restarts(struct sim *m)
{
	guard_restarting(&m->guard);
	do_slot(m, slot_restart(&m->slot, &slot_limits_default, m->now_ms, "the owner wants it"));
	guard_now(m, 0);
}

/* As often as owners like, also while it starts, and twice in a row. */
static void what_the_owner_restarts_is_neither_alarm_nor_fault(void)
{
	static struct sim m;
	unsigned i;

	sim_init(&m, 5);
	seconds(&m, 60);
	for (i = 0; i < 60; i++) {
		owner_restarts(&m);
		if (i % 7 == 0)
			owner_restarts(&m);
		seconds(&m, i % 5 ? 10 : 2);
	}
	seconds(&m, 60);
	CHECK_INT(m.broken, 0);
	CHECK_INT(m.slot.state, SLOT_RUNNING);
	CHECK_INT(m.said[ALARM_HANG], 0);
	CHECK_INT(m.said[ALARM_CRASH], 0);
	CHECK_INT(m.said[ALARM_PARKED], 0);
	CHECK_INT(m.guard.n_restarts, 0);
	CHECK_INT(m.done[GUARD_RESTART] + m.done[GUARD_PARK], 0);
	CHECK(m.spawns > 50);
	m.dies_ms = m.now_ms; /* a real crash is told as before */
	m.dies_of = SIGSEGV;
	seconds(&m, 60);
	CHECK_INT(m.said[ALARM_CRASH], 1);
	m.hung = true;
	seconds(&m, 120);
	CHECK_INT(m.said[ALARM_HANG], 1);
	CHECK_INT(m.guard.n_restarts, 2);
}

/* Every two minutes is within the slot's budget for ever: the day's lid ends it. */
static void a_slow_restart_loop_ends_as_well(void)
{
	static struct sim m;

	sim_init(&m, 1);
	m.frail = true;
	seconds(&m, DAY_S);
	CHECK_INT(m.slot.state, SLOT_PARKED);
	CHECK_HAS(m.slot.reason, "restarted 32 times within a day, last: hung");
	CHECK_INT(m.spawns, 32);
	CHECK_INT(m.said[ALARM_PARKED], 1);
	owner_says_go_on(&m);
	seconds(&m, 60);
	CHECK_INT(m.slot.state, SLOT_RUNNING);
}

static void an_unkillable_worker_is_left_alone(void)
{
	static struct sim m;

	sim_init(&m, 1);
	seconds(&m, 60);
	m.hung = true;
	m.unkillable_ms = INT64_MAX;
	seconds(&m, 3600);
	CHECK_INT(m.slot.state, SLOT_STUCK);
	CHECK_INT(m.said[ALARM_STUCK], 1);
	CHECK_HAS(m.last, "reboot");
	CHECK_INT(m.spawns, 1);
}

static void a_card_that_is_gone_is_parked(void)
{
	static struct sim m;

	sim_init(&m, 1);
	seconds(&m, 60);
	xid(&m, 79);
	second(&m);
	CHECK_INT(m.done[GUARD_PARK], 1);
	CHECK_INT(m.said[ALARM_OFF_BUS], 1);
	m.reading.lost = 1;
	m.hung = true;
	seconds(&m, 3600);
	CHECK_INT(m.slot.state, SLOT_PARKED);
	CHECK_HAS(m.parked_for, "Xid 79: fallen off the bus; reboot");
	CHECK_INT(m.said[ALARM_OFF_BUS], 1); /* the same thing, told by two */
	CHECK_INT(m.spawns, 1);
}

static void an_error_of_another_program_costs_nothing(void)
{
	static struct sim m;
	uint64_t seen;

	sim_init(&m, 1);
	seconds(&m, 60);
	xid(&m, 31);
	seconds(&m, 600);
	CHECK_INT(m.said[ALARM_XID], 1);
	CHECK_INT(m.done[GUARD_RESTART], 0);
	xid(&m, 31);
	m.zero_ms = m.now_ms + 30000;
	seconds(&m, 14);
	CHECK_INT(m.done[GUARD_RESTART], 0);
	seconds(&m, 3);
	CHECK_INT(m.done[GUARD_RESTART], 1);
	CHECK_HAS(m.slot.reason, "nothing completed for 15 s after Xid 31");
	/* A sensor process that starts again counts from 0: that is no error, 1 is. */
	seconds(&m, 600);
	seen = m.guard.alarms.of[ALARM_XID].total;
	CHECK_U64(seen, 3); /* two errors and a restart */
	sensor_put(&m.reading, SENSOR_XID_COUNT, 0);
	second(&m);
	CHECK_U64(m.guard.alarms.of[ALARM_XID].total, seen);
	xid(&m, 63);
	second(&m);
	CHECK_U64(m.guard.alarms.of[ALARM_XID].total, seen + 1);
}

static void wrong_results_slow_then_restart_then_park(void)
{
	static struct sim m;

	sim_init(&m, 1);
	seconds(&m, 600);
	m.wrong_ms = INT64_MAX;
	m.wrong = 0.5;
	while (m.duty == 1000)
		second(&m);
	CHECK_INT(m.duty, 850);
	CHECK_INT(m.limit_mw, 170000);
	CHECK_INT(m.said[ALARM_WRONG_RESULTS], 1);
	CHECK_INT(m.done[GUARD_RESTART], 0);
	seconds(&m, 7200);
	CHECK_INT(m.duty, 700);
	CHECK_INT(m.done[GUARD_RESTART], 2);
	CHECK_INT(m.said[ALARM_HANG] + m.said[ALARM_CRASH], 0); /* they were asked for */
	CHECK_INT(m.slot.state, SLOT_PARKED);
	CHECK_HAS(m.parked_for, "results are wrong");
	m.wrong = 0;
	owner_says_go_on(&m);
	seconds(&m, 60);
	CHECK_INT(m.duty, 1000);
	CHECK_INT(m.limit_mw, SENSOR_RESTORE);
	CHECK_INT(m.slot.state, SLOT_RUNNING);
}

static void a_cured_device_is_forgiven(void)
{
	static struct sim m;

	sim_init(&m, 3);
	m.wrong_ms = m.now_ms + 300000;
	m.wrong = 0.5;
	seconds(&m, 400);
	CHECK(m.duty < 1000);
	seconds(&m, 4 * 3600);
	CHECK_INT(m.duty, 1000);
	CHECK_INT(m.said[ALARM_RESULTS_RIGHT] > 0, true);
	CHECK_INT(m.said[ALARM_LOW_RATE], 0); /* our own throttling is no low rate */
}

static void a_slow_device_is_told_and_restarted_if_wanted(void)
{
	static struct sim m;
	int restarts;

	for (restarts = 0; restarts < 2; restarts++) {
		sim_init(&m, 1);
		m.settings.restart_on_low = restarts;
		seconds(&m, 1800);
		m.slow_ms = m.now_ms + 3600000;
		m.slow = 0.5;
		seconds(&m, 7200);
		CHECK_INT(m.said[ALARM_LOW_RATE], 1);
		CHECK_INT(m.said[ALARM_RATE_BACK], 1);
		CHECK_INT(m.done[GUARD_RESTART], restarts);
	}
	m.zero_ms = m.now_ms + 70000; /* it answers, and does nothing */
	seconds(&m, 600);
	CHECK_INT(m.said[ALARM_NO_HASHES], 1);
	CHECK_INT(m.done[GUARD_RESTART], 2);
}

static void a_boasting_device_is_told(void)
{
	static struct sim m;

	sim_init(&m, 1);
	m.boast = 1.5;
	seconds(&m, DAY_S);
	CHECK_INT(m.said[ALARM_RATE_DISAGREES], 1);
	CHECK_INT(m.done[GUARD_RESTART] + m.done[GUARD_PARK], 0);
}

static void heat_pauses_and_other_causes_stay(void)
{
	static struct sim m;

	sim_init(&m, 1);
	seconds(&m, 600);
	m.spike_ms = m.now_ms + 600000;
	while (!m.paused)
		second(&m);
	CHECK_INT(m.said[ALARM_OVERHEAT], 1);
	CHECK_INT(m.guard.pauses, PAUSE_BIT(PAUSE_HOT));
	m.causes = PAUSE_BIT(PAUSE_BATTERY);
	m.cause_ms[PAUSE_BATTERY] = m.now_ms + 1800000;
	seconds(&m, 1200); /* cool again, still on battery */
	CHECK(m.paused);
	CHECK_INT(m.guard.pauses, PAUSE_BIT(PAUSE_BATTERY));
	seconds(&m, 700);
	CHECK(!m.paused);
	CHECK_INT(m.spawns, 1);
	CHECK_INT(m.said[ALARM_LOW_RATE] + m.said[ALARM_NO_HASHES], 0);
	CHECK_INT(m.broken, 0);
}

/* A step by hand: the actions are in m->out. */
static const struct guard_out *step(struct sim *m, struct guard_in *in)
{
	in->thermal = &m->heat;
	m->now_ms += 1000;
	guard_step(&m->guard, &m->settings, in, m->now_ms, &m->out);
	return &m->out;
}

static void the_lowest_of_all_limits_holds(void)
{
	static struct sim m;
	struct guard_in in = {.power_limit_mw = SENSOR_LEAVE,
			      .power_min_mw = 100000,
			      .power_default_mw = 200000,
			      .may_power = true,
			      .life = GUARD_RUNNING};

	sim_init(&m, 1);
	CHECK_INT(step(&m, &in)->n, 0);
	in.power_limit_mw = 150000;
	m.heat.limit_mw = 160000;
	m.heat.duty_permille = 900;
	snprintf(m.heat.reason, sizeof m.heat.reason, "core at 80 C");
	CHECK_INT(step(&m, &in)->n, 2);
	CHECK_INT(m.out.a[0].what, GUARD_DUTY);
	CHECK_INT(m.out.a[0].value, 900);
	CHECK_STR(m.out.a[0].reason, "core at 80 C");
	CHECK_INT(m.out.a[1].what, GUARD_LIMIT);
	CHECK_INT(m.out.a[1].value, 150000);
	CHECK_STR(m.out.a[1].reason, "power limit");
	CHECK_INT(step(&m, &in)->n, 0); /* told once */
	m.heat.limit_mw = 60000;        /* not below what the card can */
	CHECK_INT(step(&m, &in)->a[0].value, 100000);
	m.heat.limit_mw = in.power_limit_mw = SENSOR_LEAVE;
	CHECK_INT(step(&m, &in)->a[0].value, SENSOR_RESTORE);
	CHECK_INT(step(&m, &in)->n, 0);
	in.may_power = false;
	in.power_limit_mw = 150000;
	CHECK_INT(step(&m, &in)->n, 0);
	in.may_power = true;
	CHECK_INT(step(&m, &in)->a[0].value, 150000);
	in.may_power = false; /* and what was permitted no longer is given back */
	CHECK_INT(step(&m, &in)->n, 1);
	CHECK_INT(m.out.a[0].value, SENSOR_RESTORE);
	CHECK_INT(step(&m, &in)->n, 0);
}

static void what_is_parked_is_kept_so(void)
{
	static struct sim m;
	struct guard_in in = {.power_limit_mw = SENSOR_LEAVE, .life = GUARD_RUNNING};

	sim_init(&m, 1);
	step(&m, &in);
	in.reading = &m.reading;
	xid(&m, 95);
	CHECK_INT(step(&m, &in)->a[0].what, GUARD_PARK);
	in.life = GUARD_ENDING; /* as it was told: no hang */
	step(&m, &in);
	CHECK_U64(m.guard.alarms.of[ALARM_HANG].total, 0);
	xid(&m, 62); /* one more is no second parking */
	step(&m, &in);
	CHECK_INT(m.out.n, 0);
	in.life = GUARD_BACKOFF; /* it ended at once, and somebody would start it again */
	step(&m, &in);
	CHECK_INT(m.out.n, 1);
	CHECK_INT(m.out.a[0].what, GUARD_PARK);
	CHECK_U64(m.guard.alarms.of[ALARM_CRASH].total, 0);
	in.life = GUARD_PARKED;
	step(&m, &in);
	in.life = GUARD_PREPARING;
	CHECK_INT(step(&m, &in)->a[0].what, GUARD_PARK);
	guard_unpark(&m.guard, &m.settings);
	CHECK_INT(step(&m, &in)->n, 0);
}

/* What is down already is not restarted, and a wrong candidate is no share. */
static void no_restart_of_what_is_down(void)
{
	static struct sim m;
	struct guard_in in = {.power_limit_mw = SENSOR_LEAVE, .life = GUARD_RUNNING};
	unsigned i;

	sim_init(&m, 1);
	m.settings.wrong.slower_steps = 0;
	step(&m, &in);
	for (i = 0; i < 3; i++)
		guard_candidate(&m.guard, &m.settings, false, DIFFICULTY, m.now_ms);
	CHECK(m.guard.honest.total.shares < 1);
	in.life = GUARD_BACKOFF;
	step(&m, &in);
	for (i = 0; i < m.out.n; i++)
		CHECK_INT(m.out.a[i].what, GUARD_ALARM);
	CHECK_U64(m.guard.alarms.of[ALARM_WRONG_RESULTS].total, 1);
	CHECK_U64(m.guard.alarms.of[ALARM_CRASH].total, 1);
}

static void a_new_sensor_process_may_begin_with_an_error(void)
{
	static struct sim m;
	struct guard_in in = {
		.power_limit_mw = SENSOR_LEAVE, .life = GUARD_RUNNING, .reading = &m.reading};

	sim_init(&m, 1);
	sensor_put(&m.reading, SENSOR_XID, 63);
	sensor_put(&m.reading, SENSOR_XID_COUNT, 5);
	step(&m, &in);
	sensor_put(&m.reading, SENSOR_XID_COUNT, 1);
	step(&m, &in);
	CHECK_U64(m.guard.alarms.of[ALARM_XID].total, 2);
}

int main(void)
{
	T_RUN(random_days_keep_every_promise);
	T_RUN(a_healthy_day_has_no_event_and_no_loss);
	T_RUN(hangs_and_crashes_are_told_apart_and_recovered);
	T_RUN(what_the_owner_restarts_is_neither_alarm_nor_fault);
	T_RUN(a_slow_restart_loop_ends_as_well);
	T_RUN(an_unkillable_worker_is_left_alone);
	T_RUN(a_card_that_is_gone_is_parked);
	T_RUN(an_error_of_another_program_costs_nothing);
	T_RUN(wrong_results_slow_then_restart_then_park);
	T_RUN(a_cured_device_is_forgiven);
	T_RUN(a_slow_device_is_told_and_restarted_if_wanted);
	T_RUN(a_boasting_device_is_told);
	T_RUN(heat_pauses_and_other_causes_stay);
	T_RUN(the_lowest_of_all_limits_holds);
	T_RUN(what_is_parked_is_kept_so);
	T_RUN(no_restart_of_what_is_down);
	T_RUN(a_new_sensor_process_may_begin_with_an_error);
	return t_done();
}
