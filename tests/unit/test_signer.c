/* SPDX-License-Identifier: MIT */
/* Certificates as every program writes them, and signatures that openssl's own command line
 * accepts. */
#include <sys/stat.h>
#include <time.h>

#include "base/buf.h"
#include "base/crypto.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/secret.h"
#include "base/signer.h"
#include "check.h"
#include "emulator/pki.h"
#include "fakes/run.h"
#include "scratch.h"

/* Files are made once: keys take their time. "pass" is the password of all that have one. */
static const char *const recipe[] = {
	"openssl req -x509 -newkey rsa:2048 -noenc -keyout key.pem -out cert.pem -days 3000 -subj "
	"/CN=acrotate",
	"openssl req -x509 -newkey rsa:2048 -noenc -keyout other.key -out other.pem -days 3000 "
	"-subj /CN=other",
	"openssl req -x509 -newkey rsa:1024 -noenc -keyout short.key -out short.cert -days 3000 "
	"-subj /CN=short",
	"openssl ecparam -name prime256v1 -genkey -noout -out ec.key",
	"openssl req -x509 -key ec.key -out ec.cert -days 3000 -subj /CN=ec",
	"openssl x509 -in cert.pem -pubkey -noout -out pub.pem",
	"openssl rsa -in key.pem -traditional -out pkcs1.key",
	"openssl pkcs8 -topk8 -in key.pem -out enc.key -passout pass:pass",
	"openssl rsa -in key.pem -traditional -aes128 -passout pass:pass -out dek.key",
	"openssl pkcs12 -export -inkey key.pem -in cert.pem -certfile other.pem -out new.p12 "
	"-passout pass:pass",
	"openssl pkcs12 -export -inkey key.pem -in cert.pem -legacy -out old.p12 -passout "
	"pass:pass",
	"openssl pkcs12 -export -inkey key.pem -in cert.pem -out open.p12 -passout pass:",
	"openssl pkcs12 -export -nokeys -in cert.pem -out nokey.p12 -passout pass:pass",
	"openssl pkcs12 -export -inkey ec.key -in ec.cert -out ec.p12 -passout pass:pass",
};

static char *at(const char *name)
{
	return mem_fmt("%s/%s", dir, name);
}

static void put(const char *name, const void *p, size_t n)
{
	AUTO_FREE char *path = at(name);
	struct err e = ERR_INIT;

	CHECK(fs_replace(path, p, n, 0600, &e), "%s", e.text);
}

static void join(const char *name, const char *first, const char *second, const char *third)
{
	AUTO_BUF struct buf b = BUF_INIT(100000);
	const char *const parts[] = { first, second, third };
	struct err e = ERR_INIT;

	for (size_t i = 0; i < COUNT(parts) && parts[i] != NULL; i++) {
		AUTO_FREE char *path = at(parts[i]);
		AUTO_BUF struct buf part = BUF_INIT(100000);

		CHECK(fs_read(path, 100000, &part, NULL, &e), "%s", e.text);
		buf_add(&b, part.data, part.len);
	}
	put(name, b.data, b.len);
}

static int group_open(void **state)
{
	(void)state;
	dir = scratch_make();
	for (size_t i = 0; i < COUNT(recipe); i++)
		CHECK(run_line(dir, recipe[i]), "%s", recipe[i]);
	join("usual.pem", "key.pem", "cert.pem", NULL);
	join("chain.pem", "other.pem", "key.pem", "cert.pem");
	join("pkcs1.pem", "cert.pem", "pkcs1.key", NULL);
	join("enc.pem", "enc.key", "cert.pem", NULL);
	join("dek.pem", "dek.key", "cert.pem", NULL);
	join("two.pem", "key.pem", "other.key", "cert.pem");
	join("mismatch.pem", "key.pem", "other.pem", NULL);
	join("short.pem", "short.key", "short.cert", NULL);
	join("ec.pem", "ec.key", "ec.cert", NULL);
	put("torn.pem", "-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----\n", 59);
	put("garbage", "\x30\x82\x01\x02garbage", 11);
	return 0;
}

