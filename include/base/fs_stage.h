/* SPDX-License-Identifier: MIT */
/* What a stage is, for fs_stage.c, which makes, fills and renames it, and fs_exchange.c, which
 * swaps it with its target. See base/fs.h. */
#ifndef BASE_FS_STAGE_H
#define BASE_FS_STAGE_H

#include "base/fs_target.h"

enum step { STAGE_OPEN, STAGE_SEALED, STAGE_EXCHANGED, STAGE_DONE };

struct fs_stage {
	/* as configured: for messages, and to find the directory again after a park */
	char *path;
	struct fs_attr attr;
	char tag[FS_TAG_MAX];
	struct fs_target at;
	dev_t dir_dev; /* which directory `temp` is in */
	ino_t dir_ino;
	int fd;                 /* -1 once sealed */
	char temp[FS_TEMP_MAX]; /* "" when there is none */
	struct fs_id id;        /* of our content, once sealed */
	size_t size;            /* written so far */
	mode_t mode;
	enum step step;
};

void fs_stage_suffix(char out[static 17]); /* of a temporary's name */
/* Opens the directory of a parked one again; the same, or it fails. */
MUST_USE bool fs_stage_unpark(struct fs_stage *s, struct err *e);
/* The new content is in place when this fails: nothing is rolled back. */
MUST_USE bool fs_stage_sync_dir(const struct fs_stage *s, struct err *e);
void fs_stage_done(struct fs_stage *s); /* its temporary is the target now */

#endif
