/* SPDX-License-Identifier: MIT */
/* Where a cloud has its doors: a known one by its row, a custom one from its own members. */
#include <stdlib.h>

#include "azure/auth.h"
#include "azure/clouds.h"
#include "base/err.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "http/http.h"

/* These URLs decide where secrets go: https, and only scheme, host, port and path. */
static bool check_url(const char *key, const char *url, struct err *e)
{
	struct http_origin o;

	if (!http_origin(url, &o) || !o.tls || strpbrk(url, "?# ") != NULL)
		return err_set(e, ERR_CONFIG, "%s '%.200s' is not an https URL", key, url);
	return true;
}

static char *without_slash(const char *url)
{
	size_t n = url != NULL ? strlen(url) : 0;

	while (n > 0 && url[n - 1] == '/')
		n--;
	return url != NULL ? mem_dup_n(url, n) : NULL;
}

/* The first object, or of several the one of the resource manager that was asked for. */
static const struct json *pick_cloud(const struct json *answer, const char *resource_manager)
{
	if (json_type(answer) != JSON_ARRAY)
		return answer;
	for (const struct json *j = json_child(answer); j != NULL; j = json_next(j)) {
		AUTO_FREE char *have = without_slash(json_str(j, "resourceManager"));
		AUTO_FREE char *want = without_slash(resource_manager);

		if (want == NULL || (have != NULL && strcmp(have, want) == 0))
			return j;
	}
	return NULL;
}

static bool get_metadata(const char *url, struct http *h, struct json **out, struct err *e)
{
	AUTO_FREE char *base = without_slash(url), *whole = NULL;
	AUTO_RESPONSE struct http_response rs = { 0 };

	if (!check_url("metadata", url, e))
		return false;
	bool has_path = strchr(base + strlen("https://"), '/') != NULL;
	whole = mem_fmt("%s%s", base, has_path ? "" : "/metadata/endpoints?api-version=2022-09-01");
	if (!http_send(h, &(struct http_request){ .method = HTTP_GET, .url = whole }, &rs, e))
		return err_in(e, "cannot read the endpoints of the cloud");
	if (rs.status != 200)
		return err_set(e, rs.status >= 500 || rs.status == 429 ? ERR_TRANSIENT : ERR_REMOTE,
		               "cannot read the endpoints of the cloud: '%s' answers %d", base,
		               rs.status);
	const char *text = buf_cstr(&rs.body);
	size_t bom = str_mark(text, rs.body.len);
	if (!json_parse(text + bom, rs.body.len - bom, out, e))
		return err_in(e, "the endpoints of the cloud, from '%s'", base);
	return true;
}

static const char *or_else(const char *first, const char *second)
{
	return first != NULL ? first : second;
}

static bool resolve_custom(const struct azure_spec *s, struct http *h, struct cloud *out,
                           struct err *e)
{
	AUTO_JSON struct json *answer = NULL;
	const char *manager = s->resource_manager, *authority = s->authority,
		   *audience = s->audience, *suffix = NULL;

	if (s->metadata != NULL) {
		if (!get_metadata(s->metadata, h, &answer, e))
			return false;
		const struct json *told = pick_cloud(answer, manager);
		if (told == NULL)
			return err_set(e, ERR_CONFIG,
			               "metadata '%s' does not know resource_manager '%s'",
			               s->metadata, or_else(manager, "(any)"));
		manager = or_else(manager, json_str(told, "resourceManager"));
		authority = or_else(authority, json_str(told, "authentication.loginEndpoint"));
		audience =
			or_else(audience, json_text(json_at(told, "authentication.audiences", 0)));
		suffix = json_str(told, "suffixes.acrLoginServer");
	}
	authority = auth_or_env(authority, "AZURE_AUTHORITY_HOST");
	if (manager == NULL || authority == NULL)
		return err_set(e, ERR_CONFIG, "cloud = custom needs %s",
		               manager != NULL ? "authority" : "resource_manager");
	if (!check_url("resource_manager", manager, e) || !check_url("authority", authority, e))
		return false;
	const struct azure_cloud *public = azure_cloud_find(NULL);
	*out = (struct cloud){
		.authority = without_slash(authority),
		.resource_manager = without_slash(manager),
		.audience = mem_dup(or_else(audience, manager)),
		.vault_audience = mem_dup(or_else(s->vault_audience, public->vault_audience)),
		.storage_audience = mem_dup(or_else(s->storage_audience, public->storage_audience)),
		.registry_suffix =
			suffix != NULL ? mem_fmt("%s%s", *suffix == '.' ? "" : ".", suffix) : NULL
	};
	return true;
}

bool cloud_resolve(const struct azure_spec *s, struct http *h, struct cloud *out, struct err *e)
{
	const struct azure_cloud *known = azure_cloud_find(s->cloud);

	if (s->cloud != NULL && strcmp(s->cloud, "custom") == 0)
		return resolve_custom(s, h, out, e);
	if (known == NULL)
		return err_set(e, ERR_CONFIG, "unknown cloud '%s'", s->cloud);
	/* Set by the webhook of workload identity, to the cloud of the cluster. */
	const char *authority = auth_env("AZURE_AUTHORITY_HOST");
	if (authority != NULL && !check_url("AZURE_AUTHORITY_HOST", authority, e))
		return false;
	*out = (struct cloud){ .authority = without_slash(or_else(authority, known->authority)),
		               .resource_manager = mem_dup(known->resource_manager),
		               .audience = mem_dup(known->audience),
		               .vault_audience = mem_dup(known->vault_audience),
		               .storage_audience = mem_dup(known->storage_audience),
		               .registry_suffix = mem_dup(known->registry_suffix) };
	return true;
}
