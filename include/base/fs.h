/* SPDX-License-Identifier: MIT */
/*
 * Reading whole files and replacing them atomically. A stage is a private temporary file
 * (".acrotate.*", mode 0600 until it is sealed) in the directory of its target. Nothing changes the
 * target before fs_stage_commit(), fs_stage_rename(), fs_stage_swap() or fs_stage_exchange(). All
 * calls are relative to a directory that is opened once, so the path cannot be swapped underneath.
 * Symbolic links are followed to the real file first.
 *
 * src/base: fs_read.c; fs_target.c and fs_walk.c (paths, and who else can change them); fs_acl.c
 * (access rights of others); fs_mount.c; fs_attr.c; fs_stage.c; fs_exchange.c; fs_place.c (writing
 * in place); fs_sync.c; fs_sweep.c (what killed runs left); fs_user.c (another user's rights).
 */
#ifndef BASE_FS_H
#define BASE_FS_H

#include "base/base.h"
#include <sys/types.h>

struct buf;
struct err;
struct secret;

/* Identifies one version of a file, well enough to detect that it was replaced or rewritten. */
struct fs_id {
	dev_t dev;
	ino_t ino;
	off_t size;
	int64_t mtime_ns;
};
bool fs_id_equal(const struct fs_id *a, const struct fs_id *b);

/* ---- reading --------------------------------------------------------------------------------- */

/* ERR_MISSING if the file does not exist, else ERR_LOCAL, also for a file that is larger than `max`
 * bytes or not regular. */
MUST_USE bool fs_read(const char *path, size_t max, struct buf *out, struct fs_id *id /* or NULL */,
                      struct err *e);
/* A version of a file as it was when it was read. `settled`: it was not written in the moment
 * before that, so that whoever writes it later leaves another time; only then is a version with the
 * same figures the same one. */
struct fs_version {
	struct fs_id id;
	int64_t ctime_ns;
	bool settled;
};
/* As fs_read(), but a file that still is `known` is not read: *same is true and `out` is as it was.
 * On success `known` is the file's version. */
MUST_USE bool fs_read_again(const char *path, size_t max, struct buf *out, struct fs_version *known,
                            bool *same, struct err *e);
/* Reads a file with a secret in it and cuts trailing newlines. ERR_CONFIG if the file is empty, if
 * it does not belong to us or root, or if others have any right to it. Owner and rights are not
 * checked with `shared_ok` (for projected tokens) and below $CREDENTIALS_DIRECTORY, where systemd
 * sets an ACL. Files that the kubelet mounts for the pod's group may be accessible to that group
 * (fs_is_of_pod()). */
MUST_USE bool fs_read_secret(const char *path, bool shared_ok, struct secret **out, struct err *e);
/* Only the check, for a file that may contain a secret. */
MUST_USE bool fs_check_private(const char *path, struct err *e);
/* As fs_read_secret(), but for data that is not text: nothing is cut. */
MUST_USE bool fs_read_secret_bytes(const char *path, bool shared_ok, struct secret **out,
                                   struct err *e);

/* ---- paths ----------------------------------------------------------------------------------- */

/* The conditions that the path to a file must meet. If we are not root, every value means
 * FS_WAY_PLAIN, except that FS_WAY_HERE does not follow a link: such a process has no special
 * rights that a link could misuse. */
enum fs_way {
	/* no conditions: as the kernel resolves it */
	FS_WAY_PLAIN,
	/* the file of exactly this name; a link there is not followed, and reading it fails. Links
	 * on the path must belong to root: a foreign one may lead anywhere. Else ERR_CONFIG */
	FS_WAY_HERE,
	/* others cannot change any directory on the path, so that it leads to the same place
	 * tomorrow; in a sticky directory such as /tmp their files are not touched. Else
	 * ERR_CONFIG */
	FS_WAY_GUARDED,
	/* after fs_rights_take(): the path must end in a directory that belongs to that user, else
	 * ERR_CONFIG. Other directories may be writable for that user, but what is in them is not
	 * that user's to replace */
	FS_WAY_OWNED,
};

/* The opened directory of the real file, and the file's name in it, which may not exist yet. The
 * path is walked once; all work on the file goes through this, so it happens in the directory that
 * was checked. */
struct fs_target {
	int dir;
	bool shared;    /* others can create files in it */
	char name[256]; /* NAME_MAX and a NUL */
};
MUST_USE bool fs_target_open(const char *path, enum fs_way way, struct fs_target *out,
                             struct err *e);
void fs_target_close(struct fs_target *t); /* does nothing if it is closed (dir is -1) */
#define AUTO_TARGET AUTO(fs_target_close)
/* As fs_read(). `path` is for messages only, here and below. */
MUST_USE bool fs_target_read(const struct fs_target *t, const char *path, size_t max,
                             struct buf *out, struct fs_id *id, struct err *e);
