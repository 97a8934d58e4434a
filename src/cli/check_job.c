/* SPDX-License-Identifier: MIT */
/* What `acrotate check` looks at for one job: its sinks, hooks and files. */
#include <errno.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/show.h"
#include "base/str.h"
#include "check.h"
#include "config/argv.h"
#include "config/job.h"
#include "remedies.h"
#include "rotate/observe.h"
#include "rotate/status.h"
#include "sink/sink.h"

#define CLOCK_WARNED_S  300
#define CLOCK_REFUSED_S 86400
#define PLACE_MAX       8192

/* ---- registry and token ---------------------------------------------------------------------- */

/* A sink holds a password that this job knows nothing of: it may be that of either slot. */
static const char *unknown_holder(const struct observation *o)
{
	for (size_t i = 0; i < o->n_seen; i++)
		if (!o->seen[i].unread && o->views[i].other && !o->views[i].rejected)
			return o->seen[i].spec->name;
	return NULL;
}

static void fix_foreign(const struct job *job, const struct observation *o, enum acr_slot i,
                        const char *created, struct finding *at)
{
	const char *holder = unknown_holder(o);

	if (holder == NULL) {
		findings_fix(
			at,
			"may_replace = %s@%s    # into [job] of %s, if nobody uses that password",
			acr_slot_name(i), created, job->file);
		return;
	}
	findings_fix(at,
	             "# sink '%s' holds a password that this job knows nothing of: it may be this "
	             "slot's, so its consumers could lose access",
	             holder);
	findings_fix(
		at,
		"acrotate adopt %s FILE    # the record of it: of the job's old name, or another "
		"host's; see 'moving' in acrotate(7)",
		job->name);
}

static void slot(const struct job *job, const struct observation *o, const struct job_status *s,
                 int64_t now, enum acr_slot i, struct findings *f)
{
	char expires[STR_TIME_MAX], created[STR_TIME_MAX], due[STR_TIME_MAX];
	bool ours;
	struct acr_password p = observe_slot(o, i, &ours);

	str_from_time(p.expires_us / 1000000, expires);
	str_from_ticks(p.created, created);
	str_from_time(s->next_rotation, due);
	const char *until = p.expires_us == 0 ? "never expires" : expires;
	if (!p.present) {
		(void)findings_ok(f, acr_slot_name(i), "absent, free for the next rotation");
	} else if (ours) {
		(void)findings_ok(f, acr_slot_name(i), "of this job, %s, %s %s",
		                  s->active && s->slot == i ? "in use" : "not in use",
		                  p.expires_us != 0 && p.expires_us / 1000000 <= now ? "expired"
		                  : p.expires_us != 0                                ? "expires"
		                                                                     : "",
		                  until);
	} else if (s->state == JOB_REFUSED) {
		struct err e = ERR_INIT;
		(void)err_set(&e, ERR_DECISION,
		              "foreign, generated %s, %s%s: it stands in the way of the "
		              "rotation due now",
		              created, p.expires_us != 0 ? "expires " : "", until);
		fix_foreign(job, o, i, created, findings_problem(f, acr_slot_name(i), &e));
	} else if (!s->foreign_ahead) {
		(void)findings_ok(f, acr_slot_name(i), "foreign, generated %s, %s%s", created,
		                  p.expires_us != 0 ? "expires " : "", until);
	} else {
		fix_foreign(job, o, i, created,
		            findings_warning(f, acr_slot_name(i),
		                             "foreign, generated %s, %s%s: it stands in the "
		                             "way of the rotation due %s",
		                             created, p.expires_us != 0 ? "expires " : "", until,
		                             due));
	}
}

static void login(const struct job *job, const struct observation *o, const struct job_status *s,
                  struct findings *f)
{
	struct err e = ERR_INIT;

