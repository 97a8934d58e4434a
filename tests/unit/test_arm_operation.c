/* SPDX-License-Identifier: MIT */
#include "azure/arm.h"
#include "base/err.h"
#include "base/mem.h"
#include "check.h"
#include "fakes/arm_rig.h"

#define ARM          "https://arm.example"
#define OPERATION(u) "Azure-AsyncOperation: " u
#define LOCATION(u)  "Location: " u

/* What an operation is taken for after its first answer. */
static void starts(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		enum http_method method;
		int status;
		const char *headers[3], *body;
		const char *poll, *final; /* poll NULL: done */
		bool by_status;
		int64_t delay;
		bool fails;
	} row[] = {
		{ "PUT 201, as recorded",
		  HTTP_PUT,
		  201,
		  { OPERATION(ARM "/op?c=1"), "Retry-After: 10" },
		  "{}",
		  ARM "/op?c=1",
		  ARM "/t",
		  true,
		  .delay = 10000 },
		{ "PATCH 201",
		  HTTP_PATCH,
		  201,
		  { OPERATION(ARM "/op") },
		  "{}",
		  ARM "/op",
		  ARM "/t",
		  true,
		  .delay = 10000 },
		{ "PUT 200, done",
		  HTTP_PUT,
		  200,
		  { 0 },
		  "{\"properties\":{\"provisioningState\":\"Succeeded\"}}",
		  .delay = 10000 },
		{ "PUT 200, a state unheard of",
		  HTTP_PUT,
		  200,
		  { 0 },
		  "{\"properties\":{\"provisioningState\":\"Creating\"}}",
		  ARM "/t",
		  .delay = 10000 },
		{ "PUT 201 without state", HTTP_PUT, 201, { 0 }, "{}", ARM "/t", .delay = 10000 },
		{ "PATCH 201 without a body",
		  HTTP_PATCH,
		  201,
		  { 0 },
		  "",
		  ARM "/t",
		  .delay = 10000 },
		{ "PUT 201, done",
		  HTTP_PUT,
		  201,
		  { 0 },
		  "{\"properties\":{\"provisioningState\":\"Succeeded\"}}",
		  .delay = 10000 },
		{ "PUT 200 without state", HTTP_PUT, 200, { 0 }, "{}", .delay = 10000 },
		{ "PUT 202, nothing", HTTP_PUT, 202, { 0 }, "", ARM "/t", .delay = 10000 },
		{ "DELETE 202, as recorded",
		  HTTP_DELETE,
		  202,
		  { LOCATION(ARM "/res"), "Retry-After: 10" },
		  "null",
		  ARM "/res",
		  .delay = 10000 },
		{ "DELETE 204", HTTP_DELETE, 204, { 0 }, "", .delay = 10000 },
		{ "DELETE 200", HTTP_DELETE, 200, { 0 }, "", .delay = 10000 },
		{ "POST 200", HTTP_POST, 200, { 0 }, "{}", .delay = 10000 },
		{ "POST 200 with a Location is done",
		  HTTP_POST,
		  200,
		  { LOCATION(ARM "/res") },
		  "{}",
		  .delay = 10000 },
		{ "POST 202",
		  HTTP_POST,
		  202,
		  { LOCATION(ARM "/res"), "retry-after-ms: 250" },
		  "",
		  ARM "/res",
		  .delay = 250 },
		{ "POST 202, both",
		  HTTP_POST,
		  202,
		  { LOCATION(ARM "/res"), OPERATION(ARM "/op") },
		  "",
		  ARM "/op",
		  ARM "/res",
		  true,
		  .delay = 10000 },
		{ "DELETE 202, both",
		  HTTP_DELETE,
		  202,
		  { LOCATION(ARM "/res"), OPERATION(ARM "/op") },
		  "",
		  ARM "/op",
		  NULL,
		  true,
		  .delay = 10000 },
		{ "no spinning",
		  HTTP_POST,
		  202,
		  { LOCATION(ARM "/res"), "Retry-After: 0" },
		  "",
		  ARM "/res",
		  .delay = 100 },
		{ "POST 202, nothing", HTTP_POST, 202, { 0 }, "", .fails = true },
		{ "elsewhere",
		  HTTP_POST,
		  202,
		  { LOCATION("https://evil.example/res") },
		  "",
		  .fails = true },
		{ "elsewhere at the end",
		  HTTP_POST,
		  202,
		  { OPERATION(ARM "/op"), LOCATION("https://evil.example/r") },
		  "",
		  .fails = true },
		{ "plain http",
		  HTTP_PUT,
		  201,
		  { OPERATION("http://arm.example/op") },
		  "",
		  .fails = true },
		{ "relative",
		  HTTP_POST,
		  202,
		  { LOCATION("/res") },
		  "",
		  ARM "/res",
		  .delay = 10000 },
	};

	for (size_t i = 0; i < COUNT(row); i++) {
		const struct fake_step steps[] = {
			ARM_RIG_TOKEN("T"),
			{ row[i].method, .status = row[i].status, .answer = row[i].body,
			  .headers = { row[i].headers[0], row[i].headers[1], row[i].headers[2] } }
		};
		struct arm_rig r;
		struct arm_request rq = { .method = row[i].method, .path = "/t" };
		AUTO_RESPONSE struct http_response rs = { 0 };
		AUTO(arm_operation_clear) struct arm_operation op = { 0 };
		struct err e = ERR_INIT;

		arm_rig_open(&r, steps, COUNT(steps));
		CHECK(arm_send(r.arm, r.http, &rq, &rs, &e), "%s: %s", row[i].name, e.text);
		CHECK(arm_operation_start(r.arm, &rq, "/t", &rs, &op, &e) == !row[i].fails,
		      "%s: %s", row[i].name, e.text);
		CHECK(!row[i].fails || (e.kind == ERR_REMOTE && !e.not_acted), "%s: %s",
		      row[i].name, e.text);
		CHECK_TEXT(op.poll_url ? op.poll_url : "", row[i].poll ? row[i].poll : "", "%s",
		           row[i].name);
		CHECK_TEXT(op.final_url ? op.final_url : "", row[i].final ? row[i].final : "", "%s",
		           row[i].name);
		CHECK(op.by_status == row[i].by_status && op.delay_ms == row[i].delay,
		      "%s: %lld ms", row[i].name, (long long)op.delay_ms);
		CHECK(arm_rig_close(&r), "%s", row[i].name);
	}
}

