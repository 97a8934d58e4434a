/* SPDX-License-Identifier: MIT */
#include "azure/arm_refusal.h"
#include "base/err.h"
#include "base/json.h"
#include "base/mem.h"
#include "check.h"
#include "http/http.h"

static void refusals(void **state)
{
	(void)state;
	/* Bodies of 404 as the service was recorded (azure-cli and azure-sdk-for-net sessions);
	 * 403 as the documentation shows it. */
	/* clang-format off */
	static const struct { int status; const char *body; enum err_kind kind; const char *code; bool not_acted; const char *says; } row[] = {
		{ 404,
		  "{\"error\":{\"code\":\"ResourceNotFound\",\"message\":\"The resource "
		  "acr-token-scope-map could not be found.\"},"
		  "\"status\":\"Failed\"}", ERR_MISSING, "ResourceNotFound", true,
		  "404 ResourceNotFound: The resource acr-token-scope-map could not be found "
		    "(x-ms-request-id r-1)" },
		{ 404,
		  "{\"error\":{\"code\":\"ParentResourceNotFound\",\"message\":\"Can not perform "
		  "requested operation on nested resource. "
		  "Parent resource 'clireg000002' not found.\"}}", ERR_MISSING,
		    "ParentResourceNotFound", true, "'clireg000002' not found" },
		{ 403,
		  "{\"error\":{\"code\":\"AuthorizationFailed\",\"message\":\"The client 'x' "
		  "with object id 'y' does not have authorization "
		  "to perform action "
		    "'Microsoft.ContainerRegistry/registries/generateCredentials/action' over "
		    "scope '/subscriptions/s/resourceGroups/g"
		  "/providers/Microsoft.ContainerRegistry/registries/r' or the scope is invalid. "
		    "If access was recently granted, please refresh"
		  " your credentials.\"}}", ERR_DENIED, "AuthorizationFailed", true,
		    "may not do 'Microsoft.ContainerRegistry/registries/"
		  "generateCredentials/action' on "
		    "'/subscriptions/s/resourceGroups/g/providers/Microsoft.ContainerRegistry/registries/r'; a role" },
		{ 403,
		  "{\"error\":{\"code\":\"RequestDisallowedByPolicy\",\"message\":\"Resource 'x' "
		  "was disallowed by policy.\"}}", ERR_DENIED,
		  "RequestDisallowedByPolicy", true, "disallowed by policy; an Azure Policy" },
		{ 401,
		  "{\"error\":{\"code\":\"InvalidAuthenticationTokenAudience\",\"message\":\"The "
		  "access token has been obtained for wrong "
		  "audience.\"}}", ERR_AUTH, "InvalidAuthenticationTokenAudience", true,
		    "check cloud and audience" },
		{ 409,
		  "{\"error\":{\"code\":\"TokenNotActive\",\"message\":\"The token is not "
		  "active.\"}}", ERR_REMOTE, "TokenNotActive", true,
		  "409 TokenNotActive" },
		{ 400, "{\"code\":\"InvalidParameter\",\"message\":\"no wrapping\"}", ERR_REMOTE,
		  "InvalidParameter", true, "no wrapping" },
		{ 408, "", ERR_TRANSIENT, "", false,
		  "Azure answers 408 with nothing that explains it" },
		{ 412, "{}", ERR_REMOTE, "", true, "412" },
		{ 429, "{\"error\":{\"code\":\"TooManyRequests\"}}", ERR_TRANSIENT,
		  "TooManyRequests", true, "without a message" },
		{ 500, "<html>", ERR_TRANSIENT, "", false, "500" },
		  { 503, "[]", ERR_TRANSIENT, "", false, "503" },
		{ 302, "", ERR_REMOTE, "", false, "302" },
		  { 404, "<html>nginx</html>", ERR_MISSING, "", true, "404" },
	};
	/* clang-format on */

	for (size_t i = 0; i < COUNT(row); i++) {
		AUTO_RESPONSE struct http_response rs = { .status = row[i].status,
			                                  .retry_after_ms = i % 2 ? 5000 : -1,
			                                  .request_id = "r-1",
			                                  .body.max = 10000 };
		struct err e = ERR_INIT;

		buf_str(&rs.body, row[i].body);
		CHECK(!arm_refused(&rs, 0, NULL, &e), "%zu", i);
		CHECK(e.kind == row[i].kind && e.not_acted == row[i].not_acted &&
		              e.status == row[i].status,
		      "%zu: %s", i, e.text);
		CHECK_TEXT(e.code, row[i].code, "%zu", i);
		CHECK(strstr(e.text, row[i].says) && strstr(e.text, "r-1"), "%zu: %s", i, e.text);
		CHECK(e.retry_after_known == (i % 2 == 1) && e.retry_after_ms == (i % 2 ? 5000 : 0),
		      "%zu", i);
	}
}

/* {"access_token":{"acrs":{"essential":true,"value":"p1"}}} */
#define CLAIMS "eyJhY2Nlc3NfdG9rZW4iOnsiYWNycyI6eyJlc3NlbnRpYWwiOnRydWUsInZhbHVlIjoicDEifX19"

