/* SPDX-License-Identifier: MIT */
/* Sink "docker": one entry of a config.json or auth.json: what it is, and may we write it? */
#include <stdlib.h>
#include <sys/stat.h>

#include "base/credential.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/secret.h"
#include "docker.h"
#include "sink/copy.h"
#include "sink/docker_doc.h"
#include "sink/docker_edit.h"
#include "sink/docker_reader.h"
#include "sink/place.h"
#include "sink/registries_conf.h"
#include "sink/sink.h"

/* what an entry may take on top of the file there: for the look at the free space */
#define GROWTH 8192

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

/* ---- life ------------------------------------------------------------------------------------ */

/* Bits. The names were validated. */
static unsigned readers_of(const struct docker_spec *s)
{
	unsigned readers = docker_readers_default(s->place.path, s->key);
	struct err ignored = ERR_INIT;

	if (s->readers != NULL)
		(void)!docker_readers_parse(s->readers, &readers, &ignored);
	return readers | (s->served ? DOCKER_READERS_SERVED : 0);
}

/* Helpers are asked for a host, never for a namespace in it. */
static void docker_beside(void *spec, const char *served, const char *server)
{
	struct docker_spec *s = spec;
	AUTO_FREE char *key = NULL;
	struct err ignored = ERR_INIT; /* a name that no helper knows */

	if (copy_key(s->key != NULL ? s->key : server, &key, &ignored) &&
	    strchr(key, '/') == NULL && strcmp(key, served) == 0)
		s->served = true;
}

static bool docker_validate(const void *spec, struct err *e)
{
	const struct docker_spec *s = spec;
	unsigned ignored;

	if (s->readers != NULL && !docker_readers_parse(s->readers, &ignored, e))
		return false;
	for (const char *p = s->key; p != NULL && *p != '\0'; p++)
		if ((unsigned char)*p <= ' ' || *p == '"' || *p == '\\' || *p == 0x7f)
			return err_set(e, ERR_CONFIG,
			               "key 'key': '%s' is not the name of a registry", s->key);
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

	(void)e; /* nothing is touched */
	d->sink.ops = &sink_docker;
	d->spec = spec;
	d->place.spec = &d->spec->place;
	d->file = docker_file_take(lent != NULL ? lent->docker : NULL, docker_path_of(d));
	d->base = d->next = d->pending = (struct buf)BUF_INIT(DOCKER_CONFIG_MAX);
	*out = &d->sink;
	return true;
}

static void docker_describe(const struct sink *s, struct buf *out)
{
	buf_str(out, docker_path_of((const struct docker *)s));
}

static void docker_close(struct sink *s)
{
	struct docker *d = (struct docker *)s;

	docker_abort(s);
	docker_file_drop(d->file);
	place_clear(&d->place);
	buf_free(&d->base);
	buf_free(&d->next);
	buf_free(&d->pending);
	free(d);
}

void docker_set_tag(struct docker *d, const struct credential *who)
{
	if (d->place.tag == NULL)
		d->place.tag = mem_dup(docker_key_of(d, who));
}

/* ---- reading --------------------------------------------------------------------------------- */

bool docker_find(const struct docker *d, const struct buf *text, const char *key,
                 struct docker_entry *out, struct err *e)
{
	struct docker_doc doc;

	docker_file_enter(d->file);
	bool ok = docker_file_parse(d->file, text, key, &doc, e);
	if (ok)
		docker_doc_entry(&doc, out);
	docker_file_leave(d->file);
	return ok;
}

bool docker_put_into(const struct docker *d, const struct buf *text, const struct credential *c,
                     const char *key, struct buf *out, struct err *e)
{
	struct docker_doc doc;

	docker_file_enter(d->file);
	bool ok = docker_file_parse(d->file, text, key, &doc, e) &&
	          (docker_put_doc(&doc, key, c, out, e) || err_in(e, "'%s'", docker_path_of(d)));
	docker_file_leave(d->file);
	return ok;
}

