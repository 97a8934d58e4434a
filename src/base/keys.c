/* SPDX-License-Identifier: MIT */
#include "base/keys.h"

#include <stdlib.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/nearest.h"
#include "base/str.h"

#define COUNT_MAX 1000
#define MODE_MAX  0777
#define LIST_MAX  1000 /* items of one repeatable key: az takes far fewer in one scope map */

static void *member(const struct key *row, void *spec)
{
	return (char *)spec + row->offset;
}

static const void *member_const(const struct key *row, const void *spec)
{
	return (const char *)spec + row->offset;
}

static bool is_text(enum key_type t)
{
	return t == KEY_TEXT || t == KEY_PATH || t == KEY_FILE || t == KEY_OWNER || t == KEY_CHOICE;
}

static bool set_text(void *to, const char *value)
{
	char **text = to;

	free(*text);
	*text = mem_dup(value);
	return true;
}

static bool set_path(const struct key *row, void *to, const char *value, struct err *e)
{
	if (value[0] != '/')
		return err_set(e, ERR_CONFIG, "'%s' takes an absolute path, not '%s'%s", row->name,
		               value,
		               value[0] == '~' ? "; '%h' stands for the home directory" : "");
	return set_text(to, value);
}

static bool set_bool(const struct key *row, void *to, const char *value, struct err *e)
{
	bool yes = strcmp(value, "yes") == 0;

	if (!yes && strcmp(value, "no") != 0)
		return err_set(e, ERR_CONFIG, "'%s' takes 'yes' or 'no', not '%s'", row->name,
		               value);
	*(bool *)to = yes;
	return true;
}

static bool set_duration(const struct key *row, void *to, const char *value, struct err *e)
{
	int64_t seconds;

	if (!str_duration(value, &seconds))
		return err_set(e, ERR_CONFIG,
		               "'%s' takes a duration like '90m', '30d' or '1d 12h', not '%s'",
		               row->name, value);
	if (seconds == 0)
		return err_set(e, ERR_CONFIG, "'%s' must be longer than zero", row->name);
	*(int64_t *)to = seconds;
	return true;
}

static bool set_mode(const struct key *row, void *to, const char *value, struct err *e)
{
	size_t n = strlen(value);
	int mode = 0;

	if ((n != 3 && n != 4) || strspn(value, "01234567") != n)
		return err_set(e, ERR_CONFIG,
		               "'%s' takes permission bits in octal like '0640', not '%s'",
		               row->name, value);
	for (size_t i = 0; i < n; i++)
		mode = mode * 8 + (value[i] - '0');
	if (mode > MODE_MAX)
		return err_set(e, ERR_CONFIG, "'%s' takes no set-id or sticky bits: '%s'",
		               row->name, value);
	*(int *)to = mode;
	return true;
}

/* user or user:group. Whether they exist is asked by whoever uses them: not every command needs
 * to know. */
static bool set_owner(const struct key *row, void *to, const char *value, struct err *e)
{
	size_t user = strcspn(value, ":");
	const char *group = value + user;

	if (user == 0 || (*group == ':' && (group[1] == '\0' || strchr(group + 1, ':') != NULL)) ||
	    strpbrk(value, " \t/") != NULL)
		return err_set(e, ERR_CONFIG, "'%s' takes 'user' or 'user:group', not '%s'",
		               row->name, value);
	return set_text(to, value);
}

static bool set_count(const struct key *row, void *to, const char *value, struct err *e)
{
	int64_t n;

	if (!str_int(value, 1, COUNT_MAX, &n))
		return err_set(e, ERR_CONFIG, "'%s' takes a whole number from 1 to %d, not '%s'",
		               row->name, COUNT_MAX, value);
	*(int64_t *)to = n;
	return true;
}

/* Is `value` one of "a|b|c"? */
static bool is_choice(const char *choices, const char *value)
{
	size_t n = strlen(value);

	for (const char *c = choices; n > 0; c++) {
		size_t len = strcspn(c, "|");
		if (len == n && memcmp(c, value, n) == 0)
			return true;
		c += len;
		if (*c == '\0')
			break;
	}
	return false;
}

static bool set_choice(const struct key *row, void *to, const char *value, struct err *e)
{
	if (strchr(value, '|') != NULL || !is_choice(row->choices, value))
		return err_set(e, ERR_CONFIG, "'%s' takes one of %s, not '%s'", row->name,
		               row->choices, value);
	return set_text(to, value);
}

static bool add_item(const struct key *row, void *to, const char *value, struct err *e)
{
	struct key_list *list = to;
	size_t capacity = list->n;

	if (list->n == LIST_MAX)
		return err_set(e, ERR_CONFIG, "'%s' is repeated more than %d times", row->name,
		               LIST_MAX);
	/* Exact growth: lists are short, and the spec has no room for a capacity. */
	list->item = mem_grow(list->item, &capacity, list->n + 1, sizeof(*list->item));
	list->item[list->n++] = mem_dup(value);
	return true;
}

