/* SPDX-License-Identifier: MIT */
/* Subscriptions, resource groups, and lists of resources. */
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "emulator/arm.h"

static void put_subscription(const struct emulator *emu, const char *id, struct buf *out)
{
	bool own = strcasecmp(id, emu->set.subscription) == 0;

	buf_fmt(out,
	        "{\"id\":\"/subscriptions/"
	        "%s\",\"authorizationSource\":\"RoleBased\",\"managedByTenants\":[],"
	        "\"subscriptionId\":\"%s\","
	        "\"tenantId\":\"%s\",\"displayName\":\"Emulated%s%s\",\"state\":\"Enabled\","
	        "\"subscriptionPolicies\":{\"locationPlacementId\":"
	        "\"Public_2014-09-01\",\"quotaId\":\"PayAsYouGo_2014-09-01\",\"spendingLimit\":"
	        "\"Off\"}}",
	        id, id, emu->set.tenant, own ? "" : " ", own ? "" : id);
}

static bool subscription_ok(struct emulator *emu, const struct request *rq, struct reply *rs)
{
	if (arm_subscription_known(emu, rq->arg[0]))
		return true;
	arm_error(rs, 404, "SubscriptionNotFound", "The subscription '%s' could not be found.",
	          rq->arg[0]);
	return false;
}

static void add_once(struct strings *list, const char *text)
{
	for (size_t i = 0; i < list->n; i++)
		if (strcasecmp(list->item[i], text) == 0)
			return;
	model_strings_add(list, text);
}

static void subscriptions_list(struct emulator *emu, struct request *rq, struct reply *rs)
{
	AUTO(model_strings_clear) struct strings ids = { 0 };

	(void)rq;
	model_strings_add(&ids, emu->set.subscription);
	for (size_t i = 0; i < emu->model.n_registries; i++)
		add_once(&ids, arm_subscription_of(emu, emu->model.registry[i]));
	exchange_reply_json(rs, 200);
	buf_str(&rs->body, "{\"value\":[");
	for (size_t i = 0; i < ids.n; i++) {
		buf_str(&rs->body, i > 0 ? "," : "");
		put_subscription(emu, ids.item[i], &rs->body);
	}
	buf_fmt(&rs->body, "],\"count\":{\"type\":\"Total\",\"value\":%zu}}", ids.n);
}

static void subscription_get(struct emulator *emu, struct request *rq, struct reply *rs)
{
	if (!subscription_ok(emu, rq, rs))
		return;
	exchange_reply_json(rs, 200);
	put_subscription(emu, rq->arg[0], &rs->body);
}

static void tenants_list(struct emulator *emu, struct request *rq, struct reply *rs)
{
	(void)rq;
	exchange_reply_json(rs, 200);
	buf_fmt(&rs->body,
	        "{\"value\":[{\"id\":\"/tenants/"
	        "%s\",\"tenantId\":\"%s\",\"displayName\":\"Emulated\"}]}",
	        emu->set.tenant, emu->set.tenant);
}

static void group_get(struct emulator *emu, struct request *rq, struct reply *rs)
{
	if (!subscription_ok(emu, rq, rs))
		return;
	if (!arm_group_known(emu, rq->arg[0], rq->arg[1])) {
		arm_error(rs, 404, "ResourceGroupNotFound",
		          "Resource group '%s' could not be found.", rq->arg[1]);
		return;
	}
	exchange_reply_json(rs, 200);
	buf_fmt(&rs->body, "{\"id\":\"/subscriptions/%s/resourceGroups/", rq->arg[0]);
	buf_str(&rs->body, rq->arg[1]);
	buf_str(&rs->body, "\",\"name\":");
	buf_json(&rs->body, rq->arg[1]);
	buf_str(&rs->body, ",\"type\":\"Microsoft.Resources/"
	                   "resourceGroups\",\"location\":\"eastus\",\"tags\":{},\"properties\":"
	                   "{\"provisioningState\":\"Succeeded\"}}");
}

