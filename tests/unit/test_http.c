/* SPDX-License-Identifier: MIT */
#include "base/err.h"
#include "base/mem.h"
#include "base/secret.h"
#include "check.h"
#include "fakes/fake_env.h"
#include "fakes/fake_http.h"
#include "http/http.h"

static void origins(void **state)
{
	(void)state;
	/* clang-format off */
	static const struct { const char *url, *host; bool tls; int port; } row[] = {
		{ "https://management.azure.com", "management.azure.com", true, 443 },
		{ "https://Management.Azure.COM:443/x?y=z", "management.azure.com", true, 443 },
		{ "HTTPS://a:8443?x", "a", true, 8443 },
		{ "http://169.254.169.254/metadata", "169.254.169.254", false, 80 },
		{ "http://[::1]:40342/", "[::1]", false, 40342 },
		{ "https://h#f", "h", true, 443 },
		{ .url = "ftp://h/" }, { .url = "//h/" }, { .url = "h" }, { .url = "https://" },
		  { .url = "https:///x" },
		{ .url = "https://user@h/" }, { .url = "https://h@evil/" },
		  { .url = "https://h:443@evil/" }, { .url = "https://h:0/" },
		{ .url = "https://h:65536/" }, { .url = "https://h:/" },
		  { .url = "https://h:44x/" }, { .url = "https://h\\@evil/" },
		{ .url = "https://h evil/" }, { .url = "https://[::1/" },
		  { .url = "https://h%2eevil/" }, { .url = "https://h:000443/" },
	};
	/* clang-format on */

	for (size_t i = 0; i < COUNT(row); i++) {
		struct http_origin o = { .port = -1 };
		bool ok = http_origin(row[i].url, &o);

		CHECK(ok == (row[i].host != NULL), "%s", row[i].url);
		if (!ok) {
			CHECK(o.port == -1, "%s: touched", row[i].url);
			continue;
		}
		CHECK_TEXT(o.host, row[i].host, "%s", row[i].url);
		CHECK(o.tls == row[i].tls && o.port == row[i].port, "%s", row[i].url);
	}
}

static void loopback(void **state)
{
	(void)state;
	static const struct {
		const char *url;
		bool is;
	} row[] = {
		{ "https://localhost:1/", true },
		{ "http://127.0.0.1/", true },
		{ "http://127.8.8.8:9/", true },
		{ "http://[::1]/", true },
		{ "https://127.0.0.1.example.com/", false },
		{ "https://localhost.example.com/", false },
		{ "https://10.0.0.1/", false },
	};

	for (size_t i = 0; i < COUNT(row); i++) {
		struct http_origin o;

		CHECK(http_origin(row[i].url, &o) && http_origin_is_loopback(&o) == row[i].is, "%s",
		      row[i].url);
	}
}

/* What may not leave this process does not reach any implementation. */
static void refused_requests(void **state)
{
	(void)state;
	AUTO_SECRET struct secret *s = secret_new("x", 1);
	/* clang-format off */
	const struct { const char *name; struct http_request rq; } row[] = {
		{ "plain http", { .url = "http://h/" } },
		{ "no scheme", { .url = "h/" } },
		{ "user in URL", { .url = "https://u:p@h/" } },
		{ "space", { .url = "https://h/a b" } },
		{ "line break in URL", { .url = "https://h/a\r\nX: y" } },
		{ "not ASCII", { .url = "https://h/\xc3\xa9" } },
		{ "header with a line break",
		  { .url = "https://h/", .header = { "A: b\r\nC: d" } } },
		{ "second header with a line break",
		  { .url = "https://h/", .header = { "A: b", "C: d\n" } } },
		{ "user with a colon",
		  { .url = "https://h/", .basic_user = "a:b", .basic_password = s } },
		{ "user with a line break",
		  { .url = "https://h/", .basic_user = "a\nb", .basic_password = s } },
	};
	/* clang-format on */

	for (size_t i = 0; i < COUNT(row); i++) {
		struct fake_http *f = fake_http_new(NULL, 0);
		AUTO_HTTP struct http *h = fake_http_client(f);
		struct http_response rs = { .status = 7 };
		struct err e = ERR_INIT;

		CHECK(!http_send(h, &row[i].rq, &rs, &e), "%s", row[i].name);
		CHECK(e.kind == ERR_CONFIG && e.not_acted && rs.status == 7, "%s: %s", row[i].name,
		      e.text);
		CHECK(fake_http_done(f), "%s", row[i].name);
		fake_http_free(f);
	}
}

