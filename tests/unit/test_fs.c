/* SPDX-License-Identifier: MIT */
/* Reading whole files and secrets. */
#include "fs_dir.h"

#include <fcntl.h>

#include "base/buf.h"
#include "base/secret.h"

static bool read_it(const char *path, size_t max, size_t *len, struct err *e)
{
	AUTO_BUF struct buf text = BUF_INIT(max);
	struct fs_id id;
	struct stat st;

	if (!fs_read(path, max, &text, &id, e))
		return false;
	*len = text.len;
	assert_int_equal(stat(path, &st), 0);
	assert_true(id.ino == st.st_ino && id.size == st.st_size && id.dev == st.st_dev);
	return true;
}

static void reads_whole_files(void **state)
{
	static const size_t sizes[] = { 0, 1, 16383, 16384, 16385, 40000 };
	size_t len;
	struct err e = ERR_INIT;

	(void)state;
	for (size_t i = 0; i < COUNT(sizes); i++) {
		FILE *f = fopen(in("f"), "we");
		for (size_t k = 0; k < sizes[i]; k++)
			assert_true(fputc((int)('a' + k % 26), f) != EOF);
		assert_int_equal(fclose(f), 0);
		CHECK(read_it(in("f"), 40000, &len, &e) && len == sizes[i], "size %zu: %s",
		      sizes[i], e.text);
		if (sizes[i] > 0)
			CHECK(!read_it(in("f"), sizes[i] - 1, &len, &e) && e.kind == ERR_LOCAL,
			      "size %zu", sizes[i]);
	}
}

static void refuses_what_is_no_file(void **state)
{
	struct err e = ERR_INIT;
	size_t len;

	(void)state;
	assert_false(read_it(in("missing"), 10, &len, &e));
	assert_int_equal(e.kind, ERR_MISSING);
	assert_false(read_it(in("missing/below"), 10, &len, &e));
	assert_int_equal(e.kind, ERR_MISSING);
	assert_false(read_it(dir, 10, &len, &e));
	assert_int_equal(e.kind, ERR_LOCAL);
	assert_int_equal(mkfifo(in("fifo"), 0600), 0);
	assert_false(read_it(in("fifo"), 10, &len, &e)); /* and does not hang */
	assert_int_equal(e.kind, ERR_LOCAL);
	assert_int_equal(symlink("loop", in("loop")), 0);
	assert_false(read_it(in("loop"), 10, &len, &e));
	assert_int_equal(e.kind, ERR_LOCAL);
	/* /proc says 0 bytes and has some. */
	AUTO_BUF struct buf text = BUF_INIT(65536);
	assert_true(fs_read("/proc/self/status", 65536, &text, NULL, &e));
	assert_true(text.len > 0);
}

/* clang-format off */
static const struct secret_row { const char *text; mode_t mode; bool shared_ok; const char *want; enum err_kind kind; } secrets[] = {
	{ "s3\n", 0600, false, "s3", ERR_NONE },
	{ "s3\r\n\n", 0400, false, "s3", ERR_NONE },
	{ " s3 ", 0600, false, " s3 ", ERR_NONE },
	{ "s3", 0640, false, NULL, ERR_CONFIG },
	{ "s3", 0604, false, NULL, ERR_CONFIG },
	{ "s3", 0644, true, "s3", ERR_NONE },
	{ "", 0600, false, NULL, ERR_CONFIG },
	{ "\n\n", 0600, false, NULL, ERR_CONFIG },
};
/* clang-format on */

static void secret_files(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(secrets); i++) {
		const struct secret_row *r = &secrets[i];
		AUTO_SECRET struct secret *s = NULL;
		struct err e = ERR_INIT;
		file_put(in("secret"), r->text);
		assert_int_equal(chmod(in("secret"), r->mode), 0);
		bool ok = fs_read_secret(in("secret"), r->shared_ok, &s, &e);
		CHECK(ok == (r->want != NULL), "row %zu: %s", i, e.text);
		CHECK(!ok || strcmp(secret_peek(s), r->want) == 0, "row %zu", i);
		CHECK(ok || e.kind == r->kind, "row %zu: %d", i, e.kind);
		/* but for the name of the directory, which has any letters */
		const char *told = strstr(e.text, "/secret");
		CHECK(told == NULL || strstr(told + 7, "s3") == NULL,
		      "row %zu: a secret in the error", i);
		assert_int_equal(unlink(in("secret")), 0);
	}
}

static void secrets_of_others_and_empty_ones(void **state)
{
	AUTO_SECRET struct secret *s = NULL;
	struct err e = ERR_INIT;

	(void)state;
	file_put(in("empty"), "");
	assert_int_equal(chmod(in("empty"), 0600), 0);
	assert_false(fs_read_secret_bytes(in("empty"), false, &s, &e));
	assert_non_null(strstr(e.text, "is empty"));
	if (geteuid() != 0)
		return;
	file_put(in("theirs"), "s3");
	assert_true(chmod(in("theirs"), 0600) == 0 && chown(in("theirs"), 12345, 0) == 0);
	assert_false(fs_read_secret(in("theirs"), false, &s, &e));
	assert_true(e.kind == ERR_CONFIG && strstr(e.text, "belongs to user 12345") != NULL);
}

static void credentials_of_systemd(void **state)
{
	AUTO_SECRET struct secret *s = NULL;
	struct err e = ERR_INIT;
	char outside[4300];

	(void)state;
	assert_int_equal(mkdir(in("cred"), 0700), 0);
	file_put(in("cred/x"), "s3");
	file_put(in("y"), "s3");
	assert_int_equal(chmod(in("cred/x"), 0440), 0);
	assert_int_equal(chmod(in("y"), 0440), 0);
	assert_false(fs_read_secret(in("cred/x"), false, &s, &e));
	assert_int_equal(setenv("CREDENTIALS_DIRECTORY", in("cred/"), 1), 0);
	assert_true(fs_read_secret(in("cred/x"), false, &s, &e));
	secret_free(s);
	s = NULL;
	(void)snprintf(outside, sizeof(outside), "%s/cred/../y", dir);
	assert_false(fs_read_secret(outside, false, &s, &e));
	assert_int_equal(unsetenv("CREDENTIALS_DIRECTORY"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(reads_whole_files),      T(refuses_what_is_no_file),
		T(secret_files),           T(secrets_of_others_and_empty_ones),
		T(credentials_of_systemd),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
