/* SPDX-License-Identifier: GPL-3.0-or-later */
/* NVIDIA's error numbers.  Meanings follow NVIDIA's catalogue; advice is for a mining card. */

#include "src/guard/xid.h"

#define CLOCKS "lower the overclock or the power limit"

static const struct xid table[] = {
	{8, XID_RESTART, "the card stopped processing", CLOCKS},
	{13, XID_RESTART, "exception in the compute engine", CLOCKS " if it repeats"},
	{31, XID_RESTART, "memory page fault", "a program's fault, or memory clocks too high"},
	{32, XID_RESTART, "corrupted command stream", "check risers and cables, " CLOCKS},
	{43, XID_RESTART, "the card stopped processing a program's work", CLOCKS " if it repeats"},
	{45, XID_NOTE, "work was cleared away after an earlier error or a program's end",
	 "see the error before it"},
	{48, XID_PARK, "uncorrectable memory error (double bit)",
	 "lower the memory clock; reset the card; replace it if it repeats"},
	{56, XID_NOTE, "display engine error", "nothing for a miner to do"},
	{61, XID_RESTART, "the card's internal controller stopped or warned",
	 "reset the card or reboot if its rate stays low, " CLOCKS},
	{62, XID_REBOOT, "the card's internal controller halted", "reboot, then " CLOCKS},
	{63, XID_NOTE, "a bad memory page or row is put out of use",
	 "reset the card when it suits"},
	{64, XID_PARK, "a bad memory row could not be put out of use",
	 "reset the card; replace it if it repeats"},
	{69, XID_RESTART, "exception of a graphics class", CLOCKS " if it repeats"},
	{74, XID_NOTE, "NVLink error", "check the bridge; mining does not use it"},
	{79, XID_REBOOT, "fallen off the bus",
	 "reboot; check riser, power cables and power supply, " CLOCKS},
	{92, XID_NOTE, "many corrected memory errors", "lower the memory clock"},
	{94, XID_RESTART, "uncorrectable memory error, contained to a program",
	 "reset the card when it suits; lower the memory clock"},
	{95, XID_PARK, "uncorrectable memory error, not contained",
	 "reset the card; replace it if it repeats"},
	{109, XID_RESTART, "switching between programs took too long", CLOCKS " if it repeats"},
	{119, XID_REBOOT, "the card's system processor does not answer",
	 "reset the card or reboot"},
	{120, XID_REBOOT, "error in the card's system processor", "reset the card or reboot"},
	{140, XID_PARK, "uncorrectable memory error", "reset the card; replace it if it repeats"},
	{143, XID_REBOOT, "the card could not be initialised", "reboot; check power and riser"},
	{154, XID_NOTE, "the driver says that the card needs to recover",
	 "see the error before it; a reset may be needed"},
};

const struct xid *xid_find(int64_t number)
{
	static const struct xid other = {0, XID_NOTE, "an error of the driver",
					 "see NVIDIA's list of Xid errors"};
	unsigned i;

	for (i = 0; i < sizeof table / sizeof table[0]; i++)
		if (table[i].number == number)
			return &table[i];
	return &other;
}
