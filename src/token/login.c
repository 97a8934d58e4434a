/* SPDX-License-Identifier: MIT */
/* az's login: the subscription it works on, and who it is, where nothing else is said. So a
 * developer needs no configuration. */

#include "token/login.h"

#include <stdlib.h>
#include <strings.h>

#include "azure/clouds.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/ini.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/process.h"
#include "base/str.h"
#include "config/job.h"
#include "token/context.h"
#include "token/defaults.h"

#define PROFILE_MAX ((size_t)4 * 1024 * 1024) /* az lists every subscription somebody may see */
#define CLOUDS_MAX  ((size_t)256 * 1024)

/* ---- the subscription ------------------------------------------------------------------------ */

static bool is_guid(const char *s)
{
	for (size_t i = 0; i < 36; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;
		if (dash ? s[i] != '-'
		         : s[i] == '\0' || strchr("0123456789abcdefABCDEF", s[i]) == NULL)
			return false;
	}
	return s[36] == '\0';
}

/* What az remembers of its logins; NULL when there is nothing to read. The file may begin with a
 * byte order mark. */
static struct json *read_profile(void)
{
	AUTO_FREE char *path = token_az_file("azureProfile.json");
	AUTO_BUF struct buf text = BUF_INIT(PROFILE_MAX);
	struct json *j = NULL;
	struct err ignored = ERR_INIT;

	if (!fs_read(path, PROFILE_MAX, &text, NULL, &ignored))
		return NULL;
	size_t mark = str_mark(buf_cstr(&text), text.len);
	if (!json_parse(buf_cstr(&text) + mark, text.len - mark, &j, &ignored))
		return NULL; /* half written, or of a version to come: as if it were not there */
	return j;
}

static bool is_meant(const struct json *s, const char *wanted)
{
	const char *id = json_str(s, "id"), *name = json_str(s, "name");

	if (wanted == NULL)
		return id != NULL && json_true(s, "isDefault");
	return (id != NULL && strcasecmp(id, wanted) == 0) ||
	       (id != NULL && name != NULL && strcasecmp(name, wanted) == 0);
}

/* By id or name; the default one for NULL. */
static bool from_profile(struct token_run *r, const struct json *profile, const char *wanted)
{
	for (size_t i = 0; profile != NULL && i < json_len(profile, "subscriptions"); i++) {
		const struct json *s = json_at(profile, "subscriptions", i);
		if (!is_meant(s, wanted))
			continue;
		r->subscription = mem_dup(json_str(s, "id"));
		r->subscription_name = mem_dup(json_str(s, "name"));
		r->login.cloud = mem_dup(json_str(s, "environmentName"));
		return true;
	}
	return false;
}

static bool find_subscription(struct token_run *r, const struct json *profile, struct err *e)
{
	const char *wanted = r->args->subscription;

	if (wanted == NULL || *wanted == '\0')
		wanted = auth_or_env(r->azure.subscription, "AZURE_SUBSCRIPTION_ID");
	if (from_profile(r, profile, wanted))
		return true;
	if (wanted == NULL)
		return err_set(e, ERR_CONFIG,
		               "no subscription: --subscription, subscription in [azure], "
		               "AZURE_SUBSCRIPTION_ID, or 'az login'");
	if (!is_guid(wanted))
		return err_set(
			e, ERR_CONFIG,
			"Subscription '%s' not found. Check the spelling and casing and try again.",
			wanted);
	r->subscription = mem_dup(wanted);
	return true;
}

/* ---- the cloud ------------------------------------------------------------------------------- */

/* Where a cloud that somebody registered says what we need of it. */
static const struct {
	const char *key;
	size_t offset;
} endpoints[] = {
	{ "endpoint_resource_manager", offsetof(struct token_login, resource_manager) },
	{ "endpoint_active_directory", offsetof(struct token_login, authority) },
	{ "endpoint_active_directory_resource_id", offsetof(struct token_login, audience) },
	{ "suffix_acr_login_server_endpoint", offsetof(struct token_login, registry_suffix) },
};

static char **endpoint_of(struct token_login *l, size_t offset)
{
	return (char **)(void *)((char *)l + offset);
}

static bool keep_endpoint(void *ctx, const char *section, const char *key, const char *value,
                          int line, struct err *e)
{
	struct token_login *l = ctx;

	(void)line;
	(void)e;
	for (size_t i = 0; i < COUNT(endpoints); i++) {
		char **place = endpoint_of(l, endpoints[i].offset);
		if (*place == NULL && strcmp(section, l->cloud) == 0 &&
		    strcmp(key, endpoints[i].key) == 0)
			*place = mem_dup(value);
	}
	return true;
}

/* The cloud az is logged in to, by its name in az; one that is not known is the public one, as
 * if nothing were said. */
static void take_cloud(struct token_run *r)
{
	struct token_login *l = &r->login;
	AUTO_FREE char *path = token_az_file("clouds.config");
	AUTO_BUF struct buf text = BUF_INIT(CLOUDS_MAX);
	const struct ini_reader reader = { .pair = keep_endpoint, .ctx = l };
	struct err ignored = ERR_INIT;
	const struct azure_cloud *known = azure_cloud_find_az(l->cloud);

	if (known != NULL) {
		r->azure.cloud = l->ours = mem_dup(known->name);
		return;
	}
	/* The file is az's: whatever else may be wrong with it is not for us to refuse. */
	if (!fs_read(path, CLOUDS_MAX, &text, NULL, &ignored))
		return;
	(void)!ini_parse_text(path, buf_cstr(&text), text.len, &reader, &ignored);
	if (l->resource_manager == NULL || l->authority == NULL)
		return;
	r->azure.cloud = l->ours = mem_dup("custom");
	r->azure.resource_manager = l->resource_manager;
	r->azure.authority = l->authority;
	r->azure.audience = l->audience;
}

/* ---- the identity ---------------------------------------------------------------------------- */

/* Why az's login cannot be taken over; NULL if it can. az itself would say so only after a
 * second. */
static const char *no_login(const struct json *profile)
{
	AUTO_FREE char *az = NULL;
	struct err ignored = ERR_INIT;

	for (size_t i = 0; profile != NULL && i < json_len(profile, "subscriptions"); i++)
		if (is_meant(json_at(profile, "subscriptions", i), NULL))
			return process_find("az", &az, &ignored)
			               ? NULL
			               : "put 'az' into the PATH, so that its login can be used";
	return "log in with 'az login'";
}

bool token_login_find(struct token_run *r, struct err *e)
{
	AUTO_JSON struct json *profile = read_profile();

	if (!find_subscription(r, profile, e))
		return false;
	if (auth_is_named(&r->azure))
		return true;
	r->login.wanted = no_login(profile);
	if (r->login.wanted != NULL)
		return true;
	r->azure.auth = r->login.auth = mem_dup("azure-cli");
	r->azure.subscription = r->subscription; /* whose tenant the token has to be of */
	if (r->login.cloud != NULL &&
	    (r->azure.cloud == NULL || strcmp(r->azure.cloud, "public") == 0))
		take_cloud(r);
	return true;
}

void token_login_clear(struct token_run *r)
{
	free(r->subscription);
	free(r->subscription_name);
	free(r->login.auth);
	free(r->login.cloud);
	free(r->login.ours);
	for (size_t i = 0; i < COUNT(endpoints); i++)
		free(*endpoint_of(&r->login, endpoints[i].offset));
}