	if (!s->active)
		findings_fix(findings_warning(f, "login",
		                              "no sink holds a living password of this job: the "
		                              "next run delivers one, if it can"),
		             "acrotate run %s", job->name);
	else if (o->state.rejected_at != 0)
		findings_fix((err_set(&e, ERR_DECISION,
		                      "the registry refuses the password that the sinks hold"),
		              findings_problem(f, "login", &e)),
		             "acrotate run %s    # tries again, and replaces it if it is dead",
		             job->name);
	else if (job->policy.verify_wait != 0)
		findings_fix(findings_warning(f, "login",
		                              "not tried: verify = wait, so that new passwords "
		                              "are not proven before they are delivered"),
		             "verify = login    # into [job] of %s, where this host reaches the "
		             "registry",
		             job->file);
	else
		(void)findings_ok(f, "login",
		                  "the registry accepts the password that the sinks hold");
}

static void missing_token(const struct job *job, struct findings *f)
{
	struct err e = ERR_INIT;

	if (job->policy.create) {
		(void)findings_ok(f, "token", "'%s' does not exist yet: the next run creates it",
		                  job->token);
		return;
	}
	(void)err_set(&e, ERR_MISSING, "'%s' does not exist in registry '%s'", job->token,
	              job->registry);
	struct finding *at = findings_problem(f, "token", &e);
	findings_fix(at,
	             "acrotate token create --registry %s --name %s --scope-map _repositories_pull "
	             "--no-passwords",
	             job->registry, job->token);
	findings_fix(at, "create = yes    # into [job] of %s, with the lines 'repository' it needs",
	             job->file);
}

static void disabled_token(const struct job *job, struct findings *f)
{
	struct err e = ERR_INIT;

	(void)err_set(&e, ERR_DECISION, "'%s' is disabled", job->token);
	findings_fix(findings_problem(f, "token", &e),
	             "acrotate token update --registry %s --name %s --status enabled",
	             job->registry, job->token);
}

static void failed(const struct azure_facts *a, const struct config *c, const struct job *job,
                   const struct observation *o, const struct err *e, struct findings *f)
{
	bool found = o != NULL && o->who.server != NULL;
	struct finding *at = findings_problem(f, found ? "token" : "registry", e);

	if (e->kind == ERR_DENIED)
		check_fix_denied(a, at);
	else if (e->kind != ERR_MISSING)
		findings_fix(at, "az acr show --name %s    # is az answered from here?",
		             job->registry);
	/* A subscription that is not the registry's is told in the same words as a registry that
	 * is not there. */
	if (e->kind == ERR_MISSING || e->kind == ERR_DENIED)
		check_fix_subscription(c, job, at);
	if (e->kind == ERR_MISSING ||
	    (e->kind == ERR_DENIED && !found && job->resource_group == NULL))
		findings_fix(at,
		             "resource_group = GROUP    # into [job] of %s: az acr list --query "
		             "\"[?name=='%s'].resourceGroup\" --output tsv",
		             job->file, job->registry);
}

void check_token(const struct azure_facts *a, const struct config *c, const struct job *job,
                 const struct observation *o, int64_t now, const struct err *e, struct findings *f)
{
	struct job_status s;

	if (o != NULL && o->who.server != NULL)
		(void)findings_ok(f, "registry", "'%s', login server %s%s%s", job->registry,
		                  o->who.server, o->state.group != NULL ? ", resource group " : "",
		                  o->state.group != NULL ? o->state.group : "");
	if (!a->subscription) {
		struct err why = ERR_INIT;
		(void)err_set(
			&why, ERR_CONFIG,
			"no subscription: set it in [azure] of '%s', or AZURE_SUBSCRIPTION_ID",
			config_path(c));
		findings_fix(
			findings_problem(f, "subscription", &why),
			"subscription = ID    # into [azure] of %s: az account show --query id "
			"--output tsv",
			config_path(c));
		return;
	}
	if (o == NULL || o->asked == TOKEN_NOT_ASKED) {
		/* Without an identity nothing else could be asked: that was said. */
		if (a->known && e->kind != ERR_NONE)
			failed(a, c, job, o, e, f);
		return;
	}
	if (o->asked == TOKEN_MISSING) {
		missing_token(job, f);
		return;
	}
	status_of(o, now, &s);
	if (o->state.disabled)
		disabled_token(job, f);
	else
		(void)findings_ok(f, "token", "'%s' exists and is enabled", job->token);
	for (int i = 0; i < ACR_SLOT__COUNT; i++)
		slot(job, o, &s, now, (enum acr_slot)i, f);
	if (!o->state.disabled && e->kind == ERR_NONE)
		login(job, o, &s, f);
}

