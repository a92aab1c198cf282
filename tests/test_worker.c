/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The worker process seen from its socket: leases are searched exactly once whatever
 * happens, orders are obeyed, and it ends when it should.
 */
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "src/clock.h"
#include "src/epoch.h"
#include "src/ipc.h"
#include "src/prove.h"
#include "src/worker.h"
#include "tests/t.h"

#define PATIENCE_MS 120000 /* kernels may have to be compiled; nothing is measured by it */
#define LEASES      64
#define SEEN_MAX    20000

struct lease {
	struct epoch *epoch; /* one reference, or NULL */
	struct work work;
	uint64_t done;
	uint8_t *seen; /* finds a nonce, or NULL */
	bool ended;
};

/* The supervisor's side. */
struct boss {
	const struct algo *algo;
	int fd;
	pid_t pid;
	struct ipc_msg msg; /* the last one received */
	struct lease lease[LEASES];
	unsigned given, credits;
	uint32_t report_ms;
	uint64_t found, wrong, stray, twice, early;
	unsigned batches, reports, progress;
	unsigned timed; /* batches that told how long nothing was computed before, ... */
	double idle_us; /* ... and that */
	bool hello, ready, idle;
	struct epoch *epoch; /* of works given from now on; NULL: the algorithm has none */
	struct ipc_unfit unfit;
};

static const struct algo *fast_algo(void)
{
	return algo_find("sha256d");
}

static void boss_init(struct boss *b, const struct algo *algo)
{
	int pair[2];
	struct err err = {0};

	memset(b, 0, sizeof *b);
	b->algo = algo;
	if (ipc_pair(pair, &err))
		exit(T_BROKEN);
	fflush(stdout);
	b->pid = fork();
	if (b->pid < 0)
		exit(T_BROKEN);
	if (!b->pid) {
		close(pair[0]);
		_exit(worker_run(pair[1]));
	}
	close(pair[1]);
	b->fd = pair[0];
}

static void boss_open(struct boss *b, const char *backend, const char *sim)
{
	const char *cache = getenv("XDG_CACHE_HOME");
	struct ipc_open open = {.batch_ms = 20, .threads = 2, .report_ms = b->report_ms};
	struct err err = {0};

	snprintf(open.backend, sizeof open.backend, "%s", backend);
	snprintf(open.algo, sizeof open.algo, "%s", b->algo->name);
	snprintf(open.sim, sizeof open.sim, "%s", sim);
	snprintf(open.cache_dir, sizeof open.cache_dir, "%s", cache ? cache : "");
	algo_settings(b->algo, open.set, NULL, 0, &err);
	if (b->algo->dataset)
		b->algo->dataset->small(open.set);
	CHECK_INT(ipc_send(b->fd, IPC_OPEN, &open), 0);
}

/* The worker ends by itself; its status as from waitpid(). */
static int boss_done(struct boss *b)
{
	unsigned i;
	int status = -1;

	close(b->fd);
	waitpid(b->pid, &status, 0);
	for (i = 0; i < LEASES; i++) {
		free(b->lease[i].seen);
		epoch_unref(b->lease[i].epoch);
	}
	epoch_unref(b->epoch);
	return status;
}

static void note_found(struct boss *b, const struct ipc_found *f)
{
	struct lease *l = f->lease && f->lease <= b->given ? &b->lease[f->lease - 1] : NULL;
	uint64_t at = l ? f->nonce - l->work.nonce_first : 0;
	struct digest d;

	if (!l || at >= l->work.nonce_count || f->serial != l->work.serial ||
	    f->roll != l->work.roll) {
		b->stray++;
		return;
	}
	b->found++;
	if (l->ended)
		b->early++;
	if (l->seen && l->seen[at]++)
		b->twice++;
	if (b->algo->hash(l->epoch ? &l->epoch->view : NULL, &l->work, f->nonce, &d) ||
	    d.hash.w[3] > l->work.target.w[3])
		b->wrong++;
}

