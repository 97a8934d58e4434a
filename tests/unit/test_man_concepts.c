/* SPDX-License-Identifier: MIT */
/* acrotate(7) explains every state that a job can be in, and no other. */
#include "man_page.h"

#include "rotate/status.h"

#define PAGE "packaging/man/acrotate.7"

static void every_state_and_no_other(void **state)
{
	AUTO_BUF struct buf page = BUF_INIT(PAGE_MAX);
	size_t n = 0;

	(void)state;
	page_read(PAGE, &page);
	const char *start = strstr(buf_cstr(&page), "\n.Ss States\n");
	assert_non_null(start);
	const char *end = strstr(start + 1, "\n.S");
	assert_non_null(end);
	for (const char *at = start; (at = strstr(at, "\n.It Sy ")) != NULL && at < end; at++)
		n++;
	assert_int_equal(n, JOB__COUNT);
	for (int s = 0; s < JOB__COUNT; s++) {
		AUTO_BUF struct buf line = BUF_INIT(64);
		buf_fmt(&line, "\n.It Sy %s\n", status_state_name((enum job_state)s));
		const char *at = strstr(start, buf_cstr(&line));
		CHECK(at != NULL && at < end, PAGE " needs the line%s", buf_cstr(&line));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(every_state_and_no_other) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
