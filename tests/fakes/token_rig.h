/* SPDX-License-Identifier: MIT */
/* `acrotate token` in a world of its own: a configuration and az's profile in a scratch
 * directory, and whatever network a test brings. */
#ifndef FAKES_TOKEN_RIG_H
#define FAKES_TOKEN_RIG_H

#include "base/buf.h"
#include "base/err.h"
#include "fakes/fake_env.h"
#include "http/http.h"
#include "token/outside.h"
#include "token/token.h"

struct token_rig {
	/* with acrotate.conf, jobs.d, state, azureProfile.json; AZURE_CONFIG_DIR and
	 * ACROTATE_CONFIG name it */
	char *dir;
	struct fake_env env;
	bool tty[3];
	const char *input; /* lines for standard input */
	bool broken_out;   /* standard output cannot be written */
	struct buf out, err;
};
void token_rig_open(struct token_rig *r);
void token_rig_close(struct token_rig *r);
/* a file below dir */
void token_rig_write(const struct token_rig *r, const char *name, const char *text);
/* The exit status. `words` ends with NULL; out and err are emptied first. */
int token_rig_run(struct token_rig *r, struct http *http, const char *const *words);
/* Does it answer? A request for a token of Entra ID: true, and *rs and *ok are set. */
bool token_rig_identity(const struct http_request *rq, struct http_response *rs);

#endif
