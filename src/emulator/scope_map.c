/* SPDX-License-Identifier: MIT */
/* Scope maps at ARM. A PUT is done at once, a PATCH and a DELETE are operations. */
#include <strings.h>

#include "base/json.h"
#include "base/mem.h"
#include "emulator/acr.h"
#include "emulator/arm.h"
#include "emulator/operation.h"

#define URL_MAX           (16 * 1024)
#define SCOPE_ACTIONS_MAX 500 /* the service's limit */

static void put_scope_map(struct emulator *emu, const struct registry *r,
                          const struct scope_map *map, struct buf *out)
{
	buf_str(out, "{\"type\":\"" ACR_TYPE "/scopeMaps\",\"id\":\"");
	arm_registry_id(emu, r, out);
	buf_fmt(out, "/scopeMaps/%s\",\"name\":\"%s\",", map->name, map->name);
	arm_system_data(out, map->author, map->modified, map->modified);
	buf_str(out, ",\"properties\":{");
	if (map->description != NULL) {
		buf_str(out, "\"description\":");
		buf_json(out, map->description);
		buf_char(out, ',');
	}
	buf_fmt(out, "\"type\":\"%s\",", map->system ? "SystemDefined" : "UserDefined");
	acr_put_time(out, "creationDate", map->created);
	buf_fmt(out, ",\"provisioningState\":\"%s\",\"actions\":[",
	        clock_ticks(&emu->clock) < map->settles ? "Updating" : "Succeeded");
	for (size_t i = 0; i < map->actions.n; i++) {
		if (i > 0)
			buf_char(out, ',');
		buf_json(out, map->actions.item[i]);
	}
	buf_str(out, "]}}");
}

/* ---- scope maps ------------------------------------------------------------------------------ */

static void put_nth(struct emulator *emu, const struct registry *r, size_t i, struct buf *out)
{
	put_scope_map(emu, r, r->scope_map[i], out);
}

static void scope_map_list(struct emulator *emu, struct request *rq, struct reply *rs)
{
	const struct registry *r = arm_registry(emu, rq, rs, true);

	if (r != NULL)
		arm_list_answer(emu, rq, rs, r, r->n_scope_maps, put_nth);
}

static struct scope_map *scope_map_of(struct emulator *emu, struct request *rq, struct reply *rs,
                                      struct registry **r)
{
	struct scope_map *map;

	*r = arm_registry(emu, rq, rs, true);
	map = *r != NULL ? map_get(&(*r)->scope_maps, rq->arg[3]) : NULL;
	if (*r != NULL && map == NULL)
		acr_not_found(rs, rq->arg[3]);
	return map;
}

static void scope_map_get(struct emulator *emu, struct request *rq, struct reply *rs)
{
	struct registry *r;
	struct scope_map *map = scope_map_of(emu, rq, rs, &r);

	if (map == NULL)
		return;
	exchange_reply_json(rs, 200);
	put_scope_map(emu, r, map, &rs->body);
}

static bool actions_ok(const struct json *body, struct reply *rs, bool required)
{
	const char *list = "properties.actions";
	size_t n = json_len(body, list);

	for (size_t i = 0; i < n; i++) {
		const char *action = json_text(json_at(body, list, i));

		if (action == NULL || (strncmp(action, "repositories/", 13) != 0 &&
		                       strncmp(action, "gateway/", 8) != 0)) {
			emulator_acr_error(rs, 400, "InvalidScopeMapAction",
			                   "An action of the scope map is not valid.");
			return false;
		}
	}
	if (n <= SCOPE_ACTIONS_MAX && (n > 0 || !required))
		return true;
	emulator_acr_error(rs, 400, "InvalidScopeMap",
	                   "A scope map needs between 1 and %d actions.", SCOPE_ACTIONS_MAX);
	return false;
}

static void apply_scope_map(struct emulator *emu, const struct request *rq, struct scope_map *map,
                            const struct json *body)
{
	const char *list = "properties.actions",
		   *description = json_str(body, "properties.description");

	if (json_len(body, list) > 0)
		model_strings_clear(&map->actions);
	for (size_t i = 0; i < json_len(body, list); i++)
		model_strings_add(&map->actions, json_text(json_at(body, list, i)));
	if (description != NULL) {
		mem_free_ptr(&map->description);
		map->description = mem_dup(description);
	}
	mem_free_ptr(&map->author);
	map->author = mem_dup(rq->who->client_id);
	map->modified = clock_ticks(&emu->clock);
}

