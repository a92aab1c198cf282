/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Payout addresses of Bitcoin's descendants as output scripts. */
#ifndef ADIT_ADDRESS_H
#define ADIT_ADDRESS_H

#include <stddef.h>
#include <stdint.h>

#include "src/err.h"

#define ADDRESS_SCRIPT_MAX 42

/*
 * base58check P2PKH and P2SH, bech32 (BIP 173) and bech32m (BIP 350).  Writes the script
 * and its length.  -ERR_PARSE: not an address (checksum, alphabet, length);
 * -ERR_UNKNOWN: well formed, but of no coin known here.
 */
int address_script(uint8_t out[ADDRESS_SCRIPT_MAX], size_t *len, const char *text, struct err *err);

#endif
