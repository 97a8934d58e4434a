/* SPDX-License-Identifier: MIT */
/* A program named az in the first directory of the PATH plays Azure's. */
#include <sys/stat.h>
#include <time.h>

#include "base/err.h"
#include "base/fs.h"
#include "base/mem.h"
#include "check.h"
#include "fakes/auth_rig.h"

static char *dir, *path_before;
static char tid[] = "contoso.com", sub[] = "My Subscription", nasty[] = "a;b", option[] = "--debug";

static int group_open(void **state)
{
	(void)state;
	dir = scratch_make();
	path_before = mem_dup(getenv("PATH"));
	AUTO_FREE char *path = mem_fmt("%s:%s", dir, path_before);
	setenv("PATH", path, 1);
	setenv("TZ", "Asia/Kolkata", 1);
	tzset();
	return 0;
}

static int group_close(void **state)
{
	(void)state;
	setenv("PATH", path_before, 1);
	free(path_before);
	scratch_remove(dir);
	return 0;
}

static void put_az(const char *script)
{
	AUTO_FREE char *path = mem_fmt("%s/az", dir),
		       *text = mem_fmt("#!/bin/sh\necho \"$*\" >%s/args\n%s\n", dir, script);
	struct err e = ERR_INIT;

	CHECK(fs_replace(path, text, strlen(text), 0700, &e), "%s", e.text);
}

static void answers(void **state)
{
	(void)state;
	/* clang-format off */
	static const struct { const char *name, *script, *says; enum err_kind kind; } row[] = {
		{ "new az",
		  "echo '{\"accessToken\":\"Z\",\"expires_on\":1700003600,\"expiresOn\":\"1999-01-01 00:00:00.000000\"}'", NULL, ERR_NONE },
		{ "old az, local time",
		  "echo '{\"accessToken\":\"Z\",\"expiresOn\":\"2023-11-15 04:43:20.123456\"}'",
		  NULL, ERR_NONE },
		{ "warnings beside it",
		  "echo WARNING: x >&2; echo '{\"accessToken\":\"Z\",\"expires_on\":1700003600}'",
		  NULL, ERR_NONE },
		{ "expired", "echo '{\"accessToken\":\"Z\",\"expires_on\":1600000000}'",
		  "has expired", ERR_AUTH },
		{ "old and expired",
		  "echo '{\"accessToken\":\"Z\",\"expiresOn\":\"2023-11-15 03:43:20.123456\"}'",
		  "has expired", ERR_AUTH },
		{ "no expiry", "echo '{\"accessToken\":\"Z\"}'", "when its token expires",
		  ERR_REMOTE },
		{ "no token", "echo '{\"expires_on\":1700003600}'", "no accessToken", ERR_REMOTE },
		{ "garbage", "echo hello", "not JSON", ERR_REMOTE },
		  { "nothing", "exit 0", "not JSON", ERR_REMOTE },
		{ "too much", "head -c 200000 /dev/zero | tr '\\0' ' '", "not JSON", ERR_REMOTE },
		{ "logged out",
		  "echo \"ERROR: Please run 'az login' to setup account.\" >&2; exit 1",
		  "Please run 'az login' to setup account.; log in as this user", ERR_AUTH },
		{ "refused",
		  "echo 'ERROR: AADSTS50076: Due to a configuration change' >&2; echo more >&2; "
		  "echo '{\"accessToken\":\"secret-on-stdout\"}'; exit 1",
		  "(exit status 1): AADSTS50076: Due to a configuration change", ERR_AUTH },
		{ "killed", "kill -9 $$", "signal 9", ERR_AUTH },
	};
	/* clang-format on */

	for (size_t i = 0; i < COUNT(row); i++) {
		struct auth_rig r;
		char token[4096];
		struct err e = ERR_INIT;

		put_az(row[i].script);
		auth_rig_open(&r, "azure-cli", NULL, 0);
		CHECK_TEXT(auth_rig_ask(&r, token, &e), row[i].says ? "" : "Z", "%s: %s",
		           row[i].name, e.text);
		CHECK(!row[i].says || (e.kind == row[i].kind && strstr(e.text, row[i].says)),
		      "%s: %d %s", row[i].name, e.kind, e.text);
		CHECK(!strstr(e.text, "secret-on-stdout") && !strstr(e.text, "more"), "%s", e.text);
		CHECK(auth_rig_close(&r), "%s", row[i].name);
	}
}

