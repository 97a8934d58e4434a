/* SPDX-License-Identifier: MIT */
#include "base/buf.h"
#include "base/err.h"
#include "check.h"
#include "cli/options.h"

static int nothing(const struct options *o)
{
	(void)o;
	return 0;
}

/* clang-format off */
static const struct command list[] = {
	{ "run", "[JOB...]", "rotate what is due",
	  OPTION_DRY_RUN | OPTION_FORCE | OPTION_WAIT | OPTION_DETAILED | OPTION_SHARD, 0, ARGS_MANY, false,
	  nothing },
	{ "plan", "[JOB...]", "what would be done", OPTION_HORIZON, 0, ARGS_MANY, false, nothing },
	{ "status", "[JOB...]", "a line per job", OPTION_ONLINE | OPTION_WARN_CRIT | OPTION_METRICS, 0,
	  ARGS_MANY, false, nothing },
	{ "get", "JOB", "print the password", OPTION_FORMAT, 1, 1, false, nothing },
	{ "revoke", "JOB", "kill a leaked password", OPTION_NOW | OPTION_SLOTS, 1, 1, false,
	  nothing },
	{ "init", "REGISTRY TOKEN", "write a job", OPTION_SINKS, 2, 2, false, nothing },
	{ "keys", "", "every key", 0, 0, 0, false, nothing },
	{ "token", "...", "az acr token", 0, 0, ARGS_MANY, true, nothing },
	{ 0 },
};
/* clang-format on */

#define WORDS_MAX 8
struct line {
	const char *word[WORDS_MAX];
};

static bool parse(const struct line *l, struct options *o, const struct command **cmd,
                  struct err *e)
{
	static char name[] = "acrotate";
	static char *argv[WORDS_MAX + 2]; /* the options borrow it, as they do main's */
	static char store[WORDS_MAX][64];
	int argc = 1;

	memset(argv, 0, sizeof(argv));
	argv[0] = name;
	for (int i = 0; i < WORDS_MAX && l->word[i] != NULL; i++) {
		(void)snprintf(store[i], sizeof(store[i]), "%s", l->word[i]);
		argv[argc++] = store[i];
	}
	return options_parse(list, argc, argv, o, cmd, e);
}

/* What was understood, as one text. */
static void tell(const struct options *o, const struct command *cmd, struct buf *out)
{
	static const char *const flags[] = { "json",     "metrics", "verbose",  "debug",
		                             "help",     "version", "dry_run",  "force",
		                             "detailed", "dropin",  "online",   "now",
		                             "p1",       "p2",      "libsecret" };
	const bool value[] = { o->json,           o->metrics, o->verbose,
		               o->debug,          o->help,    o->version,
		               o->dry_run,        o->force,   o->detailed_exitcode,
		               o->systemd_dropin, o->online,  o->now,
		               o->slot[0],        o->slot[1], o->libsecret };
	const struct {
		const char *name;
		int64_t s;
	} times[] = { { "wait", o->wait_s },
		      { "horizon", o->horizon_s },
		      { "warn", o->warn_s },
		      { "crit", o->crit_s } };
	const struct {
		const char *name, *text;
	} texts[] = { { "config", o->config },
		      { "format", o->format },
		      { "docker", o->docker },
		      { "file", o->file } };

	buf_str(out, cmd != NULL ? cmd->name : "-");
	for (size_t i = 0; i < COUNT(flags); i++)
		if (value[i])
			buf_fmt(out, " %s", flags[i]);
	if (o->log_format == LOG_JSON)
		buf_str(out, " log-json");
	for (size_t i = 0; i < COUNT(times); i++)
		if (times[i].s != 0)
			buf_fmt(out, " %s=%lld", times[i].name, (long long)times[i].s);
	if (o->shard.of != 0)
		buf_fmt(out, " shard=%d/%d", (int)o->shard.part, (int)o->shard.of);
	for (size_t i = 0; i < COUNT(texts); i++)
		if (texts[i].text != NULL)
			buf_fmt(out, " %s=%s", texts[i].name, texts[i].text);
	for (size_t i = 0; i < o->n_args; i++)
		buf_fmt(out, " <%s>", o->args[i]);
}

#define SHARD(value)                                                                               \
	"'--shard' takes a part and how many there are, like '0/3', '1/3' and '2/3', not '" value  \
	"'"