static void begin(struct arm_rig *r, enum http_method method, struct arm_operation *op)
{
	struct arm_request rq = { .method = method, .path = "/t" };
	AUTO_RESPONSE struct http_response rs = { 0 };
	struct err e = ERR_INIT;

	CHECK(arm_send(r->arm, r->http, &rq, &rs, &e), "%s", e.text);
	CHECK(arm_operation_start(r->arm, &rq, "/t", &rs, op, &e), "%s", e.text);
}

/* The newest signed URL is asked, which is over 3 kB; then the resource is read. */
static void by_status(void **state)
{
	(void)state;
	AUTO_FREE char *long1 = mem_fmt(OPERATION(ARM "/op?t=1&c=%03100d"), 1),
		       *long2 = mem_fmt(OPERATION(ARM "/op?t=2&c=%03100d"), 2);
	AUTO_FREE char *url1 = mem_fmt("=" ARM "/op?t=1&c=%03100d", 1),
		       *url2 = mem_fmt("=" ARM "/op?t=2&c=%03100d", 2);
	/* clang-format off */
	const struct fake_step steps[] = {
		ARM_RIG_TOKEN("T"), { HTTP_PUT, "/t", .status = 201, .headers = { long1,
		  "Retry-After: 10" }, .answer = "{}" },
		{ HTTP_GET, url1, .bearer = "T", .status = 200,
		  .headers = { long2, "Retry-After: 7" }, .answer = "{\"status\":\"Creating\"}" },
		{ HTTP_GET, url2, .status = 503 },
		{ HTTP_GET, url2, .status = 200, .answer = "{\"status\":\"Succeeded\"}" },
		{ HTTP_GET, "=" ARM "/t", .outcome = FAKE_DROP_AFTER },
		{ HTTP_GET, url2, .status = 200, .answer = "{\"status\":\"succeeded\"}" },
		{ HTTP_GET, "=" ARM "/t", .status = 200, .answer = "{\"name\":\"t\"}" },
	};
	/* clang-format on */
	struct arm_rig r;
	AUTO(arm_operation_clear) struct arm_operation op = { 0 };
	AUTO_RESPONSE struct http_response rs = { 0 };
	struct err e = ERR_INIT;
	bool done = true;

	arm_rig_open(&r, steps, COUNT(steps));
	begin(&r, HTTP_PUT, &op);
	assert_true(arm_operation_poll(r.arm, r.http, &op, &done, &rs, &e));
	assert_false(done);
	assert_int_equal(op.delay_ms, 7000);
	/* Neither of these ends it: the caller comes again. */
	assert_false(arm_operation_poll(r.arm, r.http, &op, &done, &rs, &e));
	assert_int_equal(e.kind, ERR_TRANSIENT);
	assert_false(arm_operation_poll(r.arm, r.http, &op, &done, &rs, &e));
	assert_int_equal(e.kind, ERR_TRANSIENT);
	assert_true(arm_operation_poll(r.arm, r.http, &op, &done, &rs, &e));
	assert_true(done);
	assert_string_equal(buf_cstr(&rs.body), "{\"name\":\"t\"}");
	assert_null(op.poll_url);
	assert_true(arm_rig_close(&r));
}

