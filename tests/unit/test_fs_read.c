/* SPDX-License-Identifier: MIT */
/* A file is not read again while it is the version that is known, and surely is. */
#include "check.h"

#include <sys/stat.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/fs.h"
#include "fakes/sinks.h"

static void nothing(const char *path)
{
	(void)path;
}

static void same_size(const char *path)
{
	file_put(path, "two");
}

static void other_mode(const char *path)
{
	assert_int_equal(chmod(path, 0640), 0);
}

static void replace(const char *path)
{
	char other[4200];

	(void)snprintf(other, sizeof(other), "%s.other", path);
	file_put(other, "two");
	assert_int_equal(rename(other, path), 0);
}

static void what_is_known_is_not_read_again(void **state)
{
	static const struct {
		const char *what;
		/* as if the file had been written long ago, or in this very moment */
		bool settled;
		void (*change)(const char *path);
		bool same;
		const char *text;
	} rows[] = {
		{ "as it was", true, nothing, true, "" },
		{ "written this moment: by its times it may have changed", false, nothing, false,
		  "one" },
		{ "written, as many bytes", true, same_size, false, "two" },
		{ "replaced", true, replace, false, "two" },
		{ "its rights were changed: by its times it may have been written", true,
		  other_mode, false, "one" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char *dir = scratch_make(), path[4200];
		AUTO_BUF struct buf text = BUF_INIT(100), again = BUF_INIT(100);
		struct fs_version known = { .settled = false };
		struct err e = ERR_INIT;
		bool same = true;
		(void)snprintf(path, sizeof(path), "%s/f", dir);
		file_put(path, "one");
		CHECK(fs_read_again(path, 100, &text, &known, &same, &e) && !same &&
		              strcmp(buf_cstr(&text), "one") == 0,
		      "%s: at first", rows[i].what);
		CHECK(!known.settled, "%s: it was written a moment ago", rows[i].what);
		known.settled = rows[i].settled;
		(void)usleep(20000); /* more than the kernel's clock of files takes for a step */
		rows[i].change(path);
		CHECK(fs_read_again(path, 100, &again, &known, &same, &e), "%s: %s", rows[i].what,
		      e.text);
		CHECK(same == rows[i].same && strcmp(buf_cstr(&again), rows[i].text) == 0,
		      "%s: '%s'", rows[i].what, buf_cstr(&again));
		scratch_remove(dir);
	}
}

static void what_is_old_is_settled(void **state)
{
	AUTO_BUF struct buf text = BUF_INIT(1 << 20);
	struct fs_version known = { .settled = false };
	struct err e = ERR_INIT;
	bool same;

	(void)state;
	assert_true(fs_read_again("/etc/passwd", 1 << 20, &text, &known, &same, &e));
	assert_true(known.settled && !same);
	assert_true(fs_read_again("/etc/passwd", 1 << 20, &text, &known, &same, &e));
	assert_true(same);
	assert_false(fs_read_again("/nonexistent/f", 100, &text, &known, &same, &e));
	assert_int_equal(e.kind, ERR_MISSING);
}

static void what_is_missing_is_not_private(void **state)
{
	struct err e = ERR_INIT;

	(void)state;
	assert_false(fs_check_private("/nonexistent/f", &e));
	assert_int_equal(e.kind, ERR_MISSING);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_known_is_not_read_again),
		cmocka_unit_test(what_is_old_is_settled),
		cmocka_unit_test(what_is_missing_is_not_private),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
