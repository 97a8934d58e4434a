/* SPDX-License-Identifier: MIT */
/*
 * What the Azure CLI leaves and says: azureProfile.json, config, clouds.config, and the answer
 * of `az account get-access-token`, one behind the other with a byte 0x01 between them. The
 * first byte of the answer says how az ended. Whatever it is, it is read or it is not; an error
 * is one line and, unless az itself calls it one, has no token in it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "azure/auth.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/process.h"
#include "base/secret.h"
#include "config/job.h"
#include "fakes/fake_env.h"
#include "fuzz/fuzz.h"
#include "fuzz/no_process.h"
#include "token/context.h"
#include "token/defaults.h"
#include "token/login.h"
#include "token/options.h"

#define TOKEN "\"accessToken\": \"a-token-as-az-gives-it-out\""

static char directory[4096];
static struct span_of_input {
	const uint8_t *at;
	size_t n;
} part[4];

/* What az says on failing is told as it is; what it says otherwise is not. */
static bool failed(void)
{
	return part[3].n == 0 || part[3].at[0] == '1' || part[3].at[0] == 's';
}

/* In place of the library's: nothing is started. */
bool process_run(const struct process *p, struct buf *out, struct process_end *end, struct err *e)
{
	char how = part[3].n > 0 ? (char)part[3].at[0] : '1';

	for (size_t i = 0; p->argv[i] != NULL; i++)
		/* no value becomes an option */
		must(p->argv[i][0] != '-' || i == 3 || i == 4 || i == 6 || i == 8);
	if (how == 'e')
		return err_set(e, ERR_LOCAL, "cannot run it");
	if (part[3].n > 1)
		buf_add(out, part[3].at + 1, part[3].n - 1);
	*end = (struct process_end){ .in_time = how != 't',
		                     .status = how == 's'   ? 9
		                               : how == '1' ? 0x100
		                                            : 0 };
	return true;
}

static void must_be_said(const struct err *e)
{
	must(e->kind != ERR_NONE && e->text[0] != '\0' && strlen(e->text) < ERR_TEXT_MAX);
	for (const char *s = e->text; *s != '\0'; s++)
		must((unsigned char)*s >= 0x20 && *s != 0x7f);
	must(failed() || strstr(e->text, TOKEN) == NULL);
}

static void clean_up(void)
{
	static const char *const names[] = { "azureProfile.json", "config", "clouds.config" };

	for (size_t i = 0; i < COUNT(names); i++) {
		AUTO_FREE char *path = token_az_file(names[i]);
		(void)unlink(path);
	}
	(void)rmdir(directory);
}

static void set_up(void)
{
	static bool done;

	if (done)
		return;
	done = true;
	const char *base = getenv("TMPDIR");
	must(snprintf(directory, sizeof(directory), "%s/acrotate-fuzz-az.XXXXXX",
	              base != NULL ? base : "/tmp") < (int)sizeof(directory));
	must(mkdtemp(directory) != NULL && setenv("AZURE_CONFIG_DIR", directory, 1) == 0 &&
	     atexit(clean_up) == 0);
	must(unsetenv("AZURE_SUBSCRIPTION_ID") == 0 && unsetenv("AZURE_TENANT_ID") == 0);
}

static void write_file(const char *name, const struct span_of_input *text)
{
	AUTO_FREE char *path = token_az_file(name);
	FILE *f = fopen(path, "w");

	must(f != NULL && fwrite(text->at, 1, text->n, f) == text->n && fclose(f) == 0);
}

static void cut(const uint8_t *data, size_t size)
{
	for (size_t i = 0; i < COUNT(part); i++) {
		const uint8_t *stop =
			size > 0 && i + 1 < COUNT(part) ? memchr(data, 1, size) : NULL;
		size_t n = stop != NULL ? (size_t)(stop - data) : size;

		part[i] = (struct span_of_input){ data, n };
		data += stop != NULL ? n + 1 : n;
		size -= stop != NULL ? n + 1 : n;
	}
}

static void fetch(const struct azure_spec *azure)
{
	static char manager[] = "https://manager.test";
	const struct cloud c = { .audience = azure->audience != NULL ? azure->audience : manager };
	AUTO_SECRET struct secret *got = NULL;
	struct fake_env env;
	struct err e = ERR_INIT;
	int64_t expires = 0;

	fake_env_init(&env, 1);
	if (auth_cli.fetch(azure, &c, NULL, &env.env, &got, &expires, &e))
		must(secret_len(got) > 0 && expires > env_now(&env.env));
	else
		must_be_said(&e);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct token_args args = { 0 };
	struct token_run r = { .args = &args };
	struct err e = ERR_INIT;

	set_up();
	cut(data, size);
	write_file("azureProfile.json", &part[0]);
	write_file("config", &part[1]);
	write_file("clouds.config", &part[2]);
	token_defaults_load(&args.defaults);
	if (token_login_find(&r, &e)) {
		must(r.subscription != NULL);
		if (r.azure.cloud != NULL && strcmp(r.azure.cloud, "custom") == 0)
			must(r.azure.resource_manager != NULL && r.azure.authority != NULL);
		fetch(&r.azure);
	} else {
		must_be_said(&e);
		fetch(&(struct azure_spec){ .auth = NULL });
	}
	token_login_clear(&r);
	token_defaults_clear(&args.defaults);
	return 0;
}
