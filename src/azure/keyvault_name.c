/* SPDX-License-Identifier: MIT */
/* How a vault and a secret may be written. Needs no network. */
#include <stdlib.h>
#include <strings.h>

#include "azure/auth.h"
#include "azure/clouds.h"
#include "azure/keyvault.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"

#define HTTPS    "https://"
#define NAME_MAX 127

static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-";

bool keyvault_secret_name_ok(const char *name)
{
	size_t n = strlen(name);

	return n > 0 && n <= NAME_MAX && strspn(name, letters) == n;
}

static bool is_url(const char *vault)
{
	return strncasecmp(vault, HTTPS, strlen(HTTPS)) == 0;
}

/* What stands behind the scheme, without a trailing slash. */
static char *bare_host(const char *url)
{
	const char *host = url + strlen(HTTPS);
	size_t n = strlen(host);

	while (n > 0 && host[n - 1] == '/')
		n--;
	return mem_dup_n(host, n);
}

static bool ends_with(const char *s, const char *end)
{
	size_t n = strlen(s), m = strlen(end);

	return n > m && strcasecmp(s + n - m, end) == 0;
}

static bool from_name(const struct azure_cloud *cloud, const char *name, char **out, struct err *e)
{
	size_t n = strlen(name);

	if (n == 0 || strspn(name, letters) != n)
		return err_set(e, ERR_CONFIG,
		               "key 'vault': '%.100s' is neither a vault's name nor its URL "
		               "(https://...)",
		               name);
	if (cloud == NULL)
		return err_set(e, ERR_CONFIG,
		               "key 'vault': in a custom cloud a vault is given by its URL "
		               "(https://...), not as '%.100s'",
		               name);
	*out = mem_fmt(HTTPS "%s%s", name, cloud->vault_suffix);
	return true;
}

/* The token goes to this host: it has to be a vault of the cloud that issues it. */
static bool from_url(const struct azure_cloud *cloud, const char *url, char **out, struct err *e)
{
	AUTO_FREE char *host = bare_host(url);

	if (host[0] == '\0' || strpbrk(host, "/?#@ \"\\") != NULL)
		return err_set(e, ERR_CONFIG,
		               "key 'vault': '%.200s' has more in it than https:// and a host",
		               url);
	if (cloud != NULL && !ends_with(host, cloud->vault_suffix))
		return err_set(e, ERR_CONFIG,
		               "key 'vault': '%.200s' is not a key vault of this cloud, whose "
		               "hosts end with '%s'",
		               host, cloud->vault_suffix);
	*out = mem_fmt(HTTPS "%s", host);
	return true;
}

bool keyvault_url(const struct azure_spec *azure, const char *vault, char **out, struct err *e)
{
	const struct azure_cloud *cloud = azure_cloud_find(azure->cloud);

	return is_url(vault) ? from_url(cloud, vault, out, e) : from_name(cloud, vault, out, e);
}

/* Of a host with a known suffix only the name, as it may have been written instead. */
void keyvault_place(const char *vault, const char *name, struct buf *out)
{
	AUTO_FREE char *host = is_url(vault) ? bare_host(vault) : mem_dup(vault);
	size_t n = strlen(host);

	for (size_t i = 0; i < azure_clouds_count; i++)
		if (ends_with(host, azure_clouds[i].vault_suffix))
			n = strlen(host) - strlen(azure_clouds[i].vault_suffix);
	buf_lower(out, host, n);
	buf_char(out, '/');
	buf_lower(out, name, strlen(name));
}