static void note_message(struct boss *b)
{
	const struct ipc_msg *m = &b->msg;

	switch (m->head.type) {
	case IPC_HELLO:
		b->hello = true;
		break;
	case IPC_PROGRESS:
		b->progress++;
		break;
	case IPC_READY:
		b->ready = true;
		break;
	case IPC_HUNGRY:
		b->credits += (unsigned)m->u.number.n;
		break;
	case IPC_UNFIT:
		b->unfit = m->u.unfit;
		break;
	case IPC_FOUND:
		note_found(b, &m->u.found);
		break;
	case IPC_BATCH:
		b->batches += m->u.batch.batches;
		b->reports++;
		if (m->u.batch.idle_us != BACKEND_UNKNOWN) {
			b->timed += m->u.batch.batches;
			b->idle_us += m->u.batch.idle_us;
		}
		if (CHECK(m->u.batch.lease && m->u.batch.lease <= b->given)) {
			struct lease *l = &b->lease[m->u.batch.lease - 1];

			l->done += m->u.batch.hashes;
			l->ended |= l->done == l->work.nonce_count;
		}
		break;
	default:
		break;
	}
}

/* Receive one message; its type, or 0 when the worker has gone or is silent for too long. */
static unsigned boss_hear(struct boss *b)
{
	struct pollfd p = {.fd = b->fd, .events = POLLIN};
	int rc;

	while ((rc = ipc_recv(b->fd, &b->msg)) == 0)
		if (poll(&p, 1, PATIENCE_MS) == 0) {
			CHECK(!"the worker speaks");
			return 0;
		}
	if (rc < 0) {
		CHECK_INT(rc, -ERR_IO);
		return 0;
	}
	note_message(b);
	return b->msg.head.type;
}

/* Until a message of this type; false when the worker goes away or fails before. */
static bool boss_await(struct boss *b, unsigned type)
{
	unsigned got;

	while ((got = boss_hear(b)) != 0)
		if (got == type)
			return true;
		else if (got == IPC_FAILED)
			break;
	return false;
}

static void tell(struct boss *b, unsigned type, uint64_t n)
{
	const struct ipc_number body = {.n = n};

	CHECK_INT(ipc_send(b->fd, type, &body), 0);
}

static void give(struct boss *b, uint64_t serial, uint64_t first, uint64_t count, uint64_t top)
{
	struct ipc_work w;
	struct lease *l = &b->lease[b->given];

	memset(&w, 0, sizeof w);
	prove_work(&w.work, b->algo, b->epoch ? &b->epoch->view : NULL, b->given);
	l->epoch = epoch_ref(b->epoch);
	w.work.serial = serial;
	w.work.roll = 100 + b->given;
	w.work.nonce_first = first;
	w.work.nonce_count = count;
	w.work.target.w[3] = top;
	w.lease = ++b->given;
	l->work = w.work;
	if (count <= SEEN_MAX)
		l->seen = calloc(1, count);
	CHECK_INT(ipc_send(b->fd, IPC_WORK, &w), 0);
}

/* Works given from now on are of this epoch, in a small dataset. */
static void give_epoch(struct boss *b, uint32_t number)
{
	struct ipc_epoch body;
	uint64_t set[ALGO_SETTINGS_MAX] = {0};
	struct err err = {0};

	epoch_unref(b->epoch);
	b->epoch = NULL;
	b->algo->dataset->small(set);
	if (!CHECK_OK(epoch_make(&b->epoch, b->algo, number, set, NULL, &err), &err))
		return;
	body.facts = b->epoch->view.facts;
	CHECK_INT(ipc_send_fd(b->fd, IPC_EPOCH, &body, b->epoch->fd), 0);
}

static bool all_searched(const struct boss *b)
{
	unsigned i;

	for (i = 0; i < b->given; i++)
		if (!b->lease[i].ended)
			return false;
	return b->credits == b->given;
}

/* Until every lease given is searched and credited. */
static bool boss_finish(struct boss *b)
{
	while (!all_searched(b))
		if (!boss_hear(b) || b->msg.head.type == IPC_FAILED)
			return CHECK(!"the leases are searched");
	return true;
}

static bool boss_start(struct boss *b, const char *backend, const char *sim)
{
	boss_init(b, fast_algo());
	boss_open(b, backend, sim);
	return boss_await(b, IPC_READY) && boss_await(b, IPC_IDLE);
}

