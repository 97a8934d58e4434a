/* SPDX-License-Identifier: MIT */
/*
 * A client of Azure Blob Storage for small texts in one container, with compare-and-swap: read,
 * create if absent, replace the version that was read. There is no other way to write, so nobody's
 * change is overwritten. Thread-safe; each request borrows an HTTP client from the lender.
 */
#ifndef AZURE_BLOB_H
#define AZURE_BLOB_H

#include "base/base.h"

struct arm;
struct blob;
struct blob_place;
struct buf;
struct env;
struct err;
struct http_lender;

/* All arguments are borrowed. `arm` is the identity; the Resource Manager itself is not asked. */
struct blob *blob_new(const struct blob_place *place, struct arm *arm, struct http_lender *lender,
                      const struct env *env);
void blob_free(struct blob *b);

enum blob_answer {
	BLOB_DONE,
	BLOB_ABSENT, /* the blob does not exist */
	/* its version has changed, or, on creation, it exists already */
	BLOB_STALE,
};

/*
 * True with an answer; `name` is without the place's prefix. A request whose reply was lost is
 * tried again, so after BLOB_STALE the first try may have acted: the caller must read the blob
 * again. Errors, with the command that fixes it if there is one:
 *   AUTH 401 and 403 AuthenticationFailed, with the clock if that is why · DENIED 403 ·
 *   MISSING no such container · DECISION somebody has leased the blob, or protected it ·
 *   LOCAL too large · TRANSIENT 408, 429, 5xx, network · REMOTE anything else
 * A save by compare-and-swap needs no fence: the token may be renewed at any time, because what is
 * sent too late changes nothing.
 */
/* Appends the text, which `text` must have room for; *version: caller frees. */
MUST_USE bool blob_get(struct blob *b, const char *name, enum blob_answer *answer, struct buf *text,
                       char **version, struct err *e);
/* *version NULL: creates it. With BLOB_DONE, *version becomes that of the text. */
MUST_USE bool blob_put(struct blob *b, const char *name, const struct buf *text,
                       enum blob_answer *answer, char **version, struct err *e);
MUST_USE bool blob_delete(struct blob *b, const char *name, const char *version,
                          enum blob_answer *answer, struct err *e);

/* Calls each() for all blobs directly below the prefix, page by page, with the prefix left out;
 * each() returns false to fail. */
typedef bool blob_each_fn(void *ctx, const char *name, struct err *e);
MUST_USE bool blob_list(struct blob *b, blob_each_fn *each, void *ctx, struct err *e);

/* ERR_DENIED, with the command that grants the role, if we may not read or write this blob. Changes
 * nothing: it writes on a version that no blob ever has. */
MUST_USE bool blob_may(struct blob *b, const char *name, struct err *e);

/* Fetches an access token that lives for life_s, if its source issues such. */
MUST_USE bool blob_ready(struct blob *b, int64_t life_s, struct err *e);

/* What a page of a list says. For the client, and for tests. */
struct blob_page {
	const char *prefix;
	blob_each_fn *each;
	void *ctx;
	char *next; /* where the list continues, or NULL; caller frees */
};
/* The text of an error: its first line. Empty if there is none. */
void blob_words(const char *xml, size_t n, struct buf *out);
MUST_USE bool blob_page_read(struct blob_page *p, const char *xml, size_t n, struct err *e);

#endif
