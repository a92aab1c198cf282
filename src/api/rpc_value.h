/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the methods' answers are made of; what is not known is null, never 0.  All new. */
#ifndef ADIT_API_RPC_VALUE_H
#define ADIT_API_RPC_VALUE_H

#include "src/api/rpc.h"

json_t *rpc_number(double v);    /* null: negative or not finite */
json_t *rpc_positive(double v);  /* 0: not known */
json_t *rpc_count(uint64_t n);   /* 0 is a count */
json_t *rpc_counted(uint64_t n); /* 0: not known */
json_t *rpc_reading(int32_t v);  /* STAT_UNKNOWN: not known */
/* "": not known.  Drivers and pools do not always speak UTF-8. */
json_t *rpc_string(const char *s);

/* true; NULL when rc says that it failed. */
json_t *rpc_done(int rc);
/* NULL, with err: nobody here does it. */
json_t *rpc_nobody(struct err *err);

#endif
