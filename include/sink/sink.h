/* SPDX-License-Identifier: MIT */
/*
 * A destination to which passwords are delivered. The life of one delivery:
 *
 *   open -> check -> [read_current] -> prepare -> commit -> close
 *                                          \----> abort  -> close
 *
 *   open          gets the filled spec (borrowed for the life of the sink); touches nothing
 *                 outside.
 *   check         finds everything that would make the delivery fail and can be known without the
 *                 new password. Runs before Azure is touched; has no lasting effect.
 *   read_current  reads the password that is there; *out = NULL if there is none: no file, no
 *                 entry, or an entry with another user name. Recovery depends on it, so a sink
 *                 cannot be write-only. Must be cheap: every run calls it for every sink.
 *   says          what the medium says about the password that read_current found last: its expiry
 *                 and slot, as they were delivered with it; a member is 0 if it says nothing. NULL:
 *                 it never does. A follower orders the passwords of its source by it.
 *   prepare       brings the new password as close as possible to its destination without making
 *                 it visible (a sealed temporary file).
 *   commit        makes it visible, in one step if the medium allows. Never leaves less than what
 *                 was there before.
 *   abort         undoes prepare. May be called at any time, is idempotent, cannot fail.
 *   trial         tests whether the sink accepts a password and returns it, with a test entry that
 *                 is removed again, for sinks where check cannot tell. Called before the first
 *                 delivery, and by `acrotate check`. NULL: check is sufficient.
 *   touch         makes all writes that were prepared earlier fail, by the medium's
 *                 compare-and-swap: touch is conditional on what read_current last saw, and commit
 *                 on touch. `epoch` is a text that was never used before. Called right after the
 *                 intent is saved. ERR_BUSY: another rotator was here, the job must decide again.
 *                 NULL: the medium has no compare-and-swap.
 *   fence         fetches the access token that all requests of a rotation will use: one that
 *                 lives for life_s if there are such, and is not renewed until `unfence`. After
 *                 *expires (seconds, the service's clock) nothing that was sent can act any more.
 *                 For a medium with tokens of its own and without compare-and-swap, where another
 *                 rotator can do no more than wait for that. NULL: there is no such token.
 *   sweep         removes what a killed run left in the sink's directory (it holds a password),
 *                 and merges what another program wrote meanwhile. Called under the job's lock if
 *                 the last run did not finish; may read a whole directory. NULL: nothing can be
 *                 left.
 *
 * A sink borrows credentials for the duration of the call only. check and trial, and nothing else,
 * may leave a remark for the operator in e->text while they return true; e->kind stays ERR_NONE.
 *
 * `who` and `c` have server and user name; `who` has no password. Kinds of errors: CONFIG (the
 * entry would be shadowed, a template cannot be read back), DECISION (a foreign entry or
 * content), LOCAL (also a full disk), TRANSIENT (a locked keyring); for a sink in a cluster or a
 * vault also those of kube/kube.h and azure/keyvault.h.
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

/* Is it one of the job's own passwords? Compares fingerprints, because passwords are not kept. */
struct sink_known {
	bool (*is)(void *ctx, const struct secret *s);
	void *ctx;
};

struct sink_says {
	int64_t expires_us; /* microseconds since 1970 */
	int slot;           /* 1 or 2 */
};

struct arms;
struct azure_spec;
struct docker_files;
struct env;
struct http_lender;
struct kube;

/* What a program lends its sinks for its own lifetime; a member is NULL if the program does not
 * have it. */
struct sink_lent {
	struct kube *kube;
	struct docker_files *docker; /* see sink/docker_files.h */
	struct arms *arms;
	const struct azure_spec *azure; /* the identity of the sink's job */
	struct http_lender *lender;
	const struct env *env;
	char *const *argv; /* the program's own argv, for one that must become another program */
};

