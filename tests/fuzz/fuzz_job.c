/* SPDX-License-Identifier: MIT */
/* An acrotate.conf, a line of dashes, a job file: whatever is in them, a job that comes out
 * keeps the promises that the rotation builds on. */
#include <stdlib.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "config/argv.h"
#include "config/common.h"
#include "fuzz/fuzz.h"

static void check_policy(const struct policy *p)
{
	int64_t interval = p->lifetime - p->renew_before;

	must(p->lifetime > 0 && p->renew_before > 0 && interval > 0);
	must(p->grace > 0 && (p->grace <= interval / 2 || p->grace == 1));
	must(p->offset >= 0 && p->offset <= interval / 10 && p->offset <= 86400);
	must(p->verify_timeout > 0 && p->verify_every > 0 && p->inspect_every > 0 &&
	     p->verify_wait >= 0);
}

static void check_command(const char *text)
{
	AUTO_ARGV char **argv = NULL;
	struct err e = ERR_INIT;

	must(text == NULL || (argv_split(text, &argv, &e) && argv[0][0] == '/'));
}

static void check_job(const struct job *j)
{
	must(strcmp(j->name, "web") == 0 && strcmp(j->file, "j") == 0);
	must(j->registry != NULL && j->registry[0] != '\0');
	must(str_token_name_usable(j->token));
	must(j->azure.auth != NULL && j->azure.cloud != NULL && j->hook_timeout > 0 &&
	     j->n_sinks > 0);
	must(!j->policy.create || j->scope_map != NULL || j->repository.n > 0 || j->gateway.n > 0);
	check_policy(&j->policy);
	check_command(j->on_change);
	for (size_t i = 0; i < j->n_sinks; i++) {
		must(j->sinks[i].name[0] != '\0' && j->sinks[i].ops != NULL &&
		     j->sinks[i].spec != NULL);
		check_command(j->sinks[i].on_change);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char line[] = "\n----\n";
	const char *text = (const char *)data;
	const char *cut = memmem(text, size, line, strlen(line));
	size_t common = cut != NULL ? (size_t)(cut - text) + 1 : 0;
	size_t from = cut != NULL ? common + strlen(line) - 1 : 0;
	AUTO_COMMON struct common c = { 0 };
	AUTO_JOB struct job *j = NULL;
	struct err e = ERR_INIT;

	if (!common_parse("c", text, common, &c, &e)) {
		must(e.kind == ERR_CONFIG && strncmp(e.text, "c:", 2) == 0);
		return 0;
	}
	host_clear(&c.host);
	c.host = (struct host){ .name = mem_dup("web-1"),
		                .asked_name = true,
		                .asked_machine_id = true,
		                .asked_home = true };
	if (job_parse(&c, "web", "j", text + from, size - from, &j, &e))
		check_job(j);
	else
		must(j == NULL && e.kind == ERR_CONFIG &&
		     (strncmp(e.text, "j:", 2) == 0 || strncmp(e.text, "c:", 2) == 0));
	return 0;
}
