/* SPDX-License-Identifier: MIT */
/* JMESPath: a query cut into tokens. */
#include "output/jmespath_tree.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"

struct lexer {
	const char *text, *s;
	struct arena *arena;
	struct jmespath_token *token;
	size_t n, cap;
	struct err *e;
};

/* Longest first where one begins another. */
static const struct {
	const char *text;
	enum token_type type;
} signs[] = {
	{ "[]", TOKEN_FLATTEN }, { "[?", TOKEN_FILTER }, { "[", TOKEN_LBRACKET },
	{ "]", TOKEN_RBRACKET }, { "||", TOKEN_OR },     { "|", TOKEN_PIPE },
	{ "&&", TOKEN_AND },     { "&", TOKEN_EXPREF },  { "==", TOKEN_EQ },
	{ "!=", TOKEN_NE },      { "!", TOKEN_NOT },     { "<=", TOKEN_LE },
	{ "<", TOKEN_LT },       { ">=", TOKEN_GE },     { ">", TOKEN_GT },
	{ ".", TOKEN_DOT },      { "*", TOKEN_STAR },    { ",", TOKEN_COMMA },
	{ ":", TOKEN_COLON },    { "@", TOKEN_CURRENT }, { "(", TOKEN_LPAREN },
	{ ")", TOKEN_RPAREN },   { "{", TOKEN_LBRACE },  { "}", TOKEN_RBRACE },
};

bool jmespath_fault(struct err *e, const char *code, const char *fmt, ...)
{
	char text[ERR_TEXT_MAX];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	(void)err_set(e, ERR_USAGE, "%s", text);
	(void)snprintf(e->code, sizeof(e->code), "%s", code);
	return false;
}

