/* SPDX-License-Identifier: MIT */
#include "azure/token_proxy.h"

#include <stdlib.h>

#include "azure/auth.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/mem.h"
#include "http/http.h"

#define CA_MAX (256 * 1024)

void token_proxy_clear(struct token_proxy *p)
{
	free(p->base);
	free(p->connect_to);
	buf_free(&p->trust);
	*p = (struct token_proxy){ 0 };
}

static bool read_trust(const char *file, const char *data, struct buf *out, struct err *e)
{
	*out = (struct buf)BUF_INIT(CA_MAX);
	if (file != NULL && data != NULL)
		return err_set(e, ERR_CONFIG,
		               "AZURE_KUBERNETES_CA_FILE and AZURE_KUBERNETES_CA_DATA are both "
		               "set: set only one");
	if (data != NULL)
		buf_str(out, data);
	if (file != NULL && !fs_read(file, CA_MAX, out, NULL, e)) {
		e->kind = ERR_CONFIG;
		return err_in(e, "AZURE_KUBERNETES_CA_FILE");
	}
	/* An empty file: the cluster is just replacing it. */
	if (file != NULL && out->len == 0)
		return err_set(e, ERR_TRANSIENT, "AZURE_KUBERNETES_CA_FILE '%s' is empty", file);
	if ((file != NULL || data != NULL) &&
	    strstr(buf_cstr(out), "-----BEGIN CERTIFICATE-----") == NULL)
		return err_set(e, ERR_CONFIG, "AZURE_KUBERNETES_CA_%s has no certificate in it",
		               file != NULL ? "FILE" : "DATA");
	return true;
}

static char *without_slash(const char *s)
{
	size_t n = strlen(s);

	while (n > 0 && s[n - 1] == '/')
		n--;
	return mem_dup_n(s, n);
}

bool token_proxy_find(struct token_proxy *out, struct err *e)
{
	const char *url = auth_env("AZURE_KUBERNETES_TOKEN_PROXY"),
		   *sni = auth_env("AZURE_KUBERNETES_SNI_NAME");
	const char *file = auth_env("AZURE_KUBERNETES_CA_FILE"),
		   *data = auth_env("AZURE_KUBERNETES_CA_DATA");
	AUTO_TOKEN_PROXY struct token_proxy p = { 0 };
	struct http_origin o, name;

	if (url == NULL && (sni != NULL || file != NULL || data != NULL))
		return err_set(
			e, ERR_CONFIG,
			"AZURE_KUBERNETES_%s is set, but AZURE_KUBERNETES_TOKEN_PROXY is not",
			sni != NULL    ? "SNI_NAME"
			: file != NULL ? "CA_FILE"
				       : "CA_DATA");
	if (url == NULL) {
		*out = p;
		return true;
	}
	if (!http_origin(url, &o) || !o.tls || strpbrk(url, "?#") != NULL)
		return err_set(
			e, ERR_CONFIG,
			"AZURE_KUBERNETES_TOKEN_PROXY '%.200s' is not an https URL without query",
			url);
	AUTO_FREE char *trimmed = without_slash(url);
	const char *path = strchr(trimmed + strlen("https://"), '/');
	p.base = sni == NULL ? mem_dup(trimmed)
	                     : mem_fmt("https://%s:%d%s", sni, o.port, path != NULL ? path : "");
	p.connect_to = sni == NULL ? NULL : mem_fmt("%s:%d", o.host, o.port);
	if (!http_origin(p.base, &name) || (sni != NULL && strpbrk(sni, "/:@?#") != NULL))
		return err_set(e, ERR_CONFIG,
		               "AZURE_KUBERNETES_SNI_NAME '%.200s' is not a host name",
		               sni != NULL ? sni : "");
	if (!read_trust(file, data, &p.trust, e))
		return false;
	*out = p;
	p = (struct token_proxy){ 0 };
	return true;
}
