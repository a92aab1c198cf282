/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The roofline chart. */
#include "src/bench.h"

int bench_svg(const char *path, const struct bench_report *r, struct err *err)
{
	(void)r;
	return err_set(err, ERR_USAGE, "--svg %s: not there yet", path);
}
