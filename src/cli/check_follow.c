/* SPDX-License-Identifier: MIT */
/* What `acrotate check` looks at for a follower instead of Azure: its source, and whether the
 * registry accepts what is in it and in the sinks. */
#include "azure/login.h"
#include "base/buf.h"
#include "base/secret.h"
#include "base/str.h"
#include "check.h"
#include "config/job.h"
#include "remedies.h"
#include "rotate/observe.h"
#include "rotate/status.h"

static void unreadable(const struct job *job, const struct observation *o, struct findings *f)
{
	const struct err *why = &o->followed->seen.why;
	struct finding *at = findings_problem(f, "source", why);

	if (!remedies_fix(REMEDY_SINK, why, at))
		findings_fix(at, "# see [source] in %s: it is what the rotator's sink writes",
		             job->file);
}

static void empty(const struct job *job, const struct observation *o, struct findings *f)
{
	struct err e = ERR_INIT;

	(void)err_set(&e, ERR_TRANSIENT, "%s has no password of token '%s' at '%s'",
	              o->state.follows, job->token, o->who.server);
	struct finding *at = findings_problem(f, "source", &e);
	findings_fix(at, "acrotate status    # where it is rotated: has it delivered?");
	findings_fix(at, "# [source] in %s says the same as the rotator's sink: key, content, data",
	             job->file);
}

static void add_expiry(const struct observation *o, struct buf *out)
{
	char text[STR_TIME_MAX];
	int64_t expires = o->followed->expires_us / 1000000;

	str_from_time(expires, text);
	if (expires != 0)
		buf_fmt(out, "which expires %s", text);
	else
		buf_str(out, "and does not say when it expires");
}

/* Its place, and how the sinks stand to it. */
static void full(const struct observation *o, const struct job_status *s, struct findings *f)
{
	AUTO_BUF struct buf text = BUF_INIT(ERR_TEXT_MAX);

	buf_fmt(&text, "%s has a password, ", o->state.follows);
	add_expiry(o, &text);
	if (s->follows == FOLLOWS_OLDER)
		findings_fix(findings_warning(f, "source", "%s; it is older than that of the sinks",
		                              buf_cstr(&text)),
		             "acrotate status    # where it is rotated: was the source restored?");
	else if (s->follows == FOLLOWS_LATE)
		findings_fix(findings_warning(f, "source", "%s; there should be a newer one by now",
		                              buf_cstr(&text)),
		             "acrotate status    # where it is rotated: does it run?");
	else
		(void)findings_ok(f, "source", "%s; the sinks are %s", buf_cstr(&text),
		                  s->follows == FOLLOWS_IN_STEP
		                          ? "in step"
		                          : "behind: the next run takes it over");
}

static void try_source(const struct job *job, const struct observation *o, struct http *h,
                       struct findings *f)
{
	struct login *login = login_new(o->who.server);
	const struct credential c = { .server = o->who.server,
		                      .username = o->who.username,
		                      .password = o->followed->seen.held };
	enum login_answer answer;
	struct err e = ERR_INIT;

	bool ok = login_probe(login, h, &c, &answer, &e);
	login_free(login);
	if (!ok)
		findings_fix(findings_problem(f, "login", &e),
		             "curl -sSi https://%s/v2/    # 401 with a challenge is right; what "
		             "else answers, and for whom?",
		             o->who.server);
	else if (answer == LOGIN_ACCEPTED)
		(void)findings_ok(f, "login", "the registry accepts the password of the source");
	else
		findings_fix((err_set(&e, ERR_TRANSIENT,
		                      "the registry refuses the password of the source"),
		              findings_problem(f, "login", &e)),
		             "acrotate check    # where '%s' is rotated", job->token);
}

void check_follow(const struct job *job, const struct observation *o, int64_t now, struct http *h,
                  struct findings *f)
{
	struct job_status s;

	status_of(o, now, &s);
	if (o->followed->seen.unread) {
		unreadable(job, o, f);
	} else if (o->followed->seen.held == NULL) {
		empty(job, o, f);
	} else {
		full(o, &s, f);
		if (h != NULL && job->policy.verify_wait == 0)
			try_source(job, o, h, f);
	}
}
