/* SPDX-License-Identifier: MIT */
/* An identity over a scripted network, in an environment without any AZURE_... variable, with a
 * directory for its files. */
#ifndef FAKES_AUTH_RIG_H
#define FAKES_AUTH_RIG_H

#include "azure/auth.h"
#include "fakes/fake_env.h"
#include "fakes/fake_http.h"

/* clang-format off */
#define RIG_ENTRA "=https://login.example/tid/oauth2/v2.0/token"
#define RIG_RESOURCE "https%3A%2F%2Farm.example%2F"
#define RIG_TOKEN(t) "{\"token_type\":\"Bearer\",\"expires_in\":3600,\"access_token\":\"" t "\"}"
/* clang-format on */

struct auth_rig {
	struct fake_env env;
	struct fake_http *script;
	struct http *http;
	struct auth *auth;
	struct azure_spec spec; /* members set by a test are the test's to free */
	struct cloud cloud;
	char *dir, *file; /* a directory of the rig's own, and a name in it */
};
void auth_rig_clear_environment(void);
struct auth_variable {
	const char *name, *value;
};
#define AUTH_VARIABLES_MAX 8 /* of a row; a NULL name ends them sooner */
void auth_rig_set_variables(const struct auth_variable *v);
void auth_rig_open(struct auth_rig *r, const char *auth, const struct fake_step *steps, size_t n);
void auth_rig_file(struct auth_rig *r, const char *text); /* into r->file, 0600 */
/* The token, or "" and *e. */
const char *auth_rig_ask(struct auth_rig *r, char token[static 4096], struct err *e);
/* false when the script was not followed to its end */
MUST_USE bool auth_rig_close(struct auth_rig *r);

#endif
