/* SPDX-License-Identifier: MIT */
/* A query, a NUL, and a JSON document; without the NUL a document of ours. What it finds is
 * printed in every format. */
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "fuzz/fuzz.h"
#include "output/format.h"
#include "output/jmespath.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char own[] = "{\"a\":[1,2.5,{\"b\":\"x\"}],\"b\":{\"c\":null,\"d\":true},"
				  "\"foo\":[[\"p\"],[\"q\"]],\"s\":\"it's\"}";
	AUTO_ARENA struct arena *a = arena_new((size_t)8 * 1024 * 1024);
	AUTO_FREE char *query = mem_dup_n((const char *)data, size);
	AUTO_JMESPATH struct jmespath *q = NULL;
	struct err e = ERR_INIT;
	const struct value *v;
	size_t n = strlen(query);
	const char *doc = n < size ? (const char *)data + n + 1 : own;

	if (!value_from_json(a, doc, n < size ? size - n - 1 : sizeof(own) - 1, &v, &e))
		return 0;
	if (arena_over(a) || !jmespath_compile(query, &q, &e) || !jmespath_search(q, v, a, &v, &e))
		return 0;
	for (size_t i = 0; i < format_count; i++) {
		AUTO_BUF struct buf out = BUF_INIT((size_t)256 * 1024);
		struct format_request rq = { .value = v, .queried = true, .color = true };
		(void)!format_list[i].write(&rq, a, &out, &e);
	}
	return 0;
}
