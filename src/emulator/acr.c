/* SPDX-License-Identifier: MIT */
#include "emulator/acr.h"

#include <strings.h>

#include "base/err.h"
#include "base/json.h"
#include "base/mem.h"
#include "emulator/arm.h"
#include "emulator/clock.h"
#include "emulator/operation.h"

#define URL_MAX (16 * 1024)

void acr_put_time(struct buf *out, const char *name, int64_t ticks)
{
	char text[CLOCK_TEXT_MAX];

	clock_text(ticks, text);
	buf_fmt(out, "\"%s\":\"%s\"", name, text);
}

static void put_registry(struct emulator *emu, const struct registry *r, struct buf *out)
{
	char created[CLOCK_TEXT_MAX];
	bool settled = clock_ticks(&emu->clock) >= r->settles;

	clock_text(r->created, created);
	buf_str(out, "{\"sku\":{\"name\":\"Premium\",\"tier\":\"Premium\"},\"type\":\"" ACR_TYPE
	             "\",\"id\":\"");
	arm_registry_id(emu, r, out);
	buf_fmt(out, "\",\"name\":\"%s\",\"location\":\"%s\",\"tags\":{},", r->name, r->location);
	arm_system_data(out, emu->set.client_id, r->created, r->created);
	buf_fmt(out,
	        ",\"properties\":{\"loginServer\":\"%s\",\"creationDate\":\"%.*sZ\","
	        "\"provisioningState\":\"%s\","
	        "\"adminUserEnabled\":false,\"networkRuleSet\":{\"defaultAction\":\"Allow\","
	        "\"ipRules\":[]},\"policies\":{"
	        "\"quarantinePolicy\":{\"status\":\"disabled\"},\"trustPolicy\":{\"type\":"
	        "\"Notary\",\"status\":\"disabled\"},"
	        "\"retentionPolicy\":{\"days\":7,\"lastUpdatedTime\":\"%s\",\"status\":"
	        "\"disabled\"},\"exportPolicy\":{\"status\":"
	        "\"enabled\"},\"azureADAuthenticationAsArmPolicy\":{\"status\":\"enabled\"},"
	        "\"softDeletePolicy\":{\"retentionDays\":7,"
	        "\"lastUpdatedTime\":\"%s\",\"status\":\"disabled\"}},\"encryption\":{\"status\":"
	        "\"disabled\"},\"dataEndpointEnabled\":"
	        "false,\"dataEndpointHostNames\":[],\"privateEndpointConnections\":[],"
	        "\"publicNetworkAccess\":\"Enabled\","
	        "\"networkRuleBypassOptions\":\"AzureServices\",\"zoneRedundancy\":\"Disabled\","
	        "\"anonymousPullEnabled\":false}}",
	        r->login_server, (int)strcspn(created, "+"), created,
	        settled ? "Succeeded" : "Creating", created, created);
}

/* ---- requests -------------------------------------------------------------------------------- */

bool acr_name_ok(const char *name, const char *also, bool letter_first)
{
	size_t n = strlen(name);

	if (n < 5 || n > 50 ||
	    (letter_first && (name[0] < 'A' || (name[0] > 'Z' && name[0] < 'a') || name[0] > 'z')))
		return false;
	for (size_t i = 0; i < n; i++) {
		char c = name[i];

		if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9') &&
		    !strchr(also, c))
			return false;
	}
	return true;
}

bool acr_read_body(const struct request *rq, struct reply *rs, struct json **out)
{
	struct err e = ERR_INIT;

	if (json_parse(buf_cstr(&rq->body), rq->body.len, out, &e) &&
	    json_type(*out) == JSON_OBJECT)
		return true;
	arm_error(rs, 400, "InvalidRequestContent",
	          "The request content was invalid and could not be deserialized: '%s'.", e.text);
	return false;
}

void acr_not_found(struct reply *rs, const char *name)
{
	emulator_acr_error(rs, 404, "ResourceNotFound", "The resource %s could not be found.",
	                   name);
}

/* ---- registries ------------------------------------------------------------------------------ */

static void registry_get(struct emulator *emu, struct request *rq, struct reply *rs)
{
	struct registry *r = arm_registry(emu, rq, rs, false);

	if (!r)
		return;
	exchange_reply_json(rs, 200);
	put_registry(emu, r, &rs->body);
}

/* What the caller may do here, as one assignment. */
static void permissions_list(struct emulator *emu, struct request *rq, struct reply *rs)
{
	const struct identity *who = rq->who;

	if (!arm_registry(emu, rq, rs, false))
		return;
	exchange_reply_json(rs, 200);
	buf_str(&rs->body, "{\"value\":[{\"actions\":[");
	for (size_t i = 0; who->limited && i < who->actions.n; i++) {
		buf_str(&rs->body, i > 0 ? "," : "");
		buf_json(&rs->body, who->actions.item[i]);
	}
	buf_fmt(&rs->body, "%s],\"notActions\":[],\"dataActions\":[],\"notDataActions\":[]}]}",
	        who->limited ? "" : "\"*\"");
}

static void registry_put(struct emulator *emu, struct request *rq, struct reply *rs)
{
	struct registry *r = model_registry(&emu->model, rq->arg[2]);
	AUTO_FREE char *server = mem_fmt("%s.azurecr.io", rq->arg[2]), *id = NULL;
	AUTO_BUF struct buf path = BUF_INIT(URL_MAX);
	AUTO_JSON struct json *body = NULL;

	if (!acr_read_body(rq, rs, &body))
		return;
	if (!acr_name_ok(rq->arg[2], "", false) ||
	    strcasecmp(rq->arg[0], emu->set.subscription) != 0) {
		arm_error(rs, 400, "InvalidResourceName", "The registry name %s is not valid.",
		          rq->arg[2]);
		return;
	}
	if (!r) {
		r = model_add_registry(&emu->model, rq->arg[2], rq->arg[1], server,
		                       clock_ticks(&emu->clock));
		mem_free_ptr(&r->location);
		r->location =
			mem_dup(json_str(body, "location") ? json_str(body, "location") : "eastus");
	}
	r->settles = INT64_MAX;
	exchange_reply_json(rs, 201);
	put_registry(emu, r, &rs->body);
	r->settles = clock_ticks(&emu->clock) + emu->set.settle;
	id = operation_begin(emu, rq, "registries", false);
	arm_registry_id(emu, r, &path);
	operation_put_status(emu, rq, rs, buf_cstr(&path), id);
}

#define SUB      "/subscriptions/{}"
#define REGISTRY SUB "/resourceGroups/{}/providers/" ACR_TYPE "/{}"

static const struct route rows[] = {
	{ "GET", REGISTRY, "registry-get", ACR_TYPE "/read", registry_get },
	{ "GET", REGISTRY "/providers/Microsoft.Authorization/permissions", "permissions",
	  "Microsoft.Authorization/permissions/read", permissions_list },
	{ "PUT", REGISTRY, "registry-put", ACR_TYPE "/write", registry_put },
};
const struct routes acr_routes = { AREA_ARM, rows, COUNT(rows) };
