/* SPDX-License-Identifier: MIT */
/*
 * PyYAML's safe_dump in block style, with its state machine of column, whitespace and indention
 * kept, for where lines are folded depends on all three.
 */
#include "output/yaml.h"

#include <stdio.h>

#include "base/buf.h"
#include "base/mem.h"
#include "output/format.h"

#define SIMPLE_KEY_MAX 128
/* repr() of a float, with the dot that YAML 1.1 wants before an exponent. */
static void number_text(const struct value *v, struct buf *out)
{
	value_write_number(v, out);
	char *s = out->data, *e = v->number.kind == NUMBER_REAL ? strpbrk(s, "eE") : NULL;
	if (strcmp(s, "NaN") == 0 || strcmp(s, "Infinity") == 0 || strcmp(s, "-Infinity") == 0) {
		const char *name = *s == 'N' ? ".nan" : *s == 'I' ? ".inf" : "-.inf";
		buf_reset(out);
		buf_str(out, name);
	} else if (e != NULL && strchr(s, '.') == NULL) {
		AUTO_FREE char *whole = mem_dup_n(s, (size_t)(e - s)), *power = mem_dup(e);
		buf_reset(out);
		buf_fmt(out, "%s.0%s", whole, power);
	}
}
/* ---- nodes */

/* Where v is in the hash, or would be. The table is never full. */
static struct yaml_seen *find_seen(const struct yaml_emitter *y, const struct value *v)
{
	size_t i = ((uintptr_t)v >> 4) * 11400714819323198485u % y->cap_seen;

	while (y->seen[i].value != NULL && y->seen[i].value != v)
		i = (i + 1) % y->cap_seen;
	return &y->seen[i];
}

static void remember(struct yaml_emitter *y, const struct value *v)
{
	if (2 * (y->n_seen + 1) > y->cap_seen) {
		struct yaml_emitter larger = { .cap_seen =
			                               y->cap_seen == 0 ? 64 : 2 * y->cap_seen };
		larger.seen = mem_array(larger.cap_seen, sizeof(*larger.seen));
		for (size_t i = 0; y->seen != NULL && i < y->cap_seen; i++)
			if (y->seen[i].value != NULL)
				*find_seen(&larger, y->seen[i].value) = y->seen[i];
		mem_free_ptr(&y->seen);
		y->seen = larger.seen;
		y->cap_seen = larger.cap_seen;
	}
	*find_seen(y, v) = (struct yaml_seen){ v, 0 };
	y->n_seen++;
}

/* Ids are given in the order in which collections are met for the second time. */
static void find_aliases(struct yaml_emitter *y, const struct value *v)
{
	if (v->type != VALUE_ARRAY && v->type != VALUE_OBJECT)
		return;
	struct yaml_seen *s = y->seen == NULL ? NULL : find_seen(y, v);
	if (s != NULL && s->value != NULL) {
		s->id = s->id == 0 ? ++y->ids : s->id;
		return;
	}
	remember(y, v);
	if (v->type == VALUE_ARRAY) {
		for (size_t i = 0; i < v->n; i++)
			find_aliases(y, v->item[i]);
	} else {
		AUTO_FREE const struct value_member **m = json_members_sorted(v);
		for (size_t i = 0; i < v->n; i++)
			find_aliases(y, m[i]->value);
	}
}

/* az turns a result with an object of the query's own making into JSON and back first, which
 * forgets what was shared. */
static bool has_chosen(const struct value *v)
{
	if (v->type == VALUE_ARRAY) {
		for (size_t i = 0; i < v->n; i++)
			if (has_chosen(v->item[i]))
				return true;
	} else if (v->type == VALUE_OBJECT) {
		for (size_t i = 0; i < v->n && !v->chosen; i++)
			if (has_chosen(v->member[i].value))
				return true;
		return v->chosen;
	}
	return false;
}

/* True when an alias stands for the whole node. The first time, the anchor is written and
 * forgotten as "written" (negative). */
static bool write_alias(struct yaml_emitter *y, const struct value *v)
{
	struct yaml_seen *s = y->seen == NULL ? NULL : find_seen(y, v);
	char name[24];

	if (s == NULL || s->id == 0)
		return false;
	bool again = s->id < 0;
	(void)snprintf(name, sizeof(name), "%cid%03d", again ? '*' : '&', again ? -s->id : s->id);
	yaml_indicator(y, name, true, false, false);
	s->id = again ? s->id : -s->id;
	return again;
}

static void node(struct yaml_emitter *y, const struct value *v, enum yaml_place place);

static void sequence(struct yaml_emitter *y, const struct value *v, enum yaml_place place)
{
	int outer = y->indent;

	y->indent = yaml_deeper(y, false, place == YAML_IN_VALUE && !y->indention);
	for (size_t i = 0; i < v->n && buf_ok(y->out); i++) {
		yaml_new_line(y);
		yaml_indicator(y, "-", true, false, true);
		node(y, v->item[i], YAML_IN_SEQUENCE);
	}
	y->indent = outer;
}

