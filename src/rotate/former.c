/* SPDX-License-Identifier: MIT */
#include "rotate/former.h"

#include <pthread.h>
#include <stdlib.h>
#include <strings.h>

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "config/job.h"
#include "rotate/observe.h"
#include "rotate/state.h"

/* A record, and what was set aside of it. */
enum former_text { TEXT_NOW, TEXT_LOST, TEXT_LOST_BEFORE, TEXT__COUNT };

struct former_note {
	char *name;
	struct state about; /* its token and registry alone */
	enum former_text which;
};

struct former {
	const struct store *store;
	bool (*has_job)(const void *ctx, const char *name);
	const void *ctx;
	pthread_mutex_t mutex; /* of what follows */
	bool read;
	struct former_note *note;
	size_t n, cap;
};

struct former *former_new(const struct store *store,
                          bool (*has_job)(const void *ctx, const char *name), const void *ctx)
{
	struct former *f = mem_new(sizeof(*f));

	*f = (struct former){ .store = store, .has_job = has_job, .ctx = ctx };
	(void)pthread_mutex_init(&f->mutex, NULL);
	return f;
}

static void forget_notes(struct former *f)
{
	for (size_t i = 0; i < f->n; i++) {
		free(f->note[i].name);
		state_clear(&f->note[i].about);
	}
	f->n = 0;
}

void former_free(struct former *f)
{
	if (f == NULL)
		return;
	forget_notes(f);
	free(f->note);
	(void)pthread_mutex_destroy(&f->mutex);
	free(f);
}

/* ---- whose it is ----------------------------------------------------------------------------- */

static bool is_about(const struct state *s, const struct job *job)
{
	return s->token != NULL && strcasecmp(s->token, job->token) == 0 &&
	       observe_is_of_registry(s, job);
}

/* ---- taking it over -------------------------------------------------------------------------- */

/* Of several requests the one that lives longest counts: that of a sender that may not have stopped
 * waiting, or did so last. */
static void taint(struct slot_memory *m, const struct slot_memory *by)
{
	const struct slot_memory was = *m;

	state_taint(m, by->intent_since, by->dead_at);
	m->abandoned = by->abandoned;
	if (was.intent && was.intent_since > m->intent_since)
		m->intent_since = was.intent_since;
	if (was.intent && m->abandoned != 0 && (was.abandoned == 0 || was.abandoned > m->abandoned))
		m->abandoned = was.abandoned;
	if (by->operation == NULL)
		return;
	state_forget_operation(m);
	m->operation = mem_dup(by->operation);
	m->operation_by_status = by->operation_by_status;
}

static void take_intents(const struct state *from, const struct job *job, const char *where,
                         struct state *s)
{
	bool any = false;

	for (int i = 0; i < ACR_SLOT__COUNT && is_about(from, job); i++) {
		if (!from->slot[i].intent || from->slot[i].intent_since == 0)
			continue;
		taint(&s->slot[i], &from->slot[i]);
		any = true;
	}
	if (any)
		log_msg(LEVEL_INFO, job->name,
		        "%s tells of a request about this token: what that may replace is not "
		        "generated before it can no longer act",
		        where);
}

static bool load_text(const struct store *s, const char *name, enum former_text which,
                      struct store_record *out, struct err *e)
{
	return which == TEXT_NOW ? store_load(s, name, out, e)
	                         : store_load_lost(s, name, which == TEXT_LOST_BEFORE, out, e);
}

static bool take_text(const struct store *store, enum former_text which, const char *name,
                      const struct job *job, struct state *s, struct err *e)
{
	AUTO_RECORD struct store_record r = { 0 };
	AUTO_STATE struct state from = { 0 };
	AUTO_BUF struct buf where = BUF_INIT(4096);

	if (!load_text(store, name, which, &r, e))
		return false;
	if (!r.exists)
		return true;
	state_salvage(buf_cstr(&r.text), r.text.len, &from);
	store_describe(store, name, &where);
	take_intents(&from, job, buf_cstr(&where), s);
	return true;
}

