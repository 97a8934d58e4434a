/* SPDX-License-Identifier: MIT */
/* The registry's own door: does it accept this password? GET /v2/, its Bearer challenge, then
 * GET realm with Basic, as docker does. The realm must be https at the login server itself. Each
 * probe is a fresh connection, so that replicas take turns. */
#ifndef AZURE_LOGIN_H
#define AZURE_LOGIN_H

#include "base/base.h"

struct credential;
struct err;
struct http;

enum login_answer { LOGIN_ACCEPTED, LOGIN_REJECTED }; /* rejected: 401, and nothing else */
/* The realm and service are learned once per struct login and remembered. */
struct login;
struct login *login_new(const char *server);
void login_free(struct login *l);
/* Does a registry answer this host? Anonymous; learns anew where to log in. Fails as
 * login_probe(). */
MUST_USE bool login_knock(struct login *l, struct http *h, struct err *e);
/* False: the registry could not be asked (TRANSIENT: network, 429, 5xx; DENIED: 403, a network
 * rule; REMOTE: not understood). */
MUST_USE bool login_probe(struct login *l, struct http *h, const struct credential *c,
                          enum login_answer *out, struct err *e);

#endif
