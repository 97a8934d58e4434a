/* SPDX-License-Identifier: MIT */
/* Times and durations, as services, files and people write them: what is accepted means the same
 * when said and read again. */
#include <stdlib.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/nearest.h"
#include "base/str.h"
#include "fuzz/fuzz.h"
#include "token/time.h"

static void ticks(const char *text)
{
	char said[STR_TIME_MAX];
	int64_t t = -1, again = -1, seconds = -1;

	must(str_ticks(text, &t) == str_time(text, &seconds));
	if (t < 0)
		return;
	must(seconds == t / STR_TICKS_PER_S);
	str_from_ticks(t, said);
	must(str_ticks(said, &again) && again == t);
	str_from_micros(t / 10, said);
	must(str_ticks(said, &again) && again == t / 10 * 10);
}

/* As the command line has them, and as az prints what the service says: read once, they are in a
 * form that is read as the same again. */
static void of_az(const char *text)
{
	AUTO_BUF struct buf shown = BUF_INIT(100), again = BUF_INIT(100);
	char sent[TOKEN_EXPIRY_MAX], once_more[TOKEN_EXPIRY_MAX];
	int64_t t;

	if (token_expiration(text, sent)) {
		must(strlen(sent) == strlen("2026-01-31T23:59:59Z"));
		must(str_time(sent, &t) == (strncmp(sent, "1970", 4) >= 0));
		must(token_expiration(sent, once_more) && strcmp(sent, once_more) == 0);
	}
	if (token_isoformat(text, &shown)) {
		must(buf_ok(&shown) && token_isoformat(buf_cstr(&shown), &again));
		must(strcmp(buf_cstr(&shown), buf_cstr(&again)) == 0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_FREE char *text = mem_dup_n((const char *)data, size);
	char said[STR_TIME_MAX], duration[STR_DURATION_MAX];
	int64_t t = -1, again = -1;

	ticks(text);
	of_az(text);
	if (str_http_date(text, &t)) {
		str_from_time(t, said);
		must(t >= 0 && str_time(said, &again) && again == t);
	}
	t = -1;
	if (str_duration(text, &t)) {
		must(t >= 0);
		str_from_duration(t, 0, duration);
		must(str_duration(duration, &again) && again == t);
	}
	if (str_int(text, 5, 500, &t))
		must(t >= 5 && t <= 500);
	struct nearest near = nearest_to(text);
	nearest_try(&near, "2024-01-19T07:05:10.6147326+00:00");
	if (str_token_name_ok(text))
		must(strlen(text) >= 5 && strlen(text) <= 50);
	return 0;
}