void check_login(const struct observation *o, const struct err *e, struct findings *f)
{
	if (o->asked == TOKEN_READ && !o->state.disabled && e->kind != ERR_NONE)
		findings_fix(
			findings_problem(f, "login", e),
			"curl -sSi https://%s/v2/    # 401 with a challenge is right; what else "
			"answers, and for whom?",
			o->who.server);
}

/* ---- sinks ----------------------------------------------------------------------------------- */

/* The commonest of all: nobody has logged in with docker here yet. */
static void fix_directory(const char *place, struct finding *at)
{
	AUTO_FREE char *dir = mem_dup(place);
	char *slash = strrchr(dir, '/');

	if (dir[0] != '/' || slash == dir)
		return;
	*slash = '\0';
	AUTO_FREE char *word = show_word(dir);
	if (access(dir, F_OK) != 0 && errno == ENOENT)
		findings_fix(at, "mkdir -p -m 0700 %s    # as the user whose it is to be", word);
}

static void fix_sink(const char *place, const struct err *e, struct finding *at)
{
	if (!remedies_fix(REMEDY_SINK, e, at))
		fix_directory(place, at);
}

/* The run says of which sink an error is; a finding's subject does. */
static struct finding *problem_of(struct findings *f, const char *subject, const struct err *why)
{
	struct err e = *why;
	size_t n = strlen(subject);

	if (strncmp(e.text, subject, n) == 0 && strncmp(e.text + n, ": ", 2) == 0)
		memmove(e.text, e.text + n + 2, strlen(e.text) - n - 1);
	return findings_problem(f, subject, &e);
}

static void one_sink(const struct observation *o, const struct seen *s, const char *subject,
                     struct findings *f)
{
	AUTO_BUF struct buf place = BUF_INIT(PLACE_MAX);
	struct err e = ERR_INIT;

	if (s->sink != NULL)
		s->spec->ops->describe(s->sink, &place);
	if (s->broken) {
		fix_sink(buf_cstr(&place), &s->why, problem_of(f, subject, &s->why));
		return;
	}
	if (!s->spec->ops->check(s->sink, &o->who, &e) ||
	    (s->spec->ops->trial != NULL && !s->spec->ops->trial(s->sink, &o->who, &e))) {
		fix_sink(buf_cstr(&place), &e, findings_problem(f, subject, &e));
		return;
	}
	if (e.text[0] != '\0')
		(void)findings_warning(f, subject, "%s", e.text);
	else
		(void)findings_ok(f, subject, "'%s' can be read and replaced", buf_cstr(&place));
}

/* Is what it holds gone at the next boot? */
static bool is_volatile(const struct sink_spec *s)
{
	AUTO_TARGET struct fs_target at = { .dir = -1 };
	struct err ignored = ERR_INIT; /* told by the sink's own check */
	struct statfs st;

	return s->ops->directory != NULL && s->ops->directory(s->spec, &at, &ignored) &&
	       fstatfs(at.dir, &st) == 0 && (st.f_type == TMPFS_MAGIC || st.f_type == RAMFS_MAGIC);
}

/* Its own copy would be one more of them. */
static bool has_store(const struct job *job)
{
	for (size_t i = 0; i < job->n_sinks; i++)
		if (job->sinks[i].ops == &sink_store)
			return true;
	return false;
}

/* The only copies of a password are in memory: after a boot there is none, and the slot it is in is
 * left alone for `grace`. A follower has another one in its source. */
