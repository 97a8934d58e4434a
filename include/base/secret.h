/* SPDX-License-Identifier: MIT */
/*
 * Secret bytes. Opaque on purpose: it cannot be printed, compared with ==,
 * or passed to %s without the compiler objecting. Storage lies between two
 * PROT_NONE pages, is locked, kept out of core dumps and forks, and wiped on
 * free. Small secrets share a guarded arena, so that reading ten sinks costs
 * the system calls of one. Thread-safe; one secret belongs to one thread.
 *
 * OpenSSL's secure heap was judged and left: it has no wipe-on-fork, must be
 * sized once for the process, and aborts the whole heap when it runs full.
 */
#ifndef BASE_SECRET_H
#define BASE_SECRET_H

#include "base/base.h"

struct err;
struct secret;

/* a token of Entra ID is about 2 kB; a certificate with its chain under 20 */
#define SECRET_MAX (64 * 1024)

/* Once, first thing in main(): no core dumps, not ptraceable, umask 077, stray descriptors above
 * 2 closed and 0-2 open, SSLKEYLOGFILE unset, the allocators of cJSON and OpenSSL replaced by
 * the wiping one (curl's is installed by http/curl.c). */
void secret_setup(void);
/* False once locking memory has failed (RLIMIT_MEMLOCK): the caller may warn. */
bool secret_locked(void);

/* copies; source untouched; n <= SECRET_MAX */
struct secret *secret_new(const void *p, size_t n);
struct secret *secret_move(char *p, size_t n); /* copies, then wipes source */
struct secret *secret_dup(const struct secret *s);
size_t secret_len(const struct secret *s);
/* constant time in the content */
MUST_USE bool secret_equal(const struct secret *a, const struct secret *b);

/* The only door. NUL-terminated, valid until free. `git grep secret_peek`
 * is the audit list; tests/lint keeps it to an allow-list of files. */
const char *secret_peek(const struct secret *s);

void secret_free(struct secret *s); /* NULL is fine */
void secret_free_ptr(struct secret **s);
#define AUTO_SECRET AUTO(secret_free_ptr)

#endif