static void put_registry_head(const struct emulator *emu, const struct registry *r, struct buf *out)
{
	buf_str(out, "\"id\":\"");
	arm_registry_id(emu, r, out);
	buf_fmt(out,
	        "\",\"name\":\"%s\",\"type\":\"" ACR_TYPE
	        "\",\"sku\":{\"name\":\"Premium\",\"tier\":\"Premium\"},\"location\":\"%s\","
	        "\"tags\":{},",
	        r->name, r->location);
	arm_system_data(out, emu->set.client_id, r->created, r->created);
}

/* Does an OData filter of the two forms clients use let a registry pass? */
static bool filter_ok(const char *filter, const struct registry *r)
{
	const char *type, *name;
	AUTO_FREE char *wanted_name = mem_fmt("name eq '%s'", r->name);

	if (filter == NULL || !*filter)
		return true;
	type = strcasestr(filter, "resourceType eq '");
	if (type != NULL && strncasecmp(type + strlen("resourceType eq '"), ACR_TYPE "'",
	                                strlen(ACR_TYPE "'")) != 0)
		return false;
	name = strcasestr(filter, "name eq '");
	return name == NULL || strcasestr(filter, wanted_name) != NULL;
}

static bool registry_visible(const struct emulator *emu, const struct request *rq,
                             const struct registry *r, const char *group)
{
	return identity_may(rq->who, ACR_TYPE "/read") &&
	       strcasecmp(arm_subscription_of(emu, r), rq->arg[0]) == 0 &&
	       (group == NULL || strcasecmp(r->resource_group, group) == 0);
}

/* ARM shows everybody just what they may read. */
static void list_resources(struct emulator *emu, struct request *rq, struct reply *rs,
                           const char *group, bool filtered)
{
	size_t next = arm_skip(rq), shown = 0;

	if (!subscription_ok(emu, rq, rs))
		return;
	exchange_reply_json(rs, 200);
	buf_str(&rs->body, "{\"value\":[");
	for (; next < emu->model.n_registries && shown < (size_t)emu->set.page; next++) {
		const struct registry *r = emu->model.registry[next];

		if (!registry_visible(emu, rq, r, group) ||
		    (filtered && !filter_ok(pairs_get(&rq->query, "$filter"), r)))
			continue;
		buf_str(&rs->body, shown++ > 0 ? ",{" : "{");
		put_registry_head(emu, r, &rs->body);
		if (!filtered)
			buf_fmt(&rs->body,
			        ",\"properties\":{\"loginServer\":\"%s\",\"provisioningState\":"
			        "\"Succeeded\"}",
			        r->login_server);
		buf_char(&rs->body, '}');
	}
	buf_char(&rs->body, ']');
	arm_next_link(emu, rq, next, emu->model.n_registries, &rs->body);
	buf_char(&rs->body, '}');
}

static void resources_list(struct emulator *emu, struct request *rq, struct reply *rs)
{
	list_resources(emu, rq, rs, NULL, true);
}

static void group_resources_list(struct emulator *emu, struct request *rq, struct reply *rs)
{
	list_resources(emu, rq, rs, rq->arg[1], true);
}

static void registries_list(struct emulator *emu, struct request *rq, struct reply *rs)
{
	list_resources(emu, rq, rs, NULL, false);
}

static void group_registries_list(struct emulator *emu, struct request *rq, struct reply *rs)
{
	list_resources(emu, rq, rs, rq->arg[1], false);
}

#define SUB   "/subscriptions/{}"
#define GROUP SUB "/resourceGroups/{}"

static const struct route rows[] = {
	{ "GET", "/subscriptions", "subscriptions", NULL, subscriptions_list },
	{ "GET", SUB, "subscription", NULL, subscription_get },
	{ "GET", "/tenants", "tenants", NULL, tenants_list },
	{ "GET", GROUP, "group-get", NULL, group_get },
	{ "GET", SUB "/resources", "resources", NULL, resources_list },
	{ "GET", GROUP "/resources", "resources", NULL, group_resources_list },
	{ "GET", SUB "/providers/" ACR_TYPE, "registry-list", NULL, registries_list },
	{ "GET", GROUP "/providers/" ACR_TYPE, "registry-list", NULL, group_registries_list },
};
const struct routes emulator_arm_routes = { AREA_ARM, rows, COUNT(rows) };
