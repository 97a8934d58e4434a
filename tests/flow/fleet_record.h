/* SPDX-License-Identifier: MIT */
/* The fleet's record, with the eyes of an administrator: a ConfigMap in the emulator's cluster, or
 * a blob in its storage account. For fleet.c only. */
#ifndef FLOW_FLEET_RECORD_H
#define FLOW_FLEET_RECORD_H

#include <stdbool.h>

struct arm;
struct azure_spec;
struct cluster_http;
struct env;
struct http;
struct http_lender;
struct kube;
struct store;

void fleet_record_open(struct cluster_http *cluster); /* borrowed */
void fleet_record_close(void);
/* From now on it is in the container, not in the cluster. */
void fleet_record_move(bool container);

char *fleet_record_text(void); /* NULL: there is none; caller frees */
void fleet_record_restore(const char *text);
/* All of it, to be put back; NULL: there is none. */
char *fleet_record_keep(void);
void fleet_record_put_back(const char *kept);

/* A rotator's own way to it. */
struct store *fleet_record_store(struct kube *kube, struct arm *arm, struct http_lender *lender,
                                 const struct env *env);
const struct azure_spec *fleet_record_azure(void);
/* Is it the storage account, or the Entra ID beside it? */
bool fleet_record_is(const char *url);
/* A client of the storage account, by whose clock it is `env`'s time. */
struct http *fleet_record_client(const struct env *env);

#endif
