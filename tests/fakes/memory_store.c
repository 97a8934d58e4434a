/* SPDX-License-Identifier: MIT */
#include "fakes/memory_store.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/mem.h"

struct memory_record {
	char *name, *text, *lost;
	long version; /* 0: there is none */
};
struct memory_store {
	struct store base;
	pthread_mutex_t mutex;
	struct memory_record *record;
	size_t n, cap;
	enum err_kind broken;
};

static struct memory_store *memory_of(const struct store *s)
{
	return (struct memory_store *)(uintptr_t)s;
}

/* Found or added. */
static struct memory_record *record_of(struct memory_store *m, const char *name)
{
	for (size_t i = 0; i < m->n; i++)
		if (strcmp(m->record[i].name, name) == 0)
			return &m->record[i];
	m->record = mem_grow(m->record, &m->cap, m->n + 1, sizeof(*m->record));
	m->record[m->n].name = mem_dup(name);
	return &m->record[m->n++];
}

static bool works(const struct store *s, struct err *e)
{
	enum err_kind broken = memory_of(s)->broken;

	return broken == ERR_NONE || err_set(e, broken, "the store is broken");
}

static void put(char **at, char *text)
{
	free(*at);
	*at = text;
}

static bool memory_identity(const struct store *s, struct fingerprint *out, struct err *e)
{
	if (!works(s, e))
		return false;
	*out = (struct fingerprint){ { 0x5a, 0xed } };
	return true;
}

static void memory_describe(const struct store *s, const char *name, struct buf *out)
{
	(void)s;
	buf_fmt(out, "memory:%s", name);
}

static bool memory_load(const struct store *s, const char *name, struct store_record *out,
                        struct err *e)
{
	struct memory_store *m = memory_of(s);

	if (!works(s, e))
		return false;
	(void)pthread_mutex_lock(&m->mutex);
	const struct memory_record *r = record_of(m, name);
	*out = (struct store_record){ .exists = r->version != 0,
		                      .text = BUF_INIT(STORE_RECORD_MAX) };
	if (out->exists) {
		buf_str(&out->text, r->text);
		out->version = mem_fmt("%ld", r->version);
	}
	(void)pthread_mutex_unlock(&m->mutex);
	return true;
}

static bool memory_save(const struct store *s, const char *name, const struct buf *text,
                        enum store_safety safety, char **version, struct err *e)
{
	struct memory_store *m = memory_of(s);

	(void)safety;
	if (!works(s, e))
		return false;
	(void)pthread_mutex_lock(&m->mutex);
	struct memory_record *r = record_of(m, name);
	bool newest = r->version == (*version != NULL ? strtol(*version, NULL, 10) : 0);
	if (newest) {
		put(&r->text, mem_dup(buf_cstr(text)));
		r->version++;
		put(version, mem_fmt("%ld", r->version));
	}
	(void)pthread_mutex_unlock(&m->mutex);
	return newest || err_set(e, ERR_CONFLICT, "another rotator is at work");
}

static bool memory_set_aside(const struct store *s, const char *name, struct err *e)
{
	if (!works(s, e))
		return false;
	struct memory_record *r = record_of(memory_of(s), name);
	put(&r->lost, mem_dup(r->text));
	return true;
}

static bool memory_remove(const struct store *s, const char *name, struct err *e)
{
	if (!works(s, e))
		return false;
	struct memory_record *r = record_of(memory_of(s), name);
	bool there = r->version != 0;
	r->version = 0;
	return there || err_set(e, ERR_MISSING, "'%s' does not exist", name);
}

static bool memory_list(const struct store *s, struct store_names *out, struct err *e)
{
	const struct memory_store *m = memory_of(s);

	if (!works(s, e))
		return false;
	for (size_t i = 0; i < m->n; i++)
		if (m->record[i].version != 0)
			store_names_add(out, m->record[i].name, strlen(m->record[i].name));
	return true;
}

static void memory_close(struct store *s)
{
	struct memory_store *m = memory_of(s);

	for (size_t i = 0; i < m->n; i++) {
		free(m->record[i].name);
		free(m->record[i].text);
		free(m->record[i].lost);
	}
	free(m->record);
	(void)pthread_mutex_destroy(&m->mutex);
	free(m);
}

/* One is kept. */
static bool memory_load_lost(const struct store *s, const char *name, int before,
                             struct store_record *out, struct err *e)
{
	struct memory_store *m = memory_of(s);

	if (!works(s, e))
		return false;
	(void)pthread_mutex_lock(&m->mutex);
	const struct memory_record *r = record_of(m, name);
	*out = (struct store_record){ .exists = before == 0 && r->lost != NULL,
		                      .text = BUF_INIT(STORE_RECORD_MAX) };
	if (out->exists)
		buf_str(&out->text, r->lost);
	(void)pthread_mutex_unlock(&m->mutex);
	return true;
}

static const struct store_ops memory_ops = {
	.shared = true,
	.identity = memory_identity,
	.describe = memory_describe,
	.load = memory_load,
	.save = memory_save,
	.set_aside = memory_set_aside,
	.load_lost = memory_load_lost,
	.remove = memory_remove,
	.list = memory_list,
	.close = memory_close,
};

struct store *memory_store_open(void)
{
	struct memory_store *m = mem_new(sizeof(*m));

	m->base.ops = &memory_ops;
	(void)pthread_mutex_init(&m->mutex, NULL);
	return &m->base;
}

void memory_store_break(struct store *s, enum err_kind kind)
{
	memory_of(s)->broken = kind;
}

const char *memory_store_lost(const struct store *s, const char *name)
{
	return record_of(memory_of(s), name)->lost;
}
