/* SPDX-License-Identifier: MIT */
/*
 * Whole-file reads and atomic replacement. A stage is a private temporary file (".acrotate.*",
 * 0600 until sealed) next to its target; the target changes only in fs_stage_commit() or
 * fs_stage_exchange(), and the directory is synced after. All calls are relative to a directory
 * opened once, so the path cannot be swapped underneath. Symbolic links are followed to the real
 * file first.
 *
 * src/base: fs_read.c, fs_target.c, fs_walk.c (paths, who else can change them), fs_acl.c (whose
 * right it is), fs_mount.c, fs_attr.c, fs_stage.c, fs_exchange.c, fs_place.c (in place),
 * fs_sweep.c (what killed runs left), fs_user.c (another user's rights).
 */
#ifndef BASE_FS_H
#define BASE_FS_H

#include "base/base.h"
#include <sys/types.h>

struct buf;
struct err;
struct secret;

/* What identifies one content of a file well enough to see that somebody replaced or rewrote it. */
struct fs_id {
	dev_t dev;
	ino_t ino;
	off_t size;
	int64_t mtime_ns;
};
bool fs_id_equal(const struct fs_id *a, const struct fs_id *b);

/* ---- reading --------------------------------------------------------------------------------- */

/* False with ERR_MISSING when there is no such file, ERR_LOCAL else; ERR_LOCAL for a file over
 * `max` bytes or not regular. */
MUST_USE bool fs_read(const char *path, size_t max, struct buf *out, struct fs_id *id /* or NULL */,
                      struct err *e);
/* A file with a secret in it: ERR_CONFIG when group or others can read it, or it is not ours or
 * root's, but for files below $CREDENTIALS_DIRECTORY (systemd shows an ACL there), what kubelet
 * mounts for the pod's group (fs_is_of_pod()) and projected tokens (`shared_ok`). Trailing
 * newlines are cut. */
MUST_USE bool fs_read_secret(const char *path, bool shared_ok, struct secret **out, struct err *e);
/* Only that: for a file that may have a secret in it. */
MUST_USE bool fs_check_private(const char *path, struct err *e);
/* The same to the last byte, for what is not text. */
MUST_USE bool fs_read_secret_bytes(const char *path, bool shared_ok, struct secret **out,
                                   struct err *e);

/* ---- where it leads -------------------------------------------------------------------------- */

/* What is asked of the way to a file. For who is not root all are PLAIN: nobody lends him more
 * than he has. */
enum fs_way {
	/* as the kernel finds it */
	FS_WAY_PLAIN,
	/* the file of this very name, though it be a link (which then is an error); a link on the
	 * way must be root's: in a foreign directory one may lead anywhere. ERR_CONFIG. The
	 * one thing asked for who is not root */
	FS_WAY_HERE,
	/* others can change no directory on it, so that it leads to the same place tomorrow; in one
	 * like /tmp (sticky) a file of theirs is not touched: ERR_CONFIG */
	FS_WAY_GUARDED,
	/* with a user's rights taken: it ends in a directory of that user's own, or ERR_CONFIG.
	 * What else he may write, or lead us to, is not his to give */
	FS_WAY_OWNED,
};

/* The directory of the real file, open, and its name there, which may be new. What is done
 * with a file is done with this, so that it is done where it was looked: the way is walked once. */
struct fs_target {
	int dir;
	bool shared;    /* others can make files there */
	char name[256]; /* NAME_MAX and a NUL */
};
MUST_USE bool fs_target_open(const char *path, enum fs_way way, struct fs_target *out,
                             struct err *e);
void fs_target_close(struct fs_target *t); /* fine for a closed one, dir -1 */
#define AUTO_TARGET AUTO(fs_target_close)
/* As fs_read(); `path` for messages only, here and below. */
MUST_USE bool fs_target_read(const struct fs_target *t, const char *path, size_t max,
                             struct buf *out, struct fs_id *id, struct err *e);
/* ERR_CONFIG when the file has other names (hard links): they would keep the old content. */
MUST_USE bool fs_target_only_name(const struct fs_target *t, const char *path, struct err *e);
/* For the directory of what is only ours: nobody else can write in it, or change where it is.
 * ERR_CONFIG. */
