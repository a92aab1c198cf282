/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What supervisor, workers and the sensor process say to each other: fixed structs over
 * socketpair(AF_UNIX, SOCK_SEQPACKET), one message a packet.  Both sides check version,
 * type and length; text members are NUL-terminated by the receiver.  Uses Linux calls.
 */
#ifndef ADIT_IPC_H
#define ADIT_IPC_H

#include <stdint.h>

#include "algos/algo.h"
#include "src/err.h"
#include "src/gpu/backend.h"
#include "src/job.h"
#include "src/roofline.h"
#include "src/sensor/presence.h"
#include "src/sensor/sensor.h"

#define IPC_VERSION 4

/*
 * Flow of works, free of races: every IPC_WORK is answered by exactly one credit, given back in
 * IPC_HUNGRY {n} (a difference, never an absolute number) as soon as its last nonce
 * has been handed to the device, or when IPC_FORGET drops it.  The supervisor keeps two
 * works of the current job unanswered at a worker; after a job switch it does not
 * wait for the old ones' credits.  A worker must queue up to IPC_WORKS.
 */
#define IPC_WORKS 64

enum ipc_type {
	IPC_NONE,
	/* to a worker */
	IPC_OPEN,   /* struct ipc_open: first message, once */
	IPC_EPOCH,  /* struct ipc_epoch, and the memfd of its light cache: for works to come */
	IPC_WORK,   /* struct ipc_work: search this; queued, oldest first, at most IPC_WORKS */
	IPC_FORGET, /* struct ipc_number: drop works of jobs with serial < n */
	IPC_LIMIT,  /* struct ipc_limit: batch length and intensity */
	IPC_PAUSE,  /* finish the batches in flight, then stay idle */
	IPC_RESUME,
	IPC_QUIT, /* finish or drop what is in flight, close the device, exit 0 */
	/* from a worker */
	IPC_HELLO,    /* struct ipc_hello: the device is open */
	IPC_PROGRESS, /* struct ipc_progress: a long step; also a sign of life */
	IPC_READY,    /* struct ipc_ready: self-test passed, send work */
	IPC_HUNGRY,   /* struct ipc_number: n works ended or were forgotten (see below) */
	IPC_BATCH,    /* struct ipc_batch: one or several; the heartbeat */
	IPC_FOUND,    /* struct ipc_found: a candidate; the supervisor verifies */
	IPC_IDLE,     /* struct ipc_number: paused or out of work; alive; nothing in flight */
	IPC_FAILED,   /* struct ipc_failed: last words before exit */
	IPC_UNFIT, /* struct ipc_unfit: works of this epoch cannot be done here, they were dropped
		    */
	IPC_NOTE,  /* struct ipc_failed: a line for the log, code 0 info, else warning */
	/* to the sensor process, which also knows IPC_QUIT: restore what was changed, exit 0 */
	IPC_SENSE, /* struct ipc_sense: first message, once */
	IPC_SET,   /* struct ipc_set: change this on a card; answered by IPC_SET_DONE */
	/* from the sensor process, which also says IPC_NOTE */
	IPC_ASKING,   /* struct ipc_number: about to ask target n; DEVICES_MAX: done for now */
	IPC_READING,  /* struct ipc_reading */
	IPC_SET_DONE, /* struct ipc_set_done */
	IPC_PRESENCE, /* struct presence */
	/* measuring what a device can do: the first message to a worker in place of IPC_OPEN */
	IPC_PROBE,  /* struct ipc_probe */
	IPC_FIGURE, /* struct roof_figure, from it; IPC_READY comes after the last */
	IPC_TYPES
};

struct ipc_open {
	char backend[16]; /* "cuda", "opencl", "cpu", "sim" */
	uint32_t index;
	char algo[32];
	char cache_dir[512]; /* "" for none */
	char sim[256];       /* script for sim devices, "" for defaults */
	uint64_t set[ALGO_SETTINGS_MAX];
	uint32_t intensity;   /* 0: automatic; else log2 of nonces a batch */
	uint32_t batch_ms;    /* target length of what is in flight */
	uint32_t threads;     /* cpu backend: 0 means one a core */
	uint32_t no_selftest; /* tests of failing kernels only */
	/*
	 * Batches of a lease that found nothing are told together, at least so often while they
	 * go on; 0: each by itself.  Nobody has to wake up for one.
	 */
	uint32_t report_ms;
	uint32_t reserved;
};

struct ipc_probe {
	char backend[16];
	uint32_t index;
	uint32_t limit_s;    /* a launch takes no longer; 0: default */
	char cache_dir[512]; /* "" for none */
};

/* Two are kept, the newest and the one before; a work names its epoch by number. */
struct ipc_epoch {
	struct algo_facts facts;
};

