/* SPDX-License-Identifier: MIT */
/* What the recorded runs of az do not show: the deliberate differences one by one, the command
 * line, the network at its worst. */
#include "base/fs.h"
#include "base/lock.h"
#include "base/mem.h"
#include "check.h"
#include "fakes/token_play.h"

/* ---- what differs from az, on purpose: the table of acrotate-token(1) ------------------------ */

/* Each row of the table: the test rows whose names begin with its words show it, and the manual
 * says it. */
#define SLOT     "generate without a slot"
#define WIPES    "create on a token that exists"
#define QUIET_PW "create prints no password in a warning"
#define LOSES    "new passwords are printed though something fails later"
#define STATUS   "update sends only what was asked for"
#define TWO      "generate with two expirations"
#define AGAIN    "a generate that may have happened"
#define NEEDED   "nothing is asked for that is not needed"
#define NAMES    "the name of a new token is checked"
#define NOBODY   "delete without a terminal"
#define PREVIEW  "no preview warning, no examples"
#define JOB_HOLD "what a local job's sinks hold"
#define LOST     "a new password that is not in the output"
/* clang-format off */
static const struct { const char *row, *page; } table[] = {
	{ SLOT, "without a slot is refused (status 2)" },
	{ WIPES, "of a token that exists is refused (status 1) unless" },
	{ QUIET_PW, "never prints a password on standard error." },
	{ LOSES, "A new password is printed even if something fails after it was made" },
	{ STATUS, "sends only what was asked for." },
	{ TWO, "is a usage error (status 2)." },
	{ AGAIN, "A generate that may have acted is not repeated." },
	{ NEEDED, "Nothing is asked for that is not needed" },
	{ NAMES,
	  "The name of a new token or of a scope map that Azure would refuse is refused before any "
	  "request" },
	{ NOBODY, "without a terminal says that" },
	{ PREVIEW, "No warning that the group is in preview, and no examples from a server." },
	{ LOST, "A new password that the output does not show is said to be lost" },
	{ JOB_HOLD, "What would cut off a job of this machine is refused (status 1) without" },
};
/* clang-format on */

