/* SPDX-License-Identifier: MIT */
/*
 * A place a password is delivered to. Life of one delivery:
 *
 *   open -> check -> [read_current] -> prepare -> commit -> close
 *                                          \----> abort  -> close
 *
 *   open          takes the filled spec (borrowed for the life of the sink); touches nothing
 *                 outside.
 *   check         everything that can be known to fail without the new password. Runs before
 *                 Azure is touched; no lasting effect.
 *   read_current  what is deployed now; *out = NULL when nothing is: no file, no entry, or an
 *                 entry of another user name. This is what makes recovery work, so a sink cannot
 *                 be write-only. Cheap: every run calls it for every sink.
 *   prepare       puts the new password as near as possible without anyone seeing it (a sealed
 *                 temporary file). Undone by abort.
 *   commit        makes it visible, in one step where the medium allows. Never leaves less than
 *                 what was there.
 *   abort         undoes prepare. Legal at any time, idempotent, cannot fail.
 *   trial         would it take a password, and give it back? Tried with a test entry that is
 *                 removed again, where no look tells: before the first delivery, and in
 *                 `acrotate check`. May leave a remark, as check. NULL: check tells as much.
 *   touch         makes every write fail that was prepared before it, by the medium's
 *                 compare-and-swap: it is conditional on what read_current last saw, and commit
 *                 on it. `epoch` is a text that nobody has used. Called right after the intent is
 *                 saved. ERR_BUSY: another rotator was here, decide again. NULL: the medium has no
 *                 compare-and-swap.
 *   sweep         removes what a killed run left beside the sink (it holds a password), and
 *                 merges what another program wrote meanwhile. Called under the job's lock when
 *                 the last run did not end: it may read a whole directory. NULL: nothing is left.
 *
 * A sink borrows the credentials it is given for the one call only. check may leave a remark for
 * the operator in e->text while it returns true (e->kind stays ERR_NONE), and so may trial; nothing
 * else does.
 *
 * `who` and `c` carry server and username; `who` has no password. Error kinds: CONFIG (would be
 * shadowed, template cannot be read back), DECISION (a foreign entry or content), LOCAL,
 * TRANSIENT (locked keyring, full disk is LOCAL).
 */
#ifndef SINK_SINK_H
#define SINK_SINK_H

#include "base/keys.h"

struct buf;
struct credential;
struct err;
struct fs_target;
struct secret;
struct sink;

/* Is it one of the job's own passwords? By its fingerprint: nobody keeps the passwords. */
struct sink_known {
	bool (*is)(void *ctx, const struct secret *s);
	void *ctx;
};

struct kube;

/* What a program lends its sinks for its own life; NULL what it does not have. */
struct sink_lent {
	struct kube *kube;
	char *const *argv; /* its own, for a program that has to become another one */
};

struct sink_ops {
	const char *type; /* value of the key `type` */
	const struct key *keys;
	size_t n_keys, spec_size;
	bool local;  /* file-like: read without starting another program */
	bool shared; /* reached by every host alike: may be in a job of several rotators */
	bool atomic; /* commit is one rename; ordered last */
	/* What it does not show is not there: a file. Not so behind another program or another
	 * door, where nothing found may mean another environment, a locked collection, another
	 * store; there what was once seen stays counted, see rotate/observe.h. */
	bool evidence;
	/* Who asks for a password by this name is answered from it: appends the name. NULL: nobody
	 * asks. */
	void (*serves)(const void *spec, const char *server, struct buf *out);
	/* For the sandbox. The directory it writes in, open, found as it will be found then;
	 * NULL: it writes no files of its own. */
	bool (*directory)(const void *spec, struct fs_target *out, struct err *e);
	bool tree; /* it makes directories in it */
	/* The path of the program it starts, ERR_CONFIG where it is missing; NULL: none. Caller
	 * frees. */
	bool (*program)(const void *spec, char **out, struct err *e);
	/* Tells the spec what no key says: the state directory, borrowed, NULL where there is none;
	 * right after parsing. NULL: of no use to it. */
	void (*settle)(void *spec, const char *state_dir);
	/* Tells it, once all of the job's are parsed, of one that answers who asks for a password
	 * (`serves`), and the name that it answers to; `server` stands for a login server that no
	 * key names. NULL: of no use to it. */
	void (*beside)(void *spec, const char *served, const char *server);
	/* Checks what keys cannot (template, contradicting keys) right after parsing; may be
	 * NULL. */
	bool (*validate)(const void *spec, struct err *e);
	/* Names the entry this spec writes, so that two jobs on one entry are found:
	 * "docker:/root/.docker/config.json:key". */
	void (*identity)(const void *spec, const char *server, struct buf *out);
	/* A further host that its readers log in at with what it holds: appends it, or nothing.
	 * NULL: there can be none. */
	void (*host)(const void *spec, struct buf *out);
	/* lent: borrowed for the life of the sink, or NULL */
	bool (*open)(const void *spec, const struct sink_lent *lent, struct sink **out,
	             struct err *e);
	/* for messages: "/root/.docker/config.json" */
	void (*describe)(const struct sink *s, struct buf *out);
	bool (*check)(struct sink *s, const struct credential *who, struct err *e);
	bool (*trial)(struct sink *s, const struct credential *who, struct err *e);
	bool (*read_current)(struct sink *s, const struct credential *who, struct secret **out,
	                     struct err *e);
	/* When read_current found nothing: a password of ours that stands there in another form
	 * than a delivery would give it. From then on that form is ours to replace. *out NULL:
	 * none. NULL: a sink of one form. */
	bool (*find)(struct sink *s, const struct credential *who, const struct sink_known *known,
	             struct secret **out, struct err *e);
	/* Would those who read the sink take what read_current found? ERR_CONFIG with what is in
	 * the way; NULL: nothing can be. */
	bool (*taken)(const struct sink *s, struct err *e);
	bool (*prepare)(struct sink *s, const struct credential *c, struct err *e);
	bool (*commit)(struct sink *s, struct err *e);
	bool (*touch)(struct sink *s, const struct credential *who, const char *epoch,
	              struct err *e);
	void (*abort)(struct sink *s);
	void (*close)(struct sink *s);
	bool (*sweep)(struct sink *s, const struct credential *who, struct err *e);
};
struct sink {
	const struct sink_ops *ops;
}; /* first member of every implementation */

extern const struct sink_ops sink_file, sink_docker, sink_libsecret, sink_helper, sink_kubernetes,
	sink_store;
/* By type; NULL for an unknown one. */
const struct sink_ops *sink_find(const char *type);
extern const struct sink_ops *const sink_list[]; /* NULL-terminated */

#endif
