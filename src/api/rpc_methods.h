/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The methods, one function each; rpc_methods.c has their names and parameters. */
#ifndef ADIT_API_RPC_METHODS_H
#define ADIT_API_RPC_METHODS_H

#include "src/api/rpc.h"

typedef json_t *rpc_run(const struct rpc_args *args, struct err *err);

/* rpc_miner.c */
rpc_run rpc_miner_summary, rpc_miner_devices, rpc_miner_pools, rpc_miner_shares, rpc_miner_events,
	rpc_miner_version, rpc_miner_config, rpc_miner_algorithms, rpc_miner_reload, rpc_miner_quit;
rpc_run rpc_pause, rpc_resume; /* the rig, or args->device */

/* rpc_device.c */
rpc_run rpc_device_restart, rpc_set_intensity, rpc_set_power_limit, rpc_set_temp_target;

/* rpc_pool.c */
rpc_run rpc_pool_switch, rpc_pool_enable, rpc_pool_disable, rpc_pool_add, rpc_pool_remove,
	rpc_pool_priority;

#endif
