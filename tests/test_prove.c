/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The self-test lets right kernels pass and catches wrong ones, whatever they get wrong. */
#include "src/prove.h"
#include "tests/t.h"

enum flaw {
	FLAW_NONE,
	FLAW_LAST,   /* forgets the last nonce of a range */
	FLAW_FIRST,  /* and the first */
	FLAW_BEYOND, /* searches one too many */
	FLAW_EXTRA,  /* reports one that is none */
	FLAW_MISS,   /* misses one hit in ten */
	FLAW_HALF,   /* nonces beyond 2^31 are lost */
	FLAW_COUNT,  /* stops counting when the slots are full */
	FLAW_HEADER, /* hashes another header */
	FLAW_LARGE,  /* wrong in large batches only */
	FLAW_TARGET, /* compares with a target of its own */
	FLAW_DEVICE, /* the device is lost */
	FLAWS
};

struct fake {
	const struct algo *algo;
	enum flaw flaw;
	unsigned seen;
};

static void report(struct engine_result *out, uint64_t nonce)
{
	if (out->n < ABI_SLOTS)
		out->nonce[out->n++] = nonce;
	out->hits++;
}

static bool forgotten(struct fake *f, uint64_t at, uint32_t count)
{
	switch (f->flaw) {
	case FLAW_LAST:
		return at == count - 1;
	case FLAW_FIRST:
		return at == 0;
	case FLAW_MISS:
		return ++f->seen % 10 == 0;
	default:
		return false;
	}
}

static int fake_run(void *arg, const struct work *work, uint64_t first, uint32_t count,
		    struct engine_result *out, struct err *err)
{
	struct fake *f = arg;
	struct work w = *work;
	struct digest d;
	uint64_t i;

	memset(out, 0, sizeof *out);
	if (f->flaw == FLAW_DEVICE)
		return err_set(err, ERR_DEVICE, "lost");
	if (f->flaw == FLAW_HEADER)
		w.header[3] ^= 1;
	if (f->flaw == FLAW_TARGET)
		w.target.w[3] = w.target.w[3] / 16 * 15;
	for (i = 0; i < count + (f->flaw == FLAW_BEYOND); i++) {
		if (f->algo->hash(NULL, &w, first + i, &d))
			return err_set(err, ERR_DEVICE, "reference");
		if (d.hash.w[3] > w.target.w[3])
			continue;
		if (f->flaw == FLAW_HALF && (first + i) >> 31)
			continue;
		if (!forgotten(f, i, count))
			report(out, first + i);
	}
	if (f->flaw == FLAW_EXTRA && out->n && out->n < count && count > 300)
		out->nonce[0] = first + 1;
	if (f->flaw == FLAW_LARGE && count > 4000 && out->n)
		out->nonce[0]++;
	if (f->flaw == FLAW_COUNT)
		out->hits = out->n;
	return 0;
}

static int prove_with(enum flaw flaw, struct err *err)
{
	const struct algo *algo = algo_find("sha256d"); /* this is about the prover */
	struct fake f = {.flaw = flaw};
	struct prover p = {.run = fake_run, .arg = &f, .nonces_large = 4096};
	f.algo = p.algo = algo;
	return prove(&p, err);
}

static void right_kernel_passes(void)
{
	struct err err = {0};

	CHECK_OK(prove_with(FLAW_NONE, &err), &err);
}

static void every_flaw_is_caught(void)
{
	int flaw;

	for (flaw = FLAW_NONE + 1; flaw < FLAW_DEVICE; flaw++) {
		struct err err = {0};

		if (!CHECK_ERR(prove_with((enum flaw)flaw, &err), ERR_SELFTEST, &err))
			printf("\tflaw %d\n", flaw);
	}
}

static void lost_device_is_not_called_wrong(void)
{
	struct err err = {0};

	CHECK_ERR(prove_with(FLAW_DEVICE, &err), ERR_DEVICE, &err);
}

static void small_memory_is_respected(void)
{
	const struct algo *algo = algo_find("sha256d");
	struct fake f = {.algo = algo};
	struct prover p = {
		.algo = algo, .run = fake_run, .arg = &f, .nonces_max = 40, .nonces_large = 4096};
	struct err err = {0};

	CHECK_OK(prove(&p, &err), &err);
}

int main(void)
{
	T_RUN(right_kernel_passes);
	T_RUN(every_flaw_is_caught);
	T_RUN(lost_device_is_not_called_wrong);
	T_RUN(small_memory_is_respected);
	return t_done();
}
