/* SPDX-License-Identifier: MIT */
/*
 * Sink "store": acrotate's own copy, in its state directory: for who asks for a password (the
 * credential helper, the kubelet's plugin, `acrotate get`), and for a job whose other sinks forget
 * theirs, which are filled again from it.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/fs_reach.h"
#include "base/mem.h"
#include "base/secret.h"
#include "sink/copy.h"
#include "sink/docker_edit.h"
#include "sink/place.h"
#include "sink/sink.h"

struct store_spec {
	const char *state; /* borrowed, see settle */
	char *key, *owner;
	int mode;
};

static const struct key keys[] = {
	{ .name = "key",
	  .type = KEY_TEXT,
	  .offset = offsetof(struct store_spec, key),
	  .help = "what it is asked for by (default: the login server), or server/namespace" },
	{ .name = "mode",
	  .type = KEY_MODE,
	  .offset = offsetof(struct store_spec, mode),
	  .help = "the copy's permission bits (default: as they are, 0600 for a new one)" },
	{ .name = "owner",
	  .type = KEY_OWNER,
	  .offset = offsetof(struct store_spec, owner),
	  .help = "user or user:group (default: as it is, for a new one who runs acrotate)" },
};

struct own_copy {
	struct sink sink;
	const struct store_spec *spec;
	struct place_spec at; /* where it stands, once that is known */
	struct place place;
	struct sink_says says; /* of what was read last */
	struct fs_stage *stage;
};

/* ---- life ------------------------------------------------------------------------------------ */

static void store_settle(void *spec, const char *state_dir)
{
	((struct store_spec *)spec)->state = state_dir;
}

static bool store_validate(const void *spec, struct err *e)
{
	const struct store_spec *s = spec;
	AUTO_FREE char *key = NULL;

	return s->key == NULL || copy_key(s->key, &key, e) || err_in(e, "key 'key'");
}

/* As they are kept, so that two ways to write one name are seen to be one. */
static void store_serves(const void *spec, const char *server, struct buf *out)
{
	const struct store_spec *s = spec;
	AUTO_FREE char *key = NULL;
	struct err ignored = ERR_INIT; /* then it is delivered nowhere */

	(void)!copy_key(s->key != NULL ? s->key : server, &key, &ignored);
	buf_str(out, key != NULL ? key : "");
}

static void store_identity(const void *spec, const char *server, struct buf *out)
{
	buf_str(out, "store:");
	store_serves(spec, server, out);
}

static void store_host(const void *spec, struct buf *out)
{
	docker_key_host(((const struct store_spec *)spec)->key, out);
}

/* The state's directory: what is below is made when it is needed. */
static bool store_directory(const void *spec, struct fs_target *out, struct err *e)
{
	const struct store_spec *s = spec;
	AUTO_FREE char *path = mem_fmt("%s/" COPY_DIR, s->state);

	return fs_target_open(path, FS_WAY_GUARDED, out, e);
}

static bool store_open(const void *spec, const struct sink_lent *lent, struct sink **out,
                       struct err *e)
{
	const struct store_spec *s = spec;
	struct own_copy *c;

	(void)lent;
	if (s->state == NULL)
		return err_set(e, ERR_CONFIG, "there is no state directory to keep a copy in");
	c = mem_new(sizeof(*c));
	c->sink.ops = &sink_store;
	c->spec = spec;
	c->at = (struct place_spec){ .mode = s->mode, .owner = s->owner };
	c->place.spec = &c->at;
	*out = &c->sink;
	return true;
}

static void store_describe(const struct sink *s, struct buf *out)
{
	const struct own_copy *c = (const struct own_copy *)s;

	buf_fmt(out, "%s/" COPY_DIR, c->spec->state);
	if (c->spec->key != NULL)
		buf_fmt(out, "/%s", c->spec->key);
}

static void store_abort(struct sink *s)
{
	struct own_copy *c = (struct own_copy *)s;
	struct err ignored = ERR_INIT;

	/* Where nothing answers the temporary stays, for a later run to sweep. */
	if (c->stage != NULL && fs_reach(c->spec->state, &ignored))
		fs_stage_free(take(&c->stage));
	fs_stage_leave(take(&c->stage));
	place_leave(&c->place);
}

