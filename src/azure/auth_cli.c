/* SPDX-License-Identifier: MIT */
/* Whoever has logged in with 'az login'. A person's token is no identity for a machine: only
 * where it is asked for by name. */
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>

#include "azure/auth.h"
#include "base/buf.h"
#include "base/env.h"
#include "base/err.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/process.h"
#include "base/secret.h"
#include "base/str.h"

#define ANSWER_MAX (64 * 1024)
#define TIME_MS    30000 /* python takes a second or two to start, more on a busy machine */
#define REASON_MAX 300

/* What az says on failing, to the end of the line that tells why; nothing else of what it wrote. */
static bool explain(int status, const struct buf *out, struct err *e)
{
	const char *text = buf_cstr(out), *at = strstr(text, "ERROR: "),
		   *reason = at != NULL ? at + strlen("ERROR: ") : "";
	size_t n = strcspn(reason, "\r\n");
	bool logged_out =
		strstr(text, "az login") != NULL || strstr(text, "az account set") != NULL;

	return err_set(e, ERR_AUTH, "'az' gives out no token (%s %d)%s%.*s%s",
	               WIFEXITED(status) ? "exit status" : "signal",
	               WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status),
	               n > 0 ? ": " : "", (int)(n < REASON_MAX ? n : REASON_MAX), reason,
	               logged_out ? "; log in as this user with 'az login'"
	                          : "; 'az account get-access-token' has to work first");
}

/* "2026-01-31 23:59:59.000000", by this host's clock and time zone: az before 2.54 says nothing
 * else. */
static bool local_time(const char *text, int64_t *out)
{
	struct tm tm = { .tm_isdst = -1 };
	const char *end = text != NULL ? strptime(text, "%Y-%m-%d %H:%M:%S", &tm) : NULL;
	time_t t = end != NULL && (*end == '\0' || *end == '.') ? mktime(&tm) : -1;

	if (t < 0)
		return false;
	*out = t;
	return true;
}

/* Warnings of az and of python may stand around the one object. */
static bool find_object(const struct buf *out, struct json **j, struct err *e)
{
	const char *first = strchr(buf_cstr(out), '{'), *last = strrchr(buf_cstr(out), '}');

	return buf_ok(out) && first != NULL && last > first &&
	       json_parse(first, (size_t)(last + 1 - first), j, e);
}

static bool read_answer(const struct buf *out, int64_t now, struct secret **token, int64_t *expires,
                        struct err *e)
{
	AUTO_JSON struct json *j = NULL;
	AUTO_SECRET struct secret *got = NULL;
	int64_t at = 0;

	if (!find_object(out, &j, e))
		return err_set(e, ERR_REMOTE, "'az' answers something that is not JSON");
	got = json_take_secret(j, "accessToken");
	if (got == NULL || secret_len(got) == 0)
		return err_set(e, ERR_REMOTE, "the answer of 'az' has no accessToken");
	if (!json_int(j, "expires_on", &at) && !local_time(json_str(j, "expiresOn"), &at))
		return err_set(e, ERR_REMOTE, "'az' does not say when its token expires");
	if (at <= now)
		return err_set(e, ERR_AUTH, "the token of 'az' has expired: run 'az login' again");
	*token = take(&got);
	*expires = at;
	return true;
}

/* Nor is a value taken for an option: azureProfile.json says what it likes. */
static bool is_plain(const char *s, const char *also)
{
	if (*s == '-')
		return false;
	for (; *s != '\0'; s++)
		if (strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-",
		           *s) == NULL &&
		    strchr(also, *s) == NULL)
			return false;
	return true;
}

/* "az account get-access-token ...": each word is an argument of its own, so nothing is quoted,
 * and nothing read by a shell. */
static bool run_az(const char *resource, const char *option, const char *value, struct buf *out,
                   struct process_end *end, struct err *e)
{
	static const char *const extra[] = { "AZURE_CORE_NO_COLOR=true", "PYTHONWARNINGS=ignore",
		                             NULL };
	const char *const words[] = { "account",
		                      "get-access-token",
		                      "--only-show-errors",
		                      "-o",
		                      "json",
		                      "--resource",
		                      resource,
		                      option,
		                      value };
	char *argv[COUNT(words) + 2] = { NULL };
	AUTO_FREE char *az = NULL;

	if (!process_find("az", &az, e))
		return false;
	argv[0] = az;
	for (size_t i = 0; i < COUNT(words) && words[i] != NULL; i++)
		argv[i + 1] = mem_dup(words[i]);
	struct process p = {
		.argv = argv, .extra = extra, .with_errors = true, .timeout_ms = TIME_MS
	};
	bool ok = process_run(&p, out, end, e);
	for (size_t i = 1; argv[i] != NULL; i++)
		free(argv[i]);
	return ok;
}

static bool cli_fetch(const struct azure_spec *s, const struct cloud *c, struct http *h,
                      const struct env *env, struct secret **token, int64_t *expires, struct err *e)
{
	const char *tenant = auth_or_env(s->tenant_id, "AZURE_TENANT_ID");
	const char *subscription = auth_or_env(s->subscription, "AZURE_SUBSCRIPTION_ID");
	const char *value = tenant != NULL ? tenant : subscription;
	AUTO_BUF struct buf out = BUF_INIT(ANSWER_MAX);
	struct process_end end;

	(void)h;
	if (!is_plain(c->audience, "/:") || (tenant != NULL && !is_plain(tenant, "")) ||
	    (subscription != NULL && !is_plain(subscription, " ")))
		return err_set(e, ERR_CONFIG,
		               "audience, tenant_id or subscription has a character that is not "
		               "passed to 'az'");
	/* az takes one of the two. */
	if (!run_az(c->audience,
	            value == NULL    ? NULL
	            : tenant != NULL ? "--tenant"
	                             : "--subscription",
	            value, &out, &end, e))
		return false;
	if (!end.in_time)
		return err_set(e, ERR_TRANSIENT, "'az' has not answered in %d s", TIME_MS / 1000);
	if (end.status != 0)
		return explain(end.status, &out, e);
	return read_answer(&out, env_now(env), token, expires, e);
}

/* It is alone in its set, so nobody asks whether it is present. */
const struct auth_ops auth_cli = {
	.method = "azure-cli", .credential = "AzureCLICredential", .set = "dev", .fetch = cli_fetch
};
