/* SPDX-License-Identifier: MIT */
/* The token cache, and the walk over the methods. */
#include <pthread.h>
#include <stdlib.h>
#include <strings.h>

#include "azure/auth.h"
#include "base/buf.h"
#include "base/env.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/secret.h"

#define EARLY_S       300   /* a token this near its end is not used for a new request */
#define LAST_USE_MS   30000 /* ... but where no other can be had, until this near */
#define HOLD_FIRST_MS 1000  /* how long the first failure keeps others from asking; doubles */
#define HOLD_MAX_MS   30000

const struct auth_ops *const auth_methods[] = { &auth_secret,  &auth_certificate, &auth_workload,
	                                        &auth_managed, &auth_cli,         NULL };

struct auth {
	const struct azure_spec *spec;
	const struct env *env;
	/* held while a token is fetched: who needs one has to wait for it anyway */
	pthread_mutex_t mutex;
	const struct auth_ops *method; /* the one that worked, or was named */
	struct secret *token;
	unsigned serial;
	int64_t use_until_ms, lives_until_ms; /* of the monotonic clock */
	int64_t given_ms;                     /* how long it had to live when it was fetched */
	struct err failed;                    /* the newest failure ... */
	int64_t held_until_ms;                /* ... which is everybody's until then */
	int failures;
};

struct auth *auth_new(const struct azure_spec *s, const struct env *env)
{
	struct auth *a = mem_new(sizeof(*a));

	a->spec = s;
	a->env = env;
	(void)pthread_mutex_init(&a->mutex, NULL);
	return a;
}

void auth_free(struct auth *a)
{
	if (a == NULL)
		return;
	secret_free(a->token);
	(void)pthread_mutex_destroy(&a->mutex);
	free(a);
}

static bool is_selected(const struct auth_ops *m, const char *word)
{
	return strcasecmp(word, m->set) == 0 || strcasecmp(word, m->credential) == 0;
}

/* How many methods the word stands for, and the last of them. */
static size_t count_selected(const char *word, const struct auth_ops **last)
{
	size_t n = 0;

	for (size_t i = 0; auth_methods[i] != NULL; i++) {
		if (is_selected(auth_methods[i], word)) {
			*last = auth_methods[i];
			n++;
		}
	}
	return n;
}

/* AZURE_TOKEN_CREDENTIALS without the space around it, as Microsoft's libraries read it; "prod"
 * where nothing is left. Caller frees. */
static char *wanted_credentials(void)
{
	static const char space[] = " \t\r\n";
	const char *text = getenv("AZURE_TOKEN_CREDENTIALS");

	text = text == NULL ? "" : text + strspn(text, space);
	size_t n = strlen(text);
	while (n > 0 && strchr(space, text[n - 1]) != NULL)
		n--;
	return n == 0 ? mem_dup("prod") : mem_dup_n(text, n);
}

/* The first method this host has what it takes for. One that is there and then fails ends the
 * walk: its error is the one to fix. */
static bool walk(struct auth *a, struct http *h, const struct auth_ops **out, struct err *e)
{
	AUTO_BUF struct buf missing = BUF_INIT(ERR_TEXT_MAX);
	AUTO_FREE char *word = wanted_credentials();
	size_t n = count_selected(word, out);

	if (n == 0)
		return err_set(
			e, ERR_CONFIG,
			"AZURE_TOKEN_CREDENTIALS is '%.60s': say prod, dev, EnvironmentCredential, "
			"WorkloadIdentityCredential, ManagedIdentityCredential or "
			"AzureCLICredential",
			word);
	/* Asked for by name, it is not looked for: it works, or says why not. */
	if (n == 1)
		return true;
	for (size_t i = 0; auth_methods[i] != NULL; i++) {
		if (!is_selected(auth_methods[i], word))
			continue;
		buf_fmt(&missing, "%s%s: ", missing.len > 0 ? "; " : "", auth_methods[i]->method);
		if (auth_methods[i]->present(a->spec, h, &missing)) {
			*out = auth_methods[i];
			return true;
		}
	}
	return err_set(e, ERR_AUTH, "no identity found on this host (%s): set auth in [azure]",
	               buf_cstr(&missing));
}

static bool choose(struct auth *a, struct http *h, const struct auth_ops **out, struct err *e)
{
	if (a->method != NULL) {
		*out = a->method;
		return true;
	}
	if (auth_is_default(a->spec))
		return walk(a, h, out, e);
	for (size_t i = 0; auth_methods[i] != NULL; i++) {
		if (strcmp(auth_methods[i]->method, a->spec->auth) == 0) {
			*out = auth_methods[i];
			return true;
		}
	}
	return err_set(e, ERR_CONFIG, "unknown auth '%s' in [azure]", a->spec->auth);
}

