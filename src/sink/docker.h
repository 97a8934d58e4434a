/* SPDX-License-Identifier: MIT */
/* The inside of the sink "docker": docker.c reads and judges, docker_commit.c writes. */
#ifndef SRC_SINK_DOCKER_H
#define SRC_SINK_DOCKER_H

#include "base/buf.h"
#include "base/credential.h"
#include "base/err.h"
#include "sink/docker_edit.h"
#include "sink/docker_files.h"
#include "sink/place.h"
#include "sink/sink.h"

struct docker_spec {
	struct place_spec place;
	char *key, *readers;
	bool take_entry;
	bool served; /* who is sent to our own helper gets the same there: a store beside it */
};
/* The versions that have stood in the file since we read it first. */
struct docker_seen {
	struct buf *text;
	size_t n, cap;
};
struct docker_held {
	struct fs_stage **stage;
	size_t n, cap;
};

struct docker {
	struct sink sink;
	const struct docker_spec *spec;
	struct place place;
	struct docker_file *file; /* shared with the other jobs that have an entry in it */
	/* of what was read last: who would not take it, and why; ERR_NONE: nobody */
	struct err shadow;
	/* Between prepare and commit: */
	struct credential who; /* what goes into the entry; no server but for the key */
	struct buf base, next; /* the file as read, and as it shall be */
	struct fs_id base_id;
	bool base_found, ready;
	struct fs_stage *stage; /* next, sealed; NULL in place */
	struct docker_seen seen;
	struct buf pending;      /* what only files we displaced have */
	struct docker_held held; /* these files */
};

/* ---- docker.c -------------------------------------------------------------------------------- */

static inline const char *docker_path_of(const struct docker *d)
{
	return d->spec->place.path;
}

static inline const char *docker_key_of(const struct docker *d, const struct credential *who)
{
	return d->spec->key != NULL ? d->spec->key : who->server;
}

/* Several jobs may have an entry each in one file: their temporaries must not be taken for one
 * another's. */
void docker_set_tag(struct docker *d, const struct credential *who);
/* docker_look(), of this file. */
MUST_USE bool docker_find(const struct docker *d, const struct buf *text, const char *key,
                          struct docker_entry *out, struct err *e);
/* docker_put(), of this file. */
MUST_USE bool docker_put_into(const struct docker *d, const struct buf *text,
                              const struct credential *c, const char *key, struct buf *out,
                              struct err *e);
bool docker_is_of(const struct docker_entry *entry, const struct credential *who);
/* May we write our entry into this text, and would clients then take it? */
MUST_USE bool docker_acceptable(struct docker *d, const struct buf *text,
                                const struct credential *who, struct buf *note, struct err *e);

/* ---- docker_commit.c ------------------------------------------------------------------------- */

MUST_USE bool docker_prepare(struct sink *s, const struct credential *c, struct err *e);
MUST_USE bool docker_commit(struct sink *s, struct err *e);
void docker_abort(struct sink *s);
MUST_USE bool docker_sweep(struct sink *s, const struct credential *who, struct err *e);

#endif
