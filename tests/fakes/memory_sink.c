/* SPDX-License-Identifier: MIT */
#include "fakes/memory_sink.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/credential.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/secret.h"

struct open_memory {
	struct sink sink;
	struct memory *m;
};

static struct memory *of(const struct sink *s)
{
	return ((const struct open_memory *)s)->m;
}

static bool broken(bool is, const char *what, struct err *e)
{
	return !is || err_set(e, ERR_LOCAL, "memory: no %s", what);
}

static struct memory *from_spec(const void *spec)
{
	struct memory *m;

	memcpy(&m, &spec, sizeof(m)); /* a spec is read only for everybody else */
	return m;
}

static void memory_identity(const void *spec, const char *server, struct buf *out)
{
	const struct memory *m = spec;

	(void)server;
	buf_fmt(out, "memory:%s", m->place);
}

static bool memory_open(const void *spec, const struct sink_lent *lent, struct sink **out,
                        struct err *e)
{
	struct memory *m = from_spec(spec);

	(void)lent;
	m->opens++;
	if (!broken(m->no_open, "opening", e))
		return false;
	struct open_memory *s = mem_new(sizeof(*s));
	s->sink.ops = &sink_memory;
	s->m = m;
	*out = &s->sink;
	return true;
}

static void memory_describe(const struct sink *s, struct buf *out)
{
	buf_str(out, of(s)->place);
}

static bool memory_check(struct sink *s, const struct credential *who, struct err *e)
{
	struct memory *m = of(s);

	(void)who;
	m->checks++;
	if (m->checking != NULL)
		m->checking(m);
	return broken(m->no_check, "checking", e);
}

static void memory_says(const struct sink *s, struct sink_says *out)
{
	*out = of(s)->says;
}

static bool memory_read(struct sink *s, const struct credential *who, struct secret **out,
                        struct err *e)
{
	struct memory *m = of(s);

	(void)who;
	m->reads++;
	if (!broken(m->unreadable, "reading", e))
		return false;
	*out = m->held[0] == '\0' ? NULL : secret_new(m->held, strlen(m->held));
	return true;
}

static bool memory_prepare(struct sink *s, const struct credential *c, struct err *e)
{
	struct memory *m = of(s);

	m->prepares++;
	if (!broken(m->no_prepare, "preparing", e))
		return false;
	(void)snprintf(m->next, sizeof(m->next), "%s", secret_peek(c->password));
	return true;
}

static bool memory_commit(struct sink *s, struct err *e)
{
	struct memory *m = of(s);

	m->commits++;
	if (m->committing != NULL)
		m->committing(m);
	if (!broken(m->no_commit, "committing", e)) {
		e->not_acted = m->refuses;
		return false;
	}
	if (m->next[0] == '\0')
		return err_set(e, ERR_LOCAL, "memory: nothing was prepared");
	if (!m->deaf)
		memcpy(m->held, m->next, sizeof(m->held));
	m->next[0] = '\0';
	return true;
}

static void memory_abort(struct sink *s)
{
	of(s)->aborts++;
	of(s)->next[0] = '\0';
}

static bool memory_trial(struct sink *s, const struct credential *who, struct err *e)
{
	(void)who;
	of(s)->trials++;
	if (of(s)->remark != NULL)
		(void)err_set(e, ERR_NONE, "%s", of(s)->remark);
	return broken(of(s)->no_trial, "trial", e);
}

static bool memory_touch(struct sink *s, const struct credential *who, const char *epoch,
                         struct err *e)
{
	struct memory *m = of(s);

	(void)who;
	m->touches++;
	(void)snprintf(m->epoch, sizeof(m->epoch), "%s", epoch);
	if (m->touching != NULL)
		m->touching(m);
	return m->no_touch == ERR_NONE || err_set(e, m->no_touch, "memory: no touching");
}

static bool memory_fence(struct sink *s, int64_t life_s, int64_t *expires, struct err *e)
{
	struct memory *m = of(s);

	(void)life_s;
	m->fences++;
	if (m->no_fence != ERR_NONE)
		return err_set(e, m->no_fence, "memory: no fence");
	*expires = m->fenced_until;
	return true;
}

static void memory_unfence(struct sink *s)
{
	of(s)->unfences++;
}

static void memory_close(struct sink *s)
{
	free(s);
}

static bool memory_sweep(struct sink *s, const struct credential *who, struct err *e)
{
	(void)who;
	of(s)->sweeps++;
	return broken(of(s)->no_sweep, "sweeping", e);
}

#define OPS(is_atomic, is_evidence, trying, how_to_touch, how_to_fence, how_to_open)               \
	{                                                                                          \
		.type = "memory", .spec_size = sizeof(struct memory), .local = true,               \
		.atomic = (is_atomic), .evidence = (is_evidence), .identity = memory_identity,     \
		.open = memory_open, .describe = memory_describe, .check = memory_check,           \
		.read_current = memory_read, .says = memory_says, .prepare = memory_prepare,       \
		.commit = memory_commit, .abort = memory_abort, .close = memory_close,             \
		.sweep = memory_sweep, .trial = (trying), .touch = (how_to_touch),                 \
		.fence = (how_to_fence), .unfence = (how_to_open),                                 \
	}
const struct sink_ops sink_memory = OPS(true, true, NULL, NULL, NULL, NULL),
		      sink_memory_first = OPS(false, true, NULL, NULL, NULL, NULL),
		      sink_memory_behind = OPS(true, false, NULL, NULL, NULL, NULL),
		      sink_memory_tried = OPS(true, true, memory_trial, NULL, NULL, NULL),
		      sink_memory_touched = OPS(true, true, NULL, memory_touch, NULL, NULL),
		      sink_memory_fenced =
			      OPS(true, true, NULL, NULL, memory_fence, memory_unfence);
