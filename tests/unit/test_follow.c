/* SPDX-License-Identifier: MIT */
/* A follower's run against a service and sinks in memory: whom it asks, what it delivers, what it
 * leaves alone. The source is a sink in memory, too. See fakes/rotation_rig.h. */
#include "check.h"

#include "base/mem.h"
#include "fakes/rotation_rig.h"
#include "rotate/observe.h"
#include "rotate/plan_follow.h"
#include "rotate/status.h"

static struct memory source;
static struct sink_spec source_spec;
static char server[] = "contoso.azurecr.io", name[] = "source";

/* Somebody else generates a slot, and delivers it. */
static void rotated(int slot)
{
	fake_service_generate(&rig.service, slot, "");
	memcpy(source.held, rig.service.slot[slot].password, FAKE_PASSWORD_MAX);
}

static void stage(void)
{
	rig_stage();
	source = (struct memory){ .place = "elsewhere" };
	source_spec = (struct sink_spec){ .ops = &sink_memory, .name = name, .spec = &source };
	rig.job.registry = server;
	rig.job.resource_group = NULL;
	rig.job.source = &source_spec;
	rig.job.policy.verify_every = 0;
	rig.job.policy.inspect_every = 0;
}

/* In step with password1. */
static void followed(void)
{
	stage();
	rotated(0);
	rig_must_run(0);
	rig_must_run(0);
	fake_service_pass(&rig.service, DAY_MS);
	rig_clear_met();
}

static void check_delivered(const char *what)
{
	for (size_t i = 0; i < SINKS; i++)
		CHECK(strcmp(rig.memory[i].held, source.held) == 0 && rig_works(i), "%s: sink %zu",
		      what, i);
	CHECK(rig.met.reads == 0 && rig.met.generates == 0, "%s: Azure was asked", what);
}

static void it_delivers_what_the_source_has(void **state)
{
	struct ending end;

	(void)state;
	stage();
	rotated(0);
	rig_must_run(0);
	check_delivered("the first");
	assert_true(rig.met.works_at_commit && rig.met.accepted_at_commit >= 3);
	/* On the disk before the first sink changed. */
	assert_true(rig.met.at_commit.slot[0].delivered && rig.met.at_commit.slot[0].created != 0);
	assert_non_null(rig.met.at_commit.follows);

	followed();
	assert_true(rig_run(0, &end) && !end.out.changed && end.out.did == PLAN_KEEP);
	assert_int_equal(rig.met.logins, 0);

	followed();
	rotated(1);
	assert_true(rig_run(0, &end) && end.out.changed && end.out.did == PLAN_FOLLOW);
	check_delivered("the next");
	assert_true(rig.met.logins >= 3);
}

static void read_nothing(void)
{
	source.unreadable = true;
}

static void rotate_again(void)
{
	rotated(1);
}

static void empty_it(void)
{
	source.held[0] = '\0';
}

/* The registry needs longer than the time after which the source is read again. */
static void what_changes_while_it_is_proven(void **state)
{
	(void)state;
	static const struct row {
		const char *what;
		void (*fn)(void);
		bool same; /* what was being proven is delivered */
	} rows[] = {
		{ "it cannot be read any more", read_nothing, true },
		{ "there is a newer one", rotate_again, false },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		char proven[sizeof(source.held)];
		followed();
		rotated(1);
		rig.service.propagation_ms = 0;
		memcpy(proven, source.held, sizeof(proven));
		rig.meddler.kind = AT_LOGIN;
		rig.meddler.nth = 3;
		rig.meddler.fn = rows[i].fn;
		rig_must_run(0);
		CHECK(rig.met.fired, "%s: it never came", rows[i].what);
		for (size_t k = 0; k < SINKS; k++)
			CHECK((strcmp(rig.memory[k].held, proven) == 0) == rows[i].same &&
			              rig_works(k),
			      "%s: sink %zu", rows[i].what, k);
		rig.meddler.nth = 0;
	}
	/* Taken away: nothing is delivered. */
	followed();
	rotated(1);
	char held[sizeof(rig.memory[0].held)];
	memcpy(held, rig.memory[0].held, sizeof(held));
	rig.meddler.kind = AT_LOGIN;
	rig.meddler.nth = 3;
	rig.meddler.fn = empty_it;
	struct ending end;
	assert_true(!rig_run(0, &end) && end.e.kind == ERR_TRANSIENT);
	assert_string_equal(rig.memory[0].held, held);
	rig.meddler.nth = 0;
}

