/* SPDX-License-Identifier: MIT */
#include "fakes/values.h"

#include "base/err.h"
#include "base/json.h"
#include "check.h"

const struct value *value_parse(struct arena *a, const char *text)
{
	AUTO_JSON struct json *j = NULL;
	struct err e = ERR_INIT;

	if (!json_parse_exact(text, strlen(text), &j, &e))
		fail_msg("%s: %s", text, e.text);
	return value_from_json(a, j);
}
