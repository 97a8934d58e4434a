/* SPDX-License-Identifier: MIT */
#include "base/sha256.h"

#include <openssl/evp.h>

#include "base/buf.h"
#include "check.h"

static void vectors(void **state)
{
	(void)state;
	/* FIPS 180-4, and a million times "a". */
	static const struct { const char *text; size_t times; const char *hex; } row[] = {
		{ "", 0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
		{ "abc", 1, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
		{ "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 1, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1" },
		{ "a", 1000000, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0" },
	};

	for (size_t i = 0; i < COUNT(row); i++) {
		AUTO_BUF struct buf text = BUF_INIT(1000001);
		uint8_t digest[SHA256_LEN];
		char hex[2 * SHA256_LEN + 1] = "";

		for (size_t n = 0; n < row[i].times; n++)
			buf_str(&text, row[i].text);
		sha256(buf_cstr(&text), text.len, digest);
		for (size_t k = 0; k < SHA256_LEN; k++)
			(void)snprintf(hex + 2 * k, 3, "%02x", digest[k]);
		CHECK_TEXT(hex, row[i].hex, "row %zu", i);
	}
}

/* Every length over four blocks, so every way in which the padding can fall, as OpenSSL has it. */
static void every_length(void **state)
{
	(void)state;
	uint8_t text[256], ours[SHA256_LEN], theirs[EVP_MAX_MD_SIZE];

	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = (uint8_t)(i * 167 + 13);
	for (size_t n = 0; n <= sizeof(text); n++) {
		size_t len = 0;
		assert_int_equal(EVP_Q_digest(NULL, "SHA256", NULL, text, n, theirs, &len), 1);
		sha256(text, n, ours);
		CHECK(len == SHA256_LEN && memcmp(ours, theirs, len) == 0, "%zu bytes", n);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(vectors), cmocka_unit_test(every_length) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
