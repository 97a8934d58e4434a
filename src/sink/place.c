/* SPDX-License-Identifier: MIT */
#include "sink/place.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/err.h"

void place_clear(struct place *p)
{
	free(p->tag);
	fs_user_clear(&p->user);
}

bool place_enter(struct place *p, struct fs_rights *r, struct err *e)
{
	if (p->spec->user == NULL)
		return true;
	if (!p->user_known && !fs_user_find(p->spec->user, &p->user, e))
		return err_in(e, "key 'user'");
	p->user_known = true;
	return fs_rights_take(&p->user, r, e);
}

bool place_attr(const struct place *p, struct fs_attr *out, struct err *e)
{
	struct fs_attr attr = FS_ATTR_KEEP;

	attr.mode = p->spec->mode;
	attr.guarded = p->spec->user == NULL;
	attr.tag = p->tag;
	if (p->spec->owner != NULL && !fs_owner_find(p->spec->owner, &attr.uid, &attr.gid, e))
		return err_in(e, "key 'owner'");
	*out = attr;
	return true;
}

bool place_read(const struct place *p, size_t max, struct buf *out, struct fs_id *id, bool *found,
                struct err *e)
{
	struct err why = ERR_INIT;

	if (fs_read(p->spec->path, max, out, id, &why)) {
		*found = true;
		return true;
	}
	if (why.kind != ERR_MISSING) {
		*e = why;
		return false;
	}
	buf_reset(out);
	*found = false;
	return true;
}

bool place_stage(const struct place *p, const struct buf *text, struct fs_stage **out,
                 struct err *e)
{
	AUTO_STAGE struct fs_stage *stage = NULL;
	struct fs_attr attr;

	if (!place_attr(p, &attr, e) || !fs_stage_open(p->spec->path, &attr, &stage, e) ||
	    !fs_stage_write(stage, buf_cstr(text), text->len, e) || !fs_stage_seal(stage, e))
		return false;
	fs_stage_park(stage);
	*out = take(&stage);
	return true;
}

bool place_directory(const void *spec, int *out, struct err *e)
{
	AUTO(place_clear) struct place p = { .spec = spec };
	AUTO_RIGHTS struct fs_rights rights = { .taken = false };

	return place_enter(&p, &rights, e) &&
	       fs_directory(p.spec->path, p.spec->user == NULL, out, e);
}

bool place_in_place(const struct place *p, bool found)
{
	return p->spec->in_place && found;
}

bool place_check(struct place *p, size_t size, struct err *e)
{
	AUTO_RIGHTS struct fs_rights rights = { .taken = false };
	struct err why = ERR_INIT;
	struct fs_attr attr;

	if (!p->spec->in_place && !fs_mount_check(p->spec->path, e))
		return false;
	if (!place_enter(p, &rights, e) || !place_attr(p, &attr, e))
		return false;
	if (!p->spec->in_place)
		return fs_stage_probe(p->spec->path, &attr, size, e);
	if (fs_place_reserve(p->spec->path, attr.guarded, size, &why))
		return true;
	if (why.kind == ERR_MISSING)
		return fs_stage_probe(p->spec->path, &attr, size, e);
	*e = why;
	return false;
}