static bool may_change(const struct scope_map *map, struct reply *rs)
{
	if (map == NULL || !map->system)
		return true;
	emulator_acr_error(rs, 400, "SystemDefinedScopeMap",
	                   "The scope map %s is defined by the system and cannot be changed.",
	                   map->name);
	return false;
}

static void scope_map_put(struct emulator *emu, struct request *rq, struct reply *rs)
{
	struct registry *r = arm_registry(emu, rq, rs, true);
	struct scope_map *map = r != NULL ? map_get(&r->scope_maps, rq->arg[3]) : NULL;
	AUTO_JSON struct json *body = NULL;

	if (r == NULL || !may_change(map, rs) || !acr_read_body(rq, rs, &body) ||
	    !actions_ok(body, rs, true))
		return;
	if (!acr_name_ok(rq->arg[3], "-_", false) || rq->arg[3][0] == '_') {
		emulator_acr_error(rs, 400, "InvalidScopeMapName",
		                   "The scope map name %s is not valid.", rq->arg[3]);
		return;
	}
	if (map == NULL)
		map = model_add_scope_map(r, rq->arg[3], clock_ticks(&emu->clock));
	apply_scope_map(emu, rq, map, body);
	exchange_reply_json(rs, 200);
	put_scope_map(emu, r, map, &rs->body);
}

static void scope_map_patch(struct emulator *emu, struct request *rq, struct reply *rs)
{
	struct registry *r;
	struct scope_map *map = scope_map_of(emu, rq, rs, &r);
	AUTO_JSON struct json *body = NULL;
	AUTO_FREE char *id = NULL;
	AUTO_BUF struct buf path = BUF_INIT(URL_MAX);

	if (map == NULL || !may_change(map, rs) || !acr_read_body(rq, rs, &body) ||
	    !actions_ok(body, rs, false))
		return;
	apply_scope_map(emu, rq, map, body);
	map->settles = INT64_MAX;
	exchange_reply_json(rs, 201);
	put_scope_map(emu, r, map, &rs->body);
	map->settles = map->modified + emu->set.settle;
	id = operation_begin(emu, rq, "token", true);
	arm_registry_id(emu, r, &path);
	buf_fmt(&path, "/scopeMaps/%s", map->name);
	operation_put_status(emu, rq, rs, buf_cstr(&path), id);
}

static void scope_map_delete(struct emulator *emu, struct request *rq, struct reply *rs)
{
	struct registry *r = arm_registry(emu, rq, rs, true);
	struct scope_map *map = r != NULL ? map_get(&r->scope_maps, rq->arg[3]) : NULL;

	if (r == NULL || !may_change(map, rs))
		return;
	if (map == NULL) {
		rs->status = 204;
		return;
	}
	model_remove_scope_map(r, rq->arg[3]);
	operation_answer_deleted(emu, rq, rs);
}

#define SUB      "/subscriptions/{}"
#define REGISTRY SUB "/resourceGroups/{}/providers/" ACR_TYPE "/{}"

static const struct route rows[] = {
	{ "GET", REGISTRY "/scopeMaps", "scope-map-list", ACR_TYPE "/scopeMaps/read",
	  scope_map_list },
	{ "GET", REGISTRY "/scopeMaps/{}", "scope-map-get", ACR_TYPE "/scopeMaps/read",
	  scope_map_get },
	{ "PUT", REGISTRY "/scopeMaps/{}", "scope-map-put", ACR_TYPE "/scopeMaps/write",
	  scope_map_put },
	{ "PATCH", REGISTRY "/scopeMaps/{}", "scope-map-patch", ACR_TYPE "/scopeMaps/write",
	  scope_map_patch },
	{ "DELETE", REGISTRY "/scopeMaps/{}", "scope-map-delete", ACR_TYPE "/scopeMaps/delete",
	  scope_map_delete },
};
const struct routes scope_map_routes = { AREA_ARM, rows, COUNT(rows) };
