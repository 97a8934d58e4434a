/* SPDX-License-Identifier: MIT */
#include "kube/kubeconfig.h"

#include <stdlib.h>

#include "base/crypto.h"
#include "base/err.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/secret.h"
#include "kube/yaml.h"

/* ---- the text -------------------------------------------------------------------------------- */

static bool parse(const char *text, size_t n, struct json **out, struct err *e)
{
	AUTO_BUF struct buf json = BUF_INIT(4 * KUBECONFIG_MAX);
	struct err why = ERR_INIT;

	if (n > KUBECONFIG_MAX)
		return err_set(e, ERR_CONFIG, "it is larger than %u bytes", KUBECONFIG_MAX);
	/* Most of JSON is YAML, but not all of it, and not to every YAML parser. */
	if (n > 0 && text[0] == '{' && json_parse(text, n, out, &why))
		return true;
	return yaml_to_json(text, n, &json, e) && json_parse(buf_cstr(&json), json.len, out, e);
}

bool kubeconfig_add(struct kubeconfig *k, const char *path, const char *text, size_t n,
                    struct err *e)
{
	AUTO_JSON struct json *j = NULL;

	if (k->n == KUBECONFIG_FILES_MAX)
		return err_set(e, ERR_CONFIG, "more than %d kubeconfig files",
		               KUBECONFIG_FILES_MAX);
	if (!parse(text, n, &j, e) || (json_type(j) != JSON_OBJECT &&
	                               err_set(e, ERR_CONFIG, "it is not a kubeconfig") == false)) {
		e->kind = ERR_CONFIG;
		return err_in(e, "'%s'", path);
	}
	k->file[k->n++] = (struct kubeconfig_file){ .j = take(&j), .path = mem_dup(path) };
	return true;
}

void kubeconfig_clear(struct kubeconfig *k)
{
	for (size_t i = 0; i < k->n; i++) {
		json_free(k->file[i].j);
		free(k->file[i].path);
	}
	*k = (struct kubeconfig){ .n = 0 };
}

/* ---- what is in it --------------------------------------------------------------------------- */

/* clusters, users and contexts are lists of { name: NAME, cluster | user | context: { ... } }. */
struct kubeconfig_entry {
	const struct json *body;
	const char *path;
};

static bool find(const struct kubeconfig *k, const char *list, const char *kind, const char *name,
                 struct kubeconfig_entry *out)
{
	for (size_t f = 0; f < k->n; f++) {
		for (const struct json *m = json_child(json_get(k->file[f].j, list)); m != NULL;
		     m = json_next(m)) {
			const char *its = json_str(m, "name");
			if (its == NULL || strcmp(its, name) != 0)
				continue;
			*out = (struct kubeconfig_entry){ .body = json_get(m, kind),
				                          .path = k->file[f].path };
			return true;
		}
	}
	return false;
}

/* Of a member with text in it; NULL for "" too, which is how clients write what is not set. */
static const char *said(const struct json *body, const char *name)
{
	const char *text = json_str(body, name);

	return text != NULL && text[0] != '\0' ? text : NULL;
}

static const char *current_context(const struct kubeconfig *k)
{
	for (size_t f = 0; f < k->n; f++)
		if (said(k->file[f].j, "current-context") != NULL)
			return said(k->file[f].j, "current-context");
	return NULL;
}

/* Relative names are read from the directory of their kubeconfig. */
static char *path_from(const struct kubeconfig_entry *in, const char *name)
{
	const char *file = said(in->body, name), *slash = strrchr(in->path, '/');

	if (file == NULL)
		return NULL;
	if (file[0] == '/' || slash == NULL)
		return mem_dup(file);
	return mem_fmt("%.*s/%s", (int)(slash - in->path), in->path, file);
}

static bool decode(const struct kubeconfig_entry *in, const char *name, struct secret **out,
                   struct err *e)
{
	const char *text = said(in->body, name);
	struct err why = ERR_INIT;

	if (text == NULL || crypto_unbase64(text, strlen(text), out, &why))
		return true;
	return err_set(e, ERR_CONFIG, "'%s': %s is not base64", in->path, name);
}

static bool decode_ca(const struct kubeconfig_entry *in, struct buf *out, struct err *e)
{
	const char *text = said(in->body, "certificate-authority-data");

	*out = (struct buf)BUF_INIT(KUBECONFIG_MAX);
	if (text == NULL || (crypto_unbase64_lax(text, strlen(text), out) && out->len > 0))
		return true;
	return err_set(e, ERR_CONFIG, "'%s': certificate-authority-data is not base64", in->path);
}

/* ---- what is refused ------------------------------------------------------------------------- */

/* Each with a way that works. */
static const struct kubeconfig_refusal {
	const char *member, *why;
} user_refusals[] = {
	{ "exec", "gets its token from a program (exec), and acrotate starts none: make a "
          "service account and put its token there (kubectl "
	          "create token)" },
	{ "auth-provider", "has an auth-provider, which acrotate does not know: make a service "
	  "account and put its token there" },
	{ "username", "has a user name and password, which API servers take no more: use a token "
	  "or a client certificate" },
	{ "as", "acts as somebody else (as): name that user's own token" },
}, cluster_refusals[] = {
	{ "proxy-url", "has a proxy-url: name the proxy in [http] of acrotate.conf" },
};

