/* SPDX-License-Identifier: MIT */
/* Columns of tables: what az itself puts together as text. */

#include "token/rows.h"

#include "base/buf.h"
#include "base/mem.h"
#include "output/format.h"
#include "output/value.h"
#include "token/time.h"

#define CELL_MAX ((size_t)64 * 1024)

/* Text of a member; a blank where there is none, or nothing in it. */
static const struct value *cell(struct arena *a, const struct value *v, const char *name)
{
	AUTO_BUF struct buf text = BUF_INIT(CELL_MAX);
	const struct value *m = value_get(v, name);

	if (m != NULL && m->type != VALUE_NULL && m->type != VALUE_FALSE)
		cell_write(m, &text);
	return value_text(a, text.len == 0 ? " " : buf_cstr(&text));
}

/* "Enabled" of "enabled": every word, as Python's title(). */
static const struct value *title(struct arena *a, const struct value *v)
{
	AUTO_FREE char *copy = mem_dup(v->text);
	bool inside = false;

	for (char *c = copy; *c != '\0'; c++) {
		bool upper = *c >= 'A' && *c <= 'Z', lower = *c >= 'a' && *c <= 'z';
		if (upper && inside)
			*c = (char)(*c - 'A' + 'a');
		else if (lower && !inside)
			*c = (char)(*c - 'a' + 'A');
		inside = upper || lower;
	}
	return value_text(a, copy);
}

/* The local fields of a time, to the second, and a Z that az puts there whatever the zone. Its
 * strftime() does not fill up a year. */
static const struct value *date(struct arena *a, const struct value *v)
{
	AUTO_BUF struct buf whole = BUF_INIT(100);

	if (!token_isoformat(v->text, &whole))
		return v;
	const char *local = buf_cstr(&whole);
	size_t zeros = strspn(local, "0");
	AUTO_FREE char *text =
		mem_fmt("%.*sZ", (int)(strlen("2030-01-01T00:00:00") - zeros), local + zeros);
	return value_text(a, text);
}

static const struct value *expiry(struct arena *a, const struct value *password)
{
	const struct value *v = cell(a, password, "expiry");

	return strcmp(v->text, " ") == 0 ? value_text(a, "Never") : date(a, v);
}

/* "PASSWORD1" and, with a tail, "PASSWORD1 EXPIRY". */
static const char *column(struct arena *a, const struct value *password, const char *tail)
{
	AUTO_FREE char *name = mem_fmt("%s%s", cell(a, password, "name")->text, tail);

	for (char *c = name; *c != '\0'; c++)
		if (*c >= 'a' && *c <= 'z')
			*c = (char)(*c - 'a' + 'A');
	return value_text(a, name)->text;
}

static const struct value *passwords_of(const struct value *v)
{
	const struct value *list = v == NULL ? NULL : value_get(v, "passwords");

	return list != NULL && list->type == VALUE_ARRAY ? list : NULL;
}

static bool has_member(const struct value_members *m, const char *key)
{
	for (size_t i = 0; i < m->n; i++)
		if (strcmp(m->item[i].key, key) == 0)
			return true;
	return false;
}

const struct value *token_row(struct arena *a, const struct value *token)
{
	AUTO_MEMBERS struct value_members m = { 0 };
	const char *map = cell(a, token, "scopeMapId")->text, *slash = strrchr(map, '/');
	const struct value *list = passwords_of(value_get(token, "credentials"));

	value_members_put(&m, "NAME", cell(a, token, "name"));
	value_members_put(&m, "SCOPE MAP", value_text(a, slash == NULL ? map : slash + 1));
	value_members_put(&m, "PASSWORD1 EXPIRY", value_text(a, ""));
	value_members_put(&m, "PASSWORD2 EXPIRY", value_text(a, ""));
	value_members_put(&m, "STATUS", title(a, cell(a, token, "status")));
	value_members_put(&m, "PROVISIONING STATE", cell(a, token, "provisioningState"));
	value_members_put(&m, "CREATION DATE", date(a, cell(a, token, "creationDate")));
	for (size_t i = 0; list != NULL && i < list->n; i++) {
		const char *name = column(a, list->item[i], " EXPIRY");
		if (has_member(&m, name))
			value_members_put(&m, name, expiry(a, list->item[i]));
	}
	return value_members_object(a, &m, true);
}

const struct value *token_generated_row(struct arena *a, const struct value *generated)
{
	AUTO_MEMBERS struct value_members m = { 0 };
	const struct value *list = passwords_of(generated);

	value_members_put(&m, "USERNAME", cell(a, generated, "username"));
	for (size_t i = 0; list != NULL && i < list->n; i++) {
		value_members_put(&m, column(a, list->item[i], ""),
		                  cell(a, list->item[i], "value"));
		value_members_put(&m, column(a, list->item[i], " EXPIRY"),
		                  expiry(a, list->item[i]));
	}
	return value_members_object(a, &m, true);
}
