/* SPDX-License-Identifier: MIT */
/*
 * `acrotate adopt`: takes over the record of another machine or of a job of another name, if it
 * tells of the passwords that this job's sinks hold now. The text is brought under this machine and
 * name and saved as it is: whatever a record knows, it knows as before.
 */
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "base/buf.h"
#include "base/credential.h"
#include "base/crypto.h"
#include "base/env.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/secret.h"
#include "base/show.h"
#include "cli/commands.h"
#include "cli/lent.h"
#include "cli/options.h"
#include "config/job.h"
#include "rotate/history.h"
#include "rotate/state.h"
#include "sink/sink.h"

struct adopting {
	const struct job *job;
	const struct store *store;
	const char *state_dir;
	const char *file; /* NULL: what was kept beside the job's record */
};

/* ---- the text -------------------------------------------------------------------------------- */

/* The line of a key of [state], which comes first; *n: without its end. NULL: none. */
static const char *find_line(const char *text, const char *key, size_t *n)
{
	size_t length = strlen(key);

	for (const char *line = text; *line != '\0';) {
		*n = strcspn(line, "\n");
		if (line[0] == '[' && strncmp(line, "[state]", 7) != 0)
			return NULL;
		if (strncmp(line, key, length) == 0 && strncmp(line + length, " = ", 3) == 0)
			return line;
		line += *n + (line[*n] == '\n');
	}
	return NULL;
}

/* Caller frees; NULL: the line is not there. */
static char *value_of(const char *text, const char *key)
{
	size_t n;
	const char *line = find_line(text, key, &n);

	return line == NULL ? NULL : mem_dup_n(line + strlen(key) + 3, n - strlen(key) - 3);
}

static void replace_line(const char *text, const char *key, const char *value, struct buf *out)
{
	size_t n;
	const char *line = find_line(text, key, &n);

	if (line == NULL) {
		buf_str(out, text);
		return;
	}
	buf_add(out, text, (size_t)(line - text));
	buf_fmt(out, "%s = %s", key, value);
	buf_str(out, line + n);
}

/* ---- does it fit? ---------------------------------------------------------------------------- */

/* A record without a mark of damage; *out is what it says. */
static bool parse(const struct buf *text, const char *from, struct state *out, struct err *e)
{
	AUTO_FREE char *machine = value_of(buf_cstr(text), "machine");
	struct fingerprint whose;

	if (machine == NULL || !fingerprint_from_hex(machine, &whose))
		return err_set(e, ERR_DECISION, "'%s' is not a record of acrotate", from);
	state_parse(&whose, buf_cstr(text), text->len, out);
	return !out->lost ||
	       err_set(e, ERR_DECISION, "'%s' is damaged, or of another version", from);
}

/* Of which registry it is, its fingerprints in this job's sinks say well enough. */
static bool fits_job(const struct adopting *a, const struct buf *text, const struct state *s,
                     const char *from, struct err *e)
{
	AUTO_FREE char *token = value_of(buf_cstr(text), "token");

	if (token != NULL && strcasecmp(token, a->job->token) != 0)
		return err_set(e, ERR_DECISION, "'%s' is of token '%s', the job of '%s'", from,
		               token, a->job->token);
	if ((s->follows != NULL) != (a->job->source != NULL))
		return err_set(e, ERR_DECISION, "'%s' %s", from, state_lost_text(LOST_ROLE));
	return s->login_server != NULL ||
	       err_set(e, ERR_DECISION, "'%s' knows of no password that was delivered", from);
}

static bool is_known(const struct state *s, const struct secret *held)
{
	struct fingerprint print;

	crypto_fingerprint(held, &print);
	for (int i = 0; i < ACR_SLOT__COUNT; i++)
		if (fingerprint_equal(&print, &s->slot[i].print))
			return true;
	return false;
}

