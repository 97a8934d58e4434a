/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "base/secret.h"
#include "check.h"

static void bytes_go_in_and_come_out(void **state)
{
	(void)state;
	AUTO_SECRET struct secret *s = secret_new("pass\0word", 9);
	assert_int_equal(secret_len(s), 9);
	assert_memory_equal(secret_peek(s), "pass\0word", 10);
	AUTO_SECRET struct secret *copy = secret_dup(s);
	assert_true(secret_equal(s, copy));
	assert_ptr_not_equal(secret_peek(s), secret_peek(copy));
	AUTO_SECRET struct secret *empty = secret_new("", 0);
	assert_int_equal(secret_len(empty), 0);
	assert_string_equal(secret_peek(empty), "");
	secret_free(NULL);
}

static void equality_is_of_length_and_content(void **state)
{
	(void)state;
	static const struct {
		const char *a, *b;
		bool equal;
	} row[] = {
		{ "", "", true },        { "abc", "abc", true }, { "abc", "abd", false },
		{ "abc", "xbc", false }, { "abc", "ab", false }, { "", "a", false },
	};
	for (size_t i = 0; i < COUNT(row); i++) {
		AUTO_SECRET struct secret *a = secret_new(row[i].a, strlen(row[i].a));
		AUTO_SECRET struct secret *b = secret_new(row[i].b, strlen(row[i].b));
		CHECK(secret_equal(a, b) == row[i].equal && secret_equal(b, a) == row[i].equal,
		      "row %zu", i);
	}
}

static void moving_wipes_the_source(void **state)
{
	(void)state;
	char source[] = "hunter2";
	AUTO_SECRET struct secret *s = secret_move(source, 7);
	assert_string_equal(secret_peek(s), "hunter2");
	for (size_t i = 0; i < 7; i++)
		assert_int_equal(source[i], 0);
}

static void all_sizes_up_to_the_maximum(void **state)
{
	(void)state;
	char *text = malloc(SECRET_MAX);
	for (size_t i = 0; i < SECRET_MAX; i++)
		text[i] = (char)('a' + i % 26);
	for (size_t n = 1; n <= SECRET_MAX; n *= 2) {
		AUTO_SECRET struct secret *s = secret_new(text, n);
		CHECK(secret_len(s) == n && memcmp(secret_peek(s), text, n) == 0, "%zu bytes", n);
		CHECK(secret_peek(s)[n] == '\0', "%zu bytes", n);
	}
	free(text);
}

/* More than any arena holds, freed in another order than made: none disturbs another. */
static void many_live_side_by_side(void **state)
{
	(void)state;
	enum { N = 3000 };
	static struct secret *s[N];
	char text[64];
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < N; i++)
			if (s[i] == NULL)
				s[i] = secret_new(text, (size_t)snprintf(text, sizeof(text),
				                                         "secret number %d", i));
		for (int i = 0; i < N; i++) {
			(void)snprintf(text, sizeof(text), "secret number %d", i);
			CHECK_TEXT(secret_peek(s[i]), text, "round %d", round);
		}
		for (int i = round % 2; i < N; i += 2)
			secret_free_ptr(&s[i]);
	}
	for (int i = 0; i < N; i++)
		secret_free(s[i]);
}

static void freeing_wipes(void **state)
{
	(void)state;
	static const char word[] = "correct horse battery staple";
	AUTO_SECRET struct secret *neighbour = secret_new("n", 1);
	struct secret *s = secret_new(word, sizeof(word));
	const char *where = secret_peek(s);
	const volatile char *later = where;
	secret_free(s);
	for (size_t i = 0; i < sizeof(word); i++)
		CHECK(later[i] == 0, "byte %zu is still there", i);
	assert_string_equal(secret_peek(neighbour), "n");
}

/* What the kernel says of the mapping that holds an address, and of what lies right before and
 * after it. */
struct mapping {
	char flags[256], perms[5], before[5], after[5];
};

