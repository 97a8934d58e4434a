/* SPDX-License-Identifier: MIT */
/*
 * The real rotation, stopped anywhere. A child runs it over a service in memory and real files,
 * and ends at the Nth seam: before or after a request acts, before a call that writes, syncs,
 * renames or removes a file. Then, for every N:
 *
 *   - what each sink holds is read here, by code that is not acrotate's, and must work at the
 *     service;
 *   - what the sinks held before must still work, for consumers that have it yet;
 *   - one undisturbed run must converge: one working password in all sinks, at most one generate
 *     more than was due, no temporary file
 *     left; and the run after that must find nothing to do.
 *
 * The last test breaks the order by hand, to show that the others can fail.
 */
#include "check.h"

#include <signal.h>

#include "base/err.h"
#include "base/mem.h"
#include "fakes/fault.h"
#include "stage.h"

#define STOPPED    77
#define POINTS_MAX 2000

/* The service's; and the system calls of the Makefile's FLOW_WRAP, which tests/fakes/fault.c
 * counts. */
static const char at_request[] = "stopped at request seam", at_call[] = "stopped at call";

static struct {
	int at, stop;
} seams; /* stop 0: never */

static void seam(void)
{
	if (++seams.at == seams.stop)
		_exit(STOPPED);
}

static int child(void *arg)
{
	const struct point *p = arg;
	struct err e;

	if (p->sc->broken != INTACT)
		(void)close(STDERR_FILENO); /* its complaints are expected */
	seams.at = 0;
	seams.stop = p->kind == at_request ? p->at : 0;
	stage.broken = p->sc->broken;
	if (p->kind == at_call)
		fault_arm(NULL, p->at, 0, FAULT_KILL);
	return stage_run(p->sc->flags, &e) ? 0 : 1;
}

/* True when the run came to its end before the seam. */
static bool stop_at(struct point *p)
{
	struct err e;

	promise_before(p);
	int status = in_child(child, p);
	bool stopped = p->kind == at_call ? WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL
	                                  : WEXITSTATUS(status) == STOPPED;
	bool done = WIFEXITED(status) && WEXITSTATUS(status) == 0;
	CHECK(stopped || WIFEXITED(status), "'%s', seam %d: the run died of signal %d", p->sc->name,
	      p->at, WTERMSIG(status));
	promise_kept(p, "after the stop");
	promise_between(p);
	if (p->sc->state_lost) {
		AUTO_FREE char *state = stage_path("state/web.state");
		(void)unlink(state);
	}
	seams.stop = 0;
	bool ok = stage_run(p->sc->flags, &e);
	promise_kept(p, "after the next run");
	if (p->sc->state_lost) {
		if (!ok && e.kind != ERR_DECISION)
			promise_wrong(p, &p->sum->stuck, "the next run fails", e.text);
	} else if (p->sc->flags == 0 || !done) {
		promise_converged(p, ok, &e);
		promise_quiet(p);
	}
	return !stopped;
}

static void stop_at_all(const struct scenario *sc, const char *kind, const struct snapshot *before,
                        struct tally *sum)
{
	for (int at = 1; at < POINTS_MAX; at++) {
		struct point p = { .sc = sc, .kind = kind, .at = at, .sum = sum };
		stage_put_back(before);
		sum->points++;
		if (stop_at(&p))
			return;
	}
	fail_msg("'%s' has more than %d seams", sc->name, POINTS_MAX);
}

static struct tally stop_everywhere(const struct scenario *sc)
{
	struct tally sum = { 0 };

	stage.broken = INTACT;
	seams.stop = 0;
	stage_empty();
	stage.service->seam = seam;
	sc->set();
	AUTO_FREE struct snapshot *before = stage_snapshot();
	stop_at_all(sc, at_request, before, &sum);
	stop_at_all(sc, at_call, before, &sum);
	return sum;
}

static void whoever_stops_it_nobody_is_cut_off(void **state)
{
	(void)state;
	print_message("%-36s | %6s | %10s | %5s | %6s | %5s | %6s\n", "", "points", "violations",
	              "stuck", "waited", "extra", "litter");
	const struct scenario *sc;

	for (size_t i = 0; (sc = stage_scenario(i)) != NULL; i++) {
		struct tally t = stop_everywhere(sc);
		print_message("%-36s | %6d | %10d | %5d | %6d | %5d | %6d\n", sc->name, t.points,
		              t.violations, t.stuck, t.waited, t.extra, t.litter);
		CHECK(t.violations + t.stuck + t.litter == 0, "%s", t.first);
	}
}

static void a_password_committed_before_it_is_proven_is_found(void **state)
{
	static const struct scenario early = { .name = "committed before it is proven",
		                               .set = stage_due,
		                               .due = 1,
		                               .broken = COMMIT_BEFORE_PROOF };
	struct tally t = stop_everywhere(&early);

	(void)state;
	assert_true(t.violations > 0);
}

static void generates_both(void)
{
	stage_due();
	stage.service->both = true;
}

static void a_generate_of_both_slots_is_found(void **state)
{
	static const struct scenario both = { .name = "both slots are generated",
		                              .set = generates_both,
		                              .due = 1 };
	struct tally t = stop_everywhere(&both);

	(void)state;
	assert_true(t.violations > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whoever_stops_it_nobody_is_cut_off),
		cmocka_unit_test(a_password_committed_before_it_is_proven_is_found),
		cmocka_unit_test(a_generate_of_both_slots_is_found),
	};

	return cmocka_run_group_tests(tests, stage_set, stage_strike);
}
