/* SPDX-License-Identifier: MIT */
#include "store/store.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/str.h"

struct store *store_open(const char *where, const char *machine)
{
	struct fingerprint host;

	if (machine == NULL)
		return store_dir_open(where, NULL);
	store_host_of(machine, strlen(machine), &host);
	return store_dir_open(where, &host);
}

void store_close(struct store *s)
{
	if (s != NULL)
		s->ops->close(s);
}

void store_close_ptr(struct store **s)
{
	store_close(*s);
	*s = NULL;
}

/* ---- by the kind of store -------------------------------------------------------------------- */

bool store_identity(const struct store *s, struct fingerprint *out, struct err *e)
{
	return s->ops->identity(s, out, e);
}

bool store_is_shared(const struct store *s)
{
	return s->ops->shared;
}

void store_describe(const struct store *s, const char *name, struct buf *out)
{
	s->ops->describe(s, name, out);
}

bool store_lock(const struct store *s, const char *name, struct lock *out, struct err *e)
{
	return s->ops->shared || s->ops->lock(s, name, out, e);
}

bool store_load(const struct store *s, const char *name, struct store_record *out, struct err *e)
{
	return s->ops->load(s, name, out, e);
}

bool store_save(const struct store *s, const char *name, const struct buf *text,
                enum store_safety safety, char **version, struct err *e)
{
	return s->ops->save(s, name, text, safety, version, e);
}

void store_saved_enough(const struct store *s, const char *name)
{
	if (s->ops->saved_enough != NULL)
		s->ops->saved_enough(s, name);
}

bool store_set_aside(const struct store *s, const char *name, struct err *e)
{
	return s->ops->set_aside(s, name, e);
}

bool store_load_lost(const struct store *s, const char *name, int before, struct store_record *out,
                     struct err *e)
{
	return s->ops->load_lost(s, name, before, out, e);
}

bool store_remove(const struct store *s, const char *name, struct err *e)
{
	return s->ops->remove(s, name, e);
}

bool store_list(const struct store *s, struct store_names *out, struct err *e)
{
	AUTO_NAMES struct store_names names = { 0 };

	if (!s->ops->list(s, &names, e))
		return false;
	if (names.n > 0)
		qsort(names.name, names.n, sizeof(*names.name), str_compare);
	*out = names;
	names = (struct store_names){ 0 };
	return true;
}

bool store_ready(const struct store *s, const char *name, bool exists, int64_t life_s,
                 struct err *e)
{
	return s->ops->ready == NULL || s->ops->ready(s, name, exists, life_s, e);
}

void store_tidy(const struct store *s, int64_t now)
{
	if (s->ops->tidy != NULL)
		s->ops->tidy(s, now);
}

/* ---- plain data ------------------------------------------------------------------------------ */

void store_record_clear(struct store_record *r)
{
	buf_free(&r->text);
	free(r->version);
	*r = (struct store_record){ 0 };
}

void store_names_add(struct store_names *l, const char *name, size_t len)
{
	l->name = mem_grow(l->name, &l->cap, l->n + 1, sizeof(*l->name));
	l->name[l->n++] = mem_dup_n(name, len);
}

void store_names_clear(struct store_names *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->name[i]);
	free(l->name);
	*l = (struct store_names){ 0 };
}

bool store_may(const struct store *s, const char *name, struct err *e)
{
	return s->ops->may == NULL || s->ops->may(s, name, e);
}
