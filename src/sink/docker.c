/* SPDX-License-Identifier: MIT */
/* Sink "docker": one entry of a config.json or auth.json. */
#include <stdlib.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/credential.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/secret.h"
#include "sink/docker_doc.h"
#include "sink/docker_edit.h"
#include "sink/docker_reader.h"
#include "sink/place.h"
#include "sink/registries_conf.h"
#include "sink/sink.h"

/* what an entry may take on top of the file there: for the look at the free space */
#define GROWTH     8192
#define ROUNDS_MAX 500 /* writers that come in between, one after the other, before we give up */
#define SEEN_MAX   64
/* times that somebody wrote a version without ours over ours before we leave it to the next run */
#define OVERWRITTEN_MAX 5

struct docker_spec {
	struct place_spec place;
	char *key, *readers;
	bool take_entry;
};

static const struct key keys[] = {
	PLACE_KEYS(docker_spec),
	{ .name = "key",
	  .type = KEY_TEXT,
	  .offset = offsetof(struct docker_spec, key),
	  .help = "the entry's name in auths (default: the login server), or server/namespace for "
	          "podman" },
	{ .name = "readers",
	  .type = KEY_TEXT,
	  .offset = offsetof(struct docker_spec, readers),
	  .help = "who must be able to read the entry: any of docker containers kubelet docker-py "
	          "(default: docker containers, or containers "
	          "alone for an auth.json or a namespace)" },
	{ .name = "take_entry",
	  .type = KEY_BOOL,
	  .offset = offsetof(struct docker_spec, take_entry),
	  .fallback = "no",
	  .help = "replace the entry of another user name" },
};

/* The versions that have stood in the file since we read it first. */
struct docker_seen {
	struct buf *text;
	size_t n, cap;
};
struct docker_held {
	struct fs_stage **stage;
	size_t n, cap;
};

struct docker {
	struct sink sink;
	const struct docker_spec *spec;
	struct place place;
	/* of what was read last: who would not take it, and why; ERR_NONE: nobody */
	struct err shadow;
	/* Between prepare and commit: */
	struct credential who; /* what goes into the entry; no server but for the key */
	struct buf base, next; /* the file as read, and as it shall be */
	struct fs_id base_id;
	bool base_found, ready;
	struct fs_stage *stage; /* next, sealed; NULL in place */
	struct docker_seen seen;
	struct buf pending;      /* what only files we displaced have */
	struct docker_held held; /* these files */
};

/* ---- versions and files kept while others write ---------------------------------------------- */

static void seen_clear(struct docker_seen *s)
{
	for (size_t i = 0; i < s->n; i++)
		buf_free(&s->text[i]);
	free(s->text);
	*s = (struct docker_seen){ .n = 0 };
}

static bool same_text(const struct buf *a, const struct buf *b)
{
	return a->len == b->len && memcmp(buf_cstr(a), buf_cstr(b), a->len) == 0;
}

static void set_text(struct buf *to, const struct buf *from)
{
	buf_reset(to);
	buf_add(to, buf_cstr(from), from->len);
}

static void seen_add(struct docker_seen *s, const struct buf *text)
{
	if (s->n == SEEN_MAX || (s->n > 0 && same_text(&s->text[s->n - 1], text)))
		return;
	s->text = mem_grow(s->text, &s->cap, s->n + 1, sizeof(*s->text));
	s->text[s->n] = (struct buf)BUF_INIT(DOCKER_CONFIG_MAX);
	set_text(&s->text[s->n++], text);
}

static void held_add(struct docker_held *h, struct fs_stage *stage)
{
	h->stage = mem_grow(h->stage, &h->cap, h->n + 1, sizeof(struct fs_stage *));
	h->stage[h->n++] = stage;
}

static void held_clear(struct docker_held *h)
{
	for (size_t i = 0; i < h->n; i++)
		fs_stage_free(h->stage[i]);
	free(h->stage);
	*h = (struct docker_held){ .n = 0 };
}

/* ---- life ------------------------------------------------------------------------------------ */

