/* SPDX-License-Identifier: MIT */
#include "base/mem.h"

#include <malloc.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

void mem_exhausted(void)
{
	static const char text[] = "acrotate: out of memory\n";

	if (write(STDERR_FILENO, text, sizeof(text) - 1) < 0)
		_exit(EX_OSERR); /* nobody listens; the status says it too */
	_exit(EX_OSERR);
}

void *mem_new(size_t size)
{
	void *p = calloc(1, size ? size : 1);

	if (p == NULL)
		mem_exhausted();
	return p;
}

void *mem_array(size_t count, size_t size)
{
	void *p = calloc(count ? count : 1, size ? size : 1);

	if (p == NULL)
		mem_exhausted();
	return p;
}

void *mem_grow(void *old, size_t *capacity, size_t want, size_t size)
{
	if (want <= *capacity)
		return old;
	if (want > SIZE_MAX / 2)
		mem_exhausted(); /* doubling could not end */
	size_t cap = *capacity ? *capacity : 8;
	while (cap < want)
		cap *= 2;
	char *grown = mem_array(cap, size);
	if (old != NULL) {
		memcpy(grown, old, *capacity * size);
		mem_wiping_free(old);
	}
	*capacity = cap;
	return grown;
}

char *mem_dup(const char *s)
{
	return s == NULL ? NULL : mem_dup_n(s, strlen(s));
}

char *mem_dup_n(const char *s, size_t n)
{
	char *copy = mem_new(n + 1);

	memcpy(copy, s, n);
	return copy;
}

char *mem_fmt(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	char *s = mem_vfmt(fmt, ap);
	va_end(ap);
	return s;
}

char *mem_vfmt(const char *fmt, va_list ap)
{
	char *s;

	if (vasprintf(&s, fmt, ap) < 0)
		mem_exhausted();
	return s;
}

void *mem_wiping_malloc(size_t size)
{
	return malloc(size);
}

void *mem_wiping_calloc(size_t count, size_t size)
{
	return calloc(count, size);
}

/* Never in place: realloc() could leave the old bytes behind in memory it gave back. */
void *mem_wiping_realloc(void *p, size_t size)
{
	if (p == NULL)
		return malloc(size);
	if (size == 0) {
		mem_wiping_free(p);
		return NULL;
	}
	size_t old = malloc_usable_size(p);
	void *moved = malloc(size);
	if (moved == NULL)
		return NULL;
	memcpy(moved, p, old < size ? old : size);
	mem_wiping_free(p);
	return moved;
}

char *mem_wiping_strdup(const char *s)
{
	return strdup(s);
}

void mem_wiping_free(void *p)
{
	if (p == NULL)
		return;
	explicit_bzero(p, malloc_usable_size(p));
	free(p);
}

void mem_free_ptr(void *ptr_to_ptr)
{
	free(take(ptr_to_ptr));
}
