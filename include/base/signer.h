/* SPDX-License-Identifier: MIT */
/*
 * A certificate with its private key, and JSON web tokens signed with it, as
 * Entra ID takes them for a client's proof. RSA only: Entra knows no other.
 */
#ifndef BASE_SIGNER_H
#define BASE_SIGNER_H

#include "base/base.h"

struct err;
struct secret;
struct signer;

/*
 * `file` is PEM (PKCS#8, encrypted or not, or PKCS#1, with its certificates in any order) or
 * PKCS#12, of old programs too. `password` may be NULL. ERR_CONFIG says what is wrong with it:
 * no key, two keys, no certificate of the key's, a wrong or missing password.
 */
MUST_USE bool signer_load(const struct secret *file, const struct secret *password,
                          struct signer **out, struct err *e);
void signer_free(struct signer *s);
void signer_free_ptr(struct signer **s);
#define AUTO_SIGNER AUTO(signer_free_ptr)

int64_t signer_expires(const struct signer *s); /* of the certificate; seconds since 1970 */

enum signer_flags {
	/* the whole chain in the header (x5c), for applications that trust a subject and issuer */
	SIGNER_CHAIN = 1 << 0,
	/* RS256 and a SHA-1 thumbprint (x5t), which AD FS wants; else PS256 and x5t#S256 */
	SIGNER_OLD = 1 << 1
};
/* `claims` is a JSON object. */
MUST_USE bool signer_jwt(const struct signer *s, const char *claims, enum signer_flags flags,
                         struct secret **out, struct err *e);

#endif
