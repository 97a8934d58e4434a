/* SPDX-License-Identifier: MIT */
/*
 * Whole-file reads and atomic replacement. A stage is a private temporary
 * file (".acrotate.*", 0600 until sealed) next to its target; the target
 * changes only in fs_stage_commit() or fs_stage_exchange(), and the directory
 * is synced after. All calls are relative to a directory opened once, so the
 * path cannot be swapped underneath. Symbolic links are followed to the real
 * file first.
 */
#ifndef BASE_FS_H
#define BASE_FS_H

#include <sys/types.h>
#include "base/base.h"

struct buf;
struct err;
struct secret;

/* What identifies one content of a file well enough to see that somebody replaced or rewrote it. */
struct fs_id { dev_t dev; ino_t ino; off_t size; int64_t mtime_ns; };

/* False with ERR_MISSING when there is no such file, ERR_LOCAL else; ERR_LOCAL for a file over `max` bytes or not regular. */
MUST_USE bool fs_read(const char *path, size_t max, struct buf *out, struct fs_id *id /* or NULL */, struct err *e);
/* A file with a secret in it: ERR_CONFIG when group or others can read it, or it is not ours or root's, but for files below
 * $CREDENTIALS_DIRECTORY (systemd shows an ACL there) and projected tokens (`shared_ok`). Trailing newlines are cut. */
MUST_USE bool fs_read_secret(const char *path, bool shared_ok, struct secret **out, struct err *e);

/* What a new file gets; -1 (mode, uid, gid) means: as the file there has it; else 0600 and the running user. ACLs and extended
 * attributes of the file there are always kept. */
struct fs_attr { int mode; int64_t uid, gid; };

struct fs_stage;
MUST_USE bool fs_stage_open(const char *path, const struct fs_attr *attr, struct fs_stage **out, struct err *e);
MUST_USE bool fs_stage_write(struct fs_stage *s, const void *p, size_t n, struct err *e);
MUST_USE bool fs_stage_seal(struct fs_stage *s, struct err *e);    /* attributes, fsync, close: disk-full shows here */
MUST_USE bool fs_stage_commit(struct fs_stage *s, struct err *e);  /* rename, then sync of the directory */
void fs_stage_free(struct fs_stage *s);     /* removes the temporary unless committed */
void fs_stage_free_ptr(struct fs_stage **s);
#define AUTO_STAGE AUTO(fs_stage_free_ptr)

/* Replaces a small file of our own (state) in one call: stage, write, seal, commit. */
MUST_USE bool fs_replace(const char *path, const void *p, size_t n, int mode, struct err *e);
/* Creates a directory and its parents, 0700, when absent. */
MUST_USE bool fs_make_dir(const char *path, struct err *e);

#endif
