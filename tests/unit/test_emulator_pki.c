/* SPDX-License-Identifier: MIT */
#include "base/buf.h"
#include "base/crypto.h"
#include "base/err.h"
#include "base/json.h"
#include "base/mem.h"
#include "check.h"
#include "emulator/files.h"
#include "emulator/pki.h"

static struct {
	char *dir;
	struct pki *pki;
} shared;

static int set_up(void **state)
{
	struct err e = ERR_INIT;

	(void)state;
	shared.dir = scratch_make();
	return pki_open(shared.dir, "", &shared.pki, &e) ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	pki_free(shared.pki);
	scratch_remove(shared.dir);
	return 0;
}

static void a_token_is_verified(void **state)
{
	AUTO_BUF struct buf jwt = BUF_INIT(10000);
	AUTO_JSON struct json *claims = NULL;
	struct err e = ERR_INIT;
	int64_t number = 0;

	(void)state;
	pki_sign(shared.pki, PKI_ENTRA, "{\"aud\":\"x\",\"exp\":7}", &jwt);
	assert_true(pki_verify(shared.pki, PKI_ENTRA, buf_cstr(&jwt), &claims, &e));
	assert_string_equal(json_str(claims, "aud"), "x");
	assert_true(json_int(claims, "exp", &number));
	assert_int_equal(number, 7);
}

/* Every byte of a token counts, and so does the key. */
static void a_changed_token_is_not(void **state)
{
	AUTO_BUF struct buf jwt = BUF_INIT(10000);
	AUTO_JSON struct json *claims = NULL;
	struct err e = ERR_INIT;

	(void)state;
	pki_sign(shared.pki, PKI_ENTRA, "{\"aud\":\"x\"}", &jwt);
	assert_false(pki_verify(shared.pki, PKI_REGISTRY, buf_cstr(&jwt), &claims, &e));
	/* The last character carries bits that base64 drops. */
	for (size_t i = 0; i + 1 < jwt.len; i++) {
		char was = jwt.data[i];

		jwt.data[i] = was == 'A' ? 'B' : 'A';
		CHECK(!pki_verify(shared.pki, PKI_ENTRA, jwt.data, &claims, &e), "byte %zu of %zu",
		      i, jwt.len);
		jwt.data[i] = was;
	}
}

static void what_is_no_token_is_refused(void **state)
{
	static const char *const row[] = { "",
		                           ".",
		                           "..",
		                           "a.b",
		                           "a.b.c.d",
		                           "e30.e30.",
		                           "e30.e30.AAAA",
		                           "!.!.!",
		                           "eyJhbGciOiJub25lIn0.e30." };

	(void)state;
	for (size_t i = 0; i < COUNT(row); i++) {
		struct json *claims = NULL;
		struct err e = ERR_INIT;

		CHECK(!pki_verify(shared.pki, PKI_ENTRA, row[i], &claims, &e), "%s", row[i]);
		CHECK(claims == NULL && e.kind != ERR_NONE, "%s", row[i]);
	}
}

/* libtrust's key id, which a docker-registry looks up: twelve groups of four, and the same for
 * the same key. */
static void the_registry_key_has_a_libtrust_id(void **state)
{
	AUTO_BUF struct buf jwt = BUF_INIT(10000), header = BUF_INIT(10000);
	AUTO_JSON struct json *j = NULL;
	struct err e = ERR_INIT;
	const char *id;

	(void)state;
	pki_sign(shared.pki, PKI_REGISTRY, "{}", &jwt);
	assert_true(crypto_unbase64_lax(jwt.data, strcspn(jwt.data, "."), &header));
	assert_true(json_parse(buf_cstr(&header), header.len, &j, &e));
	id = json_str(j, "kid");
	assert_non_null(id);
	assert_int_equal(strlen(id), 59);
	for (size_t i = 0; i < 59; i++)
		CHECK(i % 5 == 4 ? id[i] == ':'
		                 : strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", id[i]) != NULL,
		      "%s at %zu", id, i);
}

static void keys_are_found_again(void **state)
{
	AUTO_BUF struct buf jwt = BUF_INIT(10000);
	AUTO_JSON struct json *claims = NULL;
	struct err e = ERR_INIT;
	struct pki *again = NULL;

	(void)state;
	pki_sign(shared.pki, PKI_REGISTRY, "{}", &jwt);
	assert_true(pki_open(shared.dir, "", &again, &e));
	assert_true(pki_verify(again, PKI_REGISTRY, buf_cstr(&jwt), &claims, &e));
	pki_free(again);
}

/* A file that does not fit its partner is made anew rather than used. */
static void keys_that_do_not_fit_are_replaced(void **state)
{
	AUTO_BUF struct buf key = BUF_INIT(10000), before = BUF_INIT(10000),
			    after = BUF_INIT(10000);
	struct err e = ERR_INIT;
	struct pki *again = NULL;

	(void)state;
	assert_true(files_read(shared.dir, "registry-token.key", &key, &e));
	assert_true(files_read(shared.dir, "entra.pem", &before, &e));
	assert_true(files_write(shared.dir, "entra.key", buf_cstr(&key), 0600, &e));
	assert_true(pki_open(shared.dir, "", &again, &e));
	assert_true(files_read(shared.dir, "entra.pem", &after, &e));
	assert_string_not_equal(buf_cstr(&before), buf_cstr(&after));
	pki_free(again);
}

static void certificates_are_made(void **state)
{
	(void)state;
	for (int i = 0; i < PKI_SERVER__COUNT; i++) {
		assert_non_null(strstr(pki_certificate(shared.pki, (enum pki_server)i),
		                       "BEGIN CERTIFICATE"));
		assert_non_null(
			strstr(pki_key(shared.pki, (enum pki_server)i), "BEGIN PRIVATE KEY"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_token_is_verified),
		cmocka_unit_test(a_changed_token_is_not),
		cmocka_unit_test(what_is_no_token_is_refused),
		cmocka_unit_test(the_registry_key_has_a_libtrust_id),
		cmocka_unit_test(keys_are_found_again),
		cmocka_unit_test(certificates_are_made),
		cmocka_unit_test(keys_that_do_not_fit_are_replaced),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
