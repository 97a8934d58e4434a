/* SPDX-License-Identifier: MIT */
/*
 * The certificate authorities that a client trusts, as files. The system has them twice: as a
 * directory with one file each, found by the hash of the name, and as one bundle. Reading the
 * bundle takes 14 ms, a lookup in the directory no time, so the directory is used first, and the
 * bundle only if a certificate cannot be verified with it. Both are libcurl's defaults, so the set
 * that is trusted in the end is curl's.
 */
#ifndef HTTP_TRUST_H
#define HTTP_TRUST_H

#include "base/base.h"
#include "base/buf.h"

struct err;
struct http_options;

struct trust {
	char *dir;      /* or NULL */
	char *file;     /* or NULL */
	char *bundle;   /* the system's bundle while it is not in use; or NULL */
	struct buf own; /* the content of [http] ca_file */
	int fd;         /* of `file` if that is in memory; else -1 */
};

/* system_file and system_dir may be NULL. */
MUST_USE bool trust_open(const struct http_options *o, const char *system_file,
                         const char *system_dir, struct trust *out, struct err *e);
/* Switches to the bundle. False if there is nothing more to trust; *e is filled only if that is an
 * error. */
MUST_USE bool trust_widen(struct trust *t, struct err *e);
void trust_close(struct trust *t);

#endif