static void store_close(struct sink *s)
{
	struct own_copy *c = (struct own_copy *)s;

	store_abort(s);
	place_clear(&c->place);
	free(c->at.path);
	free(c);
}

/* ---- reading --------------------------------------------------------------------------------- */

/* Another copy may have come into its way, or gone. Looking for it may hang, too. */
static bool find_place(struct own_copy *c, const struct credential *who, struct err *e)
{
	AUTO_FREE char *key = NULL;

	if (!copy_key(c->spec->key != NULL ? c->spec->key : who->server, &key, e) ||
	    !fs_reach(c->spec->state, e))
		return false;
	free(c->at.path);
	c->at.path = copy_path(c->spec->state, key);
	return true;
}

/* An empty file is nothing: a disk that lost it, or somebody who wanted to give it an owner. */
static bool parse(const struct own_copy *c, const struct buf *text, struct credential *out,
                  struct err *e)
{
	*out = (struct credential){ .server = NULL };
	return text->len == 0 || copy_parse(buf_cstr(text), text->len, out, e) ||
	       err_in(e, "'%s'", c->at.path);
}

static bool is_ours(const struct credential *there, const struct credential *who)
{
	return there->server != NULL && strcmp(there->server, who->server) == 0 &&
	       strcmp(there->username, who->username) == 0;
}

static bool store_read_current(struct sink *s, const struct credential *who, struct secret **out,
                               struct err *e)
{
	struct own_copy *c = (struct own_copy *)s;
	AUTO_CREDENTIAL struct credential there = { .server = NULL };
	AUTO_BUF struct buf text = BUF_INIT(COPY_MAX);
	bool found;

	if (!find_place(c, who, e) || !place_peek(&c->place, COPY_MAX, &text, &found, e) ||
	    !parse(c, &text, &there, e))
		return false;
	*out = is_ours(&there, who) ? take(&there.password) : NULL;
	c->says = (struct sink_says){ .expires_us = there.expires_us, .slot = there.slot };
	return true;
}

static void store_says(const struct sink *s, struct sink_says *out)
{
	*out = ((const struct own_copy *)s)->says;
}

/* Whoever asks for that entry has the password of another token, and would get ours. */
static bool replaceable(const struct own_copy *c, const struct credential *who,
                        const struct buf *text, struct err *e)
{
	AUTO_CREDENTIAL struct credential there = { .server = NULL };

	if (!parse(c, text, &there, e))
		return false;
	return there.server == NULL || is_ours(&there, who) ||
	       err_set(e, ERR_DECISION,
	               "'%s' is the copy of another token ('%s' at %s): remove it if no job "
	               "delivers it any more, or give this one a 'key'",
	               c->at.path, there.username, there.server);
}

/* ---- asking beforehand ----------------------------------------------------------------------- */

/* Of the directories that do not exist yet the first one stands for the file: nothing is made by
 * a check. False: not even the state's is there, which is not this sink's to say. */
static bool nearest(struct own_copy *c)
{
	for (struct stat st;;) {
		AUTO_FREE char *dir = mem_dup(c->at.path);
		*strrchr(dir, '/') = '\0';
		if (stat(dir, &st) == 0 || errno != ENOENT)
			return true;
		if (strcmp(dir, c->spec->state) == 0)
			return false;
		free(c->at.path);
		c->at.path = take(&dir);
	}
}

static bool check_content(struct own_copy *c, const struct credential *who, struct err *e)
{
	AUTO_BUF struct buf text = BUF_INIT(COPY_MAX);
	bool found;

	return place_read(&c->place, COPY_MAX, &text, NULL, &found, e) &&
	       replaceable(c, who, &text, e);
}

static const mode_t pass = S_IXUSR | S_IXGRP | S_IXOTH;

