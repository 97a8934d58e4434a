/* SPDX-License-Identifier: MIT */
/*
 * Memory allocation. Running out of memory ends the process with EX_OSERR (71). At every point of a
 * rotation that is as safe as a power cut (see rotate/rotation.h), so no caller needs an
 * out-of-memory branch.
 */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <stdarg.h>

#include "base/base.h"

void *mem_new(size_t size);                 /* zeroed */
void *mem_array(size_t count, size_t size); /* zeroed, overflow-checked */
/* Grows an array to at least `want` members, by doubling, and updates *capacity. The old block is
 * wiped, new members are zeroed. */
void *mem_grow(void *old, size_t *capacity, size_t want, size_t size);
char *mem_dup(const char *s); /* NULL stays NULL */
char *mem_dup_n(const char *s, size_t n);
char *mem_fmt(const char *fmt, ...) PRINTF(1, 2);
char *mem_vfmt(const char *fmt, va_list ap) PRINTF(1, 0);
NORETURN void mem_exhausted(void); /* reports it on stderr and ends the process */

/* An allocator that wipes what it frees, for libcurl, cJSON and OpenSSL; installed at start-up. */
void *mem_wiping_malloc(size_t size);
void *mem_wiping_calloc(size_t count, size_t size);
void *mem_wiping_realloc(void *p, size_t size);
char *mem_wiping_strdup(const char *s);
void mem_wiping_free(void *p);

void mem_free_ptr(void *ptr_to_ptr); /* for AUTO */
#define AUTO_FREE AUTO(mem_free_ptr)

#endif