/* clang-format off */
static const struct row different[] = {
	{ SLOT, { GENERATE }, { { 0 } }, 2, "", "--password1, --password2, or both" },
	{ SLOT ": one that is named is in the request", { GENERATE, "--password2", "-o", "none",
		  "--only-show-errors" },
	  { IDENTITY, { HTTP_POST, "=" REGISTRY "/generateCredentials?api-version=2023-07-01",
	    "{\"tokenId\": "
	      "\"/subscriptions/22222222-2222-2222-2222-222222222222/resourceGroups/g1/providers/"
	    "Microsoft.ContainerRegistry/registries/myregistry/tokens/mytoken\", \"name\": "
	      "\"password2\"}",
	    .once = true, .status = 200, .answer = MADE } }, 0, "", NULL },
	{ SLOT ": both are asked for without a name",
	  { GENERATE, "--password2", "--password1", "--query", "username", "-o", "tsv",
	    "--only-show-errors" },
	  { IDENTITY, { HTTP_POST, "/generateCredentials", "/tokens/mytoken\"}", .status = 200,
	    .answer = MADE } }, 0, "mytoken\n", NULL },
	{ WIPES, { CREATE },
	  { IDENTITY, { HTTP_GET, "=" REGISTRY "/tokens/mytoken?api-version=2023-07-01",
	    .status = 200, .answer = TOKEN("Succeeded") } },
	  1, "", "--overwrite" },
	{ WIPES ": --overwrite does it", { CREATE, "--overwrite", "--no-passwords", "-o", "none" },
	  { IDENTITY, { HTTP_PUT, "/tokens/mytoken", "\"status\": \"enabled\"}}", .status = 200,
	    .answer = TOKEN("Succeeded") } }, 0, "", NULL },
	{ WIPES ": it cannot be told", { CREATE },
	  { IDENTITY, { HTTP_GET, "/tokens/mytoken", .status = 403,
	    .answer = "{\"error\":{\"code\":\"AuthorizationFailed\",\"message\":\"m\"}}" } },
	  1, "", "(AuthorizationFailed) m" },
	{ QUIET_PW, { CREATE, "--query", "credentials.passwords[0].value", "-o", "tsv" },
	  { IDENTITY, { HTTP_GET, "/tokens/mytoken", .status = 404, .answer = MISSING },
	    { HTTP_PUT, "/tokens/mytoken", .status = 200, .answer = TOKEN("Succeeded") },
	    { HTTP_POST, "/generateCredentials", .once = true, .status = 200, .answer = MADE } },
	      0, "SECRET-ONE\n", NULL },
	{ LOSES ": a query", { GENERATE, "--password1", "-o", "tsv", "--query", "abs(username)" },
	  { IDENTITY, { HTTP_POST, "/generateCredentials", .status = 200, .answer = MADE } }, 1,
	    MADE_JSON, "abs()" },
	{ LOSES ": a query, and nothing is to be printed",
	  { GENERATE, "--password1", "-o", "none", "--query", "abs(username)" },
	  { IDENTITY, { HTTP_POST, "/generateCredentials", .status = 200, .answer = MADE } }, 1,
	    "", "abs()" },
	{ LOSES ": a query of what was created", { CREATE, "-o", "tsv", "--query", "abs(name)" },
	  { IDENTITY, { HTTP_GET, "/tokens/mytoken", .status = 404, .answer = MISSING },
	    { HTTP_PUT, "/tokens/mytoken", .status = 200, .answer = TOKEN("Succeeded") },
	    { HTTP_POST, "/generateCredentials", .status = 200, .answer = MADE } }, 1, NULL,
	      "abs()" },
	{ LOSES ": an answer in another form", { GENERATE, "--password1", "-o", "json" },
	  { IDENTITY, { HTTP_POST, "/generateCredentials", .status = 200,
	    .answer = "{\"passwords\":{\"value\":\"SECRET-ONE\"}}" } }, 1,
	  "{\n  \"passwords\": {\n    \"value\": \"SECRET-ONE\"\n  }\n}\n",
	    "'passwords' is not a list" },
	{ LOSES ": no JSON", { CREATE, "-o", "table" },
	  { IDENTITY, { HTTP_GET, "/tokens/mytoken", .status = 404, .answer = MISSING },
	    { HTTP_PUT, "/tokens/mytoken", .status = 200, .answer = TOKEN("Succeeded") },
	    { HTTP_POST, "/generateCredentials", .status = 200, .answer = "<html>" } }, 1, "",
	      "make new ones with" },
	{ LOSES ": no password in it", { GENERATE, "--password1" },
	  { IDENTITY, { HTTP_POST, "/generateCredentials", .status = 200,
	    .answer = "[[\"x\"]]" } }, 1, "", "it is not known: generate it again" },
	{ LOSES ": a query that can never work asks nothing",
	  { GENERATE, "--password1", "--query", "nosuch(username)" }, { { 0 } }, 1, "",
	  "nosuch()" },
	{ LOSES ": an answer that is lost is said", { CREATE },
	  { IDENTITY, { HTTP_GET, "/tokens/mytoken", .status = 404, .answer = MISSING },
	    { HTTP_PUT, "/tokens/mytoken", .status = 200, .answer = TOKEN("Succeeded") },
	    { HTTP_POST, "/generateCredentials", .outcome = FAKE_DROP_AFTER } }, 1, "",
	      "'mytoken' was created" },
	{ STATUS, { "update", "-r", "myregistry", "-n", "mytoken", "-g", "g1", "--scope-map",
	  "Other", "-o", "none" },
	  { IDENTITY, { HTTP_PATCH, "/tokens/mytoken", "/scopeMaps/Other\"}}", .status = 200,
	    .answer = TOKEN("Succeeded") } }, 0, "", NULL },
	{ STATUS ": of nothing", { "update", "-r", "myregistry", "-n", "mytoken", "-g", "g1" },
	  { { 0 } }, 2, "", "--scope-map, --status" },
	{ TWO, { GENERATE, "--password1", "--expiration", "2031-12-31T12:59:59Z",
	  "--expiration-in-days", "3" }, { { 0 } }, 2,
	  "", "mutually exclusive" },
	{ AGAIN, { GENERATE, "--password1" },
	  { IDENTITY, { HTTP_POST, "/generateCredentials", .status = 500,
	    .answer = "{\"error\":{\"code\":\"C\",\"message\":\"m\"}}" } }, 1, "",
	  "(C) m" },
	{ AGAIN ": its answer was lost", { GENERATE, "--password1" },
	  { IDENTITY, { HTTP_POST, "/generateCredentials", .outcome = FAKE_DROP_AFTER } }, 1, "",
	    "ERROR: " },
	{ AGAIN ": told to come again", { GENERATE, "--password1" },
	  { IDENTITY, { HTTP_POST, "/generateCredentials", .status = 503,
	    .headers = { "Retry-After: 1" } } }, 1, "", "Service Unavailable" },
	{ AGAIN ": one that did not happen is repeated", { GENERATE, "--password1", "-o", "none",
		  "--only-show-errors" },
	  { IDENTITY, { HTTP_POST, "/generateCredentials", .status = 429,
	    .headers = { "Retry-After: 1" } },
	    { HTTP_POST, "/generateCredentials", .status = 409, .headers = { "Retry-After: 1" } },
	    { HTTP_POST, "/generateCredentials", .outcome = FAKE_DROP_BEFORE },
	    { HTTP_POST, "/generateCredentials", .status = 200, .answer = MADE } }, 0, "", NULL },
	{ NEEDED ": a group that is given is not looked up",
	  { "show", "-r", "myregistry", "-n", "mytoken", "-g", "g1", "--query", "name" },
	  { IDENTITY, { HTTP_GET, "=" REGISTRY "/tokens/mytoken?api-version=2023-07-01",
	    .status = 200, .answer = TOKEN("Succeeded") } }, 0,
	  "\"mytoken\"\n", NULL },
	{ LOST ": the query of the reference page",
	  { GENERATE, "--password2", "--query", "passwords[0].value" },
	  { IDENTITY, { HTTP_POST, "/generateCredentials", .status = 200, .answer = MADE_SECOND } },
	  0, "", "=WARNING: The new password2 is not in the output, and is shown nowhere else: it is "
	  "lost. Generate it again if it is needed.\n" },
	{ LOST ": a bare row", { GENERATE, "--password1", "--password2", "-o", "tsv" },
	  { IDENTITY, { HTTP_POST, "/generateCredentials", .status = 200, .answer = MADE_BOTH } },
	  0, "2\tmytoken\n", "password1 is not in the output, and is shown nowhere else: it is "
	  "lost. Generate it again if it is needed.\nWARNING: The new password2" },
	{ LOST ": one of two",
	  { GENERATE, "--password1", "--password2", "-o", "tsv", "--query", "passwords[0].value" },
	  { IDENTITY, { HTTP_POST, "/generateCredentials", .status = 200, .answer = MADE_BOTH } },
	  0, "SECRET-ONE\n", "The new password2 is" },
	{ LOST ": none is", { GENERATE, "--password1", "--password2", "-o", "table" },
	  { IDENTITY, { HTTP_POST, "/generateCredentials", .status = 200, .answer = MADE_BOTH } },
	  0, NULL, NULL },
	{ LOST ": quoted it is there", { GENERATE, "--password1" },
	  { IDENTITY, { HTTP_POST, "/generateCredentials", .status = 200,
	    .answer = "{\"passwords\":[{\"name\":\"password1\",\"value\":\"SECRET\\\"\\n\"}]}" } },
	  0, NULL, NULL },
	{ LOST ": of a new token", { CREATE, "-o", "table" },
	  { IDENTITY, { HTTP_GET, "/tokens/mytoken", .status = 404, .answer = MISSING },
	    { HTTP_PUT, "/tokens/mytoken", .status = 200, .answer = TOKEN("Succeeded") },
	    { HTTP_POST, "/generateCredentials", .status = 200, .answer = MADE } },
	  0, NULL, "The new password1 is" },
	{ LOST ": no warnings are wanted",
	  { GENERATE, "--password1", "-o", "none", "--only-show-errors" },
	  { IDENTITY, { HTTP_POST, "/generateCredentials", .status = 200, .answer = MADE } },
	  0, "", NULL },
	{ NAMES ": token", { "create", "-r", "myregistry", "-n", "my_token", "-g", "g1",
	  "--scope-map", "map-1" }, { { 0 } }, 2, "", "a letter first" },
	{ NAMES ": one that is there is Azure's to judge",
	  { "show", "-r", "myregistry", "-n", "my_token", "-g", "g1", "-o", "none" },
	  { IDENTITY, { HTTP_GET, "/tokens/my_token?", .status = 200,
	    .answer = TOKEN("Succeeded") } }, 0, "", NULL },
	{ NAMES ": what is no segment of a path",
	  { "show", "-r", "myregistry", "-n", "..", "-g", "g1" }, { { 0 } }, 2, "",
	  "not the name of a token" },
	{ NAMES ": scope map", { "update", "-r", "myregistry", "-n", "mytoken", "--scope-map",
	  "a/b/c/d" }, { { 0 } }, 2, "", "scope map" },
	{ NAMES ": days below 0 create nothing", { CREATE, "--expiration-in-days", "-1" },
	  { { 0 } }, 1, "", "Days must be positive." },
	{ NOBODY, { "delete", "-r", "myregistry", "-n", "mytoken", "-g", "g1" }, { { 0 } }, 1, "",
	  "--yes" },
	{ PREVIEW ": success", { "show", "-r", "myregistry", "-n", "mytoken", "-g", "g1", "-o",
	  "none" },
	  { IDENTITY, { HTTP_GET, "/tokens/mytoken", .status = 200,
	    .answer = TOKEN("Succeeded") } }, 0, "", NULL },
	{ PREVIEW ": usage", { "show", "-r", "myregistry" }, { { 0 } }, 2, "",
	  "=ERROR: the following arguments are required: --name/-n\n" },
	{ PREVIEW ": failure", { "show", "-r", "myregistry", "-n", "mytoken", "-g", "g1" },
	  { IDENTITY, { HTTP_GET, "/tokens/mytoken", .status = 404, .answer = MISSING } }, 3, "",
	  "=ERROR: (ResourceNotFound) The resource mytoken could not be found.\nCode: "
	    "ResourceNotFound\n"
	  "Message: The resource mytoken could not be found.\n" },
};
/* clang-format on */

