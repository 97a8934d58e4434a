/* SPDX-License-Identifier: MIT */
/* Any answer of a service, parsed, walked to its leaves, asked by path, and robbed of its
 * secrets. */
#include <stdlib.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/json.h"
#include "base/json_span.h"
#include "base/secret.h"
#include "base/show.h"
#include "fuzz/fuzz.h"

static bool is_utf8(const char *s)
{
	uint32_t code = 0;
	bool shown;

	for (size_t n; *s != '\0'; s += n) {
		n = show_next(s, &code, &shown);
		if (n == 1 && code == SHOW_INVALID)
			return false;
	}
	return true;
}

static void walk(const struct json *j, int depth)
{
	size_t n = 0;

	must(depth <= JSON_SPAN_DEPTH_MAX);
	for (const struct json *k = json_child(j); k != NULL; k = json_next(k), n++) {
		must(json_at(j, "", n) == k);
		walk(k, depth + 1);
	}
	must(n == json_len(j, ""));
	if (json_type(j) == JSON_STRING) {
		/* What buf_json writes is JSON again, and means the same where it was text. */
		AUTO_BUF struct buf text = BUF_INIT((size_t)1 << 24);
		AUTO_JSON struct json *again = NULL;
		struct err e = ERR_INIT;
		buf_json(&text, json_text(j));
		must(buf_ok(&text) && json_parse(buf_cstr(&text), text.len, &again, &e));
		must(!is_utf8(json_text(j)) || strcmp(json_text(again), json_text(j)) == 0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const paths[] = { "error.code", "properties.credentials.passwords",
		                             "value",      "a.b.c",
		                             "nextLink",   "" };
	AUTO_JSON struct json *j = NULL;
	struct err e = ERR_INIT;

	if (!json_parse((const char *)data, size, &j, &e)) {
		must(j == NULL && e.kind == ERR_REMOTE && e.text[0] != '\0');
		return 0;
	}
	walk(j, 0);
	for (size_t i = 0; i < COUNT(paths); i++) {
		int64_t n;
		if (json_int(j, paths[i], &n))
			must(json_str(j, paths[i]) == NULL && !json_true(j, paths[i]));
		AUTO_SECRET struct secret *in_list = json_take_secret_at(j, paths[i], 0, "value");
		/* taken before the list itself is; freed at the end of the block */
		(void)in_list;
		AUTO_SECRET struct secret *s = json_take_secret(j, paths[i]);
		if (s != NULL)
			must(json_str(j, paths[i])[0] == '\0');
	}
	return 0;
}
