/* SPDX-License-Identifier: MIT */
#include "rotate/state.h"

#include <stdlib.h>
#include <strings.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/show.h"
#include "state_text.h"

/* what a killed process left in the kernel, a gateway or the service may hold a request that
 * long */
#define INTENT_LIFE_S 600
#define ERROR_MAX     400 /* bytes of last_error: the message, and most of the advice */

bool state_save(const struct store *store, const char *job, struct state *s,
                enum store_safety safety, struct err *e)
{
	AUTO_BUF struct buf text = BUF_INIT(STORE_RECORD_MAX);
	struct fingerprint whose;

	if (!store_identity(store, &whose, e))
		return false;
	state_write(s, &whose, &text);
	if (!buf_ok(&text))
		return err_set(e, ERR_LOCAL, "state of %zu sinks is over %zu bytes", s->n_sinks,
		               STORE_RECORD_MAX);
	return store_save(store, job, &text, safety, &s->version, e) ||
	       err_in(e, "cannot save state");
}

bool state_load(const struct store *store, const char *job, struct state *out, struct err *e)
{
	AUTO_RECORD struct store_record r = { 0 };
	struct fingerprint whose;

	if (!store_identity(store, &whose, e) || !store_load(store, job, &r, e))
		return false;
	*out = (struct state){ .missing = !r.exists };
	if (r.exists)
		state_parse(&whose, buf_cstr(&r.text), r.text.len, out);
	if (out->job != NULL && strcmp(out->job, job) != 0)
		state_lose(out, LOST_JOB);
	out->version = take(&r.version);
	return true;
}

/* ---- lost ------------------------------------------------------------------------------------ */

const char *state_lost_text(enum state_lost why)
{
	static const char *const texts[] = {
		[LOST_NOT] = "can be used",
		[LOST_DAMAGED] = "is damaged",
		[LOST_VERSION] = "was written by another version",
		[LOST_MACHINE] = "is of another machine",
		[LOST_JOB] = "is of a job of another name",
		[LOST_TOKEN] = "is of another token",
		[LOST_REGISTRY] = "is of another registry",
		[LOST_ROLE] = "is of a job that rotates where this one follows, or the reverse",
	};

	return texts[why];
}

void state_lose(struct state *s, enum state_lost why)
{
	char *version = take(&s->version);

	state_clear(s);
	s->lost = why;
	s->version = version;
}

/* The part of "/subscriptions/S/resourceGroups/G/providers/P/registries/R" behind `before`. */
static bool has_part(const char *id, const char *before, const char *want)
{
	const char *at = strcasestr(id, before);
	size_t n = strlen(want);

	return at != NULL && strncasecmp(at + strlen(before), want, n) == 0 &&
	       (at[strlen(before) + n] == '/' || at[strlen(before) + n] == '\0');
}

bool state_is_of_registry(const struct state *s, const char *subscription, const char *name)
{
	if (s->registry != NULL)
		return has_part(s->registry, "/registries/", name) &&
		       (subscription == NULL ||
		        has_part(s->registry, "/subscriptions/", subscription));
	if (s->login_server == NULL || strchr(s->login_server, '.') == NULL)
		return true;
	AUTO_FREE char *server = acr_registry_name(s->login_server);
	return strcasecmp(server, name) == 0;
}

/* ---- slots ----------------------------------------------------------------------------------- */

void state_forget_operation(struct slot_memory *m)
{
	free(m->operation);
	m->operation = NULL;
	m->operation_by_status = false;
}

void state_end_intent(struct slot_memory *m)
{
	m->intent = false;
	m->intent_since = m->dead_at = m->abandoned = 0;
	state_forget_operation(m);
}

void state_settle_intent(struct slot_memory *m)
{
	if (!m->intent || (m->asked_us != 0 && m->asked_before_us != m->asked_us))
		state_end_intent(m);
}

void state_taint(struct slot_memory *m, int64_t now, int64_t dead_at)
{
	/* What can act no more says nothing of this one. */
	if (m->intent && state_intent_dies(m) <= now)
		state_end_intent(m);
	bool later = !m->intent || (m->dead_at != 0 && (dead_at == 0 || dead_at > m->dead_at));

	if (later)
		m->dead_at = dead_at;
	m->intent = true;
	m->intent_since = now;
	m->abandoned = 0;
	/* What was asked for last is known as ours, whenever it acts. */
	if (m->asked_us != 0)
		m->asked_before_us = m->asked_us;
	m->asked_us = 0;
}

