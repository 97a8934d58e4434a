/* SPDX-License-Identifier: MIT */
#include "emulator/pki.h"

#include <stdio.h>
#include <time.h>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "base/buf.h"
#include "base/crypto.h"
#include "base/err.h"
#include "base/mem.h"
#include "emulator/files.h"
#include "pki_keys.h"

#define PEM_MAX     (64 * 1024)
#define DAY         (24 * 3600L)
#define CA_DAYS     3650
#define SERVER_DAYS 90
#define RENEW_DAYS  7 /* a CA with less than this left is made anew */
/* libtrust: base32 of the first 240 bits of SHA-256 over the public key */
#define KEY_ID_BYTES 30

static const char good_names[] =
	"DNS:localhost,IP:127.0.0.1,IP:::1,DNS:login.microsoftonline.com,DNS:login.windows.net,"
	"DNS:management.azure.com,DNS:*.azurecr.io,DNS:login.microsoftonline.us,DNS:management."
	"usgovcloudapi.net,"
	"DNS:*.azurecr.us,DNS:login.chinacloudapi.cn,DNS:management.chinacloudapi.cn,DNS:*.azurecr."
	"cn";

static const struct {
	const char *common_name, *names;
	long from, until; /* days from now */
	bool own_issuer;
} server_rows[PKI_SERVER__COUNT] = {
	[PKI_GOOD] = { "localhost", good_names, -1, SERVER_DAYS, false },
	[PKI_EXPIRED] = { "localhost", good_names, -30, -1, false },
	[PKI_WRONG_HOST] = { "elsewhere.example", "DNS:elsewhere.example", -1, SERVER_DAYS, false },
	[PKI_UNTRUSTED] = { "localhost", good_names, -1, SERVER_DAYS, true },
};

static const struct {
	const char *key_file, *cert_file, *common_name;
} signer_rows[PKI_SIGNER__COUNT] = {
	[PKI_ENTRA] = { "entra.key", "entra.pem", "acrotate-emulator Entra ID" },
	[PKI_REGISTRY] = { "registry-token.key", "registry-token.pem",
	                   "acrotate-emulator registry token" },
};

/* ---- PEM ------------------------------------------------------------------------------------- */

static char *bio_text(BIO *bio)
{
	char *data = NULL, *text;
	long n = BIO_get_mem_data(bio, &data);

	text = mem_dup_n(data, n > 0 ? (size_t)n : 0);
	(void)BIO_free(bio);
	return text;
}

static char *key_pem(EVP_PKEY *key)
{
	BIO *bio = BIO_new(BIO_s_mem());

	if (bio == NULL || PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) != 1)
		mem_exhausted();
	return bio_text(bio);
}

static char *cert_pem(X509 *cert)
{
	BIO *bio = BIO_new(BIO_s_mem());

	if (bio == NULL || PEM_write_bio_X509(bio, cert) != 1)
		mem_exhausted();
	return bio_text(bio);
}

static EVP_PKEY *read_key(const char *pem)
{
	BIO *bio = BIO_new_mem_buf(pem, -1);
	EVP_PKEY *key = bio != NULL ? PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL) : NULL;

	(void)BIO_free(bio);
	return key;
}

static X509 *read_cert(const char *pem)
{
	BIO *bio = BIO_new_mem_buf(pem, -1);
	X509 *cert = bio != NULL ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;

	(void)BIO_free(bio);
	return cert;
}

/* ---- certificates ---------------------------------------------------------------------------- */

static bool extend(X509 *cert, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX ctx;
	X509_EXTENSION *extension;
	bool ok;

	X509V3_set_ctx_nodb(&ctx);
	X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
	extension = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	ok = extension != NULL && X509_add_ext(cert, extension, -1) == 1;
	X509_EXTENSION_free(extension);
	return ok;
}

struct cert_plan {
	const char *common_name, *names; /* names: NULL for a CA */
	long from_days, until_days;
	bool ca;
	X509 *issuer; /* NULL: itself */
	EVP_PKEY *issuer_key;
};

