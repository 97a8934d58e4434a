/* SPDX-License-Identifier: MIT */
/* "user:password" in base64, as each reader of a configuration file decodes it. */
#include "sink/docker_reader.h"

#include <ctype.h>

#include "base/buf.h"
#include "base/crypto.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/secret.h"

static bool is_alphabet(char c)
{
	return isalnum((unsigned char)c) || c == '+' || c == '/';
}

/* Go's decoder passes over line ends, and over nothing else. */
static void without_lines(const struct buf *text, struct buf *out)
{
	const char *p = buf_cstr(text);

	for (size_t i = 0; i < text->len; i++)
		if (p[i] != '\r' && p[i] != '\n')
			buf_char(out, p[i]);
}

static void pad(struct buf *text)
{
	while (text->len % 4 != 0)
		buf_char(text, '=');
}

/* Padded or not. */
static void normal_raw(const struct buf *text, struct buf *out)
{
	without_lines(text, out);
	if (out->len > 0 && buf_cstr(out)[out->len - 1] != '=')
		pad(out);
}

/* Python's takes what is of the alphabet, up to the padding. */
static void normal_python(const struct buf *text, struct buf *out)
{
	const char *p = buf_cstr(text);
	size_t pads = 0, quad = 0;

	for (size_t i = 0; i < text->len; i++) {
		if (p[i] == '=') {
			if (quad >= 2 && quad + ++pads >= 4) {
				pad(out);
				return;
			}
		} else if (is_alphabet(p[i])) {
			pads = 0;
			quad = (quad + 1) % 4;
			buf_char(out, p[i]);
		}
	}
	/* What is left over stays unpadded, which is refused. */
}

static bool all_ascii(const struct buf *text)
{
	for (size_t i = 0; i < text->len; i++)
		if ((unsigned char)buf_cstr(text)[i] >= 0x80)
			return false;
	return true;
}

static bool decode(enum docker_base64 how, const struct buf *text, struct secret **out)
{
	AUTO_BUF struct buf plain = BUF_INIT(2 * SECRET_MAX);
	struct err ignored = ERR_INIT;

	if (!buf_ok(text) || text->len > SECRET_MAX)
		return false;
	if (how == DOCKER_BASE64_PYTHON && !all_ascii(text))
		return false;
	if (how == DOCKER_BASE64_GO)
		without_lines(text, &plain);
	else if (how == DOCKER_BASE64_RAW)
		normal_raw(text, &plain);
	else
		normal_python(text, &plain);
	/* The decoder behind this one would cut white space off the end. */
	if (plain.len > 0 && isspace((unsigned char)buf_cstr(&plain)[plain.len - 1]))
		return false;
	return crypto_unbase64(buf_cstr(&plain), plain.len, out, &ignored);
}

enum docker_auth docker_auth_split(enum docker_base64 how, const struct buf *text, char **username,
                                   struct secret **password)
{
	AUTO_SECRET struct secret *pair = NULL;

	if (!decode(how, text, &pair))
		return DOCKER_AUTH_BROKEN;
	const char *p = secret_peek(pair);
	const char *colon = memchr(p, ':', secret_len(pair));
	if (colon == NULL)
		return DOCKER_AUTH_NO_PAIR;
	*username = mem_dup_n(p, (size_t)(colon - p));
	/* Docker cuts NUL bytes off the end of the password; ours has none. */
	*password = secret_new(colon + 1, secret_len(pair) - (size_t)(colon - p) - 1);
	return DOCKER_AUTH_PAIR;
}
