/* SPDX-License-Identifier: MIT */
#include "emulator/arm.h"

#include <stdarg.h>
#include <stdio.h>
#include <strings.h>

#include "base/crypto.h"
#include "base/err.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "emulator/entra.h"
#include "emulator/pki.h"

#define ERROR_MAX (16 * 1024)
#define URL_MAX   (16 * 1024)

/* Versions that know tokens; and those that know only registries. */
static const char *const token_versions[] = {
	"2019-05-01-preview", "2020-11-01-preview", "2021-06-01-preview", "2021-08-01-preview",
	"2021-12-01-preview", "2022-02-01-preview", "2022-12-01",         "2023-01-01-preview",
	"2023-06-01-preview", "2023-07-01",         "2023-08-01-preview", "2023-11-01-preview",
	"2024-01-01-preview", "2024-11-01-preview", "2025-03-01-preview", "2025-04-01",
	"2025-05-01-preview", "2025-06-01-preview", "2025-09-01-preview", "2025-11-01",
	"2025-12-01-preview", "2026-01-01-preview", "2026-03-01-preview", "2026-09-01-preview",
};
static const char *const registry_versions[] = { "2017-03-01", "2017-10-01", "2019-05-01",
	                                         "2021-09-01" };

/* ARM takes any of these for itself. */
static const char *const audiences[] = {
	"https://management.core.windows.net",       "https://management.azure.com",
	"https://management.core.usgovcloudapi.net", "https://management.usgovcloudapi.net",
	"https://management.core.chinacloudapi.cn",  "https://management.chinacloudapi.cn"
};

/* ---- errors ---------------------------------------------------------------------------------- */

static void put_error(struct reply *rs, int status, const char *code, const char *text,
                      const char *end)
{
	exchange_reply_json(rs, status);
	buf_str(&rs->body, "{\"error\":{\"code\":");
	buf_json(&rs->body, code);
	buf_str(&rs->body, ",\"message\":");
	buf_json(&rs->body, text);
	buf_str(&rs->body, end);
}

void arm_error(struct reply *rs, int status, const char *code, const char *fmt, ...)
{
	char text[ERROR_MAX];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap); /* cut is as good */
	va_end(ap);
	put_error(rs, status, code, text, "}}");
	pairs_set(&rs->header, "x-ms-failure-cause", "gateway");
}

void emulator_acr_error(struct reply *rs, int status, const char *code, const char *fmt, ...)
{
	char text[ERROR_MAX];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap); /* cut is as good */
	va_end(ap);
	put_error(rs, status, code, text, "},\"status\":\"Failed\"}");
}

/* ---- who asks -------------------------------------------------------------------------------- */

static void refuse(struct emulator *emu, struct reply *rs, struct request *rq, const char *code,
                   const char *text)
{
	AUTO_BUF struct buf url = BUF_INIT(URL_MAX);

	arm_error(rs, 401, code, "%s", text);
	emulator_url(emu, &url);
	exchange_reply_header(rs, "WWW-Authenticate",
	                      "Bearer authorization_uri=\"%s/%s\", error=\"invalid_token\", "
	                      "error_description=\"%s\"",
	                      buf_cstr(&url), emu->set.tenant, text);
	(void)snprintf(rq->note, sizeof(rq->note), "%s", code);
}

static const struct {
	const char *code, *text;
} refusals[ENTRA_BEARER__COUNT] = {
	[ENTRA_BEARER_MISSING] = { "AuthenticationFailed",
	                           "Authentication failed. The 'Authorization' header is "
	                           "missing." },
	[ENTRA_BEARER_INVALID] = { "InvalidAuthenticationToken", "The access token is invalid." },
	[ENTRA_BEARER_OTHER_AUDIENCE] = { "InvalidAuthenticationTokenAudience",
	                                  "The access token has been obtained for wrong audience "
	                                  "or resource. It should exactly match with one of the "
	                                  "allowed audiences "
	                                  "'https://management.core.windows.net/', "
	                                  "'https://management.azure.com/'." },
	[ENTRA_BEARER_EXPIRED] = { "ExpiredAuthenticationToken",
	                           "The access token expiry UTC time is earlier than current UTC "
	                           "time." },
	[ENTRA_BEARER_UNKNOWN] = { "InvalidAuthenticationToken",
	                           "The access token is of nobody known here." },
};

static bool know_bearer(struct emulator *emu, struct request *rq, struct reply *rs)
{
	enum entra_bearer is = entra_bearer(emu, rq, audiences, COUNT(audiences));

	if (is != ENTRA_BEARER_GOOD)
		refuse(emu, rs, rq, refusals[is].code, refusals[is].text);
	return is == ENTRA_BEARER_GOOD;
}