MUST_USE bool fs_directory_ours(const char *dir, struct fs_target *out, struct err *e);
/* May everybody read the file that is there? */
bool fs_target_is_public(const struct fs_target *t);

/* ---- replacing ------------------------------------------------------------------------------- */

/* What a new file gets; -1 (mode, uid, gid) means: as the file there has it; else 0600 and the
 * running user. ACLs and extended attributes of the file there are always kept. */
struct fs_attr {
	int mode;
	int64_t uid, gid;
	enum fs_way way; /* to it */
	/* nobody else writes this file now: its temporary always has the same name, and one that
	 * is there is used */
	bool sole;
	/* tells the temporaries of several writers of one file apart (see fs_sweep), or NULL */
	const char *tag;
};
#define FS_ATTR_KEEP                                                                               \
	{                                                                                          \
		.mode = -1, .uid = -1, .gid = -1                                                   \
	}

struct fs_stage;
MUST_USE bool fs_stage_open(const char *path, const struct fs_attr *attr, struct fs_stage **out,
                            struct err *e);
/* The same for a target that was found (attr's way to it), which is the stage's afterwards, also
 * on failure. */
MUST_USE bool fs_stage_open_at(struct fs_target *t, const char *path, const struct fs_attr *attr,
                               struct fs_stage **out, struct err *e);
MUST_USE bool fs_stage_write(struct fs_stage *s, const void *p, size_t n, struct err *e);
/* attributes, fsync, close: disk-full shows here */
MUST_USE bool fs_stage_seal(struct fs_stage *s, struct err *e);
/* rename, then sync of the directory */
MUST_USE bool fs_stage_commit(struct fs_stage *s, struct err *e);
/* without the sync: a power cut may leave the old file, whole */
MUST_USE bool fs_stage_rename(struct fs_stage *s, struct err *e);
/* As fs_stage_commit(), for a `sole` one that will soon have a successor: the old file stays as
 * that one's temporary, which saves the file system to make one and to remove another. */
MUST_USE bool fs_stage_swap(struct fs_stage *s, struct err *e);
/* there is no successor after all */
void fs_spare_remove(const char *path, const struct fs_attr *attr);
/* Closes every descriptor of a sealed stage until its commit: thousands may wait for the
 * registry at once. */
void fs_stage_park(struct fs_stage *s);
/* Could a stage of `size` bytes be made, filled, given its attributes and renamed? Nothing
 * visible happens. For ordinary files the answer for a directory is used for a second, or until
 * a stage fails. */
MUST_USE bool fs_stage_probe(const char *path, const struct fs_attr *attr, size_t size,
                             struct err *e);
MUST_USE bool fs_stage_probe_at(struct fs_target *t, const char *path, const struct fs_attr *attr,
                                size_t size, struct err *e);
void fs_probe_forget(void);
void fs_stage_free(struct fs_stage *s); /* removes the temporary unless committed */
void fs_stage_free_ptr(struct fs_stage **s);
#define AUTO_STAGE AUTO(fs_stage_free_ptr)

/*
 * Swaps a sealed stage with its target in one step, where other programs may replace the target
 * at any moment. The displaced file then stands behind the stage's own name, where the caller
 * compares it with what it had read:
 *   fs_stage_displaced   reads it;
 *   fs_stage_settle      it was what we expected, or its content is safe elsewhere by now: syncs
 *                        the directory, removes it;
 *   fs_stage_swap_back   undoes the exchange: *out, the target is as if nothing had been. Not
 *                        so, the target is no longer ours, and the
 *                        displaced file is still (or again) a foreign one;
 *   fs_stage_free        leaves the displaced file, for the next run's fs_sweep to merge.
 * FS_EXCHANGE_CHANGED: nothing happened, the target is no longer `base` (NULL: there was none).
 * On a file system without exchange the target is compared with base_text and replaced,
 * FS_EXCHANGE_COMMITTED.
 */
enum fs_exchange {
	FS_EXCHANGE_DONE,
	FS_EXCHANGE_CHANGED,
	FS_EXCHANGE_COMMITTED /* no displaced file */
};
MUST_USE bool fs_stage_exchange(struct fs_stage *s, const struct fs_id *base,
                                const struct buf *base_text, enum fs_exchange *out, struct err *e);
MUST_USE bool fs_stage_displaced(struct fs_stage *s, size_t max, struct buf *out, struct fs_id *id,
                                 struct err *e);
