/* SPDX-License-Identifier: MIT */
#include "base/buf.h"
#include "base/crypto.h"
#include "base/err.h"
#include "base/secret.h"
#include "check.h"

/* SHA-256 vectors of FIPS 180-2, cut to the 16 bytes that we keep. */
static void fingerprints_are_sha256(void **state)
{
	(void)state;
	/* clang-format off */
	static const struct { const char *text, *hex; } row[] = {
		{ "", "e3b0c44298fc1c149afbf4c8996fb924" },
		{ "abc", "ba7816bf8f01cfea414140de5dae2223" },
		{ "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
		  "248d6a61d20638b8e5c026930c3e6039" },
	};
	/* clang-format on */
	for (size_t i = 0; i < COUNT(row); i++) {
		AUTO_SECRET struct secret *s = secret_new(row[i].text, strlen(row[i].text));
		struct fingerprint of_secret, of_bytes, read;
		char hex[FINGERPRINT_HEX_MAX];
		crypto_fingerprint(s, &of_secret);
		crypto_fingerprint_bytes(row[i].text, strlen(row[i].text), &of_bytes);
		fingerprint_to_hex(&of_secret, hex);
		CHECK_TEXT(hex, row[i].hex, "row %zu", i);
		CHECK(fingerprint_equal(&of_secret, &of_bytes), "row %zu", i);
		CHECK(fingerprint_from_hex(hex, &read) && fingerprint_equal(&read, &of_secret),
		      "row %zu", i);
	}
	struct fingerprint a, b;
	crypto_fingerprint_bytes("a", 1, &a);
	crypto_fingerprint_bytes("b", 1, &b);
	assert_false(fingerprint_equal(&a, &b));
}

static void only_whole_fingerprints_are_read(void **state)
{
	(void)state;
	static const char *const bad[] = {
		"",
		"e3",
		"e3b0c44298fc1c149afbf4c8996fb92",
		"e3b0c44298fc1c149afbf4c8996fb9244",
		"g3b0c44298fc1c149afbf4c8996fb924",
		"e3b0c44298fc1c149afbf4c8996fb92 ",
		" 3b0c44298fc1c149afbf4c8996fb924",
		"+3b0c44298fc1c149afbf4c8996fb924",
	};
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct fingerprint p = { .b = { 1, 2, 3 } }, before = p;
		CHECK(!fingerprint_from_hex(bad[i], &p) && fingerprint_equal(&p, &before), "'%s'",
		      bad[i]);
	}
}

/* RFC 4648 section 10, and the two alphabets. */
static void base64_vectors(void **state)
{
	(void)state;
	/* clang-format off */
	static const struct { const char *in; size_t n; const char *plain, *url; } row[] = {
		{ "", 0, "", "" },
		{ "f", 1, "Zg==", "Zg" },
		{ "fo", 2, "Zm8=", "Zm8" },
		{ "foo", 3, "Zm9v", "Zm9v" },
		{ "foob", 4, "Zm9vYg==", "Zm9vYg" },
		{ "fooba", 5, "Zm9vYmE=", "Zm9vYmE" },
		{ "foobar", 6, "Zm9vYmFy", "Zm9vYmFy" },
		{ "\xfb\xff\xbf", 3, "+/+/", "-_-_" },
		{ "\0\0", 2, "AAA=", "AAA" },
	};
	/* clang-format on */
	for (size_t i = 0; i < COUNT(row); i++) {
		AUTO_BUF struct buf plain = BUF_INIT(100), url = BUF_INIT(100);
		crypto_base64(row[i].in, row[i].n, false, &plain);
		crypto_base64(row[i].in, row[i].n, true, &url);
		CHECK_TEXT(buf_cstr(&plain), row[i].plain, "row %zu", i);
		CHECK_TEXT(buf_cstr(&url), row[i].url, "row %zu", i);
		AUTO_SECRET struct secret *back = NULL;
		struct err e = ERR_INIT;
		CHECK(crypto_unbase64(row[i].plain, strlen(row[i].plain), &back, &e), "row %zu: %s",
		      i, e.text);
		CHECK(secret_len(back) == row[i].n &&
		              memcmp(secret_peek(back), row[i].in, row[i].n) == 0,
		      "row %zu", i);
	}
}

