/* SPDX-License-Identifier: GPL-3.0-or-later */
/* SOCKS5 byte by byte: with and without a login, names and addresses, refusals. */
#include <stdlib.h>
#include <string.h>

#include "pool/socks.h"
#include "src/hex.h"
#include "tests/t.h"

struct turn {
	const char *answer, *next; /* hex: what the proxy says, what is said then */
};

/* Feed the proxy's bytes one at a time; what is sent must be what is wanted. */
static void talk(const char *proxy, const char *host, const char *hello, const struct turn *turns,
		 size_t n)
{
	struct socks s = {.host = host, .port = 3333};
	uint8_t out[SOCKS_REPLY_MAX], in[300];
	char hex[2 * SOCKS_REPLY_MAX + 1];
	struct err err = {0};
	size_t len, i, k;

	if (!CHECK_OK(socks_parse(&s.proxy, proxy, &err), &err))
		return;
	len = socks_start(&s, out);
	CHECK_STR(hex_encode(hex, out, len), hello);
	for (i = 0; i < n; i++) {
		size_t want = strlen(turns[i].answer) / 2;
		long used = 0;

		hex_decode(in, want, turns[i].answer, 2 * want);
		for (k = 1; k <= want && !used; k++)
			used = socks_feed(&s, in, k, out, &len, &err);
		CHECK_INT(used, (long)want);
		CHECK_STR(hex_encode(hex, out, len), turns[i].next);
	}
	CHECK_INT(s.state, SOCKS_DONE);
}

static void a_name_goes_to_the_proxy_unresolved(void)
{
	static const struct turn turns[] = {
		{"0500", "050100030c706f6f6c2e6578616d706c650d05"},
		{"05000001000000000000", ""},
	};

	talk("socks5://127.0.0.1:9050", "pool.example", "050100", turns, 2);
}

static void addresses_go_as_addresses_and_any_bound_address_is_read(void)
{
	static const struct turn four[] = {
		{"0500", "050100017f0000010d05"},
		{"05000004000000000000000000000000000000000000", ""},
	};
	static const struct turn six[] = {
		{"0500", "05010004000000000000000000000000000000010d05"},
		{"0500000303616263"
		 "0000",
		 ""},
	};

	talk("socks5://127.0.0.1:9050", "127.0.0.1", "050100", four, 2);
	talk("socks5h://[::1]:9050", "::1", "050100", six, 2);
}

static void a_login_is_offered_and_given_when_asked_for(void)
{
	static const struct turn asked[] = {
		{"0502", "0102"
			 "7573"
			 "0370773a"},
		{"0100", "050100030c706f6f6c2e6578616d706c650d05"},
		{"05000001000000000000", ""},
	};
	static const struct turn not_asked[] = {
		{"0500", "050100030c706f6f6c2e6578616d706c650d05"},
		{"05000001000000000000", ""},
	};

	talk("socks5://us:pw%3A@127.0.0.1:9050", "pool.example", "05020002", asked, 3);
	talk("socks5://us:pw%3A@127.0.0.1:9050", "pool.example", "05020002", not_asked, 2);
}

/* The last answer is refused with these words. */
static void refused(const char *proxy, const char *const *answers, size_t n, const char *says)
{
	struct socks s = {.host = "pool.example", .port = 1};
	uint8_t out[SOCKS_REPLY_MAX], in[64];
	struct err err = {0};
	size_t i, len;
	long used = 0;

	CHECK_OK(socks_parse(&s.proxy, proxy, &err), &err);
	socks_start(&s, out);
	for (i = 0; i < n; i++) {
		len = strlen(answers[i]) / 2;
		hex_decode(in, len, answers[i], 2 * len);
		used = socks_feed(&s, in, len, out, &len, &err);
		if (i + 1 < n)
			CHECK(used > 0);
	}
	CHECK_INT(used, -ERR_NET);
	CHECK_HAS(err.text, says);
}