/* What fails, fails quietly while that can wait, and leaves everything as it is. */
static void a_source_that_fails(void **state)
{
	(void)state;
	static const struct row {
		const char *what, *held, *says;
		bool unreadable;
	} rows[] = {
		{ "it cannot be read", "", "reading", true },
		{ "it is empty", "", "no password of token 'web-pull'", false },
		{ "it has what the registry refuses", "nonsense", "did not accept", false },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct ending end;
		struct state s = { 0 };
		followed();
		char held[sizeof(rig.memory[0].held)];
		memcpy(held, rig.memory[0].held, sizeof(held));
		(void)snprintf(source.held, sizeof(source.held), "%s", rows[i].held);
		source.unreadable = rows[i].unreadable;
		bool ok = rig_run(0, &end);
		CHECK(!ok && end.e.kind == ERR_TRANSIENT, "%s: %s", rows[i].what, end.e.text);
		CHECK(strstr(end.e.text, rows[i].says) != NULL, "%s: %s", rows[i].what, end.e.text);
		CHECK(!end.out.loud, "%s: it is told at once", rows[i].what);
		for (size_t k = 0; k < SINKS; k++)
			CHECK_TEXT(rig.memory[k].held, held, "%s: sink %zu", rows[i].what, k);
		/* What is refused takes nothing's place in the ledger. */
		rig_load(&s);
		CHECK(s.slot[1].created == 0, "%s: it was entered", rows[i].what);
		fake_service_pass(&rig.service, 7 * 3600 * 1000);
		CHECK(!rig_run(0, &end) && end.out.loud, "%s: it is never told", rows[i].what);
		/* A sink that lags gets what the others have all the same, where one can tell. */
		rotated(0);
		source.unreadable = false;
		rig_must_run(0);
		state_clear(&s);
	}
}

static void a_sink_that_lags_while_the_source_fails(void **state)
{
	struct ending end;

	(void)state;
	followed();
	source.unreadable = true;
	rig.memory[1].held[0] = '\0';
	assert_false(rig_run(0, &end));
	assert_int_equal(end.e.kind, ERR_TRANSIENT);
	assert_string_equal(rig.memory[1].held, rig.memory[0].held);
}

/* What a sink has is proven again where the registry was not asked: at a replica. Azure is not. */
static void a_sink_that_lags_behind_a_replica(void **state)
{
	static char far_away[] = "far.azurecr.io";
	struct ending end;

	(void)state;
	followed();
	source.unreadable = true;
	rig.memory[1].held[0] = '\0';
	rig.job.verify_at = far_away;
	assert_false(rig_run(0, &end));
	assert_int_equal(end.e.kind, ERR_TRANSIENT);
	assert_string_equal(rig.memory[1].held, rig.memory[0].held);
	assert_true(rig.service.far_logins >= 3);
	assert_int_equal(rig.met.reads + rig.met.generates, 0);
}

