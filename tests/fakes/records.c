/* SPDX-License-Identifier: MIT */
#include "fakes/records.h"

#include "base/buf.h"

bool record_put(struct store *s, const char *name, const char *text, char **version, struct err *e)
{
	AUTO_BUF struct buf b = BUF_INIT(STORE_RECORD_MAX);

	buf_str(&b, text);
	return store_save(s, name, &b, STORE_DURABLE, version, e);
}
