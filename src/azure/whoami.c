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

/* The middle part, in the alphabet and with the padding that crypto_unbase64 wants. */
static bool middle_part(const struct secret *token, struct buf *out)
{
	const char *first = strchr(secret_peek(token), '.'), *second = first != NULL ? strchr(first + 1, '.') : NULL;

	if (second == NULL)
		return false;
	for (const char *c = first + 1; c < second; c++)
		buf_char(out, *c == '-' ? '+' : *c == '_' ? '/' : *c);
	while (out->len % 4 != 0)
		buf_char(out, '=');
	return out->len > 0 && buf_ok(out);
}

static char *claim(const struct json *j, const char *name, const char *other)
{
	const char *text = json_str(j, name) != NULL ? json_str(j, name) : json_str(j, other);

	return mem_dup(text);
}

void whoami_read(const struct secret *token, int64_t now, struct whoami *out)
{
	AUTO_BUF struct buf text = BUF_INIT(CLAIMS_MAX);
	AUTO_SECRET struct secret *claims = NULL;
	AUTO_JSON struct json *j = NULL;
	struct err unread;
	int64_t until = 0;

	if (!middle_part(token, &text) || !crypto_unbase64(text.data, text.len, &claims, &unread) ||
	    !json_parse(secret_peek(claims), secret_len(claims), &j, &unread))
		return;
	out->tenant = claim(j, "tid", "tid");
	out->client_id = claim(j, "appid", "azp");
	out->object_id = claim(j, "oid", "sub");
	if (json_int(j, "exp", &until) && until > now)
		out->lives_s = until - now;
}
