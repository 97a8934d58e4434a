/* SPDX-License-Identifier: MIT */
/* Real sinks for tests: opened from keys as a job file would have them, a credential, files
 * beside. */
#ifndef FAKES_SINKS_H
#define FAKES_SINKS_H

#include <stdbool.h>

#include "base/credential.h"
#include "base/fingerprint.h"
#include "base/fs.h"
#include "sink/sink.h"

struct test_sink {
	const struct sink_ops *ops;
	void *spec;
	struct sink *s;
};
/* Key, value, ..., NULL; before them the state directory, for a sink that is told of it. Aborts when
 * a key is refused. */
struct test_sink test_sink_open(const char *type, ...) __attribute__((sentinel));
void test_sink_close(struct test_sink *t);
#define AUTO_TEST_SINK AUTO(test_sink_close)

/* Every sink type that is a file at `path`; NULL: no more. A new type is in the tests of them all. */
const char *test_file_type(size_t i);

/* Server r.io, user u, this password (NULL: none); password1, expires 2026-01-01. */
struct credential test_credential(const char *password);
/* The fingerprint of a password. */
void test_print(const char *password, struct fingerprint *out);

void file_put(const char *path, const char *text);
char *file_get(const char *path);    /* NULL when there is none; the caller frees */
int temporaries_in(const char *dir); /* names beginning with .acrotate. */
bool temporary_in(const char *dir, char *out, size_t size); /* the path of one of them */

/* What base/fs.h does with a target, for a path: the way is walked, and the target closed. */
MUST_USE bool reserve_at(const char *path, enum fs_way way, size_t size, struct err *e);
MUST_USE bool write_at(const char *path, enum fs_way way, const struct buf *text,
                       const struct buf *old, struct err *e);
MUST_USE bool mounts_at(const char *path, struct err *e);
MUST_USE bool directory_at(const char *path, enum fs_way way, int *out, struct err *e);

#endif
