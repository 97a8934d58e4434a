/* SPDX-License-Identifier: MIT */
/* Where nothing else says who we are: az's login, with a program in the place of az. */
#include "base/fs.h"
#include "base/mem.h"
#include "check.h"
#include "fakes/token_play.h"

/* clang-format off */
#define PROFILE(cloud) "{\"subscriptions\":[{\"id\":\"22222222-2222-2222-2222-222222222222\",\"name\":\"n\",\"isDefault\":true," \
                       "\"environmentName\":\"" cloud "\"}]}"
#define REGISTERED "[Other]\nendpoint_resource_manager = " \
	"https://other/\n[Emulated]\nendpoint_resource_manager = https://arm.example/\n" \
                   "endpoint_active_directory = " \
	"https://login.example/adfs\nendpoint_active_directory_resource_id = " \
	"https://audience.example/\n"
#define SHOW "show", "-r", "myregistry", "-n", "mytoken", "-g", "g1", "--query", "name", "-o", "tsv"
#define BY_AZ(host) { { HTTP_GET, \
	"=https://" host "/subscriptions/22222222-2222-2222-2222-222222222222/resourceGroups/g1/providers/" \
                        "Microsoft.ContainerRegistry/registries/myregistry/tokens/mytoken?api-version=2023-07-01", .bearer = "AZ-SECRET", \
                        .status = 200, .answer = TOKEN("Succeeded") } }
#define NO_MACHINE { { HTTP_GET, "/metadata/identity/", .plain = true, .status = 400 }, \
	{ HTTP_GET, "/metadata/identity/", .plain = true, .status = 403 } }
#define ASKED(audience, \
	who) "account get-access-token --only-show-errors -o json --resource " audience " " who "\n"
#define SUBSCRIPTION "--subscription 22222222-2222-2222-2222-222222222222"
/* clang-format on */

struct login_row {
	const char *profile;          /* NULL: the one of the rig, whose cloud is not said */
	const char *script;           /* what az does; NULL: there is none */
	const char *variable, *value; /* one more of the environment, or NULL */
	const char *asked;            /* its words; NULL: it must not be run */
	struct row play;
};

static void no_identity_in_environment(void)
{
	static const char *const names[] = { "AZURE_TENANT_ID", "AZURE_CLIENT_ID",
		                             "AZURE_CLIENT_SECRET", "AZURE_TOKEN_CREDENTIALS" };

	for (size_t i = 0; i < COUNT(names); i++)
		(void)unsetenv(names[i]);
}

static void play_login(const struct login_row *row)
{
	struct token_rig rig;
	struct err e = ERR_INIT;
	AUTO_BUF struct buf asked = BUF_INIT(1000);
	AUTO_FREE char *path_before = mem_dup(getenv("PATH"));

	token_rig_open(&rig);
	no_identity_in_environment();
	AUTO_FREE char *az = mem_fmt("%s/az", rig.dir), *words = mem_fmt("%s/words", rig.dir);
	AUTO_FREE char *script = mem_fmt("#!/bin/sh\necho \"$*\" >%s\n%s\n", words,
	                                 row->script == NULL ? "" : row->script);
	AUTO_FREE char *path =
		mem_fmt("%s%s", rig.dir, row->script == NULL ? "" : ":/usr/bin:/bin");
	if (row->script != NULL)
		CHECK(fs_replace(az, script, strlen(script), 0700, &e), "%s", e.text);
	if (row->profile != NULL)
		token_rig_write(&rig, "azureProfile.json", row->profile);
	token_rig_write(&rig, "clouds.config", REGISTERED);
	if (row->variable != NULL)
		(void)setenv(row->variable, row->value, 1);
	(void)setenv("PATH", path, 1);
	play(&rig, &row->play);
	(void)setenv("PATH", path_before, 1);
	if (row->variable != NULL)
		(void)unsetenv(row->variable);
	CHECK(fs_read(words, 1000, &asked, NULL, &e) == (row->asked != NULL), "%s", row->play.name);
	if (row->asked != NULL)
		CHECK_TEXT(buf_cstr(&asked), row->asked, "%s", row->play.name);
	token_rig_close(&rig);
}

