/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/json.h"
#include "base/log.h"
#include "check.h"

/* Runs fn with stderr in a file and returns what came there; the caller frees. */
static char *captured(void (*fn)(void), enum log_level max, enum log_format format, bool journal)
{
	char *dir = scratch_make(), path[4200];
	(void)snprintf(path, sizeof(path), "%s/log", dir);
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600), kept = dup(STDERR_FILENO);
	assert_true(fd >= 0 && kept >= 0);
	scratch_remove(dir);
	assert_true(dup2(fd, STDERR_FILENO) >= 0);
	struct stat st;
	assert_int_equal(fstat(fd, &st), 0);
	if (journal) {
		char stream[64];
		(void)snprintf(stream, sizeof(stream), "%ju:%ju", (uintmax_t)st.st_dev,
		               (uintmax_t)st.st_ino);
		assert_int_equal(setenv("JOURNAL_STREAM", stream, 1), 0);
	}
	log_setup(max, format);
	fn();
	(void)unsetenv("JOURNAL_STREAM");
	assert_true(dup2(kept, STDERR_FILENO) >= 0);
	(void)close(kept);
	static char text[1 << 20];
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);
	assert_true(n >= 0);
	text[n] = '\0';
	(void)close(fd);
	return text;
}

static void one_of_each(void)
{
	log_msg(LEVEL_ERROR, NULL, "cannot %s", "a");
	log_msg(LEVEL_WARN, "web", "beware");
	log_msg(LEVEL_NOTICE, "web", "done");
	log_msg(LEVEL_INFO, "web", "by the way");
	log_msg(LEVEL_DEBUG, "web", "detail");
	struct err e = ERR_INIT;
	(void)err_set(&e, ERR_LOCAL, "disk");
	log_err("web", &e);
}

static void levels_above_the_maximum_are_dropped(void **state)
{
	(void)state;
	static const struct {
		enum log_level max;
		size_t lines;
	} row[] = {
		{ LEVEL_ERROR, 2 }, { LEVEL_WARN, 3 },  { LEVEL_NOTICE, 4 },
		{ LEVEL_INFO, 5 },  { LEVEL_DEBUG, 6 },
	};
	for (size_t i = 0; i < COUNT(row); i++) {
		const char *text = captured(one_of_each, row[i].max, LOG_TEXT, false);
		size_t lines = 0;
		for (const char *p = text; (p = strchr(p, '\n')) != NULL; p++)
			lines++;
		CHECK(lines == row[i].lines, "maximum %d: %s", row[i].max, text);
		CHECK(log_max() == row[i].max, "maximum %d", row[i].max);
	}
}

static void text_lines_name_the_job(void **state)
{
	(void)state;
	assert_string_equal(
		captured(one_of_each, LEVEL_WARN, LOG_TEXT, false),
		"acrotate: cannot a\nacrotate: warning: web: beware\nacrotate: web: disk\n");
}

static void under_systemd_lines_carry_a_priority(void **state)
{
	(void)state;
	assert_string_equal(
		captured(one_of_each, LEVEL_NOTICE, LOG_TEXT, true),
		"<3>acrotate: cannot a\n<4>acrotate: warning: web: beware\n<5>acrotate: web: done\n"
		"<3>acrotate: web: disk\n");
}

/* Set by a unit whose stderr was redirected since: not ours, no prefix. */
static void another_streams_journal_is_not_ours(void **state)
{
	(void)state;
	assert_int_equal(setenv("JOURNAL_STREAM", "1:1", 1), 0);
	const char *text = captured(one_of_each, LEVEL_ERROR, LOG_TEXT, false);
	assert_string_equal(text, "acrotate: cannot a\nacrotate: web: disk\n");
}

static void awkward(void)
{
	log_msg(LEVEL_ERROR, "we\"b\x9b",
	        "a \"quoted\" back\\slash\nand a second line\x1b[31m\xc2\x9b"
	        "1m\xe2\x80\xae");
}