static X509 *make_cert(const struct cert_plan *plan, EVP_PKEY *key)
{
	X509 *cert = X509_new();
	BIGNUM *serial = BN_new();
	X509_NAME *name = cert != NULL ? X509_get_subject_name(cert) : NULL;
	X509 *issuer = plan->issuer != NULL ? plan->issuer : cert;
	const unsigned char *common_name = (const unsigned char *)plan->common_name;

	if (cert == NULL || serial == NULL || name == NULL ||
	    X509_set_version(cert, X509_VERSION_3) != 1 ||
	    BN_rand(serial, 120, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) != 1 ||
	    BN_to_ASN1_INTEGER(serial, X509_get_serialNumber(cert)) == NULL ||
	    X509_gmtime_adj(X509_getm_notBefore(cert), plan->from_days * DAY) == NULL ||
	    X509_gmtime_adj(X509_getm_notAfter(cert), plan->until_days * DAY) == NULL ||
	    X509_set_pubkey(cert, key) != 1 ||
	    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, common_name, -1, -1, 0) != 1 ||
	    X509_set_issuer_name(cert, X509_get_subject_name(issuer)) != 1 ||
	    !extend(cert, issuer, NID_subject_key_identifier, "hash") ||
	    !extend(cert, issuer, NID_authority_key_identifier, "keyid") ||
	    !extend(cert, issuer, NID_basic_constraints,
	            plan->ca ? "critical,CA:TRUE" : "critical,CA:FALSE") ||
	    !extend(cert, issuer, NID_key_usage,
	            plan->ca ? "critical,keyCertSign,cRLSign" : "critical,digitalSignature") ||
	    (plan->names != NULL && (!extend(cert, issuer, NID_subject_alt_name, plan->names) ||
	                             !extend(cert, issuer, NID_ext_key_usage, "serverAuth"))) ||
	    X509_sign(cert, plan->issuer_key, EVP_sha256()) == 0)
		mem_exhausted();
	BN_free(serial);
	return cert;
}

static EVP_PKEY *new_ec_key(void)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");

	if (key == NULL)
		mem_exhausted();
	return key;
}

/* A pair of files; false when they are absent, do not fit together or are about to expire. */
static bool load_pair(const char *dir, const char *key_file, const char *cert_file, EVP_PKEY **key,
                      X509 **cert)
{
	AUTO_BUF struct buf key_text = BUF_INIT(PEM_MAX), cert_text = BUF_INIT(PEM_MAX);
	struct err ignored = ERR_INIT;
	time_t soon = time(NULL) + RENEW_DAYS * DAY;
	EVP_PKEY *k;
	X509 *c;

	if (!files_read(dir, key_file, &key_text, &ignored) ||
	    !files_read(dir, cert_file, &cert_text, &ignored))
		return false;
	k = read_key(buf_cstr(&key_text));
	c = read_cert(buf_cstr(&cert_text));
	if (k == NULL || c == NULL || X509_check_private_key(c, k) != 1 ||
	    X509_cmp_time(X509_get0_notAfter(c), &soon) <= 0) {
		EVP_PKEY_free(k);
		X509_free(c);
		return false;
	}
	*key = k;
	*cert = c;
	return true;
}

static bool save_pair(const char *dir, const char *key_file, const char *cert_file, EVP_PKEY *key,
                      X509 *cert, struct err *e)
{
	AUTO_FREE char *key_text = key_pem(key), *cert_text = cert_pem(cert);
	bool ok = files_write(dir, key_file, key_text, 0600, e) &&
	          files_write(dir, cert_file, cert_text, 0644, e);

	explicit_bzero(key_text, strlen(key_text));
	return ok;
}

static bool open_ca(struct pki *p, const char *dir, struct err *e)
{
	if (load_pair(dir, "ca.key", "ca.pem", &p->ca_key, &p->ca))
		return true;
	p->ca_key = new_ec_key();
	p->ca = make_cert(&(struct cert_plan){ .common_name = "acrotate-emulator CA",
	                                       .from_days = -1,
	                                       .until_days = CA_DAYS,
	                                       .ca = true,
	                                       .issuer_key = p->ca_key },
	                  p->ca_key);
	return save_pair(dir, "ca.key", "ca.pem", p->ca_key, p->ca, e);
}

static void make_server(struct pki *p, enum pki_server which, const char *names)
{
	AUTO_FREE char *all = mem_fmt("%s%s", server_rows[which].names, names);
	EVP_PKEY *key = new_ec_key();
	bool own = server_rows[which].own_issuer;
	X509 *cert = make_cert(&(struct cert_plan){ .common_name = server_rows[which].common_name,
	                                            .names = which == PKI_WRONG_HOST
	                                                             ? server_rows[which].names
	                                                             : all,
	                                            .from_days = server_rows[which].from,
	                                            .until_days = server_rows[which].until,
	                                            .issuer = own ? NULL : p->ca,
	                                            .issuer_key = own ? key : p->ca_key },
	                       key);

	p->certificate[which] = cert_pem(cert);
	p->key[which] = key_pem(key);
	X509_free(cert);
	EVP_PKEY_free(key);
}

/* ---- signers --------------------------------------------------------------------------------- */

