/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Mistakes in command lines, environment and files: each gets its exact line. */
#include "src/log.h"
#include "src/option.h"
#include "tests/args.h"

struct mistake {
	const char *args, *line;
};

static void check_mistakes(const struct mistake *m)
{
	for (; m->args; m++) {
		struct settings *s;
		struct err err;
		int rc = load_line(&s, m->args, &err);

		if (!CHECK(rc < 0) || !CHECK_STR(err.text, m->line))
			printf("\tin: %s\n", m->args);
		CHECK(!strchr(err.text, '\n'));
		settings_free(s);
	}
}

static void mistakes_on_the_command_line_are_named(void)
{
	static const struct mistake mistakes[] = {
		{"", "no algorithm given: add -a NAME ('adit algos' lists them)"},
		{"mien -a scrypt", "unknown command 'mien': did you mean 'mine'?"},
		{"fly", "unknown command 'fly' ('adit --help' lists them)"},
		{"-a scrypt mine", "'mine' is a command and comes first: adit mine [OPTIONS]"},
		{"-a scrypt extra", "unexpected argument 'extra' (see 'adit mine --help')"},
		{"-a scrypt -- -x", "unexpected argument '-x' (see 'adit mine --help')"},
		{"-a scrpt -o h:1",
		 "unknown algorithm 'scrpt': did you mean 'scrypt'? ('adit algos' lists all)"},
		{"-a zzzzzzzzzzzz -o h:1",
		 "unknown algorithm 'zzzzzzzzzzzz' ('adit algos' lists all)"},
		{"-a scrypt", "no pool given: add -o HOST:PORT and -u USER (to try without one: "
			      "'adit pool -a scrypt')"},
		{"--algoo x", "unknown option '--algoo': did you mean '--algo'?"},
		{"--tls_fingerprnt=1",
		 "unknown option '--tls_fingerprnt': did you mean '--tls-fingerprint'?"},
		{"--qqqqqqqqqqqqqqq",
		 "unknown option '--qqqqqqqqqqqqqqq' (see 'adit mine --help')"},
		{"-Z", "unknown option '-Z' (see 'adit mine --help')"},
		{"-qZ", "unknown option '-Z' (see 'adit mine --help')"},
		{"hash -o h:1", "-o does not apply to 'adit hash' (see 'adit hash --help')"},
		{"mine --header 00",
		 "--header does not apply to 'adit mine' (see 'adit mine --help')"},
		{"--disabled", "--disabled is for configuration files only (see --config)"},
		{"-a", "--algo needs a value: --algo NAME"},
		{"-a scrypt --url", "--url needs a value: --url URL"},
		{"--no-quiet=1", "--no-quiet takes no value"},
		{"--quiet=perhaps", "--quiet: 'perhaps' is neither true nor false"},
		{"--retries=x", "--retries: 'x' must be a whole number from 0 to 1000000"},
		{"--retries=1000001",
		 "--retries: '1000001' must be a whole number from 0 to 1000000"},
		{"-T -1", "--timeout: '-1' must be a whole number from 0 to 86400"},
		{"--batch-ms 0", "--batch-ms: '0' must be a whole number from 1 to 10000"},
		{"--log-level loud", "--log-level: 'loud' is not one of error, warn, info, debug"},
		{"--suggest-difficulty nan",
		 "--suggest-difficulty: 'nan' must be a number above 0, "
		 "like 0.5 or 1024"},
		{"pool --diff 0", "--diff: '0' must be a number above 0, like 0.5 or 1024"},
		{"-O user", "--userpass: must be USER:PASSWORD, with a colon"},
		{"--set gap", "--set: 'gap' must be NAME=VALUE"},
		{"-a scrypt -o h:1 --set gap=1",
		 "--set gap=1: scrypt has no setting 'gap' (see 'adit algos')"},
		{"-a scrypt --url=", "--url: empty; give HOST:PORT"},
		{"-a scrypt -o host",
		 "--url: bad pool address: no port in it: write host:port, as in host:3333"},
		{"-a scrypt -o host:0",
		 "--url: bad pool address: the port '0' is not a number from 1 to 65535"},
		{"-a scrypt -o statum+tcp://host:1",
		 "--url: unknown scheme 'statum+tcp://', did you "
		 "mean 'stratum+tcp://'?"},
		{"-a scrypt -o h:1 -x http://p:1", "--proxy of stratum+tcp://h:1: only SOCKS5 is "
						   "known; write socks5://HOST:PORT"},
		{"-a scrypt -o h:1 --tls-fingerprint 12:34",
		 "--tls-fingerprint of stratum+tcp://h:1: must be the 64 hexadecimal digits of the "
		 "certificate's SHA-256"},
		{"-a scrypt -o h:1 -u a\033b", "--user: byte 2 (0x1b) is a control character or no "
					       "UTF-8; remove it"},
		{"-a scrypt -o h:1 -u \xff", "--user: byte 1 (0xff) is a control character or no "
					     "UTF-8; remove it"},
		{"-a scrypt -o %1b@h:1",
		 "--url: bad pool address: the user or password is too long "
		 "or has a bad %-escape (write @ as %40 and : as %3A)"},
		{"-a scrypt -o %ff@h:1", "stratum+tcp://h:1: its user or password has a control "
					 "character or is no UTF-8"},
		{"-a scrypt -o h:1 -i 22,41", "--intensity: '41' must be auto or a whole number "
					      "from 1 to 40 (log2 of nonces a batch)"},
		{"-a scrypt -o h:1 -i auto,", "--intensity: '' must be auto or a whole number from "
					      "1 to 40 (log2 of nonces a batch)"},
		{"-a scrypt -o h:1 --tls-ca missing", "--tls-ca missing of stratum+tcp://h:1: "
						      "cannot read it: No such file or directory"},
		{"-a scrypt -o h:1 --tls-insecure --tls-fingerprint "
		 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
		 "stratum+tcp://h:1: --tls-insecure and --tls-fingerprint exclude each other; keep "
		 "one"},
		{"hash -a scrypt", "'adit hash' needs --header HEX (see 'adit hash --help')"},
		{"hash -a scrypt --header 00",
		 "'adit hash' needs --nonce N (see 'adit hash --help')"},
		{"hash -a scrypt --header 0", "--header: 1 digits are not whole bytes; give two a "
					      "byte"},
		{"hash -a scrypt --header 0x00",
		 "--header: character 2 is no hexadecimal digit; write bytes as 00 to ff without "
		 "prefix or spaces"},
		{"scan -a scrypt --header 00", "'adit scan' needs --target HEX (see 'adit scan "
					       "--help')"},
		{"scan -a scrypt --header 00 --target ff --count 1",
		 "--target: must have 64 hexadecimal digits, not 2"},
		{"pool -a scrypt --tls-cert c",
		 "--tls-key FILE is missing: --tls-cert and --tls-key go together"},
		{"-c missing.json", "--config missing.json: cannot read it: No such file or "
				    "directory"},
		{"-c .", "--config .: is a directory; name the file in it"},
		{0}};

	check_mistakes(mistakes);
}

