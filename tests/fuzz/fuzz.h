/* SPDX-License-Identifier: MIT */
/* What every fuzz target has: the entry, and the check that the fuzzer takes for a crash. */
#ifndef FUZZ_FUZZ_H
#define FUZZ_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static inline void must(bool fact)
{
	if (!fact)
		abort();
}

#endif
