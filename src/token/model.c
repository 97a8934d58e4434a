/* SPDX-License-Identifier: MIT */
/*
 * What az makes of an answer: known members always there, null when the service left them out,
 * in the order of its SDK, and no others; "properties" flattened; times in Python's form, and as
 * they stand where they are none; and the resource group, cut from the id.
 */

#include "token/model.h"

#include <strings.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "output/format.h"
#include "output/value.h"
#include "token/time.h"

enum form { TEXT, TIME, OBJECT, OBJECTS };
struct model_shape;
/* inner: in "properties" */
struct model_field {
	const char *name;
	enum form form;
	bool inner;
	const struct model_shape *model;
};
struct model_shape {
	const struct model_field *field;
	size_t n;
};
#define MODEL(rows)                                                                                \
	{                                                                                          \
		rows, COUNT(rows)                                                                  \
	}

static const struct model_field system_data_fields[] = {
	{ "createdBy", TEXT, false, NULL },          { "createdByType", TEXT, false, NULL },
	{ "createdAt", TIME, false, NULL },          { "lastModifiedBy", TEXT, false, NULL },
	{ "lastModifiedByType", TEXT, false, NULL }, { "lastModifiedAt", TIME, false, NULL },
};
static const struct model_shape system_data = MODEL(system_data_fields);

static const struct model_field certificate_fields[] = {
	{ "name", TEXT, false, NULL },
	{ "expiry", TIME, false, NULL },
	{ "thumbprint", TEXT, false, NULL },
	{ "encodedPemCertificate", TEXT, false, NULL },
};
static const struct model_shape certificate = MODEL(certificate_fields);

static const struct model_field password_fields[] = {
	{ "creationTime", TIME, false, NULL },
	{ "expiry", TIME, false, NULL },
	{ "name", TEXT, false, NULL },
	{ "value", TEXT, false, NULL },
};
static const struct model_shape password = MODEL(password_fields);

static const struct model_field credentials_fields[] = {
	{ "certificates", OBJECTS, false, &certificate },
	{ "passwords", OBJECTS, false, &password },
};
static const struct model_shape credentials = MODEL(credentials_fields);

static const struct model_field token_fields[] = {
	{ "id", TEXT, false, NULL },          { "name", TEXT, false, NULL },
	{ "type", TEXT, false, NULL },        { "systemData", OBJECT, false, &system_data },
	{ "creationDate", TIME, true, NULL }, { "provisioningState", TEXT, true, NULL },
	{ "scopeMapId", TEXT, true, NULL },   { "credentials", OBJECT, true, &credentials },
	{ "status", TEXT, true, NULL },
};
static const struct model_field generated_fields[] = {
	{ "username", TEXT, false, NULL },
	{ "passwords", OBJECTS, false, &password },
};
static const struct model_shape shapes[] = {
	[TOKEN_SHAPE_TOKEN] = MODEL(token_fields),
	[TOKEN_SHAPE_GENERATED] = MODEL(generated_fields),
};

struct model_reader {
	struct arena *arena;
	struct err *e;
};

static const struct value *read_object(struct model_reader *r, const struct model_shape *m,
                                       const struct value *v);

static const struct value *read_text(struct model_reader *r, const struct value *v)
{
	AUTO_BUF struct buf text = BUF_INIT((size_t)1024 * 1024);

	if (v->type == VALUE_STRING)
		return v;
	cell_write(v, &text);
	return value_text_n(r->arena, buf_cstr(&text), text.len);
}

static const struct value *read_time(struct model_reader *r, const struct value *v)
{
	AUTO_BUF struct buf text = BUF_INIT(100);

	if (v->type == VALUE_STRING && token_isoformat(v->text, &text))
		return value_text_n(r->arena, buf_cstr(&text), text.len);
	return v;
}