MUST_USE bool fs_stage_settle(struct fs_stage *s, struct err *e);
MUST_USE bool fs_stage_swap_back(struct fs_stage *s, bool *out, struct err *e);

/* Replaces a small file of our own (state) in one call: stage, write, seal, commit. */
MUST_USE bool fs_replace(const char *path, const void *p, size_t n, int mode, struct err *e);
/* Creates a directory and its parents, 0700, when absent; what was made is on the disk. */
MUST_USE bool fs_make_dir(const char *path, struct err *e);

/*
 * Writes over the file where it stands, for one that cannot be renamed over: readers may see a
 * mix. fs_place_reserve() finds a full disk first (blocks it adds stay with the file); when
 * writing fails half way, `old` is put back. The file keeps its inode and all that hangs on it.
 */
MUST_USE bool fs_place_reserve(const struct fs_target *t, const char *path, size_t size,
                               struct err *e);
MUST_USE bool fs_place_write(const struct fs_target *t, const char *path, const struct buf *text,
                             const struct buf *old, struct err *e);

/* ---- what a killed run left ------------------------------------------------------------------ */

bool fs_is_temporary(const char *name); /* the name of a temporary, of whatever target */
/*
 * Removes the temporaries of this target and `tag` that stand beside it: they hold a password.
 * Call it under the lock that keeps a second writer of that tag away. It reads the whole
 * directory: for a run that finds its last one unfinished, not for every run. A name tells what
 * it is: ".acrotate.TAG.RANDOM" was never visible and goes; ".acrotate.TAG.x.OURS.BASE.RANDOM"
 * was about to be exchanged. OURS and BASE (inode, size, time) are our content and the one we
 * had read, so a file that is neither was displaced, and somebody's update is only there:
 * `merge` gets its content and whether the target is still our content, and must bring it home
 * before it is removed. Without `merge` such a file is an error and stays.
 */
typedef bool fs_merge_fn(void *ctx, const struct buf *displaced, bool target_is_ours,
                         struct err *e);
MUST_USE bool fs_sweep(const char *path, const struct fs_attr *attr, size_t max, fs_merge_fn *merge,
                       void *ctx, struct err *e);

/* ---- where it stands ------------------------------------------------------------------------- */

/* ERR_CONFIG when the file is a mount point, or mounted elsewhere, here or in a process whose
 * mounts we may read: after a rename its readers would keep the old content for ever. A missing
 * file is none. */
MUST_USE bool fs_mount_check(const struct fs_target *t, const char *path, struct err *e);
/* Where the target is, as a path: what the kernel says of the open directory. NULL where there
 * is no /proc; the caller frees. */
char *fs_target_path(const struct fs_target *t);
/* Mounts are read anew by the next check; else what was read is used for a second. */
void fs_mount_forget(void);
/* Reads the mounts now, for the checks of the next second: in the sandbox each process's takes
 * several times as long. */
void fs_mount_look(void);

/* KEY_OWNER text to numbers; uid or gid -1 where it names none. ERR_CONFIG for an unknown name.
 * Asks the name service: not on a hot path. */
MUST_USE bool fs_owner_find(const char *text, int64_t *uid, int64_t *gid, struct err *e);

/*
 * Another user's rights on files, for the calling thread only: file system uid and gid and
 * supplementary groups; root's power over files is gone meanwhile. Between take and drop a
 * thread opens, reads and writes as that user would.
 */
struct fs_user {
	uid_t uid;
	gid_t gid;
	gid_t *groups;
	size_t n_groups;
};
/* ERR_CONFIG for an unknown one */
MUST_USE bool fs_user_find(const char *name, struct fs_user *out, struct err *e);
void fs_user_clear(struct fs_user *u);
struct fs_rights {
	bool taken;
	uid_t uid;
	gid_t gid;
	gid_t *groups;
	size_t n_groups;
};
/* `u` may be NULL: nothing happens. ERR_CONFIG when we are neither root nor that user. */
MUST_USE bool fs_rights_take(const struct fs_user *u, struct fs_rights *r, struct err *e);
/* ends the process if the own rights cannot be had back */
void fs_rights_drop(struct fs_rights *r);
#define AUTO_RIGHTS AUTO(fs_rights_drop)

#endif
