/* SPDX-License-Identifier: MIT */
/*
 * The config.json files of all jobs of a program. Thousands of jobs may have an entry each in one
 * file: it is read and parsed again only when somebody has changed it, and the jobs take turns to
 * write it, because each of two that replace it at once would find its work undone by the other.
 * Other programs keep no such order: see fs_stage_exchange().
 *
 * What is kept is never believed: the file is opened for every question, and read unless it still
 * is the version that was parsed (fs_read_again()); a text is compared as a whole. For
 * src/sink/docker*.c, and for whoever lends it to the sinks.
 */
#ifndef SINK_DOCKER_FILES_H
#define SINK_DOCKER_FILES_H

#include "base/base.h"

struct buf;
struct docker_doc;
struct docker_file;
struct docker_files;
struct err;
struct place;

struct docker_files *docker_files_new(void);
void docker_files_free(struct docker_files *all); /* NULL is fine; no file may be taken */
/* How often a document was parsed so far, of all files. */
size_t docker_files_parsed(const struct docker_files *all);

/* The file of a path; with NULL one that nobody else has. */
struct docker_file *docker_file_take(struct docker_files *all, const char *path);
void docker_file_drop(struct docker_file *f); /* NULL is fine */

/* Until docker_file_leave() nobody else uses the file's document; what docker_file_read() and
 * docker_file_parse() hand out is borrowed until then, or until the next of them. Short: nothing in
 * between waits for anything but the file. */
void docker_file_enter(struct docker_file *f);
void docker_file_leave(struct docker_file *f);
/* The document as it stands in the file now, with the entry of `key`; between place_enter() and
 * fs_rights_drop(). A missing file is an empty one. Errors as in docker_edit.h,
 * but with the path. */
MUST_USE bool docker_file_read(struct docker_file *f, const struct place *p, const char *key,
                               struct docker_doc *out, struct err *e);
/* The document of this text, which was read from the file or is to be written into it. */
MUST_USE bool docker_file_parse(struct docker_file *f, const struct buf *text, const char *key,
                                struct docker_doc *out, struct err *e);

/* From here to docker_file_end_turn() no other job of this program replaces the file. Never
 * together with another file's turn. */
void docker_file_begin_turn(struct docker_file *f);
void docker_file_end_turn(struct docker_file *f);

#endif