static void differences(void **state)
{
	(void)state;
	play_all(different, COUNT(different));
}

/* A job of this machine delivers the token: to a file that holds a password nobody knows the
 * slot of. */
/* clang-format off */
static const struct row job_refused[] = {
	{ JOB_HOLD ": generate", { GENERATE, "--password1" }, { IDENTITY, DATED, FOUND }, 1, "",
	  "this would cut off job 'web'" },
	{ JOB_HOLD ": credential delete", { "credential", "delete", "-r", "MyRegistry", "-n",
	  "MyToken", "-g", "g1", "--password2" }, { IDENTITY, BOTH, FOUND }, 1, "",
	  "this would cut off job 'web'" },
	{ JOB_HOLD ": delete", { "delete", "-r", "myregistry", "-n", "mytoken", "-g", "g1", "-y" },
	  { IDENTITY, DATED, FOUND }, 1, "", "this would cut off job 'web'" },
	{ JOB_HOLD ": disable", { "update", "-r", "myregistry", "-n", "mytoken", "-g", "g1",
	  "--status", "disabled" }, { IDENTITY, DATED, FOUND }, 1, "",
	  "cut off job 'web'" },
	{ JOB_HOLD ": create --overwrite", { CREATE, "--overwrite" }, { IDENTITY, DATED, FOUND }, 1, "",
	  "cut off job 'web'" },
};
/* clang-format on */

static bool is_shown(const char *row, const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strncmp(rows[i].name, row, strlen(row)) == 0)
			return true;
	return false;
}

static void every_difference(void **state)
{
	AUTO_BUF struct buf page = BUF_INIT(1 << 17);
	struct err e = ERR_INIT;

	(void)state;
	CHECK(fs_read("packaging/man/acrotate-token.1", 1 << 17, &page, NULL, &e),
	      "%s (run from the top of the tree)", e.text);
	const char *section = strstr(buf_cstr(&page), ".Sh DIFFERENCES FROM AZ");
	assert_non_null(section);
	for (size_t i = 0; i < COUNT(table); i++) {
		CHECK(is_shown(table[i].row, different, COUNT(different)) ||
		              is_shown(table[i].row, job_refused, COUNT(job_refused)),
		      "no test row shows '%s'", table[i].row);
		CHECK(strstr(section, table[i].page) != NULL, "the manual does not say '%s'",
		      table[i].page);
	}
}

/* ---- the command line ------------------------------------------------------------------------ */

#define QUIET "-g", "g1", "-o", "tsv", "--query", "name"

static void command_line(void **state)
{
	/* clang-format off */
	static const struct row rows[] = {
		{ "prefixes", { "show", "--reg", "myregistry", "--na", "mytoken", "--resource",
		  "g1", "--out", "tsv", "--que", "name" }, SHOWN, 0, "mytoken\n", NULL },
		{ "equals signs", { "show", "--registry=myregistry", "-n=mytoken", QUIET }, SHOWN,
		  0, "mytoken\n", NULL },
		{ "letters with their value", { "show", "-rmyregistry", "-nmytoken", QUIET },
		  SHOWN, 0, "mytoken\n", NULL },
		{ "the last one wins", { "show", "-r", "other", "-r", "myregistry", "-n", "x",
		  "-n", "mytoken", QUIET }, SHOWN, 0, "mytoken\n", NULL },
		{ "formats in any case", { "show", "-r", "myregistry", "-n", "mytoken", "-g", "g1",
		  "-o", "TSV", "--query", "name" }, SHOWN, 0, "mytoken\n", NULL },
		{ "the login server", { "show", "-r", "myregistry.azurecr.io", "-n", "mytoken",
		  QUIET }, SHOWN, 0, "mytoken\n", NULL },
		{ "with a label", { "show", "-r", "myregistry-a1b2c3.azurecr.io", "-n", "mytoken",
		  QUIET }, { LABELLED, SHOWN_ONLY }, 0, "mytoken\n", NULL },
		{ "with another registry's label", { "show", "-r", "myregistry-zzzzzz.azurecr.io",
		  "-n", "mytoken", QUIET }, { LABELLED }, 1, "", "which is "
		  "'myregistry-a1b2c3.azurecr.io'" },
		{ "commands in any case", { "Show", "-r", "myregistry", "-n", "mytoken", QUIET },
		  SHOWN, 0, "mytoken\n", NULL },
		{ "groups in any case", { "CREDENTIAL", "Generate", "-r", "myregistry", "-n",
		  "mytoken" }, { { 0 } }, 2, "", "or both" },
		{ "ambiguous", { "show", "--re", "myregistry" }, { { 0 } }, 2, "",
		  "--registry, --resource-group" },
		{ "a whole name is not ambiguous", { GENERATE, "--expiration", "never" },
		  { { 0 } }, 1, "", "'never' is not valid datetime" },
		{ "two dashes shield nothing", { "show", "-r", "myregistry", "-n", "mytoken",
		  "--" }, { { 0 } }, 2, "", "unrecognized arguments: --" },
		{ "a value is missing", { "show", "-n", "-r", "x" }, { { 0 } }, 2, "",
		  "argument --name/-n: expected one argument" },
		{ "a flag with a value", { "delete", "--yes=1" }, { { 0 } }, 2, "",
		  "argument --yes/-y: ignored explicit argument '1'" },
		{ "the login server in another case", { "show", "-r", "myregistry.AzureCR.IO", "-n",
		  "mytoken", QUIET }, SHOWN, 0, "mytoken\n", NULL },
		{ "a login server of elsewhere", { "show", "-r", "myregistry.example.com", "-n",
		  "mytoken", QUIET }, { { 0 } }, 1, "", "The login server suffix is not valid for "
		  "the current cloud. Please try again using '.azurecr.io'." },
		{ "a regional endpoint", { "show", "-r", "myregistry.eastus.geo.azurecr.io", "-n",
		  "mytoken", QUIET }, { { 0 } }, 1, "", "'.azurecr.io'." },
		{ "a hyphen without a domain", { "show", "-r", "my-registry", "-n", "mytoken",
		  QUIET }, { { 0 } }, 1, "", "Registry names may contain only" },
		{ "no registry", { "show", "-r", "", "-n", "mytoken", QUIET }, { { 0 } }, 1, "",
		  "Registry names may contain only" },
		{ "az's policy tokens", { GENERATE, "--password1", "--acquire-policy-token" },
		  { { 0 } }, 2, "", "--acquire-policy-token is not known to acrotate" },
		{ "az's change references", { "delete", "-r", "myregistry", "-n", "mytoken", "-y",
		  "--change-reference", "R1" }, { { 0 } }, 2, "",
		  "--change-reference is not known to acrotate" },
		{ "of commands that change something", { "show", "-r", "myregistry", "-n",
		  "mytoken", "--change-reference", "R1" }, { { 0 } }, 2, "",
		  "unrecognized arguments: --change-reference R1" },
		{ "nobody's option", { "show", "-r", "myregistry", "-n", "mytoken", "--nope",
		  "x" }, { { 0 } }, 2, "", "unrecognized arguments: --nope x" },
		{ "what is required", { "show" }, { { 0 } }, 2, "",
		  "the following arguments are required: --name/-n, --registry/-r" },
		{ "an option of another command", { "list", "-r", "myregistry", "-n", "mytoken" },
		  { { 0 } }, 2, "", "unrecognized arguments: -n mytoken" },
		{ "a rule without words", { "create", "-r", "myregistry", "-n", "mytoken",
		  "--repository", "--gateway", "a" }, { { 0 } }, 2, "",
		  "argument --repository: expected at least one argument" },
		{ "no command", { NULL }, { { 0 } }, 2, "", "a command is required" },
		{ "half a command", { "credential" }, { { 0 } }, 2, "", "generate or delete" },
		{ "a mistyped one", { "rotate" }, { { 0 } }, 2, "", "'rotate' is misspelled" },
		{ "status", { "update", "--status", "on" }, { { 0 } }, 2, "",
		  "Allowed values: enabled, disabled." },
		{ "three states", { "create", "--no-passwords", "yes" }, { { 0 } }, 2, "",
		  "Allowed values: true, false." },
		{ "days", { "credential", "generate", "--days", "1.5" }, { { 0 } }, 2, "",
		  "argument --expiration-in-days/--days: invalid int value: '1.5'" },
		{ "days of create", { CREATE, "--expiration-in-days" }, { { 0 } }, 2, "",
		  "argument --expiration-in-days: expected one argument" },
		{ "a query", { "show", "--query", "[?" }, { { 0 } }, 2, "",
		  "invalid jmespath_type value: '[?'" },
		{ "an unknown subscription", { "show", "-r", "myregistry", "-n", "mytoken",
		  "--subscription", "nosuch" }, { { 0 } }, 1, "",
		  "Subscription 'nosuch' not found." },
	};
	/* clang-format on */

	(void)state;
	play_all(rows, COUNT(rows));
}

