/* SPDX-License-Identifier: MIT */
/* `acrotate get`: the password that the sinks hold, for whoever has no sink. Local: it is read
 * from a sink. */
#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/credential.h"
#include "base/env.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/secret.h"
#include "base/str.h"
#include "cli/commands.h"
#include "cli/lent.h"
#include "cli/options.h"
#include "cli/with_jobs.h"
#include "config/job.h"
#include "rotate/observe.h"
#include "sink/template.h"

/* The first sink that cannot be read says more than that none holds anything. */
static bool nothing(const struct observation *o, struct err *e)
{
	for (size_t i = 0; i < o->n_seen; i++)
		if (o->seen[i].broken) {
			*e = o->seen[i].why;
			return false;
		}
	return err_set(e, ERR_MISSING,
	               "no sink holds a living password of this job: acrotate plan %s says why",
	               o->job->name);
}

/* Borrowed from the observation. */
static bool find(const struct observation *o, struct credential *out, struct err *e)
{
	bool ours;

	if (o->who.server == NULL)
		return err_set(e, ERR_MISSING, "this job has never run: acrotate run %s",
		               o->job->name);
	struct plan p = observe_decide(o, env_now(&env_system), false);
	if (!p.active)
		return nothing(o, e);
	enum acr_slot slot = o->views[p.source].holds;
	*out = o->who;
	out->password = o->seen[p.source].held;
	enum acr_slot said = observe_slot_of(o, slot);
	out->slot = said == ACR_NO_SLOT ? 0 : (int)said + 1;
	out->expires_us = observe_slot(o, slot, &ours).expires_us;
	return true;
}

static void json(const struct job *job, const struct credential *c, struct buf *out)
{
	char expires[STR_TIME_MAX];
	int64_t seconds = c->expires_us / 1000000;

	str_from_time(seconds, expires);
	buf_str(out, "{\"job\": ");
	buf_json(out, job->name);
	buf_str(out, ", \"server\": ");
	buf_json(out, c->server);
	buf_str(out, ", \"username\": ");
	buf_json(out, c->username);
	buf_str(out, ", \"password\": ");
	buf_json(out, secret_peek(c->password));
	buf_json_member(out, "slot", credential_slot_name(c->slot));
	buf_json_member(out, "expires", seconds == 0 ? NULL : expires);
	buf_char(out, '}');
}

static bool write_out(const struct options *o, const struct job *job, const struct credential *c,
                      struct buf *out, struct err *e)
{
	AUTO_TEMPLATE struct template *t = NULL;

	if (o->json) {
		json(job, c, out);
		return true;
	}
	return template_parse(o->format != NULL ? o->format : "{password}",
	                      o->format != NULL ? strlen(o->format) : 10, &t, e) &&
	       template_render(t, c, out, e);
}

/* Not through stdio, whose buffer nobody would wipe. */
static bool put(struct buf *out, struct err *e)
{
	buf_char(out, '\n');
	return fd_write(STDOUT_FILENO, "standard output", out->data, out->len, e);
}

static bool get_one(const struct options *o, const struct store *store, const struct job *job,
                    struct err *e)
{
	AUTO_BUF struct buf out = BUF_INIT(TEMPLATE_TEXT_MAX);
	struct observation seen;
	struct credential c = { 0 };

	if (!observe_open(store, job, &seen, e))
		return false;
	bool ok = find(&seen, &c, e) && write_out(o, job, &c, &out, e) && put(&out, e);
	observe_close(&seen);
	return ok;
}

static int get(const struct options *o, struct config *config, const size_t *jobs, size_t n)
{
	AUTO_JOB struct job *job = NULL;
	AUTO_STORE struct store *store = lent_store(config);
	struct err e = ERR_INIT;

	if (n != 1)
		(void)err_set(&e, ERR_USAGE, "'%s' matches %zu jobs: get one at a time", o->args[0],
		              n);
	else if (o->json && o->format != NULL)
		(void)err_set(&e, ERR_USAGE,
		              "'--format' and '--output json' contradict each other");
	else if (config_job(config, jobs[0], &job, &e) && get_one(o, store, job, &e))
		return 0;
	log_err(job == NULL ? NULL : job->name, &e);
	return err_exit_code(e.kind);
}

int cmd_get(const struct options *o)
{
	return with_jobs(o, get);
}
