/* SPDX-License-Identifier: MIT */
#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/process.h"
#include "base/spawner.h"
#include "base/stop.h"

static bool shell(const char *script, const char *input, bool with_errors, int64_t timeout_ms,
                  struct buf *out, struct process_end *end, struct err *e)
{
	char *argv[] = { (char[]){ "/bin/sh" }, (char[]){ "-c" }, strdup(script), NULL };
	const char *const extra[] = { "ACROTATE_GREETING=hello", "ACROTATE_HOME=/elsewhere", NULL };
	AUTO_BUF struct buf in = BUF_INIT(10000);

	if (input != NULL)
		buf_str(&in, input);
	const struct process p = { .argv = argv,
		                   .extra = extra,
		                   .input = input != NULL ? &in : NULL,
		                   .with_errors = with_errors,
		                   .timeout_ms = timeout_ms };
	bool ok = process_run(&p, out, end, e);
	free(argv[2]);
	return ok;
}

/* clang-format off */
static const struct row { const char *script, *input; bool with_errors; int status; const char *want; } rows[] = {
	{ "echo x", NULL, false, 0, "x\n" },
	{ "cat", "in\nput", false, 0, "in\nput" },
	{ "cat /dev/stdin", "in", false, 0, "in" },
	{ "cat", NULL, false, 0, "" },
	{ "exit 0", "nobody reads this", false, 0, "" },
	{ "echo o; echo e >&2; exit 3", NULL, false, 3, "o\n" },
	{ "echo o; echo e >&2; exit 3", NULL, true, 3, "o\ne\n" },
	{ "echo $ACROTATE_GREETING $ACROTATE_HOME $AZURE_CLIENT_SECRET.", NULL, false, 0,
	  "hello /elsewhere .\n" },
	/* Descriptors of ours: the directory listing has its own one open. */
	{ "for f in /proc/self/fd/*; do [ \"${f##*/}\" -le 2 ] || [ ! -e \"$f\" ] || echo "
	  "\"$f\"; done", NULL, false, 0, "" },
	{ "trap '' PIPE; exec >&-; sleep 0.1; exit 4", NULL, false, 4, "" },
	/* What goes on in the background, with the pipe open, is not waited for. */
	{ "sleep 5 & echo done", NULL, false, 0, "done\n" },
};
/* clang-format on */

static void runs(void **state)
{
	(void)state;
	assert_int_equal(setenv("AZURE_CLIENT_SECRET", "hush", 1), 0);
	assert_int_equal(setenv("ACROTATE_HOME", "/here", 1), 0);
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct row *r = &rows[i];
		AUTO_BUF struct buf out = BUF_INIT(1000);
		struct process_end end = { .in_time = false };
		struct err e = ERR_INIT;
		CHECK(shell(r->script, r->input, r->with_errors, 20000, &out, &end, &e), "'%s': %s",
		      r->script, e.text);
		CHECK(end.in_time && WIFEXITED(end.status) && WEXITSTATUS(end.status) == r->status,
		      "'%s': %x", r->script, end.status);
		CHECK_TEXT(buf_cstr(&out), r->want, "'%s'", r->script);
	}
}

/* Whatever this program was given by its environment goes no further. */
static void secrets_are_withheld(void **state)
{
	static const char *const names[] = {
		"AZURE_CLIENT_SECRET", "AZURE_CLIENT_CERTIFICATE_PASSWORD",
		"AZURE_PASSWORD",      "IDENTITY_HEADER",
		"MSI_SECRET",          "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
		"SYSTEM_ACCESSTOKEN"
	};
	AUTO_BUF struct buf out = BUF_INIT(100000);
	struct process_end end = { .in_time = false };
	struct err e = ERR_INIT;

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++)
		assert_int_equal(setenv(names[i], "hush", 1), 0);
	assert_true(shell("env", NULL, false, 20000, &out, &end, &e));
	for (size_t i = 0; i < COUNT(names); i++) {
		AUTO_FREE char *variable = mem_fmt("%s=", names[i]);
		CHECK(strstr(buf_cstr(&out), variable) == NULL, "%s", names[i]);
		(void)unsetenv(names[i]);
	}
	assert_non_null(strstr(buf_cstr(&out), "PATH="));
}

#define STACK_BYTES 65536

/* Below this function's own: what earlier calls have left there. By the kernel, which no sanitizer
 * minds. */
static bool stack_has(const char *text)
{
	AUTO_FREE char *copy = mem_new(STACK_BYTES);
	int mem = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
	char here;
	ssize_t n = pread(mem, copy, STACK_BYTES, (off_t)(uintptr_t)&here - STACK_BYTES);

	(void)close(mem);
	assert_true(n > STACK_BYTES / 2);
	return memmem(copy, (size_t)n, text, strlen(text)) != NULL;
}