static bool boss_start_dataset(struct boss *b, const char *backend, const char *sim)
{
	boss_init(b, algo_find("etchash"));
	boss_open(b, backend, sim);
	return boss_await(b, IPC_READY) && boss_await(b, IPC_IDLE);
}

static void quits_well(struct boss *b)
{
	CHECK_INT(ipc_send(b->fd, IPC_QUIT, NULL), 0);
	while (boss_hear(b))
		;
	CHECK_INT(boss_done(b), 0);
}

/* --- exactness ---------------------------------------------------------------- */

static uint64_t sum_found(const struct boss *b, unsigned lease)
{
	uint64_t i, n = 0;

	for (i = 0; i < b->lease[lease].work.nonce_count; i++)
		n += b->lease[lease].seen[i];
	return n;
}

/* Where every nonce hits, each is found once: nothing lost, nothing double. */
static void covers_everything_once(const char *backend)
{
	const struct algo *algo = fast_algo();
	uint64_t last = algo->nonce_len == 4 ? UINT32_MAX : UINT64_MAX;
	int64_t begun = clock_us();
	struct boss b;
	unsigned i;

	if (!boss_start(&b, backend, "")) {
		boss_done(&b);
		T_SKIP("this machine has no such device");
	}
	CHECK(b.hello);
	give(&b, 1, 0, 1000, UINT64_MAX);
	give(&b, 1, 1000, 1, UINT64_MAX);
	give(&b, 1, 5000, 3001, UINT64_MAX / 2);
	give(&b, 2, last - 776, 777, UINT64_MAX);
	give(&b, 2, 0x7fffff00, 512, UINT64_MAX);
	give(&b, 3, 100000, SEEN_MAX, UINT64_MAX / 64);
	if (boss_finish(&b)) {
		CHECK_U64(b.credits, 6);
		for (i = 0; i < b.given; i++)
			CHECK_U64(b.lease[i].done, b.lease[i].work.nonce_count);
		CHECK_U64(sum_found(&b, 0), 1000);
		CHECK_U64(sum_found(&b, 1), 1);
		CHECK_U64(sum_found(&b, 3), 777);
		CHECK_U64(sum_found(&b, 4), 512);
		CHECK(sum_found(&b, 2) > 1200);
		CHECK_U64(b.wrong, 0);
		CHECK_U64(b.stray, 0);
		CHECK_U64(b.twice, 0);
		CHECK_U64(b.early, 0);
		CHECK(b.timed >= b.batches - 1); /* before the first there was none */
		CHECK(b.idle_us <= (double)(clock_us() - begun));
	}
	quits_well(&b);
}

static void cpu_covers_everything_once(void)
{
	covers_everything_once("cpu");
}

static void opencl_covers_everything_once(void)
{
	covers_everything_once("opencl");
}

static void overflowing_batches_are_searched_again_once(void)
{
	struct boss b;
	unsigned i;

	if (!CHECK(boss_start(&b, "sim", "rate=100M,fault=flood:0.4")))
		return;
	for (i = 0; i < 8; i++)
		give(&b, 1, i * 10000000ull, 9999999, 1ull << 20);
	if (boss_finish(&b))
		for (i = 0; i < b.given; i++)
			CHECK_U64(b.lease[i].done, b.lease[i].work.nonce_count);
	CHECK_U64(b.credits, 8);
	CHECK_U64(b.stray, 0);
	quits_well(&b);
}

static void halving_ends_where_the_slots_suffice(void)
{
	struct boss b;

	if (!CHECK(boss_start(&b, "sim", "rate=100M,fault=flood:1")))
		return;
	give(&b, 1, 0, 200, 1ull << 20);
	boss_finish(&b); /* too small to overflow */
	give(&b, 1, 0, 5000, 1ull << 20);
	boss_finish(&b); /* halved until it fits */
	CHECK_U64(b.lease[1].done, 5000);
	quits_well(&b);
}

