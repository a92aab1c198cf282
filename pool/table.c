/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The list of dialects. */
#include "pool/dialect.h"
#include "lists.h"

#define X(name) extern const struct dialect dialect_##name;
DIALECT_LIST(X)
#undef X

const struct dialect *const dialects[] = {
#define X(name) &dialect_##name,
	DIALECT_LIST(X)
#undef X
		NULL};
