/* SPDX-License-Identifier: MIT */
#include "check.h"

#include <errno.h>
#include <signal.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/process.h"

static bool shell(const char *script, const char *input, bool with_errors, int64_t timeout_ms, struct buf *out,
                  struct process_end *end, struct err *e)
{
	char *argv[] = { (char[]){ "/bin/sh" }, (char[]){ "-c" }, strdup(script), NULL };
	const char *const extra[] = { "GREETING=hello", "HOME=/elsewhere", NULL };
	AUTO_BUF struct buf in = BUF_INIT(10000);

	if (input != NULL)
		buf_str(&in, input);
	const struct process p = { .argv = argv, .extra = extra, .input = input != NULL ? &in : NULL, .with_errors = with_errors,
	                           .timeout_ms = timeout_ms };
	bool ok = process_run(&p, out, end, e);
	free(argv[2]);
	return ok;
}

static const struct row { const char *script, *input; bool with_errors; int status; const char *want; } rows[] = {
	{ "echo x", NULL, false, 0, "x\n" },
	{ "cat", "in\nput", false, 0, "in\nput" },
	{ "cat /dev/stdin", "in", false, 0, "in" },
	{ "cat", NULL, false, 0, "" },
	{ "exit 0", "nobody reads this", false, 0, "" },
	{ "echo o; echo e >&2; exit 3", NULL, false, 3, "o\n" },
	{ "echo o; echo e >&2; exit 3", NULL, true, 3, "o\ne\n" },
	{ "echo $GREETING $HOME $AZURE_CLIENT_SECRET.", NULL, false, 0, "hello /elsewhere .\n" },
	/* Descriptors of ours: the directory listing has its own one open. */
	{ "for f in /proc/self/fd/*; do [ \"${f##*/}\" -le 2 ] || [ ! -e \"$f\" ] || echo \"$f\"; done", NULL, false, 0, "" },
	{ "trap '' PIPE; exec >&-; sleep 0.1; exit 4", NULL, false, 4, "" },
	/* What goes on in the background, with the pipe open, is not waited for. */
	{ "sleep 5 & echo done", NULL, false, 0, "done\n" },
};

static void runs(void **state)
{
	(void)state;
	assert_int_equal(setenv("AZURE_CLIENT_SECRET", "hush", 1), 0);
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct row *r = &rows[i];
		AUTO_BUF struct buf out = BUF_INIT(1000);
		struct process_end end = { .in_time = false };
		struct err e = ERR_INIT;
		CHECK(shell(r->script, r->input, r->with_errors, 20000, &out, &end, &e), "'%s': %s", r->script, e.text);
		CHECK(end.in_time && WIFEXITED(end.status) && WEXITSTATUS(end.status) == r->status, "'%s': %x", r->script, end.status);
		CHECK_TEXT(buf_cstr(&out), r->want, "'%s'", r->script);
	}
}

static void is_ended_with_all_it_started(void **state)
{
	AUTO_BUF struct buf out = BUF_INIT(1000);
	struct process_end end = { .in_time = true };
	struct err e = ERR_INIT;

	(void)state;
	assert_true(shell("sleep 100 & echo $!; wait", NULL, false, 200, &out, &end, &e));
	assert_false(end.in_time);
	pid_t child = (pid_t)atol(buf_cstr(&out));
	assert_true(child > 1);
	/* Gone, or (where nobody reaps orphans) dead. */
	for (int i = 0; i < 100 && kill(child, 0) == 0; i++) {
		char path[64], text[256] = "";
		(void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)child);
		FILE *f = fopen(path, "re");
		if (f == NULL || fgets(text, sizeof(text), f) == NULL || strstr(text, ") Z") != NULL) {
			if (f != NULL)
				(void)fclose(f);
			return;
		}
		(void)fclose(f);
		(void)usleep(10000);
	}
	assert_int_equal(kill(child, 0), -1);
}

static void one_that_ignores_sigterm_is_killed(void **state)
{
	AUTO_BUF struct buf out = BUF_INIT(1000);
	struct process_end end = { .in_time = true };
	struct err e = ERR_INIT;

	(void)state;
	assert_true(shell("trap '' TERM; while :; do sleep 0.1; done", NULL, false, 100, &out, &end, &e));
	assert_false(end.in_time);
	assert_true(WIFSIGNALED(end.status) && WTERMSIG(end.status) == SIGKILL);
}

static void much_output_blocks_nobody(void **state)
{
	AUTO_BUF struct buf out = BUF_INIT(1000);
	struct process_end end = { .in_time = false };
	struct err e = ERR_INIT;

	(void)state;
	assert_true(shell("head -c 1000000 /dev/zero; exit 5", NULL, false, 20000, &out, &end, &e));
	assert_true(end.in_time && WEXITSTATUS(end.status) == 5);
	assert_false(buf_ok(&out));
}

static void cannot_start(void **state)
{
	char *argv[] = { (char[]){ "/nonexistent/x" }, NULL };
	AUTO_BUF struct buf out = BUF_INIT(100), in = BUF_INIT(PROCESS_INPUT_MAX + 1);
	struct process p = { .argv = argv, .timeout_ms = 100 };
	struct process_end end;
	struct err e = ERR_INIT;

	(void)state;
	assert_false(process_run(&p, &out, &end, &e));
	assert_int_equal(e.kind, ERR_LOCAL);
	assert_non_null(strstr(e.text, "/nonexistent/x"));
	while (in.len <= PROCESS_INPUT_MAX)
		buf_char(&in, 'x');
	p.input = &in;
	assert_false(process_run(&p, &out, &end, &e));
	assert_non_null(strstr(e.text, "longer than"));
}

static void finds_programs(void **state)
{
	char *dir = scratch_make(), file[4200], path[5000], *found = NULL;
	struct err e = ERR_INIT;

	(void)state;
	(void)snprintf(file, sizeof(file), "%s/tool", dir);
	(void)snprintf(path, sizeof(path), ":relative:/nonexistent:%s:/bin", dir);
	assert_int_equal(setenv("PATH", path, 1), 0);
	FILE *f = fopen(file, "we");
	assert_non_null(f);
	(void)fclose(f);
	assert_false(process_find("tool", &found, &e));
	assert_int_equal(e.kind, ERR_CONFIG);
	assert_false(process_find(file, &found, &e));
	assert_int_equal(chmod(file, 0700), 0);
	assert_true(process_find("tool", &found, &e));
	assert_string_equal(found, file);
	free(found);
	assert_true(process_find(file, &found, &e));
	free(found);
	assert_false(process_find("./tool", &found, &e));
	assert_false(process_find(dir, &found, &e));
	scratch_remove(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(runs), cmocka_unit_test(is_ended_with_all_it_started),
		cmocka_unit_test(one_that_ignores_sigterm_is_killed), cmocka_unit_test(much_output_blocks_nobody),
		cmocka_unit_test(cannot_start), cmocka_unit_test(finds_programs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