static void limits_that_do_not_fit_together_are_named(void)
{
	static const struct mistake mistakes[] = {
		{"-a scrypt -o h:1 --temp-limit hot", "--temp-limit: 'hot' must be off or a whole "
						      "number from 30 to 130 (degrees Celsius)"},
		{"-a scrypt -o h:1 --temp-target-mem 80,29",
		 "--temp-target-mem: in the list, '29' must be off or a whole number from 30 to "
		 "130 (degrees Celsius)"},
		{"-a scrypt -o h:1 --temp-target 80,",
		 "--temp-target: in the list, '' must be off or a whole number from 30 to 130 "
		 "(degrees Celsius)"},
		{"-a scrypt -o h:1 --temp-limit 8000000000000000",
		 "--temp-limit: '(too long)' must be off or a whole number from 30 to 130 "
		 "(degrees Celsius)"},
		{"-a scrypt -o h:1 --temp-target 90",
		 "--temp-target 90 is not below --temp-limit 90: lower the one or raise the "
		 "other"},
		{"-a scrypt -o h:1 --tstop 80,70 --tstart 60,60,71",
		 "--temp-resume 71 is not below --temp-limit 70: lower the one or raise the "
		 "other"},
		{"-a scrypt -o h:1 --temp-limit-mem 95 --temp-target-mem 95",
		 "--temp-target-mem 95 is not below --temp-limit-mem 95: lower the one or raise "
		 "the other"},
		{"-a scrypt -o h:1 --temp-resume-mem 111",
		 "--temp-resume-mem 111 is not below --temp-limit-mem 110: lower the one or raise "
		 "the other"},
		{"-a scrypt -o h:1 --pl 4", "--power-limit: '4' must be off or a whole number from "
					    "5 to 5000 (watts)"},
		{"-a scrypt -o h:1 --rig-power-limit -1",
		 "--rig-power-limit: '-1' must be a whole number from 0 to 1000000"},
		{"-a scrypt -o h:1 --max-invalid 101",
		 "--max-invalid: 101 must be at most 100 (percent)"},
		{"-a scrypt -o h:1 --restart-budget 17",
		 "--restart-budget: '17' must be a whole number from 0 to 16"},
		{"-a scrypt -o h:1 --schedule-is on",
		 "--schedule-is: 'on' is not one of mine, pause"},
		{"-a scrypt -o h:1 --on-hang", "--on-hang needs a value: --on-hang CMD"},
		{"-a scrypt -o h:1 --temp-limt 80",
		 "unknown option '--temp-limt': did you mean '--temp-limit'?"},
		{0}};

	check_mistakes(mistakes);
}

