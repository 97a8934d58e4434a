/* SPDX-License-Identifier: MIT */
/* Numbers as Python has them: whole ones are exact however large, alone, in a sum, and in their
 * order among others. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "output/format.h"
#include "output/value.h"

/* The digits of the largest double before its point, a sign, and the end. */
#define WHOLE_TEXT_MAX 312
/* As many digits as Python takes. */
#define NUMBER_TEXT_MAX 4300

/* The whole part in decimal, in `text` or in the number itself. */
static const char *whole_part(const struct number *n, char text[WHOLE_TEXT_MAX])
{
	if (n->kind == NUMBER_BIG)
		return n->digits;
	if (n->kind == NUMBER_WHOLE)
		(void)snprintf(text, WHOLE_TEXT_MAX, "%lld", (long long)n->whole);
	else
		(void)snprintf(text, WHOLE_TEXT_MAX, "%.0f", trunc(n->real) + 0.0); /* never -0 */
	return text;
}

static int compare_digits(const char *a, const char *b)
{
	bool below = *a == '-';
	size_t len_a = strlen(a), len_b = strlen(b);

	if (below != (*b == '-'))
		return below ? -1 : 1;
	int c = len_a != len_b ? (len_a > len_b) - (len_a < len_b) : strcmp(a, b);
	return below ? -c : c;
}

/* What stands behind the point; 0 for a whole number, whose double may be rounded. */
static double fraction(const struct number *n)
{
	return n->kind == NUMBER_REAL ? n->real - trunc(n->real) : 0;
}

/* Its double is the number itself, up to 2^53 for whole ones. */
static bool is_double(const struct number *n)
{
	const int64_t exact = (int64_t)1 << 53;

	return n->kind == NUMBER_REAL ||
	       (n->kind == NUMBER_WHOLE && n->whole >= -exact && n->whole <= exact);
}

int number_compare(const struct number *a, const struct number *b)
{
	char text_a[WHOLE_TEXT_MAX], text_b[WHOLE_TEXT_MAX];
	double x = a->real, y = b->real;

	if (a->kind == NUMBER_WHOLE && b->kind == NUMBER_WHOLE)
		return (a->whole > b->whole) - (a->whole < b->whole);
	if ((is_double(a) && is_double(b)) || !isfinite(x) || !isfinite(y))
		return (x > y) - (x < y);
	int c = compare_digits(whole_part(a, text_a), whole_part(b, text_b));
	return c != 0 ? c : (fraction(a) > fraction(b)) - (fraction(a) < fraction(b));
}

/* A sum in the making, nine digits a limb, least significant first. Any limb may be negative
 * until it is carried. */
struct sum {
	int64_t *limb;
	size_t n;
};

#define LIMB_DIGITS 9
#define LIMB_SIZE   1000000000

static void sum_add(struct sum *s, const char *digits)
{
	int64_t sign = *digits == '-' ? -1 : 1;
	const char *first = digits + (*digits == '-');
	size_t left = strlen(first);

	for (size_t i = 0; left > 0; i++) {
		size_t n = left < LIMB_DIGITS ? left : LIMB_DIGITS;
		int64_t part = 0;
		left -= n;
		for (size_t k = left; k < left + n; k++)
			part = 10 * part + (first[k] - '0');
		s->limb[i] += sign * part;
	}
}

/* Leaves only the last limb with a sign, which is that of the whole. */
static void sum_carry(struct sum *s)
{
	for (size_t i = 0; i + 1 < s->n; i++) {
		int64_t over = s->limb[i] / LIMB_SIZE - (s->limb[i] % LIMB_SIZE < 0);
		s->limb[i] -= over * LIMB_SIZE;
		s->limb[i + 1] += over;
	}
}

static const struct value *sum_value(struct sum *s, struct arena *a)
{
	AUTO_BUF struct buf text = BUF_INIT(LIMB_DIGITS * s->n + 32);

	sum_carry(s);
	if (s->limb[s->n - 1] < 0) {
		buf_char(&text, '-');
		for (size_t i = 0; i < s->n; i++)
			s->limb[i] = -s->limb[i];
		sum_carry(s);
	}
	for (size_t i = s->n; i > 0; i--)
		buf_fmt(&text, "%09lld", (long long)s->limb[i - 1]);
	return value_digits(a, buf_cstr(&text));
}

