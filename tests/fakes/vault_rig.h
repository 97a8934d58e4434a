/* SPDX-License-Identifier: MIT */
/* What a program lends to a sink of type keyvault, over a scripted network: a custom cloud whose
 * identity is IMDS's, and a vault at https://kv.example. */
#ifndef FAKES_VAULT_RIG_H
#define FAKES_VAULT_RIG_H

#include "azure/auth.h"
#include "fakes/fake_env.h"
#include "fakes/fake_http.h"
#include "sink/sink.h"

#define VAULT_RIG_URL    "https://kv.example"
#define VAULT_RIG_SECRET VAULT_RIG_URL "/secrets/web-pull?api-version=7.4"
#define VAULT_RIG_ERROR(code, message, inner)                                                      \
	"{\"error\":{\"code\":\"" code "\",\"message\":\"" message                                 \
	"\",\"innererror\":{\"code\":\"" inner "\"}}}"
#define VAULT_RIG_ABSENT                                                                           \
	"{\"error\":{\"code\":\"SecretNotFound\",\"message\":\"A secret with (name/id) web-pull "  \
	"was not found in this key vault.\"}}"
#define VAULT_RIG_TOKEN(t)                                                                         \
	{                                                                                          \
		HTTP_GET, "resource=https%3A%2F%2Fvault.azure.net",                                \
			.status = 200,                                                             \
			.answer = "{\"expires_in\":3600,\"access_token\":\"" t "\"}"               \
	}

struct vault_rig {
	struct fake_env env;
	struct fake_http *script;
	struct azure_spec azure;
	struct sink_lent lent;
};
void vault_rig_open(struct vault_rig *r, const struct fake_step *steps, size_t n);
/* False when the script was not followed to its end. */
MUST_USE bool vault_rig_close(struct vault_rig *r);

#endif
