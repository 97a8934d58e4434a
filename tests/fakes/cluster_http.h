/* SPDX-License-Identifier: MIT */
/* A network whose only host is the emulator's cluster, in this process: what the client of
 * Kubernetes and those who use it are tried against, without a port. */
#ifndef FAKES_CLUSTER_HTTP_H
#define FAKES_CLUSTER_HTTP_H

#include "fakes/fake_env.h"
#include "kube/kube.h"
#include "kube/spec.h"

struct cluster_http;
struct emulator_http;
/* A cluster with namespace `web`, and an administrator's client of it. */
struct cluster_http *cluster_http_new(void);
void cluster_http_free(struct cluster_http *c);
struct kube *cluster_http_kube(struct cluster_http *c);
/* What a client of it is made of: for one of the test's own. */
struct http *cluster_http_client(struct cluster_http *c);
const struct kube_spec *cluster_http_spec(const struct cluster_http *c);
/* A request of the administrator's own; the status. */
int cluster_http_do(struct cluster_http *c, const char *method, const char *path, const char *body);
/* One that succeeds? */
bool cluster_http_did(struct cluster_http *c, const char *method, const char *path,
                      const char *body);
/* What that answered. */
const char *cluster_http_text(const struct cluster_http *c);
struct emulator_http *cluster_http_net(struct cluster_http *c); /* what fails in it */
size_t cluster_http_count(const struct cluster_http *c);        /* requests so far */
/* The next n requests answer with this status, acted on or not. */
void cluster_http_fail(struct cluster_http *c, size_t n, int status, bool acts);

#endif
