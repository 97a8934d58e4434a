/* SPDX-License-Identifier: MIT */
/* Ways that lead to no file, as root walks them; whom they lead by is in test_fs_rights.c. */
#include "fs_dir.h"

#include "base/fs_target.h"

#define TEN     "xxxxxxxxxx"
#define HUNDRED TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN

/* `says` NULL: it leads to `name`. The file f and the directory d are there. */
static const struct row {
	const char *path, *name, *says;
	enum fs_way way;
} rows[] = {
	{ "f", "f", NULL, FS_WAY_GUARDED },
	{ "d/../f", "f", NULL, FS_WAY_GUARDED },
	{ "d/new", "new", NULL, FS_WAY_GUARDED },
	{ "d/", NULL, "is not the name of a file", FS_WAY_GUARDED },
	{ "d/.", NULL, "is not the name of a file", FS_WAY_GUARDED },
	{ "d/..", NULL, "is not the name of a file", FS_WAY_GUARDED },
	{ HUNDRED HUNDRED HUNDRED "/f", NULL, "is not the name of a file", FS_WAY_GUARDED },
	{ "f/x", NULL, "cannot open the directory", FS_WAY_GUARDED },
	{ "none/x", NULL, "cannot access 'none' on the way", FS_WAY_GUARDED },
};

static void try(const char *path, const struct row *row)
{
	AUTO_TARGET struct fs_target at = { .dir = -1 };
	struct err e = ERR_INIT;
	bool ok = fs_target_open(path, row->way, &at, &e);

	CHECK(ok == (row->says == NULL), "'%s': %s", path, e.text);
	CHECK(ok || strstr(e.text, row->says) != NULL, "'%s': %s", path, e.text);
	CHECK(!ok || strcmp(at.name, row->name) == 0, "'%s': '%s'", path, at.name);
}

static void where_ways_lead(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip();
	file_put(in("f"), "");
	assert_int_equal(mkdir(in("d"), 0700), 0);
	for (size_t i = 0; i < COUNT(rows); i++)
		try(in(rows[i].path), &rows[i]);
}

/* Only where nobody is guarded against: a guarded way begins at the root. */
static void a_way_from_here(void **state)
{
	static const struct row here[] = {
		{ "d/f", "f", NULL, FS_WAY_HERE },
		{ "d/f", NULL, "is not an absolute path", FS_WAY_GUARDED },
	};
	char before[4096];

	(void)state;
	if (geteuid() != 0)
		skip();
	assert_non_null(getcwd(before, sizeof(before)));
	assert_int_equal(mkdir(in("d"), 0700), 0);
	assert_int_equal(chdir(in("")), 0);
	for (size_t i = 0; i < COUNT(here); i++)
		try(here[i].path, &here[i]);
	assert_int_equal(chdir(before), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(where_ways_lead),
		T(a_way_from_here),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