/* The code of a policy, and none of the subscription's: what is to be done depends on whose token it was. */
static void claims_are_not_a_policy(void **state)
{
	static const struct {
		int status;
		const char *challenge, *method, *says, *says_not;
	} row[] = {
		{ 401, "Bearer realm=\"\", error=\"insufficient_claims\", claims=\"" CLAIMS "\"",
		  "azure-cli", "az login --claims-challenge \"" CLAIMS "\"' (az 2.76 or later)",
		  "Azure Policy" },
		{ 401, "Bearer claims=\"" CLAIMS "\"", "client-secret",
		  "multi-factor authentication", "az login" },
		{ 401, "Bearer claims=\"" CLAIMS "\"", NULL, "multi-factor authentication",
		  "Azure Policy" },
		{ 403, NULL, "azure-cli", "an Azure Policy of the subscription", "az login" },
		{ 401, "Bearer claims=\"$(reboot)\"", "azure-cli", "disallowed", "reboot" },
		{ 401, "Bearer claims=\"bm8ganNvbg==\"", "azure-cli", "disallowed", "az login" },
		{ 401, "Bearer claims=\"W10=\"", "azure-cli", "disallowed", "az login" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(row); i++) {
		AUTO_RESPONSE struct http_response rs = { .status = row[i].status,
			                                  .retry_after_ms = -1,
			                                  .body.max = 1000 };
		struct err e = ERR_INIT;
		rs.challenge = row[i].challenge == NULL ? NULL : mem_dup(row[i].challenge);
		buf_str(&rs.body, "{\"error\":{\"code\":\"RequestDisallowedByPolicy\",\"message\":"
		                  "\"It was disallowed.\"}}");
		CHECK(!arm_refused(&rs, 0, row[i].method, &e), "%zu", i);
		CHECK(strstr(e.text, row[i].says) != NULL, "%zu: %s", i, e.text);
		CHECK(strstr(e.text, row[i].says_not) == NULL, "%zu: %s", i, e.text);
	}
}

static void polls_are_read_at_the_subscription(void **state)
{
	AUTO_RESPONSE struct http_response rs = { .status = 403,
		                                  .retry_after_ms = -1,
		                                  .body.max = 1000 };
	struct err e = ERR_INIT;

	(void)state;
	buf_str(&rs.body, "{\"error\":{\"code\":\"AuthorizationFailed\",\"message\":\"The client "
	                  "'x' does not have authorization to perform "
	                  "action 'Microsoft.ContainerRegistry/locations/operationResults/read' "
	                  "over scope '/subscriptions/s' or the scope is invalid.\"}}");
	assert_false(arm_refused(&rs, 0, NULL, &e));
	assert_non_null(strstr(e.text, "'Microsoft.ContainerRegistry/locations/operationResults/"
	                               "read' on '/subscriptions/s'; a role with that "
	                               "action is 'Reader' on the subscription"));
}

static void clock_is_told_with_401(void **state)
{
	(void)state;
	AUTO_RESPONSE struct http_response rs = { .status = 401,
		                                  .retry_after_ms = -1,
		                                  .body.max = 1000 };
	struct err e = ERR_INIT;

	buf_str(&rs.body, "{\"error\":{\"code\":\"ExpiredAuthenticationToken\",\"message\":\"The "
	                  "access token expiry UTC time is earlier.\"}}");
	assert_false(arm_refused(&rs, 7200, NULL, &e));
	assert_non_null(strstr(e.text, "clock is 2h slow"));
	assert_false(arm_refused(&rs, -600, NULL, &e));
	assert_non_null(strstr(e.text, "clock is 10m fast"));
	assert_false(arm_refused(&rs, 299, NULL, &e));
	assert_null(strstr(e.text, "clock is "));
}

/* What a service says is cut, and never drives a terminal. */
static void long_and_nasty(void **state)
{
	(void)state;
	AUTO_RESPONSE struct http_response rs = { .status = 400,
		                                  .retry_after_ms = -1,
		                                  .body.max = 100000 };
	struct err e = ERR_INIT;

	buf_str(&rs.body, "{\"error\":{\"code\":\"");
	for (int i = 0; i < 300; i++)
		buf_str(&rs.body, "C");
	buf_str(&rs.body, "\",\"message\":\"\\u001b[2Ja\\nb");
	for (int i = 0; i < 3000; i++)
		buf_str(&rs.body, "m");
	buf_str(&rs.body, "\"}}");
	assert_false(arm_refused(&rs, 0, NULL, &e));
	assert_true(strlen(e.text) < 420);
	assert_null(strpbrk(e.text, "\x1b\n"));
}

static void failed_operation(void **state)
{
	(void)state;
	AUTO_JSON struct json *j = NULL;
	struct http_response rs = { .status = 200 };
	struct err e = ERR_INIT;
	const char *body = "{\"status\":\"Failed\",\"error\":{\"code\":\"QuotaExceeded\","
			   "\"message\":\"Too many tokens.\"}}";

	assert_true(json_parse(body, strlen(body), &j, &e));
	assert_false(arm_failed(j, &rs, "Failed", &e));
	assert_int_equal(e.kind, ERR_REMOTE);
	assert_string_equal(e.code, "QuotaExceeded");
	assert_string_equal(e.text, "the operation ended as Failed QuotaExceeded: Too many tokens");
	assert_false(e.not_acted);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refusals),
		cmocka_unit_test(clock_is_told_with_401),
		cmocka_unit_test(long_and_nasty),
		cmocka_unit_test(failed_operation),
		cmocka_unit_test(claims_are_not_a_policy),
		cmocka_unit_test(polls_are_read_at_the_subscription),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