static const char *path_of(const struct docker *d)
{
	return d->spec->place.path;
}

static const char *key_of(const struct docker *d, const struct credential *who)
{
	return d->spec->key != NULL ? d->spec->key : who->server;
}

/* Bits. The names were validated. */
static unsigned readers_of(const struct docker_spec *s)
{
	unsigned readers = docker_readers_default(s->place.path, s->key);
	struct err ignored = ERR_INIT;

	if (s->readers != NULL)
		(void)!docker_readers_parse(s->readers, &readers, &ignored);
	return readers;
}

static bool docker_validate(const void *spec, struct err *e)
{
	const struct docker_spec *s = spec;
	unsigned ignored;

	if (s->readers != NULL && !docker_readers_parse(s->readers, &ignored, e))
		return false;
	for (const char *p = s->key; p != NULL && *p != '\0'; p++)
		if ((unsigned char)*p <= ' ' || *p == '"' || *p == '\\' || *p == 0x7f)
			return err_set(e, ERR_CONFIG, "key 'key': '%s' is not a registry's name",
			               s->key);
	return true;
}

static void docker_identity(const void *spec, const char *server, struct buf *out)
{
	const struct docker_spec *s = spec;

	buf_fmt(out, "docker:%s:%s", s->place.path, s->key != NULL ? s->key : server);
}

static void docker_host(const void *spec, struct buf *out)
{
	docker_key_host(((const struct docker_spec *)spec)->key, out);
}

static bool docker_open(const void *spec, const struct sink_lent *lent, struct sink **out,
                        struct err *e)
{
	struct docker *d = mem_new(sizeof(*d));

	(void)lent;
	(void)e; /* nothing is touched */
	d->sink.ops = &sink_docker;
	d->spec = spec;
	d->place.spec = &d->spec->place;
	d->base = d->next = d->pending = (struct buf)BUF_INIT(DOCKER_CONFIG_MAX);
	*out = &d->sink;
	return true;
}

static void docker_describe(const struct sink *s, struct buf *out)
{
	buf_str(out, path_of((const struct docker *)s));
}

static void forget(struct docker *d)
{
	credential_clear(&d->who);
	buf_reset(&d->base);
	buf_reset(&d->next);
	buf_reset(&d->pending);
	seen_clear(&d->seen);
	held_clear(&d->held);
	place_leave(&d->place);
	d->ready = false;
}

static void docker_abort(struct sink *s)
{
	struct docker *d = (struct docker *)s;
	AUTO_RIGHTS struct fs_rights rights = { .taken = false };
	struct err ignored = ERR_INIT;

	/* Without the rights the temporary stays, for a later run to sweep. */
	if (d->stage != NULL && place_enter(&d->place, &rights, &ignored))
		fs_stage_free(take(&d->stage));
	forget(d);
}

static void docker_close(struct sink *s)
{
	struct docker *d = (struct docker *)s;

	docker_abort(s);
	place_clear(&d->place);
	buf_free(&d->base);
	buf_free(&d->next);
	buf_free(&d->pending);
	free(d);
}

/* Several jobs may have an entry each in one file: their temporaries must not be taken for one
 * another's. */
static void set_tag(struct docker *d, const struct credential *who)
{
	if (d->place.tag == NULL)
		d->place.tag = mem_dup(key_of(d, who));
}

/* ---- reading --------------------------------------------------------------------------------- */

static bool look(struct docker *d, const struct buf *text, const char *key,
                 struct docker_entry *out, struct err *e)
{
	return docker_look(text, key, out, e) || err_in(e, "'%s'", path_of(d));
}

static bool is_of(const struct docker_entry *entry, const struct credential *who)
{
	return entry->username != NULL && strcmp(entry->username, who->username) == 0;
}

/* Would those who read the file take what it holds of ours? Remarks are for check. */
static void judge(struct docker *d, const struct docker_doc *doc, const char *key)
{
	if (!docker_shadow_doc(doc, key, readers_of(d->spec), NULL, &d->shadow))
		(void)err_in(&d->shadow, "'%s'", path_of(d));
}