/* clang-format off */
#define LINES(...) { __VA_ARGS__ }
/* clang-format on */
static void headers(void **state)
{
	(void)state;
	static const struct {
		const char *name, *line[8];
		int64_t retry_ms, date;
		const char *location, *operation, *challenge, *id;
	} row[] = {
		{ "nothing", LINES("HTTP/1.1 200 OK\r\n"), .retry_ms = -1 },
		{ "seconds", LINES("Retry-After: 10\r\n"), .retry_ms = 10000 },
		{ "zero", LINES("Retry-After:0"), .retry_ms = 0 },
		{ "not a number", LINES("Retry-After: soon"), .retry_ms = -1 },
		{ "negative", LINES("Retry-After: -5"), .retry_ms = -1 },
		{ "huge", LINES("Retry-After: 99999999999999999999"), .retry_ms = -1 },
		{ "milliseconds win",
		  LINES("Retry-After: 10", "retry-after-ms: 250", "Retry-After: 20"),
		  .retry_ms = 250 },
		{ "x-ms, then standard", LINES("x-ms-retry-after-ms: 400", "Retry-After: 9"),
		  .retry_ms = 400 },
		{ "retry-after-ms over x-ms",
		  LINES("retry-after-ms: 1", "x-ms-retry-after-ms: 400"), .retry_ms = 1 },
		{ "a date beside Date",
		  LINES("Date: Fri, 19 Jan 2024 07:05:10 GMT",
		        "Retry-After: Fri, 19 Jan 2024 07:05:40 GMT"),
		  .retry_ms = 30000, .date = 1705647910 },
		{ "Date comes later",
		  LINES("Retry-After: Fri, 19 Jan 2024 07:05:40 GMT",
		        "Date: Fri, 19 Jan 2024 07:05:10 GMT"),
		  .retry_ms = 30000, .date = 1705647910 },
		{ "a date that has passed",
		  LINES("Date: Fri, 19 Jan 2024 07:05:10 GMT",
		        "Retry-After: Fri, 19 Jan 2024 07:05:00 GMT"),
		  .retry_ms = 0, .date = 1705647910 },
		{ "a date, no Date", LINES("Retry-After: Tue, 14 Nov 2023 22:13:25 GMT"),
		  .retry_ms = 5000 },
		{ "a date under milliseconds",
		  LINES("retry-after-ms: 7", "Retry-After: Tue, 14 Nov 2023 22:13:25 GMT"),
		  .retry_ms = 7 },
		{ "operation",
		  LINES("LOCATION: https://a/", "azure-asyncOperation:\thttps://b/ \r\n"),
		  .retry_ms = -1, .location = "https://a/", .operation = "https://b/" },
		{ "the other name",
		  LINES("Operation-Location: https://c/", "Azure-AsyncOperation: https://b/"),
		  .retry_ms = -1, .operation = "https://b/" },
		{ "the other name last",
		  LINES("Azure-AsyncOperation: https://b/", "Operation-Location: https://c/"),
		  .retry_ms = -1, .operation = "https://b/" },
		{ "two challenges",
		  LINES("WWW-Authenticate: Basic realm=\"x\"",
		        "Www-Authenticate: Bearer realm=\"y\""),
		  .retry_ms = -1, .challenge = "Basic realm=\"x\", Bearer realm=\"y\"" },
		{ "an interim answer is forgotten",
		  LINES("HTTP/1.1 103 Early Hints", "Location: https://no/", "Retry-After: 5", "",
		        "HTTP/1.1 200 OK", "x-ms-request-id: 11-22"),
		  .retry_ms = -1, .id = "11-22" },
		{ "an id is cut at what no id has", LINES("x-ms-request-id: ab\x1b[2J"),
		  .retry_ms = -1, .id = "ab" },
		{ "the registry's id", LINES("X-Ms-Correlation-Request-Id: c-1"), .retry_ms = -1,
		  .id = "c-1" },
		{ "the request's own id wins",
		  LINES("x-ms-correlation-request-id: c", "x-ms-request-id: r"), .retry_ms = -1,
		  .id = "r" },
		{ "no colon", LINES("Retry-After"), .retry_ms = -1 },
	};

	for (size_t i = 0; i < COUNT(row); i++) {
		AUTO_RESPONSE struct http_response rs = { .retry_after_ms = -1 };
		struct http_headers h = { .rs = &rs };

		for (size_t k = 0; k < COUNT(row[i].line) && row[i].line[k] != NULL; k++)
			CHECK(http_headers_line(&h, row[i].line[k], strlen(row[i].line[k])), "%s",
			      row[i].name);
		http_headers_end(&h, FAKE_ENV_START);
		CHECK(rs.retry_after_ms == row[i].retry_ms, "%s: %lld", row[i].name,
		      (long long)rs.retry_after_ms);
		CHECK(rs.date == row[i].date, "%s: date %lld", row[i].name, (long long)rs.date);
		CHECK_TEXT(rs.location ? rs.location : "", row[i].location ? row[i].location : "",
		           "%s", row[i].name);
		CHECK_TEXT(rs.operation ? rs.operation : "",
		           row[i].operation ? row[i].operation : "", "%s", row[i].name);
		CHECK_TEXT(rs.challenge ? rs.challenge : "",
		           row[i].challenge ? row[i].challenge : "", "%s", row[i].name);
		CHECK_TEXT(rs.request_id, row[i].id ? row[i].id : "", "%s", row[i].name);
	}
}

static void header_limits(void **state)
{
	(void)state;
	AUTO_RESPONSE struct http_response rs = { .retry_after_ms = -1, .body.max = 5 };
	struct http_headers h = { .rs = &rs };
	AUTO_FREE char *longest = mem_fmt("X: %040000d", 7);
	size_t lines = 0;

	while (lines < 1000 && http_headers_line(&h, "A: b", 4))
		lines++;
	assert_int_equal(lines, HTTP_HEADER_LINES_MAX);
	h = (struct http_headers){ .rs = &rs };
	assert_true(http_headers_line(&h, "HTTP/2 200", 10));
	assert_int_equal(rs.body.max, 5);
	assert_true(http_headers_line(&h, longest, strlen(longest)));
	assert_false(http_headers_line(&h, longest, strlen(longest)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(origins),          cmocka_unit_test(loopback),
		cmocka_unit_test(refused_requests), cmocka_unit_test(headers),
		cmocka_unit_test(header_limits),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
