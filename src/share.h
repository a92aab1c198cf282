/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A share's life from a device's claim to the pool's answer. */
#ifndef ADIT_SHARE_H
#define ADIT_SHARE_H

#include <stdbool.h>
#include <stdint.h>

#include "src/job.h"

enum share_state {
	SHARE_FOUND,    /* a device says so; being verified */
	SHARE_INVALID,  /* the CPU disagrees: counted against the device */
	SHARE_READY,    /* verified, waits for a connection */
	SHARE_SENT,     /* waits for the pool's answer */
	SHARE_ACCEPTED, /* final states from here on */
	SHARE_REJECTED,
	SHARE_STALE,
	SHARE_LOST, /* the connection died, or nobody answered in time */
	SHARE_STATES
};

struct share {
	struct share *next; /* in whatever list holds it */
	struct job *job;    /* one reference */
	struct work work;   /* its header */
	uint64_t nonce;
	struct digest digest; /* set by the verifier, never by the device */
	double difficulty;    /* of the hash itself */
	unsigned device;      /* index in the rig */
	enum share_state state;
	int verify_rc;         /* 0, or -ERR_xxx from the reference */
	uint64_t session_sent; /* the session it was sent in */
	uint32_t request;      /* id of the request that carried it */
	bool block;            /* also meets the network's target, where known */
	int64_t found_us, verified_us, sent_us, answered_us;
	char reason[96]; /* the pool's words, printable */
};

#endif