static bool load(const char *name, const char *password, struct signer **out, struct err *e)
{
	AUTO_FREE char *path = at(name);
	AUTO_SECRET struct secret *file = NULL,
				  *pass = password != NULL ? secret_new(password, strlen(password))
	                                                   : NULL;

	if (chmod(path, 0600) != 0)
		return err_sys(e, 0, "no '%s'", path);
	return fs_read_secret_bytes(path, false, &file, e) && signer_load(file, pass, out, e);
}

static void forms(void **state)
{
	(void)state;
	/* clang-format off */
	static const struct { const char *file, *password, *says; } row[] = {
		{ "usual.pem", NULL, NULL }, { "usual.pem", "not needed", NULL },
		  { "chain.pem", NULL, NULL }, { "pkcs1.pem", NULL, NULL },
		{ "enc.pem", "pass", NULL }, { "new.p12", "pass", NULL },
		  { "old.p12", "pass", NULL }, { "open.p12", NULL, NULL },
		{ "open.p12", "", NULL },
		{ "enc.pem", NULL, "certificate_password_file" },
		  { "enc.pem", "wrong", "password of the private key is wrong" },
		{ "new.p12", NULL, "certificate_password_file" },
		  { "new.p12", "wrong", "password is wrong" },
		{ "old.p12", "wrong", "password is wrong" },
		  { "old.p12", NULL, "certificate_password_file" },
		{ "dek.pem", "pass", "openssl pkcs8" },
		  { "two.pem", NULL, "more than one private key" },
		{ "mismatch.pem", NULL, "belongs to the private key" },
		  { "key.pem", NULL, "no certificate" }, { "cert.pem", NULL, "no private key" },
		{ "nokey.p12", "pass", "no private key" }, { "short.pem", NULL, "2048" },
		  { "ec.pem", NULL, "RSA" }, { "ec.p12", "pass", "RSA" },
		{ "torn.pem", NULL, "cannot be read" },
		  { "garbage", NULL, "neither PEM nor PKCS#12" },
	};
	/* clang-format on */

	for (size_t i = 0; i < COUNT(row); i++) {
		AUTO_SIGNER struct signer *s = NULL;
		struct err e = ERR_INIT;

		CHECK(load(row[i].file, row[i].password, &s, &e) == (row[i].says == NULL), "%s: %s",
		      row[i].file, e.text);
		CHECK(row[i].says == NULL ||
		              (e.kind == ERR_CONFIG && strstr(e.text, row[i].says) && s == NULL),
		      "%s: %s", row[i].file, e.text);
	}
}

/* Splits a token into what is signed and the signature, as files; gives the header. */
static struct json *take_apart(const struct secret *jwt, struct json **claims)
{
	const char *text = secret_peek(jwt), *first = strchr(text, '.'),
		   *second = strrchr(text, '.');
	AUTO_BUF struct buf header = BUF_INIT(100000), body = BUF_INIT(100000),
			    signature = BUF_INIT(10000);
	struct json *j = NULL;
	struct err e = ERR_INIT;

	assert_true(first != NULL && second > first && strpbrk(text, "+/= \n") == NULL);
	assert_true(crypto_unbase64_lax(text, (size_t)(first - text), &header) &&
	            crypto_unbase64_lax(first + 1, (size_t)(second - first - 1), &body) &&
	            crypto_unbase64_lax(second + 1, strlen(second + 1), &signature));
	put("signed", text, (size_t)(second - text));
	put("signature", signature.data, signature.len);
	CHECK(json_parse(header.data, header.len, &j, &e) &&
	              json_parse(body.data, body.len, claims, &e),
	      "%s", e.text);
	return j;
}

static char *file_text(const char *name)
{
	AUTO_FREE char *path = at(name);
	AUTO_BUF struct buf b = BUF_INIT(100000);
	struct err e = ERR_INIT;

	CHECK(fs_read(path, 100000, &b, NULL, &e), "%s", e.text);
	return mem_dup(buf_cstr(&b));
}

