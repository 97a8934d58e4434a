/* SPDX-License-Identifier: MIT */
/* One request to the storage account, and how it is refused. */
#ifndef SRC_EMULATOR_STORAGE_DEED_H
#define SRC_EMULATOR_STORAGE_DEED_H

#include "emulator/storage.h"

struct storage_deed {
	struct emulator *emu;
	struct storage *storage;
	struct request *rq;
	struct reply *rs;
	const char *container, *name; /* name NULL: the container itself */
};

void storage_refuse(struct storage_deed *d, int status, const char *code, const char *text);
/* Whose token, which version, and may they? False after a refusal. action: what follows
 * "Microsoft.Storage/storageAccounts/blobServices/containers/". */
bool storage_admit(struct storage_deed *d, const char *action);
void storage_xml(const char *text, struct buf *out); /* escaped */
void storage_list(struct storage_deed *d);
bool storage_has(const struct storage *s, const char *container);

#endif