static void refusals_say_why(void)
{
	static const char *const wants_login[] = {"0502"}, *const none[] = {"05ff"},
				 *const http[] = {"4854"}, *const bad_login[] = {"0502", "0101"},
				 *const host[] = {"0500", "05040001000000000000"},
				 *const connection[] = {"0500", "0505"},
				 *const odd[] = {"0500", "05630001000000000000"},
				 *const not_socks[] = {"0500", "48545450"};

	refused("socks5://127.0.0.1:1", wants_login, 1, "socks5://user:pass@");
	refused("socks5://127.0.0.1:1", none, 1, "login");
	refused("socks5://127.0.0.1:1", http, 1, "does not speak SOCKS5");
	refused("socks5://u:p@127.0.0.1:1", bad_login, 2, "user or password");
	refused("socks5://127.0.0.1:1", host, 2, "host unreachable");
	refused("socks5://127.0.0.1:1", connection, 2, "connection refused");
	refused("socks5://127.0.0.1:1", odd, 2, "unknown failure");
	refused("socks5://127.0.0.1:1", not_socks, 2, "not a SOCKS5 answer");
}

static void the_longest_names_fit(void)
{
	uint8_t out[SOCKS_REPLY_MAX];
	struct err err = {0};
	struct socks s = {.port = 1};
	char proxy[600], name[256];
	size_t len;

	memset(name, 'h', 255);
	name[255] = '\0';
	snprintf(proxy, sizeof proxy, "socks5://%s:%s@h:1", name, name);
	CHECK_OK(socks_parse(&s.proxy, proxy, &err), &err);
	s.host = name;
	socks_start(&s, out);
	CHECK_INT(socks_feed(&s, (const uint8_t *)"\5\2", 2, out, &len, &err), 2);
	CHECK_U64(len, 3 + 255 + 255);
	CHECK_INT(socks_feed(&s, (const uint8_t *)"\1", 2, out, &len, &err), 2);
	CHECK_U64(len, 7 + 255);
	CHECK_INT(out[4], 255);
}

/* As stream.c feeds it, each time from a copy of exactly that size. */
static void feed_junk(struct socks *s, const uint8_t *junk, size_t len)
{
	uint8_t out[SOCKS_REPLY_MAX];
	struct err err = {0};
	size_t reply_len, at = 0;
	long used = 1;

	while (used > 0 && at < len && s->state != SOCKS_DONE) {
		uint8_t *copy = malloc(len - at);

		memcpy(copy, junk + at, len - at);
		used = socks_feed(s, copy, len - at, out, &reply_len, &err);
		free(copy);
		at += used > 0 ? (size_t)used : 0;
		CHECK(at <= len && reply_len <= sizeof out);
	}
	if (used < 0)
		CHECK(used == -ERR_NET && err.text[0]);
}

static void garbage_is_never_read_beyond_its_end(void)
{
	static const char *const proxies[] = {"socks5://u:p@h:1", "socks5://h:1"};
	uint64_t r = 88172645463325252u;
	struct err err = {0};
	uint8_t junk[300], out[SOCKS_REPLY_MAX];
	int round;
	size_t i;

	for (round = 0; round < 5000; round++) {
		struct socks s = {.host = "pool.example", .port = 1};

		for (i = 0; i < sizeof junk; i++) {
			r ^= r << 13;
			r ^= r >> 7;
			r ^= r << 17;
			junk[i] = (uint8_t)r;
		}
		if (round & 1) /* as far as CONNECT more often than chance would have it */
			memcpy(junk, round & 2 ? "\5\0\5\0\0" : "\5\2\1\0\5\0", 5 + !(round & 2));
		CHECK_OK(socks_parse(&s.proxy, proxies[round / 2 & 1], &err), &err);
		socks_start(&s, out);
		feed_junk(&s, junk, 1 + r % (round & 4 ? 20 : sizeof junk));
	}
}

static void other_proxies_are_refused(void)
{
	struct url u;
	struct err err = {0};

	CHECK(socks_parse(&u, "http://127.0.0.1:3128", &err) < 0);
	CHECK_HAS(err.text, "socks5://");
	CHECK(socks_parse(&u, "127.0.0.1", &err) < 0);
	CHECK_HAS(err.text, "proxy");
}

int main(void)
{
	T_RUN(a_name_goes_to_the_proxy_unresolved);
	T_RUN(addresses_go_as_addresses_and_any_bound_address_is_read);
	T_RUN(a_login_is_offered_and_given_when_asked_for);
	T_RUN(refusals_say_why);
	T_RUN(the_longest_names_fit);
	T_RUN(garbage_is_never_read_beyond_its_end);
	T_RUN(other_proxies_are_refused);
	return t_done();
}