bool docker_is_of(const struct docker_entry *entry, const struct credential *who)
{
	return entry->username != NULL && strcmp(entry->username, who->username) == 0;
}

/* Would those who read the file take what it holds of ours? Remarks are for check. */
static void judge(struct docker *d, const struct docker_doc *doc, const char *key)
{
	if (!docker_shadow_doc(doc, key, readers_of(d->spec), NULL, &d->shadow))
		(void)err_in(&d->shadow, "'%s'", docker_path_of(d));
}

static void read_entry(struct docker *d, const struct docker_doc *doc, const struct credential *who,
                       struct secret **out)
{
	AUTO(docker_entry_clear) struct docker_entry entry = { .found = false };

	docker_doc_entry(doc, &entry);
	*out = docker_is_of(&entry, who) ? take(&entry.password) : NULL;
	if (*out != NULL)
		judge(d, doc, docker_key_of(d, who));
}

static bool docker_read_current(struct sink *s, const struct credential *who, struct secret **out,
                                struct err *e)
{
	struct docker *d = (struct docker *)s;
	AUTO_RIGHTS struct fs_rights rights = { .taken = false };
	struct docker_doc doc;

	d->shadow = (struct err)ERR_INIT;
	if (!place_enter(&d->place, &rights, e))
		return false;
	docker_file_enter(d->file);
	bool ok = docker_file_read(d->file, &d->place, docker_key_of(d, who), &doc, e);
	if (ok)
		read_entry(d, &doc, who, out);
	docker_file_leave(d->file);
	return ok;
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

	return docker_put_into(d, text, &c, docker_key_of(d, who), &next, e) &&
	       (docker_shadow(&next, docker_key_of(d, who), readers_of(d->spec), note, e) ||
	        err_in(e, "'%s'", docker_path_of(d)));
}

bool docker_acceptable(struct docker *d, const struct buf *text, const struct credential *who,
                       struct buf *note, struct err *e)
{
	AUTO(docker_entry_clear) struct docker_entry entry = { .found = false };
	const char *key = docker_key_of(d, who);

	if (!docker_find(d, text, key, &entry, e) || !would_be_taken(d, text, who, note, e))
		return false;
	if (!entry.found || d->spec->take_entry || docker_is_of(&entry, who))
		return true;
	return err_set(e, ERR_DECISION,
	               "'%s' has an entry '%s' of another user ('%s'): remove it with 'docker "
	               "logout %s', or say "
	               "'take_entry = yes'",
	               docker_path_of(d), key, entry.username != NULL ? entry.username : "", key);
}

/* Is the file among the places where podman looks? Where it is not the first, whoever is asked
 * before may answer. */
static bool looked_for(const struct docker *d, struct buf *note, struct err *e)
{
	AUTO_FREE char *home = place_home(&d->place);
	AUTO_KEY_LIST struct key_list list = { .n = 0 };
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
			docker_path_of(d));
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
	    !docker_acceptable(d, &text, who, note, e) || !looked_for(d, note, e))
		return false;
	*size = text.len;
	return true;
}

static bool docker_check(struct sink *s, const struct credential *who, struct err *e)
{
	struct docker *d = (struct docker *)s;
	AUTO_BUF struct buf note = BUF_INIT(ERR_TEXT_MAX);
	size_t size;

	docker_set_tag(d, who);
	bool ok =
		check_content(d, who, &size, &note, e) && place_check(&d->place, size + GROWTH, e);
	place_leave(&d->place);
	if (!ok)
		return false;
	/* Remarks, no failure. */
	if (note.len > 0 && e->text[0] != '\0')
		buf_fmt(&note, "; %s", e->text);
	if (note.len > 0)
		(void)err_set(e, ERR_NONE, "'%s': %s", docker_path_of(d), buf_cstr(&note));
	return true;
}

const struct sink_ops sink_docker = {
	.type = "docker",
	.keys = keys,
	.n_keys = COUNT(keys),
	.spec_size = sizeof(struct docker_spec),
	.local = true,
	.atomic = true,
	.evidence = true,
	.beside = docker_beside,
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