static const struct value *whole_sum(struct arena *a, const struct value *const *item, size_t n)
{
	char text[WHOLE_TEXT_MAX];
	size_t longest = 0, done = 0;
	int64_t short_sum = 0;

	while (done < n && item[done]->number.kind == NUMBER_WHOLE &&
	       !__builtin_add_overflow(short_sum, item[done]->number.whole, &short_sum))
		done++;
	if (done == n)
		return value_whole(a, short_sum);
	for (size_t i = 0; i < n; i++) {
		size_t len = strlen(whole_part(&item[i]->number, text));
		longest = len > longest ? len : longest;
	}
	/* One limb more than the longest has takes what is carried: there is no memory for 10^9
	 * numbers. */
	struct sum s = { .n = longest / LIMB_DIGITS + 2 };
	AUTO_FREE int64_t *limb = mem_array(s.n, sizeof(*limb));
	s.limb = limb;
	for (size_t i = 0; i < n; i++)
		sum_add(&s, whole_part(&item[i]->number, text));
	return sum_value(&s, a);
}

const struct value *value_sum(struct arena *a, const struct value *const *item, size_t n)
{
	size_t whole = 0;

	while (whole < n && item[whole]->number.kind != NUMBER_REAL)
		whole++;
	const struct value *sum = whole_sum(a, item, whole);
	double real = sum->number.real;
	for (size_t i = whole; i < n; i++)
		real += item[i]->number.real;
	return whole == n ? sum : value_real(a, real);
}

static const char *skip_space(const char *s)
{
	while (points_space_length(s) > 0)
		s += points_space_length(s);
	return s;
}

/* As Python's int() and float() read text: space around and a plus sign are fine, and so are 1.,
 * .5 and 1_000. */
const struct value *value_from_text(struct arena *a, const char *text)
{
	AUTO_BUF struct buf bare = BUF_INIT(NUMBER_TEXT_MAX);
	char *end;

	text = skip_space(text);
	if (*text == '-')
		buf_char(&bare, '-');
	text += *text == '-' || *text == '+';
	/* strtod alone would also take another sign, hexadecimal, infinity and nan. */
	if (!str_is_digit(*text) && *text != '.')
		return &value_null;
	for (; strchr("0123456789.eE+-_", *text) != NULL && *text != '\0'; text++) {
		if (*text != '_')
			buf_char(&bare, *text);
		else if (!str_is_digit(text[-1]) || !str_is_digit(text[1]))
			return &value_null;
	}
	if (*skip_space(text) != '\0' || !buf_ok(&bare))
		return &value_null;
	const char *t = buf_cstr(&bare), *digits = t + (*t == '-' ? 1 : 0);
	if (digits[strspn(digits, "0123456789")] == '\0')
		return value_digits(a, t);
	double d = strtod(t, &end);
	return *end == '\0' && end > digits ? value_real(a, d) : &value_null;
}

/* repr() of Python: the fewest digits that read back the same; an exponent below 1e-4 and from
 * 1e16 on. */
static void write_real(double d, struct buf *out)
{
	char text[40], digits[40];
	int precision = 0, power = 0;
	size_t n = 0;

	if (isnan(d) || isinf(d)) {
		buf_str(out, isnan(d) ? "NaN" : d > 0 ? "Infinity" : "-Infinity");
		return;
	}
	do
		(void)snprintf(text, sizeof(text), "%.*e", precision, d);
	while (strtod(text, NULL) != d && ++precision < 17);
	for (const char *s = text; *s != 'e'; s++)
		if (*s >= '0' && *s <= '9')
			digits[n++] = *s;
	digits[n] = '\0';
	power = (int)strtol(strchr(text, 'e') + 1, NULL, 10);
	if (text[0] == '-')
		buf_char(out, '-');
	if (power < -4 || power >= 16) {
		buf_fmt(out, "%c%s%se%c%02d", digits[0], n > 1 ? "." : "", digits + 1,
		        power < 0 ? '-' : '+', abs(power));
	} else if (power < 0) {
		buf_fmt(out, "0.%.*s%s", -power - 1, "000", digits);
	} else if (n <= (size_t)power + 1) {
		buf_fmt(out, "%s%.*s.0", digits, power + 1 - (int)n, "0000000000000000");
	} else {
		buf_fmt(out, "%.*s.%s", power + 1, digits, digits + power + 1);
	}
}

void value_write_number(const struct value *v, struct buf *out)
{
	const struct number *n = &v->number;

	if (n->kind == NUMBER_WHOLE)
		buf_fmt(out, "%lld", (long long)n->whole);
	else if (n->kind == NUMBER_BIG)
		buf_str(out, n->digits);
	else
		write_real(n->real, out);
}
