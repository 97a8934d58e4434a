/* SPDX-License-Identifier: MIT */
#include "azure/challenge.h"

#include <stdlib.h>
#include <strings.h>

#include "base/buf.h"
#include "base/crypto.h"
#include "base/err.h"
#include "base/json.h"
#include "base/mem.h"

#define VALUE_MAX 4096

/* RFC 9110's token, and what may stand unquoted as a value. */
static size_t token_len(const char *s)
{
	return strspn(
		s, "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");
}

static const char *skip(const char *s, const char *set)
{
	return s + strspn(s, set);
}

static bool is(const char *s, size_t n, const char *word)
{
	return strlen(word) == n && strncasecmp(s, word, n) == 0;
}

/* A value, quoted or not; *at moves behind it. */
static bool take_value(const char **at, struct buf *out)
{
	const char *s = *at;

	if (*s != '"') {
		size_t n = token_len(s);

		buf_add(out, s, n);
		*at = s + n;
		return n > 0 && buf_ok(out);
	}
	for (s++; *s != '"'; s++) {
		if (*s == '\\')
			s++;
		if (*s == '\0')
			return false;
		buf_char(out, *s);
	}
	*at = s + 1;
	return buf_ok(out);
}

/* "name=value" at *at; false when what stands there is none. */
static bool take_param(const char **at, const char **name, size_t *n, struct buf *value)
{
	const char *s = *at;

	*name = s;
	*n = token_len(s);
	s = skip(s + *n, " \t");
	if (*n == 0 || *s != '=')
		return false;
	s = skip(s + 1, " \t");
	buf_reset(value);
	if (!take_value(&s, value))
		return false;
	*at = s;
	return true;
}

bool challenge_param(const char *header, const char *scheme, const char *name, char **out)
{
	AUTO_BUF struct buf value = BUF_INIT(VALUE_MAX);
	AUTO_FREE char *found = NULL;
	bool inside = false;
	const char *s = header, *word;
	size_t n;

	for (s = skip(s, " \t,"); *s != '\0'; s = skip(s, " \t,")) {
		if (take_param(&s, &word, &n, &value)) {
			if (inside && is(word, n, name)) {
				if (found != NULL)
					return false;
				found = mem_dup(buf_cstr(&value));
			}
			continue;
		}
		/* Not a parameter: the next challenge begins. */
		n = token_len(s);
		if (n == 0 || (s[n] != '\0' && s[n] != ' ' && s[n] != ','))
			return false;
		if (inside)
			break;
		inside = is(s, n, scheme);
		s += n;
	}
	if (found == NULL)
		return false;
	*out = take(&found);
	return true;
}

/* The parameter, if it is base64 of a JSON object; what that is goes to `decoded`. */
static char *read_claims(const char *header, struct buf *decoded)
{
	AUTO_FREE char *text = NULL;
	AUTO_JSON struct json *j = NULL;
	struct err unread = ERR_INIT;

	if (header == NULL || !challenge_param(header, "Bearer", "claims", &text))
		return NULL;
	if (strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_=") !=
	            strlen(text) ||
	    !crypto_unbase64_lax(text, strlen(text), decoded) ||
	    strlen(buf_cstr(decoded)) != decoded->len ||
	    !json_parse(buf_cstr(decoded), decoded->len, &j, &unread) ||
	    json_type(j) != JSON_OBJECT)
		return NULL;
	return take(&text);
}

char *challenge_claims(const char *header)
{
	AUTO_BUF struct buf decoded = BUF_INIT(VALUE_MAX);
	AUTO_FREE char *encoded = read_claims(header, &decoded);

	return encoded == NULL ? NULL : mem_dup(buf_cstr(&decoded));
}

char *challenge_claims_encoded(const char *header)
{
	AUTO_BUF struct buf decoded = BUF_INIT(VALUE_MAX);

	return read_claims(header, &decoded);
}