static void help(void **state)
{
	struct token_rig rig;
	static const char *const words[][4] = { { "--help" },
		                                { "-h" },
		                                { "credential", "-h" },
		                                { "show", "--help" },
		                                { "create", "-h", "--nope" } };

	(void)state;
	token_rig_open(&rig);
	for (size_t i = 0; i < COUNT(words); i++) {
		CHECK(token_rig_run(&rig, NULL, words[i]) == 0, "%s", words[i][0]);
		CHECK(strncmp(buf_cstr(&rig.out), "usage: acrotate token", 21) == 0, "%s",
		      words[i][0]);
		CHECK(strstr(buf_cstr(&rig.out), "--days") == NULL, "hidden");
	}
	token_rig_close(&rig);
}

static void environment(void **state)
{
	static const struct row row = {
		"defaults",
		{ "show", "-n", "mytoken", "--query", "name" },
		{ IDENTITY,
		  { HTTP_GET, "/33333333-3333-3333-3333-333333333333/resourceGroups/G2/",
		    .status = 200, .answer = TOKEN("Succeeded") } },
		0,
		"mytoken\n",
		NULL
	};
	struct token_rig rig;

	(void)state;
	token_rig_open(&rig);
	(void)setenv("AZURE_DEFAULTS_ACR", "myregistry", 1);
	(void)setenv("AZURE_DEFAULTS_GROUP", "G2", 1);
	(void)setenv("AZURE_CORE_OUTPUT", "tsv", 1);
	(void)setenv("AZURE_SUBSCRIPTION_ID", "33333333-3333-3333-3333-333333333333", 1);
	play(&rig, &row);
	token_rig_close(&rig);
}

/* Not the command line's mistake: status 1, as az. */
static void wrong_default(void **state)
{
	static const struct row row = {
		"no format", { "show", "-r", "myregistry", "-n", "mytoken" },
		{ { 0 } },   1,
		"",          "the default output is 'nope'"
	};
	struct token_rig rig;

	(void)state;
	token_rig_open(&rig);
	(void)setenv("AZURE_CORE_OUTPUT", "nope", 1);
	play(&rig, &row);
	token_rig_close(&rig);
}

/* az configure --defaults acr=... group=...; the environment counts more. */
static void configured(void **state)
{
	static const struct row row = { "az configure",
		                        { "show", "-n", "mytoken", "--query", "name" },
		                        { IDENTITY,
		                          { HTTP_GET,
		                            "/resourceGroups/g1/providers/"
		                            "Microsoft.ContainerRegistry/registries/myregistry/",
		                            .status = 200, .answer = TOKEN("Succeeded") } },
		                        0,
		                        "mytoken\n",
		                        NULL };
	struct token_rig rig;

	(void)state;
	token_rig_open(&rig);
	token_rig_write(&rig, "config",
	                "[core]\nfirst_run = yes\noutput = tsv\n\n[defaults]\nacr = "
	                "myregistry\ngroup = elsewhere\n");
	(void)setenv("AZURE_DEFAULTS_GROUP", "g1", 1);
	play(&rig, &row);
	token_rig_close(&rig);
}

/* Only where both streams are terminals, and nobody has said no. */
static void colors(void **state)
{
	/* clang-format off */
	static const struct { bool out, err; const char *name, *value, *config; bool color; } rows[] = {
		{ true, true, NULL, NULL, NULL, true }, { true, false, NULL, NULL, NULL, false },
		  { false, true, NULL, NULL, NULL, false },
		{ true, true, "NO_COLOR", "", NULL, false },
		  { true, true, "AZURE_CORE_NO_COLOR", "Yes", NULL, false },
		{ true, true, "AZURE_CORE_NO_COLOR", "false", "[core]\nno_color = true\n", true },
		  { true, true, NULL, NULL, "[core]\nno_color = on\n", false },
	};
	/* clang-format on */
	static const struct fake_step steps[] = { IDENTITY,
		                                  { HTTP_GET, "/tokens/mytoken", .status = 200,
		                                    .answer = TOKEN("Succeeded") } };
	static const char *const shown[] = {
		"show", "-r", "myregistry", "-n",      "mytoken", "-g",
		"g1",   "-o", "jsonc",      "--query", "name",    NULL
	};
	static const char *const wrong[] = { "show", NULL };

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct token_rig rig;
		struct fake_http *net = fake_http_new(steps, COUNT(steps));
		struct http *client = fake_http_client(net);
		token_rig_open(&rig);
		rig.tty[TOKEN_OUT] = rows[i].out;
		rig.tty[TOKEN_ERR] = rows[i].err;
		if (rows[i].name != NULL)
			(void)setenv(rows[i].name, rows[i].value, 1);
		if (rows[i].config != NULL)
			token_rig_write(&rig, "config", rows[i].config);
		CHECK(token_rig_run(&rig, client, shown) == 0, "%zu: %s", i, buf_cstr(&rig.err));
		CHECK((strchr(buf_cstr(&rig.out), '\x1b') != NULL) == rows[i].color, "%zu: '%s'", i,
		      buf_cstr(&rig.out));
		CHECK(token_rig_run(&rig, client, wrong) == 2, "%zu", i);
		CHECK((strncmp(buf_cstr(&rig.err), "ERROR: ", 7) == 0) != rows[i].color,
		      "%zu: '%s'", i, buf_cstr(&rig.err));
		http_close(client);
		fake_http_free(net);
		token_rig_close(&rig);
	}
	(void)unsetenv("NO_COLOR");
	(void)unsetenv("AZURE_CORE_NO_COLOR");
}

