/* SPDX-License-Identifier: MIT */
/*
 * Keys, certificates and signatures of the emulator; the only part of it that uses libcrypto.
 * Everything is kept in a directory and reused by the next start there, so that clients have to
 * trust the CA only once.
 */
#ifndef EMULATOR_PKI_H
#define EMULATOR_PKI_H

#include "base/base.h"

struct buf;
struct err;
struct json;

/* Server certificates. The bad ones are for tests of clients. */
enum pki_server { PKI_GOOD, PKI_EXPIRED, PKI_WRONG_HOST, PKI_UNTRUSTED, PKI_SERVER__COUNT };
/* RSA keys that sign JSON web tokens. */
enum pki_signer { PKI_ENTRA, PKI_REGISTRY, PKI_SIGNER__COUNT };

struct pki;
/* `names`: additional names in server certificates, ",DNS:a.example,DNS:b.example"; "" for none. */
MUST_USE bool pki_open(const char *dir, const char *names, struct pki **out, struct err *e);
void pki_free(struct pki *p);
const char *pki_certificate(const struct pki *p, enum pki_server which); /* PEM */
const char *pki_key(const struct pki *p, enum pki_server which);         /* PEM */

/* RS256, with the key id that the verifier expects: libtrust's for the registry. `claims` is a
 * JSON object. */
void pki_sign(const struct pki *p, enum pki_signer which, const char *claims, struct buf *jwt);
/* Verifies only the signature; the caller checks times and audience. */
MUST_USE bool pki_verify(const struct pki *p, enum pki_signer which, const char *jwt,
                         struct json **claims, struct err *e);
/* The same with the keys in the JWKS of another issuer. */
MUST_USE bool pki_jwks_verify(const char *jwks, const char *jwt, struct json **claims,
                              struct err *e);
/* The public key of PKI_ENTRA. */
void pki_jwks(const struct pki *p, struct buf *out);

/* A certificate that an identity may sign with, in PEM format. */
struct pki_cert;
MUST_USE bool pki_cert_read(const char *pem, struct pki_cert **out, struct err *e);
void pki_cert_free(struct pki_cert *c);
/* Verifies a client assertion: PS256 or RS256, with a thumbprint (x5t#S256 or x5t) of this
 * certificate. False with code "thumbprint" if it is that of another one, "signature" if the
 * signature is wrong. */
MUST_USE bool pki_cert_verify(const struct pki_cert *c, const char *jwt, struct json **claims,
                              struct err *e);

#endif
