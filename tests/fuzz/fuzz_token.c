/* SPDX-License-Identifier: MIT */
/* An answer of the service, taken for a token, for new passwords, and for a refusal: shaped, and
 * printed as a table and as YAML. */
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "fuzz/fuzz.h"
#include "http/http.h"
#include "output/format.h"
#include "token/model.h"
#include "token/refusal.h"
#include "token/rows.h"

static void print(struct arena *a, const struct value *v,
                  const struct value *(*row)(struct arena *, const struct value *))
{
	static const char *const names[] = { "table", "yaml", "tsv" };

	for (size_t i = 0; v != NULL && i < COUNT(names); i++) {
		AUTO_BUF struct buf out = BUF_INIT((size_t)1024 * 1024);
		struct format_request rq = { .value = v, .row = row };
		struct err e = ERR_INIT;
		(void)!format_find(names[i])->write(&rq, a, &out, &e);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_ARENA struct arena *a = arena_new((size_t)16 * 1024 * 1024);
	AUTO_BUF struct buf text = BUF_INIT((size_t)1024 * 1024);
	AUTO_RESPONSE struct http_response rs = { .status = 400, .body = BUF_INIT(size + 1) };
	const struct value *v = NULL;
	struct err e = ERR_INIT;

	if (token_model(a, TOKEN_SHAPE_TOKEN, (const char *)data, size, &v, &e))
		print(a, v, token_row);
	if (token_model(a, TOKEN_SHAPE_GENERATED, (const char *)data, size, &v, &e))
		print(a, v, token_generated_row);
	buf_add(&rs.body, data, size);
	token_refusal_text(&rs, &text);
	return 0;
}
