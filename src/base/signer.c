/* SPDX-License-Identifier: MIT */
#include "base/signer.h"

#include <stdlib.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/provider.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "base/buf.h"
#include "base/crypto.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/secret.h"

#define CHAIN_MAX 16
#define BITS_MIN  2048
#define JWT_MAX   SECRET_MAX

struct signer {
	EVP_PKEY *key;
	X509 *leaf;             /* the certificate of the key */
	X509 *chain[CHAIN_MAX]; /* the others */
	size_t n_chain;
};

void signer_free(struct signer *s)
{
	if (s == NULL)
		return;
	EVP_PKEY_free(s->key);
	X509_free(s->leaf);
	for (size_t i = 0; i < s->n_chain; i++)
		X509_free(s->chain[i]);
	free(s);
}

void signer_free_ptr(struct signer **s)
{
	signer_free(*s);
	*s = NULL;
}

static void free_bio(BIO **b)
{
	(void)BIO_free(*b);
}

static void free_x509(X509 **x)
{
	X509_free(*x);
}

/* Everything OpenSSL has to say has been said: an error left behind would be told of another
 * operation. */
static bool refuse(struct err *e, const char *what)
{
	ERR_clear_error();
	return err_set(e, ERR_CONFIG, "%s", what);
}

/* ---- which certificate is the key's ---------------------------------------------------------- */

/* Takes a reference of its own. */
static bool add_certificate(struct signer *s, X509 *x, struct err *e)
{
	bool is_leaf = s->leaf == NULL && X509_check_private_key(x, s->key) == 1;

	ERR_clear_error();
	if (!is_leaf && s->n_chain == CHAIN_MAX)
		return refuse(e, "more certificates than any chain has");
	if (X509_up_ref(x) != 1)
		mem_exhausted();
	if (is_leaf)
		s->leaf = x;
	else
		s->chain[s->n_chain++] = x;
	return true;
}

static bool check_whole(const struct signer *s, struct err *e)
{
	if (s->leaf == NULL)
		return refuse(e, s->n_chain > 0
		                         ? "none of the certificates belongs to the private key"
		                         : "no certificate beside the private key");
	if (EVP_PKEY_get_base_id(s->key) != EVP_PKEY_RSA || EVP_PKEY_get_bits(s->key) < BITS_MIN)
		return refuse(
			e, "the key is not RSA of 2048 bits or more, which is all Entra ID takes");
	return true;
}

/* ---- PEM ------------------------------------------------------------------------------------- */

static size_t occurrences(const char *text, const char *word)
{
	size_t n = 0;

	for (const char *at = strstr(text, word); at != NULL; at = strstr(at + 1, word))
		n++;
	return n;
}

struct password {
	const struct secret *given;
	bool asked;
};

/* Without this OpenSSL would ask at the terminal. */
static int give_password(char *to, int size, int writing, void *ctx)
{
	struct password *p = ctx;

	(void)writing;
	p->asked = true;
	if (p->given == NULL || secret_len(p->given) > (size_t)size)
		return -1;
	memcpy(to, secret_peek(p->given), secret_len(p->given));
	return (int)secret_len(p->given);
}

static bool read_pem_key(struct signer *s, const char *text, size_t n,
                         const struct secret *password, struct err *e)
{
	AUTO(free_bio) BIO *b = BIO_new_mem_buf(text, (int)n);
	struct password p = { .given = password };

	/* RFC 1423 encryption: its key is one round of MD5 away from the password. */
	if (strstr(text, "DEK-Info:") != NULL)
		return refuse(e, "the key is encrypted in the old weak form: 'openssl pkcs8 "
		                 "-topk8' makes a new one");
	/* Once where it begins, once where it ends. */
	size_t marks = occurrences(text, "PRIVATE KEY-----");
	if (marks == 0 || marks > 2)
		return refuse(e, marks == 0 ? "no private key in it"
		                            : "more than one private key in it");
	s->key = PEM_read_bio_PrivateKey(b, NULL, give_password, &p);
	if (s->key != NULL)
		return true;
	if (!p.asked)
		return refuse(e, "the private key in it cannot be read");
	return refuse(e, password == NULL
	                         ? "the private key is encrypted: set certificate_password_file"
	                         : "the password of the private key is wrong");
}

static bool read_pem_certificates(struct signer *s, const char *text, size_t n, struct err *e)
{
	AUTO(free_bio) BIO *b = BIO_new_mem_buf(text, (int)n);

	for (;;) {
		AUTO(free_x509) X509 *x = PEM_read_bio_X509(b, NULL, NULL, NULL);

		if (x == NULL)
			break;
		if (!add_certificate(s, x, e))
			return false;
	}
	bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
	ERR_clear_error();
	return at_end || refuse(e, "a certificate in it cannot be read");
}

