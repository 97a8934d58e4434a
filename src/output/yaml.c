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

#define BEST_INDENT    2
#define BEST_WIDTH     80
#define SIMPLE_KEY_MAX 128

struct yaml_seen {
	const struct value *value;
	int id;
}; /* id 0: seen once */

struct emitter {
	struct buf *out;
	size_t column;
	int indent; /* -1: outside of everything */
	bool whitespace, indention, open_ended;
	/* a hash of collections, for aliases; NULL when there are none */
	struct yaml_seen *seen;
	size_t n_seen, cap_seen;
	int ids;
	struct yaml_types *types;
};

enum place { IN_ROOT, IN_SEQUENCE, IN_VALUE, IN_KEY /* on one line */ };

static void put(struct emitter *y, const char *s)
{
	buf_str(y->out, s);
	y->column += strlen(s);
}

static void indicator(struct emitter *y, const char *s, bool need_whitespace, bool whitespace,
                      bool indention)
{
	if (!y->whitespace && need_whitespace)
		put(y, " ");
	put(y, s);
	y->whitespace = whitespace;
	y->indention = y->indention && indention;
	y->open_ended = false;
}

static void line_break(struct emitter *y, uint32_t c)
{
	points_write(c, y->out);
	y->whitespace = y->indention = true;
	y->column = 0;
}

static void new_line(struct emitter *y)
{
	size_t indent = y->indent < 0 ? 0 : (size_t)y->indent;

	if (!y->indention || y->column > indent || (y->column == indent && !y->whitespace))
		line_break(y, '\n');
	if (y->column < indent) {
		y->whitespace = true;
		buf_blanks(y->out, indent - y->column);
		y->column = indent;
	}
}

static int deeper(const struct emitter *y, bool flow, bool indentless)
{
	if (y->indent < 0)
		return flow ? BEST_INDENT : 0;
	return indentless ? y->indent : y->indent + BEST_INDENT;
}

/* ---- text */

struct text {
	const uint32_t *p;
	size_t n;
	bool split;
};

static void put_points(struct emitter *y, const struct text *t, size_t start, size_t end)
{
	for (size_t i = start; i < end; i++)
		points_write(t->p[i], y->out);
	y->column += end - start;
}

/* The end of the run that starts at i: of spaces, of breaks, or of neither. */
static size_t run_end(const struct text *t, size_t i)
{
	size_t end = i;

	if (t->p[i] == ' ') {
		while (end < t->n && t->p[end] == ' ')
			end++;
	} else if (yaml_is_break(t->p[i])) {
		while (end < t->n && yaml_is_break(t->p[end]))
			end++;
	} else {
		while (end < t->n && t->p[end] != ' ' && !yaml_is_break(t->p[end]))
			end++;
	}
	return end;
}

static void put_breaks(struct emitter *y, const struct text *t, size_t start, size_t end)
{
	if (t->p[start] == '\n')
		line_break(y, '\n');
	for (size_t i = start; i < end; i++)
		line_break(y, t->p[i]);
	new_line(y);
}

/* Plain and single quoted text is folded at single spaces past the width; never at its ends. */
static void fold(struct emitter *y, const struct text *t, bool quoted)
{
	for (size_t i = 0, end; i < t->n; i = end) {
		end = run_end(t, i);
		if (yaml_is_break(t->p[i])) {
			put_breaks(y, t, i, end);
		} else if (t->p[i] != ' ') {
			for (size_t k = i; k < end; k++) {
				put_points(y, t, k, k + 1);
				if (quoted && t->p[k] == '\'')
					put(y, "'");
			}
		} else if (end - i == 1 && y->column > BEST_WIDTH && t->split && i > 0 &&
		           end < t->n) {
			new_line(y);
			if (!quoted)
				y->whitespace = y->indention = false;
		} else {
			put_points(y, t, i, end);
		}
	}
}

static void write_plain(struct emitter *y, const struct text *t, enum place place)
{
	if (place == IN_ROOT)
		y->open_ended = true;
	if (!y->whitespace)
		put(y, " ");
	y->whitespace = y->indention = false;
	fold(y, t, false);
}

static void write_single(struct emitter *y, const struct text *t)
{
	indicator(y, "'", true, false, false);
	fold(y, t, true);
	indicator(y, "'", false, false, false);
}

static void put_escape(struct emitter *y, uint32_t c)
{
	static const struct {
		uint32_t c;
		char name;
	} named[] = {
		{ 0, '0' },     { 7, 'a' },    { 8, 'b' },    { 9, 't' },      { 10, 'n' },
		{ 11, 'v' },    { 12, 'f' },   { 13, 'r' },   { 27, 'e' },     { '"', '"' },
		{ '\\', '\\' }, { 0x85, 'N' }, { 0xa0, '_' }, { 0x2028, 'L' }, { 0x2029, 'P' },
	};
	char text[16];

	for (size_t i = 0; i < COUNT(named); i++) {
		if (named[i].c == c) {
			(void)snprintf(text, sizeof(text), "\\%c", named[i].name);
			put(y, text);
			return;
		}
	}
	(void)snprintf(text, sizeof(text),
	               c <= 0xff     ? "\\x%02X"
	               : c <= 0xffff ? "\\u%04X"
	                             : "\\U%08X",
	               c);
	put(y, text);
}

