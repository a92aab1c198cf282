/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Choosing devices.  Drivers are only touched by short-lived probe processes, one a
 * backend, so a broken driver cannot hang the caller.
 */
#ifndef ADIT_RIG_H
#define ADIT_RIG_H

#include "src/err.h"
#include "src/gpu/backend.h"

#define PROBE_TIMEOUT_MS 30000

struct rig_list {
	struct device_info dev[DEVICES_MAX];
	unsigned n;
	char notes[8][ERR_TEXT_MAX]; /* per backend: "opencl: no library ..." */
	unsigned n_notes;
};

/*
 * Ask every GPU backend's probe process.  The same card seen by two backends (same PCI
 * address) is listed once a backend; PCI order, then backend order.  Blocks up to the timeout.
 */
int rig_probe(struct rig_list *out, int timeout_ms, struct err *err);

/*
 * Pick devices by SPEC ("cuda:0,opencl:1,01:00.0,cpu,sim:4", or plain numbers: indexes in the
 * listing of `adit devices`); NULL picks automatically: each GPU once (CUDA first), else
 * OpenCL CPU devices, else nothing.  Duplicates are an error.  -ERR_NODEV, -ERR_RANGE and
 * so on with the fix in err.
 */
int rig_pick(struct rig_list *out, const struct rig_list *all, const char *spec, struct err *err);

/* Both: probe for at most PROBE_TIMEOUT_MS, then pick. */
int rig_find(struct rig_list *out, const char *spec, struct err *err);

/* "opencl:0".  Returns out. */
char *rig_id(char *out, unsigned long size, const struct device_info *d);

/*
 * Start `adit worker` for a device: posix_spawn of this program with the socket as
 * descriptor 3.  *fd is ours; argv shows only the device.  Sends nothing.
 */
int rig_spawn(const struct device_info *d, int *fd, int *pid, struct err *err);

#endif
