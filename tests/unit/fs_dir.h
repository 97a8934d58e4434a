/* SPDX-License-Identifier: MIT */
/* What the tests of base/fs*.c have in common: a directory of their own, and files in it. */
#ifndef TESTS_UNIT_FS_DIR_H
#define TESTS_UNIT_FS_DIR_H

#include "check.h"

#include <sys/stat.h>

#include "base/err.h"
#include "base/fs.h"
#include "scratch.h"

/* DIR/name, in one of a few buffers. */
UNUSED static const char *in(const char *name)
{
	static char text[4][4200];
	static int next;
	char *p = text[next++ % 4];

	(void)snprintf(p, sizeof(text[0]), "%s/%s", dir, name);
	return p;
}

UNUSED static void check_text(const char *path, const char *want)
{
	char *text = file_get(path);

	CHECK_TEXT(text, want, "%s", path);
	free(text);
}

UNUSED static mode_t mode_of(const char *path)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	return st.st_mode & 07777;
}

UNUSED static bool replace(const char *path, struct fs_attr attr, const char *text, struct err *e)
{
	AUTO_STAGE struct fs_stage *s = NULL;

	return fs_stage_open(path, &attr, &s, e) && fs_stage_write(s, text, strlen(text), e) &&
	       fs_stage_seal(s, e) && (fs_stage_park(s), fs_stage_commit(s, e));
}

UNUSED static const struct fs_attr keep = FS_ATTR_KEEP;

#define T(fn) cmocka_unit_test_setup_teardown(fn, scratch_setup, scratch_teardown)

#endif