static void write_double(struct emitter *y, const struct text *t)
{
	size_t start = 0;

	indicator(y, "\"", true, false, false);
	for (size_t end = 0; end <= t->n; end++) {
		bool at_end = end == t->n;
		bool escape = !at_end && (t->p[end] == '"' || t->p[end] == '\\' ||
		                          yaml_is_break(t->p[end]) || !yaml_printable(t->p[end]));
		if (at_end || escape) {
			put_points(y, t, start, end);
			start = end;
		}
		if (escape) {
			put_escape(y, t->p[end]);
			start = end + 1;
		}
		if (end > 0 && end + 1 < t->n && (t->p[end] == ' ' || start >= end) && t->split &&
		    y->column + end - start > BEST_WIDTH) {
			if (start < end) {
				put_points(y, t, start, end);
				start = end;
			}
			put(y, "\\");
			new_line(y);
			y->whitespace = y->indention = false;
			if (t->p[start] == ' ')
				put(y, "\\");
		}
	}
	indicator(y, "\"", false, false, false);
}

/* Visible ASCII without a blank: nothing in it folds, and few of its characters mean anything. */
static bool is_word(const char *s, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		if (s[i] <= ' ' || s[i] > '~')
			return false;
	return bytes > 0;
}

/* What yaml_look() says of a word. */
static bool word_is_plain(const char *s, size_t bytes)
{
	bool marks = bytes >= 3 && (s[0] == '-' || s[0] == '.') && s[1] == s[0] && s[2] == s[0];
	bool alone = bytes == 1 && strchr("?:-", s[0]) != NULL;

	return !marks && !alone && strchr("#,[]{}&*!|>'\"%@`", s[0]) == NULL && s[bytes - 1] != ':';
}

static void put_bytes(struct emitter *y, const char *s, size_t n)
{
	buf_add(y->out, s, n);
	y->column += n;
}

static void write_word(struct emitter *y, const char *s, size_t bytes, bool plain, enum place place)
{
	if (plain) {
		y->open_ended = y->open_ended || place == IN_ROOT;
		if (!y->whitespace)
			put(y, " ");
		y->whitespace = y->indention = false;
		put_bytes(y, s, bytes);
		return;
	}
	indicator(y, "'", true, false, false);
	for (const char *quote; (quote = memchr(s, '\'', bytes)) != NULL;) {
		put_bytes(y, s, (size_t)(quote - s) + 1);
		put(y, "'");
		bytes -= (size_t)(quote - s) + 1;
		s = quote + 1;
	}
	put_bytes(y, s, bytes);
	indicator(y, "'", false, false, false);
}

static void write_text(struct emitter *y, const char *s, size_t bytes, bool as_text,
                       enum place place)
{
	if (is_word(s, bytes)) {
		bool plain = word_is_plain(s, bytes) && !(as_text && yaml_typed(y->types, s));
		write_word(y, s, bytes, plain, place);
		return;
	}
	struct text t = { .split = place != IN_KEY };
	uint32_t *points = points_of(s, bytes, &t.n);
	struct yaml_look look = yaml_look(points, t.n);
	bool key = place == IN_KEY;
	int outer = y->indent;

	t.p = points;
	y->indent = deeper(y, true, false);
	if (look.plain && !(as_text && yaml_typed(y->types, s)) &&
	    !(key && (look.empty || look.multiline)))
		write_plain(y, &t, place);
	else if (look.single && !(key && look.multiline))
		write_single(y, &t);
	else
		write_double(y, &t);
	y->indent = outer;
	mem_wiping_free(points);
}

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
static struct yaml_seen *find_seen(const struct emitter *y, const struct value *v)
{
	size_t i = ((uintptr_t)v >> 4) * 11400714819323198485u % y->cap_seen;

	while (y->seen[i].value != NULL && y->seen[i].value != v)
		i = (i + 1) % y->cap_seen;
	return &y->seen[i];
}