static char *libtrust_id(EVP_PKEY *key)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
	unsigned char *der = NULL, digest[EVP_MAX_MD_SIZE];
	size_t len = 0;
	int n = i2d_PUBKEY(key, &der);
	AUTO_BUF struct buf id = BUF_INIT(128);
	unsigned bits = 0, have = 0;

	if (n <= 0 || EVP_Q_digest(NULL, "SHA256", NULL, der, (size_t)n, digest, &len) != 1)
		mem_exhausted();
	OPENSSL_free(der);
	for (size_t i = 0, out = 0; i < KEY_ID_BYTES; i++) {
		bits = (bits << 8 | digest[i]) & 0xffff;
		for (have += 8; have >= 5; have -= 5, out++) {
			if (out > 0 && out % 4 == 0)
				buf_char(&id, ':');
			buf_char(&id, alphabet[bits >> (have - 5) & 31]);
		}
	}
	return mem_dup(buf_cstr(&id));
}

static char *thumbprint(X509 *cert, const EVP_MD *md)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned len = 0;
	AUTO_BUF struct buf text = BUF_INIT(128);

	if (X509_digest(cert, md, digest, &len) != 1)
		mem_exhausted();
	crypto_base64(digest, len, true, &text);
	return mem_dup(buf_cstr(&text));
}

static bool open_signer(struct pki *p, const char *dir, enum pki_signer which, struct err *e)
{
	struct emulator_signer *s = &p->signer[which];
	AUTO_BUF struct buf x5c = BUF_INIT(PEM_MAX);
	unsigned char *der = NULL;
	int n;

	if (!load_pair(dir, signer_rows[which].key_file, signer_rows[which].cert_file, &s->key,
	               &s->cert)) {
		s->key = EVP_RSA_gen(PKI_RSA_BITS);
		if (s->key == NULL)
			mem_exhausted();
		s->cert = make_cert(
			&(struct cert_plan){ .common_name = signer_rows[which].common_name,
		                             .from_days = -1,
		                             .until_days = CA_DAYS,
		                             .issuer_key = s->key },
			s->key);
		if (!save_pair(dir, signer_rows[which].key_file, signer_rows[which].cert_file,
		               s->key, s->cert, e))
			return false;
	}
	n = i2d_X509(s->cert, &der);
	if (n <= 0)
		mem_exhausted();
	crypto_base64(der, (size_t)n, false, &x5c);
	OPENSSL_free(der);
	s->x5c = mem_dup(buf_cstr(&x5c));
	s->x5t = thumbprint(s->cert, EVP_sha1());
	s->key_id = which == PKI_REGISTRY ? libtrust_id(s->key) : mem_dup(s->x5t);
	return true;
}

bool pki_open(const char *dir, const char *names, struct pki **out, struct err *e)
{
	struct pki *p = mem_new(sizeof(*p));
	bool ok = open_ca(p, dir, e);

	for (int i = 0; ok && i < PKI_SIGNER__COUNT; i++)
		ok = open_signer(p, dir, (enum pki_signer)i, e);
	if (!ok) {
		pki_free(p);
		return false;
	}
	for (int i = 0; i < PKI_SERVER__COUNT; i++)
		make_server(p, (enum pki_server)i, names);
	*out = p;
	return true;
}

void pki_free(struct pki *p)
{
	if (p == NULL)
		return;
	EVP_PKEY_free(p->ca_key);
	X509_free(p->ca);
	for (int i = 0; i < PKI_SERVER__COUNT; i++) {
		if (p->key[i] != NULL)
			explicit_bzero(p->key[i], strlen(p->key[i]));
		mem_free_ptr(&p->certificate[i]);
		mem_free_ptr(&p->key[i]);
	}
	for (int i = 0; i < PKI_SIGNER__COUNT; i++) {
		EVP_PKEY_free(p->signer[i].key);
		X509_free(p->signer[i].cert);
		mem_free_ptr(&p->signer[i].key_id);
		mem_free_ptr(&p->signer[i].x5c);
		mem_free_ptr(&p->signer[i].x5t);
	}
	mem_free_ptr(&p);
}

const char *pki_certificate(const struct pki *p, enum pki_server which)
{
	return p->certificate[which];
}

const char *pki_key(const struct pki *p, enum pki_server which)
{
	return p->key[which];
}

bool pki_cert_read(const char *pem, struct pki_cert **out, struct err *e)
{
	X509 *x = read_cert(pem);

	if (x == NULL)
		return err_set(e, ERR_CONFIG, "not a certificate in PEM form");
	*out = mem_new(sizeof(**out));
	(*out)->x = x;
	return true;
}

void pki_cert_free(struct pki_cert *c)
{
	if (c == NULL)
		return;
	X509_free(c->x);
	mem_free_ptr(&c);
}
