/* SPDX-License-Identifier: MIT */
#include "kube/access.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/secret.h"
#include "http/http.h"
#include "kube/kubeconfig.h"

#define SERVICE_ACCOUNT "/var/run/secrets/kubernetes.io/serviceaccount"
#define CA_MAX          (256u * 1024)
#define NAMESPACE_MAX   64u

void kube_access_clear(struct kube_access *a)
{
	free(a->server);
	free(a->connect_to);
	free(a->namespace);
	free(a->who);
	buf_free(&a->trust);
	secret_free(a->token);
	secret_free(a->certificate);
	secret_free(a->key);
	*a = (struct kube_access){ 0 };
}

/* ---- what both ways check -------------------------------------------------------------------- */

/* An empty file is being replaced this moment. */
static bool read_trust(const char *path, struct buf *out, struct err *e)
{
	if (!fs_read(path, CA_MAX, out, NULL, e)) {
		e->kind = ERR_CONFIG;
		return err_in(e, "the cluster's authority");
	}
	if (out->len == 0)
		return err_set(e, ERR_TRANSIENT, "the cluster's authority '%s' is empty", path);
	return true;
}

static bool has_certificate(const struct buf *pem)
{
	return memmem(buf_cstr(pem), pem->len, "-----BEGIN CERTIFICATE-----", 27) != NULL;
}

/* `tls_name` is what the certificate bears: the URL gets that, and the host that is connected to
 * stands beside it. */
static bool set_server(struct kube_access *a, const char *url, const char *tls_name, struct err *e)
{
	size_t n = strlen(url);
	struct http_origin o, name;

	while (n > 0 && url[n - 1] == '/')
		n--;
	if (!http_origin(url, &o) || !o.tls || strpbrk(url, "?#") != NULL)
		return err_set(e, ERR_CONFIG, "%s: the server '%.200s' is not an https URL", a->who,
		               url);
	a->server = mem_dup_n(url, n);
	if (tls_name == NULL)
		return true;
	const char *path = strchr(a->server + strlen("https://"), '/');
	char *named = mem_fmt("https://%s:%d%s", tls_name, o.port, path != NULL ? path : "");
	free(a->server);
	a->server = named;
	a->connect_to = mem_fmt("%s:%d", o.host, o.port);
	return (strpbrk(tls_name, "/:@?#") == NULL && http_origin(named, &name)) ||
	       err_set(e, ERR_CONFIG, "%s: tls-server-name '%.100s' is not a host name", a->who,
	               tls_name);
}

static bool check_trust(const struct kube_access *a, struct err *e)
{
	if (a->trust.len == 0 || has_certificate(&a->trust))
		return true;
	return err_set(e, ERR_CONFIG, "%s: the cluster's authority has no certificate in it",
	               a->who);
}

/* ---- in a pod -------------------------------------------------------------------------------- */

static bool read_namespace(const char *dir, char **out, struct err *e)
{
	AUTO_FREE char *path = mem_fmt("%s/namespace", dir);
	AUTO_BUF struct buf text = BUF_INIT(NAMESPACE_MAX);

	if (!fs_read(path, NAMESPACE_MAX, &text, NULL, e))
		return false;
	*out = mem_dup_n(buf_cstr(&text), strcspn(buf_cstr(&text), "\r\n"));
	return kube_label_ok(*out) ||
	       err_set(e, ERR_CONFIG, "'%s' does not hold a namespace's name", path);
}

/* kubelet mounts it for the pod alone; which bits it gives the file depends on the pod's
 * fsGroup. */
bool kube_access_pod(const char *dir, const char *host, const char *port, struct kube_access *out,
                     struct err *e)
{
	AUTO_KUBE_ACCESS struct kube_access a = { .who = mem_dup("the pod's service account"),
		                                  .trust = BUF_INIT(CA_MAX),
		                                  .direct = true };
	AUTO_FREE char *token = mem_fmt("%s/token", dir), *ca = mem_fmt("%s/ca.crt", dir);
	bool v6 = strchr(host, ':') != NULL;
	AUTO_FREE char *url = mem_fmt(v6 ? "https://[%s]:%s" : "https://%s:%s", host, port);

	if (!set_server(&a, url, NULL, e) || !read_trust(ca, &a.trust, e) || !check_trust(&a, e))
		return false;
	if (!read_namespace(dir, &a.namespace, e) || !fs_read_secret(token, true, &a.token, e)) {
		e->kind = ERR_CONFIG;
		return err_in(e, "the pod's service account");
	}
	*out = a;
	a = (struct kube_access){ 0 };
	return true;
}

/* A pod without its service account's token (automountServiceAccountToken: false) may have a
 * kubeconfig instead. */
