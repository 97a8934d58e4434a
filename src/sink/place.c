/* SPDX-License-Identifier: MIT */
#include "sink/place.h"

#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/fs_reach.h"
#include "base/mem.h"
#include "base/show.h"

void place_clear(struct place *p)
{
	place_leave(p);
	free(p->tag);
	fs_user_clear(&p->user);
}

bool place_enter(struct place *p, struct fs_rights *r, struct err *e)
{
	if (p->spec->user == NULL)
		return fs_reach(p->spec->path, e);
	if (!p->user_known && !fs_user_find(p->spec->user, &p->user, e))
		return err_in(e, "key 'user'");
	p->user_known = true;
	return fs_rights_take(&p->user, r, e) && fs_reach(p->spec->path, e);
}

static enum fs_way way_of(const struct place_spec *spec)
{
	return spec->user == NULL ? FS_WAY_GUARDED : FS_WAY_OWNED;
}

/* The commonest reason of all has the command that fixes it. */
static bool open_target(const struct place_spec *spec, struct fs_target *out, struct err *e)
{
	if (fs_target_open(spec->path, way_of(spec), out, e))
		return true;
	const char *slash = strrchr(spec->path, '/');
	if (slash == NULL || slash == spec->path)
		return false;
	AUTO_FREE char *dir = mem_dup_n(spec->path, (size_t)(slash - spec->path));
	if (access(dir, F_OK) == 0 || errno != ENOENT)
		return false;
	AUTO_FREE char *word = show_word(dir), *why = mem_dup(e->text);
	return err_set(e, e->kind, "%s; to make it: mkdir -p -m 0700 %s", why, word);
}

char *place_home(const struct place *p)
{
	struct passwd pw, *found = NULL;
	char text[16384];

	if (p->spec->user == NULL)
		return mem_dup(getenv("HOME"));
	if (!p->user_known || getpwuid_r(p->user.uid, &pw, text, sizeof(text), &found) != 0 ||
	    found == NULL)
		return NULL;
	return mem_dup(found->pw_dir);
}

bool place_attr(const struct place *p, struct fs_attr *out, struct err *e)
{
	struct fs_attr attr = FS_ATTR_KEEP;

	attr.mode = p->spec->mode;
	attr.way = way_of(p->spec);
	attr.tag = p->tag;
	if (p->spec->owner != NULL && !fs_owner_find(p->spec->owner, &attr.uid, &attr.gid, e))
		return err_in(e, "key 'owner'");
	*out = attr;
	return true;
}

/* ---- reading --------------------------------------------------------------------------------- */

static bool found_or_missing(bool ok, const struct err *why, struct buf *out, bool *found,
                             struct err *e)
{
	*found = ok;
	if (ok)
		return true;
	if (why->kind == ERR_MISSING) {
		buf_reset(out);
		return true;
	}
	*e = *why;
	return false;
}

bool place_peek(const struct place *p, size_t max, struct buf *out, bool *found, struct err *e)
{
	struct err why = ERR_INIT;
	bool ok = fs_read(p->spec->path, max, out, NULL, &why);

	return found_or_missing(ok, &why, out, found, e);
}

bool place_peek_again(const struct place *p, size_t max, struct buf *out, struct fs_version *known,
                      bool *same, struct err *e)
{
	struct err why = ERR_INIT;
	bool found, ok = fs_read_again(p->spec->path, max, out, known, same, &why);

	if (!found_or_missing(ok, &why, out, &found, e))
		return false;
	if (!found) {
		*known = (struct fs_version){ .settled = false };
		*same = false;
	}
	return true;
}

bool place_read(struct place *p, size_t max, struct buf *out, struct fs_id *id, bool *found,
                struct err *e)
{
	struct fs_target at = { .dir = -1 };
	struct err why = ERR_INIT;

	if (!open_target(p->spec, &at, e))
		return false;
	place_leave(p);
	p->at = at;
	p->found = true;
	bool ok = fs_target_read(&p->at, p->spec->path, max, out, id, &why);
	return found_or_missing(ok, &why, out, found, e);
}

void place_leave(struct place *p)
{
	if (p->found)
		fs_target_close(&p->at);
	p->found = false;
}

/* ---- writing --------------------------------------------------------------------------------- */

/* What place_read() found becomes the stage's. */
bool place_stage(struct place *p, const struct buf *text, struct fs_stage **out, struct err *e)
{
	AUTO_STAGE struct fs_stage *stage = NULL;
	struct fs_attr attr;

	if (!place_attr(p, &attr, e))
		return false;
	p->found = false;
	if (!fs_stage_open_at(&p->at, p->spec->path, &attr, &stage, e) ||
	    !fs_stage_write(stage, buf_cstr(text), text->len, e) || !fs_stage_seal(stage, e))
		return false;
	fs_stage_park(stage);
	*out = take(&stage);
	return true;
}

bool place_reserve(const struct place *p, size_t size, struct err *e)
{
	return fs_place_reserve(&p->at, p->spec->path, size, e);
}

bool place_write(struct place *p, const struct buf *text, const struct buf *old, struct err *e)
{
	p->found = p->found || open_target(p->spec, &p->at, e);
	bool ok = p->found && fs_place_write(&p->at, p->spec->path, text, old, e);
	place_leave(p);
	return ok;
}

bool place_in_place(const struct place *p, bool found)
{
	return p->spec->in_place && found;
}

/* ---- asking beforehand ----------------------------------------------------------------------- */

bool place_directory(const void *spec, struct fs_target *out, struct err *e)
{
	AUTO(place_clear) struct place p = { .spec = spec };
	AUTO_RIGHTS struct fs_rights rights = { .taken = false };

	return place_enter(&p, &rights, e) && open_target(p.spec, out, e);
}

static bool could_be_written(struct place *p, size_t size, struct err *e)
{
	AUTO_RIGHTS struct fs_rights rights = { .taken = false };
	struct err why = ERR_INIT;
	struct fs_attr attr;

	if (!place_enter(p, &rights, e) || !place_attr(p, &attr, e))
		return false;
	if (p->spec->in_place && fs_place_reserve(&p->at, p->spec->path, size, &why))
		return true;
	if (!p->spec->in_place || why.kind == ERR_MISSING)
		return fs_stage_probe_at(&p->at, p->spec->path, &attr, size, e);
	*e = why;
	return false;
}

bool place_check(struct place *p, size_t size, struct err *e)
{
	bool public = p->spec->mode < 0 && fs_target_is_public(&p->at);
	bool ok = (p->spec->in_place || (fs_mount_check(&p->at, p->spec->path, e) &&
	                                 fs_target_only_name(&p->at, p->spec->path, e))) &&
	          could_be_written(p, size, e);

	place_leave(p);
	if (ok && public)
		(void)err_set(e, ERR_NONE,
		              "'%s' can be read by everybody, and keeps its mode: 'chmod 600' it, "
		              "or set 'mode'",
		              p->spec->path);
	return ok;
}
