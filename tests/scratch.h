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

UNUSED static int scratch_teardown(void **state)
{
	(void)state;
	scratch_remove(dir);
	return 0;
}

#endif
