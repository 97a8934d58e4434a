/* SPDX-License-Identifier: MIT */
/* From command line to a running emulator: what it holds at first, and the files it writes for
 * clients. */
#ifndef EMULATOR_SETUP_H
#define EMULATOR_SETUP_H

#include "emulator/emulator.h"

#define SETUP_LIST_MAX 64

/* What the command line asks for beyond the settings. */
struct wanted {
	struct strings registries, tokens, scope_maps, actions, certificates;
	int64_t bulk; /* tokens named bulk-00001 and so on */
	char *log;
	bool kubernetes;  /* with the door of a cluster */
	bool with_parent; /* ends when whoever started it does */
	/* further listeners with certificates that clients must refuse */
	bool bad_tls;
	int64_t bad_port[4]; /* by enum pki_server */
};

/* Keys, identities, registries. Ports must be known. */
MUST_USE bool setup_fill(struct emulator *emu, const struct wanted *w, struct err *e);
/* acrotate.conf, client-secret, federated-token, docker-registry.yml, env. */
MUST_USE bool setup_write_files(struct emulator *emu, const struct wanted *w, struct err *e);

#endif