static void understood(void **state)
{
	(void)state;
	/* clang-format off */
	static const struct { struct line line; const char *want; } row[] = {
		{ { { "run" } }, "run" },
		{ { { "run", "web", "api*" } }, "run <web> <api*>" },
		{ { { "run", "--dry-run", "--force", "--wait", "10m", "--detailed-exitcode" } },
		  "run dry_run force detailed wait=600" },
		{ { { "run", "--wait=1h 30m", "web" } }, "run wait=5400 <web>" },
		{ { { "run", "web", "--force" } }, "run force <web>" },
		{ { { "run", "--shard", "2/3" } }, "run shard=2/3" },
		{ { { "run", "--shard=0/1" } }, "run shard=0/1" },
		{ { { "run", "--", "--force" } }, "run <--force>" },
		{ { { "run", "-" } }, "run <->" },
		{ { { "-c", "/x", "run" } }, "run config=/x" },
		{ { { "-c/x", "run" } }, "run config=/x" },
		{ { { "run", "--config=/x" } }, "run config=/x" },
		{ { { "--force", "run" } }, "run force" },
		{ { { "run", "-o", "json" } }, "run json" },
		{ { { "run", "-ojson", "--output", "text" } }, "run" },
		{ { { "status", "-o", "metrics" } }, "status metrics" },
		{ { { "run", "--verbose", "--debug", "--log-format", "json" } },
		  "run verbose debug log-json" },
		{ { { "plan", "--horizon", "2w" } }, "plan horizon=1209600" },
		{ { { "plan", "--horizon=2y" } }, "plan horizon=63072000" },
		{ { { "status", "--online", "--warn", "14d", "--crit=3d" } },
		  "status online warn=1209600 crit=259200" },
		{ { { "get", "web", "--format", "{username}" } }, "get format={username} <web>" },
		{ { { "get", "web", "--format=a=b" } }, "get format=a=b <web>" },
		{ { { "revoke", "web", "--now", "--password2" } }, "revoke now p2 <web>" },
		{ { { "revoke", "web", "--password1" } }, "revoke p1 <web>" },
		{ { { "init", "contoso", "web-pull", "--docker", "/a", "--file=/b",
		  "--libsecret" } },
		  "init libsecret docker=/a file=/b <contoso> <web-pull>" },
		{ { { "keys" } }, "keys" },
		{ { { "token", "list", "--registry", "x", "--help", "-c", "y" } },
		  "token <list> <--registry> <x> <--help> <-c> <y>" },
		{ { { "token", "--", "-o" } }, "token <--> <-o>" },
		{ { { "--config", "/x", "token" } }, "token config=/x" },
		{ { { "--help" } }, "- help" },
		{ { { "-h" } }, "- help" },
		{ { { "--version" } }, "- version" },
		{ { { "get", "--help" } }, "get help" },
		{ { { "--help", "init" } }, "init help" },
	};
	/* clang-format on */
	for (size_t i = 0; i < COUNT(row); i++) {
		AUTO_OPTIONS struct options o = { 0 };
		AUTO_BUF struct buf got = BUF_INIT(4096);
		const struct command *cmd = NULL;
		struct err e = ERR_INIT;
		CHECK(parse(&row[i].line, &o, &cmd, &e), "%s: %s", row[i].want, e.text);
		tell(&o, cmd, &got);
		CHECK_TEXT(buf_cstr(&got), row[i].want, "row %zu", i);
		assert_string_equal(o.argv[0], "acrotate");
	}
}

