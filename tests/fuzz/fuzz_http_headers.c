/* SPDX-License-Identifier: MIT */
/* Response headers, a line each: Retry-After in all its forms, Date, challenges. */
#include <stdlib.h>

#include "fuzz/fuzz.h"
#include "http/http.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_RESPONSE struct http_response rs = { .retry_after_ms = -1, .body.max = 5 };
	struct http_headers h = { .rs = &rs };
	const char *at = (const char *)data, *end = at + size;

	while (at < end) {
		const char *eol = memchr(at, '\n', (size_t)(end - at));
		size_t n = eol != NULL ? (size_t)(eol + 1 - at) : (size_t)(end - at);

		if (!http_headers_line(&h, at, n))
			break;
		at += n;
	}
	http_headers_end(&h, 1700000000);
	if (rs.retry_after_ms < -1 || rs.date < 0 || rs.body.max != 5 ||
	    strlen(rs.request_id) >= sizeof(rs.request_id))
		abort();
	return 0;
}
