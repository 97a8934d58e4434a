/* SPDX-License-Identifier: MIT */
#include "sink/remote.h"

#include "base/buf.h"
#include "base/err.h"
#include "sink/sink.h"

const struct key remote_libsecret_keys[1] = {
	{ .name = "take_entry",
	  .type = KEY_BOOL,
	  .offset = offsetof(struct libsecret_spec, take_entry),
	  .fallback = "no",
	  .help = "remove items of other user names for the same registry" },
};

void remote_libsecret_identity(const void *spec, const char *server, struct buf *out)
{
	(void)spec; /* there is one Secret Service */
	buf_fmt(out, "libsecret:%s", server);
}

const struct key remote_helper_keys[2] = {
	{ .name = "program",
	  .type = KEY_TEXT,
	  .offset = offsetof(struct helper_spec, program),
	  .required = true,
	  .help = "a credential helper as docker's: its path, or a name in PATH "
	          "(docker-credential-pass)" },
	{ .name = "take_entry",
	  .type = KEY_BOOL,
	  .offset = offsetof(struct helper_spec, take_entry),
	  .fallback = "no",
	  .help = "replace what it holds for another user name" },
};

void remote_helper_identity(const void *spec, const char *server, struct buf *out)
{
	const struct helper_spec *s = spec;

	buf_fmt(out, "helper:%s:%s", s->program, server);
}

bool remote_helper_validate(const void *spec, struct err *e)
{
	const struct helper_spec *s = spec;

	if (s->program[0] == '/' || strchr(s->program, '/') == NULL)
		return true;
	return err_set(e, ERR_CONFIG,
	               "key 'program': '%s' is neither an absolute path nor a name in PATH",
	               s->program);
}
