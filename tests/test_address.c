/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Addresses against the vectors of BIP 173 and BIP 350 and well-known ones. */
#include <string.h>

#include "pool/address.h"
#include "src/hex.h"
#include "tests/t.h"

static void addresses_become_scripts(void)
{
	static const struct {
		const char *address, *script;
	} good[] = {
		/* Bitcoin's first reward, and the P2SH of BIP 16's first use */
		{"1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa",
		 "76a91462e907b15cbf27d5425399ebf6f0fb50ebb88f1888ac"},
		{"3P14159f73E4gFr7JterCCQh9QjiTjiZrG",
		 "a914e9c3dd0c07aac76179ebc76a6c78d4d67c6c160a87"},
		/* BIP 173 */
		{"BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4",
		 "0014751e76e8199196d454941c45d1b3a323f1433bd6"},
		{"tb1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3q0sl5k7",
		 "00201863143c14c5166804bd19203356da136c985678cd4d27a1b8c6329604903262"},
		/* BIP 350 */
		{"bc1pw508d6qejxtdg4y5r3zarvary0c5xw7kw508d6qejxtdg4y5r3zarvary0c5xw7kt5nd6y",
		 "5128751e76e8199196d454941c45d1b3a323f1433bd6751e76e8199196d454941c45d1b3a323f1433"
		 "bd6"},
		{"BC1SW50QGDZ25J", "6002751e"},
		{"bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0",
		 "512079be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"},
	};
	size_t i;

	for (i = 0; i < sizeof good / sizeof *good; i++) {
		uint8_t script[ADDRESS_SCRIPT_MAX];
		char hex[2 * ADDRESS_SCRIPT_MAX + 1];
		struct err err = {0};
		size_t len = 0;

		if (CHECK_OK(address_script(script, &len, good[i].address, &err), &err))
			CHECK_STR(hex_encode(hex, script, len), good[i].script);
	}
}

static void mistyped_addresses_are_refused(void)
{
	static const char *const bad[] = {
		"",
		"x",
		"1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb",
		"1A1zP1eP5QGefi2DMPTfTL5SLmv7Divf0a",
		"1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfN",
		"bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5",
		"bc1qW508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4",
		/* BIP 350: wrong checksum kind for the version, wrong lengths and paddings */
		"bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqh2y7hd",
		"BC1S0XLXVLHEMJA6C4DQV22UAPCTQUPFHLXM9H8Z3K2E72Q4K9HCZ7VQ54WELL",
		"bc1p38j9r5y49hruaue7wxjce0updqjuyyx0kh56v8s25huc6995vvpql3jow4",
		"BC130XLXVLHEMJA6C4DQV22UAPCTQUPFHLXM9H8Z3K2E72Q4K9HCZ7VQ7ZWS8R",
		"bc1pw5dgrnzv",
		"bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7v8n0nx0muaewav253zgeav",
		"BC1QR508D6QEJXTDG4Y5R3ZARVARYV98GJ9P",
		"bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7v07qwwzcrf",
		"tb1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vpggkg4j",
		"bc1gmk9yu",
	};
	size_t i;

	for (i = 0; i < sizeof bad / sizeof *bad; i++) {
		uint8_t script[ADDRESS_SCRIPT_MAX];
		struct err err = {0};
		size_t len = 0;

		if (!CHECK(address_script(script, &len, bad[i], &err) != 0))
			printf("\t'%s'\n", bad[i]);
		CHECK(err.text[0] != '\0');
	}
}

static void an_address_of_an_unknown_coin_is_not_called_mistyped(void)
{
	uint8_t script[ADDRESS_SCRIPT_MAX];
	struct err err = {0};
	size_t len;

	/* version 0x3f with a right checksum */
	CHECK_INT(address_script(script, &len, "SMFbBCoPzCUXPyn7Lp8ZqyWKjGqTCgHSGk", &err) == 0, 0);
	CHECK(err.text[0] != '\0');
}

int main(void)
{
	T_RUN(addresses_become_scripts);
	T_RUN(mistyped_addresses_are_refused);
	T_RUN(an_address_of_an_unknown_coin_is_not_called_mistyped);
	return t_done();
}
