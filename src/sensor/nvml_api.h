/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * NVIDIA's management library as a table of functions, made from nvml.def.  Nothing of NVIDIA's
 * is needed to build this.
 */
#ifndef ADIT_NVML_API_H
#define ADIT_NVML_API_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "src/sensor/sensor.h"

/* Foreign handles keep their vendor's names.  NVIDIA's enums have int's size. */
#define TYPE(name, what) typedef what name;
#define ENUM(name)       typedef int name;
#define BEGIN(kind, name)                                                                          \
 typedef kind name##_is                                                                            \
 {
#define MEMBER(in, type, name) type name;
#define END(name)                                                                                  \
 }                                                                                                 \
 name;
#include "src/sensor/nvml.def"

enum {
#define VALUE(name, value) name = value,
#include "src/sensor/nvml.def"
};

struct nvml {
	void *handle;
#define FUNC(name, args)  nvmlReturn_t(*name) args;
#define MAYBE(name, args) nvmlReturn_t(*name) args; /* may be NULL */
#include "src/sensor/nvml.def"
};

#define NVML_CARDS_MAX     64  /* a driver's own limit */
#define NVML_PROCESSES_MAX 512 /* that are looked at, a card */

/* One card that was asked for. */
struct nvml_card {
	struct nvml_ctx *ctx;
	nvmlDevice_t dev;
	char name[48];     /* address, or UUID, for messages and nvidia-smi -i */
	int64_t found_mw;  /* the power limit before we touched it, -1 unknown */
	bool lost;         /* in the look that goes on: a call said so */
	nvmlReturn_t last; /* failure of the look that goes on, 0 none */
	bool watched;      /* XID events come */
	int64_t xid, xids; /* last one and their number */
};

struct nvml_ctx {
	struct nvml api;
	int32_t supervisor; /* process whose descendants are ours */
	nvmlEventSet_t events;
	unsigned n_cards;
	struct nvml_card card[NVML_CARDS_MAX];
	nvmlProcessInfo_v2_t list[NVML_PROCESSES_MAX];
};

/* Words for a result of NVML's: "no permission". */
const char *nvml_word(nvmlReturn_t code);

/*
 * A call's success.  A failure is remembered in the card, and that the card is gone above all.
 * NVML_ASK makes a call where the library has it and the card is not gone.
 */
bool nvml_worked(struct nvml_card *c, nvmlReturn_t code);
#define NVML_ASK(c, name, ...)                                                                     \
 ((c)->ctx->api.name && !(c)->lost && nvml_worked((c), (c)->ctx->api.name((c)->dev, __VA_ARGS__)))

/* Ask for a card's XID events from now on.  Where that does not work, they stay unknown. */
void nvml_watch(struct nvml_card *c);

/* Take the events that have come, of all cards.  Never waits. */
void nvml_drain(struct nvml_ctx *ctx);

/* End of all events. */
void nvml_unwatch(struct nvml_ctx *ctx);

/* Count who computes on the card and does not descend from the supervisor. */
void nvml_others(struct nvml_card *c, struct sensor_reading *out);

/* Everything else of a reading. */
void nvml_look(struct nvml_card *c, struct sensor_reading *out);

/* sensor_source.set of a card. */
int nvml_set(struct nvml_card *c, const struct sensor_setting *s, struct err *err);

#endif
