/* SPDX-License-Identifier: MIT */
/* JSON web tokens of the emulator: signed by Entra ID or the registry's token service, and the
 * assertions that clients sign. */
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>

#include <stdio.h>

#include "base/buf.h"
#include "base/crypto.h"
#include "base/err.h"
#include "base/json.h"
#include "base/mem.h"
#include "pki_keys.h"

#define JWT_MAX (64 * 1024)

void pki_sign(const struct pki *p, enum pki_signer which, const char *claims, struct buf *jwt)
{
	const struct emulator_signer *s = &p->signer[which];
	AUTO_BUF struct buf header = BUF_INIT(JWT_MAX), text = BUF_INIT(JWT_MAX);
	unsigned char signature[PKI_RSA_BITS / 8];
	size_t len = sizeof(signature);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();

	buf_fmt(&header, "{\"typ\":\"JWT\",\"alg\":\"RS256\",\"kid\":\"%s\"", s->key_id);
	if (which == PKI_ENTRA)
		buf_fmt(&header, ",\"x5t\":\"%s\"", s->x5t);
	buf_char(&header, '}');
	crypto_base64(header.data, header.len, true, &text);
	buf_char(&text, '.');
	crypto_base64(claims, strlen(claims), true, &text);
	if (ctx == NULL || EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, s->key) != 1 ||
	    EVP_DigestSign(ctx, signature, &len, (const unsigned char *)text.data, text.len) != 1)
		mem_exhausted();
	EVP_MD_CTX_free(ctx);
	buf_str(jwt, buf_cstr(&text));
	buf_char(jwt, '.');
	crypto_base64(signature, len, true, jwt);
}

struct jwt {
	const char *signed_text;
	size_t signed_len;
	struct json *header, *claims;
	struct buf signature;
};

static void jwt_clear(struct jwt *t)
{
	json_free(t->header);
	json_free(t->claims);
	buf_free(&t->signature);
}

static bool read_part(const char *text, size_t n, struct json **out, struct err *e)
{
	AUTO_BUF struct buf plain = BUF_INIT(JWT_MAX);

	if (!crypto_unbase64_lax(text, n, &plain))
		return err_set(e, ERR_AUTH, "not base64url");
	return json_parse(buf_cstr(&plain), plain.len, out, e);
}

static bool jwt_read(const char *text, struct jwt *out, struct err *e)
{
	const char *first = strchr(text, '.'),
		   *second = first != NULL ? strchr(first + 1, '.') : NULL;

	if (second == NULL || strchr(second + 1, '.') != NULL)
		return err_set(e, ERR_AUTH, "not three parts");
	if (!read_part(text, (size_t)(first - text), &out->header, e) ||
	    !read_part(first + 1, (size_t)(second - first - 1), &out->claims, e))
		return false;
	if (!crypto_unbase64_lax(second + 1, strlen(second + 1), &out->signature))
		return err_set(e, ERR_AUTH, "signature is not base64url");
	out->signed_text = text;
	out->signed_len = (size_t)(second - text);
	return true;
}

static bool signature_ok(const struct jwt *t, EVP_PKEY *key)
{
	const char *algorithm = json_str(t->header, "alg");
	bool pss = algorithm != NULL && strcmp(algorithm, "PS256") == 0;
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	EVP_PKEY_CTX *how = NULL;
	bool ok;

	ok = algorithm != NULL && (pss || strcmp(algorithm, "RS256") == 0) &&
	     EVP_PKEY_is_a(key, "RSA") && ctx != NULL &&
	     EVP_DigestVerifyInit(ctx, &how, EVP_sha256(), NULL, key) == 1 &&
	     (!pss || (EVP_PKEY_CTX_set_rsa_padding(how, RSA_PKCS1_PSS_PADDING) == 1 &&
	               EVP_PKEY_CTX_set_rsa_pss_saltlen(how, RSA_PSS_SALTLEN_DIGEST) == 1)) &&
	     EVP_DigestVerify(ctx, (const unsigned char *)t->signature.data, t->signature.len,
	                      (const unsigned char *)t->signed_text, t->signed_len) == 1;
	EVP_MD_CTX_free(ctx);
	return ok;
}

bool pki_verify(const struct pki *p, enum pki_signer which, const char *jwt, struct json **claims,
                struct err *e)
{
	AUTO(jwt_clear) struct jwt t = { .signature = BUF_INIT(JWT_MAX) };

	if (!jwt_read(jwt, &t, e))
		return err_in(e, "token");
	if (!signature_ok(&t, p->signer[which].key))
		return err_set(e, ERR_AUTH, "signature of the token is wrong");
	*claims = take(&t.claims);
	return true;
}

static BIGNUM *read_number(const struct json *key, const char *name)
{
	AUTO_BUF struct buf bytes = BUF_INIT(JWT_MAX);
	const char *text = json_str(key, name);

	return text != NULL && crypto_unbase64_lax(text, strlen(text), &bytes)
	               ? BN_bin2bn((const unsigned char *)bytes.data, (int)bytes.len, NULL)
	               : NULL;
}