static void login(void **state)
{
/* clang-format off */
#define GIVES "echo '{\"accessToken\":\"AZ-SECRET\",\"expires_on\":1700003600}'"
#define PUBLIC "https://management.core.windows.net/"
	/* clang-format on */
	/* clang-format off */
	static const struct login_row rows[] = {
		{ PROFILE("AzureCloud"), GIVES, NULL, NULL, ASKED(PUBLIC, SUBSCRIPTION),
		  { "the login", { SHOW }, BY_AZ("management.azure.com"), 0, "mytoken\n", NULL } },
		{ NULL, GIVES, NULL, NULL, ASKED(PUBLIC, SUBSCRIPTION),
		  { "of no cloud", { SHOW }, BY_AZ("management.azure.com"), 0, "mytoken\n",
		  NULL } },
		{ PROFILE("AzureChinaCloud"), GIVES, NULL, NULL,
		  ASKED("https://management.core.chinacloudapi.cn/", SUBSCRIPTION),
		  { "of another", { SHOW }, BY_AZ("management.chinacloudapi.cn"), 0, "mytoken\n",
		    NULL } },
		{ PROFILE("Emulated"), GIVES, NULL, NULL,
		  ASKED("https://audience.example/", SUBSCRIPTION),
		  { "of one that was registered", { SHOW }, BY_AZ("arm.example"), 0, "mytoken\n",
		    NULL } },
		{ NULL, GIVES, "AZURE_TENANT_ID", "contoso.com",
		  ASKED(PUBLIC, "--tenant contoso.com"),
		  { "of a tenant", { SHOW }, BY_AZ("management.azure.com"), 0, "mytoken\n",
		    NULL } },
		{ NULL, GIVES, "MSI_ENDPOINT", "http://localhost/", ASKED(PUBLIC, SUBSCRIPTION),
		  { "in Cloud Shell", { SHOW }, BY_AZ("management.azure.com"), 0, "mytoken\n",
		    NULL } },
		{ NULL, "echo \"ERROR: Please run 'az login' to setup account.\" >&2; exit 1",
		  NULL, NULL, ASKED(PUBLIC, SUBSCRIPTION),
		  { "logged out", { SHOW }, { { 0 } }, 1, "",
		    "Please run 'az login' to setup account.; log in as this user with 'az "
		    "login'" } },
		{ NULL,
		  "echo 'ERROR: AADSTS50076: x' >&2; echo '{\"accessToken\":\"AZ-SECRET\"}'; "
		  "exit 1", NULL, NULL, ASKED(PUBLIC, SUBSCRIPTION),
		  { "refused", { SHOW }, { { 0 } }, 1, "",
		    "AADSTS50076: x; 'az account get-access-token' has to work first" } },
		{ NULL, "head -c 200000 /dev/zero | tr '\\0' '{'", NULL, NULL,
		  ASKED(PUBLIC, SUBSCRIPTION),
		  { "endless", { SHOW }, { { 0 } }, 1, "",
		    "'az' answers something that is not JSON" } },
		{ NULL, GIVES, "AZURE_TOKEN_CREDENTIALS", "WorkloadIdentityCredential", NULL,
		  { "the environment counts more", { SHOW }, { { 0 } }, 1, "",
		    "workload-identity: " } },
		{ NULL, NULL, NULL, NULL, NULL,
		  { "no az", { SHOW }, NO_MACHINE, 1, "", "put 'az' into the PATH" } },
		{ "{\"subscriptions\":[]}", GIVES, "AZURE_SUBSCRIPTION_ID",
		  "22222222-2222-2222-2222-222222222222", NULL,
		  { "no login", { SHOW }, NO_MACHINE, 1, "", "log in with 'az login'" } },
	};
	/* clang-format on */

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		play_login(&rows[i]);
}

/* Neither az's profile nor anything else names one. */
static void no_subscription(void **state)
{
	static const struct row none = { "no profile", { "list", "-r", "myregistry" },
		                         { { 0 } },    1,
		                         "",           "no subscription" };
	static const struct row given = {
		"an id",
		{ "list", "-r", "myregistry", "-g", "g1", "--subscription",
		  "44444444-4444-4444-4444-444444444444", "-o", "none" },
		{ IDENTITY,
		  { HTTP_GET, "/subscriptions/44444444-4444-4444-4444-444444444444/", .status = 200,
		    .answer = "{\"value\":[]}" } },
		0,
		"",
		NULL
	};
	struct token_rig rig;

	(void)state;
	token_rig_open(&rig);
	token_rig_write(&rig, "azureProfile.json", "{\"subscriptions\":[");
	play(&rig, &none);
	play(&rig, &given);
	token_rig_close(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(login),
		cmocka_unit_test(no_subscription),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