static void base64_round_trips_at_every_length(void **state)
{
	(void)state;
	unsigned char bytes[400];
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (unsigned char)(i * 37);
	for (size_t n = 0; n <= sizeof(bytes); n++) {
		AUTO_BUF struct buf b = BUF_INIT(1000);
		AUTO_SECRET struct secret *back = NULL;
		struct err e = ERR_INIT;
		crypto_base64(bytes, n, false, &b);
		CHECK(crypto_unbase64(buf_cstr(&b), b.len, &back, &e), "%zu: %s", n, e.text);
		CHECK(secret_len(back) == n && memcmp(secret_peek(back), bytes, n) == 0,
		      "%zu bytes", n);
	}
}

static void base64_is_read_strictly_but_for_space_at_the_end(void **state)
{
	(void)state;
	/* clang-format off */
	static const struct { const char *text; const char *want; } row[] = {
		{ "Zm9v\n", "foo" },   { "Zm8=\r\n ", "fo" },  { "Zg==\t", "f" },
		{ "Zg", NULL },        { "Zg=", NULL },        { "Zg===", NULL },   { "Z", NULL },
		{ "Zm9v=", NULL },     { "Zm=v", NULL },       { "=", NULL },
		        { "====", NULL },
		{ "Zm 9v", NULL },     { "Zm9v\nZm9v", NULL }, { " Zm9v", NULL },
		    { "Zm9!", NULL },
		{ "-_-_", NULL },      { "Zm9v\x80", NULL },   { "Zg==Zg==", NULL },
	};
	/* clang-format on */
	for (size_t i = 0; i < COUNT(row); i++) {
		AUTO_SECRET struct secret *back = NULL;
		struct err e = ERR_INIT;
		bool ok = crypto_unbase64(row[i].text, strlen(row[i].text), &back, &e);
		CHECK(ok == (row[i].want != NULL), "'%s'", row[i].text);
		if (ok) {
			CHECK_TEXT(secret_peek(back), row[i].want, "'%s'", row[i].text);
		} else {
			CHECK(back == NULL && e.kind != ERR_NONE, "'%s'", row[i].text);
			CHECK(strstr(e.text, row[i].text) == NULL,
			      "the error repeats what may be a secret: %s", e.text);
		}
	}
}

static void randomness_does_not_repeat(void **state)
{
	(void)state;
	unsigned char a[32] = { 0 }, b[32] = { 0 };
	crypto_random(a, sizeof(a));
	crypto_random(b, sizeof(b));
	assert_memory_not_equal(a, b, sizeof(a));
}

static void uuids_have_version_4(void **state)
{
	(void)state;
	char last[37] = "";
	for (int i = 0; i < 100; i++) {
		char u[37];
		crypto_uuid(u);
		assert_int_equal(strlen(u), 36);
		for (size_t k = 0; k < 36; k++)
			CHECK(k == 8 || k == 13 || k == 18 || k == 23
			              ? u[k] == '-'
			              : strchr("0123456789abcdef", u[k]) != NULL,
			      "'%s' at %zu", u, k);
		assert_int_equal(u[14], '4');
		assert_non_null(strchr("89ab", u[19]));
		assert_string_not_equal(u, last);
		memcpy(last, u, sizeof(last));
	}
}

static void base64_of_all_kinds(void **state)
{
	/* clang-format off */
	static const struct { const char *in; bool good; const char *want; } row[] = {
		{ "", true, "" },         { "QQ", true, "A" },       { "QQ==", true, "A" },
		   { "QUI=", true, "AB" },
		{ "QUJD", true, "ABC" },  { "Q", false, NULL },      { "QU JD", false, NULL },
		  { "-_-_", true, "\xfb\xff\xbf" },
		{ "+/+/", true, "\xfb\xff\xbf" }, { "QUJD.", false, NULL },
	};
	/* clang-format on */

	(void)state;
	for (size_t i = 0; i < COUNT(row); i++) {
		AUTO_BUF struct buf out = BUF_INIT(100);

		CHECK(crypto_unbase64_lax(row[i].in, strlen(row[i].in), &out) == row[i].good,
		      "'%s'", row[i].in);
		if (row[i].good)
			CHECK_TEXT(buf_cstr(&out), row[i].want, "'%s'", row[i].in);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(base64_of_all_kinds),
		cmocka_unit_test(fingerprints_are_sha256),
		cmocka_unit_test(only_whole_fingerprints_are_read),
		cmocka_unit_test(base64_vectors),
		cmocka_unit_test(base64_round_trips_at_every_length),
		cmocka_unit_test(base64_is_read_strictly_but_for_space_at_the_end),
		cmocka_unit_test(randomness_does_not_repeat),
		cmocka_unit_test(uuids_have_version_4),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
