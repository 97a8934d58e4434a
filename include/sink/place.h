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
};
void place_clear(struct place *p);

/* From here on with the rights of `user`, if there is one. */
MUST_USE bool place_enter(struct place *p, struct fs_rights *r, struct err *e);
/* The next three between place_enter() and the drop. */
MUST_USE bool place_attr(const struct place *p, struct fs_attr *out, struct err *e);
/* Nothing there: true, an empty *out and *found = false. */
MUST_USE bool place_read(const struct place *p, size_t max, struct buf *out, struct fs_id *id,
                         bool *found, struct err *e);
/* A sealed, parked stage with this content. */
MUST_USE bool place_stage(const struct place *p, const struct buf *text, struct fs_stage **out,
                          struct err *e);

/* As in struct sink_ops; `spec` begins with a struct place_spec. */
MUST_USE bool place_directory(const void *spec, int *out, struct err *e);
/* Everything about the file but its content: mounts, who can change the way to it, its
 * attributes, room for `size` bytes. Not between enter and drop: mounts of other processes are
 * looked at with our own rights. */
MUST_USE bool place_check(struct place *p, size_t size, struct err *e);
/* Is it written over where it stands? True when in_place is set and there is a file. */
bool place_in_place(const struct place *p, bool found);

#endif
