/* SPDX-License-Identifier: MIT */
/* Bars of `acrotate status` on a terminal. The axis: 0 to 1000 s in 20 columns, so 50 s each,
 * and now is 500. */
#include "../../src/cli/status_rows.h"

#include "base/buf.h"
#include "check.h"

#define FROM  1000000
#define AT(s) (FROM + (s))

static const struct {
	const char *name;
	int64_t created, expires;
	bool active, ours;
	int64_t rotation;
	const char *want;
} bars[] = {
	{ "nothing", 0, 0, false, false, 0, "..........|........." },
	{ "in use", AT(100), AT(900), true, true, 0, "..========|========." },
	{ "with the next rotation", AT(100), AT(900), true, true, AT(700), "..========|===>====." },
	{ "spare", AT(0), AT(700), false, true, 0, "----------|----....." },
	{ "expired", AT(0), AT(300), false, true, 0, "-------...|........." },
	{ "expired before the axis begins", FROM - 900, FROM - 100, false, true, 0,
	  "..........|........." },
	{ "foreign, without an end", AT(300), 0, false, false, 0, "......~~~~|~~~~~~~~~" },
	{ "older than the axis", FROM - 5000, AT(900), true, true, 0, "==========|========." },
	{ "a rotation beyond the end", AT(100), AT(990), true, true, AT(5000),
	  "..========|========>" },
	{ "a rotation that is due now is where now is", AT(100), AT(900), true, true, AT(500),
	  "..========|========." },
};

static void test_bars(void **state)
{
	const struct timeline t = { .from = FROM, .to = AT(1000), .now = AT(500), .width = 20 };

	(void)state;
	for (size_t i = 0; i < COUNT(bars); i++) {
		AUTO_BUF struct buf out = BUF_INIT(1000);
		timeline_bar(&t, bars[i].created, bars[i].expires, bars[i].active, bars[i].ours,
		             bars[i].rotation, &out);
		CHECK_TEXT(buf_cstr(&out), bars[i].want, "row '%s'", bars[i].name);
	}
}

static const struct {
	const char *name;
	int64_t created, expires; /* of the one slot there is; created 0: none */
	int64_t from, to;
} spans[] = {
	{ "nothing at all", 0, 0, FROM, FROM + 60 },
	{ "one password", FROM - 100, FROM + 200, FROM - 100, FROM + 200 },
	{ "an ancient one does not squeeze the rest", FROM - 900000, FROM + 100, FROM - 300,
	  FROM + 100 },
	{ "one without an end", FROM - 100, 0, FROM - 100, FROM + 60 },
	{ "an expired one", FROM - 100, FROM - 50, FROM - 100, FROM + 60 },
};

static void test_span(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(spans); i++) {
		struct status_row row = { .job = NULL };
		row.is.slots[0].present = spans[i].created != 0;
		row.is.slots[0].created = spans[i].created;
		row.is.slots[0].expires = spans[i].expires;
		struct timeline t = timeline_for(&row, 1, FROM, 40, false);
		CHECK(t.from == spans[i].from && t.to == spans[i].to, "row '%s': %lld to %lld",
		      spans[i].name, (long long)(t.from - FROM), (long long)(t.to - FROM));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_bars),
		                            cmocka_unit_test(test_span) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
