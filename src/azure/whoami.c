/* SPDX-License-Identifier: MIT */
#include "azure/whoami.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/crypto.h"
#include "base/err.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/secret.h"

#define CLAIMS_MAX SECRET_MAX

void whoami_clear(struct whoami *w)
{
	free(w->tenant);
	free(w->client_id);
	free(w->object_id);
	*w = (struct whoami){ 0 };
}

static bool read_claims(const struct secret *token, struct json **out)
{
	const char *first = strchr(secret_peek(token), '.'),
		   *second = first != NULL ? strchr(first + 1, '.') : NULL;
	AUTO_BUF struct buf text = BUF_INIT(CLAIMS_MAX);
	struct err unread;

	return second != NULL &&
	       crypto_unbase64_lax(first + 1, (size_t)(second - first - 1), &text) &&
	       json_parse(buf_cstr(&text), text.len, out, &unread);
}

static char *claim(const struct json *j, const char *name, const char *other)
{
	const char *text = json_str(j, name) != NULL ? json_str(j, name) : json_str(j, other);

	return mem_dup(text);
}

void whoami_read(const struct secret *token, int64_t now, struct whoami *out)
{
	AUTO_JSON struct json *j = NULL;
	int64_t until = 0;

	if (!read_claims(token, &j))
		return;
	out->tenant = claim(j, "tid", "tid");
	out->client_id = claim(j, "appid", "azp");
	out->object_id = claim(j, "oid", "sub");
	if (json_int(j, "exp", &until) && until > now)
		out->lives_s = until - now;
}