static void check_copies(const struct job *job, struct findings *f)
{
	if (job->source != NULL)
		return;
	for (size_t i = 0; i < job->n_sinks; i++)
		if (!is_volatile(&job->sinks[i]))
			return;
	struct finding *at =
		findings_warning(f, "sinks",
	                         "all of them are on file systems in memory: after a reboot no "
	                         "copy of the password is "
	                         "left, and nothing can be pulled until the other slot is free");
	if (has_store(job)) {
		findings_fix(at, "state_dir = DIR    # on a disk, into [run] of acrotate.conf");
		return;
	}
	findings_fix(at,
	             "[sink copy]    # a copy of its own, which fills the others again: into %s",
	             job->file);
	findings_fix(at, "type = store");
}

void check_sinks(const struct job *job, const struct observation *o, struct findings *f)
{
	for (size_t i = 0; i < job->n_sinks; i++) {
		AUTO_FREE char *subject = mem_fmt("sink '%s'", job->sinks[i].name);
		if (o == NULL || o->who.server == NULL)
			findings_fix(
				findings_unknown(f, subject,
			                         "not looked at: the registry's login server is "
			                         "not known yet"),
				"# first what stands at 'identity', 'subscription' or 'registry'");
		else
			one_sink(o, &o->seen[i], subject, f);
	}
	check_copies(job, f);
}

/* ---- hooks ----------------------------------------------------------------------------------- */

static bool runnable(const char *program, struct err *e)
{
	struct stat st;

	if (stat(program, &st) != 0)
		return err_sys(e, errno, "cannot access '%s'", program);
	if (!S_ISREG(st.st_mode))
		return err_set(e, ERR_CONFIG, "'%s' is not a file", program);
	return access(program, X_OK) == 0 || err_sys(e, errno, "cannot run '%s'", program);
}

static void one_hook(const char *command, const char *subject, struct findings *f)
{
	AUTO_ARGV char **argv = NULL;
	struct err e = ERR_INIT;

	if (command == NULL)
		return;
	if (!argv_split(command, &argv, &e)) {
		findings_fix(
			findings_problem(f, subject, &e),
			"on_change = /PATH/TO/PROGRAM ARGUMENT    # absolute; quotes in pairs");
		return;
	}
	if (runnable(argv[0], &e)) {
		(void)findings_ok(f, subject, "'%s' can be run", argv[0]);
		return;
	}
	e.kind = ERR_CONFIG;
	struct finding *at = findings_problem(f, subject, &e);
	AUTO_FREE char *word = show_word(argv[0]);
	if (access(argv[0], F_OK) == 0)
		findings_fix(at, "chmod +x %s", word);
	else
		findings_fix(at, "on_change = /PATH/TO/PROGRAM    # or install %s", word);
}

void check_hooks(const struct job *job, struct findings *f)
{
	one_hook(job->on_change, "on_change", f);
	for (size_t i = 0; i < job->n_sinks; i++) {
		AUTO_FREE char *subject = mem_fmt("on_change of sink '%s'", job->sinks[i].name);
		one_hook(job->sinks[i].on_change, subject, f);
	}
}

/* ---- clock ----------------------------------------------------------------------------------- */

void check_clock(int64_t clock_off, struct findings *f)
{
	int64_t off = clock_off < 0 ? -clock_off : clock_off;
	const char *side = clock_off < 0 ? "ahead of" : "behind";
	char text[STR_DURATION_MAX];
	struct err e = ERR_INIT;

	str_from_duration(off, 2, text);
	if (off < CLOCK_WARNED_S) {
		(void)findings_ok(f, "clock", "within %d minutes of Azure's", CLOCK_WARNED_S / 60);
	} else if (off < CLOCK_REFUSED_S) {
		findings_fix(findings_warning(f, "clock",
		                              "%s %s Azure's: times are reckoned by Azure's", text,
		                              side),
		             "timedatectl set-ntp true");
	} else {
		(void)err_set(&e, ERR_LOCAL, "%s %s Azure's: no run does anything", text, side);
		findings_fix(findings_problem(f, "clock", &e), "timedatectl set-ntp true");
	}
}
