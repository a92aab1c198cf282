/* SPDX-License-Identifier: GPL-3.0-or-later */
/* NVIDIA's error numbers ("Xid") that a miner meets: what they mean and what helps.  Pure. */
#ifndef ADIT_GUARD_XID_H
#define ADIT_GUARD_XID_H

#include <stddef.h>
#include <stdint.h>

enum xid_cure {
	XID_NOTE,    /* say it, go on */
	XID_RESTART, /* restart the worker, if it is hit: the number may be another program's doing
		      */
	XID_PARK,    /* the device does nothing good until it is reset or looked after */
	XID_REBOOT   /* the same, and only a reboot (or power off) brings it back */
};

struct xid {
	uint16_t number;
	enum xid_cure cure;
	const char *what;   /* "fallen off the bus" */
	const char *advice; /* one line */
};

/* Never NULL: unknown numbers get XID_NOTE and general words. */
const struct xid *xid_find(int64_t number);

#endif
