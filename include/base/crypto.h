/* SPDX-License-Identifier: MIT */
/* Digests, random numbers, base64. The only thing used from OpenSSL is SHA-256, so the small
 * program needs no more of libcrypto. The other users of OpenSSL are openssl.h, signer.h and
 * src/emulator/pki.c. */
#ifndef BASE_CRYPTO_H
#define BASE_CRYPTO_H

#include "base/base.h"
#include "base/fingerprint.h"

struct buf;
struct err;
struct secret;

/* Truncated SHA-256 of a password, or of any bytes. */
void crypto_fingerprint(const struct secret *s, struct fingerprint *out);
void crypto_fingerprint_bytes(const void *p, size_t n, struct fingerprint *out);

/* ends the process if the kernel provides none */
void crypto_random(void *p, size_t n);
void crypto_uuid(char out[static 37]); /* random, RFC 9562 version 4 */
/* url_safe: the URL-safe alphabet, without padding */
void crypto_base64(const void *p, size_t n, bool url_safe, struct buf *out);
/* Standard alphabet, padding required; trailing white space is accepted because skopeo accepts it.
 * ERR_REMOTE if the text is not base64. */
MUST_USE bool crypto_unbase64(const char *text, size_t n, struct secret **out, struct err *e);
/* For text from services: either alphabet, padded or not. Appends to *out; also false if the result
 * does not fit. */
MUST_USE bool crypto_unbase64_lax(const char *text, size_t n, struct buf *out);

#endif