/* Who asks logs in with what is deployed, whatever the source says, and delivers nothing. */
static void who_asks_changes_nothing(void **state)
{
	static const struct {
		const char *what;
		bool unreadable;
		int64_t wait_s;
		int logins;
	} rows[] = {
		{ "there is a newer one", false, 0, 1 },
		{ "the source cannot be read", true, 0, 1 },
		{ "verify = wait", false, 60, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct ending end;
		char held[sizeof(rig.memory[0].held)];
		followed();
		memcpy(held, rig.memory[0].held, sizeof(held));
		rotated(1);
		source.unreadable = rows[i].unreadable;
		rig.job.policy.verify_wait = rows[i].wait_s;
		int commits = rig.memory[0].commits;
		(void)rig_run(ROTATE_DRY_RUN | ROTATE_ASK, &end);
		CHECK(rig.met.logins == rows[i].logins, "%s: %d logins", rows[i].what,
		      rig.met.logins);
		CHECK_TEXT(rig.memory[0].held, held, "%s", rows[i].what);
		CHECK(rig.memory[0].commits == commits && rig.met.reads + rig.met.generates == 0,
		      "%s", rows[i].what);
	}
}

/* Never a step back, but from what is dead; and that is hard to prove. */
static void an_older_password(void **state)
{
	struct ending end;
	char older[sizeof(source.held)];

	(void)state;
	followed();
	memcpy(older, source.held, sizeof(older));
	rotated(1);
	rig_must_run(0);
	memcpy(source.held, older, sizeof(older));
	rig_clear_met();
	assert_false(rig_run(0, &end));
	assert_true(end.e.kind == ERR_TRANSIENT && strstr(end.e.text, "older password") != NULL);
	assert_string_equal(rig.memory[0].held, rig.service.slot[1].password);
	assert_int_equal(rig.met.logins, 1); /* does what is deployed work? */

	/* Somebody kills what is deployed. Once refused is not dead: not before verify_timeout. */
	fake_service_generate(&rig.service, 1, "");
	int64_t from = rig.service.clock_ms;
	rig_must_run(0);
	assert_true(rig.service.clock_ms - from >= rig.job.policy.verify_timeout * 1000);
	assert_string_equal(rig.memory[0].held, older);
	assert_true(rig_works(0) && rig_works(1));
	assert_true(rig.met.logins < 40);

	/* By force at once. */
	followed();
	memcpy(older, source.held, sizeof(older));
	rotated(1);
	rig_must_run(0);
	memcpy(source.held, older, sizeof(older));
	rig_must_run(ROTATE_FORCE);
	assert_string_equal(rig.memory[0].held, older);
}

/* verify = wait: the registry cannot be asked, and is not. */
static void without_a_registry(void **state)
{
	struct ending end;
	char older[sizeof(source.held)];

	(void)state;
	followed();
	memcpy(older, source.held, sizeof(older));
	rotated(1);
	rig.job.policy.verify_wait = 60;
	rig_must_run(0);
	check_delivered("after a while");
	memcpy(source.held, older, sizeof(older));
	assert_false(rig_run(0, &end));
	assert_non_null(strstr(end.e.text, "older password"));
	assert_string_equal(rig.memory[0].held, rig.service.slot[1].password);
	rig.memory[1].held[0] = '\0';
	assert_false(rig_run(0, &end));
	assert_string_equal(rig.memory[1].held, rig.memory[0].held);
	memcpy(source.held, rig.memory[0].held, sizeof(source.held));
	rig_must_run(ROTATE_FORCE);
	assert_int_equal(rig.met.logins, 0);
	rig.job.policy.verify_wait = 0;
}

/* It is the source that knows when a password ends. */
static void times_of_the_source(void **state)
{
	struct ending end;

	(void)state;
	followed();
	int64_t now = rig.service.clock_ms / 1000;
	rotated(1);
	source.says = (struct sink_says){ .expires_us = (now + 20 * 86400) * 1000000, .slot = 2 };
	assert_true(rig_run(0, &end));
	assert_int_equal(end.out.expires, now + 20 * 86400);
	assert_int_equal(end.out.slot, ACR_SLOT_2);
	/* Less than half of renew_before is left, and nothing newer has come. */
	fake_service_pass(&rig.service, 4 * DAY_MS);
	assert_true(rig_run(0, &end));
	fake_service_pass(&rig.service, 2 * DAY_MS);
	assert_false(rig_run(0, &end));
	assert_true(end.out.loud && strstr(end.e.text, "no newer password") != NULL);
	/* Past its time it is not active, and nobody says that it is. */
	fake_service_pass(&rig.service, 20 * DAY_MS);
	assert_true(!rig_run(0, &end) && !end.out.active && end.out.loud);
	assert_non_null(strstr(end.e.text, "pulls fail now"));
}

static void what_it_is_not_for(void **state)
{
	struct ending end;

	(void)state;
	followed();
	assert_false(rig_run(ROTATE_REVOKE, &end));
	assert_true(end.e.kind == ERR_DECISION && rig.met.generates == 0 && rig.met.reads == 0);
}

static void role(void **state)
{
	struct ending end;
	struct state s = { 0 };

	(void)state;
	/* A rotator's record is none of a follower, and kept beside. */
	rig_due();
	rig.job.registry = server;
	source = (struct memory){ .place = "elsewhere" };
	source_spec = (struct sink_spec){ .ops = &sink_memory, .name = name, .spec = &source };
	rig.job.source = &source_spec;
	rig.job.resource_group = NULL;
	memcpy(source.held, rig.memory[0].held, sizeof(source.held));
	assert_true(rig_run(0, &end));
	rig_load(&s);
	assert_true(s.follows != NULL && s.slot[0].asked_us == 0 && s.slot[1].asked_us == 0);
	/* And the reverse: what the record calls slots are none. */
	static char registry[] = "contoso", group[] = "rg";
	rig.job.source = NULL;
	rig.job.registry = registry;
	rig.job.resource_group = group;
	rig_clear_met();
	assert_false(rig_run(ROTATE_FORCE, &end));
	assert_true(end.e.kind == ERR_DECISION && rig.met.generates == 0);
	state_clear(&s);
}

/* Where the registry is not asked, what the source has is delivered as it is. */
static void unproven(void **state)
{
	(void)state;
	stage();
	rig.job.policy.verify_wait = 60;
	rotated(0);
	rig_must_run(0);
	check_delivered("unproven");
	assert_int_equal(rig.met.logins, 0);
	rig.job.policy.verify_wait = 0;
}

/* Whatever is being proven, the source has the other of two passwords that work. */
static void another_one(void)
{
	const char *other = rig.service.slot[rig_slot_of(source.held) == 0 ? 1 : 0].password;

	if (rig.memory[0].next[0] != '\0' && strcmp(source.held, rig.memory[0].next) == 0)
		memcpy(source.held, other, FAKE_PASSWORD_MAX);
}

static void a_source_that_never_rests(void **state)
{
	struct ending end;

	(void)state;
	stage();
	rotated(0);
	fake_service_generate(&rig.service, 1, "");
	rig.service.seam = another_one;
	bool ok = rig_run(0, &end);
	rig.service.seam = NULL;
	CHECK(!ok && end.e.kind == ERR_TRANSIENT &&
	              strstr(end.e.text, "changes faster than its passwords") != NULL,
	      "%d: %s", ok, end.e.text);
	rig_must_run(0);
	check_delivered("when it rests");
}

/* Somebody has killed it at the registry, and not told the source. */
static void a_source_that_is_refused(void **state)
{
	struct ending end;
	bool told = false;

	(void)state;
	followed();
	fake_service_generate(&rig.service, 0, "");
	for (int i = 0; i < 4 && !told; i++) {
		told = !rig_run(ROTATE_FORCE, &end) &&
		       strstr(end.e.text, "the registry refuses what the source has") != NULL;
		fake_service_pass(&rig.service, DAY_MS / 4);
	}
	CHECK(told, "%s", end.e.text);
	assert_int_equal(rig.met.generates, 0);
}

static void a_source_that_cannot_be_opened(void **state)
{
	char held[sizeof(rig.memory[0].held)];
	struct ending end;

	(void)state;
	followed();
	rotated(1);
	memcpy(held, rig.memory[0].held, sizeof(held));
	source.no_open = true;
	(void)rig_run(ROTATE_FORCE, &end);
	assert_string_equal(rig.memory[0].held, held);
	assert_int_equal(rig.met.generates, 0);
	source.no_open = false;
	rig_must_run(0);
	check_delivered("when it can");
}

/* What the source says of a password later is known later. */
static void what_the_source_says_later(void **state)
{
	AUTO_STATE struct state now = { 0 };

	(void)state;
	stage();
	rotated(0);
	rig_must_run(0);
	source.says = (struct sink_says){ .expires_us = (rig.service.clock_ms + 90 * DAY_MS) * 1000,
		                          .slot = 2 };
	rig_must_run(0);
	rig_load(&now);
	int place = now.slot[0].created != 0 ? 0 : 1;
	CHECK(now.slot[place].expires_us == source.says.expires_us && now.slot[place].said == 2,
	      "%lld %lld", (long long)now.slot[place].expires_us, (long long)now.slot[place].said);
}

/* Of a first run: what a sink has counts, when it says how long. */
static void what_a_sink_says_at_first(void **state)
{
	AUTO_STATE struct state now = { 0 };
	struct ending end;

	(void)state;
	stage();
	fake_service_generate(&rig.service, 1, "");
	memcpy(rig.memory[0].held, rig.service.slot[1].password, FAKE_PASSWORD_MAX);
	rig.memory[0].says.expires_us = (rig.service.clock_ms + 80 * DAY_MS) * 1000;
	rotated(0);
	int64_t said = rig.memory[0].says.expires_us;
	CHECK(rig_run(ROTATE_FORCE, &end), "%s", end.e.text);
	rig_load(&now);
	assert_true(now.slot[0].expires_us == said || now.slot[1].expires_us == said);
	assert_true(rig_works(0) && rig_works(1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_delivers_what_the_source_has),
		cmocka_unit_test(what_changes_while_it_is_proven),
		cmocka_unit_test(unproven),
		cmocka_unit_test(a_source_that_never_rests),
		cmocka_unit_test(a_source_that_is_refused),
		cmocka_unit_test(a_source_that_cannot_be_opened),
		cmocka_unit_test(what_the_source_says_later),
		cmocka_unit_test(what_a_sink_says_at_first),
		cmocka_unit_test(a_source_that_fails),
		cmocka_unit_test(a_sink_that_lags_while_the_source_fails),
		cmocka_unit_test(a_sink_that_lags_behind_a_replica),
		cmocka_unit_test(who_asks_changes_nothing),
		cmocka_unit_test(an_older_password),
		cmocka_unit_test(without_a_registry),
		cmocka_unit_test(times_of_the_source),
		cmocka_unit_test(what_it_is_not_for),
		cmocka_unit_test(role),
	};
	return cmocka_run_group_tests(tests, rig_set, rig_strike);
}
