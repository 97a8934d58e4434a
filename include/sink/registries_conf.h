/* SPDX-License-Identifier: MIT */
/*
 * The part of containers-registries.conf(5) that decides whether podman, skopeo and buildah read an
 * auth.json at all: `credential-helpers`, the list of places where they look, in order. The rest of
 * the TOML is ignored. For src/sink only.
 */
#ifndef SINK_REGISTRIES_CONF_H
#define SINK_REGISTRIES_CONF_H

#include "base/base.h"

struct key_list;

/* The name in that list for files like auth.json. */
#define REGISTRIES_AUTH_FILES "containers-auth.json"

/* The list in one file; false if it has none (an empty list counts as none). */
MUST_USE bool registries_conf_parse(const char *text, size_t n, struct key_list *out);
/* The list for a user with this home (NULL: none): from the user's file or else the system's, then
 * from all in registries.conf.d, the system's and the user's; the last one counts.
 * $CONTAINERS_REGISTRIES_CONF replaces the first. Empty if no file has a list, or it cannot be
 * read. */
void registries_conf_read(const char *home, struct key_list *out);

#endif
