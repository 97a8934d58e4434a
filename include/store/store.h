/* SPDX-License-Identifier: MIT */
/*
 * Storage of records. A record is a text without secrets, under the name of a job. There are two
 * kinds of store, each with its own way to exclude concurrent writers:
 *
 *   of one host   a directory. A writer of a record holds its lock, which is released when the
 *                 process ends; there are no versions (NULL).
 *   shared        by several rotators. There are no locks; each record has a version, and a save
 *                 on a version that is not the newest changes nothing and is ERR_CONFLICT.
 *
 * A job always does both: it takes the lock, loads, and saves on the version of its last load or
 * save. Thread-safe. tests/unit/test_store.c tests every store against this.
 */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include "base/buf.h"
#include "base/fingerprint.h"
#include "base/lock.h"

struct arm;
struct blob_place;
struct env;
struct err;
struct http_lender;
struct kube;

#define STORE_RECORD_MAX ((size_t)64 * 1024) /* room for a state of some 300 sinks */

struct store_record {
	bool exists;
	struct buf text;
	/* version of the text, for the next save; NULL without a record or without versions */
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
 * STORE_DURABLE: on disk when the call returns; survives a power cut. STORE_DURABLE_FOR_NOW: the
 * same, for a record that this run will save again. STORE_ATOMIC: after a power cut or a kill the
 * record is the old text or the new one, whole; for the last save of a run, after which nothing
 * happens: losing it is like being killed just before it. A shared store treats all as
 * STORE_DURABLE.
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
	bool (*load_lost)(const struct store *s, const char *name, int before,
	                  struct store_record *out, struct err *e);
	bool (*remove)(const struct store *s, const char *name, struct err *e);
	bool (*list)(const struct store *s, struct store_names *out, struct err *e);
	/* NULL: permission to write one record is permission to write all */
	bool (*may)(const struct store *s, const char *name, struct err *e);
	/* NULL: nothing is needed */
	bool (*ready)(const struct store *s, const char *name, bool exists, int64_t life_s,
	              struct err *e);
	void (*tidy)(const struct store *s, int64_t now);
	void (*close)(struct store *s);
};
struct store {
	const struct store_ops *ops;
}; /* first member of every implementation */

/* Records in a directory, which the first lock or save creates. `host` distinguishes this machine's
 * records from those of others; NULL: from the machine id, or the host name if there is none. */
struct store *store_dir_open(const char *dir, const struct fingerprint *host);
/* Records as ConfigMaps in a namespace of a cluster; `kube` is borrowed. */
struct store *store_kubernetes_open(struct kube *kube, const char *namespace);
/* Records as blobs in a container; `place` is taken over and emptied, the others are borrowed. */
struct store *store_blob_open(struct blob_place *place, struct arm *arm, struct http_lender *lender,
                              const struct env *env);
/* The configured store, if that is a directory. machine: the content of /etc/machine-id if it was
 * read already, or NULL. */
struct store *store_open(const char *where, const char *machine);
/* The fingerprint of a machine (`host` above) from the content of its /etc/machine-id. */
void store_host_of(const char *machine, size_t n, struct fingerprint *out);
void store_close(struct store *s); /* s may be NULL */
void store_close_ptr(struct store **s);
#define AUTO_STORE AUTO(store_close_ptr)

/* The owner of the store's records: this machine, or the shared store itself. A record that names
 * another owner was copied from elsewhere. Callers must not load or save if this fails. */
MUST_USE bool store_identity(const struct store *s, struct fingerprint *out, struct err *e);
bool store_is_shared(const struct store *s);
/* For messages: appends "/var/lib/acrotate/web.state". */
void store_describe(const struct store *s, const char *name, struct buf *out);
/* ERR_BUSY if another process has it. Does nothing in a shared store. */
MUST_USE bool store_lock(const struct store *s, const char *name, struct lock *out, struct err *e);
/* True also if there is no record. ERR_LOCAL, or an error of the network, if it cannot be read;
 * ERR_DECISION if its place in a shared store is taken by something else. */
MUST_USE bool store_load(const struct store *s, const char *name, struct store_record *out,
                         struct err *e);
/* *version is the version that the text replaces (NULL: none), and becomes that of the text.
 * ERR_CONFLICT: another rotator has written the record. */
MUST_USE bool store_save(const struct store *s, const char *name, const struct buf *text,
                         enum store_safety safety, char **version, struct err *e);
/* After a save STORE_DURABLE_FOR_NOW that no other followed: removes the file that was kept for
 * it. */
void store_saved_enough(const struct store *s, const char *name);
/* Keeps the existing record before a save overwrites it: a directory or a container as
 * NAME.state.lost (and the one before as NAME.state.lost.1), a cluster within the record itself, by
 * that save. The version is not changed. */
MUST_USE bool store_set_aside(const struct store *s, const char *name, struct err *e);
/* What was set aside last, or, with `before` 1, before that; its version is of no use. */
MUST_USE bool store_load_lost(const struct store *s, const char *name, int before,
                              struct store_record *out, struct err *e);
/* ERR_MISSING if there is none, ERR_CONFLICT if another rotator writes it. */
MUST_USE bool store_remove(const struct store *s, const char *name, struct err *e);
/* The names of all records, sorted by bytes; none if the store does not exist yet. */
MUST_USE bool store_list(const struct store *s, struct store_names *out, struct err *e);
/* For `check`: may we do to this record what a run does? ERR_DENIED with the commands that grant
 * the missing permissions. Changes nothing. */
MUST_USE bool store_may(const struct store *s, const char *name, struct err *e);
/* Before a rotation, so that no save in it fails for what could be known now: fetches an access
 * token for life_s, where records need one. exists: is there a record already? If not, and who
 * may create one may not necessarily write it again, asks for that: ERR_DENIED. */
MUST_USE bool store_ready(const struct store *s, const char *name, bool exists, int64_t life_s,
                          struct err *e);
/* Removes half-written records of killed runs. Once per run, because many jobs share a store. */
void store_tidy(const struct store *s, int64_t now);

#endif
