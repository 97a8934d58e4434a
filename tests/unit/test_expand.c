/* SPDX-License-Identifier: MIT */
#include "base/buf.h"
#include "base/err.h"
#include "check.h"
#include "config/expand.h"
#include "config/host.h"

/* A host that was already asked: what it says is known. */
#define HOST_OF(n, m, h)                                                                           \
	{                                                                                          \
		.name = (n), .machine_id = (m), .home = (h), .asked_name = true,                   \
		.asked_machine_id = true, .asked_home = true                                       \
	}

static char web1[] = "web-1", machine[] = "0123456789abcdef0123456789abcdef", home[] = "/home/x";

static void values(void **state)
{
	(void)state;
	struct host host = HOST_OF(web1, machine, home);
	struct host nobody = HOST_OF(NULL, NULL, NULL);
	const struct expand all = { .job = "J", .token = "T", .registry = "R", .host = &host };
	const struct expand none = { .host = &nobody };
	const struct {
		const struct expand *x;
		const char *value, *want, *error;
	} row[] = {
		{ &all, "plain", "plain", NULL },
		{ &all, "%j-%t-%r-%H-%h", "J-T-R-web-1-/home/x", NULL },
		{ &all, "%m", "0123456789abcdef0123456789abcdef", NULL },
		{ &all, "100%%", "100%", NULL },
		{ &all, "%%j%%", "%j%", NULL },
		{ &all, "%%%j", "%J", NULL },
		{ &all, "a%jb", "aJb", NULL },
		{ &all, "%", NULL,
		  "unknown '%'; known are %j %t %r %H %m %h, and '%%' is a percent sign" },
		{ &all, "50% of", NULL, "unknown '% '" },
		{ &all, "%x", NULL, "unknown '%x'" },
		{ &all, "a%%%", NULL, "unknown '%'" },
		{ &none, "%%", "%", NULL },
		{ &none, "%j", NULL, "'%j' stands for a job, and there is none here" },
		{ &none, "%t", NULL, "'%t' stands for a token, and there is none here" },
		{ &none, "%r", NULL, "'%r' stands for a registry, and there is none here" },
		{ &none, "%H", NULL, "'%H' stands for a host name, and there is none here" },
		{ &none, "%m", NULL,
		  "'%m' stands for a machine id in /etc/machine-id, and there is none here" },
		{ &none, "%h", NULL, "'%h' stands for a home directory, and there is none here" },
	};
	for (size_t i = 0; i < COUNT(row); i++) {
		AUTO_BUF struct buf scratch = BUF_INIT(100);
		struct err e = ERR_INIT;
		const char *got = NULL;
		bool ok = expand_value(row[i].x, row[i].value, &scratch, &got, &e);
		CHECK(ok == (row[i].want != NULL), "%s: %s", row[i].value, e.text);
		if (ok)
			CHECK_TEXT(got, row[i].want, "%s", row[i].value);
		else
			CHECK(e.kind == ERR_CONFIG &&
			              strncmp(e.text, row[i].error, strlen(row[i].error)) == 0,
			      "%s", e.text);
	}
}

static void a_value_has_an_end(void **state)
{
	(void)state;
	struct host host = HOST_OF(web1, machine, home);
	const struct expand x = { .job = "0123456789", .host = &host };
	struct err e = ERR_INIT;
	const char *got;

	for (size_t max = 10; max <= 11; max++) {
		AUTO_BUF struct buf scratch = BUF_INIT(max);
		bool ok = expand_value(&x, "%j1", &scratch, &got, &e);
		CHECK(ok == (max == 11), "%zu: %s", max, e.text);
	}
	assert_string_equal(e.text, "the value becomes longer than 10 bytes");
}

static void uses(void **state)
{
	(void)state;
	static const struct {
		const char *value;
		char letter;
		bool want;
	} row[] = {
		{ "%H", 'H', true },    { "a-%H-b", 'H', true }, { "%%H", 'H', false },
		{ "%%%H", 'H', true },  { "%", 'H', false },     { "H", 'H', false },
		{ "%j%t", 'H', false }, { "", 'H', false },
	};
	for (size_t i = 0; i < COUNT(row); i++)
		CHECK(expand_uses(row[i].value, row[i].letter) == row[i].want, "%s", row[i].value);
}

