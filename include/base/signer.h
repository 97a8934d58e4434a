/* SPDX-License-Identifier: MIT */
/*
 * A certificate with its private key, and JSON web tokens signed with it, which Entra ID accepts as
 * a client's proof. RSA only: Entra ID supports no other keys.
 */
#ifndef BASE_SIGNER_H
#define BASE_SIGNER_H

#include "base/base.h"

struct err;
struct secret;
struct signer;

/*
 * `file` is PEM (PKCS#8, encrypted or not, or PKCS#1; its certificates in any order) or PKCS#12,
 * also from old programs. `password` may be NULL. ERR_CONFIG says what is wrong: no key, two keys,
 * no certificate for the key, a key that is not RSA of 2048 bits or more, a wrong or missing
 * password.
 */
MUST_USE bool signer_load(const struct secret *file, const struct secret *password,
                          struct signer **out, struct err *e);
void signer_free(struct signer *s);
void signer_free_ptr(struct signer **s);
#define AUTO_SIGNER AUTO(signer_free_ptr)

int64_t signer_expires(const struct signer *s); /* the certificate's expiry, seconds since 1970 */

enum signer_flags {
	/* put the whole chain into the header (x5c), for applications that trust a subject and
	 * issuer */
	SIGNER_CHAIN = 1 << 0,
	/* RS256 and a SHA-1 thumbprint (x5t), as AD FS requires; else PS256 and x5t#S256 */
	SIGNER_OLD = 1 << 1
};
/* Signs `claims`, a JSON object. */
MUST_USE bool signer_jwt(const struct signer *s, const char *claims, enum signer_flags flags,
                         struct secret **out, struct err *e);

#endif