static bool docker_read_current(struct sink *s, const struct credential *who, struct secret **out,
                                struct err *e)
{
	struct docker *d = (struct docker *)s;
	AUTO_RIGHTS struct fs_rights rights = { .taken = false };
	AUTO_BUF struct buf text = BUF_INIT(DOCKER_CONFIG_MAX);
	AUTO(docker_entry_clear) struct docker_entry entry = { .found = false };
	AUTO_DOCKER_DOC struct docker_doc doc = { .n = 0 };
	const char *key = key_of(d, who);
	bool found;

	d->shadow = (struct err)ERR_INIT;
	if (!place_enter(&d->place, &rights, e) ||
	    !place_peek(&d->place, DOCKER_CONFIG_MAX, &text, &found, e))
		return false;
	if (!docker_doc_parse(&text, key, &doc, e))
		return err_in(e, "'%s'", path_of(d));
	docker_doc_entry(&doc, &entry);
	*out = is_of(&entry, who) ? take(&entry.password) : NULL;
	if (*out != NULL)
		judge(d, &doc, key);
	return true;
}

static bool docker_taken(const struct sink *s, struct err *e)
{
	const struct docker *d = (const struct docker *)s;

	if (d->shadow.kind != ERR_NONE)
		*e = d->shadow;
	return d->shadow.kind == ERR_NONE;
}

/* As the file will be, but for the password: would clients take our entry from it? */
static bool would_be_taken(struct docker *d, const struct buf *text, const struct credential *who,
                           struct buf *note, struct err *e)
{
	AUTO_BUF struct buf next = BUF_INIT(DOCKER_CONFIG_MAX);
	AUTO_SECRET struct secret *some = secret_new("x", 1);
	const struct credential c = { .server = who->server,
		                      .username = who->username,
		                      .password = some };

	return (docker_put(text, key_of(d, who), &c, &next, e) &&
	        docker_shadow(&next, key_of(d, who), readers_of(d->spec), note, e)) ||
	       err_in(e, "'%s'", path_of(d));
}

/* May we write our entry into this text, and would clients then take it? */
static bool acceptable(struct docker *d, const struct buf *text, const struct credential *who,
                       struct buf *note, struct err *e)
{
	AUTO(docker_entry_clear) struct docker_entry entry = { .found = false };
	const char *key = key_of(d, who);

	if (!look(d, text, key, &entry, e) || !would_be_taken(d, text, who, note, e))
		return false;
	if (!entry.found || d->spec->take_entry || is_of(&entry, who))
		return true;
	return err_set(e, ERR_DECISION,
	               "'%s' has an entry '%s' of another user ('%s'): remove it with 'docker "
	               "logout %s', or say "
	               "'take_entry = yes'",
	               path_of(d), key, entry.username != NULL ? entry.username : "", key);
}

/* Is the file among the places where podman looks? Where it is not the first, whoever is asked
 * before may answer. */
static bool looked_for(const struct docker *d, struct buf *note, struct err *e)
{
	AUTO_FREE char *home = place_home(&d->place);
	AUTO(registries_conf_clear) struct key_list list = { .n = 0 };
	size_t at = 0;

	if ((readers_of(d->spec) & DOCKER_READER_BIT(DOCKER_READER_CONTAINERS)) == 0)
		return true;
	registries_conf_read(home, &list);
	while (at < list.n && strcmp(list.item[at], REGISTRIES_AUTH_FILES) != 0)
		at++;
	if (list.n > 0 && at == list.n)
		return err_set(
			e, ERR_CONFIG,
			"'credential-helpers' in registries.conf is without '" REGISTRIES_AUTH_FILES
			"', so podman and skopeo would not read '%s': add it, use a sink of type "
			"helper, or leave containers out of 'readers'",
			path_of(d));
	if (at > 0)
		buf_fmt(note, "%spodman and skopeo ask the helper '%s' first (registries.conf)",
		        note->len > 0 ? "; " : "", list.item[0]);
	return true;
}

