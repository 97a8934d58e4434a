/* SPDX-License-Identifier: MIT */
#include "fakes/token_rig.h"

#include "base/mem.h"
#include "base/secret.h"
#include "check.h"

#define OUTPUT_MAX ((size_t)8 * 1024 * 1024)

/* As az writes it, byte order mark and all. */
static const char profile[] = "\xef\xbb\xbf{\"installationId\":\"0\",\"subscriptions\":["
			      "{\"id\":\"22222222-2222-2222-2222-222222222222\",\"name\":\"Fake "
			      "Subscription\",\"isDefault\":true,\"state\":\"Enabled\"},"
			      "{\"id\":\"33333333-3333-3333-3333-333333333333\",\"name\":\"Second "
			      "Sub\",\"isDefault\":false,\"state\":\"Enabled\"}]}";

static const char *const variables[] = {
	"AZURE_SUBSCRIPTION_ID",
	"AZURE_DEFAULTS_ACR",
	"AZURE_DEFAULTS_GROUP",
	"AZURE_CORE_OUTPUT",
	"NO_COLOR",
	"AZURE_CORE_NO_COLOR",
	"AZURE_AUTHORITY_HOST",
	"AZURE_FEDERATED_TOKEN_FILE",
	"AZURE_CLIENT_CERTIFICATE_PATH",
};

void token_rig_write(const struct token_rig *r, const char *name, const char *text)
{
	AUTO_FREE char *path = mem_fmt("%s/%s", r->dir, name);
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static void set_env(const char *name, const char *value)
{
	assert_int_equal(setenv(name, value, 1), 0);
}

void token_rig_open(struct token_rig *r)
{
	*r = (struct token_rig){ .dir = scratch_make(),
		                 .out = BUF_INIT(OUTPUT_MAX),
		                 .err = BUF_INIT(OUTPUT_MAX) };
	fake_env_init(&r->env, 1);
	AUTO_FREE char *conf = mem_fmt("%s/acrotate.conf", r->dir),
		       *state = mem_fmt("[run]\nstate_dir = %s/state\n", r->dir);
	for (size_t i = 0; i < COUNT(variables); i++)
		(void)unsetenv(variables[i]);
	token_rig_write(r, "azureProfile.json", profile);
	token_rig_write(r, "acrotate.conf", state);
	set_env("AZURE_CONFIG_DIR", r->dir);
	set_env("ACROTATE_CONFIG", conf);
	set_env("AZURE_TENANT_ID", "11111111-1111-1111-1111-111111111111");
	set_env("AZURE_CLIENT_ID", "44444444-4444-4444-4444-444444444444");
	set_env("AZURE_CLIENT_SECRET", "fake-secret");
}

void token_rig_close(struct token_rig *r)
{
	scratch_remove(r->dir);
	buf_free(&r->out);
	buf_free(&r->err);
}

static bool put(void *ctx, enum token_stream to, const char *p, size_t n)
{
	struct token_rig *r = ctx;

	if (to == TOKEN_OUT && r->broken_out)
		return false;
	buf_add(to == TOKEN_OUT ? &r->out : &r->err, p, n);
	return true;
}

static bool answer(void *ctx, char *line, size_t size)
{
	struct token_rig *r = ctx;
	size_t n = r->input == NULL ? 0 : strcspn(r->input, "\n");

	if (r->input == NULL || *r->input == '\0')
		return false;
	(void)snprintf(line, size, "%.*s", (int)n, r->input);
	r->input += n + (r->input[n] == '\n');
	return true;
}

int token_rig_run(struct token_rig *r, struct http *http, const char *const *words)
{
	struct token_outside w = {
		.env = &r->env.env, .http = http, .put = put, .answer = answer, .ctx = r
	};
	char *argv[64];
	int argc = 0;

	memcpy(w.tty, r->tty, sizeof(w.tty));
	buf_reset(&r->out);
	buf_reset(&r->err);
	for (; words[argc] != NULL; argc++)
		argv[argc] = mem_dup(words[argc]);
	argv[argc] = NULL;
	/* The parser moves pointers along: free what was made. */
	char *made[64];
	memcpy(made, argv, sizeof(made));
	int status = token_main(&w, argc, argv);
	for (int i = 0; i < argc; i++)
		free(made[i]);
	return status;
}

bool token_rig_identity(const struct http_request *rq, struct http_response *rs)
{
	static const char text[] =
		"{\"token_type\":\"Bearer\",\"expires_in\":3600,\"access_token\":\"a.b.c\"}";

	if (rq->bearer != NULL)
		return false;
	http_response_clear(rs);
	rs->status = 200;
	rs->body = (struct buf)BUF_INIT(sizeof(text));
	buf_str(&rs->body, text);
	return true;
}
