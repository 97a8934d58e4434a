/* SPDX-License-Identifier: MIT */
/* Inside src/sink only: the keys of sinks that are no files. The small program parses them too, and leaves the rest to the whole one. */
#ifndef SINK_REMOTE_H
#define SINK_REMOTE_H

#include "base/keys.h"

struct buf;
struct err;

struct libsecret_spec { bool take_entry; };
extern const struct key libsecret_keys[1];
void libsecret_identity(const void *spec, const char *server, struct buf *out);

struct helper_spec { char *program; bool take_entry; };
extern const struct key helper_keys[2];
void helper_identity(const void *spec, const char *server, struct buf *out);
bool helper_validate(const void *spec, struct err *e);

#endif
