/* SPDX-License-Identifier: MIT */
#include "azure/login.h"

#include <assert.h>
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

/* A question under way. */
struct asked {
	struct http_pending *pending; /* NULL: there is none */
	struct gate_sent sent;
};

struct login {
	char *server, *realm, *service;
	struct registry_gate *gate;
	/* a connection is open that nothing but the anonymous question went over: as good as a
	 * fresh one, for the first login */
	bool open;
	char *url; /* of the anonymous question */
	struct asked knock;
};

struct login *login_new(const char *server)
{
	struct login *l = mem_new(sizeof(*l));

	l->server = mem_dup(server);
	l->url = mem_fmt("https://%s/v2/", server);
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
	l->open = false;
}

/* ---- questions ------------------------------------------------------------------------------- */

static bool begin(const struct login *l, struct http *h, const struct http_request *rq,
                  struct asked *a, struct err *e)
{
	if (!registry_gate_enter(l->gate, &a->sent, e))
		return false;
	a->pending = http_begin(h, rq);
	return true;
}

static bool finish(const struct login *l, struct asked *a, struct http_response *rs, struct err *e)
{
	bool answered = http_finish(take(&a->pending), rs, e);

	registry_gate_leave(l->gate, &a->sent, answered ? rs : NULL);
	return answered;
}

static void abandon(const struct login *l, struct asked *a)
{
	if (a->pending == NULL)
		return;
	http_abandon(take(&a->pending));
	registry_gate_leave(l->gate, &a->sent, NULL);
}

static bool ask(const struct login *l, struct http *h, const struct http_request *rq,
                struct http_response *rs, struct err *e)
{
	struct asked a = { .pending = NULL };

	return begin(l, h, rq, &a, e) && finish(l, &a, rs, e);
}

void login_free(struct login *l)
{
	if (l == NULL)
		return;
	abandon(l, &l->knock);
	forget(l);
	free(l->url);
	free(l->server);
	free(l);
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

static struct http_request anonymous(const struct login *l)
{
	return (struct http_request){
		.method = HTTP_GET, .url = l->url, .fresh = true, .stays = true
	};
}

static bool learn_from(struct login *l, const struct http_response *rs, struct err *e)
{
	AUTO_FREE char *realm = NULL, *service = NULL;

	if (rs->status != 401)
		return could_not_ask(l, rs, e);
	if (rs->challenge == NULL || !challenge_param(rs->challenge, "Bearer", "realm", &realm) ||
	    !challenge_param(rs->challenge, "Bearer", "service", &service))
		return err_set(e, ERR_REMOTE, "registry '%s' does not say where to log in",
		               l->server);
	if (!check_realm(l, realm, e))
		return false;
	forget(l);
	l->realm = take(&realm);
	l->service = take(&service);
	l->open = true;
	return true;
}

static bool learn(struct login *l, struct http *h, struct err *e)
{
	const struct http_request rq = anonymous(l);
	AUTO_RESPONSE struct http_response rs = { 0 };

	return ask(l, h, &rq, &rs, e) ? learn_from(l, &rs, e)
	                              : err_in(e, "cannot ask registry '%s'", l->server);
}

bool login_knock(struct login *l, struct http *h, struct err *e)
{
	forget(l);
	return learn(l, h, e);
}

void login_knock_begin(struct login *l, struct http *h)
{
	const struct http_request rq = anonymous(l);
	struct err ignored = ERR_INIT; /* then it is not asked */

	if (http_goes_on(h) && l->knock.pending == NULL)
		(void)!begin(l, h, &rq, &l->knock, &ignored);
}

bool login_knock_end(struct login *l)
{
	AUTO_RESPONSE struct http_response rs = { 0 };
	struct err ignored = ERR_INIT; /* whoever needs it asks again, and is told */

	return l->knock.pending != NULL && finish(l, &l->knock, &rs, &ignored) &&
	       learn_from(l, &rs, &ignored);
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

/* Without a scope, as a login does that only wants to know: the token that comes back opens
 * nothing. */
static bool where_to(const struct login *l, const struct credential *c, struct buf *url,
                     struct err *e)
{
	buf_fmt(url, "%s?account=", l->realm);
	buf_form(url, c->username);
	buf_str(url, "&service=");
	buf_form(url, l->service);
	return buf_ok(url) ||
	       err_set(e, ERR_REMOTE, "registry '%s' names a place to log in that is too long",
	               l->server);
}

static bool could_not_log_in(const struct login *l, struct err *e)
{
	return err_in(e, "cannot log in to registry '%s'", l->server);
}

bool login_probe(struct login *l, struct http *h, const struct credential *c,
                 enum login_answer *out, struct err *e)
{
	AUTO_BUF struct buf url = BUF_INIT(URL_MAX);
	AUTO_RESPONSE struct http_response rs = { 0 };

	if ((l->realm == NULL && !learn(l, h, e)) || !where_to(l, c, &url, e))
		return false;
	const struct http_request rq = { .method = HTTP_GET,
		                         .url = buf_cstr(&url),
		                         .fresh = !l->open,
		                         .last = true,
		                         .basic_user = c->username,
		                         .basic_password = c->password };
	l->open = false;
	return ask(l, h, &rq, &rs, e) ? judge(l, &rs, out, e) : could_not_log_in(l, e);
}

static bool finish_one(struct login *l, struct asked *a, enum login_answer *out, struct err *e)
{
	AUTO_RESPONSE struct http_response rs = { 0 };

	return finish(l, a, &rs, e) ? judge(l, &rs, out, e) : could_not_log_in(l, e);
}

/* The first refusal is the answer, and the first failure: the rest is left alone. */
static bool finish_all(struct login *l, struct asked *a, int n, enum login_answer *out,
                       struct err *e)
{
	enum login_answer answer = LOGIN_ACCEPTED;
	bool ok = true;

	for (int i = 0; i < n; i++) {
		if (ok && answer == LOGIN_ACCEPTED)
			ok = finish_one(l, &a[i], &answer, e);
		else
			abandon(l, &a[i]);
	}
	if (ok)
		*out = answer;
	return ok;
}

bool login_prove(struct login *l, struct http *h, const struct credential *c, int n,
                 enum login_answer *out, struct err *e)
{
	AUTO_BUF struct buf url = BUF_INIT(URL_MAX);
	struct asked all[LOGIN_PROOFS_MAX] = { { .pending = NULL } };
	int begun = 0;

	assert(n <= LOGIN_PROOFS_MAX);
	if ((l->realm == NULL && !learn(l, h, e)) || !where_to(l, c, &url, e))
		return false;
	const struct http_request rq = { .method = HTTP_GET,
		                         .url = buf_cstr(&url),
		                         .fresh = true,
		                         .basic_user = c->username,
		                         .basic_password = c->password };
	while (begun < n && begin(l, h, &rq, &all[begun], e))
		begun++;
	if (begun == n)
		return finish_all(l, all, n, out, e);
	for (int i = 0; i < begun; i++)
		abandon(l, &all[i]);
	return false;
}