static bool allowed(const struct kubeconfig_entry *in, const struct kubeconfig_refusal *rows,
                    size_t n, const char *what, const char *name, struct err *e)
{
	for (size_t i = 0; i < n; i++) {
		const struct json *m = json_get(in->body, rows[i].member);
		const char *command = json_str(m, "command");
		if (m == NULL || json_type(m) == JSON_NULL ||
		    (json_type(m) == JSON_STRING && *json_text(m) == '\0'))
			continue;
		return err_set(e, ERR_CONFIG, "'%s': %s '%s' %s%s%.60s%s", in->path, what, name,
		               rows[i].why, command != NULL ? "; it would be '" : "",
		               command != NULL ? command : "", command != NULL ? "'" : "");
	}
	return true;
}

/* ---- one context ----------------------------------------------------------------------------- */

void kubeconfig_pick_clear(struct kubeconfig_pick *p)
{
	char **texts[] = { &p->context,   &p->path,       &p->server,     &p->tls_name,
		           &p->namespace, &p->ca_file,    &p->token_file, &p->certificate_file,
		           &p->key_file,  &p->secret_path };

	for (size_t i = 0; i < COUNT(texts); i++)
		mem_free_ptr(texts[i]);
	buf_free(&p->ca);
	secret_free_ptr(&p->token);
	secret_free_ptr(&p->certificate);
	secret_free_ptr(&p->key);
}

static bool take_cluster(const struct kubeconfig_entry *in, const char *name,
                         struct kubeconfig_pick *out, struct err *e)
{
	if (!allowed(in, cluster_refusals, COUNT(cluster_refusals), "cluster", name, e))
		return false;
	if (json_true(in->body, "insecure-skip-tls-verify"))
		return err_set(e, ERR_CONFIG,
		               "'%s': cluster '%s' trusts whoever answers "
		               "(insecure-skip-tls-verify): name its certificate-authority "
		               "instead",
		               in->path, name);
	if (said(in->body, "server") == NULL)
		return err_set(e, ERR_CONFIG, "'%s': cluster '%s' has no server", in->path, name);
	out->server = mem_dup(said(in->body, "server"));
	out->tls_name = mem_dup(said(in->body, "tls-server-name"));
	out->ca_file = path_from(in, "certificate-authority");
	return decode_ca(in, &out->ca, e);
}

static bool take_user(const struct kubeconfig_entry *in, const char *name,
                      struct kubeconfig_pick *out, struct err *e)
{
	const char *token = said(in->body, "token");

	if (!allowed(in, user_refusals, COUNT(user_refusals), "user", name, e))
		return false;
	out->token_file = path_from(in, "tokenFile");
	if (token != NULL && out->token_file == NULL) {
		if (strlen(token) > SECRET_MAX)
			return err_set(e, ERR_CONFIG, "'%s': the token of user '%s' is too long",
			               in->path, name);
		out->token = secret_new(token, strlen(token));
	}
	if (!decode(in, "client-certificate-data", &out->certificate, e) ||
	    !decode(in, "client-key-data", &out->key, e))
		return false;
	out->certificate_file = path_from(in, "client-certificate");
	out->key_file = path_from(in, "client-key");
	if (out->token != NULL || out->key != NULL)
		out->secret_path = mem_dup(in->path);
	bool certificate = out->certificate != NULL || out->certificate_file != NULL,
	     key = out->key != NULL || out->key_file != NULL;
	if (certificate != key)
		return err_set(e, ERR_CONFIG, "'%s': user '%s' has a client %s without a client %s",
		               in->path, name, certificate ? "certificate" : "key",
		               certificate ? "key" : "certificate");
	if (token == NULL && out->token_file == NULL && !certificate)
		return err_set(e, ERR_CONFIG,
		               "'%s': user '%s' has neither a token nor a client certificate",
		               in->path, name);
	return true;
}

/* Finds what a context refers to. */
static bool refer(const struct kubeconfig *k, const struct kubeconfig_entry *context,
                  const char *list, const char *kind, const char **name,
                  struct kubeconfig_entry *out, struct err *e)
{
	*name = said(context->body, kind);
	if (*name == NULL)
		return err_set(e, ERR_CONFIG, "'%s': the context has no %s", context->path, kind);
	return find(k, list, kind, *name, out) ||
	       err_set(e, ERR_CONFIG, "'%s': there is no %s '%s', which the context names",
	               context->path, kind, *name);
}

static bool pick(const struct kubeconfig *k, const char *name, struct kubeconfig_pick *out,
                 struct err *e)
{
	struct kubeconfig_entry context = { 0 }, cluster = { 0 }, user = { 0 };
	const char *cluster_name, *user_name;

	if (!find(k, "contexts", "context", name, &context))
		return err_set(e, ERR_CONFIG,
		               "'%s' has no context '%s'; 'kubectl config get-contexts' shows what "
		               "there is",
		               k->file[0].path, name);
	out->context = mem_dup(name);
	out->path = mem_dup(context.path);
	out->namespace = mem_dup(said(context.body, "namespace"));
	return refer(k, &context, "clusters", "cluster", &cluster_name, &cluster, e) &&
	       take_cluster(&cluster, cluster_name, out, e) &&
	       refer(k, &context, "users", "user", &user_name, &user, e) &&
	       take_user(&user, user_name, out, e);
}

bool kubeconfig_pick(const struct kubeconfig *k, const char *context, struct kubeconfig_pick *out,
                     struct err *e)
{
	AUTO_KUBECONFIG_PICK struct kubeconfig_pick p = { 0 };
	const char *name = context != NULL ? context : current_context(k);

	if (k->n == 0)
		return err_set(e, ERR_CONFIG, "there is no kubeconfig");
	if (name == NULL)
		return err_set(
			e, ERR_CONFIG,
			"'%s' has no current-context: name one with 'context' in [kubernetes]",
			k->file[0].path);
	if (!pick(k, name, &p, e))
		return false;
	*out = p;
	p = (struct kubeconfig_pick){ 0 };
	return true;
}
