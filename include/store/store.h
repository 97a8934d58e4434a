/* SPDX-License-Identifier: MIT */
/*
 * Where records lie. A record is text without secrets under the name of a job. Two kinds of
 * store, and two ways to keep writers apart:
 *
 *   of one host   a directory. Who writes a record holds its lock, which dies with the process;
 *                 versions are not needed (NULL).
 *   shared        by several rotators. There are no locks; each record has a version, and a save
 *                 on one that is no longer the newest changes nothing and is ERR_CONFLICT.
 *
 * A job does both: it takes the lock, loads, and saves on the version of its last load or save.
 * Thread-safe. tests/unit/test_store.c holds every store to this.
 */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include "base/buf.h"
#include "base/fingerprint.h"
#include "base/lock.h"

struct err;
struct kube;

#define STORE_RECORD_MAX ((size_t)64 * 1024) /* a state of some 300 sinks */

struct store_record {
	bool exists;
	struct buf text;
	/* of the text, for the save that follows; NULL where there is no record, or no versions */
	char *version;
};
void store_record_clear(struct store_record *r);
#define AUTO_RECORD AUTO(store_record_clear)

struct store_names {
	char **name;
	size_t n, cap;
};
void store_names_add(struct store_names *l, const char *name, size_t len);
void store_names_clear(struct store_names *l);
#define AUTO_NAMES AUTO(store_names_clear)

/*
 * DURABLE: on the disk when it returns, whatever becomes of the power. DURABLE_FOR_NOW: so too,
 * where this run will save again. ATOMIC: the old text or the new one, each whole, after a power
 * cut as after a kill: for the last save of a run, behind which nothing happens. Losing that is
 * the same as being killed just before it. A shared store knows only the first.
 */
enum store_safety { STORE_DURABLE, STORE_DURABLE_FOR_NOW, STORE_ATOMIC };

struct store;
struct store_ops {
	bool shared;
	bool (*identity)(const struct store *s, struct fingerprint *out, struct err *e);
	void (*describe)(const struct store *s, const char *name, struct buf *out);
	bool (*lock)(const struct store *s, const char *name, struct lock *out, struct err *e);
	bool (*load)(const struct store *s, const char *name, struct store_record *out,
	             struct err *e);
	bool (*save)(const struct store *s, const char *name, const struct buf *text,
	             enum store_safety safety, char **version, struct err *e);
	void (*saved_enough)(const struct store *s, const char *name);
	bool (*set_aside)(const struct store *s, const char *name, struct err *e);
	bool (*remove)(const struct store *s, const char *name, struct err *e);
	bool (*list)(const struct store *s, struct store_names *out, struct err *e);
	/* NULL: whoever can write one can write all */
	bool (*may)(const struct store *s, const char *name, struct err *e);
	void (*tidy)(const struct store *s, int64_t now);
	void (*close)(struct store *s);
};
struct store {
	const struct store_ops *ops;
}; /* first member of every implementation */

/* A directory, made by the first lock or save. `host` tells this machine's records from others',
 * NULL: by its machine id, or its name where it has none. */
struct store *store_dir_open(const char *dir, const struct fingerprint *host);
/* ConfigMaps in a namespace of a cluster; `kube` is borrowed. */
struct store *store_kubernetes_open(struct kube *kube, const char *namespace);
/* The one that is configured, where that is a directory. machine: what /etc/machine-id says, where
 * that was read already; or NULL. */
struct store *store_open(const char *where, const char *machine);
/* How a directory's records are told from those of a machine whose file says something else. */
void store_host_of(const char *machine, size_t n, struct fingerprint *out);
void store_close(struct store *s); /* NULL is fine */
void store_close_ptr(struct store **s);
#define AUTO_STORE AUTO(store_close_ptr)

/* Whose the records in it are: this machine's, or the shared store's own. A record with another
 * one in it was copied from elsewhere. Nothing is loaded or saved where this cannot be told. */
MUST_USE bool store_identity(const struct store *s, struct fingerprint *out, struct err *e);
bool store_is_shared(const struct store *s);
/* For messages: appends "/var/lib/acrotate/web.state". */
void store_describe(const struct store *s, const char *name, struct buf *out);
/* ERR_BUSY when another process has it; in a shared store there is nothing to take. */
MUST_USE bool store_lock(const struct store *s, const char *name, struct lock *out, struct err *e);
/* True without a record, too. ERR_LOCAL (or what the network says) when it cannot be read. */
MUST_USE bool store_load(const struct store *s, const char *name, struct store_record *out,
                         struct err *e);
/* *version is what the text replaces (NULL: nothing) and becomes that of the text. ERR_CONFLICT:
 * another rotator was here. */
MUST_USE bool store_save(const struct store *s, const char *name, const struct buf *text,
                         enum store_safety safety, char **version, struct err *e);
/* After a save FOR_NOW that no other followed: nothing stays beside the record. */
void store_saved_enough(const struct store *s, const char *name);
/* What is there is kept beside as NAME.state.lost, and what was kept there before as
 * NAME.state.lost.1, before a save goes over it. The version stays what it is. */
MUST_USE bool store_set_aside(const struct store *s, const char *name, struct err *e);
/* ERR_MISSING when there is none. */
MUST_USE bool store_remove(const struct store *s, const char *name, struct err *e);
/* The names of all records, in order of bytes; none where there is no store yet. */
MUST_USE bool store_list(const struct store *s, struct store_names *out, struct err *e);
/* May we do to this record what a run does to it? ERR_DENIED with the commands that give the rights
 * that are missing. For `check`; nothing is changed. */
MUST_USE bool store_may(const struct store *s, const char *name, struct err *e);
/* Removes what killed runs left of records half written. Once a run: many jobs share a store. */
void store_tidy(const struct store *s, int64_t now);

#endif
