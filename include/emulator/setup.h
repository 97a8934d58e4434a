/* SPDX-License-Identifier: MIT */
/* From the command line to a running emulator: its initial contents, and the files for clients. */
#ifndef EMULATOR_SETUP_H
#define EMULATOR_SETUP_H

#include "emulator/emulator.h"

#define SETUP_LIST_MAX 64

/* The command line, except the settings. */
struct wanted {
	struct strings registries, tokens, scope_maps, actions, certificates;
	int64_t bulk; /* tokens named bulk-00001 and so on */
	char *log;
	bool kubernetes;  /* with a Kubernetes API server */
	bool blob;        /* with a storage account */
	bool keyvault;    /* with a key vault */
	bool with_parent; /* ends with the process that started it */
	/* additional listeners with certificates that clients must refuse */
	bool bad_tls;
	int64_t bad_port[4]; /* by enum pki_server */
};

/* Creates keys, identities and registries. Ports must be known. */
MUST_USE bool setup_fill(struct emulator *emu, const struct wanted *w, struct err *e);
/* Writes acrotate.conf, client-secret, federated-token, docker-registry.yml, env. */
MUST_USE bool setup_write_files(struct emulator *emu, const struct wanted *w, struct err *e);

#endif
