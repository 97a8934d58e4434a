/* SPDX-License-Identifier: MIT */
/* Digests, randomness, base64. Of OpenSSL's libcrypto it uses nothing but SHA-256, which the
 * small program has without the rest of it (openssl.h, signer.h, src/emulator/pki.c: the other
 * users). */
#ifndef BASE_CRYPTO_H
#define BASE_CRYPTO_H

#include "base/base.h"
#include "base/fingerprint.h"

struct buf;
struct err;
struct secret;

/* Truncated SHA-256 of a password, of any bytes. */
void crypto_fingerprint(const struct secret *s, struct fingerprint *out);
void crypto_fingerprint_bytes(const void *p, size_t n, struct fingerprint *out);

/* ends the process if the kernel gives none */
void crypto_random(void *p, size_t n);
void crypto_uuid(char out[static 37]); /* random, RFC 9562 version 4 */
/* url_safe: no padding */
void crypto_base64(const void *p, size_t n, bool url_safe, struct buf *out);
/* Standard alphabet, padding required; trailing white space allowed (skopeo does). */
MUST_USE bool crypto_unbase64(const char *text, size_t n, struct secret **out, struct err *e);
/* What services write: either alphabet, padded or not. Appends to *out; false also when it does
 * not fit there. */
MUST_USE bool crypto_unbase64_lax(const char *text, size_t n, struct buf *out);

#endif
