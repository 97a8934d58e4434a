/* SPDX-License-Identifier: MIT */
#include "azure/login.h"

#include <stdlib.h>

#include "azure/challenge.h"
#include "azure/registry_gate.h"
#include "base/buf.h"
#include "base/credential.h"
#include "base/err.h"
#include "base/json.h"
#include "base/mem.h"
#include "http/http.h"

#define URL_MAX 8192

struct login {
	char *server, *realm, *service;
	struct registry_gate *gate;
};

struct login *login_new(const char *server)
{
	struct login *l = mem_new(sizeof(*l));

	l->server = mem_dup(server);
	return l;
}

void login_through(struct login *l, struct registry_gate *g)
{
	l->gate = g;
}

static void forget(struct login *l)
{
	free(l->realm);
	free(l->service);
	l->realm = l->service = NULL;
}

void login_free(struct login *l)
{
	if (l == NULL)
		return;
	forget(l);
	free(l->server);
	free(l);
}

static bool ask(const struct login *l, struct http *h, const struct http_request *rq,
                struct http_response *rs, struct err *e)
{
	struct gate_sent sent = { 0 };

	if (!registry_gate_enter(l->gate, &sent, e))
		return false;
	bool answered = http_send(h, rq, rs, e);
	registry_gate_leave(l->gate, &sent, answered ? rs : NULL);
	return answered;
}

static bool could_not_ask(const struct login *l, const struct http_response *rs, struct err *e)
{
	bool passing = rs->status == 408 || rs->status == 429 || rs->status >= 500;

	if (rs->status == 403)
		(void)err_set(e, ERR_DENIED,
		              "registry '%s' refuses this host (403): a network rule of the "
		              "registry, or a proxy",
		              l->server);
	else
		(void)err_set(e, passing ? ERR_TRANSIENT : ERR_REMOTE,
		              "registry '%s' answers %d to a login%s", l->server, rs->status,
		              passing ? "" : ", which is not understood");
	e->status = rs->status;
	e->throttled = rs->status == 429;
	e->retry_after_known = rs->retry_after_ms >= 0;
	e->retry_after_ms = e->retry_after_known ? rs->retry_after_ms : 0;
	return false;
}

/* The password goes where the realm points: nowhere but to the registry itself. */
static bool check_realm(const struct login *l, const char *realm, struct err *e)
{
	AUTO_FREE char *own = mem_fmt("https://%s/", l->server);
	struct http_origin want, have;

	if (!http_origin(own, &want))
		return err_set(e, ERR_CONFIG, "'%s' is not the name of a registry's login server",
		               l->server);
	if (!http_origin(realm, &have) || !http_origin_equal(&want, &have) ||
	    strpbrk(realm, "?#") != NULL)
		return err_set(
			e, ERR_REMOTE,
			"registry '%s' sends logins to '%.100s', which is not itself: not followed",
			l->server, realm);
	return true;
}

static bool learn(struct login *l, struct http *h, struct err *e)
{
	AUTO_FREE char *url = mem_fmt("https://%s/v2/", l->server), *realm = NULL, *service = NULL;
	AUTO_RESPONSE struct http_response rs = { 0 };

	if (!ask(l, h, &(struct http_request){ .method = HTTP_GET, .url = url }, &rs, e))
		return err_in(e, "cannot ask registry '%s'", l->server);
	if (rs.status != 401)
		return could_not_ask(l, &rs, e);
	if (rs.challenge == NULL || !challenge_param(rs.challenge, "Bearer", "realm", &realm) ||
	    !challenge_param(rs.challenge, "Bearer", "service", &service))
		return err_set(e, ERR_REMOTE, "registry '%s' does not say where to log in",
		               l->server);
	if (!check_realm(l, realm, e))
		return false;
	l->realm = take(&realm);
	l->service = take(&service);
	return true;
}

bool login_knock(struct login *l, struct http *h, struct err *e)
{
	forget(l);
	return learn(l, h, e);
}

/* Anything but a token in a 200 is a reply of something that is not a registry. */
static bool has_token(const struct http_response *rs)
{
	AUTO_JSON struct json *j = NULL;
	struct err unread;

	if (!json_parse(buf_cstr(&rs->body), rs->body.len, &j, &unread))
		return false;
	const char *token = json_str(j, "access_token") != NULL ? json_str(j, "access_token")
	                                                        : json_str(j, "token");
	return token != NULL && *token != '\0';
}

static bool judge(struct login *l, const struct http_response *rs, enum login_answer *out,
                  struct err *e)
{
	if (rs->status == 200 && !has_token(rs)) {
		forget(l);
		return err_set(e, ERR_REMOTE,
		               "registry '%s' answers a login with something that is not a token",
		               l->server);
	}
	if (rs->status != 200 && rs->status != 401)
		return could_not_ask(l, rs, e);
	*out = rs->status == 200 ? LOGIN_ACCEPTED : LOGIN_REJECTED;
	return true;
}

bool login_probe(struct login *l, struct http *h, const struct credential *c,
                 enum login_answer *out, struct err *e)
{
	AUTO_BUF struct buf url = BUF_INIT(URL_MAX);
	AUTO_RESPONSE struct http_response rs = { 0 };

	if (l->realm == NULL && !learn(l, h, e))
		return false;
	/* Without a scope, as a login does that only wants to know: the token that comes back
	 * opens nothing. */
	buf_fmt(&url, "%s?account=", l->realm);
	buf_form(&url, c->username);
	buf_str(&url, "&service=");
	buf_form(&url, l->service);
	if (!buf_ok(&url))
		return err_set(e, ERR_REMOTE,
		               "registry '%s' names a place to log in that is too long", l->server);
	struct http_request rq = { .method = HTTP_GET,
		                   .url = buf_cstr(&url),
		                   .fresh = true,
		                   .basic_user = c->username,
		                   .basic_password = c->password };
	if (!ask(l, h, &rq, &rs, e))
		return err_in(e, "cannot log in to registry '%s'", l->server);
	return judge(l, &rs, out, e);
}