struct ipc_work {
	uint64_t lease;
	struct work work;
};

struct ipc_number {
	uint64_t n;
};

struct ipc_limit {
	uint32_t batch_ms;
	uint32_t duty_permille; /* 1000: full speed */
	/* from now on a fixed one, log2 of nonces a batch; 0: as it is */
	uint32_t intensity;
	uint32_t automatic; /* 1, with intensity 0: no fixed one any more */
};

struct ipc_hello {
	struct device_info info;
	int64_t pid;
};

struct ipc_progress {
	char stage[48]; /* "building kernels", "self-test" */
	uint32_t permille;
	uint32_t left_s; /* about; 0: unknown */
};

struct ipc_ready {
	char label[48];                  /* of the plan chosen */
	uint32_t to_device, from_device; /* bytes copied for a batch */
};

struct ipc_batch {
	uint64_t serial, lease;
	uint64_t hashes;  /* tried */
	int64_t at_us;    /* monotonic, when the worker knew that it was done */
	uint32_t batches; /* how many this tells of; the following are sums over them */
	uint32_t took_us; /* device time */
	uint32_t idle_us; /* it computed nothing for so long before each; BACKEND_UNKNOWN */
	uint32_t found;
	uint32_t ended; /* 1: this lease is exhausted */
	uint32_t reserved;
};

struct ipc_found {
	uint64_t serial, roll, lease, nonce;
	int64_t at_us; /* monotonic, when the worker read it */
};

struct ipc_failed {
	int32_t code; /* enum err_code */
	char text[ERR_TEXT_MAX];
};

/* The dataset does not fit: bytes. */
struct ipc_unfit {
	uint32_t epoch;
	uint32_t reserved;
	uint64_t need, left;
};

/* Whom the sensor process asks.  Bounds: count <= DEVICES_MAX, the interval as below. */
struct ipc_sense {
	struct sensor_target target[DEVICES_MAX];
	uint32_t wait_ms[DEVICES_MAX]; /* not asked before: it hung when last asked */
	uint32_t count;
	uint32_t interval_ms;
	char dir[512]; /* of files that say what to restore, "" for none */
};
#define IPC_SENSE_MS_MIN 10
#define IPC_SENSE_MS_MAX 3600000

struct ipc_set {
	uint32_t index; /* of the target, below DEVICES_MAX; so too in what follows */
	uint32_t reserved;
	struct sensor_setting setting;
};

struct ipc_reading {
	uint32_t index, reserved;
	struct sensor_reading reading;
};

struct ipc_set_done {
	uint32_t index;
	int32_t code; /* enum err_code; 0: done */
	char text[ERR_TEXT_MAX];
};

struct ipc_head {
	uint16_t version, type;
	uint32_t len; /* of the body */
};

struct ipc_msg {
	struct ipc_head head;
	union {
		struct ipc_open open;
		struct ipc_epoch epoch;
		struct ipc_work work;
		struct ipc_number number;
		struct ipc_limit limit;
		struct ipc_hello hello;
		struct ipc_progress progress;
		struct ipc_ready ready;
		struct ipc_batch batch;
		struct ipc_found found;
		struct ipc_failed failed;
		struct ipc_unfit unfit;
		struct ipc_sense sense;
		struct ipc_set set;
		struct ipc_reading reading;
		struct ipc_set_done set_done;
		struct presence presence;
		struct ipc_probe probe;
		struct roof_figure figure;
	} u;
	int fd; /* not on the wire: what came with an IPC_EPOCH, the receiver's to close; else -1 */
};

/* The body length a type has; -ERR_PROTO for an unknown type. */
int ipc_body_len(unsigned type);

/* A connected pair, close-on-exec, both ends non-blocking.  0 or -ERR_IO. */
int ipc_pair(int fds[2], struct err *err);

/*
 * Send the message of this type (body may be NULL for types without one).
 * 0; -ERR_BUSY when the socket is full; -ERR_IO when the other side is gone.
 * Never raises SIGPIPE.
 */
int ipc_send(int fd, unsigned type, const void *body);

/* The same, with a descriptor (duplicated for the other side); passed < 0: none. */
int ipc_send_fd(int fd, unsigned type, const void *body, int passed);

/*
 * Receive one message, checked.  1: got one; 0: none now (non-blocking); -ERR_IO: the
 * other side is gone; -ERR_PROTO: malformed (the packet is consumed).
 */
int ipc_recv(int fd, struct ipc_msg *out);

/* Check a raw packet of len bytes already in *msg (what ipc_recv and the fuzzer use); not fd. */
int ipc_check(struct ipc_msg *msg, size_t len);

#endif
