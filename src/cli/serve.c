/* SPDX-License-Identifier: MIT */
#include "serve.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/secret.h"
#include "config/job.h"
#include "sink/copy.h"

/* ---- whose ----------------------------------------------------------------------------------- */

static void note(struct err *all, const struct err *why)
{
	if (all->kind == ERR_NONE)
		*all = *why;
}

static void add_state(struct serve_states *s, char *dir)
{
	for (size_t i = 0; i < s->n; i++)
		if (strcmp(s->dir[i], dir) == 0) {
			free(dir);
			return;
		}
	s->dir[s->n++] = dir;
}

void serve_states_find(const char *config, struct serve_states *out)
{
	struct err why = ERR_INIT;
	char *dir;

	*out = (struct serve_states){ .why = ERR_INIT };
	if (config_state_dir(config, &dir, &why))
		add_state(out, dir);
	else
		note(&out->why, &why);
	if (config != NULL || geteuid() == 0)
		return;
	why = (struct err)ERR_INIT;
	if (config_system_state_dir(&dir, &why))
		add_state(out, dir);
	else
		note(&out->why, &why);
}

void serve_states_clear(struct serve_states *s)
{
	for (size_t i = 0; i < s->n; i++)
		free(s->dir[i]);
	*s = (struct serve_states){ .why = ERR_INIT };
}

/* Root's, where it lets nobody in, has nothing for others. */
static bool lets_us_in(const char *dir)
{
	return access(dir, X_OK) == 0;
}

/* ---- one ------------------------------------------------------------------------------------- */

bool serve_find(const struct serve_states *s, const char *asked, struct credential *out,
                struct err *e)
{
	struct err first = s->why;
	AUTO_FREE char *key = NULL;

	if (!copy_key(asked, &key, e))
		return false;
	for (size_t i = 0; i < s->n; i++) {
		AUTO_FREE char *path = copy_path(s->dir[i], key);
		struct err why = ERR_INIT;
		if (!lets_us_in(s->dir[i]))
			continue;
		if (copy_read(path, out, &why))
			return true;
		if (why.kind != ERR_MISSING)
			note(&first, &why);
	}
	if (first.kind == ERR_NONE)
		return err_set(e, ERR_MISSING, "there is no copy of a password for '%s'", key);
	*e = first;
	return false;
}

/* ---- all ------------------------------------------------------------------------------------- */

static void add_entry(void *ctx, const char *key, const char *path)
{
	struct serve_entries *l = ctx;
	struct serve_entry entry = { .key = NULL };
	struct err why = ERR_INIT;

	for (size_t i = 0; i < l->n; i++)
		if (strcmp(l->item[i].key, key) == 0)
			return;
	if (!copy_read(path, &entry.is, &why)) {
		if (why.kind != ERR_MISSING)
			note(&l->why, &why);
		return;
	}
	entry.key = mem_dup(key);
	l->item = mem_grow(l->item, &l->cap, l->n + 1, sizeof(*l->item));
	l->item[l->n++] = entry;
}

void serve_list(const struct serve_states *s, const char *host, struct serve_entries *out)
{
	*out = (struct serve_entries){ .why = s->why };
	for (size_t i = 0; i < s->n; i++) {
		struct err why = ERR_INIT;
		if (lets_us_in(s->dir[i]) && !copy_each(s->dir[i], host, add_entry, out, &why))
			note(&out->why, &why);
	}
}

void serve_entries_clear(struct serve_entries *l)
{
	for (size_t i = 0; i < l->n; i++) {
		free(l->item[i].key);
		credential_clear(&l->item[i].is);
	}
	free(l->item);
	*l = (struct serve_entries){ .why = ERR_INIT };
}

/* ---- by name --------------------------------------------------------------------------------- */

int serve_as(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*serve)(int argc, char **argv);
	} names[] = { { SERVE_DOCKER, serve_docker }, { SERVE_KUBELET, serve_kubelet } };
	const char *slash = argc > 0 ? strrchr(argv[0], '/') : NULL;
	const char *name = slash != NULL ? slash + 1 : argc > 0 ? argv[0] : "";

	for (size_t i = 0; i < COUNT(names); i++)
		if (strcmp(name, names[i].name) == 0) {
			secret_setup();
			return names[i].serve(argc, argv);
		}
	return -1;
}