static void token_names(void **state)
{
	(void)state;
	/* clang-format off */
	static const struct { const char *text, *want; } row[] = {
		{ "web-1", "web-1" },
		{ "node-web_1.example.com", "node-web-1-example-com" },
		{ "ab", "ab-host" },
		{ "", "h--host" },
		{ "1web-", "h-1web-" },
		{ "-", "h---host" },
		{ "\xc3\xa4pfel", "h---pfel" },
		{ "a2345678901234567890123456789012345678901234567890",
		  "a2345678901234567890123456789012345678901234567890" },
	};
	/* clang-format on */
	for (size_t i = 0; i < COUNT(row); i++) {
		char got[HOST_TOKEN_MAX];
		host_token_name(row[i].text, got);
		CHECK_TEXT(got, row[i].want, "%s", row[i].text);
	}
}

static void long_names_stay_apart(void **state)
{
	(void)state;
	char a[HOST_TOKEN_MAX], b[HOST_TOKEN_MAX], c[HOST_TOKEN_MAX];

	host_token_name("a23456789012345678901234567890123456789012345678901", a);
	host_token_name("a23456789012345678901234567890123456789012345678902", b);
	host_token_name("a23456789012345678901234567890123456789012345678901", c);
	assert_int_equal(strlen(a), 50);
	assert_string_not_equal(a, b);
	assert_string_equal(a, c);
	assert_memory_equal(a, "a2345678901234567890123456789012345678901-", 42);
}

static void hosts_that_have_no_name(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		bool want;
	} row[] = {
		{ NULL, true },
		{ "", true },
		{ "(none)", true },
		{ "localhost", true },
		{ "localhost.localdomain", true },
		{ "localhosts", false },
		{ "local", false },
		{ "web-1", false },
		{ ".x", true },
	};
	for (size_t i = 0; i < COUNT(row); i++)
		CHECK(host_is_nameless(row[i].name) == row[i].want, "%s",
		      row[i].name != NULL ? row[i].name : "NULL");
}

static void spreading(void **state)
{
	(void)state;
	struct host one = HOST_OF(web1, machine, home), other = HOST_OF(web1, web1, home),
		    nobody = HOST_OF(NULL, NULL, NULL);
	int64_t most = 86400, least_seen = most, most_seen = 0, differ = 0;

	for (int i = 0; i < 1000; i++) {
		char job[16];
		(void)snprintf(job, sizeof(job), "job-%d", i);
		int64_t at = host_spread(&one, NULL, job, most);
		CHECK(at >= 0 && at <= most, "%s: %lld", job, (long long)at);
		CHECK(at == host_spread(&one, NULL, job, most), "%s", job);
		differ += at != host_spread(&other, NULL, job, most);
		least_seen = at < least_seen ? at : least_seen;
		most_seen = at > most_seen ? at : most_seen;
	}
	/* A thousand jobs fill the day from one end to the other, and another machine does it
	 * differently. */
	assert_true(least_seen < most / 100 && most_seen > most - most / 100 && differ > 950);
	/* Of several rotators each has the same, whatever its machine. */
	assert_int_equal(host_spread(&one, "kubernetes:web", "job", 86400),
	                 host_spread(&other, "kubernetes:web", "job", 86400));
	assert_int_equal(host_spread(&one, NULL, "job", 0), 0);
	assert_int_equal(host_spread(&one, NULL, "job", -1), 0);
	assert_true(host_spread(&nobody, NULL, "job", 10) <= 10);
}

static void this_host(void **state)
{
	(void)state;
	struct host h = { 0 };
	char *old = getenv("HOME") != NULL ? strdup(getenv("HOME")) : NULL;

	assert_non_null(host_name(&h));
	assert_ptr_equal(host_name(&h), host_name(&h));
	if (host_machine_id(&h) != NULL)
		assert_int_equal(strlen(host_machine_id(&h)), 32);
	assert_int_equal(setenv("HOME", "/somewhere", 1), 0);
	assert_string_equal(host_home(&h), "/somewhere");
	host_clear(&h);
	/* Without a usable $HOME the user's entry counts. */
	assert_int_equal(setenv("HOME", "relative", 1), 0);
	assert_true(host_home(&h) == NULL || host_home(&h)[0] == '/');
	host_clear(&h);
	host_clear(&h);
	if (old != NULL)
		assert_int_equal(setenv("HOME", old, 1), 0);
	free(old);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values),
		cmocka_unit_test(a_value_has_an_end),
		cmocka_unit_test(uses),
		cmocka_unit_test(token_names),
		cmocka_unit_test(long_names_stay_apart),
		cmocka_unit_test(hosts_that_have_no_name),
		cmocka_unit_test(spreading),
		cmocka_unit_test(this_host),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
