/* SPDX-License-Identifier: MIT */
#include "fakes/values.h"

#include "base/err.h"
#include "check.h"

const struct value *value_parse(struct arena *a, const char *text)
{
	const struct value *v = NULL;
	struct err e = ERR_INIT;

	if (!value_from_json(a, text, strlen(text), &v, &e))
		fail_msg("%s: %s", text, e.text);
	return v;
}