static struct mapping mapping_of(const void *address)
{
	struct mapping m = { .before = "none", .after = "none" };
	uintptr_t a = (uintptr_t)address, end_found = 0;
	char line[1024], last_perms[5] = "";
	unsigned long last_end = 0;
	bool inside = false;
	FILE *f = fopen("/proc/self/smaps", "r");
	assert_non_null(f);
	while (fgets(line, sizeof(line), f) != NULL) {
		unsigned long from, to;
		char perms[5];
		if (sscanf(line, "%lx-%lx %4s ", &from, &to, perms) == 3) {
			if (end_found != 0 && from == end_found)
				memcpy(m.after, perms, 5);
			inside = a >= from && a < to;
			if (inside) {
				memcpy(m.perms, perms, 5);
				if (last_end == from)
					memcpy(m.before, last_perms, 5);
			}
			end_found = inside ? to : 0;
			last_end = to;
			memcpy(last_perms, perms, 5);
		} else if (inside && strncmp(line, "VmFlags:", 8) == 0) {
			(void)snprintf(m.flags, sizeof(m.flags), "%.200s ", line + 8);
			m.flags[strcspn(m.flags, "\n")] = ' ';
		}
	}
	(void)fclose(f);
	return m;
}

static void small_and_large(void (*check)(const char *bytes, const char *which))
{
	static char large[SECRET_MAX];
	memset(large, 'x', sizeof(large));
	AUTO_SECRET struct secret *a = secret_new("small", 5);
	AUTO_SECRET struct secret *b = secret_new(large, sizeof(large));
	check(secret_peek(a), "small");
	check(secret_peek(b), "large");
}

static void look_at_mapping(const char *bytes, const char *which)
{
	struct mapping m = mapping_of(bytes);
	CHECK_TEXT(m.perms, "rw-p", "%s", which);
	CHECK_TEXT(m.before, "---p", "page before a %s secret", which);
	CHECK_TEXT(m.after, "---p", "page after a %s secret", which);
	CHECK(strstr(m.flags, " dd ") != NULL, "%s: kept out of core dumps: '%s'", which, m.flags);
	CHECK(strstr(m.flags, " wf ") != NULL, "%s: wiped in a child: '%s'", which, m.flags);
	if (secret_locked() && !SANITIZED)
		CHECK(strstr(m.flags, " lo ") != NULL, "%s: locked: '%s'", which, m.flags);
}

static void the_kernel_knows_what_it_holds(void **state)
{
	(void)state;
	small_and_large(look_at_mapping);
}

struct walk {
	const char *from;
	long step;
};

/* A reader that runs away: it must be stopped before it has seen a megabyte. */
static int walk_away(void *arg)
{
	const struct walk *w = arg;
	const struct rlimit none = { 0, 0 };
	(void)setrlimit(RLIMIT_CORE, &none);
	(void)signal(SIGSEGV, SIG_DFL);
	unsigned sum = 0;
	for (long i = 0; i < 1 << 20; i++)
		sum += *(const volatile unsigned char *)(w->from + i * w->step);
	return sum == 12345;
}

static void runaways_meet_a_guard(const char *bytes, const char *which)
{
	for (long step = -1; step <= 1; step += 2) {
		struct walk w = { bytes, step };
		int status = in_child(walk_away, &w);
		CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV,
		      "%s, direction %ld: status %x", which, step, (unsigned)status);
	}
}

static void guard_pages_stop_a_runaway_reader(void **state)
{
	(void)state;
	small_and_large(runaways_meet_a_guard);
}

static int look_for_it(void *arg)
{
	const volatile char *bytes = arg;
	for (int i = 0; i < 5; i++)
		if (bytes[i] != 0)
			return 1;
	return 0;
}

static void a_child_sees_nothing(const char *bytes, const char *which)
{
	char *door;
	memcpy(&door, &bytes, sizeof(door));
	int status = in_child(look_for_it, door);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0, "%s: status %x", which,
	      (unsigned)status);
}

