/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The resolver behind every connection. */
#include <event2/dns.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

#include "pool/names.h"

/* libevent would tell standard error that a name server is down; the failed look-up says so. */
static void silence(int warning, const char *text)
{
	(void)warning;
	(void)text;
}

int names_init(struct names *n, struct event_base *base, const char *resolv, const char *hosts,
	       struct err *err)
{
	memset(n, 0, sizeof *n);
	evdns_set_log_fn(silence);
	n->files[0] = resolv;
	n->files[1] = hosts;
	n->dns = evdns_base_new(base, EVDNS_BASE_DISABLE_WHEN_INACTIVE);
	if (!n->dns)
		return err_set(err, ERR_NOMEM, "no memory for the resolver");
	n->seen[0][0] = -1; /* unlike any file, or none */
	names_refresh(n);
	return 0;
}

void names_done(struct names *n)
{
	if (n->dns)
		evdns_base_free(n->dns, 1);
	n->dns = NULL;
}

static bool changed(struct names *n)
{
	int64_t now[2][3] = {{0}};
	struct stat st;
	int i;

	for (i = 0; i < 2; i++) {
		if (stat(n->files[i], &st))
			continue;
		now[i][0] = (int64_t)st.st_ino;
		now[i][1] = st.st_mtim.tv_sec * INT64_C(1000000000) + st.st_mtim.tv_nsec;
		now[i][2] = st.st_size;
	}
	if (!memcmp(now, n->seen, sizeof now))
		return false;
	memcpy(n->seen, now, sizeof now);
	return true;
}

void names_refresh(struct names *n)
{
	if (!changed(n))
		return;
	evdns_base_clear_nameservers_and_suspend(n->dns);
	evdns_base_clear_host_addresses(n->dns);
	/* Without a file, or a server in it: the one on this machine, if there is any. */
	evdns_base_resolv_conf_parse(n->dns, DNS_OPTIONS_ALL & ~DNS_OPTION_HOSTSFILE, n->files[0]);
	evdns_base_load_hosts(n->dns, n->files[1]);
	evdns_base_resume(n->dns);
}
