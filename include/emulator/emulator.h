/* SPDX-License-Identifier: MIT */
/*
 * acrotate-emulator: Entra ID, Azure Resource Manager, the metadata endpoints of virtual machines
 * and the registry's own login, on loopback. One struct contains everything; one lock guards the
 * model and the identities; signatures are made without the lock.
 */
#ifndef EMULATOR_EMULATOR_H
#define EMULATOR_EMULATOR_H

#include "emulator/clock.h"
#include "emulator/exchange.h"
#include "emulator/identity.h"
#include "emulator/model.h"
#include "emulator/route.h"
#include <pthread.h>

struct cluster;
struct err;
struct fault_list;
struct json;
struct journal;
struct pki;
struct storage;
struct vault;

/* ARM's limits are token buckets; here one per kind and identity. */
enum bucket_kind { BUCKET_READ, BUCKET_WRITE, BUCKET_DELETE, BUCKET__COUNT };
struct bucket {
	double level;
	int64_t at_ms;
};
struct rate {
	double burst, per_second;
}; /* burst 0: no limit */

struct settings {
	char *dir;
	int64_t port, plain_port;
	char *tenant, *subscription, *resource_group, *client_id;
	char *login_server;          /* NULL: ourselves */
	char *backend;               /* host:port of a real registry to forward to, or NULL */
	int64_t propagation, settle; /* ticks */
	int64_t retry_after, page, url_length, token_lifetime;
	unsigned replicas;
	bool random_replica;
	bool arc_ignores_selector; /* an Arc agent from before 2026-08 */
	bool no_date;              /* answers have no Date header */
	struct rate limit[BUCKET__COUNT];
	int64_t registry_limit; /* requests a registry takes in a minute; 0: any number */
};

struct emulator {
	struct settings set;
	struct clock clock;
	struct pki *pki;
	struct fault_list *faults;
	struct journal *journal;
	pthread_mutex_t lock;
	struct model model;
	struct identities identities;
	struct map buckets; /* "KIND OBJECTID" to struct bucket */
	/* fingerprint of a refresh token to its user */
	struct map refresh;
	struct cluster *cluster; /* NULL: no --kubernetes */
	struct storage *storage; /* NULL: no --blob */
	struct vault *vault;     /* NULL: no --keyvault */
	char *nonce;             /* signs polling URLs and the like */
	char *arc_key_dir;       /* where an Arc server's challenge file is written */
	char *arc_key;           /* of the last challenge */
	pthread_mutex_t sleep_lock;
	pthread_cond_t sleep_wake;
	bool stopping;
	/* requests that will act later; emulator_stop() waits for them */
	unsigned late;
};

/* "https://localhost:PORT", without a trailing slash. */
void emulator_url(const struct emulator *emu, struct buf *out);
/* Sleeps; false if the program ends meanwhile. */
bool emulator_sleep(struct emulator *emu, int64_t ms);
/* Call around every thread that outlives its connection. */
void emulator_late_begin(struct emulator *emu);
void emulator_late_end(struct emulator *emu);
/* Ends all sleeps and waits for late threads. */
void emulator_stop(struct emulator *emu);
/* Runs the handler of the request's route; 404 if there is none. `operation` may be NULL. */
void emulator_act(struct emulator *emu, struct request *rq, struct reply *rs,
                  const char **operation);

#endif
