/* SPDX-License-Identifier: MIT */
/* What file-like sinks share: the keys for where the file stands and whose it is, and the way it
 * is reached. Inside src/sink only. */
#ifndef SINK_PLACE_H
#define SINK_PLACE_H

#include "base/base.h"
#include "base/fs.h"

struct buf;
struct err;

/* First member of a file-like sink's spec. */
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

/* How one sink reaches its file. Zeroed but for spec and tag. */
struct place {
	const struct place_spec *spec;
	char *tag; /* or NULL */
	bool user_known;
	struct fs_user user;
	bool found;          /* `at` is open: */
	struct fs_target at; /* where place_read() looked */
};
void place_clear(struct place *p);

/* From here on with the rights of `user`, if there is one. ERR_TRANSIENT where the file system does
 * not answer: nothing else touches the file before this. */
MUST_USE bool place_enter(struct place *p, struct fs_rights *r, struct err *e);
/* The home of that user, else of whoever runs; NULL: none. Caller frees. */
char *place_home(const struct place *p);
/* All but place_check() between place_enter() and the drop. */
MUST_USE bool place_attr(const struct place *p, struct fs_attr *out, struct err *e);
/* What stands there, for who only wants to know. Nothing: true, an empty *out and *found =
 * false. */
MUST_USE bool place_peek(const struct place *p, size_t max, struct buf *out, bool *found,
                         struct err *e);
/* The same for who goes on: the way is walked, and judged, and place_stage(), place_write() or
 * place_check() end it, in the very directory, or place_leave(). */
MUST_USE bool place_read(struct place *p, size_t max, struct buf *out, struct fs_id *id,
                         bool *found, struct err *e);
/* A sealed, parked stage with this content. */
MUST_USE bool place_stage(struct place *p, const struct buf *text, struct fs_stage **out,
                          struct err *e);
/* Is there room for so much, in place? */
MUST_USE bool place_reserve(const struct place *p, size_t size, struct err *e);
void place_leave(struct place *p);
/* In place, as fs_place_write(); it walks the way anew where place_read() was not just before. */
MUST_USE bool place_write(struct place *p, const struct buf *text, const struct buf *old,
                          struct err *e);

/* As in struct sink_ops; `spec` begins with a struct place_spec. */
MUST_USE bool place_directory(const void *spec, struct fs_target *out, struct err *e);
/* After place_read(): everything about the file but its content: mounts, other names, its
 * attributes, room for `size` bytes. Not between enter and drop: mounts of other processes are
 * looked at with our own rights. May leave a remark, as a sink's check. */
MUST_USE bool place_check(struct place *p, size_t size, struct err *e);
/* Is it written over where it stands? True when in_place is set and there is a file. */
bool place_in_place(const struct place *p, bool found);

#endif
