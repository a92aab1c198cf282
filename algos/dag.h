/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Light caches and datasets of the Ethash kind, shared by Ethash's and ProgPoW's families.
 * Source: the Ethash specification (Ethereum wiki), ECIP-1099, and each coin's consensus code.
 */
#ifndef ADIT_DAG_H
#define ADIT_DAG_H

#include "algos/algo.h"

#define DAG_MIB (UINT64_C(1) << 20)
#define DAG_GIB (UINT64_C(1) << 30)

/*
 * Beyond it a pool is talking nonsense: decades ahead of every chain.  Where sizes are those of a
 * later epoch, that one counts.
 */
#define DAG_EPOCH_MAX 4095

/* A family's row of constants; algo->params points at one (or at a struct that begins with one). */
struct dag_params {
	unsigned parents;                                          /* 256 or 512 */
	uint64_t epoch_length;                                     /* blocks */
	uint64_t cache_init, cache_growth, data_init, data_growth; /* bytes; growth an epoch */
	/* Etchash: from this block on epochs are twice as long and the seed advances by two; 0:
	 * never */
	uint64_t double_from;
	/* Sizes are those of epoch size_factor * e when e >= size_from; 0: those of e (MeowPoW: 4,
	 * 110) */
	unsigned size_factor, size_from;
	/* Epochs above clamp_above are epoch clamp_to; 0: never (FiroPoW: 926, 650) */
	unsigned clamp_above, clamp_to;
	unsigned blake2_from; /* Ubqhash: the light cache is made with BLAKE2b from this epoch; 0:
				 never */
	unsigned l1_words; /* first words of the dataset kept behind the light cache; 0 or 4096 */
};

extern const struct algo_dataset dag_dataset; /* for struct algo */
extern const struct algo_setting
	dag_settings[]; /* light_cache_items, dataset_items, dataset_parts */
enum dag_setting { DAG_SET_CACHE, DAG_SET_ROWS, DAG_SET_PARTS }; /* their places in set[] */

extern const char kernel_dag[]; /* kernels/dag.cl, entry "dag" */
extern const char *const dag_prebuilt_256[], *const dag_prebuilt_512[]; /* by parents */

/*
 * abi_job.words as kernels/dag.clh names them: filled by every member's prepare().  magic(n) is
 * floor(2^32 / n): x mod n = r or r - n, r = x - mul_hi(x, magic) * n, whichever is below n.
 */
void dag_prepare(const struct algo_epoch *ep, const struct work *work, uint32_t search_rows,
		 struct abi_job *out);

/* How many buffers the dataset must be split over on this device; -ERR_MEMORY when even 4 fail. */
int dag_parts(const struct algo_device *dev, const uint64_t *set, struct err *err);

/* Options of kernels/dag.cl for this device: plan->options_epoch. */
void dag_options(struct algo_plan *plan, const struct dag_params *p, const struct algo_device *dev,
		 int parts);

/* Nodes of consecutive numbers, several at a time: what checking a hash is made of. */
void dag_nodes(const struct algo_epoch *ep, uint32_t first, unsigned count, uint32_t *out);

#endif