static void by_location(void **state)
{
	(void)state;
	/* clang-format off */
	static const struct fake_step steps[] = {
		ARM_RIG_TOKEN("T"),
		  { HTTP_POST, "/t", .status = 202, .headers = { LOCATION(ARM "/res/1") } },
		{ HTTP_GET, "=" ARM "/res/1", .status = 202,
		  .headers = { LOCATION(ARM "/res/2"), "Retry-After: 3" } },
		{ HTTP_GET, "=" ARM "/res/2", .status = 202, .answer = "null" },
		{ HTTP_GET, "=" ARM "/res/2", .status = 200, .answer = "{\"x\":1}" },
	};
	/* clang-format on */
	struct arm_rig r;
	AUTO(arm_operation_clear) struct arm_operation op = { 0 };
	AUTO_RESPONSE struct http_response rs = { 0 };
	struct err e = ERR_INIT;
	bool done = true;

	arm_rig_open(&r, steps, COUNT(steps));
	begin(&r, HTTP_POST, &op);
	assert_true(arm_operation_poll(r.arm, r.http, &op, &done, &rs, &e) && !done);
	assert_int_equal(op.delay_ms, 3000);
	assert_true(arm_operation_poll(r.arm, r.http, &op, &done, &rs, &e) && !done);
	assert_true(arm_operation_poll(r.arm, r.http, &op, &done, &rs, &e) && done);
	assert_string_equal(buf_cstr(&rs.body), "{\"x\":1}");
	assert_true(arm_rig_close(&r));
}