struct sink_ops {
	const char *type; /* value of the key `type` */
	const struct key *keys;
	size_t n_keys, spec_size;
	bool local;  /* file-like: can be read without starting another program */
	bool shared; /* the same for every host: allowed in a job of several rotators */
	bool atomic; /* commit is one atomic step; such sinks are committed last */
	/* What it does not show is not there, as with a file. False behind another program or
	 * service, where nothing found may mean another environment, a locked collection or another
	 * store: a password that was seen there once still counts (rotate/observe.h). */
	bool evidence;
	/* Appends the name by which programs ask acrotate for the password in this sink. NULL: none
	 * do. */
	void (*serves)(const void *spec, const char *server, struct buf *out);
	/* For the sandbox: opens the directory that the sink writes in, the same way as it will be
	 * opened later. NULL: it writes no files itself. */
	bool (*directory)(const void *spec, struct fs_target *out, struct err *e);
	bool tree; /* it creates directories in it */
	/* The path of the program that the sink starts; ERR_CONFIG if it is missing. Caller frees.
	 * NULL: it starts none. */
	bool (*program)(const void *spec, char **out, struct err *e);
	/* Called right after parsing: tells the spec the state directory (borrowed; NULL if there
	 * is none). NULL: not needed. */
	void (*settle)(void *spec, const char *state_dir);
	/* Called when all sinks of the job are parsed: tells the spec that another one answers
	 * programs that ask for the name `served`. `server` is the login server to assume for a
	 * sink without a key. NULL: not needed. */
	void (*beside)(void *spec, const char *served, const char *server);
	/* Called right after parsing: checks what keys cannot (a template, contradicting keys). May
	 * be NULL. */
	bool (*validate)(const void *spec, struct err *e);
	/* Called after that: checks the spec against the job's [azure]. NULL: not needed. */
	bool (*fits)(const void *spec, const struct azure_spec *azure, struct err *e);
	/* Appends a name of the entry that this spec writes, to detect two jobs with one entry:
	 * "docker:/root/.docker/config.json:key". */
	void (*identity)(const void *spec, const char *server, struct buf *out);
	/* Appends an additional host at which its readers log in with the password, or nothing.
	 * NULL: there is none. */
	void (*host)(const void *spec, struct buf *out);
	/* lent: borrowed for the life of the sink, or NULL */
	bool (*open)(const void *spec, const struct sink_lent *lent, struct sink **out,
	             struct err *e);
	/* for messages: "/root/.docker/config.json" */
	void (*describe)(const struct sink *s, struct buf *out);
	/* the same in fewer words, behind its type: "contoso-kv/web-pull". NULL: describe does. */
	void (*brief)(const struct sink *s, struct buf *out);
	bool (*check)(struct sink *s, const struct credential *who, struct err *e);
	bool (*trial)(struct sink *s, const struct credential *who, struct err *e);
	bool (*read_current)(struct sink *s, const struct credential *who, struct secret **out,
	                     struct err *e);
	void (*says)(const struct sink *s, struct sink_says *out);
	/* Called when read_current found nothing: finds a password of ours that is there in another
	 * form than a delivery would give it. From then on that form may be replaced. *out NULL:
	 * none found. NULL: the sink has only one form. */
	bool (*find)(struct sink *s, const struct credential *who, const struct sink_known *known,
	             struct secret **out, struct err *e);
	/* Would the readers of the sink use what read_current found? ERR_CONFIG says what prevents
	 * it. NULL: nothing can. */
	bool (*taken)(const struct sink *s, struct err *e);
	bool (*prepare)(struct sink *s, const struct credential *c, struct err *e);
	bool (*commit)(struct sink *s, struct err *e);
	bool (*touch)(struct sink *s, const struct credential *who, const char *epoch,
	              struct err *e);
	bool (*fence)(struct sink *s, int64_t life_s, int64_t *expires, struct err *e);
	void (*unfence)(struct sink *s);
	void (*abort)(struct sink *s);
	void (*close)(struct sink *s);
	bool (*sweep)(struct sink *s, const struct credential *who, struct err *e);
};
struct sink {
	const struct sink_ops *ops;
}; /* the first member of every implementation */

extern const struct sink_ops sink_file, sink_docker, sink_libsecret, sink_helper, sink_kubernetes,
	sink_keyvault, sink_store;
/* By type; NULL if unknown. */
const struct sink_ops *sink_find(const char *type);
extern const struct sink_ops *const sink_list[]; /* NULL-terminated */

#endif