void state_abandon_intent(struct slot_memory *m, int64_t now)
{
	if (m->intent)
		m->abandoned = now;
}

int64_t state_intent_dies(const struct slot_memory *m)
{
	int64_t by_token = m->dead_at != 0 ? m->dead_at : INT64_MAX;

	if (m->operation != NULL)
		return INT64_MAX;
	if (m->abandoned == 0 || (m->shared && m->dead_at != 0) ||
	    by_token < m->abandoned + INTENT_LIFE_S)
		return by_token;
	return m->abandoned + INTENT_LIFE_S;
}

/* ---- sinks ----------------------------------------------------------------------------------- */

struct sink_memory *state_add_sink(struct state *s)
{
	s->sinks = mem_grow(s->sinks, &s->sinks_cap, s->n_sinks + 1, sizeof(*s->sinks));
	return &s->sinks[s->n_sinks++];
}

static bool is_sink(const struct sink_memory *m, const char *name, const char *place)
{
	return strcmp(m->name, name) == 0 && strcmp(m->place, place) == 0;
}

struct sink_memory *state_sink(struct state *s, const char *name, const char *place)
{
	/* They are asked for one after the other, and stand in the record as in the job. */
	for (size_t i = 0; i < s->n_sinks; i++) {
		size_t at = (s->next_sink + i) % s->n_sinks;
		if (!is_sink(&s->sinks[at], name, place))
			continue;
		s->next_sink = at + 1;
		return &s->sinks[at];
	}
	struct sink_memory *m = state_add_sink(s);
	s->next_sink = s->n_sinks;
	m->name = mem_dup(name);
	m->place = mem_dup(place);
	return m;
}

void state_drop_sink(struct state *s, size_t i)
{
	free(s->sinks[i].name);
	free(s->sinks[i].place);
	memmove(&s->sinks[i], &s->sinks[i + 1], (--s->n_sinks - i) * sizeof(s->sinks[0]));
	/* room for the next one has to be zeroed, as all that is grown is */
	memset(&s->sinks[s->n_sinks], 0, sizeof(s->sinks[0]));
}

bool state_hook_owed(const struct state *s)
{
	for (size_t i = 0; i < s->n_sinks; i++)
		if (s->sinks[i].hook_owed)
			return true;
	return s->job_hook_owed;
}

void state_set_error(struct state *s, const char *text)
{
	AUTO_FREE char *line = mem_dup(text);

	mem_free_ptr(&s->last_error);
	if (line == NULL)
		return;
	show_line(line);
	AUTO_FREE char *out = mem_dup(line + strspn(line, " "));
	show_cut(out, ERROR_MAX);
	size_t n = strlen(out);
	/* " ;" and " #" begin what other readers of INI take for a comment, so ours refuses
	 * them. */
	for (size_t i = 1; i < n; i++)
		if (out[i - 1] == ' ' && (out[i] == ';' || out[i] == '#'))
			out[i] = ',';
	while (n > 0 && out[n - 1] == ' ')
		out[--n] = '\0';
	s->last_error = n > 0 ? take(&out) : NULL;
}

bool state_was_there(const void *store, const char *job, const char *token)
{
	AUTO_STATE struct state s = { 0 };
	struct err ignored = ERR_INIT;

	if (!state_load(store, job, &s, &ignored) || s.lost != LOST_NOT ||
	    (s.token != NULL && strcasecmp(s.token, token) != 0))
		return false;
	return s.n_sinks > 0 || s.slot[ACR_SLOT_1].created != 0 || s.slot[ACR_SLOT_2].created != 0;
}

void state_clear(struct state *s)
{
	for (size_t i = 0; i < s->n_sinks; i++) {
		free(s->sinks[i].name);
		free(s->sinks[i].place);
	}
	for (int i = 0; i < ACR_SLOT__COUNT; i++)
		free(s->slot[i].operation);
	free(s->sinks);
	free(s->job);
	free(s->token);
	free(s->registry);
	free(s->follows);
	free(s->login_server);
	free(s->group);
	free(s->last_error);
	free(s->history);
	free(s->version);
	*s = (struct state){ 0 };
}