/* ERR_CONFIG if the file has other names (hard links): they would keep the old content. */
MUST_USE bool fs_target_only_name(const struct fs_target *t, const char *path, struct err *e);
/* For a private directory: ERR_CONFIG if anybody else can write in it or change where its path
 * leads. */
MUST_USE bool fs_directory_ours(const char *dir, struct fs_target *out, struct err *e);
/* Is the existing file readable by everybody? */
bool fs_target_is_public(const struct fs_target *t);

/* ---- replacing ------------------------------------------------------------------------------- */

/* Attributes of the new file. -1 (mode, uid, gid) keeps those of the existing file; if there is
 * none, 0600 and the running user. ACLs and extended attributes of the existing file are always
 * kept. */
struct fs_attr {
	int mode;
	int64_t uid, gid;
	enum fs_way way; /* conditions on the path to the file */
	/* nobody else writes this file now: the temporary always has the same name, and an existing
	 * one is reused */
	bool sole;
	/* distinguishes the temporaries of several writers of one file (see fs_sweep); or NULL */
	const char *tag;
};
#define FS_ATTR_KEEP                                                                               \
	{                                                                                          \
		.mode = -1, .uid = -1, .gid = -1                                                   \
	}

struct fs_stage;
MUST_USE bool fs_stage_open(const char *path, const struct fs_attr *attr, struct fs_stage **out,
                            struct err *e);
/* The same for a target that was opened in the way that attr asks for. The stage takes it over,
 * also on failure. */
MUST_USE bool fs_stage_open_at(struct fs_target *t, const char *path, const struct fs_attr *attr,
                               struct fs_stage **out, struct err *e);
MUST_USE bool fs_stage_write(struct fs_stage *s, const void *p, size_t n, struct err *e);
/* sets the attributes, syncs and closes; a full disk is noticed here */
MUST_USE bool fs_stage_seal(struct fs_stage *s, struct err *e);
/* renames, then syncs the directory */
MUST_USE bool fs_stage_commit(struct fs_stage *s, struct err *e);
/* without the sync: after a power cut the old file may be back, whole */
MUST_USE bool fs_stage_rename(struct fs_stage *s, struct err *e);
/* As fs_stage_commit(), for a `sole` file that is about to be replaced again: the old file stays as
 * the temporary of that next stage, which saves a file creation and a removal. */
MUST_USE bool fs_stage_swap(struct fs_stage *s, struct err *e);
/* removes what fs_stage_swap() kept, if no next stage follows after all */
void fs_spare_remove(const char *path, const struct fs_attr *attr);
/* Closes all descriptors of a sealed stage until its commit, because thousands may wait for the
 * registry at once. */
void fs_stage_park(struct fs_stage *s);
/* Can a stage of `size` bytes be created, filled, given its attributes and renamed? Has no visible
 * effect. For ordinary files the answer for a directory is reused for a second, or until a stage
 * fails. */
MUST_USE bool fs_stage_probe(const char *path, const struct fs_attr *attr, size_t size,
                             struct err *e);
MUST_USE bool fs_stage_probe_at(struct fs_target *t, const char *path, const struct fs_attr *attr,
                                size_t size, struct err *e);
void fs_probe_forget(void);
void fs_stage_free(struct fs_stage *s); /* removes the temporary unless it was committed */
/* Where its file system may not be asked: the temporary stays, for fs_sweep() in a later run, and
 * so do the descriptors, because even closing them may hang. */
void fs_stage_leave(struct fs_stage *s);
void fs_stage_free_ptr(struct fs_stage **s);
#define AUTO_STAGE AUTO(fs_stage_free_ptr)

/*
 * Swaps a sealed stage with its target atomically, for targets that other programs may replace at
 * any moment. The displaced file then has the stage's temporary name, and the caller compares it
 * with what it had read:
 *   fs_stage_displaced   reads it.
 *   fs_stage_settle      if it is the expected version, or its content has been saved: syncs the
 *                        directory and removes it.
 *   fs_stage_swap_back   undoes the exchange. *out true: the target is as it was before.
 *                        *out false: the target is no longer ours; the displaced file is, or is
 *                        again, a foreign one.
 *   fs_stage_free        leaves the displaced file for fs_sweep() in the next run to merge.
 * FS_EXCHANGE_CHANGED: nothing was done, the target is no longer `base` (NULL: no file). On a file
 * system without exchange, the target is compared with base_text and then replaced
 * (FS_EXCHANGE_COMMITTED).
 */
enum fs_exchange {
	FS_EXCHANGE_DONE,
	FS_EXCHANGE_CHANGED,
	FS_EXCHANGE_COMMITTED /* there is no displaced file */
};
MUST_USE bool fs_stage_exchange(struct fs_stage *s, const struct fs_id *base,
                                const struct buf *base_text, enum fs_exchange *out, struct err *e);
