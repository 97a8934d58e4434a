/* SPDX-License-Identifier: MIT */
/* Routes requests to handlers. Each part of the emulator has one table; {} matches one segment of
 * the path, {*} the rest. */
#ifndef EMULATOR_ROUTE_H
#define EMULATOR_ROUTE_H

#include "emulator/exchange.h"

enum area {
	AREA_ENTRA,
	AREA_IDENTITY,
	AREA_ARM,
	AREA_REGISTRY,
	AREA_CONTROL,
	AREA_CLUSTER,
	AREA_STORAGE,
	AREA_VAULT
};

struct route {
	const char *method, *pattern; /* method "*": any */
	const char *operation;        /* its name in the log and in faults */
	const char *action;           /* ARM: the required permission, or NULL */
	void (*handle)(struct emulator *emu, struct request *rq, struct reply *rs);
};
struct routes {
	enum area area;
	const struct route *row;
	size_t n;
};

extern const struct routes entra_routes, discovery_routes, metadata_federated_routes,
	metadata_identity_routes, emulator_arm_routes, acr_routes, registry_routes, control_routes,
	token_routes, scope_map_routes, operation_routes, cluster_routes, storage_routes,
	vault_routes;

/* Is there an operation of such a name? The pattern may contain "*". */
bool route_has_operation(const char *pattern);
/* Fills rq->arg. NULL if nothing matches. */
const struct route *route_find(struct request *rq, enum area *area);

#endif