/* ---- PKCS#12 --------------------------------------------------------------------------------- */

/* Providers for RC2 and triple DES, in a library context of their own: the rest of the program
 * keeps to what is safe. */
struct legacy {
	OSSL_LIB_CTX *ctx;
	OSSL_PROVIDER *modern, *old;
};

static void legacy_open(struct legacy *l)
{
	*l = (struct legacy){ .ctx = OSSL_LIB_CTX_new() };
	if (l->ctx == NULL)
		mem_exhausted();
	l->modern = OSSL_PROVIDER_load(l->ctx, "default");
	l->old = OSSL_PROVIDER_load(l->ctx, "legacy");
	ERR_clear_error();
}

static void legacy_close(struct legacy *l)
{
	if (l->modern != NULL)
		(void)OSSL_PROVIDER_unload(l->modern);
	if (l->old != NULL)
		(void)OSSL_PROVIDER_unload(l->old);
	OSSL_LIB_CTX_free(l->ctx);
}

static PKCS12 *read_p12(const char *bytes, size_t n, OSSL_LIB_CTX *ctx)
{
	AUTO(free_bio) BIO *b = BIO_new_mem_buf(bytes, (int)n);
	PKCS12 *p = PKCS12_init_ex(NID_pkcs7_data, ctx, NULL);

	if (p != NULL && d2i_PKCS12_bio(b, &p) == NULL) {
		PKCS12_free(p); /* NULL, where the failure has freed it */
		p = NULL;
	}
	return p;
}

/* What came out of an old file is bound to its library context, which goes: a copy is not. */
static bool adopt_key(struct signer *s, const EVP_PKEY *key)
{
	unsigned char *der = NULL;
	int n = i2d_PrivateKey(key, &der);
	const unsigned char *at = der;

	if (n > 0)
		s->key = d2i_AutoPrivateKey(NULL, &at, n);
	OPENSSL_clear_free(der, n > 0 ? (size_t)n : 0);
	return s->key != NULL;
}

static bool adopt_certificate(struct signer *s, const X509 *x, struct err *e)
{
	unsigned char *der = NULL;
	int n = i2d_X509(x, &der);
	const unsigned char *at = der;
	AUTO(free_x509) X509 *copy = n > 0 ? d2i_X509(NULL, &at, n) : NULL;

	OPENSSL_free(der);
	return copy != NULL ? add_certificate(s, copy, e)
	                    : refuse(e, "a certificate in it cannot be read");
}

static bool adopt(struct signer *s, const EVP_PKEY *key, const X509 *leaf,
                  const STACK_OF(X509) * others, struct err *e)
{
	if (key == NULL || !adopt_key(s, key))
		return refuse(e, "no private key in it");
	if (leaf != NULL && !adopt_certificate(s, leaf, e))
		return false;
	for (int i = 0; i < sk_X509_num(others); i++)
		if (!adopt_certificate(s, sk_X509_value(others, i), e))
			return false;
	return true;
}

enum p12_result { P12_READ, P12_WRONG_PASSWORD, P12_UNSUPPORTED, P12_FAILED };

static enum p12_result parse_p12(struct signer *s, const char *bytes, size_t n,
                                 const struct secret *password, OSSL_LIB_CTX *ctx, struct err *e)
{
	PKCS12 *p = read_p12(bytes, n, ctx);
	EVP_PKEY *key = NULL;
	X509 *leaf = NULL;
	STACK_OF(X509) *others = NULL;
	enum p12_result result = P12_FAILED;

	if (p == NULL) {
		(void)refuse(e, "neither PEM nor PKCS#12");
		return P12_FAILED;
	}
	ERR_clear_error();
	if (PKCS12_parse(p, password != NULL ? secret_peek(password) : NULL, &key, &leaf,
	                 &others) == 1) {
		result = adopt(s, key, leaf, others, e) ? P12_READ : P12_FAILED;
	} else {
		/* The MAC is checked before anything is decrypted: what fails later is a cipher
		 * that this context does not have. */
		bool mac = ERR_GET_REASON(ERR_peek_last_error()) == PKCS12_R_MAC_VERIFY_FAILURE;

		result = mac ? P12_WRONG_PASSWORD : P12_UNSUPPORTED;
		(void)refuse(e, !mac ? "it is encrypted in a way this OpenSSL cannot read (old "
		                       "forms need its legacy provider)"
		                : password == NULL
		                        ? "it has a password: set certificate_password_file"
		                        : "its password is wrong");
	}
	PKCS12_free(p);
	EVP_PKEY_free(key);
	X509_free(leaf);
	sk_X509_pop_free(others, X509_free);
	ERR_clear_error();
	return result;
}