/* ---- which version --------------------------------------------------------------------------- */

static bool is_listed(const char *version, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strcasecmp(list[i], version) == 0)
			return true;
	return false;
}

static void put_versions(struct buf *out)
{
	for (size_t i = 0; i < COUNT(token_versions); i++)
		buf_fmt(out, "%s%s", i > 0 ? ", " : "", token_versions[i]);
}

static bool version_ok(const struct request *rq, struct reply *rs, const struct route *row)
{
	const char *version = pairs_get(&rq->query, "api-version");
	/* Resources of another provider may hang below a registry. */
	bool provider = strstr(row->pattern, ACR_TYPE) != NULL &&
	                strstr(row->pattern, "/Microsoft.Authorization/") == NULL;
	bool below = provider && strstr(row->pattern, ACR_TYPE "/{}/") != NULL;
	AUTO_BUF struct buf known = BUF_INIT(ERROR_MAX);

	if (version == NULL || !*version) {
		arm_error(rs, 400, "MissingApiVersionParameter",
		          "The api-version query parameter (?api-version=) is required for all "
		          "requests.");
		return false;
	}
	if (!provider || is_listed(version, token_versions, COUNT(token_versions)) ||
	    (!below && is_listed(version, registry_versions, COUNT(registry_versions))))
		return true;
	put_versions(&known);
	arm_error(rs, 400, "InvalidResourceType",
	          "The resource type could not be found in the namespace "
	          "'Microsoft.ContainerRegistry' for api version '%s'. The "
	          "supported api-versions are '%s'.",
	          version, buf_cstr(&known));
	return false;
}

/* ---- how fast -------------------------------------------------------------------------------- */

#define LEFT "x-ms-ratelimit-remaining-subscription-"
static const struct {
	const char *noun, *own_header, *global_header;
	int64_t usual, global;
} kinds[BUCKET__COUNT] = {
	[BUCKET_READ] = { "reads", LEFT "reads", LEFT "global-reads", 249, 3749 },
	[BUCKET_WRITE] = { "writes", LEFT "writes", LEFT "global-writes", 199, 2999 },
	[BUCKET_DELETE] = { "deletes", LEFT "deletes", LEFT "global-deletes", 199, 2999 },
};

static enum bucket_kind kind_of(const struct request *rq)
{
	if (strcmp(rq->method, "GET") == 0 || strcmp(rq->method, "HEAD") == 0)
		return BUCKET_READ;
	return strcmp(rq->method, "DELETE") == 0 ? BUCKET_DELETE : BUCKET_WRITE;
}

/* Takes one from the caller's bucket. *wait_s > 0: empty for so long. */
static double draw(struct emulator *emu, const struct identity *who, enum bucket_kind kind,
                   int64_t *wait_s)
{
	AUTO_FREE char *key = mem_fmt("%s %s", kinds[kind].noun, who->object_id);
	const struct rate *rate = &emu->set.limit[kind];
	int64_t now = clock_mono_ms();
	struct bucket *b = map_get(&emu->buckets, key);

	if (b == NULL) {
		b = mem_new(sizeof(*b));
		*b = (struct bucket){ .level = rate->burst, .at_ms = now };
		map_put(&emu->buckets, key, b);
	}
	b->level += (double)(now - b->at_ms) / 1000 * rate->per_second;
	if (b->level > rate->burst)
		b->level = rate->burst;
	b->at_ms = now;
	*wait_s = 0;
	if (b->level < 1)
		*wait_s = rate->per_second > 0 ? (int64_t)((1 - b->level) / rate->per_second) + 1
		                               : 60;
	else
		b->level -= 1;
	return b->level;
}

static bool rate_ok(struct emulator *emu, struct request *rq, struct reply *rs)
{
	enum bucket_kind kind = kind_of(rq);
	int64_t left = kinds[kind].usual, wait_s = 0;

	(void)pthread_mutex_lock(&emu->lock);
	if (emu->set.limit[kind].burst > 0)
		left = (int64_t)draw(emu, rq->who, kind, &wait_s);
	(void)pthread_mutex_unlock(&emu->lock);
	if (wait_s > 0) {
		arm_error(rs, 429, "SubscriptionRequestsThrottled",
		          "Number of requests for subscription '%s' and operation '%s' exceeded "
		          "the backend storage limit. Please try "
		          "again after '%lld' seconds.",
		          emu->set.subscription, rq->method, (long long)wait_s);
		exchange_reply_header(rs, "Retry-After", "%lld", (long long)wait_s);
		(void)snprintf(rq->note, sizeof(rq->note), "throttled");
		left = 0;
	}
	exchange_reply_header(rs, kinds[kind].own_header, "%lld", (long long)left);
	exchange_reply_header(rs, kinds[kind].global_header, "%lld", (long long)kinds[kind].global);
	return wait_s == 0;
}

