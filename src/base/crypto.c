/* SPDX-License-Identifier: MIT */
#define OPENSSL_SUPPRESS_DEPRECATED /* SHA256_Init and its like */
#include "base/crypto.h"

#include <errno.h>
#include <stdio.h>
#include <sys/random.h>
#include <unistd.h>

#include <openssl/sha.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/secret.h"

/* By the functions that only hash: the way over EVP sets all of OpenSSL up and reads its
 * configuration, which takes longer than the rest of a run with nothing due. */
void crypto_fingerprint_bytes(const void *p, size_t n, struct fingerprint *out)
{
	unsigned char digest[SHA256_DIGEST_LENGTH];
	SHA256_CTX sha;

	(void)SHA256_Init(&sha); /* none of the three can fail */
	(void)SHA256_Update(&sha, p, n);
	(void)SHA256_Final(digest, &sha);
	memcpy(out->b, digest, FINGERPRINT_LEN);
}

void crypto_fingerprint(const struct secret *s, struct fingerprint *out)
{
	crypto_fingerprint_bytes(secret_peek(s), secret_len(s), out);
}

void crypto_random(void *p, size_t n)
{
	char *at = p;

	while (n > 0) {
		ssize_t got = getrandom(at, n, 0);
		if (got < 0 && errno != EINTR)
			_exit(71); /* no randomness: nothing we do would be safe */
		if (got > 0) {
			at += got;
			n -= (size_t)got;
		}
	}
}

void crypto_uuid(char out[static 37])
{
	uint8_t b[16];

	crypto_random(b, sizeof(b));
	b[6] = (uint8_t)((b[6] & 0x0f) | 0x40);
	b[8] = (uint8_t)((b[8] & 0x3f) | 0x80);
	(void)snprintf(out, 37,
	               "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0],
	               b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12],
	               b[13], b[14], b[15]);
}

static void encode_group(const uint8_t *p, size_t n, bool url_safe, struct buf *out)
{
	static const char standard[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	uint32_t v = (uint32_t)p[0] << 16 | (n > 1 ? (uint32_t)p[1] << 8 : 0) | (n > 2 ? p[2] : 0);

	for (size_t i = 0; i < 4; i++) {
		char c = i <= n ? standard[v >> (18 - 6 * i) & 63] : '=';
		if (url_safe && c == '=')
			return;
		buf_char(out, url_safe && c == '+' ? '-' : url_safe && c == '/' ? '_' : c);
	}
}

void crypto_base64(const void *p, size_t n, bool url_safe, struct buf *out)
{
	const uint8_t *at = p;

	for (; n > 3; at += 3, n -= 3)
		encode_group(at, 3, url_safe, out);
	if (n > 0)
		encode_group(at, n, url_safe, out);
}

static int base64_value(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* OpenSSL's decoder skips white space and tolerates missing padding, which the clients that read
 * the same file refuse. */
static bool decode(const char *text, size_t n, struct buf *out)
{
	size_t pad = 0;

	if (n % 4 != 0)
		return false;
	while (pad < 2 && pad < n && text[n - 1 - pad] == '=')
		pad++;
	for (size_t i = 0; i < n; i += 4) {
		unsigned v = 0;
		size_t keep = i + 4 == n ? 3 - pad : 3;
		for (size_t k = 0; k < 4; k++) {
			int d = k > keep ? 0 : base64_value(text[i + k]);
			if (d < 0)
				return false;
			v = v << 6 | (unsigned)d;
		}
		for (size_t k = 0; k < keep; k++)
			buf_char(out, (char)(v >> (16 - 8 * k)));
	}
	return true;
}

bool crypto_unbase64(const char *text, size_t n, struct secret **out, struct err *e)
{
	AUTO_BUF struct buf plain = BUF_INIT(SECRET_MAX);

	while (n > 0 && strchr(" \t\r\n", text[n - 1]) != NULL && text[n - 1] != '\0')
		n--;
	if (!decode(text, n, &plain) || !buf_ok(&plain))
		return err_set(e, ERR_REMOTE, "not base64");
	*out = secret_new(plain.data, plain.len);
	return true;
}

bool crypto_unbase64_lax(const char *text, size_t n, struct buf *out)
{
	AUTO_BUF struct buf strict = BUF_INIT(n + 4);

	while (n > 0 && text[n - 1] == '=')
		n--;
	for (size_t i = 0; i < n; i++)
		buf_char(&strict, text[i] == '-' ? '+' : text[i] == '_' ? '/' : text[i]);
	while (strict.len % 4 != 0 && buf_ok(&strict))
		buf_char(&strict, '=');
	return buf_ok(&strict) && decode(strict.data, strict.len, out) && buf_ok(out);
}