/* What the service says is az's to the byte where it goes on to a program; on a terminal, whatever
 * the format, it drives nothing. */
static void on_a_terminal_nothing_is_driven(void **state)
{
	static const struct fake_step steps[] = {
		IDENTITY,
		{ HTTP_GET, "/tokens/mytoken", .status = 200,
		  .answer = "{\"name\":\"a\\u001b[31m\\u009b31m\\u202eb\",\"properties\":{}}" }
	};
	static const char *const formats[] = { "json", "jsonc", "yaml", "yamlc", "table", "tsv" };

	(void)state;
	for (size_t i = 0; i < COUNT(formats); i++)
		for (int tty = 0; tty < 2; tty++) {
			const char *show[] = { "show",     "-r",      "myregistry", "-n",
				               "mytoken",  "-g",      "g1",         "-o",
				               formats[i], "--query", "name",       NULL };
			struct token_rig rig;
			struct fake_http *net = fake_http_new(steps, COUNT(steps));
			struct http *client = fake_http_client(net);
			token_rig_open(&rig);
			rig.tty[TOKEN_OUT] = tty == 1;
			CHECK(token_rig_run(&rig, client, show) == 0, "%s: %s", formats[i],
			      buf_cstr(&rig.err));
			bool drives = strstr(buf_cstr(&rig.out), "\xe2\x80\xae") != NULL ||
			              strstr(buf_cstr(&rig.out), "\xc2\x9b") != NULL ||
			              strstr(buf_cstr(&rig.out), "\x1b[31mb") != NULL;
			CHECK(!drives || tty == 0, "%s: '%s'", formats[i], buf_cstr(&rig.out));
			CHECK(drives || tty == 1 || formats[i][0] == 'y', "%s: '%s'", formats[i],
			      buf_cstr(&rig.out));
			http_close(client);
			fake_http_free(net);
			token_rig_close(&rig);
		}
}

/* The words of a command line may be in files. */
static void files(void **state)
{
	struct token_rig rig;

	(void)state;
	token_rig_open(&rig);
	token_rig_write(&rig, "name", "mytoken\n\n");
	token_rig_write(&rig, "query", "\xef\xbb\xbfname\n");
	AUTO_FREE char *name = mem_fmt("@%s/name", rig.dir),
		       *query = mem_fmt("--query=@%s/query", rig.dir),
		       *none = mem_fmt("@%s/none", rig.dir), *dir = mem_fmt("--query=@%s", rig.dir),
		       *format = mem_fmt("-o=@%s/format", rig.dir);
	token_rig_write(&rig, "format", "tsv");
	/* clang-format off */
	const struct row rows[] = {
		{ "read", { "show", "-r", "myregistry", "-g", "g1", "-n", name, query, format },
		  { IDENTITY, { HTTP_GET, "/tokens/mytoken?", .status = 200,
		    .answer = TOKEN("Succeeded") } }, 0, "mytoken\n", NULL },
		{ "a file of the home directory", { "show", "-r", "myregistry", "-g", "g1", "-n",
		  "@~/name", "--query", "name" },
		  { IDENTITY, { HTTP_GET, "/tokens/mytoken?", .status = 200,
		    .answer = TOKEN("Succeeded") } }, 0, "\"mytoken\"\n", NULL },
		{ "no such file", { "show", "-r", "myregistry", "-g", "g1", "-n", none },
		  { { 0 } }, 2, "", none },
		{ "no file", { "show", "-r", "myregistry", "-g", "g1", "-n", "mytoken", dir },
		  { { 0 } }, 2, "", dir + strlen("--query=") },
		{ "an @ alone is none", { "show", "-r", "myregistry", "-g", "g1", "-n", "mytoken",
		  "--query", "@", "-o", "none" },
		  { IDENTITY, { HTTP_GET, "/tokens/mytoken?", .status = 200,
		    .answer = TOKEN("Succeeded") } }, 0, "", NULL },
	};
	/* clang-format on */
	AUTO_FREE char *before = mem_dup(getenv("HOME"));
	(void)setenv("HOME", rig.dir, 1);
	for (size_t i = 0; i < COUNT(rows); i++)
		play(&rig, &rows[i]);
	if (before != NULL)
		(void)setenv("HOME", before, 1);
	token_rig_close(&rig);
}

/* ---- the rest -------------------------------------------------------------------------------- */

/* clang-format off */
#define LIST "list", "-r", "myregistry", "-g", "g1", "-o", "tsv", "--query", "[].name"
#define LOOKUP HOST "/subscriptions/22222222-2222-2222-2222-222222222222/resources?$filter=resourceType%20eq%20%27Microsoft.ContainerRegistry" \
               "%2Fregistries%27&api-version=2021-04-01"
#define ENTRY(group, \
	name) "{\"name\":\"" name "\",\"id\":\"/subscriptions/s/resourceGroups/" group \
                           "/providers/Microsoft.ContainerRegistry/registries/" name "\"}"
/* clang-format on */

#define POLICY "{\"error\":{\"code\":\"RequestDisallowedByPolicy\",\"message\":\"m\"}}"

