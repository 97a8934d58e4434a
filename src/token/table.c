/* SPDX-License-Identifier: MIT */
/* The words and options that az's token commands have, and their help. */
#include "table.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/mem.h"
#include "output/jmespath.h"

#define AT(member) offsetof(struct token_args, member)
#define ALL        (TOKEN_BIT(TOKEN_VERB__COUNT) - 1)
#define CREATE     TOKEN_BIT(TOKEN_CREATE)
#define UPDATE     TOKEN_BIT(TOKEN_UPDATE)
#define GENERATE   TOKEN_BIT(TOKEN_CREDENTIAL_GENERATE)
#define CREDENTIAL (GENERATE | TOKEN_BIT(TOKEN_CREDENTIAL_DELETE))
#define NAMED      (ALL & ~TOKEN_BIT(TOKEN_LIST))
#define CHANGING   (NAMED & ~TOKEN_BIT(TOKEN_SHOW))

const struct token_command token_commands[] = {
	{ "", "create", TOKEN_CREATE, "create a token associated with a scope map" },
	{ "", "delete", TOKEN_DELETE, "delete a token" },
	{ "", "list", TOKEN_LIST, "list all tokens of a registry" },
	{ "", "show", TOKEN_SHOW, "show details and attributes of a token" },
	{ "", "update", TOKEN_UPDATE, "replace the scope map of a token, enable or disable it" },
	{ "credential", "generate", TOKEN_CREDENTIAL_GENERATE,
	  "generate or replace one or both passwords of a token" },
	{ "credential", "delete", TOKEN_CREDENTIAL_DELETE, "delete a password of a token" },
};
const size_t token_commands_count = COUNT(token_commands);

const struct token_option token_options[] = {
	{ "name", 'n', NAMED, TOKEN_TEXT, AT(name), NAMED, false, "NAME", "the name of the token" },
	{ "registry", 'r', ALL, TOKEN_TEXT, AT(registry), ALL, false, "REGISTRY",
	  "the registry, by name or login server [AZURE_DEFAULTS_ACR]" },
	{ "resource-group", 'g', ALL, TOKEN_TEXT, AT(group), 0, false, "GROUP",
	  "the registry's resource group, looked up when not given [AZURE_DEFAULTS_GROUP]" },
	{ "scope-map", 0, CREATE | UPDATE, TOKEN_TEXT, AT(scope_map), 0, false, "NAME",
	  "the scope map, with what the token may do" },
	{ "repository", 0, CREATE, TOKEN_RULES, AT(repository), 0, false, "REPO ACTION...",
	  "repository permissions: content/delete content/read content/write metadata/read "
	  "metadata/write; repeatable" },
	{ "gateway", 0, CREATE, TOKEN_RULES, AT(gateway), 0, false, "GATEWAY ACTION...",
	  "gateway permissions: config/read config/write message/read message/write; repeatable" },
	{ "status", 0, CREATE | UPDATE, TOKEN_STATUS, AT(status), 0, false, "enabled|disabled",
	  "the status of the token; a new one is enabled" },
	{ "expiration", 0, CREATE | GENERATE, TOKEN_TEXT, AT(expiration), 0, false, "TIME",
	  "when the passwords end, UTC: 2031-12-31T12:59:59Z; never when not given" },
	{ "expiration-in-days", 0, CREATE | GENERATE, TOKEN_NUMBER, AT(days), 0, false, "DAYS",
	  "the same, counted from now" },
	{ "days", 0, GENERATE, TOKEN_NUMBER, AT(days), 0, true, "DAYS",
	  "old name of --expiration-in-days" },
	{ "no-passwords", 0, CREATE, TOKEN_THREE_STATE, AT(no_passwords), 0, false, "true|false",
	  "do not generate passwords; alone it means true" },
	{ "password1", 0, CREDENTIAL, TOKEN_FLAG, AT(password1), 0, false, NULL, "this password" },
	{ "password2", 0, CREDENTIAL, TOKEN_FLAG, AT(password2), 0, false, NULL, "this password" },
	{ "yes", 'y', TOKEN_BIT(TOKEN_DELETE), TOKEN_FLAG, AT(yes), 0, false, NULL, "do not ask" },
	{ "overwrite", 0, CREATE, TOKEN_FLAG, AT(overwrite), 0, false, NULL,
	  "replace a token that exists; the passwords it has stop working" },
	{ "force", 0, CHANGING, TOKEN_FLAG, AT(force), 0, false, NULL,
	  "though it cuts off a job of this machine" },
	/* Of an organisation's own checks before a change, which az asks a service of
	 * Microsoft's for. */
	{ "acquire-policy-token", 0, CHANGING, TOKEN_REFUSED, 0, 0, true, NULL,
	  "policy tokens are a matter between az and its own service" },
	{ "change-reference", 0, CHANGING, TOKEN_REFUSED, 0, 0, true, NULL,
	  "change references are a matter between az and its own service" },
	{ "subscription", 0, ALL, TOKEN_TEXT, AT(subscription), 0, false, "NAME|ID",
	  "the subscription of the registry [AZURE_SUBSCRIPTION_ID]" },
	{ "config", 0, ALL, TOKEN_TEXT, AT(config), 0, false, "FILE",
	  "read this acrotate.conf, and jobs.d in the same directory" },
	{ "output", 'o', ALL, TOKEN_FORMAT, AT(format), 0, false, "FORMAT",
	  "json jsonc none table tsv yaml yamlc; json when not given [AZURE_CORE_OUTPUT]" },
	{ "query", 0, ALL, TOKEN_QUERY, AT(query), 0, false, "JMESPATH",
	  "what of the result to print" },
	{ "only-show-errors", 0, ALL, TOKEN_FLAG, AT(only_errors), 0, false, NULL, "no warnings" },
	{ "verbose", 0, ALL, TOKEN_FLAG, AT(verbose), 0, false, NULL, "report what is done" },
	{ "debug", 0, ALL, TOKEN_FLAG, AT(debug), 0, false, NULL,
	  "report every exchange too, never a secret" },
	{ "help", 'h', ALL, TOKEN_FLAG, AT(help), 0, false, NULL, "this text" },
};
const size_t token_options_count = COUNT(token_options);

