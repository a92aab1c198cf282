/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the methods' answers are made of. */
#include <math.h>
#include <string.h>

#include "src/api/rpc_value.h"
#include "src/str.h"

json_t *rpc_number(double v)
{
	return isfinite(v) && v >= 0 ? json_real(v) : json_null();
}

json_t *rpc_positive(double v)
{
	return v > 0 ? rpc_number(v) : json_null();
}

json_t *rpc_count(uint64_t n)
{
	return json_integer(n > INT64_MAX ? INT64_MAX : (json_int_t)n);
}

json_t *rpc_counted(uint64_t n)
{
	return n ? rpc_count(n) : json_null();
}

json_t *rpc_reading(int32_t v)
{
	return v == STAT_UNKNOWN ? json_null() : json_integer(v);
}

json_t *rpc_string(const char *s)
{
	char clean[ERR_TEXT_MAX];
	json_t *v = *s ? json_string(s) : json_null();

	return v ? v : json_string(str_printable(clean, sizeof clean, s, strlen(s)));
}

json_t *rpc_done(int rc)
{
	return rc ? NULL : json_true();
}

json_t *rpc_nobody(struct err *err)
{
	err_set(err, ERR_UNKNOWN, "not possible on this rig");
	return NULL;
}