static void answers(void **state)
{
	/* clang-format off */
	static const struct row rows[] = {
		{ "pages", { LIST },
		  { IDENTITY, { HTTP_GET, "=" REGISTRY "/tokens?api-version=2023-07-01",
		    .status = 200,
		                .answer = "{\"value\":[{\"name\":\"one\"}],\"nextLink\":\"" HOST "/next?a=b c\"}" },
		    { HTTP_GET, "=" HOST "/next?a=b%20c", .status = 200,
		      .answer = "{\"value\":[{\"name\":\"two\"}]}" } }, 0, "one\ntwo\n", NULL },
		{ "pages elsewhere", { LIST },
		  { IDENTITY,
		    { HTTP_GET, "/tokens?", .status = 200,
		    .answer = "{\"value\":[],\"nextLink\":\"https://elsewhere.example/\"}" } }, 1,
		    "",
		  "not followed" },
		{ "nothing in a list", { "list", "-r", "myregistry", "-g", "g1" },
		  { IDENTITY,
		    { HTTP_GET, "/tokens?", .status = 200, .answer = "{\"value\":[null]}" } }, 0,
		    "[\n  null\n]\n", NULL },
		{ "no list", { LIST }, { IDENTITY, { HTTP_GET, "/tokens?", .status = 200,
		  .answer = "{}" } }, 1, "", "not a list" },
		{ "a registry looked up: its group in lower case, its id as it is",
		  { "update", "-r", "MyRegistry", "-n", "mytoken", "--scope-map", "Other", "-o",
		    "none" },
		  { IDENTITY,
		    { HTTP_GET, "=" LOOKUP, .status = 200,
		    .answer = "{\"value\":[" ENTRY("A",
		    "other") "],\"nextLink\":\"" HOST "/more\"}" },
		    { HTTP_GET, "/more", .status = 200,
		      .answer = "{\"value\":[" ENTRY("MyRG", "myregistry") "]}" },
		    { HTTP_PATCH,
		      "/resourceGroups/myrg/providers/Microsoft.ContainerRegistry/registries/MyRegistry/tokens/mytoken",
		      "/resourceGroups/MyRG/providers/Microsoft.ContainerRegistry/registries/myregistry/scopeMaps/Other", .status = 200,
		      .answer = TOKEN("Succeeded") } }, 0, "", NULL },
		{ "two of a name", { "show", "-r", "myregistry", "-n", "mytoken" },
		  { IDENTITY,
		    { HTTP_GET, "=" LOOKUP, .status = 200,
		    .answer = "{\"value\":[" ENTRY("A", "myregistry") "," ENTRY("B",
		    "MYREGISTRY") "]}" } },
		  1, "", "More than one resources" },
		{ "none", { "show", "-r", "myregistry", "-n", "mytoken" },
		  { IDENTITY,
		    { HTTP_GET, "=" LOOKUP, .status = 200, .answer = "{\"value\":[]}" } }, 1, "",
		    "could not be found in subscription" },
		{ "a refusal in all its detail", { "show", "-r", "myregistry", "-n", "mytoken",
		  "-g", "g1" },
		  { IDENTITY, { HTTP_GET, "/tokens/mytoken", .status = 409,
		    .answer = "{\"error\":{\"code\":\"C\",\"message\":\"M\",\"target\":\"t\","
		    "\"details\":[{\"code\":\"D1\",\"message\":\"one\",\"details\":[{\"code\":\"E\",\"message\":\"deep\"}]},{},{\"message\":\"two\"}],"
		    "\"innererror\":{\"z\":\"\u00e9\",\"a\":[1,{}]},\"additionalInfo\":[{\"type\":\"T\",\"info\":{\"k\":null}},{\"type\":\"U\"}]}}" } }, 1, "",
		  "ERROR: (C) M\nCode: C\nMessage: M\nTarget: t\nException Details:\t(D1) "
		    "one\n\tCode: D1\n\tMessage: one\n"
		  "\tException Details:\t(E) deep\n\t\tCode: E\n\t\tMessage: deep\n\t(None) "
		    "two\n\tCode: None\n\tMessage: two\n"
		  "Inner error: {\n    \"z\": \"\\u00e9\",\n    \"a\": [\n        1,\n        "
		    "{}\n    ]\n}\n"
		  "Additional Information:Type: T\nInfo: {\n    \"k\": null\n}\nType: U\nInfo: "
		    "null\n" },
		{ "a redirect within the host", { GENERATE, "--password1", "-o", "none",
		  "--only-show-errors" },
		  { IDENTITY, { HTTP_POST, "/generateCredentials", .status = 307,
		    .headers = { "Location: " HOST "/elsewhere" } },
		    { HTTP_POST, "=" HOST "/elsewhere", "tokenId", .once = true, .status = 200,
		      .answer = MADE } }, 0, "", NULL },
		{ "a redirect to be read", { "show", "-r", "myregistry", "-n", "mytoken", QUIET },
		  { IDENTITY, { HTTP_GET, "/tokens/mytoken", .status = 303,
		    .headers = { "Location: " HOST "/elsewhere" } },
		    { HTTP_GET, "=" HOST "/elsewhere", .status = 200,
		      .answer = TOKEN("Succeeded") } }, 0, "mytoken\n", NULL },
		{ "a redirect that would read where it should act", { GENERATE, "--password1" },
		  { IDENTITY, { HTTP_POST, "/generateCredentials", .status = 303,
		    .headers = { "Location: " HOST "/elsewhere" } } }, 1, "", "See Other" },
		{ "a redirect to another", { GENERATE, "--password1" },
		  { IDENTITY, { HTTP_POST, "/generateCredentials", .status = 307,
		    .headers = { "Location: https://elsewhere.example/" } } }, 1, "",
		  "Temporary Redirect" },
		{ "a list that breaks off is none", { "list", "-r", "myregistry", "-g", "g1" },
		  { IDENTITY, { HTTP_GET, "/tokens?", .status = 200, .answer = "{\"value\":["
		    TOKEN("Succeeded") "],\"nextLink\":\"" HOST "/next\"}" },
		    { HTTP_GET, "/next", .status = 403,
		      .answer = "{\"error\":{\"code\":\"C\",\"message\":\"m\"}}" } }, 1, "", "(C) m" },
		{ "claims are asked for again with what the service wants",
		  { GENERATE, "--password1", "--query", "username" },
		  { IDENTITY, { HTTP_POST, "/generateCredentials", .status = 401, .headers = {
		    "WWW-Authenticate: Bearer claims=\"eyJhIjoxfQ==\"" } },
		    { HTTP_POST, "https://login.microsoftonline.com/", "&claims=%7B%22a%22%3A1%7D&",
		      .status = 200, .answer = "{\"token_type\":\"Bearer\",\"expires_in\":3600,"
		      "\"access_token\":\"T2\"}" },
		    { HTTP_POST, "/generateCredentials", .bearer = "T2", .status = 200,
		      .answer = MADE } }, 0, "\"mytoken\"\n", "is lost" },
		{ "and are told of when that is not enough",
		  { "show", "-r", "myregistry", "-n", "mytoken", "-g", "g1" },
		  { IDENTITY, { HTTP_GET, "/tokens/mytoken", .status = 401, .answer = POLICY,
		    .headers = { "WWW-Authenticate: Bearer claims=\"eyJhIjoxfQ==\"" } },
		    IDENTITY, { HTTP_GET, "/tokens/mytoken", .status = 401, .answer = POLICY,
		    .headers = { "WWW-Authenticate: Bearer claims=\"eyJhIjoxfQ==\"",
		                 "x-ms-request-id: r-7" } } }, 1, "",
		  "=ERROR: (RequestDisallowedByPolicy) m\nCode: RequestDisallowedByPolicy\n"
		  "Message: m\nthe tenant asks for more than a token of this identity can show: a "
		  "policy for multi-factor authentication or conditional access has to leave it "
		  "out\nx-ms-request-id: r-7\n" },
		{ "accepted, and nothing more", { GENERATE, "--password1" },
		  { IDENTITY, { HTTP_POST, "/generateCredentials", .status = 202 } }, 0, "",
		    "WARNING: Azure has accepted the request" },
		{ "a time nobody understands does not cost a password",
		  { GENERATE, "--password1", "-o", "table" },
		  { IDENTITY, { HTTP_POST, "/generateCredentials", .status = 200,
		    .answer = "{\"username\":\"u\",\"passwords\":[{\"name\":\"password1\",\"value\":\"v\",\"expiry\":\"soon\"}]}" } }, 0,
		  "USERNAME    PASSWORD1    PASSWORD1 EXPIRY\n----------  -----------  "
		    "------------------\nu           v            soon\n", NULL },
		{ "and is shown as it stands", { "show", "-r", "myregistry", "-n", "mytoken", "-g",
		  "g1", "--query", "creationDate" },
		  { IDENTITY, { HTTP_GET, "/tokens/mytoken", .status = 200,
		    .answer = "{\"properties\":{\"creationDate\":\"soon\"}}" } }, 0,
		  "\"soon\"\n", NULL },
		{ "an empty one", { "show", "-r", "myregistry", "-n", "mytoken", "-g", "g1" },
		  { IDENTITY, { HTTP_GET, "/tokens/mytoken", .status = 200, .answer = "" } }, 1, "",
		  "is empty" },
		{ "no JSON", { "show", "-r", "myregistry", "-n", "mytoken", "-g", "g1" },
		  { IDENTITY, { HTTP_GET, "/tokens/mytoken", .status = 200, .answer = "<html>" } },
		    1, "", "not JSON" },
		{ "a refusal that is no JSON", { "show", "-r", "myregistry", "-n", "mytoken", "-g",
		  "g1" },
		  { IDENTITY, { HTTP_GET, "/tokens/mytoken", .status = 404, .answer = "<html>",
		    .headers = { "x-ms-request-id: r-1" } } }, 3, "",
		  "invalid status 'Not Found', and an answer that is not JSON\nx-ms-request-id: "
		    "r-1" },
		{ "a refusal without words", { "show", "-r", "myregistry", "-n", "mytoken", "-g",
		  "g1" },
		  { IDENTITY, { HTTP_GET, "/tokens/mytoken", .status = 422,
		    .answer = "{\"error\":{\"code\":\"\",\"message\":\"\"}}" } }, 1, "",
		  "=ERROR: Operation returned an invalid status 'Unprocessable Entity'\n" },
		{ "what changes something has a connection of its own: none that is found closed "
		  "sends it again",
		  { "update", "-r", "myregistry", "-n", "mytoken", "-g", "g1", "--status",
		    "enabled", "-o", "none" },
		  { IDENTITY, { HTTP_PATCH, "/tokens/mytoken", .fresh = true, .status = 200,
		    .answer = TOKEN("Succeeded") } }, 0, "", NULL },
		{ "an answer that was lost is not asked for again where it may change something "
		  "twice",
		  { "update", "-r", "myregistry", "-n", "mytoken", "-g", "g1", "--status",
		    "enabled" },
		  { IDENTITY, { HTTP_PATCH, "/tokens/mytoken", .outcome = FAKE_DROP_AFTER } }, 1,
		    "", "ERROR: " },
		{ "a gateway's trouble may pass", { "delete", "-r", "myregistry", "-n", "mytoken",
		  "-g", "g1", "-y" },
		  { IDENTITY, { HTTP_DELETE, "/tokens/mytoken", .status = 506 },
		    { HTTP_DELETE, "/tokens/mytoken", .status = 599 },
		    { HTTP_DELETE, "/tokens/mytoken", .status = 200 } }, 0, "", NULL },
		{ "what is not implemented does not",
		  { "delete", "-r", "myregistry", "-n", "mytoken", "-g", "g1", "-y" },
		  { IDENTITY, { HTTP_DELETE, "/tokens/mytoken", .status = 501 } }, 1, "",
		    "Not Implemented" },
		{ "nor does it where repeating changes something",
		  { "update", "-r", "myregistry", "-n", "mytoken", "-g", "g1", "--status",
		  "enabled" },
		  { IDENTITY, { HTTP_PATCH, "/tokens/mytoken", .status = 599 } }, 1, "",
		    "ERROR: " },
		{ "what is read is not created", { "credential", "delete", "-r", "myregistry",
		  "-n", "mytoken", "-g", "g1", "--password1" },
		  { IDENTITY, { HTTP_GET, "/tokens/mytoken", .status = 201,
		                .answer = "{\"properties\":{\"credentials\":{\"passwords\":[{\"name\":\"password1\"}]}}}" } }, 1, "", "201" },
		{ "properties that are no object", { "show", "-r", "myregistry", "-n", "mytoken",
		  "-g", "g1" },
		  { IDENTITY, { HTTP_GET, "/tokens/mytoken", .status = 200,
		    .answer = "{\"name\":\"n\",\"properties\":[]}" } }, 1, "",
		  "an object expected" },
		{ "a year of few digits in a table", { "show", "-r", "myregistry", "-n", "mytoken",
		  "-g", "g1", "-o", "table" },
		  { IDENTITY, { HTTP_GET, "/tokens/mytoken", .status = 200,
		    .answer = "{\"properties\":{\"creationDate\":\"0001-01-01T00:00:00Z\"}}" } }, 0,
		  "NAME    SCOPE MAP    PASSWORD1 EXPIRY    PASSWORD2 EXPIRY    STATUS    "
		    "PROVISIONING STATE    CREATION DATE\n"
		  "------  -----------  ------------------  ------------------  --------  "
		    "--------------------  -----------------\n"
		  "                                                                              "
		    "               1-01-01T00:00:00Z\n", NULL },
		{ "created, and no passwords come back", { CREATE },
		  { IDENTITY, { HTTP_GET, "/tokens/mytoken", .status = 404, .answer = MISSING },
		    { HTTP_PUT, "/tokens/mytoken", .status = 200, .answer = TOKEN("Succeeded") },
		    { HTTP_POST, "/generateCredentials", .once = true, .status = 200,
		      .answer = "{\"username\":\"mytoken\",\"passwords\":[]}" } }, 1, "",
		  "'mytoken' was created, but its passwords are not known" },
		{ "created, and nothing at all comes back", { CREATE },
		  { IDENTITY, { HTTP_GET, "/tokens/mytoken", .status = 404, .answer = MISSING },
		    { HTTP_PUT, "/tokens/mytoken", .status = 200, .answer = TOKEN("Succeeded") },
		    { HTTP_POST, "/generateCredentials", .once = true, .status = 202 } }, 1, "",
		      "does not show the new passwords" },
		{ "flat words of refusal", { "show", "-r", "myregistry", "-n", "mytoken", "-g",
		  "g1" },
		  { IDENTITY, { HTTP_GET, "/tokens/mytoken", .status = 400,
		    .answer = "{\"code\":\"C\",\"message\":\"m\"}" } }, 1, "",
		  "ERROR: (C) m\nCode: C\nMessage: m\n" },
	};
	/* clang-format on */

	(void)state;
	play_all(rows, COUNT(rows));
}