static bool check_content(struct docker *d, const struct credential *who, size_t *size,
                          struct buf *note, struct err *e)
{
	AUTO_RIGHTS struct fs_rights rights = { .taken = false };
	AUTO_BUF struct buf text = BUF_INIT(DOCKER_CONFIG_MAX);
	bool found;

	if (!place_enter(&d->place, &rights, e) ||
	    !place_read(&d->place, DOCKER_CONFIG_MAX, &text, NULL, &found, e) ||
	    !acceptable(d, &text, who, note, e) || !looked_for(d, note, e))
		return false;
	*size = text.len;
	return true;
}

static bool docker_check(struct sink *s, const struct credential *who, struct err *e)
{
	struct docker *d = (struct docker *)s;
	AUTO_BUF struct buf note = BUF_INIT(ERR_TEXT_MAX);
	size_t size;

	set_tag(d, who);
	bool ok =
		check_content(d, who, &size, &note, e) && place_check(&d->place, size + GROWTH, e);
	place_leave(&d->place);
	if (!ok)
		return false;
	/* Remarks, no failure. */
	if (note.len > 0 && e->text[0] != '\0')
		buf_fmt(&note, "; %s", e->text);
	if (note.len > 0)
		(void)err_set(e, ERR_NONE, "'%s': %s", path_of(d), buf_cstr(&note));
	return true;
}

/* ---- what other programs write meanwhile ----------------------------------------------------- */

/* What is held is in the file now. */
static bool held_settle(struct docker_held *h, struct err *e)
{
	bool ok = true;

	for (size_t i = 0; i < h->n; i++)
		ok = fs_stage_settle(h->stage[i], e) && ok;
	held_clear(h);
	return ok;
}

/* The file as read, with what only displaced files have. */
static bool bring_pending(struct docker *d, struct buf *out, struct err *e)
{
	if (d->pending.len == 0) {
		set_text(out, &d->base);
		return true;
	}
	return docker_merge(&d->base, &d->pending, d->seen.text, d->seen.n, key_of(d, &d->who), out,
	                    e) ||
	       err_in(e, "'%s', as another program has just written it", path_of(d));
}

/*
 * Somebody wrote a version between our last look and the exchange, which we displaced, and
 * before we could put it back somebody wrote another one, which may know nothing of it. The
 * displaced one is merged into whatever is there from now on.
 */
static bool hold(struct docker *d, const struct buf *displaced, struct err *e)
{
	AUTO_BUF struct buf both = BUF_INIT(DOCKER_CONFIG_MAX);

	seen_add(&d->seen, &d->base);
	seen_add(&d->seen, &d->next);
	if (d->pending.len == 0)
		set_text(&both, displaced);
	else if (!docker_merge(displaced, &d->pending, d->seen.text, d->seen.n, key_of(d, &d->who),
	                       &both, e))
		return err_in(e, "'%s', as another program has just written it", path_of(d));
	set_text(&d->pending, &both);
	held_add(&d->held, take(&d->stage));
	return true;
}

/* ---- preparing ------------------------------------------------------------------------------- */

/* Puts our entry into `text`; without a password (a sweep that found no entry of ours) the text
 * stays as it is. */
static bool put(struct docker *d, const struct buf *text, struct buf *out, struct err *e)
{
	if (d->who.password == NULL) {
		buf_reset(out);
		buf_add(out, buf_cstr(text), text->len);
		return true;
	}
	return docker_put(text, key_of(d, &d->who), &d->who, out, e) ||
	       err_in(e, "'%s'", path_of(d));
}

/* Reads the file anew, and makes `next` and its stage from it. */
static bool build(struct docker *d, struct err *e)
{
	AUTO_BUF struct buf note = BUF_INIT(ERR_TEXT_MAX), merged = BUF_INIT(DOCKER_CONFIG_MAX);

	if (!place_read(&d->place, DOCKER_CONFIG_MAX, &d->base, &d->base_id, &d->base_found, e) ||
	    (d->who.password != NULL && !acceptable(d, &d->base, &d->who, &note, e)) ||
	    !bring_pending(d, &merged, e) || !put(d, &merged, &d->next, e))
		return false;
	fs_stage_free(take(&d->stage));
	if (place_in_place(&d->place, d->base_found))
		return place_reserve(&d->place, d->next.len, e);
	return place_stage(&d->place, &d->next, &d->stage, e);
}

