/* SPDX-License-Identifier: MIT */
/* "did you mean": finds the known word that is nearest to the one that was typed. */
#ifndef BASE_NEAREST_H
#define BASE_NEAREST_H

#include "base/base.h"

struct nearest {
	const char *typed;
	const char *best; /* NULL: none is near; borrowed from the nearest_try() call */
	size_t distance;
};
struct nearest nearest_to(const char *typed); /* borrowed */
/* Of equally near words the first wins. */
void nearest_try(struct nearest *n, const char *word);

#endif
