/* SPDX-License-Identifier: MIT */
/* A trouble is told when it is new, has changed or has lasted; a story of runs, each row one of them. */
#include "../../src/cli/told.h"

#include "base/err.h"
#include "base/fs_target.h"
#include "base/mem.h"
#include "check.h"
#include "fakes/sinks.h"

#define HOUR 3600
#define DAY  86400

/* One run after the other on one record. last_run: of the run before, -1: as the row before says. */
static const struct {
	const char *what;
	int64_t now;
	const char *job, *text;
	bool news, lost; /* lost: the hook that tells failed */
	bool quiet_run;  /* a run without trouble */
} story[] = {
	{ "the first time", 1 * HOUR, "web", "request id 12ab: no permission", true, false, false },
	{ "the same an hour later", 2 * HOUR, "web", "request id 34cd: no permission", false, false,
	  false },
	{ "of another job", 3 * HOUR, "db", "request id 34cd: no permission", true, false, false },
	{ "another slot", 4 * HOUR, "web", "password2 has to wait until 2026-01-01", true, false,
	  false },
	{ "which is not the first one", 5 * HOUR, "web", "password1 has to wait until 2026-01-02",
	  true, false, false },
	{ "the same all day", 6 * HOUR, "web", "password1 has to wait until 2026-01-03", false,
	  false, false },
	{ "after a day", 29 * HOUR, "web", "password1 has to wait until 2026-01-03", true, false,
	  false },
	{ "it passes", 30 * HOUR, NULL, NULL, false, false, true },
	{ "and comes back", 31 * HOUR, "web", "password1 has to wait until 2026-01-03", true, false,
	  false },
	{ "of no job", 32 * HOUR, NULL, "cannot write metrics_file", true, true, false },
	{ "nobody was reached", 33 * HOUR, NULL, "cannot write metrics_file", true, false, false },
	{ "now somebody was", 34 * HOUR, NULL, "cannot write metrics_file", false, false, false },
	{ "a clock that was set back", 2 * HOUR, NULL, "cannot write metrics_file", true, false,
	  false },
};

static void a_story(void **state)
{
	AUTO_FREE char *file = mem_dup("");
	int64_t last_run = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(story); i++) {
		struct told *t = told_parse(file, strlen(file), DAY, story[i].now);
		if (!story[i].quiet_run)
			CHECK(told_is_news(t, story[i].job, story[i].text, last_run) ==
			              story[i].news,
			      "%s", story[i].what);
		last_run = story[i].now;
		free(file);
		file = told_text(t, !story[i].lost);
		told_free(t);
	}
}

/* Twice in one run, it is two lines that both are news; once written. */
static void twice_in_one_run(void **state)
{
	struct told *t = told_parse("", 0, DAY, HOUR);

	(void)state;
	CHECK(told_is_news(t, "web", "no", 0) && told_is_news(t, "web", "no", 0), "both are told");
	AUTO_FREE char *file = told_text(t, true);
	told_free(t);
	t = told_parse(file, strlen(file), DAY, 2 * HOUR);
	CHECK(!told_is_news(t, "web", "no", HOUR), "and known");
	AUTO_FREE char *again = told_text(t, true);
	CHECK(strchr(again, '\n') != NULL && strchr(again, '\n')[1] == '\0', "in one line: %s",
	      again);
	told_free(t);
}

static void what_is_no_record(void **state)
{
	static const char *const rows[] = { "",
		                            "\n\n",
		                            "xyz",
		                            "0123456789abcdef0123456789abcdef 1",
		                            "0123456789abcdef0123456789abcdef x y\n",
		                            "0123456789abcdef0123456789abcdef -1 5\n",
		                            "0123456789abcdef0123456789abcdef 0 0\n" };

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct told *t = told_parse(rows[i], strlen(rows[i]), DAY, HOUR);
		AUTO_FREE char *text = told_text(t, true);
		CHECK(*text == '\0', "row %zu is taken for something: %s", i, text);
		told_free(t);
	}
}

static void in_a_file(void **state)
{
	char *dir = scratch_make();

	(void)state;
	for (int run = 1; run <= 2; run++) {
		struct told *t = told_new(dir, DAY, run * HOUR);
		CHECK(told_is_news(t, "web", "no", run == 1 ? 0 : HOUR) == (run == 1), "run %d",
		      run);
		told_save(t, dir, true);
		told_free(t);
	}
	struct told *t = told_new(NULL, DAY, HOUR);
	CHECK(told_is_news(t, "web", "no", 0), "without a directory everything is news");
	told_free(t);
	scratch_remove(dir);
}

/* What a run that was killed has left beside it goes with the next save; what is another file's
 * stays. */
static void what_a_killed_run_left_goes(void **state)
{
	char *dir = scratch_make(), tag[FS_TAG_MAX];
	AUTO_TARGET struct fs_target at = { .dir = -1 };
	const struct fs_attr attr = { .mode = 0600, .uid = -1, .gid = -1 };
	struct err e = ERR_INIT;
	AUTO_FREE char *path = mem_fmt("%s/told", dir);

	(void)state;
	CHECK(fs_target_open(path, FS_WAY_HERE, &at, &e), "%s", e.text);
	fs_tag(&attr, &at, tag);
	AUTO_FREE char *left = mem_fmt("%s/.acrotate.%s.0123456789abcdef", dir, tag);
	AUTO_FREE char *other = mem_fmt("%s/.acrotate.0123456789abcdef.new", dir);
	file_put(left, "half");
	file_put(other, "another's");
	struct told *t = told_new(dir, DAY, HOUR);
	told_save(t, dir, true);
	CHECK(access(left, F_OK) == 0, "nothing was to be saved");
	(void)told_is_news(t, "web", "no permission", 0);
	told_save(t, dir, true);
	CHECK(access(left, F_OK) != 0 && access(path, F_OK) == 0, "it is still there");
	CHECK(access(other, F_OK) == 0, "another file's is gone");
	told_free(t);
	scratch_remove(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(a_story),
		                            cmocka_unit_test(twice_in_one_run),
		                            cmocka_unit_test(what_is_no_record),
		                            cmocka_unit_test(in_a_file),
		                            cmocka_unit_test(what_a_killed_run_left_goes) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
