/* SPDX-License-Identifier: MIT */
/* The inside of a stage, for fs_stage.c (creates, fills and renames it) and fs_exchange.c (swaps it
 * with its target). See base/fs.h. */
#ifndef BASE_FS_STAGE_H
#define BASE_FS_STAGE_H

#include "base/fs_target.h"

enum step { STAGE_OPEN, STAGE_SEALED, STAGE_EXCHANGED, STAGE_DONE };

struct fs_stage {
	/* as configured: for messages, and to reopen the directory after fs_stage_park() */
	char *path;
	struct fs_attr attr;
	char tag[FS_TAG_MAX];
	struct fs_target at;
	dev_t dir_dev; /* identify the directory of `temp` */
	ino_t dir_ino;
	int fd;                 /* -1 once sealed */
	char temp[FS_TEMP_MAX]; /* "" if there is none */
	struct fs_id id;        /* of our content, once sealed */
	size_t size;            /* bytes written so far */
	mode_t mode;
	enum step step;
};

void fs_stage_suffix(char out[static 17]); /* the random part of a temporary's name */
/* Reopens the directory of a parked stage; fails if the path leads to another one now. */
MUST_USE bool fs_stage_unpark(struct fs_stage *s, struct err *e);
/* When this fails the new content is in place: nothing is rolled back. */
MUST_USE bool fs_stage_sync_dir(const struct fs_stage *s, struct err *e);
void fs_stage_done(struct fs_stage *s); /* its temporary has become the target */

#endif