static bool docker_prepare(struct sink *s, const struct credential *c, struct err *e)
{
	struct docker *d = (struct docker *)s;
	AUTO_RIGHTS struct fs_rights rights = { .taken = false };

	docker_abort(s);
	set_tag(d, c);
	d->who = (struct credential){ .server = mem_dup(c->server),
		                      .username = mem_dup(c->username),
		                      .password = secret_dup(c->password) };
	if (place_enter(&d->place, &rights, e) && build(d, e)) {
		place_leave(&d->place); /* in place the commit reads it again */
		d->ready = true;
		return true;
	}
	fs_rights_drop(&rights);
	docker_abort(s);
	return false;
}

/* ---- making it visible ----------------------------------------------------------------------- */

/* Ours is in place: *over when what it displaced is what we had built on. */
static bool after_exchange(struct docker *d, bool *over, struct err *e)
{
	AUTO_BUF struct buf displaced = BUF_INIT(DOCKER_CONFIG_MAX);
	struct err ignored = ERR_INIT;
	struct fs_id id;
	bool back;

	if (!fs_stage_displaced(d->stage, DOCKER_CONFIG_MAX, &displaced, &id, e)) {
		/* else it is left for the next run's sweep */
		(void)!fs_stage_swap_back(d->stage, &back, &ignored);
		return false;
	}
	*over = same_text(&displaced, &d->base);
	if (*over)
		return fs_stage_settle(d->stage, e) && held_settle(&d->held, e);
	/* At once, so that its writer and those who read it do not miss it; our own next try
	 * takes longer. */
	if (!fs_stage_swap_back(d->stage, &back, e))
		return false;
	if (back)
		return true;
	/* Who was put back in vain may itself have been displaced: what is behind the stage's
	 * name now counts. */
	return fs_stage_displaced(d->stage, DOCKER_CONFIG_MAX, &displaced, &id, e) &&
	       hold(d, &displaced, e);
}

static bool replace(struct docker *d, struct err *e)
{
	for (int i = 0; i < ROUNDS_MAX; i++) {
		enum fs_exchange how;
		bool over = false;
		if (!fs_stage_exchange(d->stage, d->base_found ? &d->base_id : NULL, &d->base, &how,
		                       e))
			return false;
		if (how == FS_EXCHANGE_COMMITTED)
			return held_settle(&d->held, e);
		if (how == FS_EXCHANGE_DONE && !after_exchange(d, &over, e))
			return false;
		if (over)
			return true;
		seen_add(&d->seen, &d->base);
		if (!build(d, e))
			return false;
	}
	return err_set(e, ERR_TRANSIENT, "'%s' is being written by other programs all the time",
	               path_of(d));
}

/* Another program may have written a version without ours over ours: it had read the file
 * before. */
static bool still_ours(struct docker *d, bool *ours, struct err *e)
{
	AUTO_BUF struct buf text = BUF_INIT(DOCKER_CONFIG_MAX);
	AUTO(docker_entry_clear) struct docker_entry entry = { .found = false };
	bool found;

	if (!place_peek(&d->place, DOCKER_CONFIG_MAX, &text, &found, e) ||
	    !look(d, &text, key_of(d, &d->who), &entry, e))
		return false;
	*ours = is_of(&entry, &d->who) && entry.password != NULL &&
	        secret_equal(entry.password, d->who.password);
	return true;
}

/* The file may have been written since prepare: there it is read again, for what is not kept
 * cannot be merged. */
static bool write_in_place(struct docker *d, struct err *e)
{
	return build(d, e) && place_write(&d->place, &d->next, &d->base, e);
}

