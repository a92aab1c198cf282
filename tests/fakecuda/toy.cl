/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A kernel whose results a test can predict: it reports nonces n with
 * (n * MULT + words[0]) % 97 == 0, and adds to scratch[0] once a launch, so that a missing or
 * doubled launch shows.
 */
#include "platform.h"

KERNEL toy(KERNEL_ARGS)
{
	u64 n = first + GLOBAL_ID();

	if (GLOBAL_ID() >= count)
		return;
	if (scratch && GLOBAL_ID() == 0)
		scratch[0] += dataset ? dataset[0] : 1;
	if ((n * MULT + job->words[0]) % 97 == 0)
		K_REPORT(res, n);
}