/* Asked to, it keeps batches back that nobody waits for: not the end of a lease, not finds. */
static void batches_are_told_together(void)
{
	unsigned quiet;
	struct boss b;

	boss_init(&b, fast_algo());
	b.report_ms = 600000;
	boss_open(&b, "sim", "rate=1M");
	if (!CHECK(boss_await(&b, IPC_READY) && boss_await(&b, IPC_IDLE)))
		return;
	give(&b, 1, 0, 100000, 0); /* ten batches, no finds */
	give(&b, 1, 1u << 20, 100000, 0);
	boss_finish(&b);
	quiet = b.reports;
	CHECK_INT(quiet, 2);
	CHECK(b.batches > 8);
	CHECK_U64(b.lease[0].done, 100000);
	CHECK_U64(b.lease[1].done, 100000);
	give(&b, 1, 2u << 20, 100000, UINT64_MAX / 100); /* some in each */
	boss_finish(&b);
	CHECK(b.reports - quiet > 3);
	CHECK_U64(b.lease[2].done, 100000);
	quits_well(&b);
}

/* --- orders ------------------------------------------------------------------- */

static void forget_is_obeyed_within_the_batches_in_flight(void)
{
	unsigned late = 0, got;
	struct boss b;

	if (!CHECK(boss_start(&b, "sim", "rate=1M")))
		return;
	give(&b, 1, 0, 1u << 31, 1);
	give(&b, 1, 1u << 31, 1u << 31, 1);
	CHECK(boss_await(&b, IPC_BATCH));
	tell(&b, IPC_FORGET, 2);
	give(&b, 2, 0, 1000, UINT64_MAX / 16);
	CHECK(boss_await(&b, IPC_HUNGRY));
	CHECK_U64(b.msg.u.number.n, 2);
	while (!b.lease[2].ended && (got = boss_hear(&b)) != 0)
		late += got == IPC_BATCH && b.msg.u.batch.serial == 1;
	CHECK(late <= 2);
	CHECK(boss_await(&b, IPC_IDLE));
	CHECK_U64(b.credits, 3);
	CHECK_U64(b.lease[2].done, 1000);
	CHECK_U64(b.lease[1].done, 0);
	quits_well(&b);
}

static void forget_spares_newer_jobs(void)
{
	struct boss b;

	if (!CHECK(boss_start(&b, "sim", "rate=100M")))
		return;
	CHECK_INT(ipc_send(b.fd, IPC_PAUSE, NULL), 0);
	give(&b, 1, 0, 1000, 1);
	give(&b, 2, 0, 2000, 1);
	give(&b, 1, 1000, 1000, 1);
	give(&b, 3, 0, 3000, 1);
	tell(&b, IPC_FORGET, 2);
	CHECK(boss_await(&b, IPC_HUNGRY));
	CHECK_U64(b.msg.u.number.n, 2);
	tell(&b, IPC_FORGET, 2); /* nothing left to drop: nothing is said */
	CHECK_INT(ipc_send(b.fd, IPC_RESUME, NULL), 0);
	while (b.credits < 4 && boss_hear(&b))
		;
	CHECK_INT(ipc_send(b.fd, IPC_QUIT, NULL), 0);
	while (boss_hear(&b))
		;
	CHECK_U64(b.credits, 4);
	CHECK_U64(b.lease[0].done + b.lease[2].done, 0);
	CHECK_INT(boss_done(&b), 0);
}

static void paused_worker_starts_nothing_until_resumed(void)
{
	struct boss b;
	unsigned before;

	if (!CHECK(boss_start(&b, "sim", "rate=1M")))
		return;
	give(&b, 1, 0, 200000, 1);
	CHECK(boss_await(&b, IPC_BATCH));
	CHECK_INT(ipc_send(b.fd, IPC_PAUSE, NULL), 0);
	CHECK(boss_await(&b, IPC_IDLE));
	before = b.batches;
	/* An answer to something else proves it had the time to go on. */
	give(&b, 5, 0, 10, 1);
	give(&b, 1, 300000, 10, 1);
	tell(&b, IPC_FORGET, 2);
	CHECK(boss_await(&b, IPC_HUNGRY));
	CHECK_U64(b.batches, before);
	CHECK_INT(ipc_send(b.fd, IPC_RESUME, NULL), 0);
	while (!b.lease[1].ended && boss_hear(&b))
		;
	CHECK(boss_await(&b, IPC_IDLE)); /* told again, though it was idle before */
	CHECK_U64(b.credits, 3);
	quits_well(&b);
}

