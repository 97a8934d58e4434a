/* SPDX-License-Identifier: MIT */
/* WWW-Authenticate: what is taken from it stands in it, and never for a realm that is not the
 * registry's. */
#include <stdlib.h>

#include "azure/challenge.h"
#include "base/mem.h"
#include "fuzz/fuzz.h"
#include "http/http.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_FREE char *text = mem_dup_n((const char *)data, size), *realm = NULL, *service = NULL;
	struct http_origin o;

	if (challenge_param(text, "Bearer", "realm", &realm)) {
		if (strlen(realm) > strlen(text))
			abort();
		if (http_origin(realm, &o) && (o.port < 1 || o.port > 65535 || o.host[0] == '\0' ||
		                               strpbrk(o.host, "@/?# \\") != NULL))
			abort();
	}
	if (challenge_param(text, "bearer", "service", &service) && strlen(service) > strlen(text))
		abort();
	return 0;
}