/* One sink: *found when it holds a password of the record. */
static bool look(const struct sink_spec *spec, const struct sink_lent *lent,
                 const struct credential *who, const struct state *s, bool *found, struct err *e)
{
	struct sink *sink = NULL;
	AUTO_SECRET struct secret *held = NULL;

	if (!spec->ops->open(spec->spec, lent, &sink, e))
		return err_in(e, "sink '%s'", spec->name);
	bool read = spec->ops->read_current(sink, who, &held, e);
	spec->ops->close(sink);
	if (!read)
		return err_in(e, "sink '%s'", spec->name);
	bool known = held != NULL && is_known(s, held);
	*found = *found || known;
	return held == NULL || known ||
	       err_set(e, ERR_DECISION,
	               "sink '%s' holds a password that the record knows nothing of", spec->name);
}

static bool fits_sinks(const struct adopting *a, const struct state *s, struct err *e)
{
	const struct credential who = { .server = s->login_server, .username = a->job->token };
	bool found = false;

	for (size_t i = 0; i < a->job->n_sinks; i++)
		if (!look(&a->job->sinks[i], a->job->lent, &who, s, &found, e))
			return false;
	return found || err_set(e, ERR_DECISION, "no sink holds a password of the record");
}

/* A record that is in use is worth more than any other. */
static bool is_free(const struct adopting *a, bool *there, struct err *e)
{
	AUTO_STATE struct state s = { 0 };
	AUTO_RECORD struct store_record r = { 0 };

	if (!state_load(a->store, a->job->name, &s, e) ||
	    !store_load(a->store, a->job->name, &r, e))
		return false;
	*there = r.exists;
	for (int i = 0; i < ACR_SLOT__COUNT; i++)
		if (s.slot[i].created != 0)
			return err_set(e, ERR_DECISION,
			               "the job has a record of its own, which knows of a password "
			               "that it generated; to give that up: acrotate forget %s",
			               a->job->name);
	return true;
}

/* ---- taking it ------------------------------------------------------------------------------- */

static bool save(const struct adopting *a, const struct buf *text, bool there, const char *from,
                 struct err *e)
{
	AUTO_STATE struct state s = { 0 };
	AUTO_RECORD struct store_record now = { 0 };

	if (!store_load(a->store, a->job->name, &now, e) ||
	    (there && !store_set_aside(a->store, a->job->name, e)) ||
	    !store_save(a->store, a->job->name, text, STORE_DURABLE, &now.version, e) ||
	    !state_load(a->store, a->job->name, &s, e))
		return false;
	AUTO_FREE char *why = mem_fmt("taken over from '%s'", from);
	history_add(&s.history, &(struct history_event){ .what = HISTORY_ADOPT,
	                                                 .first = env_now(&env_system),
	                                                 .text = why });
	return state_save(a->store, a->job->name, &s, STORE_DURABLE, e);
}

/* A record that may be this job's: *ours is what it is to become. */
static bool try_text(const struct adopting *a, const struct buf *text, const char *from,
                     struct buf *ours, struct err *e)
{
	AUTO_BUF struct buf moved = BUF_INIT(STORE_RECORD_MAX);
	AUTO_STATE struct state s = { 0 };
	char whose[FINGERPRINT_HEX_MAX];
	struct fingerprint identity;

	if (!parse(text, from, &s, e) || !fits_job(a, text, &s, from, e) || !fits_sinks(a, &s, e) ||
	    !store_identity(a->store, &identity, e))
		return false;
	fingerprint_to_hex(&identity, whose);
	replace_line(buf_cstr(text), "machine", whose, &moved);
	replace_line(buf_cstr(&moved), "job", a->job->name, ours);
	return true;
}

static bool try_one(const struct adopting *a, const char *from, struct buf *ours, struct err *e)
{
	AUTO_BUF struct buf text = BUF_INIT(STORE_RECORD_MAX);

	return fs_read(from, STORE_RECORD_MAX, &text, NULL, e) && try_text(a, &text, from, ours, e);
}