static void arguments(void **state)
{
	(void)state;
	/* clang-format off */
	static const struct { const char *name; char *tenant, *subscription; const char *line; } row[] = {
		{ "alone", NULL, NULL,
		  "account get-access-token --only-show-errors -o json --resource "
		  "https://arm.example/\n" },
		{ "tenant", tid, sub,
		  "account get-access-token --only-show-errors -o json --resource "
		  "https://arm.example/ --tenant contoso.com\n" },
		{ "subscription", NULL, sub,
		  "account get-access-token --only-show-errors -o json --resource "
		  "https://arm.example/ --subscription My Subscription\n" },
		{ "nasty", nasty, NULL, NULL },
		{ "an option", NULL, option, NULL },
	};
	/* clang-format on */

	put_az("echo '{\"accessToken\":\"Z\",\"expires_on\":1700003600}'");
	for (size_t i = 0; i < COUNT(row); i++) {
		AUTO_FREE char *path = mem_fmt("%s/args", dir);
		AUTO_BUF struct buf got = BUF_INIT(1000);
		struct auth_rig r;
		char token[4096];
		struct err e = ERR_INIT;

		(void)unlink(path);
		auth_rig_open(&r, "azure-cli", NULL, 0);
		r.spec.tenant_id = row[i].tenant;
		r.spec.subscription = row[i].subscription;
		CHECK_TEXT(auth_rig_ask(&r, token, &e), row[i].line ? "Z" : "", "%s: %s",
		           row[i].name, e.text);
		if (row[i].line) {
			CHECK(fs_read(path, 1000, &got, NULL, &e), "%s", e.text);
			CHECK_TEXT(buf_cstr(&got), row[i].line, "%s", row[i].name);
		} else {
			CHECK(e.kind == ERR_CONFIG && access(path, F_OK) != 0, "%s", e.text);
		}
		CHECK(auth_rig_close(&r), "%s", row[i].name);
	}
}

/* A person's token is used only where it is asked for. */
static void only_when_asked(void **state)
{
	(void)state;
	static const struct fake_step probe[] = { { HTTP_GET, "169.254",
		                                    .outcome = FAKE_DROP_BEFORE } };
	static const struct {
		const char *value;
		bool ok;
	} row[] = {
		{ NULL, false }, { "prod", false }, { "dev", true }, { "AzureCLICredential", true }
	};

	put_az("echo '{\"accessToken\":\"Z\",\"expires_on\":1700003600}'");
	for (size_t i = 0; i < COUNT(row); i++) {
		struct auth_rig r;
		char token[4096];
		struct err e = ERR_INIT;

		auth_rig_open(&r, "default", probe, !row[i].ok);
		if (row[i].value)
			setenv("AZURE_TOKEN_CREDENTIALS", row[i].value, 1);
		CHECK_TEXT(auth_rig_ask(&r, token, &e), row[i].ok ? "Z" : "", "%zu: %s", i, e.text);
		CHECK(auth_rig_close(&r), "%zu", i);
	}
	auth_rig_clear_environment();
}

static void not_installed(void **state)
{
	(void)state;
	struct auth_rig r;
	char token[4096];
	struct err e = ERR_INIT;

	auth_rig_open(&r, "azure-cli", NULL, 0);
	AUTO_FREE char *path = mem_dup(getenv("PATH"));
	setenv("PATH", "/nonexistent", 1);
	assert_string_equal(auth_rig_ask(&r, token, &e), "");
	setenv("PATH", path, 1);
	CHECK(e.kind == ERR_CONFIG && strstr(e.text, "no program 'az'"), "%s", e.text);
	assert_true(auth_rig_close(&r));
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(answers), cmocka_unit_test(arguments),
		                            cmocka_unit_test(only_when_asked),
		                            cmocka_unit_test(not_installed) };
	return cmocka_run_group_tests(tests, group_open, group_close);
}