static bool set_value(const struct key *row, void *to, const char *value, struct err *e)
{
	if (value[0] == '\0')
		return err_set(e, ERR_CONFIG, "'%s' has no value", row->name);
	switch (row->type) {
	case KEY_TEXT:
	case KEY_FILE:
		return set_text(to, value);
	case KEY_PATH:
		return set_path(row, to, value, e);
	case KEY_BOOL:
		return set_bool(row, to, value, e);
	case KEY_DURATION:
		return set_duration(row, to, value, e);
	case KEY_MODE:
		return set_mode(row, to, value, e);
	case KEY_OWNER:
		return set_owner(row, to, value, e);
	case KEY_COUNT:
		return set_count(row, to, value, e);
	case KEY_CHOICE:
		return set_choice(row, to, value, e);
	case KEY_LIST:
		return add_item(row, to, value, e);
	}
	return err_set(e, ERR_CONFIG, "'%s' has an unknown type", row->name);
}

const struct key *keys_find(const struct key *rows, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(rows[i].name, name) == 0)
			return &rows[i];
	return NULL;
}

static const char *suggest(const struct key *rows, size_t n, const char *name)
{
	struct nearest near = nearest_to(name);

	for (size_t i = 0; i < n; i++)
		nearest_try(&near, rows[i].name);
	return near.best;
}

bool keys_set(const struct key *rows, size_t n, bool *seen, void *spec, const char *name,
              const char *value, struct err *e)
{
	const struct key *row = keys_find(rows, n, name);

	if (row == NULL) {
		const char *near = suggest(rows, n, name);
		return near != NULL ? err_set(e, ERR_CONFIG, "unknown key '%s'; did you mean '%s'?",
		                              name, near)
		                    : err_set(e, ERR_CONFIG, "unknown key '%s'", name);
	}
	if (seen[row - rows] && row->type != KEY_LIST)
		return err_set(e, ERR_CONFIG, "'%s' is set twice", name);
	if (!set_value(row, member(row, spec), value, e))
		return false;
	seen[row - rows] = true;
	return true;
}

bool keys_finish(const struct key *rows, size_t n, const bool *seen, void *spec, struct err *e)
{
	for (size_t i = 0; i < n; i++) {
		if (seen[i])
			continue;
		if (rows[i].required)
			return err_set(e, ERR_CONFIG, "'%s' is missing", rows[i].name);
		if (rows[i].fallback != NULL) {
			if (!set_value(&rows[i], member(&rows[i], spec), rows[i].fallback, e))
				return false;
		} else if (rows[i].type == KEY_MODE) {
			*(int *)member(&rows[i], spec) = -1;
		}
	}
	return true;
}

void keys_list_clear(struct key_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		free(list->item[i]);
	free(list->item);
	*list = (struct key_list){ 0 };
}

static void release(const struct key *row, void *spec)
{
	void *m = member(row, spec);

	if (is_text(row->type)) {
		free(*(char **)m);
		*(char **)m = NULL;
	} else if (row->type == KEY_LIST) {
		keys_list_clear(m);
	} else if (row->type == KEY_BOOL) {
		*(bool *)m = false;
	} else if (row->type == KEY_MODE) {
		*(int *)m = 0;
	} else {
		*(int64_t *)m = 0;
	}
}

void keys_release(const struct key *rows, size_t n, void *spec)
{
	if (spec == NULL)
		return;
	for (size_t i = 0; i < n; i++)
		release(&rows[i], spec);
}

static void copy_list(struct key_list *to, const struct key_list *from)
{
	if (from->n == 0)
		return;
	to->item = mem_array(from->n, sizeof(*to->item));
	to->n = from->n;
	for (size_t i = 0; i < from->n; i++)
		to->item[i] = mem_dup(from->item[i]);
}

void keys_copy(const struct key *row, void *to, const void *from)
{
	const void *source = member_const(row, from);
	void *target = member(row, to);

	release(row, to);
	if (is_text(row->type))
		*(char **)target = mem_dup(*(char *const *)source);
	else if (row->type == KEY_LIST)
		copy_list(target, source);
	else if (row->type == KEY_BOOL)
		*(bool *)target = *(const bool *)source;
	else if (row->type == KEY_MODE)
		*(int *)target = *(const int *)source;
	else
		*(int64_t *)target = *(const int64_t *)source;
}

const char *keys_type_name(const struct key *row)
{
	static const char *const names[] = {
		[KEY_TEXT] = "text",
		[KEY_PATH] = "absolute path",
		[KEY_FILE] = "file",
		[KEY_BOOL] = "yes|no",
		[KEY_DURATION] = "duration",
		[KEY_MODE] = "octal mode",
		[KEY_OWNER] = "user[:group]",
		[KEY_COUNT] = "1..1000",
		[KEY_LIST] = "text, repeatable",
	};

	return row->type == KEY_CHOICE ? row->choices : names[row->type];
}