static void mistakes_in_the_environment_are_named(void)
{
	static const struct mistake mistakes[] = {
		{"-a scrypt -o h:1",
		 "ADIT_RETRY_PAUSE: 'soon' must be a whole number from 0 to 86400"},
		{0}};

	setenv("ADIT_RETRY_PAUSE", "soon", 1);
	check_mistakes(mistakes);
	unsetenv("ADIT_RETRY_PAUSE");
}

static void mistakes_in_the_file_are_named(void)
{
	static const struct mistake files[] = {
		{"", "bad.json:1:0: not valid JSON: '[' or '{' expected near end of file"},
		{"{", "bad.json:1:1: not valid JSON: string or '}' expected near end of file"},
		{"{\n \"algo\": \"scrypt\", // no\n}",
		 "bad.json:2:20: not valid JSON: string or '}' expected near '/'"},
		{"[]", "bad.json: must be a JSON object { ... }"},
		{"{\"retries\": 1,\n \"retries\": 2}",
		 "bad.json:2:10: not valid JSON: duplicate object key near '\"retries\"'"},
		{"{\n\n\"algoo\": 1}", "bad.json:3: algoo: unknown key, did you mean \"algo\"?"},
		{"{\"zzzzzzzzz\": 1}",
		 "bad.json:1: zzzzzzzzz: unknown key; remove it (keys are long "
		 "option names)"},
		{"{\"listen\": \"h:1\"}",
		 "bad.json:1: listen: does not apply to 'adit mine'; remove it"},
		{"{\"config\": \"x\"}",
		 "bad.json:1: config: belongs on the command line; remove it"},
		{"{\"algo\": 5}", "bad.json:1: algo must be a string, not a number"},
		{"{\"retries\": 1.5}",
		 "bad.json:1: retries must be a whole number, not a fraction"},
		{"{\"retries\": -1}",
		 "bad.json:1: retries: '-1' must be a whole number from 0 to 1000000"},
		{"{\"retries\": [1]}", "bad.json:1: retries must be a whole number, not an array"},
		{"{\"quiet\": \"yes\"}", "bad.json:1: quiet must be true or false, not a string"},
		{"{\"algo\": null}", "bad.json:1: algo must be a string, not null"},
		{"{\"devices\": [{}]}",
		 "bad.json:1: devices must be an array of strings and numbers, not an object"},
		{"{\"set\": 5}", "bad.json:1: set must be an object, or strings like "
				 "\"name=value\", not a number"},
		{"{\"set\": [5]}", "bad.json:1: set must be an array of strings like "
				   "\"name=value\", not a number"},
		{"{\"pools\": {}}", "bad.json:1: pools must be an array of objects like "
				    "{\"url\": \"HOST:PORT\"}, not an object"},
		{"{\"pools\": [5]}", "bad.json:1: pools[0] must be an object like {\"url\": "
				     "\"HOST:PORT\"}, not a number"},
		{"{\"pools\": [{}]}",
		 "bad.json:1: pools[0]: has no \"url\"; add one like \"HOST:PORT\""},
		{"{\"pools\": [{\"url\": \"h:1\"},\n{\"url\": \"h:1\",\n\"usre\": 1}]}",
		 "bad.json:3: pools[1].usre: unknown key, did you mean \"user\"?"},
		{"{\"user\": \"a\",\n\"pools\": [{\"url\": \"h:1\", \"user\": \"b\"},\n{\"url\": "
		 "\"user\\\"{[\",\n\"user\": 1}]}",
		 "bad.json:4: pools[1].user must be a string, not a number"},
		{"{\"pools\": [{\"url\": \"h:1\", \"retries\": 1}]}",
		 "bad.json:1: pools[0].retries: is not a setting of one pool; write it outside "
		 "\"pools\""},
		{"{\"pools\": [{\"url\": \"h\"}]}",
		 "bad.json:1: pools[0]: bad pool address: no port in it: write host:port, as in "
		 "h:3333"},
		{"{\"algo\": \"scrypt\", \"pools\": [{\"url\": \"h:1\", \"disabled\": true}]}",
		 "every pool is disabled; remove \"disabled\" from one"},
		{"{\"user\": \"a\\u0007\"}",
		 "bad.json:1: user: byte 2 (0x07) is a control character "
		 "or no UTF-8; remove it"},
		{"{\"a\":[[[[[[[[[[]]]]]]]]]]}",
		 "bad.json: nested deeper than 8; this is no configuration"},
		{0}};
	const struct mistake *m;

	for (m = files; m->args; m++) {
		struct settings *s;
		struct err err;

		write_file("bad.json", m->args);
		if (!CHECK(load_line(&s, "-a scrypt -c bad.json", &err) < 0) ||
		    !CHECK_STR(err.text, m->line))
			printf("\tin: %s\n", m->args);
		settings_free(s);
	}
}

