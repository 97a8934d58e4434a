/* SPDX-License-Identifier: MIT */
#include "emulator/access.h"

#include <strings.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "emulator/model.h"
#include "emulator/pairs.h"

static const struct {
	const char *verb, *suffix;
} verbs[] = {
	{ "pull", "/content/read" },
	{ "push", "/content/write" },
	{ "delete", "/content/delete" },
	{ "metadata_read", "/metadata/read" },
	{ "metadata_write", "/metadata/write" },
};

/* Does a scope map allow this on this repository? NULL as map: everything is allowed. */
static bool allows(const struct scope_map *map, const char *repository, const char *suffix)
{
	if (map == NULL)
		return true;
	for (size_t i = 0; i < map->actions.n; i++) {
		const char *action = map->actions.item[i];
		size_t n = strlen(action), m = strlen(suffix);
		AUTO_FREE char *pattern = NULL;

		if (n <= 13 + m || strncmp(action, "repositories/", 13) != 0 ||
		    strcmp(action + n - m, suffix) != 0)
			continue;
		pattern = mem_dup_n(action + 13, n - m - 13);
		if (str_matches(pattern, repository))
			return true;
	}
	return false;
}

static bool asked_for(const char *actions, const char *verb)
{
	size_t n = strlen(verb);

	while (*actions) {
		size_t m = strcspn(actions, ",");

		if ((m == n && strncmp(actions, verb, n) == 0) || (m == 1 && *actions == '*'))
			return true;
		actions += m + (actions[m] == ',');
	}
	return false;
}

/* One "repository:NAME:pull,push" of a scope parameter. */
static void put_access(const struct scope_map *map, const char *scope, bool *first, struct buf *out)
{
	const char *type_end = strchr(scope, ':'), *name_end = strrchr(scope, ':');
	AUTO_FREE char *type = NULL, *name = NULL;
	bool first_verb = true;

	if (type_end == NULL || name_end == type_end)
		return;
	type = mem_dup_n(scope, (size_t)(type_end - scope));
	name = mem_dup_n(type_end + 1, (size_t)(name_end - type_end - 1));
	buf_str(out, *first ? "{\"type\":" : ",{\"type\":");
	*first = false;
	buf_json(out, type);
	buf_str(out, ",\"name\":");
	buf_json(out, name);
	buf_str(out, ",\"actions\":[");
	for (size_t i = 0; i < COUNT(verbs); i++) {
		if (!asked_for(name_end + 1, verbs[i].verb) || !allows(map, name, verbs[i].suffix))
			continue;
		buf_fmt(out, "%s\"%s\"", first_verb ? "" : ",", verbs[i].verb);
		first_verb = false;
	}
	if (map == NULL && strcmp(type, "registry") == 0)
		buf_str(out, first_verb ? "\"*\"" : ",\"*\"");
	buf_str(out, "]}");
}

void access_write(const struct scope_map *map, const struct pairs *asked, struct buf *out)
{
	bool first = true;

	buf_char(out, '[');
	for (size_t i = 0; i < asked->n; i++) {
		AUTO_FREE char *copy = NULL;
		char *rest, *one;

		if (strcasecmp(asked->item[i].name, "scope") != 0)
			continue;
		rest = copy = mem_dup(asked->item[i].value);
		while ((one = strsep(&rest, " ")) != NULL)
			put_access(map, one, &first, out);
	}
	buf_char(out, ']');
}