static void children_inherit_no_secret(void **state)
{
	(void)state;
	small_and_large(a_child_sees_nothing);
}

static int without_memory_to_lock(void *arg)
{
	(void)arg;
	const struct rlimit none = { 0, 0 };
	if (setrlimit(RLIMIT_MEMLOCK, &none) != 0)
		return 1;
	if (geteuid() == 0 && setresuid(65534, 65534, 65534) != 0)
		return 2;
	static char large[SECRET_MAX];
	memset(large, 'x', sizeof(large));
	AUTO_SECRET struct secret *s = secret_new(large, sizeof(large));
	return secret_locked() ? 3 : memcmp(secret_peek(s), large, sizeof(large)) != 0 ? 4 : 0;
}

static void too_little_lockable_memory_is_told_not_fatal(void **state)
{
	(void)state;
	if (SANITIZED)
		skip();
	int status = in_child(without_memory_to_lock, NULL);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static int harden(void *arg)
{
	(void)arg;
	int stray = open("/dev/null", O_RDONLY);
	(void)dup2(stray, 77);
	(void)close(0);
	(void)setenv("SSLKEYLOGFILE", "/tmp/keys", 1);
	(void)umask(0);
	secret_setup();
	struct rlimit core;
	if (prctl(PR_GET_DUMPABLE) != 0)
		return 1;
	if (getrlimit(RLIMIT_CORE, &core) != 0 || core.rlim_cur != 0 || core.rlim_max != 0)
		return 2;
	if (umask(022) != 077)
		return 3;
	if (fcntl(77, F_GETFD) >= 0)
		return 4;
	if (fcntl(0, F_GETFD) < 0 || fcntl(2, F_GETFD) < 0)
		return 5;
	if (getenv("SSLKEYLOGFILE") != NULL)
		return 6;
	return 0;
}

static void set_up_hardens_the_process(void **state)
{
	(void)state;
	int status = in_child(harden, NULL);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void *make_and_break(void *arg)
{
	const char *name = arg;
	char text[64];
	struct secret *kept[8] = { NULL };
	bool ok = true;
	for (int i = 0; i < 2000; i++) {
		struct secret **slot = &kept[i % 8];
		if (*slot != NULL) {
			(void)snprintf(text, sizeof(text), "%s %d", name, i - 8);
			ok = ok && strcmp(secret_peek(*slot), text) == 0;
			secret_free_ptr(slot);
		}
		*slot = secret_new(text, (size_t)snprintf(text, sizeof(text), "%s %d", name, i));
	}
	for (size_t i = 0; i < 8; i++)
		secret_free(kept[i]);
	return ok ? arg : NULL;
}

static void threads_do_not_disturb_each_other(void **state)
{
	(void)state;
	static char name[4][8] = { "one", "two", "three", "four" };
	pthread_t t[4];
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&t[i], NULL, make_and_break, name[i]), 0);
	for (size_t i = 0; i < 4; i++) {
		void *fine = NULL;
		assert_int_equal(pthread_join(t[i], &fine), 0);
		assert_non_null(fine);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_go_in_and_come_out),
		cmocka_unit_test(equality_is_of_length_and_content),
		cmocka_unit_test(moving_wipes_the_source),
		cmocka_unit_test(all_sizes_up_to_the_maximum),
		cmocka_unit_test(many_live_side_by_side),
		cmocka_unit_test(freeing_wipes),
		cmocka_unit_test(the_kernel_knows_what_it_holds),
		cmocka_unit_test(guard_pages_stop_a_runaway_reader),
		cmocka_unit_test(children_inherit_no_secret),
		cmocka_unit_test(too_little_lockable_memory_is_told_not_fatal),
		cmocka_unit_test(set_up_hardens_the_process),
		cmocka_unit_test(threads_do_not_disturb_each_other),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
