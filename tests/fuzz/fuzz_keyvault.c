/* SPDX-License-Identifier: MIT */
/*
 * A key vault that answers anything, in the whole life of its sink. An answer is a byte (its
 * status), a challenge up to a line break, and a body up to a byte 0x01; the last is repeated. No
 * request goes anywhere but to the vault, with any but its own token; and no error tells the
 * password that is delivered.
 */
#include <stdlib.h>

#include "azure/arms.h"
#include "azure/auth.h"
#include "base/buf.h"
#include "base/credential.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/secret.h"
#include "fakes/fake_env.h"
#include "fuzz/fuzz.h"
#include "http/http.h"
#include "http/lender.h"
#include "sink/remote.h"
#include "sink/sink.h"

#define PASSWORD "aPasswordAsLongAsThoseOfTheServiceWhichHas52CharsInIt"
#define VAULT    "https://kv.example"
#define IMDS     "http://169.254.169.254/"
#define TOKEN    "{\"expires_in\":3600,\"access_token\":\"T\"}"

static const uint8_t *next;
static size_t left;

static void take_answer(struct http_response *rs)
{
	static const int statuses[] = { 200, 400, 401, 403, 404, 409, 413, 429, 500, 503, 302, 0 };
	const uint8_t *stop = left > 0 ? memchr(next, 1, left) : NULL;
	size_t n = stop != NULL ? (size_t)(stop - next) : left;
	const uint8_t *line = n > 1 ? memchr(next + 1, '\n', n - 1) : NULL;
	size_t head = line != NULL ? (size_t)(line - next) + 1 : n;

	rs->status = n > 0 ? statuses[next[0] % COUNT(statuses)] : 404;
	if (line != NULL && head > 2)
		rs->challenge = mem_dup_n((const char *)next + 1, head - 2);
	if (head < n)
		buf_add(&rs->body, next + head, n - head);
	if (stop != NULL) {
		left -= n + 1;
		next = stop + 1;
	}
}

static bool answer(struct http *h, const struct http_request *rq, struct http_response *rs,
                   struct err *e)
{
	bool to_vault = strncmp(rq->url, VAULT "/", strlen(VAULT "/")) == 0;

	(void)h;
	must(to_vault || strncmp(rq->url, IMDS, strlen(IMDS)) == 0);
	*rs = (struct http_response){ .body = BUF_INIT(1 << 20), .retry_after_ms = -1 };
	if (!to_vault) {
		must(strstr(rq->url, "resource=https%3A%2F%2Fvault.azure.net") != NULL);
		rs->status = 200;
		buf_str(&rs->body, TOKEN);
		return true;
	}
	must(rq->bearer != NULL && secret_len(rq->bearer) == 1);
	take_answer(rs);
	if (rs->status != 0)
		return true;
	http_response_clear(rs);
	e->not_acted = false;
	return err_set(e, ERR_TRANSIENT, "lost");
}

static void close_client(struct http *h)
{
	free(h);
}

static bool open_client(void *ctx, struct http **out, struct err *e)
{
	struct http *h = mem_new(sizeof(*h));

	(void)ctx;
	(void)e;
	*h = (struct http){ .send = answer, .close = close_client };
	*out = h;
	return true;
}

static void must_be_said(const struct err *e)
{
	must(e->kind != ERR_NONE && e->text[0] != '\0');
	must(strstr(e->text, PASSWORD) == NULL);
}

/* What is said of a password is a time that there is, and a slot. */
static void listen(const struct sink *s)
{
	struct sink_says says;

	sink_keyvault.says(s, &says);
	must(says.expires_us >= 0 && says.slot >= 0 && says.slot <= 2);
}

static void live(struct sink *s, const struct credential *c)
{
	AUTO_SECRET struct secret *held = NULL;
	int64_t expires;
	struct err e = ERR_INIT;

	if (!sink_keyvault.read_current(s, c, &held, &e))
		must_be_said(&e);
	listen(s);
	e = (struct err)ERR_INIT;
	if (!sink_keyvault.check(s, c, &e))
		must_be_said(&e);
	e = (struct err)ERR_INIT;
	must(sink_keyvault.fence(s, 60, &expires, &e));
	if (!sink_keyvault.prepare(s, c, &e) || !sink_keyvault.commit(s, &e))
		must_be_said(&e);
	listen(s);
	sink_keyvault.unfence(s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char vault[] = VAULT, name[] = "web-pull", content[] = "{username}/{password}",
		    custom[] = "custom", method[] = "managed-identity",
		    arm[] = "https://arm.example", server[] = "contoso.azurecr.io",
		    username[] = "web-pull";
	const struct keyvault_spec spec = { .vault = vault, .secret = name, .content = content };
	const struct azure_spec azure = {
		.auth = method, .cloud = custom, .resource_manager = arm, .authority = arm
	};
	AUTO_SECRET struct secret *password = secret_new(PASSWORD, strlen(PASSWORD));
	const struct credential c = { .server = server,
		                      .username = username,
		                      .password = password,
		                      .expires_us = 1767225600000000,
		                      .slot = 1,
		                      .created = 17000000000000000 };
	struct fake_env env;
	struct sink *s = NULL;
	struct err e = ERR_INIT;

	next = data;
	left = size;
	fake_env_init(&env, 1);
	struct sink_lent lent = { .arms = arms_new(&env.env),
		                  .azure = &azure,
		                  .lender = http_lender_new(open_client, NULL),
		                  .env = &env.env };
	must(sink_keyvault.open(&spec, &lent, &s, &e));
	live(s, &c);
	sink_keyvault.close(s);
	arms_free(lent.arms);
	http_lender_free(lent.lender);
	return 0;
}
