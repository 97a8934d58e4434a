/* SPDX-License-Identifier: MIT */
/*
 * Before the call that cannot be undone: hosts that would not answer, or sinks that would not
 * take the new password, burn no slot. See fakes/rotation_rig.h.
 */
#include "check.h"

#include <fcntl.h>

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "fakes/rotation_rig.h"
#include "fakes/sinks.h"

#define NEAR "GET https://contoso.azurecr.io/v2/"
#define FAR  "GET https://far.azurecr.io/v2/"

static char far_away[] = "far.azurecr.io";

/* One host more has to accept what is delivered. */
static void due_far_too(void)
{
	rig_due();
	rig.job.verify_at = far_away;
}

static void nothing_yet(void)
{
	rig_stage();
}

static struct fake_fault shut(const char *door, int status)
{
	return (struct fake_fault){ .what = status == 0 ? FAKE_REFUSED : FAKE_STATUS,
		                    .at = 1,
		                    .stays = true,
		                    .status = status,
		                    .code = "DENIED",
		                    .retry_after_ms = -1,
		                    .only = door };
}

static void a_door_that_is_shut_burns_no_slot(void **state)
{
	/* clang-format off */
	static const struct { const char *what; void (*set)(void); const char *door; int status; enum err_kind kind; const char *says; } rows[] = {
		{ "the firewall, a first delivery", nothing_yet, NEAR, 403, ERR_DENIED, "az acr network-rule add --name contoso" },
		{ "the firewall, a rotation", rig_due, NEAR, 403, ERR_DENIED, "'contoso.azurecr.io' refuses this host (403)" },
		{ "the firewall of a replica", due_far_too, FAR, 403, ERR_DENIED, "'far.azurecr.io' refuses this host (403)" },
		{ "nobody there", nothing_yet, NEAR, 0, ERR_TRANSIENT, "no password was generated: it could not be proven here: cannot ask registry 'contoso.azurecr.io'" },
		{ "nobody there, of a replica", due_far_too, FAR, 0, ERR_TRANSIENT, "'verify_at'" },
		{ "it is busy", rig_due, NEAR, 503, ERR_TRANSIENT, "no password was generated" },
		{ "not a registry", nothing_yet, NEAR, 404, ERR_REMOTE, "no password was generated" },
		{ "no registry that wants a login", due_far_too, FAR, 200, ERR_REMOTE, "no password was generated" },
	};
	/* clang-format on */

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO_STATE struct state now = { 0 };
		struct ending end;
		rows[i].set();
		rig.service.fault = shut(rows[i].door, rows[i].status);
		for (int run = 0; run < 3; run++) {
			CHECK(!rig_run(ROTATE_FORCE, &end) && end.e.kind == rows[i].kind,
			      "%s: %d %s", rows[i].what, (int)end.e.kind, end.e.text);
			CHECK(strstr(end.e.text, rows[i].says) != NULL, "%s: %s", rows[i].what,
			      end.e.text);
		}
		rig_load(&now);
		CHECK(rig.met.generates == 0 && !now.slot[0].intent && !now.slot[1].intent,
		      "%s: %d generates", rows[i].what, rig.met.generates);
		/* Nothing led nowhere: as soon as it is open the next run delivers. */
		CHECK(now.failures == 0 && now.next_generate == 0, "%s: it backs off",
		      rows[i].what);
		rig.service.fault.what = FAKE_WELL;
		rig_must_run(ROTATE_FORCE);
		CHECK(rig.met.generates == 1 && rig_works(0) && rig_works(1), "%s", rows[i].what);
	}
}

static int knocks;

static void count_knocks(struct fake_service *s, const struct http_request *rq)
{
	(void)s;
	knocks += strstr(rq->url, "/v2/") != NULL && rq->basic_password == NULL;
}

/* The proof would ask it anyway: a rotation has not one request more. But what was open ten minutes
 * ago is asked again. Without a proof nobody is asked. */
static void a_door_is_asked_once_and_again_when_that_was_long_ago(void **state)
{
	/* clang-format off */
	static const struct { const char *what; void (*set)(void); int64_t late_ms; int wait_s, knocks; } rows[] = {
		{ "a rotation", rig_due, 0, 0, 1 },
		{ "a first delivery", nothing_yet, 0, 0, 1 },
		{ "with a replica", due_far_too, 0, 0, 2 },
		{ "a reply is lost, and waited for", rig_due, 90 * DAY_MS, 0, 2 },
		{ "verify = wait", rig_due, 0, 10, 0 },
	};
	/* clang-format on */

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		void (*asked)(struct fake_service *, const struct http_request *);
		rows[i].set();
		rig.job.policy.verify_wait = rows[i].wait_s;
		rig.service.late_requests = rows[i].late_ms > 0;
		rig.service.late_ms = rows[i].late_ms;
		asked = rig.service.asked;
		rig.service.asked = count_knocks;
		knocks = 0;
		rig_must_run(ROTATE_FORCE);
		rig.service.asked = asked;
		CHECK(knocks == rows[i].knocks, "%s: %d", rows[i].what, knocks);
		CHECK(rows[i].wait_s != 0 || (rig_works(0) && rig_works(1)), "%s", rows[i].what);
	}
}

