/* SPDX-License-Identifier: MIT */
/* Answers of token endpoints, as a token and as a refusal. */
#include <stdlib.h>

#include "azure/entra.h"
#include "base/err.h"
#include "base/secret.h"
#include "fuzz/fuzz.h"
#include "http/http.h"

#define NOW INT64_C(1700000000)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const int statuses[] = { 302, 400, 401, 429, 503 };
	AUTO_RESPONSE struct http_response rs = {
		.status = 200, .retry_after_ms = -1, .date = NOW + 4000, .body.max = size + 1
	};
	AUTO_TOKEN_ANSWER struct entra_answer t = { 0 };
	struct err e = ERR_INIT;

	buf_add(&rs.body, data, size);
	if (entra_answer_parse(&rs, NOW, &t, &e))
		must(t.token != NULL && secret_len(t.token) > 0 && t.expires > NOW &&
		     t.expires <= NOW + 30 * 86400);
	else
		must(e.kind == ERR_REMOTE && t.token == NULL);
	for (size_t i = 0; i < COUNT(statuses); i++) {
		rs.status = statuses[i];
		must(!entra_refused(&rs, "Entra ID", NOW, &e));
		must(e.kind == ERR_AUTH || e.kind == ERR_TRANSIENT || e.kind == ERR_REMOTE);
		for (const char *s = e.text; *s != '\0'; s++)
			must((unsigned char)*s >= 0x20 && *s != 0x7f);
	}
	return 0;
}