static void json_lines_are_json(void **state)
{
	(void)state;
	const char *text = captured(awkward, LEVEL_ERROR, LOG_JSON, false);
	AUTO_JSON struct json *j = NULL;
	struct err e = ERR_INIT;
	CHECK(json_parse(text, strlen(text), &j, &e), "%s: %s", text, e.text);
	assert_string_equal(json_str(j, "level"), "error");
	assert_string_equal(json_str(j, "job"), "we\"b\xef\xbf\xbd");
	assert_string_equal(json_str(j, "message"),
	                    "a \"quoted\" back\\slash and a second line [31m 1m?");
	assert_int_equal(strlen(json_str(j, "time")), 20);
}

static void what_drives_a_terminal_is_taken_out(void **state)
{
	(void)state;
	const char *text = captured(awkward, LEVEL_ERROR, LOG_TEXT, false);
	assert_string_equal(
		text, "acrotate: we\"b?: a \"quoted\" back\\slash and a second line [31m 1m?\n");
}

static void very_long(void)
{
	static char text[20000];
	memset(text, '\\', sizeof(text) - 1);
	log_msg(LEVEL_ERROR, "web", "%s", text);
}

static void long_messages_are_cut_but_end_their_line(void **state)
{
	(void)state;
	for (int format = LOG_TEXT; format <= LOG_JSON; format++) {
		const char *text = captured(very_long, LEVEL_ERROR, (enum log_format)format, false);
		size_t n = strlen(text);
		CHECK(n > 1000 && n < 20000 && text[n - 1] == '\n', "format %d: %zu bytes", format,
		      n);
		CHECK(strchr(text, '\n') == text + n - 1, "format %d", format);
	}
}

static void *chatter(void *arg)
{
	for (int i = 0; i < 200; i++)
		log_msg(LEVEL_ERROR, arg, "%s %s %s %s", (char *)arg, (char *)arg, (char *)arg,
		        (char *)arg);
	return NULL;
}

static void four_threads(void)
{
	static char name[4][4] = { "aaa", "bbb", "ccc", "ddd" };
	pthread_t t[4];
	for (size_t i = 0; i < 4; i++)
		if (pthread_create(&t[i], NULL, chatter, name[i]) != 0)
			abort();
	for (size_t i = 0; i < 4; i++)
		(void)pthread_join(t[i], NULL);
}

static void lines_of_threads_do_not_mix(void **state)
{
	(void)state;
	char *text = captured(four_threads, LEVEL_ERROR, LOG_TEXT, false), *rest = NULL;
	size_t lines = 0;
	for (char *line = strtok_r(text, "\n", &rest); line != NULL;
	     line = strtok_r(NULL, "\n", &rest), lines++) {
		char want[64], c = line[10];
		(void)snprintf(want, sizeof(want), "acrotate: %c%c%c: %c%c%c %c%c%c %c%c%c %c%c%c",
		               c, c, c, c, c, c, c, c, c, c, c, c, c, c, c);
		CHECK_TEXT(line, want, "line %zu", lines);
	}
	assert_int_equal(lines, 800);
}

static void note_for_the_journal(void)
{
	log_journal(LEVEL_NOTICE, "web", "rotated %s", "password2");
}

/* Whatever the level; and it does not land on stderr, which cron mails, unless that is the
 * journal. */
static void journal_lines_go_to_the_journal(void **state)
{
	(void)state;
	assert_string_equal(captured(note_for_the_journal, LEVEL_ERROR, LOG_TEXT, true),
	                    "<5>acrotate: web: rotated password2\n");
	assert_string_equal(captured(note_for_the_journal, LEVEL_DEBUG, LOG_TEXT, false), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(levels_above_the_maximum_are_dropped),
		cmocka_unit_test(text_lines_name_the_job),
		cmocka_unit_test(under_systemd_lines_carry_a_priority),
		cmocka_unit_test(another_streams_journal_is_not_ours),
		cmocka_unit_test(json_lines_are_json),
		cmocka_unit_test(what_drives_a_terminal_is_taken_out),
		cmocka_unit_test(long_messages_are_cut_but_end_their_line),
		cmocka_unit_test(lines_of_threads_do_not_mix),
		cmocka_unit_test(journal_lines_go_to_the_journal),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
