/* SPDX-License-Identifier: MIT */
/* A directory of its own for each test (or group of tests), for cmocka's setup and teardown. */
#ifndef TESTS_SCRATCH_H
#define TESTS_SCRATCH_H

#include "check.h"
#include "fakes/sinks.h"

#define UNUSED __attribute__((unused))

static char *dir;

UNUSED static int scratch_setup(void **state)
{
	(void)state;
	dir = scratch_make();
	return 0;
}

/* The same, and the path of a file in it. */
UNUSED static int scratch_path(char *path, size_t size, const char *name)
{
	dir = scratch_make();
	(void)snprintf(path, size, "%s/%s", dir, name);
	return 0;
}

/* For fault_hook(): removes the file. */
UNUSED static void scratch_unlink(void *path)
{
	(void)unlink(path);
}

UNUSED static int scratch_teardown(void **state)
{
	(void)state;
	scratch_remove(dir);
	return 0;
}

#endif
