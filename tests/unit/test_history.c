/* SPDX-License-Identifier: MIT */
#include "rotate/history.h"

#include "base/mem.h"
#include "base/str.h"
#include "check.h"

#define EVENT "2026-01-01T00:00:00Z 2026-01-01T00:00:00Z 1 rotate password1 0 0 "

static void what_was_added_is_read(void **state)
{
	static const struct {
		struct history_event e;
		const char *line;
	} rows[] = {
		{ { .what = HISTORY_BOOTSTRAP,
		    .first = 1767225600,
		    .slot = 1,
		    .accepted_after_ms = 3210,
		    .text = "no sink holds a living password" },
		  "2026-01-01T00:00:00Z 2026-01-01T00:00:00Z 1 bootstrap password1 3210 0 no sink "
		  "holds a living password\n" },
		{ { .what = HISTORY_REFUSE,
		    .first = 1767225600,
		    .slot = 2,
		    .status = 65,
		    .text = "two\nlines\x7f" },
		  "2026-01-01T00:00:00Z 2026-01-01T00:00:00Z 1 refuse password2 0 65 two lines "
		  "\n" },
		{ { .what = HISTORY_ADOPT, .first = 1767225600, .text = "" },
		  "2026-01-01T00:00:00Z 2026-01-01T00:00:00Z 1 adopt - 0 0 \n" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO_FREE char *lines = NULL;
		struct history_event got;
		history_add(&lines, &rows[i].e);
		CHECK(strcmp(lines, rows[i].line) == 0, "row %zu: %s", i, lines);
		CHECK(history_parse(lines, &got), "row %zu cannot be read", i);
		CHECK(got.what == rows[i].e.what && got.slot == rows[i].e.slot &&
		              got.status == rows[i].e.status &&
		              got.accepted_after_ms == rows[i].e.accepted_after_ms &&
		              got.count == 1,
		      "row %zu is read as something else", i);
		history_event_clear(&got);
	}
}

/* The same failure is one event, with its first and last time; anything between makes it two. */
static void failures_go_on(void **state)
{
	AUTO_FREE char *lines = NULL;
	struct history_event got, fail = { .what = HISTORY_FAIL, .status = 75, .text = "at 10:00" };

	(void)state;
	for (int i = 1; i <= 3; i++) {
		fail.first = i * 3600;
		history_add(&lines, &fail);
	}
	assert_int_equal(history_count(lines), 1);
	assert_true(history_parse(lines, &got));
	CHECK(got.first == 3600 && got.last == 3 * 3600 && got.count == 3, "%s", lines);
	history_event_clear(&got);
	fail.status = 77;
	history_add(&lines, &fail);
	assert_int_equal(history_count(lines), 2);
	history_add(&lines, &(struct history_event){ .what = HISTORY_ROTATE,
	                                             .first = 5 * 3600,
	                                             .slot = 1,
	                                             .text = "it is due" });
	history_add(&lines, &(struct history_event){ .what = HISTORY_ROTATE,
	                                             .first = 6 * 3600,
	                                             .slot = 1,
	                                             .text = "it is due" });
	CHECK(history_count(lines) == 4, "what is well is never one with what was before: %s",
	      lines);
}

static void no_more_than_the_newest(void **state)
{
	AUTO_FREE char *lines = NULL;
	struct history_event got;

	(void)state;
	for (int i = 1; i <= 3 * HISTORY_MAX; i++)
		history_add(&lines, &(struct history_event){ .what = HISTORY_ROTATE,
		                                             .first = i,
		                                             .slot = 1 + i % 2,
		                                             .text = "it is due" });
	assert_int_equal(history_count(lines), HISTORY_MAX);
	assert_true(history_parse(lines, &got));
	assert_int_equal(got.first, 2 * HISTORY_MAX + 1);
	history_event_clear(&got);
}

/* Of a file that was cut off at its end. */
static void the_last_line_has_no_end(void **state)
{
	AUTO_FREE char *lines = mem_dup(EVENT "it is due");

	(void)state;
	history_add(&lines, &(struct history_event){
				    .what = HISTORY_HEAL, .first = 1767225600, .text = "x" });
	assert_int_equal(history_count(lines), 2);
}

static void a_long_text_is_cut_between_words(void **state)
{
	AUTO_FREE char *lines = NULL;
	char text[3 * HISTORY_TEXT_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = i % 9 == 8 ? ' ' : 'x';
	text[sizeof(text) - 1] = '\0';
	history_add(&lines, &(struct history_event){
				    .what = HISTORY_FAIL, .first = 1, .status = 74, .text = text });
	CHECK(strlen(lines) < HISTORY_TEXT_MAX + 128 && strstr(lines, "xxxxxxxx ...\n") != NULL,
	      "%s", lines);
}

/* A record may be another's work: shared, copied, put where adopt finds it. */
static void a_text_may_be_shown(void **state)
{
	static const struct {
		const char *text, *want;
	} rows[] = {
		{ "it is due", "it is due" },
		{ "a\x1b]0;x\x07"
		  "b",
		  "a ]0;x b" },
		{ "a\xc2\x9b"
		  "1mb\r",
		  "a 1mb " },
		{ "a\xe2\x80\xae-\xff", "a?-?" },
		{ "n\xc3\xa4h", "n\xc3\xa4h" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO_FREE char *line = mem_fmt(EVENT "%s\n", rows[i].text);
		struct history_event got;
		CHECK(history_parse(line, &got), "row %zu cannot be read", i);
		CHECK_TEXT(got.text, rows[i].want, "row %zu", i);
		history_event_clear(&got);
	}
}

/* As it is called in the file, in the manual and in what `history` prints. */
static void what_an_event_is_called(void **state)
{
	(void)state;
	assert_string_equal(history_name(HISTORY_BOOTSTRAP), "bootstrap");
	for (int i = 0; i < HISTORY__COUNT; i++) {
		AUTO_FREE char *line = mem_fmt("2026-01-01T00:00:00Z 2026-01-01T00:00:00Z 1 %s - 0 "
		                               "0 x",
		                               history_name((enum history_what)i));
		struct history_event got;
		CHECK(history_parse(line, &got) && got.what == (enum history_what)i, "%s", line);
		history_event_clear(&got);
	}
}

static void what_is_no_event(void **state)
{
	static const char *const rows[] = {
		"",
		"\n",
		"2026-01-01T00:00:00Z",
		"2026-01-01T00:00:00Z 2026-01-01T00:00:00Z 1 dance - 0 0 x",
		"2026-01-01T00:00:00Z 2026-01-01T00:00:00Z 0 rotate - 0 0 x",
		"2026-01-01T00:00:00Z 2026-01-01T00:00:00Z 1 rotate password3 0 0 x",
		"2026-01-01T00:00:00Z 2026-01-01T00:00:00Z 1 rotate password1 0 256 x",
		"now then 1 rotate password1 0 0 x",
		"2026-01-01T00:00:00Z then 1 rotate password1 0 0 x",
		"2026-01-01T00:00:00Z 2026-01-01T00:00:00Z 1 rotate password1 soon 0 x",
	};
	AUTO_FREE char *longest = mem_fmt("%s%0*d", EVENT, HISTORY_TEXT_MAX + 256, 0);

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct history_event got;
		CHECK(!history_parse(rows[i], &got), "row %zu passes", i);
	}
	struct history_event got;
	CHECK(!history_parse(longest, &got), "one that is too long");
	longest[HISTORY_TEXT_MAX + 256] = '\0';
	CHECK(history_parse(longest, &got), "one that is just not");
	history_event_clear(&got);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_added_is_read),
		cmocka_unit_test(failures_go_on),
		cmocka_unit_test(no_more_than_the_newest),
		cmocka_unit_test(the_last_line_has_no_end),
		cmocka_unit_test(a_long_text_is_cut_between_words),
		cmocka_unit_test(a_text_may_be_shown),
		cmocka_unit_test(what_an_event_is_called),
		cmocka_unit_test(what_is_no_event),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
