/* SPDX-License-Identifier: MIT */
/* What pki.c makes and keeps, for pki_jwt.c that signs and verifies with it. */
#ifndef EMULATOR_PKI_KEYS_H
#define EMULATOR_PKI_KEYS_H

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "emulator/pki.h"

#define PKI_RSA_BITS 2048

/* x5c: base64; x5t: base64url of SHA-1 */
struct emulator_signer {
	EVP_PKEY *key;
	X509 *cert;
	char *key_id, *x5c, *x5t;
};
struct pki {
	EVP_PKEY *ca_key;
	X509 *ca;
	char *certificate[PKI_SERVER__COUNT], *key[PKI_SERVER__COUNT];
	struct emulator_signer signer[PKI_SIGNER__COUNT];
};
struct pki_cert {
	X509 *x;
};

#endif
