/* SPDX-License-Identifier: MIT */
/* "did you mean": of the words that are known, the one nearest to what was typed. */
#ifndef BASE_NEAREST_H
#define BASE_NEAREST_H

#include "base/base.h"

struct nearest {
	const char *typed;
	const char *best; /* NULL: none is near; borrowed from nearest_try() */
	size_t distance;
};
struct nearest nearest_to(const char *typed); /* borrowed */
/* Of equally near ones the first stays. */
void nearest_try(struct nearest *n, const char *word);

#endif
