/* SPDX-License-Identifier: MIT */
/* Shared by file-like sinks: the keys for the path, mode and owner of the file, and the access to
 * it. For src/sink only. */
#ifndef SINK_PLACE_H
#define SINK_PLACE_H

#include "base/base.h"
#include "base/fs.h"

struct buf;
struct err;

/* Must be the first member of a file-like sink's spec. */
struct place_spec {
	char *path;
	int mode;
	char *owner, *user;
	bool in_place;
};

/* clang-format off */
#define PLACE_KEYS(spec) \
	{ .name = "path", .type = KEY_PATH, .offset = offsetof(struct spec, place.path), \
	  .required = true, .help = "the file; symbolic links are followed to the real one" }, \
	{ .name = "mode", .type = KEY_MODE, .offset = offsetof(struct spec, place.mode), \
	  .help = "its permission bits (default: as they are, 0600 for a new file)" }, \
	{ .name = "owner", .type = KEY_OWNER, .offset = offsetof(struct spec, place.owner), \
	  .help = "user or user:group (default: as it is, for a new file who runs acrotate)" }, \
	{ .name = "user", .type = KEY_TEXT, .offset = offsetof(struct spec, place.user), \
	  .help = "read and write it with this user's rights" }, \
	{ .name = "in_place", .type = KEY_BOOL, .offset = offsetof(struct spec, place.in_place), \
	  .fallback = "no", \
	  .help = "write over it, not atomic: for a file that is a mount point" }
/* clang-format on */

/* How one sink accesses its file. Zeroed, except for spec and tag. */
struct place {
	const struct place_spec *spec;
	char *tag; /* or NULL */
	bool user_known;
	struct fs_user user;
	bool found;          /* `at` is open: */
	struct fs_target at; /* the directory that place_read() opened */
};
void place_clear(struct place *p);

/* Takes the rights of `user`, if there is one. ERR_TRANSIENT if the file system does not answer.
 * Must be called before anything else touches the file. */
MUST_USE bool place_enter(struct place *p, struct fs_rights *r, struct err *e);
/* The home directory of that user, or of the running one; NULL if unknown. Caller frees. */
char *place_home(const struct place *p);
/* place_attr() to place_write() must be called between place_enter() and fs_rights_drop(). */
MUST_USE bool place_attr(const struct place *p, struct fs_attr *out, struct err *e);
/* Reads the file, if that is all that is wanted. If there is none: true, an empty *out and *found =
 * false. */
MUST_USE bool place_peek(const struct place *p, size_t max, struct buf *out, bool *found,
                         struct err *e);
/* The same, unless it is the version that is known: see fs_read_again(). Of no file none is. */
MUST_USE bool place_peek_again(const struct place *p, size_t max, struct buf *out,
                               struct fs_version *known, bool *same, struct err *e);
/* The same, as the first step of a change: the path is walked and checked, and its directory stays
 * open. The change must end with place_stage(), place_write() or place_check(), which use that very
 * directory, or with place_leave(). */
MUST_USE bool place_read(struct place *p, size_t max, struct buf *out, struct fs_id *id,
                         bool *found, struct err *e);
/* Makes a sealed, parked stage with this content. */
MUST_USE bool place_stage(struct place *p, const struct buf *text, struct fs_stage **out,
                          struct err *e);
/* Is there room for `size` bytes, to be written in place? */
MUST_USE bool place_reserve(const struct place *p, size_t size, struct err *e);
void place_leave(struct place *p);
/* Writes in place, as fs_place_write(). Walks the path again unless place_read() has just done
 * it. */
MUST_USE bool place_write(struct place *p, const struct buf *text, const struct buf *old,
                          struct err *e);

/* As `directory` in struct sink_ops; `spec` must begin with a struct place_spec. */
MUST_USE bool place_directory(const void *spec, struct fs_target *out, struct err *e);
/* After place_read(): checks everything about the file but its content: mounts, other names,
 * attributes, room for `size` bytes. Must not be called between enter and drop, because mounts of
 * other processes are read with our own rights. May leave a remark, like a sink's check. */
MUST_USE bool place_check(struct place *p, size_t size, struct err *e);
/* Is the file written in place? True if in_place is set and the file exists. */
bool place_in_place(const struct place *p, bool found);

#endif
