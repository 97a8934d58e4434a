/* SPDX-License-Identifier: MIT */
#include "emulator/route.h"

#include <ctype.h>
#include <strings.h>

#include "base/mem.h"
#include "base/str.h"

/* Entra ID last: its paths begin with any tenant's name. */
static const struct routes *const tables[] = { &acr_routes,          &token_routes,
	                                       &scope_map_routes,    &operation_routes,
	                                       &registry_routes,     &cluster_routes,
	                                       &storage_routes,      &vault_routes,
	                                       &emulator_arm_routes, &metadata_identity_routes,
	                                       &control_routes,      &metadata_federated_routes,
	                                       &entra_routes,        &discovery_routes };

static void forget_args(struct request *rq)
{
	for (size_t i = 0; i < EXCHANGE_ARGS_MAX; i++)
		mem_free_ptr(&rq->arg[i]);
}

/* Segment by segment; Azure does not mind the case of fixed ones. */
static bool match(const char *pattern, struct request *rq)
{
	const char *path = rq->path;
	size_t n = 0;

	for (;;) {
		size_t want = strcspn(pattern, "/"), have = strcspn(path, "/");

		if (strncmp(pattern, "{*}", want) == 0 && want == 3) {
			rq->arg[n] = mem_dup(path);
			return true;
		}
		if (strncmp(pattern, "{}", want) == 0 && want == 2) {
			if (have == 0)
				return false;
			rq->arg[n++] = mem_dup_n(path, have);
		} else if (want != have || strncasecmp(pattern, path, want) != 0) {
			return false;
		}
		pattern += want;
		path += have;
		if (*pattern == '\0' || *path == '\0')
			return *pattern == *path;
		pattern++;
		path++;
	}
}

bool route_has_operation(const char *pattern)
{
	for (size_t t = 0; t < COUNT(tables); t++)
		for (size_t i = 0; i < tables[t]->n; i++)
			if (str_matches(pattern, tables[t]->row[i].operation))
				return true;
	return false;
}

const struct route *route_find(struct request *rq, enum area *area)
{
	for (size_t t = 0; t < COUNT(tables); t++) {
		for (size_t i = 0; i < tables[t]->n; i++) {
			const struct route *row = &tables[t]->row[i];

			if (strcmp(row->method, "*") != 0 && strcmp(row->method, rq->method) != 0)
				continue;
			if (match(row->pattern, rq)) {
				*area = tables[t]->area;
				return row;
			}
			forget_args(rq);
		}
	}
	return NULL;
}