static const struct value *read_objects(struct model_reader *r, const struct model_field *f,
                                        const struct value *v)
{
	AUTO_VALUES struct values list = { 0 };

	if (v->type != VALUE_ARRAY) {
		(void)err_set(r->e, ERR_REMOTE,
		              "Azure's answer is not understood: '%s' is not a list", f->name);
		return NULL;
	}
	for (size_t i = 0; i < v->n; i++) {
		const struct value *item = v->item[i]->type == VALUE_NULL
		                                   ? v->item[i]
		                                   : read_object(r, f->model, v->item[i]);
		if (item == NULL)
			return NULL;
		value_list_add(&list, item);
	}
	return value_list_array(r->arena, &list);
}

static const struct value *read_field(struct model_reader *r, const struct model_field *f,
                                      const struct value *v)
{
	if (v == NULL || v->type == VALUE_NULL)
		return &value_null;
	switch (f->form) {
	case TEXT:
		return read_text(r, v);
	case TIME:
		return read_time(r, v);
	case OBJECT:
		return read_object(r, f->model, v);
	case OBJECTS:
		break;
	}
	return read_objects(r, f, v);
}

/* The fifth part of "/subscriptions/S/resourceGroups/G/providers/P/T/N". NULL when the id is of
 * another form. */
static const struct value *group_of(struct arena *a, const struct value *id)
{
	const char *part[9] = { NULL };
	size_t n = 0;

	if (id == NULL || id->type != VALUE_STRING || id->n == 0)
		return NULL;
	for (const char *s = id->text; s != NULL && n < COUNT(part); n++) {
		part[n] = s;
		s = strchr(s, '/');
		s = s == NULL ? NULL : s + 1;
	}
	if (n < COUNT(part) || strncasecmp(part[3], "resourcegroups/", 15) != 0)
		return NULL;
	return value_text_n(a, part[4], strcspn(part[4], "/"));
}

static bool has_inner(const struct model_shape *m)
{
	for (size_t i = 0; i < m->n; i++)
		if (m->field[i].inner)
			return true;
	return false;
}

static bool is_absent(const struct value *v)
{
	return v == NULL || v->type == VALUE_NULL;
}

static const struct value *read_object(struct model_reader *r, const struct model_shape *m,
                                       const struct value *v)
{
	AUTO_MEMBERS struct value_members made = { 0 };
	const struct value *inner = has_inner(m) ? value_get(v, "properties") : NULL;
	/* Where there is nothing to flatten, az shows that in its place. */
	bool whole = has_inner(m) && is_absent(inner);

	if (v->type != VALUE_OBJECT ||
	    (inner != NULL && inner->type != VALUE_NULL && inner->type != VALUE_OBJECT)) {
		(void)err_set(r->e, ERR_REMOTE,
		              "Azure's answer is not understood: an object expected");
		return NULL;
	}
	for (size_t i = 0; i < m->n; i++) {
		const struct model_field *f = &m->field[i];
		if (f->inner && whole)
			continue;
		const struct value *from = f->inner ? inner : v,
				   *one = read_field(
					   r, f, from == NULL ? NULL : value_get(from, f->name));
		if (one == NULL)
			return NULL;
		value_members_put(&made, f->name, one);
	}
	if (whole)
		value_members_put(&made, "properties", &value_null);
	/* Every object with an id gets its resource group; az looks no further than at the id's
	 * form. */
	const struct value *group = group_of(r->arena, value_members_get(&made, "id"));
	if (group != NULL)
		value_members_put(&made, "resourceGroup", group);
	return value_members_object(r->arena, &made, false);
}

bool token_model_value(struct arena *a, enum token_shape shape, const struct value *v,
                       const struct value **out, struct err *e)
{
	struct model_reader r = { .arena = a, .e = e };
	const struct value *made = read_object(&r, &shapes[shape], v);

	if (made == NULL)
		return false;
	*out = made;
	return true;
}

bool token_model(struct arena *a, enum token_shape shape, const char *body, size_t len,
                 const struct value **out, struct err *e)
{
	const struct value *v;

	if (len == 0) {
		*out = NULL;
		return true;
	}
	if (!value_from_json(a, body, len, &v, e))
		return err_in(e, "Azure's answer");
	if (v->type == VALUE_NULL) {
		*out = NULL;
		return true;
	}
	return token_model_value(a, shape, v, out, e);
}
