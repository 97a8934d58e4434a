/* SPDX-License-Identifier: MIT */
#include "config/expand.h"

#include "base/buf.h"
#include "base/err.h"
#include "config/host.h"

bool expand_uses(const char *value, char letter)
{
	for (const char *p = strchr(value, '%'); p != NULL; p = strchr(p, '%')) {
		if (p[1] == letter)
			return true;
		p += p[1] != '\0' ? 2 : 1;
	}
	return false;
}

/* `what` names it where it is missing. NULL for a letter that means nothing. */
static const char *lookup(const struct expand *x, char letter, const char **what)
{
	switch (letter) {
	case 'j':
		*what = "a job";
		return x->job;
	case 't':
		*what = "a token";
		return x->token;
	case 'r':
		*what = "a registry";
		return x->registry;
	case 'H':
		*what = "a host name";
		return host_name(x->host);
	case 'm':
		*what = "a machine id in /etc/machine-id";
		return host_machine_id(x->host);
	case 'h':
		*what = "a home directory";
		return host_home(x->host);
	case '%':
		return "%";
	default:
		*what = NULL;
		return NULL;
	}
}

bool expand_value(const struct expand *x, const char *value, struct buf *scratch, const char **out, struct err *e)
{
	const char *rest = value, *percent;

	if (strchr(value, '%') == NULL) {
		*out = value;
		return true;
	}
	buf_reset(scratch);
	while ((percent = strchr(rest, '%')) != NULL) {
		const char *what = NULL;
		const char *text = lookup(x, percent[1], &what);

		if (text == NULL && what != NULL)
			return err_set(e, ERR_CONFIG, "'%%%c' stands for %s, and there is none here", percent[1], what);
		if (text == NULL)
			return err_set(e, ERR_CONFIG, "unknown '%.2s'; known are %%j %%t %%r %%H %%m %%h, and '%%%%' is a percent sign",
			               percent);
		buf_add(scratch, rest, (size_t)(percent - rest));
		buf_str(scratch, text);
		rest = percent + 2;
	}
	buf_str(scratch, rest);
	if (!buf_ok(scratch))
		return err_set(e, ERR_CONFIG, "the value becomes longer than %zu bytes", scratch->max);
	*out = buf_cstr(scratch);
	return true;
}
