/* SPDX-License-Identifier: MIT */
/*
 * What Azure said of registries, for one run: each is looked up once, however many jobs are new to
 * it. The first job asks; the others are told to come back, or, if that failed, to ask themselves.
 * For all threads.
 */
#ifndef AZURE_REGISTRY_BOOK_H
#define AZURE_REGISTRY_BOOK_H

#include "base/base.h"

struct acr_registry;
struct registry_book;

struct registry_book *registry_book_new(void);
void registry_book_free(struct registry_book *b); /* NULL is fine */

enum book_says {
	BOOK_KNOWS, /* *out is it */
	BOOK_ASK,   /* nobody has asked */
	BOOK_WAIT   /* somebody is asking */
};
/* key: all that tells two registries apart. claim: if it says BOOK_ASK, the caller asks, and must
 * call registry_book_put(). A book that is NULL knows nothing. */
enum book_says registry_book_look(struct registry_book *b, const char *key, bool claim,
                                  struct acr_registry *out);
/* found NULL: it could not be learned. */
void registry_book_put(struct registry_book *b, const char *key, const struct acr_registry *found);

#endif
