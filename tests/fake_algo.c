/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Algorithms with a dataset that exist for dialects only. */
#include <inttypes.h>
#include <string.h>

#include "src/bytes.h"
#include "tests/fake_algo.h"

#define EPOCH_LENGTH 1000
#define EPOCH_MAX    4095

static int of_height(const struct algo *algo, uint64_t height, uint32_t *epoch, struct err *err)
{
	if (height / EPOCH_LENGTH > EPOCH_MAX)
		return err_set(err, ERR_RANGE, "%s: no block of height %" PRIu64, algo->name,
			       height);
	*epoch = (uint32_t)(height / EPOCH_LENGTH);
	return 0;
}

static int of_seed(const struct algo *algo, const uint8_t seed[32], uint32_t *epoch,
		   struct err *err)
{
	static const uint8_t zero[28];

	if (memcmp(seed, zero, sizeof zero) || be32_get(seed + 28) > EPOCH_MAX)
		return err_set(err, ERR_RANGE, "%s: no such seed", algo->name);
	*epoch = be32_get(seed + 28);
	return 0;
}

static const struct algo_dataset dataset = {.of_height = of_height, .of_seed = of_seed};

static uint64_t program_of(const struct algo *algo, uint64_t height)
{
	(void)algo;
	return height / 3;
}

static const struct algo_program program = {.of_height = program_of};

static const struct algo fakes[] = {
	{
		.name = "fake-dag",
		.header_len = 40,
		.nonce_off = 32,
		.nonce_len = 8,
		.dataset = &dataset,
	},
	{
		.name = "fake-program",
		.header_len = 40,
		.nonce_off = 32,
		.nonce_len = 8,
		.dataset = &dataset,
		.program = &program,
	},
};

const struct algo *fake_algo(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof fakes / sizeof *fakes; i++)
		if (!strcmp(fakes[i].name, name))
			return &fakes[i];
	return algo_find(name);
}