static bool read_pkcs12(struct signer *s, const char *bytes, size_t n,
                        const struct secret *password, struct err *e)
{
	enum p12_result result = parse_p12(s, bytes, n, password, NULL, e);

	if (result == P12_UNSUPPORTED) {
		AUTO(legacy_close) struct legacy l;

		legacy_open(&l);
		result = parse_p12(s, bytes, n, password, l.ctx, e);
	}
	return result == P12_READ;
}

bool signer_load(const struct secret *file, const struct secret *password, struct signer **out,
                 struct err *e)
{
	AUTO_SIGNER struct signer *s = mem_new(sizeof(*s));
	const char *text = secret_peek(file);
	size_t n = secret_len(file);
	bool pem = strstr(text, "-----BEGIN ") != NULL;

	if (pem && !(read_pem_key(s, text, n, password, e) && read_pem_certificates(s, text, n, e)))
		return false;
	if (!pem && !read_pkcs12(s, text, n, password, e))
		return false;
	if (!check_whole(s, e))
		return false;
	*out = take(&s);
	return true;
}

int64_t signer_expires(const struct signer *s)
{
	int days = 0, seconds = 0;
	ASN1_TIME *epoch = ASN1_TIME_set(NULL, 0);

	if (epoch == NULL ||
	    ASN1_TIME_diff(&days, &seconds, epoch, X509_get0_notAfter(s->leaf)) != 1)
		days = seconds = 0;
	ASN1_TIME_free(epoch);
	ERR_clear_error();
	return (int64_t)days * 86400 + seconds;
}

/* ---- signing --------------------------------------------------------------------------------- */

static void add_der(struct buf *to, X509 *x)
{
	unsigned char *der = NULL;
	int n = i2d_X509(x, &der);

	/* Standard alphabet here, and no armour. */
	if (n > 0)
		crypto_base64(der, (size_t)n, false, to);
	OPENSSL_free(der);
}

static bool add_header(const struct signer *s, enum signer_flags flags, struct buf *to)
{
	AUTO_BUF struct buf json = BUF_INIT(JWT_MAX);
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned n = 0;
	bool old = (flags & SIGNER_OLD) != 0;

	if (X509_digest(s->leaf, old ? EVP_sha1() : EVP_sha256(), digest, &n) != 1)
		return false;
	buf_fmt(&json, "{\"alg\":\"%s\",\"typ\":\"JWT\",\"%s\":\"", old ? "RS256" : "PS256",
	        old ? "x5t" : "x5t#S256");
	crypto_base64(digest, n, true, &json);
	buf_char(&json, '"');
	if ((flags & SIGNER_CHAIN) != 0) {
		buf_str(&json, ",\"x5c\":[\"");
		add_der(&json, s->leaf);
		for (size_t i = 0; i < s->n_chain; i++) {
			buf_str(&json, "\",\"");
			add_der(&json, s->chain[i]);
		}
		buf_str(&json, "\"]");
	}
	buf_char(&json, '}');
	crypto_base64(buf_cstr(&json), json.len, true, to);
	return buf_ok(&json);
}

static bool add_signature(const struct signer *s, bool old, struct buf *jwt)
{
	unsigned char signature[1024]; /* RSA of 8192 bits */
	size_t n = sizeof(signature);
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	EVP_PKEY_CTX *key = NULL;
	bool ok = md != NULL && EVP_DigestSignInit(md, &key, EVP_sha256(), NULL, s->key) == 1;

	if (ok && !old)
		ok = EVP_PKEY_CTX_set_rsa_padding(key, RSA_PKCS1_PSS_PADDING) == 1 &&
		     EVP_PKEY_CTX_set_rsa_pss_saltlen(key, RSA_PSS_SALTLEN_DIGEST) == 1;
	ok = ok &&
	     EVP_DigestSign(md, signature, &n, (const unsigned char *)jwt->data, jwt->len) == 1;
	EVP_MD_CTX_free(md);
	if (ok) {
		buf_char(jwt, '.');
		crypto_base64(signature, n, true, jwt);
	}
	return ok;
}

bool signer_jwt(const struct signer *s, const char *claims, enum signer_flags flags,
                struct secret **out, struct err *e)
{
	AUTO_BUF struct buf jwt = BUF_INIT(JWT_MAX);

	if (!add_header(s, flags, &jwt))
		return refuse(e, "the certificate cannot be put into an assertion");
	buf_char(&jwt, '.');
	crypto_base64(claims, strlen(claims), true, &jwt);
	if (!add_signature(s, (flags & SIGNER_OLD) != 0, &jwt) || !buf_ok(&jwt))
		return refuse(e, "cannot sign with the private key of the certificate");
	*out = secret_new(jwt.data, jwt.len);
	return true;
}