static void refused(void **state)
{
	(void)state;
	/* clang-format off */
	static const struct { struct line line; const char *want; } row[] = {
		{ { { NULL } }, "no command; see 'acrotate --help'" },
		{ { { "--verbose" } }, "no command; see 'acrotate --help'" },
		{ { { "rnu" } }, "unknown command 'rnu'; did you mean 'run'?" },
		{ { { "stauts" } }, "unknown command 'stauts'; did you mean 'status'?" },
		{ { { "rotate-now" } }, "unknown command 'rotate-now'; see 'acrotate --help'" },
		{ { { "run", "--froce" } }, "unknown option '--froce'; did you mean '--force'?" },
		{ { { "status", "--froce" } },
		  "unknown option '--froce'; see 'acrotate status --help'" },
		{ { { "--nothing-of-ours" } },
		  "unknown option '--nothing-of-ours'; see 'acrotate --help'" },
		{ { { "run", "-x" } }, "unknown option '-x'; see 'acrotate --help'" },
		{ { { "status", "--force" } }, "'--force' is not an option of 'acrotate status'" },
		{ { { "--force", "status" } }, "'--force' is not an option of 'acrotate status'" },
		{ { { "run", "--force=yes" } }, "'--force' takes no value" },
		{ { { "run", "-hx" } }, "'--help' takes no value" },
		{ { { "run", "--wait" } }, "'--wait' takes a value: TIME" },
		{ { { "run", "-c" } }, "'--config' takes a value: FILE" },
		{ { { "run", "--wait", "10" } },
		  "'--wait' takes a time like '10m' or '14d', not '10'" },
		{ { { "run", "--shard", "3/3" } }, SHARD("3/3") },
		{ { { "run", "--shard", "1" } }, SHARD("1") },
		{ { { "run", "--shard", "/2" } }, SHARD("/2") },
		{ { { "run", "--shard", "-1/2" } }, SHARD("-1/2") },
		{ { { "run", "--shard", "0/0" } }, SHARD("0/0") },
		{ { { "run", "--shard", "0/2/2" } }, SHARD("0/2/2") },
		{ { { "run", "--wait=0s" } },
		  "'--wait' takes a time like '10m' or '14d', not '0s'" },
		{ { { "plan", "--horizon=0y" } },
		  "'--horizon' takes a time like '10m' or '14d', not '0y'" },
		{ { { "plan", "--horizon=101y" } },
		  "'--horizon' takes a time like '10m' or '14d', not '101y'" },
		{ { { "plan", "--horizon=1000y" } },
		  "'--horizon' takes a time like '10m' or '14d', not '1000y'" },
		{ { { "plan", "--horizon=y" } },
		  "'--horizon' takes a time like '10m' or '14d', not 'y'" },
		{ { { "run", "--config=" } }, "'--config' takes a FILE, not nothing" },
		{ { { "run", "-o", "yaml" } }, "'--output' takes text or json, not 'yaml'" },
		{ { { "-o", "metrics", "run" } }, "'--output' takes text or json, not 'metrics'" },
		{ { { "plan", "-ometrics" } }, "'--output' takes text or json, not 'metrics'" },
		{ { { "run", "--log-format", "xml" } },
		  "'--log-format' takes text or json, not 'xml'" },
		{ { { "get" } }, "'acrotate get' takes JOB" },
		{ { { "get", "a", "b" } }, "'acrotate get' takes JOB, and nothing more: 'b'" },
		{ { { "init", "a" } }, "'acrotate init' takes REGISTRY TOKEN" },
		{ { { "keys", "a" } }, "'acrotate keys' takes no operand, and not 'a'" },
	};
	/* clang-format on */
	for (size_t i = 0; i < COUNT(row); i++) {
		AUTO_OPTIONS struct options o = { 0 };
		const struct command *cmd = NULL;
		struct err e = ERR_INIT;
		CHECK(!parse(&row[i].line, &o, &cmd, &e), "accepted: row %zu", i);
		CHECK(e.kind == ERR_USAGE && cmd == NULL && o.args == NULL, "row %zu", i);
		CHECK_TEXT(e.text, row[i].want, "row %zu", i);
	}
}

static void help_of_the_program(void **state)
{
	(void)state;
	AUTO_BUF struct buf out = BUF_INIT(1 << 16);

	options_help(list, NULL, &out);
	for (const struct command *c = list; c->name != NULL; c++)
		CHECK(strstr(buf_cstr(&out), c->summary) != NULL, "%s", c->name);
	/* Options of all, and only those. */
	for (size_t i = 0; options_at(i) != NULL; i++)
		CHECK((strstr(buf_cstr(&out), options_at(i)->help) != NULL) ==
		              (options_at(i)->bit == 0),
		      "%s", options_at(i)->name);
	assert_non_null(strstr(buf_cstr(&out), "  -c, --config FILE"));
}

static bool has_name(const struct command *c, const char *name)
{
	for (size_t i = 0; options_at(i) != NULL; i++)
		if (strcmp(options_at(i)->name, name) == 0 && options_has(c, options_at(i)))
			return true;
	return false;
}

static void help_of_a_command(void **state)
{
	(void)state;
	for (const struct command *c = list; c->name != NULL; c++) {
		AUTO_BUF struct buf out = BUF_INIT(1 << 16);
		options_help(list, c, &out);
		CHECK(strstr(buf_cstr(&out), c->summary) != NULL, "%s", c->name);
		for (size_t i = 0; options_at(i) != NULL; i++) {
			char name[64];
			(void)snprintf(name, sizeof(name), "--%s ", options_at(i)->name);
			CHECK((strstr(buf_cstr(&out), name) != NULL) ==
			              has_name(c, options_at(i)->name),
			      "%s of %s", name, c->name);
			CHECK(!options_has(c, options_at(i)) ||
			              strstr(buf_cstr(&out), options_at(i)->help) != NULL,
			      "%s of %s has another's help", name, c->name);
		}
	}
}

/* Each option of a command once, by one letter at most, and a value exactly where its kind has one. */
static void the_table_is_sound(void **state)
{
	(void)state;
	for (size_t i = 0; options_at(i) != NULL; i++) {
		const struct option *row = options_at(i);
		CHECK((row->kind == OPTION_FLAG) == (row->value == NULL), "%s", row->name);
		for (size_t k = 0; k < i; k++) {
			bool same = strcmp(row->name, options_at(k)->name) == 0;
			CHECK(!same || (row->bit != 0 && (row->bit & options_at(k)->bit) == 0),
			      "%s twice", row->name);
			CHECK(same || row->offset != options_at(k)->offset, "%s and %s", row->name,
			      options_at(k)->name);
			CHECK(row->letter == '\0' || row->letter != options_at(k)->letter,
			      "-%c twice", row->letter);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(understood),          cmocka_unit_test(refused),
		cmocka_unit_test(help_of_the_program), cmocka_unit_test(help_of_a_command),
		cmocka_unit_test(the_table_is_sound),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