MUST_USE bool fs_stage_displaced(struct fs_stage *s, size_t max, struct buf *out, struct fs_id *id,
                                 struct err *e);
MUST_USE bool fs_stage_settle(struct fs_stage *s, struct err *e);
MUST_USE bool fs_stage_swap_back(struct fs_stage *s, bool *out, struct err *e);

/* Replaces a small file of ours in one call: open, write, seal, commit. */
MUST_USE bool fs_replace(const char *path, const void *p, size_t n, int mode, struct err *e);
/* Creates a directory and its parents (0700) if they do not exist, and syncs their entries to
 * disk. */
MUST_USE bool fs_make_dir(const char *path, struct err *e);

/*
 * Overwrites a file in place, for one that cannot be renamed over. Readers may see a mix of old and
 * new. fs_place_reserve() detects a full disk beforehand; blocks that it adds stay with the file.
 * If writing fails half-way, `old` is restored. The file keeps its inode and everything attached to
 * it.
 */
MUST_USE bool fs_place_reserve(const struct fs_target *t, const char *path, size_t size,
                               struct err *e);
MUST_USE bool fs_place_write(const struct fs_target *t, const char *path, const struct buf *text,
                             const struct buf *old, struct err *e);

/* ---- leftovers of killed runs ---------------------------------------------------------------- */

bool fs_is_temporary(const char *name); /* is it the name of a temporary, of any target? */
/*
 * Removes the temporaries of this target and `tag` from its directory, because they hold a
 * password. The caller must hold the lock that excludes a second writer with this tag. It reads the
 * whole directory, so it is for a run whose predecessor did not finish, not for every run. The name
 * of a temporary says what it is: ".acrotate.TAG.RANDOM" was never visible and is removed;
 * ".acrotate.TAG.x.OURS.BASE.RANDOM" was about to be exchanged, or has been. OURS and BASE (inode,
 * size, time) are our version and the one that we had read. A file that is neither was displaced,
 * and is the only copy of another program's update: `merge` gets its content, and whether the
 * target is still our version, and must merge it into the target before the file is removed.
 * Without `merge` such a file is an error and stays.
 */
typedef bool fs_merge_fn(void *ctx, const struct buf *displaced, bool target_is_ours,
                         struct err *e);
MUST_USE bool fs_sweep(const char *path, const struct fs_attr *attr, size_t max, fs_merge_fn *merge,
                       void *ctx, struct err *e);

/* ---- mounts, users and their rights ---------------------------------------------------------- */

/* ERR_CONFIG if the file is a mount point, or is mounted elsewhere, here or in a process whose
 * mounts we may read: after a rename the readers there would keep the old content for ever. A
 * missing file passes. */
MUST_USE bool fs_mount_check(const struct fs_target *t, const char *path, struct err *e);
/* The target's path, according to what the kernel says about the open directory. NULL without
 * /proc. Caller frees. */
char *fs_target_path(const struct fs_target *t);
/* The next check reads the mounts again; otherwise they are remembered for a minute. */
void fs_mount_forget(void);
/* Reads the mounts now, for the checks of the next minute: inside the sandbox, reading those of
 * other processes takes several times as long. */
void fs_mount_look(void);

/* Resolves a KEY_OWNER text; uid or gid is -1 if the text does not name it. ERR_CONFIG for an
 * unknown name. Asks the name service: not for a hot path. */
MUST_USE bool fs_owner_find(const char *text, int64_t *uid, int64_t *gid, struct err *e);

/*
 * Another user's rights to files, for the calling thread only: file system uid and gid, and
 * supplementary groups. Root's privileges over files are gone meanwhile. Between take and drop, the
 * thread opens, reads and writes files as that user could.
 */
struct fs_user {
	uid_t uid;
	gid_t gid;
	gid_t *groups;
	size_t n_groups;
};
/* ERR_CONFIG for an unknown user */
MUST_USE bool fs_user_find(const char *name, struct fs_user *out, struct err *e);
void fs_user_clear(struct fs_user *u);
struct fs_rights {
	bool taken;
	uid_t uid;
	gid_t gid;
	gid_t *groups;
	size_t n_groups;
};
/* Does nothing if `u` is NULL. ERR_CONFIG if we are neither root nor that user, ERR_LOCAL without
 * the capabilities for it. */
MUST_USE bool fs_rights_take(const struct fs_user *u, struct fs_rights *r, struct err *e);
/* ends the process if our own rights cannot be restored */
void fs_rights_drop(struct fs_rights *r);
#define AUTO_RIGHTS AUTO(fs_rights_drop)

#endif