static void resting_worker_still_covers_its_lease(void)
{
	const struct ipc_limit limit = {.batch_ms = 4, .duty_permille = 300};
	struct boss b;

	if (!CHECK(boss_start(&b, "sim", "rate=1M")))
		return;
	CHECK_INT(ipc_send(b.fd, IPC_LIMIT, &limit), 0);
	give(&b, 1, 0, 30000, 1);
	CHECK(boss_await(&b, IPC_IDLE));
	CHECK_U64(b.lease[0].done, 30000);
	quits_well(&b);
}

static void told_intensity_is_kept(void)
{
	const struct ipc_limit limit = {.batch_ms = 20, .duty_permille = 1000, .intensity = 8},
			       other = {.batch_ms = 20, .duty_permille = 1000};
	struct boss b;

	if (!CHECK(boss_start(&b, "sim", "rate=1M")))
		return;
	CHECK_INT(ipc_send(b.fd, IPC_LIMIT, &limit), 0);
	CHECK_INT(ipc_send(b.fd, IPC_LIMIT, &other), 0); /* says nothing of it */
	give(&b, 1, 0, 16 * 256, 1);
	CHECK(boss_await(&b, IPC_IDLE));
	CHECK_U64(b.lease[0].done, 16 * 256);
	CHECK_U64(b.batches, 16);
	quits_well(&b);
}

static void a_told_intensity_is_taken_back(void)
{
	const struct ipc_limit limit = {.batch_ms = 20, .duty_permille = 1000, .intensity = 8},
			       automatic = {.batch_ms = 20, .duty_permille = 1000, .automatic = 1};
	struct boss b;
	uint64_t before;

	if (!CHECK(boss_start(&b, "sim", "rate=1M")))
		return;
	CHECK_INT(ipc_send(b.fd, IPC_LIMIT, &limit), 0);
	give(&b, 1, 0, 16 * 256, 1);
	CHECK(boss_await(&b, IPC_IDLE));
	before = b.batches;
	CHECK_U64(before, 16);
	CHECK_INT(ipc_send(b.fd, IPC_LIMIT, &automatic), 0);
	give(&b, 2, 0, 400 * 256, 1);
	CHECK(boss_await(&b, IPC_IDLE));
	CHECK_U64(b.lease[1].done, 400 * 256);
	CHECK(b.batches - before < 200); /* they grew */
	quits_well(&b);
}

/* --- ends --------------------------------------------------------------------- */

static void ends_when_the_supervisor_goes_away(void)
{
	struct boss b;
	int status;

	if (!CHECK(boss_start(&b, "sim", "rate=1M")))
		return;
	status = boss_done(&b);
	CHECK(WIFEXITED(status));
	if (!CHECK(boss_start(&b, "sim", "rate=1M")))
		return;
	give(&b, 1, 0, 1u << 30, UINT64_MAX / 4);
	CHECK(boss_await(&b, IPC_BATCH));
	status = boss_done(&b);
	CHECK(WIFEXITED(status));
}

static void interrupt_is_left_to_the_supervisor(void)
{
	struct boss b;

	if (!CHECK(boss_start(&b, "sim", "rate=1M")))
		return;
	kill(b.pid, SIGINT);
	give(&b, 1, 0, 1000, 1);
	CHECK(boss_await(&b, IPC_IDLE));
	quits_well(&b);
}

/* What it says before it ends, for this opening. */
static void fails_with(const char *backend, const char *sim, int code)
{
	struct boss b;

	boss_init(&b, fast_algo());
	boss_open(&b, backend, sim);
	while (boss_hear(&b) && b.msg.head.type != IPC_FAILED && b.msg.head.type != IPC_READY)
		;
	if (CHECK_INT(b.msg.head.type, IPC_FAILED)) {
		CHECK_INT(b.msg.u.failed.code, code);
		CHECK(b.msg.u.failed.text[0]);
	}
	CHECK(!boss_hear(&b));
	CHECK(boss_done(&b) != 0);
}

static void failures_are_told_with_their_kind(void)
{
	fails_with("sim", "fault=fail-build", ERR_BUILD);
	fails_with("sim", "fault=fail-selftest", ERR_SELFTEST);
	fails_with("sim", "fault=fail-memory", ERR_MEMORY);
	fails_with("sim", "fault=nonsense", ERR_PARSE);
	fails_with("vulkan", "", ERR_UNKNOWN);
}