static void waiting(void **state)
{
	/* clang-format off */
	static const struct row row = {
		"a long operation on a terminal", { "update", "-r", "myregistry", "-n", "mytoken",
		  "-g", "g1", "--status", "enabled", "-o", "none" },
		{ IDENTITY,
		  { HTTP_PATCH, "/tokens/mytoken", .status = 201, .answer = TOKEN("Updating"),
		    .headers = { "Azure-AsyncOperation: " HOST "/poll?t=1", "Retry-After: 10" } },
		  { HTTP_GET, "=" HOST "/poll?t=1", .status = 200,
		    .answer = "{\"status\":\"Updating\"}",
		    .headers = { "Azure-AsyncOperation: " HOST "/poll?t=2", "Retry-After: 10" } },
		  { HTTP_GET, "=" HOST "/poll?t=2", .status = 200,
		    .answer = "{\"status\":\"Succeeded\"}" },
		  { HTTP_GET, "/tokens/mytoken", .status = 200, .answer = TOKEN("Succeeded") } },
		    0, "", "waiting for Azure"
	};
	/* clang-format on */
	struct token_rig rig;

	(void)state;
	token_rig_open(&rig);
	rig.tty[TOKEN_ERR] = true;
	play(&rig, &row);
	/* At once the first time, then as asked. The line is gone at the end. */
	assert_int_equal(rig.env.slept_ms, 10000);
	assert_string_equal(buf_cstr(&rig.err) + rig.err.len - 4, "\r\x1b[K");
	token_rig_close(&rig);
}