static bool simple_key(const char *key)
{
	size_t n = strlen(key);

	if (yaml_is_word(key, n))
		return n + strlen("!!str") < SIMPLE_KEY_MAX;
	uint32_t *points = points_of(key, strlen(key), &n);
	struct yaml_look look = yaml_look(points, n);

	mem_wiping_free(points);
	/* PyYAML counts the tag it will not write. */
	return n + strlen("!!str") < SIMPLE_KEY_MAX && !look.empty && !look.multiline;
}

static void mapping(struct yaml_emitter *y, const struct value *v)
{
	AUTO_FREE const struct value_member **m = json_members_sorted(v);
	int outer = y->indent;

	y->indent = yaml_deeper(y, false, false);
	for (size_t i = 0; i < v->n && buf_ok(y->out); i++) {
		bool simple = simple_key(m[i]->key);
		yaml_new_line(y);
		if (!simple)
			yaml_indicator(y, "?", true, false, true);
		yaml_text(y, m[i]->key, strlen(m[i]->key), true,
		          simple ? YAML_IN_KEY : YAML_IN_VALUE);
		if (!simple)
			yaml_new_line(y);
		yaml_indicator(y, ":", !simple, false, !simple);
		node(y, m[i]->value, YAML_IN_VALUE);
	}
	y->indent = outer;
}

static void node(struct yaml_emitter *y, const struct value *v, enum yaml_place place)
{
	AUTO_BUF struct buf number = BUF_INIT(400);

	switch (v->type) {
	case VALUE_STRING:
		yaml_text(y, v->text, v->n, true, place);
		break;
	case VALUE_NUMBER:
		number_text(v, &number);
		yaml_text(y, buf_cstr(&number), number.len, false, place);
		break;
	case VALUE_TRUE:
		yaml_text(y, "true", 4, false, place);
		break;
	case VALUE_FALSE:
		yaml_text(y, "false", 5, false, place);
		break;
	case VALUE_ARRAY:
	case VALUE_OBJECT:
		if (write_alias(y, v))
			break;
		if (v->n == 0)
			yaml_indicator(y, v->type == VALUE_ARRAY ? "[]" : "{}", true, false, false);
		else if (v->type == VALUE_ARRAY)
			sequence(y, v, place);
		else
			mapping(y, v);
		break;
	default:
		yaml_text(y, "null", 4, false, place);
	}
}

void yaml_write(const struct value *v, struct buf *out)
{
	struct yaml_emitter y = { .out = out, .indent = -1, .whitespace = true, .indention = true };

	y.types = yaml_types_new();
	if (!has_chosen(v))
		find_aliases(&y, v);
	node(&y, v, YAML_IN_ROOT);
	yaml_new_line(&y);
	if (y.open_ended) {
		yaml_indicator(&y, "...", true, false, false);
		yaml_new_line(&y);
	}
	mem_free_ptr(&y.seen);
	yaml_types_free(y.types);
}

/* ---- a list whose items come one by one ------------------------------------------------------ */

struct yaml_list {
	struct yaml_emitter y;
	size_t n;
};

static void *open_list(const struct format_request *rq, struct arena *a, struct buf *out)
{
	struct yaml_list *l = mem_new(sizeof(*l));

	(void)rq;
	(void)a;
	l->y = (struct yaml_emitter){
		.out = out, .indent = -1, .whitespace = true, .indention = true
	};
	l->y.types = yaml_types_new();
	l->y.indent = yaml_deeper(&l->y, false, false);
	return l;
}

/* Nothing is shared between items: each has come by itself. */
static void forget_aliases(struct yaml_emitter *y)
{
	if (y->seen != NULL)
		memset(y->seen, 0, y->cap_seen * sizeof(*y->seen));
	y->n_seen = 0;
}

static void add_item(void *list, struct arena *scratch, const struct value *item)
{
	struct yaml_list *l = list;

	(void)scratch;
	l->n++;
	forget_aliases(&l->y);
	find_aliases(&l->y, item);
	yaml_new_line(&l->y);
	yaml_indicator(&l->y, "-", true, false, true);
	node(&l->y, item, YAML_IN_SEQUENCE);
}

static bool close_list(void *list, struct err *e)
{
	struct yaml_list *l = list;

	(void)e;
	l->y.indent = -1;
	if (l->n == 0)
		yaml_indicator(&l->y, "[]", true, false, false);
	yaml_new_line(&l->y);
	mem_free_ptr(&l->y.seen);
	yaml_types_free(l->y.types);
	mem_free_ptr(&l);
	return true;
}

const struct format_stream yaml_stream = { open_list, add_item, close_list };