static void lost_device_is_told_while_mining(void)
{
	struct boss b;

	if (!CHECK(boss_start(&b, "sim", "rate=1M,fault=fail")))
		return;
	give(&b, 1, 0, 1000, 1);
	CHECK(!boss_await(&b, IPC_IDLE));
	CHECK_INT(b.msg.head.type, IPC_FAILED);
	CHECK_INT(b.msg.u.failed.code, ERR_DEVICE);
	boss_done(&b);
}

static void crash_is_a_signal(void)
{
	struct boss b;

	if (!CHECK(boss_start(&b, "sim", "rate=1M,fault=crash")))
		return;
	give(&b, 1, 0, 1000, 1);
	CHECK(!boss_await(&b, IPC_IDLE));
	CHECK(WIFSIGNALED(boss_done(&b)));
}

static void scripted_wrong_candidates_are_wrong(void)
{
	struct boss b;

	if (!CHECK(boss_start(&b, "sim", "rate=1M,fault=invalid:1")))
		return;
	give(&b, 1, 0, SEEN_MAX, UINT64_MAX / 100);
	CHECK(boss_await(&b, IPC_IDLE));
	CHECK(b.found > 0);
	CHECK_U64(b.wrong, b.found);
	CHECK_U64(b.twice, 0);
	quits_well(&b);
}

/* Sends one bad message after ready; the worker must refuse and end. */
static void refuses(unsigned type, const void *body)
{
	struct boss b;

	if (!CHECK(boss_start(&b, "sim", "rate=1M")))
		return;
	CHECK_INT(ipc_send(b.fd, type, body), 0);
	CHECK(!boss_await(&b, IPC_BATCH));
	CHECK_INT(b.msg.head.type, IPC_FAILED);
	CHECK_INT(b.msg.u.failed.code, ERR_PROTO);
	CHECK(boss_done(&b) != 0);
}

static void broken_orders_end_it(void)
{
	struct ipc_work w;
	struct ipc_ready ready = {.label = "x"};

	refuses(IPC_READY, &ready);
	memset(&w, 0, sizeof w);
	prove_work(&w.work, fast_algo(), NULL, 1);
	w.work.header_len--;
	refuses(IPC_WORK, &w);
	prove_work(&w.work, fast_algo(), NULL, 1);
	w.work.nonce_first = 2;
	w.work.nonce_count = UINT64_MAX;
	refuses(IPC_WORK, &w);
}

static void flood_of_works_is_bounded(void)
{
	struct boss b;
	unsigned i;

	if (!CHECK(boss_start(&b, "sim", "rate=1M")))
		return;
	CHECK_INT(ipc_send(b.fd, IPC_PAUSE, NULL), 0);
	for (i = 0; i < LEASES; i++)
		give(&b, 1, i * 100, 100, 1);
	CHECK_INT(ipc_send(b.fd, IPC_RESUME, NULL), 0);
	while (b.credits < LEASES && boss_hear(&b))
		;
	CHECK_U64(b.credits, LEASES);
	quits_well(&b);
}

/* --- datasets ----------------------------------------------------------------- */

/* Epochs back and forth, works of two of them queued at once. */
static void covers_epochs_once(const char *backend)
{
	struct boss b;

	if (!boss_start_dataset(&b, backend, "")) {
		boss_done(&b);
		T_SKIP("this machine has no such device");
	}
	give_epoch(&b, 1);
	give(&b, 1, 0, 300, UINT64_MAX);
	give(&b, 1, UINT64_MAX - 99, 100, UINT64_MAX);
	give_epoch(&b, 2);
	give(&b, 2, 0xffffff80u, 256, UINT64_MAX / 4);
	give_epoch(&b, 1);
	give(&b, 3, 7, 200, UINT64_MAX);
	boss_finish(&b);
	CHECK_U64(sum_found(&b, 0), 300);
	CHECK_U64(sum_found(&b, 1), 100);
	CHECK_U64(sum_found(&b, 3), 200);
	CHECK(b.found > 600 + 20);
	CHECK_U64(b.wrong + b.stray + b.twice + b.early, 0);
	quits_well(&b);
}

