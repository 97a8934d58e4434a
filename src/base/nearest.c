/* SPDX-License-Identifier: MIT */
#include "base/nearest.h"

#define WORD_MAX 64 /* bytes; what is longer is compared so far */

/* Levenshtein's: how many letters to put in, take out or change. */
static size_t distance(const char *a, const char *b)
{
	size_t na = strnlen(a, WORD_MAX), nb = strnlen(b, WORD_MAX);
	size_t row[WORD_MAX + 1];

	for (size_t j = 0; j <= nb; j++)
		row[j] = j;
	for (size_t i = 1; i <= na; i++) {
		size_t diagonal = row[0];
		row[0] = i;
		for (size_t j = 1; j <= nb; j++) {
			size_t best = diagonal + (a[i - 1] != b[j - 1]);
			diagonal = row[j];
			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			row[j] = best;
		}
	}
	return row[nb];
}

struct nearest nearest_to(const char *typed)
{
	/* Further apart than a third of its letters and one it is another word. */
	return (struct nearest){ .typed = typed, .distance = strlen(typed) / 3 + 2 };
}

void nearest_try(struct nearest *n, const char *word)
{
	size_t d = distance(n->typed, word);

	if (d >= n->distance)
		return;
	n->best = word;
	n->distance = d;
}
