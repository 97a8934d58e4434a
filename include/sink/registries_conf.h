/* SPDX-License-Identifier: MIT */
/*
 * What of containers-registries.conf(5) decides whether podman, skopeo and buildah read an
 * auth.json at all: `credential-helpers`, the list of places they look in, one after the other.
 * The rest of that TOML is passed over. Inside src/sink only.
 */
#ifndef SINK_REGISTRIES_CONF_H
#define SINK_REGISTRIES_CONF_H

#include "base/base.h"

struct key_list;

/* The name in that list that stands for files like auth.json. */
#define REGISTRIES_AUTH_FILES "containers-auth.json"

/* The list of one file; false when it says nothing of it (an empty one says nothing). */
MUST_USE bool registries_conf_parse(const char *text, size_t n, struct key_list *out);
/* What holds for a user with this home (NULL: none): his file or the system's, then all in
 * registries.conf.d, of which the last counts. $CONTAINERS_REGISTRIES_CONF names another file.
 * Empty: nobody says anything, or it cannot be read. */
void registries_conf_read(const char *home, struct key_list *out);

#endif
