/* SPDX-License-Identifier: MIT */
/*
 * Secret bytes. Opaque on purpose: the compiler objects to printing one, comparing it with ==, or
 * passing it to %s. The storage lies between two PROT_NONE pages, is locked, excluded from core
 * dumps and forks, and wiped on free. Small secrets share a guarded arena, so that reading ten
 * sinks takes the system calls of one. Thread-safe, but each secret belongs to one thread.
 *
 * OpenSSL's secure heap was considered and rejected: it has no wipe-on-fork, its size is fixed once
 * per process, and it aborts when it is full.
 */
#ifndef BASE_SECRET_H
#define BASE_SECRET_H

#include "base/base.h"

struct err;
struct secret;

/* a token of Entra ID has about 2 kB; a certificate with its chain less than 20 */
#define SECRET_MAX (64 * 1024)

/* Call once, first in main(): no core dumps, no ptrace, umask 077, stray descriptors above 2 closed
 * and 0 to 2 open, SSLKEYLOGFILE unset, cJSON's allocator replaced by the wiping one (http_setup()
 * replaces those of OpenSSL and curl). */
void secret_setup(void);
/* False once locking memory has failed (RLIMIT_MEMLOCK); the caller may warn. */
bool secret_locked(void);

/* copies; the source is not wiped; n must be at most SECRET_MAX */
struct secret *secret_new(const void *p, size_t n);
struct secret *secret_move(char *p, size_t n); /* copies, then wipes the source */
struct secret *secret_dup(const struct secret *s);
size_t secret_len(const struct secret *s);
/* constant time in the content */
MUST_USE bool secret_equal(const struct secret *a, const struct secret *b);

/* The only access to the bytes: NUL-terminated, valid until the secret is freed. `git grep
 * secret_peek` is the list to audit; tests/lint allows it in listed files only. */
const char *secret_peek(const struct secret *s);

void secret_free(struct secret *s); /* s may be NULL */
void secret_free_ptr(struct secret **s);
#define AUTO_SECRET AUTO(secret_free_ptr)

#endif
