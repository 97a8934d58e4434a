/* SPDX-License-Identifier: MIT */
/*
 * Which authorities a client trusts, as files. The system's are a directory of single files,
 * each found by the hash of its name, and a bundle of the same in one file. Reading the bundle
 * takes 14 ms, looking one up takes none: so the directory comes first, and the bundle only when
 * a certificate could not be verified with it. Both are libcurl's own defaults: what is trusted
 * in the end is what curl trusts.
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
	char *bundle;   /* the system's, not in use yet; or NULL */
	struct buf own; /* what [http] ca_file says */
	int fd;         /* of `file` where that is in memory; -1 */
};

/* system_file, system_dir: NULL where there is none. */
MUST_USE bool trust_open(const struct http_options *o, const char *system_file,
                         const char *system_dir, struct trust *out, struct err *e);
/* False when there is nothing more to trust; *e is filled if that is an error. */
MUST_USE bool trust_widen(struct trust *t, struct err *e);
void trust_close(struct trust *t);

#endif