static struct jmespath_token *add(struct lexer *l, enum token_type type)
{
	l->token = mem_grow(l->token, &l->cap, l->n + 1, sizeof(*l->token));
	struct jmespath_token *t = &l->token[l->n++];
	*t = (struct jmespath_token){ .type = type, .at = (size_t)(l->s - l->text) };
	return t;
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static void lex_name(struct lexer *l)
{
	size_t n = 0;

	while (is_letter(l->s[n]) || str_is_digit(l->s[n]))
		n++;
	add(l, TOKEN_NAME)->name = value_text_n(l->arena, l->s, n)->text;
	l->s += n;
}

static bool lex_number(struct lexer *l)
{
	struct jmespath_token *t = add(l, TOKEN_NUMBER);
	char *end;

	if (*l->s == '-' && !str_is_digit(l->s[1]))
		return jmespath_fault(l->e, "syntax", "'-' without a number at column %zu",
		                      t->at + 1);
	/* past 64 bits it saturates, which is past the end of any array */
	t->number = strtoll(l->s, &end, 10);
	l->s = end;
	return true;
}

/* What stands between delimiters, `\` and the delimiter together meaning the delimiter; any
 * other escape stays as it is. */
static bool lex_quoted(struct lexer *l, char quote, struct buf *out)
{
	const char *s = l->s + 1;

	for (; *s != quote && *s != '\0'; s++) {
		if (*s == '\\' && s[1] != '\0') {
			s++;
			if (*s != quote || quote == '"')
				buf_char(out, '\\');
		}
		buf_char(out, *s);
	}
	if (*s == '\0')
		return jmespath_fault(l->e, "syntax", "%c at column %zu is never closed", quote,
		                      (size_t)(l->s - l->text) + 1);
	l->s = s + 1;
	return true;
}

static bool lex_identifier(struct lexer *l)
{
	AUTO_BUF struct buf inside = BUF_INIT(JMESPATH_TEXT_MAX),
			    quoted = BUF_INIT(JMESPATH_TEXT_MAX + 2);
	const struct value *name;
	struct jmespath_token *t = add(l, TOKEN_QUOTED);
	struct err bad = ERR_INIT;
	size_t at = t->at;

	if (!lex_quoted(l, '"', &inside))
		return false;
	buf_fmt(&quoted, "\"%s\"", buf_cstr(&inside));
	if (!value_from_json(l->arena, buf_cstr(&quoted), quoted.len, &name, &bad))
		return jmespath_fault(l->e, "syntax",
		                      "malformed escape in the quoted name at column %zu", at + 1);
	t->name = name->text;
	return true;
}

/* What Python's JSON has besides; NULL for anything else. */
static const struct value *odd_number(struct arena *a, const char *text)
{
	static const struct {
		const char *text;
		double number;
	} rows[] = {
		{ "NaN", NAN },
		{ "Infinity", INFINITY },
		{ "-Infinity", -INFINITY },
	};
	static const char space[] = " \t\r\n";

	text += strspn(text, space);
	for (size_t i = 0; i < COUNT(rows); i++) {
		size_t n = strlen(rows[i].text);
		if (strncmp(text, rows[i].text, n) == 0 &&
		    text[n + strspn(text + n, space)] == '\0')
			return value_real(a, rows[i].number);
	}
	return NULL;
}

static bool lex_literal(struct lexer *l)
{
	AUTO_BUF struct buf inside = BUF_INIT(JMESPATH_TEXT_MAX),
			    quoted = BUF_INIT(JMESPATH_TEXT_MAX + 2);
	struct jmespath_token *t = add(l, TOKEN_LITERAL);
	struct err bad = ERR_INIT;
	size_t at = t->at;

	if (!lex_quoted(l, '`', &inside))
		return false;
	t->literal = odd_number(l->arena, buf_cstr(&inside));
	if (t->literal != NULL)
		return true;
	if (!value_from_json(l->arena, buf_cstr(&inside), inside.len, &t->literal, &bad)) {
		/* Text without its quotes is a string; deprecated since JEP 12, still promised. */
		const char *bare = buf_cstr(&inside);
		buf_fmt(&quoted, "\"%s\"", bare + strspn(bare, " \t\r\n"));
		if (!value_from_json(l->arena, buf_cstr(&quoted), quoted.len, &t->literal, &bad))
			return jmespath_fault(l->e, "syntax",
			                      "the literal at column %zu is not JSON", at + 1);
	}
	return true;
}

static bool lex_raw_string(struct lexer *l)
{
	AUTO_BUF struct buf inside = BUF_INIT(JMESPATH_TEXT_MAX);
	struct jmespath_token *t = add(l, TOKEN_LITERAL);

	if (!lex_quoted(l, '\'', &inside))
		return false;
	t->literal = value_text_n(l->arena, buf_cstr(&inside), inside.len);
	return true;
}

static bool lex_sign(struct lexer *l)
{
	for (size_t i = 0; i < COUNT(signs); i++) {
		size_t n = strlen(signs[i].text);
		if (strncmp(l->s, signs[i].text, n) == 0) {
			(void)add(l, signs[i].type);
			l->s += n;
			return true;
		}
	}
	return jmespath_fault(l->e, "syntax", "unexpected character at column %zu",
	                      (size_t)(l->s - l->text) + 1);
}

static bool lex_one(struct lexer *l)
{
	switch (*l->s) {
	case '"':
		return lex_identifier(l);
	case '`':
		return lex_literal(l);
	case '\'':
		return lex_raw_string(l);
	}
	if (str_is_digit(*l->s) || *l->s == '-')
		return lex_number(l);
	if (!is_letter(*l->s))
		return lex_sign(l);
	lex_name(l);
	return true;
}

bool jmespath_tokens(const char *expression, struct arena *a, struct jmespath_token **out,
                     struct err *e)
{
	struct lexer l = { .text = expression, .s = expression, .arena = a, .e = e };

	if (strlen(expression) > JMESPATH_TEXT_MAX)
		return jmespath_fault(e, "too-large", "the query is longer than %zu bytes",
		                      JMESPATH_TEXT_MAX);
	for (;;) {
		l.s += strspn(l.s, " \t\r\n");
		if (*l.s == '\0')
			break;
		if (!lex_one(&l)) {
			mem_free_ptr(&l.token);
			return false;
		}
	}
	(void)add(&l, TOKEN_END);
	*out = l.token;
	return true;
}
