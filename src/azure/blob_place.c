/* SPDX-License-Identifier: MIT */
#include "azure/blob_place.h"

#include <stdlib.h>

#include "azure/auth.h"
#include "azure/clouds.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "http/http.h"

#define CONTAINER_MIN 3 /* Azure's own limits */
#define CONTAINER_MAX 63
#define ACCOUNT_MAX   63 /* 24 in Azure; a label of a host elsewhere */
#define URL_MAX       4096

void blob_place_clear(struct blob_place *p)
{
	free(p->url);
	free(p->host);
	free(p->account);
	free(p->container);
	free(p->prefix);
	*p = (struct blob_place){ .url = NULL };
}

static bool is_address(const char *host)
{
	return host[0] == '[' || host[strspn(host, "0123456789.")] == '\0' ||
	       strcmp(host, "localhost") == 0;
}

static bool container_ok(const char *name)
{
	size_t n = strlen(name);

	return n >= CONTAINER_MIN && n <= CONTAINER_MAX && name[0] != '-' && name[n - 1] != '-' &&
	       strstr(name, "--") == NULL &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == n;
}

/* Nothing that would have to be escaped, or that a URL's reader would take for another place. */
static bool segment_ok(const char *s)
{
	size_t n = 0;

	while (str_is_name(s[n]) || s[n] == '@')
		n++;
	return n > 0 && s[n] == '\0' && s[n - 1] != '.';
}

static bool read_prefix(char *rest, struct blob_place *out)
{
	AUTO_BUF struct buf prefix = BUF_INIT(BLOB_PREFIX_MAX);

	for (char *segment; (segment = strsep(&rest, "/")) != NULL;) {
		if (*segment == '\0' && rest == NULL)
			break; /* a slash at the end */
		if (!segment_ok(segment))
			return false;
		buf_fmt(&prefix, "%s/", segment);
	}
	if (!buf_ok(&prefix))
		return false;
	out->prefix = mem_dup(buf_cstr(&prefix));
	return true;
}

static bool read_path(const char *path, bool account_first, struct blob_place *out)
{
	AUTO_FREE char *copy = mem_dup(path);
	char *rest = copy, *account = account_first ? strsep(&rest, "/") : NULL,
	     *container = rest != NULL ? strsep(&rest, "/") : NULL;

	if (container == NULL || !container_ok(container) ||
	    (account_first && (!segment_ok(account) || strlen(account) > ACCOUNT_MAX)) ||
	    !read_prefix(rest, out))
		return false;
	out->account =
		account_first ? mem_dup(account) : mem_dup_n(out->host, strcspn(out->host, "."));
	out->container = mem_dup(container);
	return true;
}

static bool read_url(const char *url, struct blob_place *out)
{
	struct http_origin o;

	if (strlen(url) > URL_MAX || !http_origin(url, &o) || !o.tls)
		return false;
	const char *path = strchr(url + strlen("https://"), '/');
	out->host = mem_dup(o.host);
	if (path == NULL || !read_path(path + 1, is_address(o.host), out))
		return false;
	AUTO_FREE char *port = o.port != 443 ? mem_fmt(":%d", o.port) : mem_dup("");
	out->url =
		mem_fmt("https://%s%s/%s%s%s", o.host, port, is_address(o.host) ? out->account : "",
	                is_address(o.host) ? "/" : "", out->container);
	return true;
}

bool blob_place_parse(const char *url, struct blob_place *out, struct err *e)
{
	AUTO_BLOB_PLACE struct blob_place p = { .url = NULL };

	if (!read_url(url, &p))
		return err_set(e, ERR_CONFIG,
		               "'%.200s' is not https://ACCOUNT%s/CONTAINER[/PREFIX]", url,
		               azure_cloud_find(NULL)->blob_suffix);
	*out = p;
	p = (struct blob_place){ .url = NULL };
	return true;
}

bool blob_place_in_cloud(const struct blob_place *p, const struct azure_spec *azure, struct err *e)
{
	const struct azure_cloud *known = azure_cloud_find(azure->cloud);
	size_t n = strlen(p->host), suffix = known != NULL ? strlen(known->blob_suffix) : 0;

	if (known == NULL || (n > suffix && strcmp(p->host + n - suffix, known->blob_suffix) == 0))
		return true;
	return err_set(
		e, ERR_CONFIG,
		"'%s' is not a storage account of cloud '%s': its host does not end in '%s'; "
		"of another cloud, 'cloud' in [azure] tells which",
		p->host, known->name, known->blob_suffix);
}
