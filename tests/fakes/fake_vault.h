/* SPDX-License-Identifier: MIT */
/* Two secrets of a key vault at https://kv.test, in memory. Plain data, to be copied and put back. It
 * takes what comes, whenever it comes: a vault has no compare-and-swap. */
#ifndef FAKES_FAKE_VAULT_H
#define FAKES_FAKE_VAULT_H

#include "fakes/fake_service.h"

#define FAKE_VAULT_URL "https://kv.test"

struct fake_vault {
	struct fake_vault_secret {
		char value[FAKE_PASSWORD_MAX]; /* "": there is none */
		int versions;
	} secret[2]; /* named one, two */
};
bool fake_vault_is(const char *url);
/* One request, whoever sends it. */
void fake_vault_do(struct fake_vault *v, const struct http_request *rq, struct http_response *rs);

#endif
