/* SPDX-License-Identifier: MIT */
#include "fakes/fake_vault.h"

#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/json.h"

#define ABSENT "{\"error\":{\"code\":\"SecretNotFound\",\"message\":\"not found\"}}"

static const char *const names[2] = { "one", "two" };

bool fake_vault_is(const char *url)
{
	return strncmp(url, FAKE_VAULT_URL "/", strlen(FAKE_VAULT_URL "/")) == 0;
}

/* The newest version of a secret; NULL for any other path. */
static struct fake_vault_secret *secret_at(struct fake_vault *v, const char *url)
{
	static const char below[] = FAKE_VAULT_URL "/secrets/";

	if (strncmp(url, below, strlen(below)) != 0)
		return NULL;
	for (int i = 0; i < 2; i++) {
		size_t n = strlen(names[i]);
		const char *name = url + strlen(below);
		if (strncmp(name, names[i], n) == 0 && name[n] == '?')
			return &v->secret[i];
	}
	return NULL;
}

static void take_value(struct fake_vault_secret *s, const struct buf *body)
{
	AUTO_JSON struct json *j = NULL;
	struct err ignored = ERR_INIT;

	if (!json_parse(buf_cstr(body), body->len, &j, &ignored) || json_str(j, "value") == NULL)
		return;
	(void)snprintf(s->value, sizeof(s->value), "%s", json_str(j, "value"));
	s->versions++;
}

void fake_vault_do(struct fake_vault *v, const struct http_request *rq, struct http_response *rs)
{
	struct fake_vault_secret *s = secret_at(v, rq->url);

	*rs = (struct http_response){ .body = BUF_INIT(4096), .retry_after_ms = -1 };
	if (s != NULL && rq->method == HTTP_PUT)
		take_value(s, rq->body);
	if (s == NULL || s->value[0] == '\0') {
		rs->status = 404;
		buf_str(&rs->body, ABSENT);
		return;
	}
	rs->status = 200;
	buf_fmt(&rs->body, "{\"id\":\"" FAKE_VAULT_URL "/secrets/x/%d\",\"value\":\"%s\"}",
	        s->versions, s->value);
}
