/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The description of the fake's cards, and what was set on them. */
#ifndef ADIT_FAKENVML_H
#define ADIT_FAKENVML_H

#include <stdbool.h>

#include "src/sensor/nvml_api.h"

#define FAKE_CARDS 16
#define FAKE_LINE  4096

/* The value of KEY=VALUE in the line of the card, into out; false when the line has none. */
bool fake_text(const char *line, const char *key, char *out, size_t size);

/* The nth (from 0) of comma-separated numbers. */
bool fake_number(const char *line, const char *key, unsigned nth, long long *out);

/* How many numbers there are. */
unsigned fake_numbers(const char *line, const char *key);

/* Whether the word stands in the line by itself. */
bool fake_flag(const char *line, const char *word);

/* Whether a comma-separated list has the word ("a,b:4"); what is behind the colon, else 0. */
bool fake_listed(const char *list, const char *word, long long *value);

/* The line of the nth card, or of the card at that address (no matter how written). */
bool fake_line_nth(unsigned nth, char line[FAKE_LINE]);
bool fake_line_at(const char *pci, char line[FAKE_LINE]);

/* What the file says outside of cards: "init 9". */
bool fake_global(const char *word, long long *value);

/* The address a line begins with, as "0000:01:00.0". */
void fake_address(const char *line, char out[32]);

/* One line for FAKENVML_SET, and the last number of such a line ("PCI what N"). */
void fake_log(const char *pci, const char *what, long long value);
void fake_log_word(const char *pci, const char *what, const char *word);
bool fake_was_set(const char *pci, const char *what, long long *value);

#endif