static bool fetch(struct auth *a, const struct cloud *c, struct http *h, struct err *e)
{
	const struct auth_ops *method = NULL;
	struct secret *token;
	int64_t expires, life_s, now_ms;

	if (!choose(a, h, &method, e))
		return false;
	if (!method->fetch(a->spec, c, h, a->env, &token, &expires, e)) {
		/* A file that is not there must not read as a registry or token that is not
		 * there. */
		e->kind = e->kind == ERR_MISSING ? ERR_CONFIG : e->kind;
		return err_in(e, "%s", method->method);
	}
	life_s = expires - env_now(a->env);
	now_ms = env_mono_ms(a->env);
	secret_free(a->token);
	a->token = token;
	a->method = method;
	a->serial++;
	a->failures = 0;
	a->held_until_ms = 0;
	a->given_ms = life_s * 1000;
	a->lives_until_ms = now_ms + a->given_ms;
	a->use_until_ms = a->lives_until_ms - 1000 * (life_s / 2 < EARLY_S ? life_s / 2 : EARLY_S);
	return true;
}

/* The failure counts for everyone who asks in the next moments, who are told how long that is. */
static void hold(struct auth *a, const struct err *e)
{
	int64_t ms = HOLD_MAX_MS;

	if (e->retry_after_known)
		ms = e->retry_after_ms;
	else if (a->failures < 5)
		ms = HOLD_FIRST_MS << a->failures;
	a->failures++;
	a->failed = *e;
	/* Whatever the token was for has not been asked for: no service has answered that. */
	a->failed.not_acted = true;
	a->failed.status = 0;
	a->held_until_ms = env_mono_ms(a->env) + ms;
}

static bool refresh(struct auth *a, const struct cloud *c, struct http *h, bool refused,
                    struct err *e)
{
	int64_t now_ms = env_mono_ms(a->env);
	struct err why = ERR_INIT;

	if (now_ms >= a->held_until_ms && fetch(a, c, h, &why))
		return true;
	if (now_ms >= a->held_until_ms)
		hold(a, &why);
	if (!refused && a->token != NULL && now_ms < a->lives_until_ms - LAST_USE_MS)
		return true;
	*e = a->failed;
	e->retry_after_known = true;
	e->retry_after_ms = a->held_until_ms > now_ms ? a->held_until_ms - now_ms : 0;
	return false;
}

bool auth_token(struct auth *a, const struct cloud *c, struct http *h, unsigned refused,
                struct secret **token, unsigned *serial, struct err *e)
{
	bool ok;

	(void)pthread_mutex_lock(&a->mutex);
	/* else another thread has been quicker */
	bool stale = refused != 0 && refused == a->serial;
	ok = (!stale && a->token != NULL && env_mono_ms(a->env) < a->use_until_ms) ||
	     refresh(a, c, h, stale, e);
	if (ok) {
		*token = secret_dup(a->token);
		*serial = a->serial;
	}
	(void)pthread_mutex_unlock(&a->mutex);
	return ok;
}

/* A source that gives short ones, or the same one again, is not asked for each of ten thousand
 * jobs. */
static bool lasts(const struct auth *a, int64_t life_ms)
{
	int64_t left = a->lives_until_ms - env_mono_ms(a->env);

	return a->token != NULL && left > LAST_USE_MS &&
	       (left >= life_ms || left >= a->given_ms / 2);
}

bool auth_token_lasting(struct auth *a, const struct cloud *c, struct http *h, int64_t life_s,
                        struct secret **token, int64_t *expires, struct err *e)
{
	(void)pthread_mutex_lock(&a->mutex);
	bool ok = lasts(a, life_s * 1000) || refresh(a, c, h, false, e);
	if (ok) {
		*token = secret_dup(a->token);
		*expires = env_now(a->env) + (a->lives_until_ms - env_mono_ms(a->env)) / 1000;
	}
	(void)pthread_mutex_unlock(&a->mutex);
	return ok;
}

const char *auth_method(struct auth *a)
{
	(void)pthread_mutex_lock(&a->mutex);
	const char *name = a->method != NULL ? a->method->method : NULL;
	(void)pthread_mutex_unlock(&a->mutex);
	return name;
}
