/* SPDX-License-Identifier: MIT */
/* Certificate files: whatever is in one, loading ends and says why, and so does signing with
 * what was loaded: a key may be of the right size, fit the certificate, and still have a part
 * that is wrong. */
#include <stdlib.h>

#include "base/err.h"
#include "base/secret.h"
#include "base/signer.h"
#include "fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_SECRET struct secret *file = NULL, *password = secret_new("pass", 4), *jwt = NULL;
	AUTO_SIGNER struct signer *s = NULL;
	struct err e = ERR_INIT;

	if (size == 0 || size > SECRET_MAX)
		return 0;
	file = secret_new(data, size);
	if (!signer_load(file, password, &s, &e)) {
		if (e.kind != ERR_CONFIG || e.text[0] == '\0' || s != NULL)
			abort();
	} else if (signer_jwt(s, "{}", SIGNER_CHAIN, &jwt, &e)
	                   ? secret_len(jwt) == 0
	                   : e.kind != ERR_CONFIG || e.text[0] == '\0') {
		abort();
	}
	return 0;
}