static void lids_hold(void)
{
	struct settings *s;
	struct err err;
	struct args a = {0};
	char *big = malloc(2 << 20), line[64];
	int i;

	memset(big, ' ', 2 << 20);
	big[(2 << 20) - 1] = '\0';
	write_file("big.json", big);
	CHECK_ERR(load_line(&s, "-c big.json", &err), ERR_RANGE, &err);
	CHECK_STR(err.text, "big.json: larger than 1024 KiB; this is no configuration");
	big[9000] = '\0';
	memset(big, 'u', 9000);
	arg(&a, "adit");
	arg(&a, "-u");
	arg(&a, big);
	CHECK_ERR(load(&s, &a, &err), ERR_RANGE, &err);
	CHECK_STR(err.text, "--user: 9000 bytes are too long, at most 8192 are taken");
	args_free(&a);
	memcpy(big, "{\"pools\": [", 12);
	for (i = 0; i <= POOLS_MAX; i++) {
		snprintf(line, sizeof line, "%s{\"url\": \"h:%d\"}", i ? ", " : "", i + 1);
		memcpy(big + strlen(big), line, strlen(line) + 1);
	}
	memcpy(big + strlen(big), "]}", 3);
	write_file("many.json", big);
	CHECK_ERR(load_line(&s, "-c many.json", &err), ERR_RANGE, &err);
	CHECK_STR(err.text, "many.json:1: pools[64]: more than 64 pools; leave some out");
	free(big);
}

int main(void)
{
	if (enter_scratch())
		T_GIVE_UP("no scratch directory");
	T_RUN(mistakes_on_the_command_line_are_named);
	T_RUN(limits_that_do_not_fit_together_are_named);
	T_RUN(mistakes_in_the_environment_are_named);
	T_RUN(mistakes_in_the_file_are_named);
	T_RUN(lids_hold);
	leave_scratch();
	log_done();
	return t_done();
}