/* Its pipe stays open, so that no further read would use the same place. */
static void what_passed_through_is_wiped(void **state)
{
	AUTO_BUF struct buf out = BUF_INIT(1000);
	struct process_end end = { .in_time = false };
	struct err e = ERR_INIT;

	(void)state;
	assert_true(shell("sleep 3 & printf '%s-%s-%s' a-password that-went through", NULL, false,
	                  20000, &out, &end, &e));
	assert_string_equal(buf_cstr(&out), "a-password-that-went-through");
	assert_false(stack_has("a-password-that-went-through"));
}

static void on_alarm(int signal)
{
	(void)signal;
	stop_now();
}

/* What hangs is ended when this process shall end, not at its own deadline; a child of its own
 * makes the signal here. */
static void ends_when_this_process_shall(void **state)
{
	int status = -1;

	(void)state;
	pid_t child = fork();
	if (child == 0) {
		AUTO_BUF struct buf out = BUF_INIT(1000);
		struct process_end end = { .in_time = true };
		struct err e = ERR_INIT;
		stop_setup();
		(void)signal(SIGALRM, on_alarm);
		(void)alarm(1);
		bool ok = shell("trap '' TERM; sleep 600 & while :; do sleep 0.1; done", NULL,
		                false, 300000, &out, &end, &e);
		_exit(!ok && e.kind == ERR_TRANSIENT &&
		                      strstr(e.text, "was ended, as this run is") != NULL &&
		                      stop_wanted()
		              ? 0
		              : 1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
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
		if (f == NULL || fgets(text, sizeof(text), f) == NULL ||
		    strstr(text, ") Z") != NULL) {
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
	assert_true(shell("trap '' TERM; while :; do sleep 0.1; done", NULL, false, 100, &out, &end,
	                  &e));
	assert_false(end.in_time);
	assert_true(WIFSIGNALED(end.status) && WTERMSIG(end.status) == SIGKILL);
}

static void much_output_blocks_nobody(void **state)
{
	AUTO_BUF struct buf out = BUF_INIT(1000);
	struct process_end end = { .in_time = false };
	struct err e = ERR_INIT;

	(void)state;
	assert_true(shell("head -c 1000000 /dev/zero | tr '\\0' z; exit 5", NULL, false, 20000,
	                  &out, &end, &e));
	assert_true(end.in_time && WEXITSTATUS(end.status) == 5);
	assert_false(buf_ok(&out));
	assert_int_equal(strspn(buf_cstr(&out), "z"), 1000); /* as much of it as fits is kept */
}

/* Whoever writes without a pause, with the pipe of one that has ended: it is not that one, and
 * ends of the pipe's end. */
static void a_noisy_background_is_not_waited_for(void **state)
{
	AUTO_BUF struct buf out = BUF_INIT(1000);
	struct process_end end = { .in_time = false };
	struct err e = ERR_INIT;

	(void)state;
	assert_true(shell("echo said; while :; do echo noise; done & exit 5", NULL, false, 60000,
	                  &out, &end, &e));
	assert_true(end.in_time && WIFEXITED(end.status) && WEXITSTATUS(end.status) == 5);
	assert_true(strncmp(buf_cstr(&out), "said\n", 5) == 0);
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

/* ---- the same through a spawner -------------------------------------------------------------- */

static int with_spawner(void **state)
{
	struct spawner_rules rules = { .n = 0 };
	struct err e = ERR_INIT;

	(void)state;
	(void)setenv("AZURE_CLIENT_SECRET", "hush", 1);
	spawner_allow(&rules, (char *[]){ (char[]){ "/bin/sh" }, (char[]){ "-c" }, NULL }, true);
	spawner_allow(&rules, (char *[]){ (char[]){ "/nonexistent/x" }, NULL }, false);
	bool ok = spawner_start(&rules, &e);
	spawner_rules_clear(&rules);
	return ok ? 0 : -1;
}

static int without_spawner(void **state)
{
	(void)state;
	spawner_stop();
	return spawner_runs() ? -1 : 0;
}

#define THREADS 8
#define TIMES   20

static void *many_times(void *arg)
{
	int *good = arg, id = *good;

	*good = 0;
	for (int i = 0; i < TIMES; i++) {
		AUTO_BUF struct buf out = BUF_INIT(1000);
		struct process_end end = { .in_time = false };
		struct err e = ERR_INIT;
		char input[32], want[sizeof(input) + 1];
		(void)snprintf(input, sizeof(input), "%d-%d", id, i);
		(void)snprintf(want, sizeof(want), "%s.", input);
		*good += shell("cat; printf .; exit 7", input, true, 60000, &out, &end, &e) &&
		         end.in_time && WEXITSTATUS(end.status) == 7 &&
		         strcmp(buf_cstr(&out), want) == 0;
	}
	return NULL;
}

static void threads_get_their_own(void **state)
{
	pthread_t t[THREADS];
	int good[THREADS];

	(void)state;
	for (int i = 0; i < THREADS; i++) {
		good[i] = i;
		assert_int_equal(pthread_create(&t[i], NULL, many_times, &good[i]), 0);
	}
	for (int i = 0; i < THREADS; i++) {
		assert_int_equal(pthread_join(t[i], NULL), 0);
		assert_int_equal(good[i], TIMES);
	}
}

static void a_signal_to_all_does_not_end_it(void **state)
{
	AUTO_BUF struct buf out = BUF_INIT(1000);
	struct process_end end = { .in_time = false };
	struct err e = ERR_INIT;

	(void)state;
	assert_true(shell("kill -TERM $PPID; kill -INT $PPID; kill -HUP $PPID; echo on", NULL,
	                  false, 20000, &out, &end, &e));
	assert_true(shell("echo and on", NULL, false, 20000, &out, &end, &e));
	assert_string_equal(buf_cstr(&out), "on\nand on\n");
}

static void its_death_is_noticed(void **state)
{
	AUTO_BUF struct buf out = BUF_INIT(1000);
	struct process_end end = { .in_time = false };
	struct err e = ERR_INIT;

	(void)state;
	assert_false(shell("kill -KILL $PPID; exit 0", NULL, false, 20000, &out, &end, &e));
	assert_int_equal(e.kind, ERR_LOCAL);
	/* Before or after it could say that the program was started. */
	CHECK(strstr(e.text, "was killed") != NULL || strstr(e.text, "Broken pipe") != NULL, "%s",
	      e.text);
	assert_false(shell("exit 0", NULL, false, 20000, &out, &end, &e));
	assert_non_null(strstr(e.text, "Broken pipe"));
}

static bool is_gone(pid_t pid)
{
	char path[64], text[512] = "";

	(void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	FILE *f = fopen(path, "re");
	if (f == NULL)
		return true;
	bool dead = fgets(text, sizeof(text), f) == NULL || strstr(text, ") Z") != NULL;
	(void)fclose(f);
	return dead;
}

static void it_ends_with_its_parent(void **state)
{
	int told[2], status;
	pid_t spawner = 0;

	(void)state;
	assert_int_equal(pipe(told), 0);
	pid_t parent = fork();
	if (parent == 0) {
		AUTO_BUF struct buf out = BUF_INIT(1000);
		struct process_end end = { .in_time = false };
		struct err e = ERR_INIT;
		if (with_spawner(NULL) != 0 ||
		    !shell("echo $PPID", NULL, false, 20000, &out, &end, &e))
			_exit(1);
		spawner = (pid_t)atol(buf_cstr(&out));
		(void)!write(told[1], &spawner, sizeof(spawner));
		(void)pause();
	}
	assert_int_equal(read(told[0], &spawner, sizeof(spawner)), sizeof(spawner));
	assert_true(spawner > 1);
	assert_false(is_gone(spawner));
	assert_int_equal(kill(parent, SIGKILL), 0);
	assert_int_equal(waitpid(parent, &status, 0), parent);
	for (int i = 0; i < 1000 && !is_gone(spawner); i++)
		(void)usleep(10000);
	assert_true(is_gone(spawner));
	(void)close(told[0]);
	(void)close(told[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(runs),
		cmocka_unit_test(secrets_are_withheld),
		cmocka_unit_test(what_passed_through_is_wiped),
		cmocka_unit_test(ends_when_this_process_shall),
		cmocka_unit_test(is_ended_with_all_it_started),
		cmocka_unit_test(one_that_ignores_sigterm_is_killed),
		cmocka_unit_test(much_output_blocks_nobody),
		cmocka_unit_test(a_noisy_background_is_not_waited_for),
		cmocka_unit_test(cannot_start),
#define THROUGH_SPAWNER(f) cmocka_unit_test_setup_teardown(f, with_spawner, without_spawner)
		THROUGH_SPAWNER(runs),
		THROUGH_SPAWNER(is_ended_with_all_it_started),
		THROUGH_SPAWNER(one_that_ignores_sigterm_is_killed),
		THROUGH_SPAWNER(much_output_blocks_nobody),
		THROUGH_SPAWNER(a_noisy_background_is_not_waited_for),
		THROUGH_SPAWNER(cannot_start),
		THROUGH_SPAWNER(threads_get_their_own),
		THROUGH_SPAWNER(a_signal_to_all_does_not_end_it),
		THROUGH_SPAWNER(its_death_is_noticed),
		cmocka_unit_test(it_ends_with_its_parent),
		cmocka_unit_test(finds_programs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
