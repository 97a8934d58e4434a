/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "stage.h"

void promise_wrong(const struct point *p, int *count, const char *what, const char *why)
{
	if ((*count)++ == 0 && p->sum->first[0] == '\0')
		(void)snprintf(p->sum->first, sizeof(p->sum->first), "'%s', %s %d: %s: %s",
		               p->sc->name, p->kind, p->at, what, why);
}

static void note(char text[SINKS][FAKE_PASSWORD_MAX], bool works[SINKS])
{
	for (int i = 0; i < SINKS; i++) {
		stage_password(i, text[i]);
		works[i] = fake_service_accepts(stage.service, text[i]);
	}
}

void promise_before(struct point *p)
{
	stage.service->generated = 0;
	note(p->held, p->worked);
}

void promise_between(struct point *p)
{
	note(p->read, p->read_works);
}

/* Whatever a sink holds now works, unless it is what was there before and did not; and what
 * consumers had read works yet. */
void promise_kept(const struct point *p, const char *when)
{
	for (int i = 0; i < SINKS; i++) {
		char now[FAKE_PASSWORD_MAX];
		stage_password(i, now);
		bool same = strcmp(now, p->held[i]) == 0;
		if ((!same || p->worked[i]) && !fake_service_accepts(stage.service, now))
			promise_wrong(p, &p->sum->violations, when, stage_file(i));
		if (p->worked[i] && !fake_service_accepts(stage.service, p->held[i]))
			promise_wrong(p, &p->sum->violations, when, "the password before it");
		if (p->read_works[i] && !fake_service_accepts(stage.service, p->read[i]))
			promise_wrong(p, &p->sum->violations, when, "what was read in between");
	}
}

/* Stopped after delivery was recorded and before any sink changed: nobody can know that nobody
 * has it, so it is left alone for a while. And the answer to a PUT may be lost by this run. */
static bool waits(const struct point *p, const struct err *e)
{
	bool grace = strstr(e->text, "(grace)") != NULL;
	struct err after;

	if (e->kind != ERR_TRANSIENT ||
	    (!grace && strstr(e->text, "whether the token was created is not known") == NULL))
		return false;
	p->sum->waited++;
	promise_kept(p, "while it waits");
	fake_service_pass(stage.service, grace ? 2 * DAY_MS : 1000);
	return stage_run(0, &after);
}

void promise_converged(const struct point *p, bool ok, const struct err *e)
{
	char one[FAKE_PASSWORD_MAX], two[FAKE_PASSWORD_MAX];

	if (!ok && !waits(p, e))
		promise_wrong(p, &p->sum->stuck, "the next run fails", e->text);
	stage_password(0, one);
	stage_password(1, two);
	if (strcmp(one, two) != 0 || !fake_service_accepts(stage.service, one))
		promise_wrong(p, &p->sum->stuck, "after the next run",
		              "the sinks differ, or do not work");
	if (stage.service->generated > p->sc->due + 1 + p->more)
		promise_wrong(p, &p->sum->stuck, "after the next run", "too many generates");
	p->sum->extra += stage.service->generated > p->sc->due;
	if (stage_temporaries() > 0)
		promise_wrong(p, &p->sum->litter, "after the next run", "temporary files");
	if (p->sc->hook && !stage_has("told"))
		promise_wrong(p, &p->sum->stuck, "after the next run", "the hook did not run");
}

/* An intent is kept until its request must have died; then there is nothing left to ask. */
void promise_quiet(const struct point *p)
{
	struct err e;

	fake_service_pass(stage.service, 601000);
	if (!stage_run(0, &e))
		promise_wrong(p, &p->sum->stuck, "the run after that fails", e.text);
	promise_kept(p, "ten minutes later"); /* whatever request might act yet has acted */
	int before = stage.service->requests;
	if (!stage_run(0, &e))
		promise_wrong(p, &p->sum->stuck, "the one after that fails", e.text);
	else if (stage.service->requests != before)
		promise_wrong(p, &p->sum->stuck, "the one after that", "was not quiet");
}
