/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/env.h"
#include "check.h"

static void the_system_has_clocks(void **state)
{
	(void)state;
	int64_t before = (int64_t)time(NULL), now = env_now(&env_system);
	assert_true(now >= before - 1 && now <= (int64_t)time(NULL) + 1);
	int64_t a = env_mono_ms(&env_system);
	env_sleep_ms(&env_system, 3);
	env_sleep_ms(&env_system, 0);
	env_sleep_ms(&env_system, -5);
	assert_true(env_mono_ms(&env_system) >= a + 3);
}

/* In a process whose clock of the time since the boot is an hour ahead, as behind a sleep. */
static int how_far_ahead(void)
{
	int64_t before = env_mono_ms(&env_system);
	int fd = open("/proc/self/timens_offsets", O_WRONLY | O_CLOEXEC), status;

	if (fd < 0 || unshare(CLONE_NEWTIME) != 0 || dprintf(fd, "boottime 3600 0") < 0)
		return 77;
	(void)close(fd);
	pid_t pid = fork();
	if (pid == 0)
		_exit(env_mono_ms(&env_system) - before >= 3600 * 1000 ? 0 : 1);
	return waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status) : 2;
}

static void a_machine_that_sleeps_gets_older(void **state)
{
	int status;

	(void)state;
	pid_t pid = fork();
	if (pid == 0)
		_exit(how_far_ahead());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
		skip(); /* not root, or a kernel without namespaces of time */
	assert_int_equal(status, 0);
}

static void random_numbers_stay_below(void **state)
{
	(void)state;
	static const uint32_t below[] = { 1, 2, 3, 10, 1000000, UINT32_MAX };
	for (size_t i = 0; i < COUNT(below); i++)
		for (int k = 0; k < 200; k++)
			CHECK(env_random(&env_system, below[i]) < below[i], "below %u", below[i]);
	unsigned seen = 0;
	for (int k = 0; k < 400; k++)
		seen |= 1U << env_random(&env_system, 6);
	assert_int_equal(seen, 0x3f);
}

struct script {
	const uint32_t *value;
	int n;
};

static void scripted_random(void *ctx, void *p, size_t n)
{
	struct script *s = ctx;
	assert_int_equal(n, sizeof(uint32_t));
	assert_true(s->n > 0);
	memcpy(p, s->value, n);
	s->value++;
	s->n--;
}

/* 2^32 is no multiple of 10: the top few raw values are drawn again, or small results would be
 * likelier. */
static void values_that_would_bias_are_drawn_again(void **state)
{
	(void)state;
	static const uint32_t raw[] = { 4294967295U, 4294967290U, 4294967289U };
	struct script s = { raw, 3 };
	const struct env env = { .random = scripted_random, .ctx = &s };
	assert_int_equal(env_random(&env, 10), 9);
	assert_int_equal(s.n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_system_has_clocks),
		cmocka_unit_test(a_machine_that_sleeps_gets_older),
		cmocka_unit_test(random_numbers_stay_below),
		cmocka_unit_test(values_that_would_bias_are_drawn_again),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
