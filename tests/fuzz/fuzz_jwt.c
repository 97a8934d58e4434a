/* SPDX-License-Identifier: MIT */
/* An access token that may be no JSON web token at all: what is said of it is unset, or text,
 * and a time that is ahead. */
#include <stdlib.h>

#include "azure/whoami.h"
#include "base/secret.h"
#include "fuzz/fuzz.h"

#define NOW 1800000000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_WHOAMI struct whoami w = { 0 };

	if (size > SECRET_MAX)
		return 0;
	AUTO_SECRET struct secret *token = secret_new(data, size);
	whoami_read(token, NOW, &w);
	if (w.lives_s < 0 || (memchr(data, '.', size) == NULL &&
	                      (w.tenant != NULL || w.client_id != NULL || w.object_id != NULL)))
		abort();
	return 0;
}
