/* SPDX-License-Identifier: MIT */
/* Runs a fuzz target over the files named on the command line: the corpus, as an ordinary test. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "fuzz/fuzz.h"

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		FILE *f = fopen(argv[i], "rb");
		if (f == NULL) {
			perror(argv[i]);
			return 1;
		}
		size_t cap = 1 << 20;
		uint8_t *data = malloc(cap);
		size_t n = fread(data, 1, cap, f);
		(void)fclose(f);
		/* An exact copy, so that a read past the end is seen by the sanitizers. */
		uint8_t *exact = malloc(n ? n : 1);
		for (size_t k = 0; k < n; k++)
			exact[k] = data[k];
		(void)LLVMFuzzerTestOneInput(exact, n);
		free(exact);
		free(data);
	}
	printf("replayed %d inputs\n", argc - 1);
	return 0;
}
