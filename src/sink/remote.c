/* SPDX-License-Identifier: MIT */
#include "sink/remote.h"

#include "azure/keyvault.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "kube/spec.h"
#include "sink/sink.h"
#include "sink/template.h"

const struct key remote_libsecret_keys[1] = {
	{ .name = "take_entry",
	  .type = KEY_BOOL,
	  .offset = offsetof(struct libsecret_spec, take_entry),
	  .fallback = "no",
	  .help = "remove items of other user names for the same registry" },
};

void remote_libsecret_identity(const void *spec, const char *server, struct buf *out)
{
	(void)spec; /* there is one Secret Service */
	buf_fmt(out, "libsecret:%s", server);
}

const struct key remote_helper_keys[2] = {
	{ .name = "program",
	  .type = KEY_TEXT,
	  .offset = offsetof(struct helper_spec, program),
	  .required = true,
	  .help = "a credential helper as docker's: its path, or a name in PATH "
	          "(docker-credential-pass)" },
	{ .name = "take_entry",
	  .type = KEY_BOOL,
	  .offset = offsetof(struct helper_spec, take_entry),
	  .fallback = "no",
	  .help = "replace what it holds for another user name" },
};

void remote_helper_identity(const void *spec, const char *server, struct buf *out)
{
	const struct helper_spec *s = spec;

	buf_fmt(out, "helper:%s:%s", s->program, server);
}

bool remote_helper_validate(const void *spec, struct err *e)
{
	const struct helper_spec *s = spec;

	if (s->program[0] == '/' || strchr(s->program, '/') == NULL)
		return true;
	return err_set(e, ERR_CONFIG,
	               "key 'program': '%s' is neither an absolute path nor a name in PATH",
	               s->program);
}

const struct key remote_kubernetes_keys[7] = {
	{ .name = "namespace",
	  .type = KEY_TEXT,
	  .offset = offsetof(struct kubernetes_spec, namespace),
	  .help = "where the Secret is; default: the pod's own namespace, or the context's" },
	{ .name = "secret",
	  .type = KEY_TEXT,
	  .offset = offsetof(struct kubernetes_spec, secret),
	  .required = true,
	  .help = "the Secret's name" },
	{ .name = "key",
	  .type = KEY_TEXT,
	  .offset = offsetof(struct kubernetes_spec, key),
	  .help = "the entry's name in auths of .dockerconfigjson (default: the login server), or "
	          "server/namespace" },
	{ .name = "content",
	  .type = KEY_TEXT,
	  .offset = offsetof(struct kubernetes_spec, content),
	  .help = "instead of an entry in .dockerconfigjson: what one key of an Opaque Secret "
	          "says, with {password} or {auth}, {username} {server} "
	          "{expires} {slot}" },
	{ .name = "data",
	  .type = KEY_TEXT,
	  .offset = offsetof(struct kubernetes_spec, data),
	  .help = "with content: that key" },
	{ .name = "take_entry",
	  .type = KEY_BOOL,
	  .offset = offsetof(struct kubernetes_spec, take_entry),
	  .fallback = "no",
	  .help = "replace what is there for another user name, or does not look like content" },
	{ .name = "create",
	  .type = KEY_BOOL,
	  .offset = offsetof(struct kubernetes_spec, create),
	  .fallback = "yes",
	  .help = "make the Secret when it does not exist" },
};

void remote_kubernetes_identity(const void *spec, const char *server, struct buf *out)
{
	const struct kubernetes_spec *s = spec;

	buf_fmt(out, "kubernetes:%s/%s:", s->namespace != NULL ? s->namespace : "", s->secret);
	if (s->content != NULL)
		buf_fmt(out, "data:%s", s->data);
	else
		buf_str(out, s->key != NULL ? s->key : server);
}

bool remote_kubernetes_validate(const void *spec, struct err *e)
{
	const struct kubernetes_spec *s = spec;
	AUTO_TEMPLATE struct template *t = NULL;
	static const char data[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._";

	if (s->namespace != NULL && !kube_label_ok(s->namespace))
		return err_set(e, ERR_CONFIG,
		               "key 'namespace': '%.100s' is not the name of a namespace: small "
		               "letters, digits and hyphens",
		               s->namespace);
	if (!kube_name_ok(s->secret))
		return err_set(e, ERR_CONFIG,
		               "key 'secret': '%.100s' is not the name of a Secret: small letters, "
		               "digits, hyphens and dots",
		               s->secret);
	for (const char *p = s->key; p != NULL && *p != '\0'; p++)
		if ((unsigned char)*p <= ' ' || *p == '"' || *p == '\\' || *p == 0x7f)
			return err_set(e, ERR_CONFIG,
			               "key 'key': '%s' is not the name of a registry", s->key);
	if (s->content == NULL)
		return s->data == NULL ||
		       err_set(e, ERR_CONFIG,
		               "'data' goes with 'content': what that key is to say");
	if (s->key != NULL)
		return err_set(e, ERR_CONFIG, "'content' and 'key' are mutually exclusive");
	if (s->data == NULL || strlen(s->data) > 253 || strspn(s->data, data) != strlen(s->data))
		return err_set(e, ERR_CONFIG,
		               "'content' needs 'data', a key of the Secret: letters, digits, '-', "
		               "'_' and '.'");
	return (template_parse(s->content, strlen(s->content), &t, e) && template_readable(t, e)) ||
	       err_in(e, "key 'content'");
}

const struct key remote_keyvault_keys[4] = {
	{ .name = "vault",
	  .type = KEY_TEXT,
	  .offset = offsetof(struct keyvault_spec, vault),
	  .required = true,
	  .help = "the key vault's name or URL" },
	{ .name = "secret",
	  .type = KEY_TEXT,
	  .offset = offsetof(struct keyvault_spec, secret),
	  .required = true,
	  .help = "the secret's name in it" },
	{ .name = "content",
	  .type = KEY_TEXT,
	  .offset = offsetof(struct keyvault_spec, content),
	  .fallback = "{password}",
	  .help = "the secret's value, with {password} or {auth} (:url, :json), {username} "
	          "{server} {expires} {slot}" },
	{ .name = "content_type",
	  .type = KEY_TEXT,
	  .offset = offsetof(struct keyvault_spec, content_type),
	  .help = "what the vault says of the value's type; default: what it says already" },
};

void remote_keyvault_identity(const void *spec, const char *server, struct buf *out)
{
	const struct keyvault_spec *s = spec;

	(void)server;
	buf_str(out, "keyvault:");
	keyvault_place(s->vault, s->secret, out);
}

bool remote_keyvault_fits(const void *spec, const struct azure_spec *azure, struct err *e)
{
	const struct keyvault_spec *s = spec;
	AUTO_FREE char *url = NULL;

	return keyvault_url(azure, s->vault, &url, e);
}

bool remote_keyvault_validate(const void *spec, struct err *e)
{
	const struct keyvault_spec *s = spec;
	AUTO_TEMPLATE struct template *t = NULL;

	if (!keyvault_secret_name_ok(s->secret))
		return err_set(e, ERR_CONFIG,
		               "key 'secret': '%.130s' is not the name of a key vault's secret: "
		               "letters, digits and hyphens, at most 127",
		               s->secret);
	return (template_parse(s->content, strlen(s->content), &t, e) && template_readable(t, e)) ||
	       err_in(e, "key 'content'");
}
