/* SPDX-License-Identifier: MIT */
/*
 * The real rotation, and everything in it fails: each request in each way a network and a
 * service can fail it, once and from then on; each call that reads, writes, syncs, renames or
 * removes a file. Whatever it was, a run that fails says why; what the sinks hold works, and so
 * does what consumers had read; and when the fault is gone, runs like any other one converge.
 */
#include "check.h"

#include <errno.h>
#include <fcntl.h>

#include "base/err.h"
#include "base/fs.h"
#include "fakes/fault.h"
#include "rotate/rotation.h"
#include "stage.h"

#define POINTS_MAX  400
#define QUIET_AFTER 4 /* runs, a day apart: a wait for grace, a back-off */
/* each fault at every fifth point, from another one on each; ERRORS=full: at every point */
#define STRIDE 5

static int nothing, errors; /* /dev/null, and where errors go */

/* ---- what fails ------------------------------------------------------------------------------ */

/* clang-format off */
#define STATUS(n, text) .as = { .what = FAKE_STATUS, .status = n, .code = text, \
	.retry_after_ms = -1 }
#define STATUS_STAYS(n, text) .as = { .what = FAKE_STATUS, .stays = true, .status = n, \
	.code = text, .retry_after_ms = -1 }
/* clang-format on */

static const struct fault {
	const char *name;
	struct fake_fault as;
	int errnum; /* of a call; 0: it is a request that fails */
	enum fault_mode mode;
	int more; /* generates it may cost beside the one that a lost answer costs */
} faults[] = {
	{ .name = "refused", .as = { .what = FAKE_REFUSED } },
	{ .name = "refused from then on", .as = { .what = FAKE_REFUSED, .stays = true } },
	{ .name = "cut off", .as = { .what = FAKE_CUT } },
	{ .name = "cut off from then on", .as = { .what = FAKE_CUT, .stays = true }, .more = 2 },
	{ .name = "cut off, acted", .as = { .what = FAKE_CUT_ACTED } },
	{ .name = "cut off, acted, from then on",
	  .as = { .what = FAKE_CUT_ACTED, .stays = true },
	  .more = 2 },
	{ .name = "garbage", .as = { .what = FAKE_GARBAGE } },
	{ .name = "nothing in it", .as = { .what = FAKE_EMPTY } },
	{ .name = "400", STATUS(400, "BadRequest") },
	{ .name = "403", STATUS(403, "AuthorizationFailed") },
	{ .name = "404 of the token", STATUS(404, "ResourceNotFound") },
	{ .name = "404 of the group", STATUS(404, "ResourceGroupNotFound") },
	{ .name = "404 of the group, from then on", STATUS_STAYS(404, "ResourceGroupNotFound") },
	{ .name = "404 of a proxy", STATUS(404, "") },
	{ .name = "409", STATUS(409, "Conflict") },
	{ .name = "409, not active", STATUS(409, "TokenNotActive") },
	{ .name = "409, not active, from then on", STATUS_STAYS(409, "TokenNotActive") },
	{ .name = "412", STATUS(412, "PreconditionFailed") },
	{ .name = "412 from then on", STATUS_STAYS(412, "PreconditionFailed") },
	{ .name = "429",
	  .as = { .what = FAKE_STATUS,
	          .status = 429,
	          .code = "TooManyRequests",
	          .retry_after_ms = 7000 } },
	{ .name = "429 without a time, from then on", STATUS_STAYS(429, "TooManyRequests") },
	{ .name = "429 for an hour",
	  .as = { .what = FAKE_STATUS,
	          .stays = true,
	          .status = 429,
	          .code = "TooManyRequests",
	          .retry_after_ms = 3600000 } },
	{ .name = "500", STATUS(500, "InternalServerError"), .more = 1 },
	{ .name = "503 from then on", STATUS_STAYS(503, "ServiceUnavailable"), .more = 2 },
	/* A refusal that is to be written down cannot be. */
	{ .name = "generate refused, and EIO",
	  .as = { .what = FAKE_STATUS,
	          .stays = true,
	          .status = 409,
	          .code = "TokenNotActive",
	          .retry_after_ms = -1,
	          .only = "/generateCredentials" },
	  .errnum = EIO,
	  .mode = FAULT_ONCE,
	  .more = 1 },
	{ .name = "login refused, and EIO",
	  .as = { .what = FAKE_STATUS,
	          .stays = true,
	          .status = 500,
	          .code = "",
	          .retry_after_ms = -1,
	          .only = "/oauth2/token" },
	  .errnum = EIO,
	  .mode = FAULT_ONCE,
	  .more = 1 },
	{ .name = "EIO", .errnum = EIO, .mode = FAULT_ONCE, .more = 1 },
	{ .name = "ENOSPC from then on", .errnum = ENOSPC, .mode = FAULT_STAYS, .more = 1 },
};

/* ---- the run in which it does, and those behind it ------------------------------------------- */

/* Nearly every run here is to fail, and says so. */
static void say(int fd)
{
	(void)fflush(stderr);
	(void)dup2(fd, STDERR_FILENO);
}

