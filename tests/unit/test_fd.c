/* SPDX-License-Identifier: MIT */
#include "check.h"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fd.h"

#define MUCH (1u << 20) /* more than a pipe holds: it is written in parts */

static void *drain(void *arg)
{
	static char text[4096];
	size_t *total = arg;
	ssize_t n;

	while ((n = read((int)*total, text, sizeof(text))) > 0)
		total[1] += (size_t)n;
	return NULL;
}

static void all_of_it_is_written(void **state)
{
	char *much = calloc(1, MUCH);
	struct err e = ERR_INIT;
	int ends[2];
	pthread_t reader;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	size_t total[2] = { (size_t)ends[0], 0 };
	assert_int_equal(pthread_create(&reader, NULL, drain, total), 0);
	assert_true(fd_write(ends[1], "it", much, MUCH, &e));
	fd_close(&ends[1]);
	assert_int_equal(ends[1], -1);
	assert_int_equal(pthread_join(reader, NULL), 0);
	assert_int_equal(total[1], MUCH);
	fd_close(&ends[0]);
	free(much);
}

static void what_cannot_be_written_is_told(void **state)
{
	struct err e = ERR_INIT;
	int ends[2];

	(void)state;
	(void)signal(SIGPIPE, SIG_IGN);
	assert_int_equal(pipe(ends), 0);
	fd_close(&ends[0]);
	assert_false(fd_write(ends[1], "it", "x", 1, &e));
	assert_non_null(strstr(e.text, "cannot write to it: Broken pipe"));
	assert_true(fd_write(ends[1], "it", "", 0, &e));
	fd_close(&ends[1]);
	fd_close(&ends[1]); /* once more: nothing */
}

static void a_directory_is_closed(void **state)
{
	DIR *none = NULL;

	(void)state;
	fd_close_dir(&none);
	AUTO_DIR DIR *d = opendir("/");
	assert_non_null(d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_of_it_is_written),
		cmocka_unit_test(what_cannot_be_written_is_told),
		cmocka_unit_test(a_directory_is_closed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