static bool deliver(struct docker *d, struct err *e)
{
	bool ours = false;

	for (int i = 0; i < OVERWRITTEN_MAX; i++) {
		/* The stage of the round before has been spent. */
		if (i > 0 && !build(d, e))
			return false;
		if (d->stage != NULL ? !replace(d, e) : !write_in_place(d, e))
			return false;
		if (!still_ours(d, &ours, e))
			return false;
		if (ours)
			return true;
	}
	return err_set(e, ERR_TRANSIENT,
	               "'%s' was overwritten by another program, without our entry", path_of(d));
}

static bool docker_commit(struct sink *s, struct err *e)
{
	struct docker *d = (struct docker *)s;
	AUTO_RIGHTS struct fs_rights rights = { .taken = false };

	if (!d->ready)
		return err_set(e, ERR_LOCAL, "'%s' was not prepared", path_of(d));
	if (!place_enter(&d->place, &rights, e))
		return false;
	return deliver(d, e);
}

/* ---- what a killed run left ------------------------------------------------------------------ */

/* `displaced` is a version of others that only a file beside ours has. */
static bool bring_home(void *ctx, const struct buf *displaced, bool target_is_ours, struct err *e)
{
	struct docker *d = ctx;
	AUTO_BUF struct buf nothing = BUF_INIT(1), now = BUF_INIT(DOCKER_CONFIG_MAX),
			    merged = BUF_INIT(DOCKER_CONFIG_MAX);
	AUTO(docker_entry_clear) struct docker_entry entry = { .found = false };
	const char *key = key_of(d, &d->who);

	if (!place_read(&d->place, DOCKER_CONFIG_MAX, &now, &d->base_id, &d->base_found, e) ||
	    !look(d, &now, key, &entry, e))
		return false;
	/* Ours alone has been there since: theirs is newer in everything but our entry. Else
	 * what stands there is, and only gets what it lacks. */
	bool merged_ok = target_is_ours
	                         ? docker_merge(displaced, &now, &now, 1, key, &merged, e)
	                         : docker_merge(&now, displaced, &nothing, 1, key, &merged, e);
	if (!merged_ok)
		return err_in(e, "what another program wrote into '%s'", path_of(d));
	secret_free(take(&d->who.password));
	free(take(&d->who.username));
	d->who.username = take(&entry.username);
	d->who.password = d->who.username != NULL ? take(&entry.password) : NULL;
	set_text(&d->base, &now);
	if (!put(d, &merged, &d->next, e))
		return false;
	if (same_text(&d->next, &now))
		return true;
	/* When that file changes once more before ours is in it. */
	set_text(&d->pending, displaced);
	fs_stage_free(take(&d->stage));
	return place_stage(&d->place, &d->next, &d->stage, e) && replace(d, e);
}

static bool docker_sweep(struct sink *s, const struct credential *who, struct err *e)
{
	struct docker *d = (struct docker *)s;
	AUTO_RIGHTS struct fs_rights rights = { .taken = false };
	struct fs_attr attr;

	docker_abort(s);
	set_tag(d, who);
	d->who.server = mem_dup(who->server);
	bool ok = place_enter(&d->place, &rights, e) && place_attr(&d->place, &attr, e) &&
	          fs_sweep(path_of(d), &attr, DOCKER_CONFIG_MAX, bring_home, d, e);
	fs_rights_drop(&rights);
	docker_abort(s);
	return ok;
}

const struct sink_ops sink_docker = {
	.type = "docker",
	.keys = keys,
	.n_keys = COUNT(keys),
	.spec_size = sizeof(struct docker_spec),
	.local = true,
	.atomic = true,
	.evidence = true,
	.validate = docker_validate,
	.identity = docker_identity,
	.host = docker_host,
	.open = docker_open,
	.describe = docker_describe,
	.check = docker_check,
	.read_current = docker_read_current,
	.taken = docker_taken,
	.prepare = docker_prepare,
	.commit = docker_commit,
	.abort = docker_abort,
	.close = docker_close,
	.sweep = docker_sweep,
	.directory = place_directory,
};
