/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Where the words of struct abi_job stand for algorithms with a dataset of the Ethash kind, and how
 * a dataset lies on a device.  Included by host and kernels.
 *
 * A dataset is an array of 64-byte nodes of 16 words.  Split over PARTS buffers (1, 2 or 4), its
 * 256-byte unit u lies in buffer u mod PARTS at unit u / PARTS, so that no row is ever torn.
 */
#ifndef ADIT_DAG_ABI_H
#define ADIT_DAG_ABI_H

#define DAG_HEADER      0 /* 8: the header hash, little-endian words */
#define DAG_ROWS        8 /* what a search reduces by: rows of 128 or 256 (ProgPoW) bytes */
#define DAG_ROWS_MAGIC  9  /* floor(2^32 / DAG_ROWS) */
#define DAG_CACHE       10 /* items of the light cache */
#define DAG_CACHE_MAGIC 11
#define DAG_NODES       12 /* of the whole dataset */
#define DAG_TEXT        16 /* 15: ProgPoW's letters, a word each */

#endif