static bool is_for_others(const struct own_copy *c)
{
	return c->at.owner != NULL || (c->at.mode > 0 && (c->at.mode & 077) != 0);
}

/* The state's directory need not be ours. */
static bool check_way(const struct own_copy *c, struct err *e)
{
	struct stat st;

	return !is_for_others(c) || stat(c->spec->state, &st) != 0 || (st.st_mode & pass) == pass ||
	       geteuid() == 0 || st.st_uid == geteuid() ||
	       err_set(e, ERR_CONFIG,
	               "others cannot pass through '%s' to the copy, and its owner is another "
	               "user: "
	               "chmod a+x it",
	               c->spec->state);
}

static bool store_check(struct sink *s, const struct credential *who, struct err *e)
{
	struct own_copy *c = (struct own_copy *)s;

	if (!find_place(c, who, e))
		return false;
	if (!nearest(c))
		return true;
	bool ok =
		check_content(c, who, e) && check_way(c, e) && place_check(&c->place, COPY_MAX, e);
	place_leave(&c->place);
	return ok;
}

/* ---- writing --------------------------------------------------------------------------------- */

/* Who may read the copy has to get to it; what else is there he need not see. */
static bool let_pass(const char *dir, struct err *e)
{
	struct stat st;

	if (stat(dir, &st) != 0)
		return err_sys(e, errno, "cannot access '%s'", dir);
	return (st.st_mode & pass) == pass || chmod(dir, (st.st_mode & 07777) | pass) == 0 ||
	       err_sys(e, errno, "cannot let others pass through '%s'", dir);
}

static bool make_way(const struct own_copy *c, struct err *e)
{
	AUTO_FREE char *dir = mem_dup(c->at.path);

	*strrchr(dir, '/') = '\0';
	if (!fs_make_dir(dir, e))
		return false;
	for (bool more = is_for_others(c); more; *strrchr(dir, '/') = '\0') {
		if (!let_pass(dir, e))
			return false;
		more = strcmp(dir, c->spec->state) != 0;
	}
	return true;
}

static bool store_prepare(struct sink *s, const struct credential *n, struct err *e)
{
	struct own_copy *c = (struct own_copy *)s;
	AUTO_BUF struct buf next = BUF_INIT(COPY_MAX), old = BUF_INIT(COPY_MAX);
	bool found;

	store_abort(s);
	return find_place(c, n, e) && copy_render(n, &next, e) && make_way(c, e) &&
	       place_read(&c->place, COPY_MAX, &old, NULL, &found, e) &&
	       replaceable(c, n, &old, e) && place_stage(&c->place, &next, &c->stage, e);
}

static bool store_commit(struct sink *s, struct err *e)
{
	struct own_copy *c = (struct own_copy *)s;

	if (c->stage == NULL)
		return err_set(e, ERR_LOCAL, "'%s' was not prepared",
		               c->at.path != NULL ? c->at.path : c->spec->state);
	return fs_reach(c->spec->state, e) && fs_stage_commit(c->stage, e);
}

static bool store_sweep(struct sink *s, const struct credential *who, struct err *e)
{
	struct own_copy *c = (struct own_copy *)s;
	struct fs_attr attr;

	return find_place(c, who, e) &&
	       (!nearest(c) || (place_attr(&c->place, &attr, e) &&
	                        fs_sweep(c->at.path, &attr, COPY_MAX, NULL, NULL, e)));
}

const struct sink_ops sink_store = {
	.type = "store",
	.keys = keys,
	.n_keys = COUNT(keys),
	.spec_size = sizeof(struct store_spec),
	.local = true,
	.atomic = true,
	.evidence = true,
	.settle = store_settle,
	.serves = store_serves,
	.validate = store_validate,
	.identity = store_identity,
	.host = store_host,
	.open = store_open,
	.describe = store_describe,
	.check = store_check,
	.read_current = store_read_current,
	.says = store_says,
	.prepare = store_prepare,
	.commit = store_commit,
	.abort = store_abort,
	.close = store_close,
	.sweep = store_sweep,
	.directory = store_directory,
	.tree = true,
};