const struct token_command *token_command_at(size_t i)
{
	return i < token_commands_count ? &token_commands[i] : NULL;
}

const struct token_option *token_option_at(size_t i)
{
	return i < token_options_count ? &token_options[i] : NULL;
}

static void rules_clear(struct token_rule *rule)
{
	mem_free_ptr(&rule);
}

void token_args_clear(struct token_args *a)
{
	rules_clear(a->repository);
	rules_clear(a->gateway);
	jmespath_free(a->query);
	token_defaults_clear(&a->defaults);
	for (size_t i = 0; i < a->n_loaded; i++)
		free(a->loaded[i]);
	free(a->loaded);
	*a = (struct token_args){ 0 };
}

/* ---- help ------------------------------------------------------------------------------------ */

void token_help_of_group(const char *group, struct buf *out)
{
	buf_fmt(out, "usage: acrotate token%s%s COMMAND [OPTION...]\n\n", *group == '\0' ? "" : " ",
	        group);
	for (size_t i = 0; i < token_commands_count; i++) {
		const char *c = token_commands[i].group;
		AUTO_FREE char *name =
			mem_fmt("%s%s%s", *group == '\0' ? c : "",
		                *group == '\0' && *c != '\0' ? " " : "", token_commands[i].name);
		if (*group == '\0' || strcmp(group, c) == 0)
			buf_fmt(out, "  %-20s %s\n", name, token_commands[i].summary);
	}
	buf_str(out, "\nThe options of a command: acrotate token COMMAND --help. The manual: "
	             "acrotate-token(1).\n");
}

void token_help_of_command(const struct token_command *cmd, struct buf *out)
{
	buf_fmt(out, "usage: acrotate token %s%s%s [OPTION...]\n\n%s\n\n", cmd->group,
	        *cmd->group == '\0' ? "" : " ", cmd->name, cmd->summary);
	for (size_t i = 0; i < token_options_count; i++) {
		const struct token_option *o = &token_options[i];
		if (o->hidden || (o->verbs & TOKEN_BIT(cmd->verb)) == 0)
			continue;
		AUTO_FREE char *letter =
			o->letter == 0 ? mem_dup("   ") : mem_fmt("-%c,", o->letter);
		AUTO_FREE char *name =
			mem_fmt("%s --%s %s", letter, o->name, o->value == NULL ? "" : o->value);
		buf_fmt(out, "  %-34s %s%s\n", name, o->help,
		        (o->required & TOKEN_BIT(cmd->verb)) != 0 ? "; required" : "");
	}
}
