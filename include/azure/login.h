/* SPDX-License-Identifier: MIT */
/* Logging in to a registry, to learn whether it accepts a password: GET /v2/, its Bearer challenge,
 * then GET realm with Basic, as docker does. The realm must be https at the login server itself.
 * Each probe uses a fresh connection, so that different replicas answer; the first one that of the
 * question before it, over which nothing else went. */
#ifndef AZURE_LOGIN_H
#define AZURE_LOGIN_H

#include "base/base.h"

struct credential;
struct err;
struct http;

/* LOGIN_REJECTED means 401 and nothing else */
enum login_answer { LOGIN_ACCEPTED, LOGIN_REJECTED };
/* Realm and service are learned once per struct login. */
struct login;
struct login *login_new(const char *server);
void login_free(struct login *l);
/* Whatever is asked goes through the gate of its registry (registry_gate.h), which outlives it;
 * NULL: through none. */
struct registry_gate;
void login_through(struct login *l, struct registry_gate *g);
/* Is the registry reachable from this host? Anonymous; learns realm and service again. Fails as
 * login_probe() does. */
MUST_USE bool login_knock(struct login *l, struct http *h, struct err *e);
/* The same beside the next requests of this client, if it can do that; else nothing. The end must
 * come before another thread has the login; false: it was not asked, or not with success. */
void login_knock_begin(struct login *l, struct http *h);
bool login_knock_end(struct login *l);
/* False: the registry could not be asked (TRANSIENT: network, 408, 429, 5xx; DENIED: 403, a network
 * rule; REMOTE: an answer that is not understood; CONFIG: an invalid login server). */
MUST_USE bool login_probe(struct login *l, struct http *h, const struct credential *c,
                          enum login_answer *out, struct err *e);

/* The same n times side by side, each on a fresh connection: accepted if all are. */
#define LOGIN_PROOFS_MAX 3
MUST_USE bool login_prove(struct login *l, struct http *h, const struct credential *c, int n,
                          enum login_answer *out, struct err *e);

#endif
