/* SPDX-License-Identifier: MIT */

#include "token/context.h"

#include <stdlib.h>
#include <strings.h>

#include "azure/acr.h"
#include "azure/arm.h"
#include "azure/clouds.h"
#include "base/err.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "cli/lent.h"
#include "config/job.h"
#include "http/http.h"
#include "output/value.h"
#include "token/http.h"
#include "token/login.h"
#include "token/options.h"
#include "token/place.h"

/* ---- names ----------------------------------------------------------------------------------- */

static const char letters_digits[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/* 5 to 50 of the first `set` of those: 62 are letters and digits, 63 with the hyphen, 64 with
 * the underscore. */
static bool name_ok(const char *s, size_t set)
{
	size_t n = strlen(s);

	for (size_t i = 0; i < n; i++) {
		const char *at = strchr(letters_digits, s[i]);
		if (at == NULL || (size_t)(at - letters_digits) >= set)
			return false;
	}
	return n >= 5 && n <= 50;
}

/* NAME.azurecr.io is NAME, and so is NAME-LABELHASH.azurecr.io; a hyphen without a domain behind
 * it is a mistake. */
static char *bare_registry(const char *name)
{
	size_t dot = strcspn(name, ".");

	return mem_dup_n(name, name[dot] == '.' ? strcspn(name, ".-") : dot);
}

/* A token that exists is Azure's to judge; but its name is to be one segment of a path. */
static bool token_name_ok(const struct token_run *r, struct err *e)
{
	const char *name = r->args->name;

	if (name == NULL || str_token_name_ok(name))
		return true;
	if (r->verb == TOKEN_CREATE)
		return err_set(
			e, ERR_USAGE,
			"'%s' cannot be the name of a new token: 5 to 50 letters, digits and "
			"hyphens, a letter first",
			name);
	return str_token_name_usable(name) ||
	       err_set(e, ERR_USAGE, "'%s' is not the name of a token", name);
}

bool token_names_ok(struct token_run *r, struct err *e)
{
	const struct token_args *a = r->args;

	r->registry = bare_registry(a->registry);
	if (!name_ok(r->registry, 62))
		return err_set(e, ERR_CONFIG,
		               "Registry names may contain only alpha numeric characters and must "
		               "be between 5 and 50 characters, "
		               "not '%s'",
		               a->registry);
	if (!token_name_ok(r, e))
		return false;
	if (a->scope_map != NULL && *a->scope_map != '\0' && !name_ok(a->scope_map, 64))
		return err_set(
			e, ERR_USAGE,
			"'%s' is not the name of a scope map: 5 to 50 letters, digits, hyphens "
			"and underscores",
			a->scope_map);
	return true;
}

/* ---- opening --------------------------------------------------------------------------------- */

/* Passes on to a client that somebody else owns. */
struct borrowed {
	struct http base;
	struct http *to;
};

static bool borrowed_send(struct http *h, const struct http_request *rq, struct http_response *rs,
                          struct err *e)
{
	struct http *to = ((struct borrowed *)h)->to;

	return to->send(to, rq, rs, e);
}

static void borrowed_close(struct http *h)
{
	free(h);
}

static bool open_client(const struct token_run *r, struct http **out, struct err *e)
{
	const struct http_spec *spec = config_http(r->config);
	/* Whoever has to name an authority of their own to az has done so there. */
	const char *ca_file = auth_or_env(spec->ca_file, "REQUESTS_CA_BUNDLE");
	const struct http_options options = { .ca_file = ca_file,
		                              .ca_only = spec->ca_only,
		                              .proxy = spec->proxy,
		                              .no_proxy = spec->no_proxy,
		                              .user_agent = "acrotate/" VERSION,
		                              .timeout_ms = spec->timeout * 1000 };

	if (r->w->http == NULL)
		return http_curl_open(&options, out, e);
	struct borrowed *b = mem_new(sizeof(*b));
	*b = (struct borrowed){ .base = { .send = borrowed_send, .close = borrowed_close },
		                .to = r->w->http };
	*out = &b->base;
	return true;
}

/* What stands behind the name of a login server has to be of this cloud; of a custom one nobody
 * has said what that is. */
static bool suffix_ok(const struct token_run *r, struct err *e)
{
	const struct azure_cloud *cloud = azure_cloud_find(r->azure.cloud);
	const char *dot = strchr(r->args->registry, '.'),
		   *suffix = cloud != NULL ? cloud->registry_suffix : r->login.registry_suffix;

	return dot == NULL || suffix == NULL || strcasecmp(dot, suffix) == 0 ||
	       err_set(e, ERR_CONFIG,
	               "The login server suffix is not valid for the current cloud. Please try "
	               "again using '%s'.",
	               suffix);
}

bool token_open(struct token_run *r, struct err *e)
{
	struct http *client = NULL;

	if (!config_open(r->args->config != NULL ? r->args->config : r->w->config, &r->config, e) ||
	    !open_client(r, &client, e))
		return false;
	r->lent = lent_new(r->config, NULL);
	r->http = token_http_open(client, r->w->env);
	r->azure = *config_azure(r->config);
	if (!token_login_find(r, e) || !suffix_ok(r, e))
		return false;
	r->arm = arm_new(&r->azure, r->w->env);
	return true;
}

/* "NAME-HASH.SUFFIX": one name with two hashes is two registries, and only the service knows whose
 * hash it is. Without one nothing is asked, as by az. */
static bool has_label(const char *asked)
{
	size_t n = strcspn(asked, ".");

	return asked[n] == '.' && memchr(asked, '-', n) != NULL;
}

static bool is_meant(const struct token_run *r, struct err *e)
{
	AUTO_FREE char *path = token_place_self(r->place);
	AUTO_JSON struct json *j = NULL;

	if (!arm_get(r->arm, token_http_base(r->http), path, &j, e))
		return false;
	const char *server = json_str(j, "properties.loginServer");
	if (server == NULL)
		return err_set(e, ERR_REMOTE, "Azure names no login server of registry '%s'",
		               r->registry);
	AUTO_FREE char *asked = acr_server_asked(r->args->registry, server);
	return asked != NULL ||
	       err_set(e, ERR_CONFIG,
	               "'%s' is not the login server of registry '%s', which is '%s'",
	               r->args->registry, r->registry, server);
}

bool token_find_registry(struct token_run *r, struct err *e)
{
	const char *group =
		r->args->group == NULL || *r->args->group == '\0' ? NULL : r->args->group;

	return token_place_find(r->arm, token_http_base(r->http), r->subscription, group,
	                        r->registry, &r->place, e) &&
	       (!has_label(r->args->registry) || is_meant(r, e));
}

void token_tell(struct token_run *r, bool failing, const char *line)
{
	const char **at = failing ? &r->note : &r->remark;
	AUTO_FREE char *all = *at == NULL ? mem_dup(line) : mem_fmt("%s\n%s", *at, line);

	*at = value_text(r->arena, all)->text;
}

void token_close(struct token_run *r)
{
	token_place_free(r->place);
	arm_free(r->arm);
	token_http_close(r->http);
	lent_free(r->lent);
	config_close(r->config);
	token_login_clear(r);
	free(r->registry);
}