static void deleting(void **state)
{
	static const struct {
		const char *input;
		bool sent;
		int exit;
	} rows[] = {
		{ "y\n", true, 0 },  { "Y\n", true, 0 },  { "\nmaybe\ny\n", true, 0 },
		{ "n\n", false, 0 }, { "N\n", false, 0 }, { "", false, 1 },
	};
	static const struct fake_step steps[] = {
		IDENTITY,
		{ HTTP_DELETE, "/tokens/mytoken", .status = 202,
		  .headers = { "Location: " HOST "/gone" } },
		{ HTTP_GET, "/gone", .status = 404, .answer = MISSING },
	};
	static const char *const words[] = { "delete",  "-r", "myregistry", "-n",
		                             "mytoken", "-g", "g1",         NULL };

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct token_rig rig;
		struct fake_http *net = fake_http_new(steps, rows[i].sent ? COUNT(steps) : 0);
		struct http *client = fake_http_client(net);
		token_rig_open(&rig);
		rig.tty[TOKEN_IN] = true;
		rig.input = rows[i].input;
		CHECK(token_rig_run(&rig, client, words) == rows[i].exit, "%s: %s", rows[i].input,
		      buf_cstr(&rig.err));
		CHECK(strncmp(buf_cstr(&rig.out),
		              "Deleting the token 'mytoken' will invalidate access", 51) == 0,
		      "%s", rows[i].input);
		CHECK(fake_http_done(net), "%s", rows[i].input);
		token_rig_close(&rig);
		http_close(client);
		fake_http_free(net);
	}
}

static void lost_output(void **state)
{
	static const struct row row = {
		"nowhere to print",
		{ GENERATE, "--password1" },
		{ IDENTITY, { HTTP_POST, "/generateCredentials", .status = 200, .answer = MADE } },
		1,
		"",
		"the new password was made, and has been lost"
	};
	struct token_rig rig;

	(void)state;
	token_rig_open(&rig);
	rig.broken_out = true;
	play(&rig, &row);
	token_rig_close(&rig);
}

/* With the rows of job_refused. */
static void local_job(void **state)
{
	/* clang-format off */
	static const struct row allowed[] = {
		{ "with --force", { GENERATE, "--password1", "--force", "-o", "none",
		  "--only-show-errors" },
		  { IDENTITY, DATED, { HTTP_POST, "/generateCredentials", .status = 200,
		    .answer = MADE } }, 0, "", NULL },
		{ "another token", { "credential", "generate", "-r", "myregistry", "-n",
		  "other-token", "-g", "g1", "--password1", "-o", "none",
		  "--only-show-errors" },
		  { IDENTITY, { HTTP_POST, "/generateCredentials", .status = 200,
		    .answer = MADE } }, 0, "", NULL },
		{ "reading", { "show", "-r", "myregistry", "-n", "mytoken", "-g", "g1", "-o",
		  "none" }, SHOWN, 0, "", NULL },
		{ "what kills nothing", { "update", "-r", "myregistry", "-n", "mytoken", "-g",
		  "g1", "--status", "enabled", "-o", "none" },
		  { IDENTITY, { HTTP_PATCH, "/tokens/mytoken", .status = 200,
		    .answer = TOKEN("Succeeded") } }, 0, "", NULL },
	};
	/* clang-format on */
	static const struct row busy = { "a run is under way",
		                         { GENERATE, "--password1", "--force" },
		                         { { 0 } },
		                         1,
		                         "",
		                         "job 'web' rotates this token" };
	static const struct row empty = {
		"nothing is delivered yet",
		{ GENERATE, "--password1", "-o", "none", "--only-show-errors" },
		{ IDENTITY,
		  DATED,
		  FOUND,
		  { HTTP_POST, "/generateCredentials", .status = 200, .answer = MADE } },
		0,
		"",
		NULL
	};
	struct token_rig rig;
	AUTO_LOCK struct lock lock = LOCK_INIT;
	struct err e = ERR_INIT;

	(void)state;
	token_rig_open(&rig);
	AUTO_FREE char *jobs = mem_fmt("%s/jobs.d", rig.dir), *job = mem_fmt(JOB, rig.dir),
		       *path = mem_fmt("%s/state/web.lock", rig.dir);
	assert_true(fs_make_dir(jobs, &e));
	token_rig_write(&rig, "jobs.d/web.conf", job);
	token_rig_write(&rig, "secret", "aPasswordOfSomebody+ACR0123456789abcdefghijklmnopqrs\n");
	for (size_t i = 0; i < COUNT(job_refused); i++)
		play(&rig, &job_refused[i]);
	token_rig_write(&rig, "secret", "");
	play(&rig, &empty);
	for (size_t i = 0; i < COUNT(allowed); i++)
		play(&rig, &allowed[i]);
	assert_true(lock_take(path, &lock, &e));
	play(&rig, &busy);
	token_rig_close(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(differences),  cmocka_unit_test(every_difference),
		cmocka_unit_test(command_line), cmocka_unit_test(help),
		cmocka_unit_test(environment),  cmocka_unit_test(wrong_default),
		cmocka_unit_test(configured),   cmocka_unit_test(files),
		cmocka_unit_test(colors),       cmocka_unit_test(on_a_terminal_nothing_is_driven),
		cmocka_unit_test(answers),      cmocka_unit_test(waiting),
		cmocka_unit_test(deleting),     cmocka_unit_test(lost_output),
		cmocka_unit_test(local_job),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
