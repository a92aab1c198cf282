/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The list of subcommands. */
#include "src/settings.h"

const struct command commands[] = {
	{.name = "mine", .summary = "mine on a pool or a node (the default)", .run = cmd_mine},
	{.name = "devices", .summary = "list devices", .run = cmd_devices},
	{.name = "algos", .summary = "list algorithms and their settings", .run = cmd_algos},
	{.name = "pool", .summary = "run the built-in local pool", .run = cmd_pool},
	{.name = "hash", .summary = "hash one header with the CPU reference", .run = cmd_hash},
	{.name = "scan",
	 .summary = "run a device kernel over a range and check it",
	 .run = cmd_scan},
	{.name = "tune",
	 .summary = "find the best settings of devices and keep them",
	 .run = cmd_tune},
	{.name = "check", .summary = "validate a configuration and print it", .run = cmd_check},
	{.name = "manual",
	 .summary = "print man page or completions",
	 .run = cmd_manual,
	 .hidden = true},
	{.name = "probe",
	 .summary = "list one backend's devices",
	 .run = cmd_probe,
	 .hidden = true},
	{.name = "sensors",
	 .summary = "read the cards' sensors",
	 .run = cmd_sensors,
	 .hidden = true},
	{.name = "worker", .summary = "drive one device", .run = cmd_worker, .hidden = true},
	{0},
};