/* ---- may they -------------------------------------------------------------------------------- */

static bool right_ok(struct emulator *emu, struct request *rq, struct reply *rs,
                     const struct route *row)
{
	size_t scope = strlen(rq->path);
	const char *generate = strcasestr(rq->path, "/generateCredentials");
	bool may;

	if (generate != NULL)
		scope = (size_t)(generate - rq->path);
	(void)pthread_mutex_lock(&emu->lock);
	may = identity_may(rq->who, row->action);
	(void)pthread_mutex_unlock(&emu->lock);
	if (may)
		return true;
	arm_error(rs, 403, "AuthorizationFailed",
	          "The client '%s' with object id '%s' does not have authorization to perform "
	          "action '%s' over scope '%.*s' or the "
	          "scope is invalid. If access was recently granted, please refresh your "
	          "credentials.",
	          rq->who->client_id, rq->who->object_id, row->action, (int)scope, rq->path);
	(void)snprintf(rq->note, sizeof(rq->note), "AuthorizationFailed");
	return false;
}

/* ---- what every answer carries --------------------------------------------------------------- */

static void put_headers(struct emulator *emu, const struct route *row, struct reply *rs)
{
	static const char *const fixed[][2] = { { "Cache-Control", "no-cache" },
		                                { "Pragma", "no-cache" },
		                                { "Expires", "-1" },
		                                { "Strict-Transport-Security",
		                                  "max-age=31536000; includeSubDomains" },
		                                { "X-Content-Type-Options", "nosniff" },
		                                { "Vary", "Accept-Encoding" } };
	char id[37], date[STR_TIME_MAX], compact[STR_TIME_MAX];
	size_t n = 0;

	for (size_t i = 0; i < COUNT(fixed); i++)
		pairs_add(&rs->header, fixed[i][0], fixed[i][1]);
	crypto_uuid(id);
	str_from_time(clock_seconds(&emu->clock), date);
	for (size_t i = 0; date[i]; i++)
		if (date[i] != '-' && date[i] != ':')
			compact[n++] = date[i];
	compact[n] = '\0';
	pairs_add(&rs->header, "x-ms-request-id", id);
	pairs_add(&rs->header, "x-ms-correlation-request-id", id);
	exchange_reply_header(rs, "x-ms-routing-request-id", "EASTUS:%s:%s", compact, id);
	if (strstr(row->pattern, ACR_TYPE) != NULL) {
		AUTO_BUF struct buf versions = BUF_INIT(ERROR_MAX);

		put_versions(&versions);
		pairs_add(&rs->header, "api-supported-versions", buf_cstr(&versions));
		pairs_add(&rs->header, "Server", "Kestrel");
	}
}

bool arm_admit(struct emulator *emu, struct request *rq, struct reply *rs, const struct route *row)
{
	put_headers(emu, row, rs);
	if (!version_ok(rq, rs, row) || !know_bearer(emu, rq, rs) || !rate_ok(emu, rq, rs) ||
	    !right_ok(emu, rq, rs, row))
		return false;
	exchange_reply_header(rs, "x-ms-operation-identifier", "tenantId=%s,objectId=%s/eastus/%s",
	                      emu->set.tenant, rq->who->object_id,
	                      pairs_text(&rs->header, "x-ms-request-id"));
	return true;
}

/* ---- pieces of bodies ------------------------------------------------------------------------ */

const char *arm_subscription_of(const struct emulator *emu, const struct registry *r)
{
	return r->subscription != NULL ? r->subscription : emu->set.subscription;
}

bool arm_subscription_known(const struct emulator *emu, const char *id)
{
	bool known = strcasecmp(id, emu->set.subscription) == 0;

	for (size_t i = 0; i < emu->model.n_registries; i++)
		known = known ||
		        strcasecmp(arm_subscription_of(emu, emu->model.registry[i]), id) == 0;
	return known;
}

static bool is_in(const struct emulator *emu, const struct registry *r, const char *subscription,
                  const char *group)
{
	return strcasecmp(arm_subscription_of(emu, r), subscription) == 0 &&
	       strcasecmp(r->resource_group, group) == 0;
}

