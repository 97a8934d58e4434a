/* SPDX-License-Identifier: MIT */
#include "check.h"

#include "base/mem.h"
#include "base/own.h"

static void finds_what_is_there(void **state)
{
	AUTO_FREE char *self = own_program("test_own"), *other = own_program("test_own-missing");

	(void)state;
	assert_non_null(self);
	assert_int_equal(access(self, X_OK), 0);
	assert_string_equal(strrchr(self, '/'), "/test_own");
	assert_null(other);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(finds_what_is_there) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