static void remember(struct emitter *y, const struct value *v)
{
	if (2 * (y->n_seen + 1) > y->cap_seen) {
		struct emitter larger = { .cap_seen = y->cap_seen == 0 ? 64 : 2 * y->cap_seen };
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
static void find_aliases(struct emitter *y, const struct value *v)
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
static bool write_alias(struct emitter *y, const struct value *v)
{
	struct yaml_seen *s = y->seen == NULL ? NULL : find_seen(y, v);
	char name[24];

	if (s == NULL || s->id == 0)
		return false;
	bool again = s->id < 0;
	(void)snprintf(name, sizeof(name), "%cid%03d", again ? '*' : '&', again ? -s->id : s->id);
	indicator(y, name, true, false, false);
	s->id = again ? s->id : -s->id;
	return again;
}

static void node(struct emitter *y, const struct value *v, enum place place);

static void sequence(struct emitter *y, const struct value *v, enum place place)
{
	int outer = y->indent;

	y->indent = deeper(y, false, place == IN_VALUE && !y->indention);
	for (size_t i = 0; i < v->n && buf_ok(y->out); i++) {
		new_line(y);
		indicator(y, "-", true, false, true);
		node(y, v->item[i], IN_SEQUENCE);
	}
	y->indent = outer;
}

static bool simple_key(const char *key)
{
	size_t n = strlen(key);

	if (is_word(key, n))
		return n + strlen("!!str") < SIMPLE_KEY_MAX;
	uint32_t *points = points_of(key, strlen(key), &n);
	struct yaml_look look = yaml_look(points, n);

	mem_wiping_free(points);
	/* PyYAML counts the tag it will not write. */
	return n + strlen("!!str") < SIMPLE_KEY_MAX && !look.empty && !look.multiline;
}

static void mapping(struct emitter *y, const struct value *v)
{
	AUTO_FREE const struct value_member **m = json_members_sorted(v);
	int outer = y->indent;

	y->indent = deeper(y, false, false);
	for (size_t i = 0; i < v->n && buf_ok(y->out); i++) {
		bool simple = simple_key(m[i]->key);
		new_line(y);
		if (!simple)
			indicator(y, "?", true, false, true);
		write_text(y, m[i]->key, strlen(m[i]->key), true, simple ? IN_KEY : IN_VALUE);
		if (!simple)
			new_line(y);
		indicator(y, ":", !simple, false, !simple);
		node(y, m[i]->value, IN_VALUE);
	}
	y->indent = outer;
}

static void node(struct emitter *y, const struct value *v, enum place place)
{
	AUTO_BUF struct buf number = BUF_INIT(400);

	switch (v->type) {
	case VALUE_STRING:
		write_text(y, v->text, v->n, true, place);
		break;
	case VALUE_NUMBER:
		number_text(v, &number);
		write_text(y, buf_cstr(&number), number.len, false, place);
		break;
	case VALUE_TRUE:
		write_text(y, "true", 4, false, place);
		break;
	case VALUE_FALSE:
		write_text(y, "false", 5, false, place);
		break;
	case VALUE_ARRAY:
	case VALUE_OBJECT:
		if (write_alias(y, v))
			break;
		if (v->n == 0)
			indicator(y, v->type == VALUE_ARRAY ? "[]" : "{}", true, false, false);
		else if (v->type == VALUE_ARRAY)
			sequence(y, v, place);
		else
			mapping(y, v);
		break;
	default:
		write_text(y, "null", 4, false, place);
	}
}

void yaml_write(const struct value *v, struct buf *out)
{
	struct emitter y = { .out = out, .indent = -1, .whitespace = true, .indention = true };

	y.types = yaml_types_new();
	if (!has_chosen(v))
		find_aliases(&y, v);
	node(&y, v, IN_ROOT);
	new_line(&y);
	if (y.open_ended) {
		indicator(&y, "...", true, false, false);
		new_line(&y);
	}
	mem_free_ptr(&y.seen);
	yaml_types_free(y.types);
}

/* ---- a list whose items come one by one ------------------------------------------------------ */

struct yaml_list {
	struct emitter y;
	size_t n;
};

static void *open_list(const struct format_request *rq, struct arena *a, struct buf *out)
{
	struct yaml_list *l = mem_new(sizeof(*l));

	(void)rq;
	(void)a;
	l->y = (struct emitter){ .out = out, .indent = -1, .whitespace = true, .indention = true };
	l->y.types = yaml_types_new();
	l->y.indent = deeper(&l->y, false, false);
	return l;
}

/* Nothing is shared between items: each has come by itself. */
static void forget_aliases(struct emitter *y)
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
	new_line(&l->y);
	indicator(&l->y, "-", true, false, true);
	node(&l->y, item, IN_SEQUENCE);
}

static bool close_list(void *list, struct err *e)
{
	struct yaml_list *l = list;

	(void)e;
	l->y.indent = -1;
	if (l->n == 0)
		indicator(&l->y, "[]", true, false, false);
	new_line(&l->y);
	mem_free_ptr(&l->y.seen);
	yaml_types_free(l->y.types);
	mem_free_ptr(&l);
	return true;
}

const struct format_stream yaml_stream = { open_list, add_item, close_list };
