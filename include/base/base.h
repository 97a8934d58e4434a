/* SPDX-License-Identifier: MIT */
/* Compiler attributes and the two idioms that every file uses. Nothing else. */
#ifndef BASE_BASE_H
#define BASE_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define MUST_USE     __attribute__((warn_unused_result))
#define PRINTF(f, a) __attribute__((format(printf, f, a)))
#define NORETURN     __attribute__((noreturn))
#define AUTO(fn)     __attribute__((cleanup(fn)))
#define COUNT(a)     (sizeof(a) / sizeof((a)[0]))

/* Moves a pointer out of an AUTO variable, which becomes NULL. */
static inline void *take(void *ptr_to_ptr)
{
	void *value, *null = NULL;

	memcpy(&value, ptr_to_ptr, sizeof(value));
	memcpy(ptr_to_ptr, &null, sizeof(null));
	return value;
}

#endif