/* NULL for one that is no RSA key. Caller frees. */
static EVP_PKEY *read_key(const struct json *key)
{
	BIGNUM *n = read_number(key, "n"), *exponent = read_number(key, "e");
	OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	OSSL_PARAM *params = NULL;
	EVP_PKEY *out = NULL;

	if (n != NULL && exponent != NULL && build != NULL && ctx != NULL &&
	    OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, n) == 1 &&
	    OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, exponent) == 1 &&
	    (params = OSSL_PARAM_BLD_to_param(build)) != NULL && EVP_PKEY_fromdata_init(ctx) == 1 &&
	    EVP_PKEY_fromdata(ctx, &out, EVP_PKEY_PUBLIC_KEY, params) != 1)
		out = NULL;
	OSSL_PARAM_free(params);
	EVP_PKEY_CTX_free(ctx);
	OSSL_PARAM_BLD_free(build);
	BN_free(n);
	BN_free(exponent);
	return out;
}

bool pki_jwks_verify(const char *jwks, const char *jwt, struct json **claims, struct err *e)
{
	AUTO(jwt_clear) struct jwt t = { .signature = BUF_INIT(JWT_MAX) };
	AUTO_JSON struct json *all = NULL;
	bool ok = false;

	if (!json_parse(jwks, strlen(jwks), &all, e) || !jwt_read(jwt, &t, e))
		return err_in(e, "token");
	const char *id = json_str(t.header, "kid");
	for (const struct json *key = json_child(json_get(all, "keys")); key != NULL && !ok;
	     key = json_next(key)) {
		const char *of = json_str(key, "kid");
		EVP_PKEY *public =
			id != NULL && of != NULL && strcmp(id, of) != 0 ? NULL : read_key(key);
		ok = public != NULL && signature_ok(&t, public);
		EVP_PKEY_free(public);
	}
	if (ok)
		*claims = take(&t.claims);
	return ok || err_set(e, ERR_AUTH, "no key of the issuer has signed the token");
}

static void put_number(EVP_PKEY *key, const char *name, struct buf *out)
{
	unsigned char bytes[PKI_RSA_BITS / 8];
	BIGNUM *number = NULL;
	int n;

	if (EVP_PKEY_get_bn_param(key, name, &number) != 1)
		mem_exhausted();
	n = BN_bn2bin(number, bytes);
	BN_free(number);
	crypto_base64(bytes, (size_t)n, true, out);
}

void pki_jwks(const struct pki *p, struct buf *out)
{
	const struct emulator_signer *s = &p->signer[PKI_ENTRA];

	buf_fmt(out,
	        "{\"keys\":[{\"kty\":\"RSA\",\"use\":\"sig\",\"alg\":\"RS256\",\"kid\":\"%s\","
	        "\"x5t\":\"%s\",\"x5c\":[\"%s\"],\"e\":\"",
	        s->key_id, s->x5t, s->x5c);
	put_number(s->key, OSSL_PKEY_PARAM_RSA_E, out);
	buf_str(out, "\",\"n\":\"");
	put_number(s->key, OSSL_PKEY_PARAM_RSA_N, out);
	buf_str(out, "\"}]}");
}

/* Entra ID takes thumbprints in either base64 alphabet, padded or not. */
static bool same_thumbprint(const char *given, X509 *cert, const EVP_MD *md)
{
	AUTO_BUF struct buf bytes = BUF_INIT(EVP_MAX_MD_SIZE);
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned len = 0;

	return given != NULL && crypto_unbase64_lax(given, strlen(given), &bytes) &&
	       X509_digest(cert, md, digest, &len) == 1 && bytes.len == len &&
	       memcmp(bytes.data, digest, len) == 0;
}

bool pki_cert_verify(const struct pki_cert *c, const char *jwt, struct json **claims, struct err *e)
{
	AUTO(jwt_clear) struct jwt t = { .signature = BUF_INIT(JWT_MAX) };

	if (!jwt_read(jwt, &t, e))
		return err_in(e, "assertion");
	if (!same_thumbprint(json_str(t.header, "x5t#S256"), c->x, EVP_sha256()) &&
	    !same_thumbprint(json_str(t.header, "x5t"), c->x, EVP_sha1())) {
		(void)err_set(e, ERR_AUTH, "thumbprint names another certificate");
		(void)snprintf(e->code, sizeof(e->code), "thumbprint");
		return false;
	}
	if (!signature_ok(&t, X509_get0_pubkey(c->x))) {
		(void)err_set(e, ERR_AUTH, "signature of the assertion is wrong");
		(void)snprintf(e->code, sizeof(e->code), "signature");
		return false;
	}
	*claims = take(&t.claims);
	return true;
}
