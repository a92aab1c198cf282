/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Pool addresses: what is understood, what is refused and how; and who shares a domain. */
#include <string.h>

#include "pool/domain.h"
#include "pool/url.h"
#include "tests/t.h"

static void addresses_are_taken_apart(void)
{
	static const struct {
		const char *text, *scheme, *user, *password, *host;
		unsigned port;
		const char *path, *printed;
		bool tls;
	} good[] = {
		{"pool.example:3333", "stratum+tcp", "", "", "pool.example", 3333, "",
		 "stratum+tcp://pool.example:3333", false},
		{"STRATUM+SSL://u:p@Pool.example:443/x", "stratum+ssl", "u", "p", "Pool.example",
		 443, "/x", "stratum+ssl://Pool.example:443/x", true},
		{"stratum+tcp://wallet.rig:a%40b%3Ac@[::1]:3333", "stratum+tcp", "wallet.rig",
		 "a@b:c", "::1", 3333, "", "stratum+tcp://[::1]:3333", false},
		{"gbt+http://__cookie__:00ff@127.0.0.1:9332", "gbt+http", "__cookie__", "00ff",
		 "127.0.0.1", 9332, "", "gbt+http://127.0.0.1:9332", false},
		{"gbt+https://n.example:1/", "gbt+https", "", "", "n.example", 1, "/",
		 "gbt+https://n.example:1/", true},
		{"stratum+tcp://me@mail.example:pw@pool.example:1", "stratum+tcp",
		 "me@mail.example", "pw", "pool.example", 1, "", "stratum+tcp://pool.example:1",
		 false},
	};
	size_t i;

	for (i = 0; i < sizeof good / sizeof *good; i++) {
		struct url u;
		struct err err = {0};
		char printed[700];

		if (!CHECK_OK(url_parse(&u, good[i].text, &err), &err))
			continue;
		CHECK_STR(u.scheme, good[i].scheme);
		CHECK_STR(u.user, good[i].user);
		CHECK_STR(u.password, good[i].password);
		CHECK_STR(u.host, good[i].host);
		CHECK_INT(u.port, good[i].port);
		CHECK_STR(u.path, good[i].path);
		CHECK_INT(u.tls, good[i].tls);
		CHECK_STR(url_print(printed, sizeof printed, &u), good[i].printed);
	}
}

static void bad_addresses_are_named(void)
{
	static const struct {
		const char *text, *says;
	} bad[] = {
		{"", "host"},
		{"://h:1", "scheme"},
		{"pool.example", "port"},
		{"pool.example:", "port"},
		{"pool.example:0", "port"},
		{"pool.example:65536", "port"},
		{"pool.example:33x3", "port"},
		{"pool.example:123456789012", "port"},
		{"::1:3333", "brackets"},
		{"[::1:3333", "]"},
		{"[::1]", "port"},
		{":3333", "host"},
		{"a b:3333", "host"},
		{"pool.example\n:1", "host"},
		{"u%4@h:1", "escape"},
		{"u%zz@h:1", "escape"},
		{"u%00@h:1", "escape"},
		{"u:p%0a@h:1", "escape"},
		{"st ratum://h:1", "scheme"},
		{"http://h:1/a b", "path"},
		{"http://h:1/a\r\nX-Y: z", "path"},
		{"u:hunter2/x@h:1", "%2F"},
		{"u:33/hunter2@h:1", "%2F"},
	};
	char many[2000] = "stratum+tcp://";
	struct url u;
	struct err err = {0};
	size_t i;

	for (i = 0; i < sizeof bad / sizeof *bad; i++) {
		err.text[0] = '\0';
		if (!CHECK(url_parse(&u, bad[i].text, &err) < 0))
			printf("\t'%s'\n", bad[i].text);
		CHECK_HAS(err.text, bad[i].says);
		CHECK_LACKS(err.text, "\n");
		CHECK_LACKS(err.text, "hunter"); /* part of a password */
	}
	memset(many + 14, 'a', 1900);
	memcpy(many + 1914, ":1", 3);
	CHECK(url_parse(&u, many, &err) < 0);
	CHECK_HAS(err.text, "more than 255");
}

/* before, n times 'a', after */
static int parse_long(const char *before, size_t n, const char *after)
{
	char text[4096];
	struct err err = {0};
	struct url u;

	snprintf(text, sizeof text, "%s%*s%s", before, (int)n, "", after);
	memset(text + strlen(before), 'a', n);
	return url_parse(&u, text, &err);
}

static void each_part_has_its_longest(void)
{
	static const struct {
		const char *before, *after;
		size_t most;
	} parts[] = {{"", ":1", 255},   {"", "@h:1", 255}, {"u:", "@h:1", 255},
		     {"[", "]:1", 255}, {"h:1/", "", 254}, {"", "://h:1", 31}};
	size_t i;

	for (i = 0; i < sizeof parts / sizeof *parts; i++) {
		CHECK_INT(parse_long(parts[i].before, parts[i].most, parts[i].after), 0);
		CHECK_INT(parse_long(parts[i].before, parts[i].most + 1, parts[i].after),
			  -ERR_PARSE);
		CHECK_INT(parse_long(parts[i].before, 3000, parts[i].after), -ERR_PARSE);
	}
}

static void domains_are_compared_conservatively(void)
{
	CHECK(domain_same("pool.example", "POOL.example"));
	CHECK(domain_same("eu1.pool.example", "us1.pool.example"));
	CHECK(domain_same("pool.example", "eu.pool.example"));
	CHECK(!domain_same("pool.example", "evil.example"));
	CHECK(!domain_same("pool.example", "pool.example.evil"));
	CHECK(!domain_same("a.co.uk", "b.co.uk"));
	CHECK(domain_same("x.a.co.uk", "y.a.co.uk"));
	CHECK(!domain_same("localhost", "otherhost"));
	CHECK(domain_same("127.0.0.1", "127.0.0.1"));
	CHECK(!domain_same("127.0.0.1", "10.0.0.1"));
	CHECK(!domain_same("1.2.3.4", "9.9.3.4"));
	CHECK(!domain_same("::1", "::2"));
	CHECK(!domain_same("evil.com.", "pool.com."));
	CHECK(!domain_same("pool.com.evil.com.", "pool.com."));
	CHECK(!domain_same("10.0.0.1", "evil.0.1"));
	CHECK(!domain_same("pool.example", "evilpool.example"));
	CHECK(!domain_same("co.uk", "evil.co.uk"));
	CHECK(!domain_same("pool.example", ""));
	CHECK(!domain_same("pool.example", "..."));
}

int main(void)
{
	T_RUN(addresses_are_taken_apart);
	T_RUN(bad_addresses_are_named);
	T_RUN(each_part_has_its_longest);
	T_RUN(domains_are_compared_conservatively);
	return t_done();
}