/* What another rotator, or this one, has set aside in a shared store. ERR_MISSING: nothing. */
static bool try_kept(const struct adopting *a, char **from, struct buf *ours, struct err *e)
{
	AUTO_BUF struct buf where = BUF_INIT(STORE_RECORD_MAX);
	AUTO_RECORD struct store_record kept = { 0 };

	store_describe(a->store, a->job->name, &where);
	if (!store_load_lost(a->store, a->job->name, 0, &kept, e))
		return false;
	if (!kept.exists)
		return err_set(e, ERR_MISSING, "nothing is kept beside '%s'", buf_cstr(&where));
	*from = mem_fmt("%s (set aside)", buf_cstr(&where));
	return try_text(a, &kept.text, *from, ours, e);
}

/* The job's own, if no run has set it aside yet, else what was. */
static bool find_record(const struct adopting *a, char **from, struct buf *ours, struct err *e)
{
	static const char *const kept[] = { ".state", ".state.lost", ".state.lost.1" };
	struct err why = ERR_INIT;

	if (a->file != NULL) {
		*from = mem_dup(a->file);
		return try_one(a, *from, ours, e);
	}
	/* Else it is one of the host's own, which has a shared store since. */
	if (store_is_shared(a->store) && try_kept(a, from, ours, e))
		return true;
	if (store_is_shared(a->store) && e->kind != ERR_MISSING)
		return false;
	for (size_t i = 0; i < COUNT(kept); i++) {
		free(*from);
		*from = mem_fmt("%s/%s%s", a->state_dir, a->job->name, kept[i]);
		if (try_one(a, *from, ours, &why))
			return true;
		/* That one is there and does not fit says more than that another is not. */
		if (i == 0 || why.kind != ERR_MISSING)
			*e = why;
	}
	return false;
}

static bool adopt(const struct adopting *a, char **from, struct err *e)
{
	AUTO_BUF struct buf ours = BUF_INIT(STORE_RECORD_MAX);
	AUTO_LOCK struct lock lock = LOCK_INIT;
	bool there = false;

	return store_lock(a->store, a->job->name, &lock, e) && is_free(a, &there, e) &&
	       find_record(a, from, &ours, e) && save(a, &ours, there, *from, e);
}

static bool find(const struct options *o, struct config *c, struct job **job, struct err *e)
{
	size_t *jobs = NULL, n = 0;

	if (!config_select(c, o->args, 1, &jobs, &n, e))
		return false;
	bool ok = n == 1 ? config_job(c, jobs[0], job, e)
	                 : err_set(e, ERR_USAGE, "'%s' matches %zu jobs: adopt one at a time",
	                           o->args[0], n);
	free(jobs);
	return ok;
}

static void tell(const struct job *job, const char *from)
{
	AUTO_FREE char *shown = show_line_of(from);

	(void)printf("%s: the record '%s' is its own now\n", job->name, shown);
}

int cmd_adopt(const struct options *o)
{
	struct config *config = NULL;
	AUTO_JOB struct job *job = NULL;
	AUTO_FREE char *from = NULL;
	struct err e = ERR_INIT;
	bool ok = false;

	bool opened = config_open(o->config, &config, &e);
	struct lent *lent = opened ? lent_new(config, o->argv) : NULL;
	if (opened && find(o, config, &job, &e)) {
		AUTO_STORE struct store *store = lent_store(config);
		const struct adopting a = { .job = job,
			                    .store = store,
			                    .state_dir = config_run(config)->state_dir,
			                    .file = o->n_args > 1 ? o->args[1] : NULL };
		ok = adopt(&a, &from, &e);
		if (ok)
			tell(job, from);
	}
	if (!ok)
		log_err(o->args[0], &e);
	lent_free(lent);
	config_close(config);
	return ok && fflush(stdout) == 0 ? 0 : err_exit_code(ok ? ERR_LOCAL : e.kind);
}