static bool in_pod(const struct kube_spec *s, const char *host, const char *port)
{
	return s->kubeconfig == NULL && s->context == NULL && host != NULL && *host != '\0' &&
	       port != NULL && *port != '\0' && access(SERVICE_ACCOUNT "/token", F_OK) == 0;
}

/* ---- by kubeconfig --------------------------------------------------------------------------- */

/* Of the files of a list one may be missing, as kubectl has it; not all of them. */
static bool add_file(struct kubeconfig *k, const char *path, struct err *e)
{
	AUTO_BUF struct buf text = BUF_INIT(KUBECONFIG_MAX);

	if (!fs_read(path, KUBECONFIG_MAX, &text, NULL, e)) {
		if (e->kind != ERR_MISSING)
			e->kind = ERR_CONFIG;
		return e->kind == ERR_MISSING;
	}
	if (text.len == 0)
		return true;
	return kubeconfig_add(k, path, buf_cstr(&text), text.len, e);
}

static bool add_files(struct kubeconfig *k, const char *paths, struct err *e)
{
	for (const char *p = paths; *p != '\0';) {
		size_t n = strcspn(p, ":");
		AUTO_FREE char *path = mem_dup_n(p, n);
		if (n > 0 && !add_file(k, path, e))
			return false;
		p += p[n] == ':' ? n + 1 : n;
	}
	return k->n > 0 || err_set(e, ERR_CONFIG, "there is no kubeconfig at '%s'", paths);
}

static bool load_secret(const char *path, bool shared_ok, struct secret **out, struct err *e)
{
	if (*out != NULL || path == NULL || fs_read_secret_bytes(path, shared_ok, out, e))
		return true;
	e->kind = ERR_CONFIG;
	return false;
}

static bool load_token(const char *path, struct secret **out, struct err *e)
{
	if (*out != NULL || path == NULL || fs_read_secret(path, true, out, e))
		return true;
	e->kind = ERR_CONFIG;
	return err_in(e, "tokenFile");
}

static bool load(struct kubeconfig_pick *p, struct kube_access *a, struct err *e)
{
	a->trust = p->ca;
	p->ca = (struct buf)BUF_INIT(0);
	if (a->trust.len == 0 && p->ca_file != NULL) {
		a->trust = (struct buf)BUF_INIT(CA_MAX);
		if (!read_trust(p->ca_file, &a->trust, e))
			return false;
	}
	a->token = take(&p->token);
	a->certificate = take(&p->certificate);
	a->key = take(&p->key);
	a->namespace = mem_dup(p->namespace != NULL ? p->namespace : "default");
	if (!kube_label_ok(a->namespace))
		return err_set(e, ERR_CONFIG, "%s: '%.100s' is not the name of a namespace", a->who,
		               a->namespace);
	if (p->secret_path != NULL && !fs_check_private(p->secret_path, e))
		return err_in(e, "a token or key is in it");
	return set_server(a, p->server, p->tls_name, e) && check_trust(a, e) &&
	       load_token(p->token_file, &a->token, e) &&
	       load_secret(p->certificate_file, true, &a->certificate, e) &&
	       load_secret(p->key_file, false, &a->key, e);
}

bool kube_access_files(const char *paths, const char *context, struct kube_access *out,
                       struct err *e)
{
	AUTO_KUBECONFIG struct kubeconfig k = { .n = 0 };
	AUTO_KUBECONFIG_PICK struct kubeconfig_pick p = { 0 };
	AUTO_KUBE_ACCESS struct kube_access a = { 0 };

	if (!add_files(&k, paths, e) || !kubeconfig_pick(&k, context, &p, e))
		return false;
	a.who = mem_fmt("context '%s' of '%s'", p.context, p.path);
	if (!load(&p, &a, e))
		return false;
	*out = a;
	a = (struct kube_access){ 0 };
	return true;
}

bool kube_access_find(const struct kube_spec *s, struct kube_access *out, struct err *e)
{
	const char *list = getenv("KUBECONFIG"), *home = getenv("HOME");
	const char *host = getenv("KUBERNETES_SERVICE_HOST"),
		   *port = getenv("KUBERNETES_SERVICE_PORT");

	if (in_pod(s, host, port))
		return kube_access_pod(SERVICE_ACCOUNT, host, port, out, e);
	if (s->kubeconfig != NULL)
		return kube_access_files(s->kubeconfig, s->context, out, e);
	if (list != NULL && *list != '\0')
		return kube_access_files(list, s->context, out, e);
	if (home == NULL || *home == '\0')
		return err_set(e, ERR_CONFIG, "no kubeconfig: name one in [kubernetes]");
	AUTO_FREE char *usual = mem_fmt("%s/.kube/config", home);
	return kube_access_files(usual, s->context, out, e);
}
