/* SPDX-License-Identifier: MIT */
/*
 * --blob: the part of Azure Blob Storage that keeps records. Containers and block blobs with ETags,
 * conditional writes, leases, lists page by page, Entra ID and roles. It answers like the service;
 * the same tests run against Azurite. Guarded by the emulator's lock.
 */
#ifndef EMULATOR_STORAGE_H
#define EMULATOR_STORAGE_H

#include "emulator/emulator.h"

/* The account, in the path as for Azurite: https://localhost:PORT/emulatedstore/CONTAINER/BLOB. */
#define STORAGE_ACCOUNT "emulatedstore"

struct storage_blob {
	char *container, *name;
	struct buf text;
	int64_t version, changed; /* of the ETag; ticks */
	char lease[37];           /* "": none */
};
struct storage {
	struct strings containers;
	struct storage_blob **blob; /* sorted by container and name */
	size_t n, cap;
	int64_t version; /* the newest */
};
struct storage *storage_new(void);
void storage_free(struct storage *s);
/* container `name`, if it does not exist */
void storage_add(struct storage *s, const char *name);

#endif
