/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Between read.c (texts, declarations) and read_op.c (instructions). */
#ifndef PTX_READ_H
#define PTX_READ_H

#include "tests/ptx/code.h"

#define DECLARED_MAX 512
#define LABELS_MAX   4096

struct declared {
	char name[NAME_SIZE];
	unsigned count; /* NAME0 to NAME<count-1>; 0: NAME itself */
	uint16_t first;
	uint8_t width;
	unsigned depth; /* of the block it is in */
};

struct label {
	char name[NAME_SIZE];
	size_t op;
};

struct jump {
	char name[NAME_SIZE];
	size_t op;
};

struct reader {
	struct ptx_module *m;
	struct ptx_entry *e;
	struct code *code;
	const char *at, *counted;
	unsigned line, depth;
	char *why;
	size_t size;
	struct declared declared[DECLARED_MAX];
	struct label labels[LABELS_MAX];
	struct jump jumps[LABELS_MAX];
	unsigned n_declared, n_labels, n_jumps;
	bool dynamic; /* a symbol of dynamic shared memory was used */
};

int ptx_complain(struct reader *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
bool ptx_take(struct reader *r, char c);
/* A word with letters, digits, _ $ % and, if dots, '.'.  Its length, or 0. */
size_t ptx_word(struct reader *r, char *out, size_t size, bool dots);
int ptx_integer(struct reader *r, uint64_t *out); /* a minus may stand before it */
unsigned ptx_line(struct reader *r);

/* A new register of so many bits, or NO_SLOT. */
uint16_t ptx_new_slot(struct code *code, unsigned width);

struct symbol *ptx_symbol(const struct reader *r, const char *name);

/* Behind the word that says which.  0 or -1. */
int ptx_instruction(struct reader *r, const char *word, uint16_t guard, bool guard_not);

#endif