bool arm_group_known(const struct emulator *emu, const char *subscription, const char *group)
{
	bool known = strcasecmp(group, emu->set.resource_group) == 0 &&
	             strcasecmp(subscription, emu->set.subscription) == 0;

	for (size_t i = 0; i < emu->model.n_registries; i++)
		known = known || is_in(emu, emu->model.registry[i], subscription, group);
	return known;
}

struct registry *arm_find(const struct emulator *emu, const char *subscription, const char *group,
                          const char *name)
{
	for (size_t i = 0; i < emu->model.n_registries; i++) {
		struct registry *r = emu->model.registry[i];
		if (is_in(emu, r, subscription, group) && strcasecmp(r->name, name) == 0)
			return r;
	}
	return NULL;
}

void arm_registry_id(const struct emulator *emu, const struct registry *r, struct buf *out)
{
	buf_fmt(out, "/subscriptions/%s/resourceGroups/%s/providers/" ACR_TYPE "/%s",
	        arm_subscription_of(emu, r), r->resource_group, r->name);
}

struct registry *arm_registry(struct emulator *emu, const struct request *rq, struct reply *rs,
                              bool nested)
{
	const char *subscription = rq->arg[0], *group = rq->arg[1], *name = rq->arg[2];
	struct registry *r = arm_find(emu, subscription, group, name);

	if (!arm_subscription_known(emu, subscription))
		arm_error(rs, 404, "SubscriptionNotFound",
		          "The subscription '%s' could not be found.", subscription);
	else if (!arm_group_known(emu, subscription, group))
		arm_error(rs, 404, "ResourceGroupNotFound",
		          "Resource group '%s' could not be found.", group);
	else if (r != NULL)
		return r;
	else if (nested)
		arm_error(rs, 404, "ParentResourceNotFound",
		          "Can not perform requested operation on nested resource. Parent resource "
		          "'%s' not found.",
		          name);
	else
		arm_error(rs, 404, "ResourceNotFound",
		          "The Resource '" ACR_TYPE "/%s' under resource group '%s' was not found. "
		          "For more details please go to "
		          "https://aka.ms/ARMResourceNotFoundFix",
		          name, group);
	return NULL;
}

void arm_system_data(struct buf *out, const char *author, int64_t created, int64_t modified)
{
	char first[CLOCK_TEXT_MAX], last[CLOCK_TEXT_MAX];

	clock_text(created, first);
	clock_text(modified, last);
	buf_str(out, "\"systemData\":{\"createdBy\":");
	buf_json(out, author);
	buf_fmt(out, ",\"createdByType\":\"Application\",\"createdAt\":\"%s\",\"lastModifiedBy\":",
	        first);
	buf_json(out, author);
	buf_fmt(out, ",\"lastModifiedByType\":\"Application\",\"lastModifiedAt\":\"%s\"}", last);
}

size_t arm_skip(const struct request *rq)
{
	const char *text = pairs_get(&rq->query, "$skiptoken");
	int64_t skip = 0;

	return text != NULL && str_int(text, 0, INT32_MAX, &skip) ? (size_t)skip : 0;
}

void arm_next_link(struct emulator *emu, const struct request *rq, size_t next, size_t n,
                   struct buf *out)
{
	AUTO_BUF struct buf link = BUF_INIT(URL_MAX);
	const char *filter = pairs_get(&rq->query, "$filter");

	if (next >= n)
		return;
	emulator_url(emu, &link);
	buf_fmt(&link, "%s?api-version=%s", rq->path, pairs_text(&rq->query, "api-version"));
	if (filter != NULL) {
		buf_str(&link, "&%24filter=");
		buf_form(&link, filter);
	}
	buf_fmt(&link, "&%%24skiptoken=%zu", next);
	buf_str(out, ",\"nextLink\":");
	buf_json(out, buf_cstr(&link));
}

void arm_list_answer(struct emulator *emu, const struct request *rq, struct reply *rs,
                     const struct registry *r, size_t n,
                     void (*put)(struct emulator *emu, const struct registry *r, size_t i,
                                 struct buf *out))
{
	size_t next = arm_skip(rq), page = (size_t)emu->set.page;
	size_t end = next + page < n ? next + page : n;

	exchange_reply_json(rs, 200);
	buf_str(&rs->body, "{\"value\":[");
	for (size_t i = next; i < end; i++) {
		if (i > next)
			buf_char(&rs->body, ',');
		put(emu, r, i, &rs->body);
	}
	buf_char(&rs->body, ']');
	arm_next_link(emu, rq, end, n, &rs->body);
	buf_char(&rs->body, '}');
}