static void signatures(void **state)
{
	(void)state;
	static const struct {
		const char *file, *password;
		enum signer_flags flags;
	} row[] = {
		{ "usual.pem", NULL, 0 },
		{ "enc.pem", "pass", 0 },
		{ "new.p12", "pass", 0 },
		{ "old.p12", "pass", 0 },
		{ "old.p12", "pass", SIGNER_OLD },
		{ "chain.pem", NULL, SIGNER_CHAIN },
		{ "new.p12", "pass", SIGNER_CHAIN },
		{ "usual.pem", NULL, SIGNER_OLD },
	};
	AUTO_FREE char *cert = file_text("cert.pem");
	struct pki_cert *verifier = NULL;
	struct err e = ERR_INIT;

	CHECK(pki_cert_read(cert, &verifier, &e), "%s", e.text);
	for (size_t i = 0; i < COUNT(row); i++) {
		AUTO_SIGNER struct signer *s = NULL;
		AUTO_SECRET struct secret *jwt = NULL;
		AUTO_JSON struct json *header = NULL, *claims = NULL, *again = NULL;
		bool old = (row[i].flags & SIGNER_OLD) != 0,
		     chain = (row[i].flags & SIGNER_CHAIN) != 0;

		CHECK(load(row[i].file, row[i].password, &s, &e) &&
		              signer_jwt(s, "{\"iss\":\"me\"}", row[i].flags, &jwt, &e),
		      "%s", e.text);
		header = take_apart(jwt, &claims);
		CHECK_TEXT(json_str(header, "alg"), old ? "RS256" : "PS256", "%zu", i);
		CHECK_TEXT(json_str(header, "typ"), "JWT", "%zu", i);
		CHECK_TEXT(json_str(claims, "iss"), "me", "%zu", i);
		CHECK(old ? json_str(header, "x5t") != NULL
		          : strlen(json_str(header, "x5t#S256")) == 43,
		      "%zu", i);
		CHECK(json_len(header, "x5c") == (chain ? 2 : 0), "%zu", i);
		CHECK(run_line(dir, old ? "openssl dgst -sha256 -verify pub.pem -signature "
		                          "signature signed"
		                        : "openssl dgst -sha256 -sigopt rsa_padding_mode:pss "
		                          "-sigopt rsa_pss_saltlen:32 -verify pub.pem "
		                          "-signature signature signed"),
		      "%zu", i);
		CHECK(pki_cert_verify(verifier, secret_peek(jwt), &again, &e), "%zu: %s", i,
		      e.text);
	}
	pki_cert_free(verifier);
}

/* The leaf comes first in x5c, wherever it stood in the file, and is plain base64 of DER. */
static void chain_order(void **state)
{
	(void)state;
	AUTO_SIGNER struct signer *s = NULL;
	AUTO_SECRET struct secret *jwt = NULL;
	AUTO_JSON struct json *header = NULL, *claims = NULL;
	AUTO_FREE char *pem = file_text("cert.pem");
	AUTO_BUF struct buf der = BUF_INIT(10000);
	struct err e = ERR_INIT;

	CHECK(load("chain.pem", NULL, &s, &e) && signer_jwt(s, "{}", SIGNER_CHAIN, &jwt, &e), "%s",
	      e.text);
	header = take_apart(jwt, &claims);
	for (const char *c = strchr(pem, '\n'); *c != '-'; c++)
		if (*c != '\n')
			buf_char(&der, *c);
	assert_string_equal(json_text(json_at(header, "x5c", 0)), buf_cstr(&der));
}

static void expiry(void **state)
{
	(void)state;
	AUTO_SIGNER struct signer *s = NULL;
	struct err e = ERR_INIT;
	int64_t now = (int64_t)time(NULL);

	assert_true(load("usual.pem", NULL, &s, &e));
	assert_in_range(signer_expires(s), now + 2999 * 86400L, now + 3001 * 86400L);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(forms), cmocka_unit_test(signatures),
		                            cmocka_unit_test(chain_order),
		                            cmocka_unit_test(expiry) };
	return cmocka_run_group_tests(tests, group_open, scratch_teardown);
}