static void cpu_covers_epochs_once(void)
{
	covers_epochs_once("cpu");
}

static void opencl_covers_epochs_once(void)
{
	covers_epochs_once("opencl");
}

static void what_does_not_fit_is_given_back_and_the_next_epoch_is_tried(void)
{
	struct boss b;

	if (!boss_start_dataset(&b, "sim", "mem=2163000,rate=10k"))
		T_SKIP("no simulated device");
	give_epoch(&b, 1); /* 2,162,112 bytes with its light cache */
	give(&b, 1, 0, 100, UINT64_MAX / 1000);
	boss_finish(&b);
	CHECK_U64(b.unfit.need, 0);
	quits_well(&b);

	if (!boss_start_dataset(&b, "sim", "mem=2162000"))
		T_SKIP("no simulated device");
	give_epoch(&b, 5);
	give(&b, 1, 0, 100, UINT64_MAX);
	give(&b, 1, 100, 100, UINT64_MAX);
	while (b.credits < 2 && boss_hear(&b))
		;
	CHECK_U64(b.unfit.epoch, 5);
	CHECK_U64(b.unfit.need, 2162112);
	CHECK_U64(b.unfit.left, 2162000);
	CHECK_U64(b.batches, 0);
	boss_await(&b, IPC_IDLE);
	quits_well(&b);
}

/* A long step ends when a work of another epoch comes, or the program does. */
static void generation_is_left_for_another_epoch(void)
{
	struct boss b;

	if (!boss_start_dataset(&b, "sim", "dataset=3600,rate=10k"))
		T_SKIP("no simulated device");
	give_epoch(&b, 1);
	give(&b, 1, 0, 100, 0);
	boss_await(&b, IPC_PROGRESS);
	CHECK_STR(b.msg.u.progress.stage, "generating the dataset");
	CHECK(b.msg.u.progress.left_s > 3500);
	give_epoch(&b, 2);
	tell(&b, IPC_FORGET, 2);
	give(&b, 2, 0, 100, 0);
	while (b.credits < 1 && boss_hear(&b)) /* of the one forgotten */
		;
	boss_await(&b, IPC_PROGRESS);
	quits_well(&b);
}

static void work_of_an_unknown_epoch_is_refused(void)
{
	struct boss b;

	if (!boss_start_dataset(&b, "cpu", ""))
		T_SKIP("no cpu device");
	give(&b, 1, 0, 100, 0);
	CHECK(!boss_await(&b, IPC_READY));
	CHECK_INT(b.msg.head.type, IPC_FAILED);
	CHECK_HAS(b.msg.u.failed.text, "before the epoch");
	boss_done(&b);
}

int main(void)
{
	signal(SIGPIPE, SIG_IGN);
	T_RUN(cpu_covers_everything_once);
	T_RUN(opencl_covers_everything_once);
	T_RUN(overflowing_batches_are_searched_again_once);
	T_RUN(halving_ends_where_the_slots_suffice);
	T_RUN(batches_are_told_together);
	T_RUN(forget_is_obeyed_within_the_batches_in_flight);
	T_RUN(forget_spares_newer_jobs);
	T_RUN(paused_worker_starts_nothing_until_resumed);
	T_RUN(resting_worker_still_covers_its_lease);
	T_RUN(told_intensity_is_kept);
	T_RUN(a_told_intensity_is_taken_back);
	T_RUN(ends_when_the_supervisor_goes_away);
	T_RUN(interrupt_is_left_to_the_supervisor);
	T_RUN(failures_are_told_with_their_kind);
	T_RUN(lost_device_is_told_while_mining);
	T_RUN(crash_is_a_signal);
	T_RUN(scripted_wrong_candidates_are_wrong);
	T_RUN(broken_orders_end_it);
	T_RUN(flood_of_works_is_bounded);
	T_RUN(cpu_covers_epochs_once);
	T_RUN(opencl_covers_epochs_once);
	T_RUN(what_does_not_fit_is_given_back_and_the_next_epoch_is_tried);
	T_RUN(generation_is_left_for_another_epoch);
	T_RUN(work_of_an_unknown_epoch_is_refused);
	return t_done();
}