/* ---- under other names ----------------------------------------------------------------------- */

static bool note_one(struct former *f, const char *name, enum former_text which, struct err *e)
{
	AUTO_RECORD struct store_record r = { 0 };
	AUTO_STATE struct state s = { 0 };

	if (!load_text(f->store, name, which, &r, e))
		return false;
	if (r.exists)
		state_salvage(buf_cstr(&r.text), r.text.len, &s);
	if (s.token == NULL)
		return true;
	f->note = mem_grow(f->note, &f->cap, f->n + 1, sizeof(*f->note));
	f->note[f->n++] = (struct former_note){ .name = mem_dup(name),
		                                .about = { .token = take(&s.token),
		                                           .registry = take(&s.registry),
		                                           .login_server = take(&s.login_server) },
		                                .which = which };
	return true;
}

/* A shared record is set aside no sooner than it is replaced, by one that heeds it. */
static bool note_all(struct former *f, const char *name, struct err *e)
{
	int texts = store_is_shared(f->store) ? 1 : TEXT__COUNT;

	for (int i = 0; i < texts; i++) {
		struct err why = ERR_INIT;
		/* A role may list more than it may read. */
		if (note_one(f, name, (enum former_text)i, &why) || why.kind == ERR_DENIED)
			continue;
		*e = why;
		return false;
	}
	return true;
}

/* Once a run. A name that has a job may have had another one, on our token; but where each record
 * is a request, only those without a job are read. A role in a cluster need not let us list. */
static bool read_all(struct former *f, struct err *e)
{
	AUTO_NAMES struct store_names names = { 0 };
	bool shared = store_is_shared(f->store);
	struct err why = ERR_INIT;

	if (f->read)
		return true;
	if (!store_list(f->store, &names, &why)) {
		f->read = shared && why.kind == ERR_DENIED;
		*e = why;
		return f->read;
	}
	f->read = true;
	for (size_t i = 0; f->read && i < names.n; i++)
		if (!shared || !f->has_job(f->ctx, names.name[i]))
			f->read = note_all(f, names.name[i], e);
	/* The next job tries again. */
	if (!f->read)
		forget_notes(f);
	return f->read;
}

/* Whoever holds its lock may be about to send, if its registry was found. */
static bool take_note(const struct former *f, const struct former_note *note, const struct job *job,
                      bool locks, struct state *s, struct err *e)
{
	struct lock lock = LOCK_INIT;

	bool may_send = note->which == TEXT_NOW && note->about.registry != NULL;
	if (locks && may_send && !store_lock(f->store, note->name, &lock, e))
		return err_in(e, "job '%s' was on this token", note->name);
	bool ok = take_text(f->store, note->which, note->name, job, s, e);
	lock_drop(&lock);
	return ok;
}

static bool take_others(struct former *f, const struct job *job, bool locks, struct state *s,
                        struct err *e)
{
	bool ok;

	(void)pthread_mutex_lock(&f->mutex);
	ok = read_all(f, e);
	for (size_t i = 0; ok && i < f->n; i++)
		if (is_about(&f->note[i].about, job) && strcmp(f->note[i].name, job->name) != 0)
			ok = take_note(f, &f->note[i], job, locks, s, e);
	(void)pthread_mutex_unlock(&f->mutex);
	return ok;
}

bool former_taint(struct former *f, const struct store *store, const struct job *job, bool locks,
                  struct state *s, struct err *e)
{
	if (s->lost != LOST_NOT && !take_text(store, TEXT_NOW, job->name, job, s, e))
		return false;
	for (int i = TEXT_LOST; !store_is_shared(store) && i < TEXT__COUNT; i++)
		if (!take_text(store, (enum former_text)i, job->name, job, s, e))
			return false;
	return f == NULL || take_others(f, job, locks, s, e);
}