/* DELETE, as recorded: 202, 202, then 200 with nothing in it. */
static void deletes(void **state)
{
	(void)state;
	static const struct fake_step steps[] = {
		ARM_RIG_TOKEN("T"),
		{ HTTP_DELETE, "/t", .status = 202,
		  .headers = { LOCATION(ARM "/r"), "Retry-After: 10" }, .answer = "null" },
		{ HTTP_GET, "/r", .status = 202, .headers = { LOCATION(ARM "/r2") } },
		{ HTTP_GET, "/r2", .status = 200 },
	};
	struct arm_rig r;
	AUTO(arm_operation_clear) struct arm_operation op = { 0 };
	AUTO_RESPONSE struct http_response rs = { 0 };
	struct err e = ERR_INIT;
	bool done = true;

	arm_rig_open(&r, steps, COUNT(steps));
	begin(&r, HTTP_DELETE, &op);
	assert_true(arm_operation_poll(r.arm, r.http, &op, &done, &rs, &e) && !done);
	assert_true(arm_operation_poll(r.arm, r.http, &op, &done, &rs, &e) && done);
	assert_int_equal(rs.body.len, 0);
	assert_true(arm_rig_close(&r));
}

/* How a poll can end badly, after a start that polls by status or by location. */
static void ends_badly(void **state)
{
	(void)state;
	/* clang-format off */
	static const struct { const char *name; bool by_status; int status; const char *header, *body; enum err_kind kind; const char *code; } row[] = {
		{ "failed", true, 200, NULL,
		  "{\"status\":\"Failed\",\"error\":{\"code\":\"X\",\"message\":\"m\"}}",
		  ERR_REMOTE, "X" },
		{ "cancelled", true, 200, NULL, "{\"status\":\"Canceled\"}", ERR_REMOTE, "" },
		{ "cancelled, the other spelling", true, 200, NULL, "{\"status\":\"Cancelled\"}",
		  ERR_REMOTE, "" },
		{ "no state", true, 200, NULL, "{}", ERR_REMOTE, "" },
		  { "garbage", true, 200, NULL, "<html>", ERR_REMOTE, "" },
		{ "empty", true, 200, NULL, "", ERR_REMOTE, "" },
		{ "moved away", true, 200, OPERATION("https://evil.example/"),
		  "{\"status\":\"Running\"}", ERR_REMOTE, "" },
		{ "forgotten", true, 404, NULL, "{\"error\":{\"code\":\"NotFound\"}}", ERR_MISSING,
		  "NotFound" },
		{ "moved away", false, 202, LOCATION("https://evil.example/"), "", ERR_REMOTE, "" },
		{ "failed", false, 200, NULL,
		  "{\"properties\":{\"provisioningState\":\"Failed\"}}", ERR_REMOTE, "" },
		{ "refused", false, 409, NULL, "{\"error\":{\"code\":\"Y\"}}", ERR_REMOTE, "Y" },
	};
	/* clang-format on */

	for (size_t i = 0; i < COUNT(row); i++) {
		const struct fake_step steps[] = {
			ARM_RIG_TOKEN("T"),
			{ HTTP_POST, "/t", .status = 202,
			  .headers = { row[i].by_status ? OPERATION(ARM "/p")
			                                : LOCATION(ARM "/p") } },
			{ HTTP_GET, "/p", .status = row[i].status, .headers = { row[i].header },
			  .answer = row[i].body },
		};
		struct arm_rig r;
		AUTO(arm_operation_clear) struct arm_operation op = { 0 };
		struct http_response rs = { .status = 7 };
		struct err e = ERR_INIT;
		bool done = false;

		arm_rig_open(&r, steps, COUNT(steps));
		begin(&r, HTTP_POST, &op);
		CHECK(!arm_operation_poll(r.arm, r.http, &op, &done, &rs, &e), "%s", row[i].name);
		CHECK(e.kind == row[i].kind && !done && rs.status == 7, "%s: %s", row[i].name,
		      e.text);
		CHECK_TEXT(e.code, row[i].code, "%s", row[i].name);
		CHECK(arm_rig_close(&r), "%s", row[i].name);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(starts),      cmocka_unit_test(by_status),
		cmocka_unit_test(by_location), cmocka_unit_test(deletes),
		cmocka_unit_test(ends_badly),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