/* Whoever kills first does not ask whether the new password will be of use. */
static void revoke_now_kills_behind_a_shut_door(void **state)
{
	struct ending end;

	(void)state;
	rig_due();
	rig.service.fault = shut(NEAR, 403);
	assert_false(rig_run(ROTATE_REVOKE, &end));
	assert_true(rig.met.generates == 0 && end.e.kind == ERR_DENIED);
	assert_true(fake_service_accepts(&rig.service, rig.deployed));
	assert_false(rig_run(ROTATE_REVOKE | ROTATE_REVOKE_NOW, &end));
	assert_true(rig.met.generates > 0 && !fake_service_accepts(&rig.service, rig.deployed));
}

/* ---- sinks ----------------------------------------------------------------------------------- */

static void with_trials(size_t n)
{
	rig_stage();
	for (size_t i = 0; i < n; i++)
		rig.specs[SINKS - 1 - i].ops = &sink_memory_tried;
}

static void a_sink_that_stores_nothing_burns_no_slot(void **state)
{
	AUTO_STATE struct state now = { 0 };
	struct ending end;

	(void)state;
	with_trials(SINKS);
	for (int i = 0; i < SINKS; i++)
		rig.memory[i].no_trial = true;
	for (int run = 0; run < 3; run++) {
		assert_false(rig_run(0, &end));
		CHECK(end.e.kind == ERR_LOCAL && strstr(end.e.text, "no trial") != NULL, "%s",
		      end.e.text);
	}
	rig_load(&now);
	assert_true(rig.met.generates == 0 && now.failures == 0 && now.next_generate == 0);
	for (int i = 0; i < SINKS; i++)
		rig.memory[i].no_trial = false;
	rig_must_run(0);
	assert_true(rig.met.generates == 1 && rig_works(0) && rig_works(1));
}

/* One that fails holds up no other. */
static void the_others_are_served(void **state)
{
	struct ending end;

	(void)state;
	with_trials(1);
	rig.memory[1].no_trial = true;
	assert_false(rig_run(0, &end));
	assert_true(end.e.kind == ERR_LOCAL && rig.met.generates == 1);
	assert_true(rig_works(0) && rig.memory[1].held[0] == '\0');
	assert_int_equal(rig.memory[1].prepares, 0);
}

/* The log of a run, at its usual level. */
static char *log_of_a_run(void)
{
	AUTO_FREE char *path = mem_fmt("%s/log", rig.dir);
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600),
	    kept = dup(STDERR_FILENO);
	struct ending end;

	assert_true(fd >= 0 && kept >= 0 && dup2(fd, STDERR_FILENO) >= 0);
	log_setup(LEVEL_INFO, LOG_TEXT);
	bool ok = rig_run(0, &end);
	log_setup(LEVEL_ERROR, LOG_TEXT);
	assert_true(dup2(kept, STDERR_FILENO) >= 0);
	(void)close(kept);
	(void)close(fd);
	CHECK(ok, "%s", end.e.text);
	return file_get(path);
}

/* One that does not erase, say, is told of once: it is no failure. */
static void a_remark_is_told(void **state)
{
	(void)state;
	with_trials(1);
	rig.memory[1].remark = "a test entry stays in it";
	AUTO_FREE char *first = log_of_a_run();
	CHECK(strstr(first, "sink 'b': a test entry stays in it") != NULL, "%s", first);
	AUTO_FREE char *second = log_of_a_run();
	CHECK(strstr(second, "a test entry") == NULL, "%s", second);
	assert_true(rig_works(0) && rig_works(1));
}

static bool is_recorded(void)
{
	AUTO_STATE struct state now = { 0 };

	rig_load(&now);
	return state_sink(&now, "b", "memory:two")->tried;
}

/* What was learned is in the record; what a delivery has shown to be wrong is not. */
static void it_is_tried_once(void **state)
{
	struct ending end;

	(void)state;
	with_trials(1);
	rig_must_run(0);
	assert_true(is_recorded());
	fake_service_pass(&rig.service, 61 * DAY_MS);
	rig_must_run(0);
	assert_true(rig.met.generates == 2 && rig.memory[1].trials == 1);
	fake_service_pass(&rig.service, 5 * DAY_MS);
	rig.memory[1].no_commit = true;
	assert_false(rig_run(ROTATE_FORCE, &end));
	assert_true(rig.met.generates == 3 && rig.memory[1].trials == 1 && !is_recorded());
	rig.memory[1].no_commit = false;
	fake_service_pass(&rig.service, 5 * DAY_MS);
	rig_must_run(0);
	assert_true(is_recorded() && rig_works(0) && rig_works(1) &&
	            strcmp(rig.memory[0].held, rig.memory[1].held) == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_door_that_is_shut_burns_no_slot),
		cmocka_unit_test(a_door_is_asked_once_and_again_when_that_was_long_ago),
		cmocka_unit_test(revoke_now_kills_behind_a_shut_door),
		cmocka_unit_test(a_sink_that_stores_nothing_burns_no_slot),
		cmocka_unit_test(the_others_are_served),
		cmocka_unit_test(a_remark_is_told),
		cmocka_unit_test(it_is_tried_once),
	};

	return cmocka_run_group_tests(tests, rig_set, rig_strike);
}
