/* SPDX-License-Identifier: MIT */
#include "base/str.h"
#include "check.h"
#include "emulator/clock.h"
#include "emulator/slot.h"

#define S STR_TICKS_PER_S

static struct fingerprint print_of(const char *text)
{
	struct fingerprint p;

	crypto_fingerprint_bytes(text, strlen(text), &p);
	return p;
}

/* A slot made at 100 s and made again at 1000 s, expiring at 5000 s, as replicas that lag
 * differently see it. */
static void answers(void **state)
{
	static const struct {
		const char *name, *password;
		bool again;
		int64_t now, lag;
		enum slot_answer want;
	} row[] = {
		{ "the first works at once", "first", false, 100 * S, 60 * S, SLOT_ACCEPTED },
		{ "another never", "second", false, 100 * S, 0, SLOT_OTHER },
		{ "its successor not where it has not arrived", "second", true, 1059 * S, 60 * S,
		  SLOT_LAGGING },
		{ "but where it has", "second", true, 1060 * S, 60 * S, SLOT_ACCEPTED },
		{ "without lag at once", "second", true, 1000 * S, 0, SLOT_ACCEPTED },
		{ "the replaced one is dead at once", "first", true, 1000 * S, 60 * S, SLOT_OTHER },
		{ "until its expiry", "second", true, 5000 * S - 1, 0, SLOT_ACCEPTED },
		{ "not at it", "second", true, 5000 * S, 0, SLOT_EXPIRED },
		{ "nor for those that lag", "second", true, 5000 * S, 9000 * S, SLOT_EXPIRED },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(row); i++) {
		const struct fingerprint first = print_of("first"), second = print_of("second"),
					 given = print_of(row[i].password);
		struct slot s = { 0 };

		slot_generate(&s, 100 * S, 0, &first);
		if (row[i].again)
			slot_generate(&s, 1000 * S, 5000 * S, &second);
		CHECK(slot_answer(&s, &given, row[i].now, row[i].lag) == row[i].want, "%s",
		      row[i].name);
	}
}

static void a_removed_slot_starts_anew(void **state)
{
	const struct fingerprint first = print_of("first"), second = print_of("second");
	struct slot s = { 0 };

	(void)state;
	slot_generate(&s, 100, 0, &first);
	slot_remove(&s);
	assert_int_equal(slot_answer(&s, &first, 200, 0), SLOT_OTHER);
	slot_generate(&s, 300, 0, &second);
	assert_int_equal(slot_answer(&s, &second, 300, 1000), SLOT_ACCEPTED);
	assert_int_equal(s.generations, 2);
}

static void two_generations_differ_in_time(void **state)
{
	const struct fingerprint p = print_of("x");
	struct slot s = { 0 };

	(void)state;
	slot_generate(&s, 100, 0, &p);
	slot_generate(&s, 100, 0, &p);
	assert_int_equal(s.created, 101);
}

static void replicas_lag_up_to_the_propagation(void **state)
{
	(void)state;
	assert_int_equal(slot_lag(60, 0, 3), 20);
	assert_int_equal(slot_lag(60, 1, 3), 40);
	assert_int_equal(slot_lag(60, 2, 3), 60);
	assert_int_equal(slot_lag(60, 0, 1), 60);
	assert_int_equal(slot_lag(60, 0, 0), 60);
}

static void passwords_look_like_the_service_makes_them(void **state)
{
	char a[SLOT_PASSWORD_LEN + 1], b[SLOT_PASSWORD_LEN + 1];

	(void)state;
	slot_password(a);
	slot_password(b);
	assert_int_equal(strlen(a), 52);
	assert_memory_equal(a + 42, "+ACR", 4);
	assert_int_equal(
		strspn(a, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"), 52);
	assert_string_not_equal(a, b);
}

static void times_are_written_as_the_service_writes_them(void **state)
{
	/* clang-format off */
	static const struct { const char *in, *want; } row[] = {
		{ "2024-01-19T07:05:10.6147326Z", "2024-01-19T07:05:10.6147326+00:00" },
		{ "2024-01-20T07:05:07.951901Z", "2024-01-20T07:05:07.951901+00:00" },
		{ "2023-02-07T15:54:06.5Z", "2023-02-07T15:54:06.5+00:00" },
		{ "2100-12-31T12:59:59.000Z", "2100-12-31T12:59:59+00:00" },
		{ "2031-10-10T10:10:10Z", "2031-10-10T10:10:10+00:00" },
	};
	/* clang-format on */

	(void)state;
	for (size_t i = 0; i < COUNT(row); i++) {
		char text[CLOCK_TEXT_MAX];
		int64_t ticks = 0;

		assert_true(str_ticks(row[i].in, &ticks));
		clock_text(ticks, text);
		CHECK_TEXT(text, row[i].want, "%s", row[i].in);
	}
}

static void dates_are_http_dates(void **state)
{
	char text[CLOCK_TEXT_MAX];
	int64_t back = 0;

	(void)state;
	clock_http_date(1757406084, text);
	assert_string_equal(text, "Tue, 09 Sep 2025 08:21:24 GMT");
	assert_true(str_http_date(text, &back));
	assert_int_equal(back, 1757406084);
}

static void the_clock_can_be_shifted(void **state)
{
	struct clock c = { 0 };
	int64_t before = clock_seconds(&c);

	(void)state;
	atomic_store(&c.shift, 1000 * S);
	assert_in_range(clock_seconds(&c) - before, 1000, 1060);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers),
		cmocka_unit_test(a_removed_slot_starts_anew),
		cmocka_unit_test(two_generations_differ_in_time),
		cmocka_unit_test(replicas_lag_up_to_the_propagation),
		cmocka_unit_test(passwords_look_like_the_service_makes_them),
		cmocka_unit_test(times_are_written_as_the_service_writes_them),
		cmocka_unit_test(dates_are_http_dates),
		cmocka_unit_test(the_clock_can_be_shifted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
