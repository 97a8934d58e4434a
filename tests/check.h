/* SPDX-License-Identifier: MIT */
/* cmocka with what it needs before it, a check that names the row of a table that failed, and a
 * scratch directory. */
#ifndef TESTS_CHECK_H
#define TESTS_CHECK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/err.h"

/* Sanitizers keep freed memory back, and make mlock() a no-op. */
#if defined(__has_feature)
#define CHECK_FEATURE(x) __has_feature(x)
#else
#define CHECK_FEATURE(x) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) ||                               \
	CHECK_FEATURE(address_sanitizer) || CHECK_FEATURE(thread_sanitizer)
#define SANITIZED true
#else
#define SANITIZED false
#endif

/* So does valgrind, which a program knows by what was loaded before it. */
static inline bool freed_memory_is_kept_back(void)
{
	const char *preload = getenv("LD_PRELOAD");
	return SANITIZED || (preload != NULL && strstr(preload, "vgpreload") != NULL);
}

/* CHECK(condition, "row '%s'", row->name): a table is of use only when a red line says which row
 * it was. */
#define CHECK(cond, ...)                                                                           \
	do {                                                                                       \
		if (!(cond)) {                                                                     \
			print_error("%s:%d: not so: %s\n\t", __FILE__, __LINE__, #cond);           \
			print_error(__VA_ARGS__);                                                  \
			print_error("\n");                                                         \
			fail();                                                                    \
		}                                                                                  \
	} while (0)

/* Both texts are shown. */
#define CHECK_TEXT(got, want, ...)                                                                 \
	do {                                                                                       \
		const char *got_ = (got), *want_ = (want);                                         \
		if (got_ == NULL || strcmp(got_, want_) != 0) {                                    \
			print_error("%s:%d: got '%s', want '%s'\n\t", __FILE__, __LINE__,          \
			            got_ ? got_ : "(null)", want_);                                \
			print_error(__VA_ARGS__);                                                  \
			print_error("\n");                                                         \
			fail();                                                                    \
		}                                                                                  \
	} while (0)

/* That it went well (ERR_NONE), or failed with this kind and said so. Returns `ok`. */
static inline bool check_ended(const char *row, enum err_kind want, bool ok, const struct err *e,
                               const char *says)
{
	CHECK(ok == (want == ERR_NONE) && (ok || e->kind == want), "%s: %d '%s'", row, (int)e->kind,
	      e->text);
	CHECK(ok || strstr(e->text, says) != NULL, "%s: '%s'", row, e->text);
	return ok;
}

/* Runs fn in a child without cmocka's signal handlers; returns the wait status. The child leaves
 * with what fn returns. */
static inline int in_child(int (*fn)(void *arg), void *arg)
{
	(void)fflush(NULL);
	pid_t pid = fork();
	if (pid == 0)
		_exit(fn(arg));
	int status = -1;
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		abort();
	return status;
}

/* A fresh directory below TMPDIR; the caller frees the name, scratch_remove() does both. */
static inline char *scratch_make(void)
{
	const char *base = getenv("TMPDIR");
	char *name = malloc(4096);
	if (name == NULL ||
	    snprintf(name, 4096, "%s/acrotate-test.XXXXXX", base ? base : "/tmp") >= 4096 ||
	    mkdtemp(name) == NULL)
		abort();
	return name;
}

static inline void scratch_remove(char *dir)
{
	pid_t pid = fork();
	if (pid == 0) {
		(void)execlp("rm", "rm", "-rf", "--", dir, (char *)NULL);
		_exit(127);
	}
	int status = -1;
	(void)waitpid(pid, &status, 0);
	free(dir);
}

#endif