static bool run_quietly(unsigned flags, struct err *e)
{
	say(nothing);
	bool ok = stage_run(flags, e);
	say(errors);
	return ok;
}

/* True when the fault was met. */
static bool disturb(const struct point *p, const struct fault *f, bool *ok, struct err *e)
{
	stage.service->requests = 0;
	stage.broken = p->sc->broken;
	fs_probe_forget();
	stage.service->fault = f->as;
	stage.service->fault.at = f->errnum != 0 ? 1 : p->at;
	if (f->errnum != 0)
		fault_arm(NULL, p->at, f->errnum, f->mode);
	*ok = run_quietly(p->sc->flags, e);
	bool met = f->errnum != 0 ? fault_disarm(NULL) : stage.service->requests >= p->at;
	stage.service->fault = (struct fake_fault){ .what = FAKE_WELL };
	stage.broken = INTACT;
	return met;
}

static void come_to_rest(const struct point *p)
{
	struct err e = ERR_INIT;
	bool ok = false;

	for (int i = 0; i < QUIET_AFTER && !ok; i++) {
		fake_service_pass(stage.service, DAY_MS);
		ok = run_quietly(0, &e);
		promise_kept(p, "after a run behind it");
	}
	promise_converged(p, ok, &e);
	promise_quiet(p);
}

static bool fails_at(struct point *p, const struct fault *f)
{
	struct err e = ERR_INIT;
	bool ok, revoked = (p->sc->flags & ROTATE_REVOKE) != 0;

	promise_before(p);
	bool met = disturb(p, f, &ok, &e);
	if (!ok && (e.kind == ERR_NONE || e.text[0] == '\0'))
		promise_wrong(p, &p->sum->violations, "it failed", "without a word");
	if (revoked)
		memset(p->worked, 0, sizeof(p->worked)); /* that one is to die */
	else
		promise_between(p);
	if ((p->sc->flags & ROTATE_REVOKE_NOW) == 0)
		promise_kept(p, "after the fault");
	come_to_rest(p);
	return met;
}

static void fail_everywhere(const struct scenario *sc, const struct fault *f, struct tally *sum)
{
	const char *full = getenv("ERRORS");
	int stride = full != NULL && strcmp(full, "full") == 0 ? 1 : STRIDE,
	    first = 1 + (int)(f - faults) % stride;

	stage.broken = INTACT;
	stage_empty();
	say(nothing);
	sc->set();
	say(errors);
	struct snapshot *before = stage_snapshot();
	for (int at = first; at < POINTS_MAX; at += stride) {
		struct point p = {
			.sc = sc, .kind = f->name, .at = at, .sum = sum, .more = f->more
		};
		stage_put_back(before);
		if (!fails_at(&p, f))
			break;
		sum->points++;
	}
	free(before);
}

static struct tally all_faults(const struct scenario *sc)
{
	struct tally sum = { 0 };

	for (size_t k = 0; k < COUNT(faults); k++)
		fail_everywhere(sc, &faults[k], &sum);
	return sum;
}

static void must_be_kept(const struct scenario *sc)
{
	struct tally sum = all_faults(sc);

	print_message("%-36s | %6d | %10d | %5d | %6d | %5d | %6d\n", sc->name, sum.points,
	              sum.violations, sum.stuck, sum.waited, sum.extra, sum.litter);
	CHECK(sum.points > 20, "'%s' met %d faults", sc->name, sum.points);
	CHECK(sum.violations + sum.stuck + sum.litter == 0, "%s", sum.first);
}

static void title(void)
{
	print_message("%-36s | %6s | %10s | %5s | %6s | %5s | %6s\n", "", "points", "violations",
	              "stuck", "waited", "extra", "litter");
}

static void whatever_fails_nobody_is_cut_off(void **state)
{
	const struct scenario *sc;

	(void)state;
	title();
	for (size_t i = 0; (sc = stage_scenario(i)) != NULL; i++)
		if (!sc->state_lost)
			must_be_kept(sc);
}

static void nor_where_it_is_slow_or_made_or_taken_over(void **state)
{
	const struct scenario *sc;

	(void)state;
	title();
	for (size_t i = 0; (sc = stage_scenario_of_errors(i)) != NULL; i++)
		must_be_kept(sc);
}

static void a_password_committed_before_it_is_proven_is_found(void **state)
{
	static const struct scenario early = { .name = "committed before it is proven",
		                               .set = stage_due,
		                               .due = 1,
		                               .broken = COMMIT_BEFORE_PROOF };
	struct tally sum = all_faults(&early);

	(void)state;
	assert_true(sum.violations > 0);
}

static int set(void **state)
{
	nothing = open("/dev/null", O_WRONLY | O_CLOEXEC);
	errors = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	return nothing < 0 || errors < 0 ? -1 : stage_set(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whatever_fails_nobody_is_cut_off),
		cmocka_unit_test(nor_where_it_is_slow_or_made_or_taken_over),
		cmocka_unit_test(a_password_committed_before_it_is_proven_is_found),
	};

	return cmocka_run_group_tests(tests, set, stage_strike);
}
