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

/* The key and script hash of one well-known key, as each coin writes them. */
static void every_coin_s_writing_becomes_the_same_script(void)
{
	static const char key[] = "76a914751e76e8199196d454941c45d1b3a323f1433bd688ac";
	static const char script_hash[] = "a914751e76e8199196d454941c45d1b3a323f1433bd687";
	static const char v0[] = "0014751e76e8199196d454941c45d1b3a323f1433bd6";
	static const char v1[] =
		"512079be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798";
	static const struct {
		const char *address, *script;
	} good[] = {
		{"1BgGZ9tcN4rm9KBzDn7KprQz87SZ26SAMH", key},
		{"mrCDrCybB6J1vRfbwM5hemdJz73FwDBC8r", key},
		{"LVuDpNCSSj6pQ7t9Pv6d6sUkLKoqDEVUnJ", key},
		{"Vkg6Ts44mskyD668xZkxFkjqovjXX9yUzZ", key},
		{"DFpN6QqFfUm3gKNaxN6tNcab1FArL9cZLE", key},
		{"XmN7PQYWKn5MJFna5fRYgP6mxT2F7xpekE", key},
		{"RKxTdfmtxtfLDKZBgx6SvNkBtNu9jRYnLh", key},
		{"3CNHUhP3uyB9EUtRLsmvFUmvGdjGdkTxJw", script_hash},
		{"2N3vVYSK5XRgVSGWy21PnsRmBUywSQNdCsf", script_hash},
		{"MJaRnao1s62a2zAKSkmG582KbLKianqb7v", script_hash},
		{"A37YDYSwz3438rFtm1SLVcQHyD7JeueC9H", script_hash},
		{"7d5vJtfDixGnEFRNcVSRarmaCBZeScHACn", script_hash},
		{"rGurgQFkz5PevCCZCxkCz9cxuesdivy2QK", script_hash},
		{"tb1qw508d6qejxtdg4y5r3zarvary0c5xw7kxpjzsx", v0},
		{"bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080", v0},
		{"ltc1qw508d6qejxtdg4y5r3zarvary0c5xw7kgmn4n9", v0},
		{"tltc1qw508d6qejxtdg4y5r3zarvary0c5xw7klfsuq0", v0},
		{"rltc1qw508d6qejxtdg4y5r3zarvary0c5xw7k693xs3", v0},
		{"vtc1qw508d6qejxtdg4y5r3zarvary0c5xw7kuk9r06", v0},
		{"ltc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqpj6zg2", v1},
		{"rltc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqsyzyjh", v1},
	};
	size_t i;

	for (i = 0; i < sizeof good / sizeof *good; i++) {
		uint8_t script[ADDRESS_SCRIPT_MAX];
		char hex[2 * ADDRESS_SCRIPT_MAX + 1];
		struct err err = {0};
		size_t len = 0;

		if (CHECK_OK(address_script(script, &len, good[i].address, &err), &err))
			CHECK_STR(hex_encode(hex, script, len), good[i].script);
		else
			printf("\t'%s'\n", good[i].address);
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
		/* one leading 1 too many or too few, digits base 58 does not have, much too long */
		"11BgGZ9tcN4rm9KBzDn7KprQz87SZ26SAMH",
		"BgGZ9tcN4rm9KBzDn7KprQz87SZ26SAMH",
		"0BgGZ9tcN4rm9KBzDn7KprQz87SZ26SAMH",
		"1BgGZ9tcN4rm9KBzDn7KprQz87SZ26SAM ",
		"zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz",
		"bc1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq"
		"qq"
		"qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq",
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
	CHECK_INT(address_script(script, &len, "SXyGazfm6S3xfcySmD6QNkZYmtfysC2jvc", &err),
		  -ERR_UNKNOWN);
	CHECK_HAS(err.text, "0x3f");
}

int main(void)
{
	T_RUN(addresses_become_scripts);
	T_RUN(every_coin_s_writing_becomes_the_same_script);
	T_RUN(mistyped_addresses_are_refused);
	T_RUN(an_address_of_an_unknown_coin_is_not_called_mistyped);
	return t_done();
}
