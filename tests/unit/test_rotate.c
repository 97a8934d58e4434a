/* SPDX-License-Identifier: MIT */
/*
 * The steps of a rotation against a service and sinks in memory, with somebody who meddles at one request or at one commit. What is on the
 * disk, in the sinks and at the service just then is what a kill there would leave, and is looked at as such.
 */
#include "rotate/rotate.h"

#include "check.h"

#include <sys/stat.h>

#include "azure/arm.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/lock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/secret.h"
#include "base/str.h"
#include "config/job.h"
#include "fakes/fake_service.h"
#include "fakes/memory_sink.h"
#include "fakes/sinks.h"
#include "rotate/observe.h"

#define DAY_MS  (86400 * INT64_C(1000))
#define SINKS   2
#define REQUESTS_MAX 2000       /* the longest here is a long-running operation */

/* ---- the stage ----------------------------------------------------------------------------------------------------------------------- */

static char *dir, state_dir[4200], secret_file[4200], told[4200];
static struct fake_service service;
static struct memory memory[SINKS + 1];
static struct sink_spec specs[SINKS + 1];
static struct job job;
static struct state_store store;

/* What was met on the way, counted anew by stage() and fresh_eyes(). */
static struct {
	int reads, generates, logins;           /* requests */
	int accepted_in_a_row;
	bool fired;                             /* somebody meddled */
	char bodies[4][400];                    /* of the first generates */
	int64_t asked_us[4], asked_before_us[4];        /* on the disk then, of the slot that is asked for */
	int held_killed;                        /* generates of a slot whose living password a sink held */
	int64_t revoke_at_first[2];             /* on the disk, at the first generate */
	int polls;
	int64_t oldest_intent_ms;               /* while an operation was seen running */
	struct state at_commit, at_generate;    /* what was on the disk */
	bool works_at_commit;
	int accepted_at_commit, reads_at_last_login, reads_at_commit;
} met;

static void clear_met(void)
{
	state_clear(&met.at_commit);
	state_clear(&met.at_generate);
	memset(&met, 0, sizeof(met));
}

static void load(struct state *out)
{
	struct err e = ERR_INIT;

	state_clear(out);
	CHECK(state_load(&store, "web", out, &e), "%s", e.text);
}

/* Somebody who does something before the nth request of a kind; `nth` 0: nobody. */
static struct { enum { AT_READ, AT_GENERATE, AT_LOGIN } kind; int nth; void (*fn)(void); } meddler;

static void meddle(int kind, int nth)
{
	if (meddler.nth != nth || (int)meddler.kind != kind || met.fired)
		return;
	met.fired = true;
	meddler.fn();
}

static bool works(size_t sink)
{
	return fake_service_accepts(&service, memory[sink].held);
}

static int slot_of(const char *held)
{
	return strcmp(service.slot[0].password, held) == 0 ? 0 : strcmp(service.slot[1].password, held) == 0 ? 1 : -1;
}

static void asked(struct fake_service *s, const struct http_request *rq)
{
	if (strstr(rq->url, "/generateCredentials") != NULL) {
		load(&met.at_generate);
		if (met.generates < 4) {
			const struct slot_memory *m = &met.at_generate.slot[strstr(buf_cstr(rq->body), "password2") != NULL];
			(void)snprintf(met.bodies[met.generates], sizeof(met.bodies[0]), "%s", buf_cstr(rq->body));
			met.asked_us[met.generates] = m->asked_us;
			met.asked_before_us[met.generates] = m->asked_before_us;
		}
		for (int i = 0; i < 2 && met.generates == 0; i++)
			met.revoke_at_first[i] = met.at_generate.slot[i].revoke;
		for (size_t i = 0; i < SINKS; i++)
			met.held_killed += works(i) && strstr(buf_cstr(rq->body), slot_of(memory[i].held) == 0 ? "password1" : "password2") != NULL;
		meddle(AT_GENERATE, ++met.generates);
	} else if (s->running.on) {
		load(&met.at_generate);
		int64_t age = s->clock_ms - met.at_generate.slot[s->running.slot].intent_since * 1000;
		met.oldest_intent_ms = age > met.oldest_intent_ms ? age : met.oldest_intent_ms;
		met.polls++;
	} else if (strstr(rq->url, "/tokens/web-pull") != NULL) {
		meddle(AT_READ, ++met.reads);
	} else if (rq->basic_password != NULL) {
		meddle(AT_LOGIN, ++met.logins);
		s->clock_ms += 20;
		bool accepted = fake_service_accepts(s, secret_peek(rq->basic_password));
		s->clock_ms -= 20;
		met.accepted_in_a_row = accepted ? met.accepted_in_a_row + 1 : 0;
		met.reads_at_last_login = met.reads;
	}
}

static void committing(struct memory *m)
{
	load(&met.at_commit);
	met.works_at_commit = fake_service_accepts(&service, m->next);
	met.accepted_at_commit = met.accepted_in_a_row;
	met.reads_at_commit = met.reads;
}

/* One token of an empty registry, and a job with two sinks, a lifetime of 90 days and a grace of one. */
static void stage(void)
{
	static char name[] = "web", token[] = "web-pull", registry[] = "contoso", group[] = "rg";
	static char method[] = "client-secret", id[] = "t", sub[] = "sub", cloud[] = "custom", rm[] = "https://arm.test", authority[] = "https://login.test";
	static char names[][2] = { "a", "b", "c" };
	static const char *const places[] = { "one", "two", "three" };

	clear_met();
	meddler.nth = 0;
	AUTO_FREE char *state = mem_fmt("%s/web.state", state_dir);
	(void)unlink(state);
	(void)unlink(told);
	fake_service_init(&service);
	service.asked = asked;
	for (size_t i = 0; i < COUNT(specs); i++) {
		memory[i] = (struct memory){ .place = places[i], .committing = committing };
		specs[i] = (struct sink_spec){ .ops = &sink_memory, .name = names[i], .spec = &memory[i] };
	}
	job = (struct job){
		.name = name, .token = token, .registry = registry, .resource_group = group, .sinks = specs, .n_sinks = SINKS, .hook_timeout = 60,
		.azure = { .auth = method, .tenant_id = id, .client_id = id, .client_secret_file = secret_file, .subscription = sub,
		           .cloud = cloud, .resource_manager = rm, .authority = authority },
		.policy = { .lifetime = 90 * 86400, .renew_before = 30 * 86400, .grace = 86400, .verify_timeout = 600, .verify_every = 21600,
		            .inspect_every = 86400 },
	};
}

static struct arm *the_arm(void *ctx, const struct job *j)
{
	(void)j;
	return ctx;
}

struct ending { struct err e; struct outcome out; };

static bool run(unsigned flags, struct ending *end)
{
	struct env env = fake_service_env(&service);
	struct arm *arm = arm_new(&job.azure, &env);
	const struct world w = { .env = &env, .store = &store, .arm = the_arm, .ctx = arm };
	struct rotation *r = rotation_new(&w, &job, flags, 6 * 3600);
	struct http *http = fake_service_client(&service);
	int64_t again = 0;
	bool ok;

	*end = (struct ending){ .e = ERR_INIT };
	while ((ok = rotation_step(r, http, &again, &end->e)) && again >= 0) {
		fake_service_pass(&service, again);
		CHECK(service.requests < REQUESTS_MAX, "it never ends");
	}
	end->out = *rotation_outcome(r);
	rotation_free(r);
	http_close(http);
	arm_free(arm);
	return ok;
}

static void must_run(unsigned flags)
{
	struct ending end;

	CHECK(run(flags, &end), "%s", end.e.text);
}

/* Both slots are ours, one is deployed, the other was left long ago; the next rotation is due. `before`: what the sinks held before. */
static char deployed[64], before[64];

static void due(void)
{
	stage();
	must_run(0);
	memcpy(before, memory[0].held, sizeof(before));
	fake_service_pass(&service, 61 * DAY_MS);
	must_run(0);
	memcpy(deployed, memory[0].held, sizeof(deployed));
	assert_true(strcmp(before, deployed) != 0 && works(0) && works(1) && met.held_killed == 0);
	fake_service_pass(&service, 2 * DAY_MS);
	must_run(0);
	/* Shortly before the one that was left expires: until then somebody might use it yet. */
	fake_service_pass(&service, 26 * DAY_MS);
	assert_true(fake_service_accepts(&service, before));
	clear_met();
}

/* The first password was delivered, the other slot is empty. */
static void one_slot(void)
{
	stage();
	must_run(0);
	memcpy(deployed, memory[0].held, sizeof(deployed));
	fake_service_pass(&service, 2 * DAY_MS);
	clear_met();
}

/* ---- before the generate -------------------------------------------------------------------------------------------------------------- */

static void another_run_keeps_this_one_out(void **state)
{
	AUTO_FREE char *path = mem_fmt("%s/web.lock", state_dir);
	struct lock lock = LOCK_INIT;
	struct ending end;

	(void)state;
	due();
	assert_true(lock_take(path, &lock, &end.e));
	assert_false(run(ROTATE_FORCE, &end));
	assert_int_equal(end.e.kind, ERR_BUSY);
	assert_int_equal(met.reads + met.generates + met.logins, 0);
	/* A dry run changes nothing and needs no lock. */
	CHECK(run(ROTATE_FORCE | ROTATE_DRY_RUN, &end), "%s", end.e.text);
	lock_drop(&lock);
	must_run(ROTATE_FORCE);
	assert_int_equal(met.generates, 1);
}

static char foreign[64];

static void somebody_generates_the_spare(void)
{
	int spare = 1 - slot_of(deployed);

	fake_service_generate(&service, spare, "");
	memcpy(foreign, service.slot[spare].password, FAKE_PASSWORD_MAX);
}

static void nobody_answers_any_more(void)
{
	service.fail_reads = 1000;
}

static void somebody_puts_the_other_back(void)
{
	memcpy(memory[1].held, before, sizeof(before));
}

static void somebody_takes_the_job(void)
{
	service.disabled = true;
}

/* Whatever happens between the decision and the request is seen by the look just before it. The intent that was saved goes. */
static void the_slot_and_the_sinks_are_looked_at_again(void **state)
{
	static const struct { const char *what; void (*set)(void); void (*fn)(void); enum err_kind kind; } rows[] = {
		{ "somebody generates the spare slot", due, somebody_generates_the_spare, ERR_DECISION },
		{ "somebody generates the spare slot, which was empty", one_slot, somebody_generates_the_spare, ERR_DECISION },
		{ "somebody puts the other password back into a sink", due, somebody_puts_the_other_back, ERR_NONE },
		{ "somebody disables the token", due, somebody_takes_the_job, ERR_DECISION },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO_STATE struct state now = { 0 };
		struct ending end;
		rows[i].set();
		meddler.kind = AT_READ;
		meddler.nth = 2;    /* the first is before the decision */
		meddler.fn = rows[i].fn;
		bool ok = run(ROTATE_FORCE, &end);
		CHECK(met.fired, "%s: nobody came", rows[i].what);
		CHECK(met.generates == 0, "%s: generated", rows[i].what);
		CHECK(rows[i].kind == ERR_NONE || (!ok && end.e.kind == rows[i].kind), "%s: %s", rows[i].what, end.e.text);
		load(&now);
		CHECK(!now.slot[0].intent && !now.slot[1].intent, "%s: the intent stayed", rows[i].what);
	}
}

static void an_hour_passes(void)
{
	fake_service_pass(&service, 3600 * 1000);
}

/* The intent is on the disk before the request, and never older than it. */
static void the_intent_comes_first(void **state)
{
	static const struct { const char *what; int kind, nth; } rows[] = {
		{ "a run that nothing holds up", 0, 0 },
		{ "held up between intent and request", AT_READ, 2 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		due();
		int spare = 1 - slot_of(deployed);
		meddler.kind = rows[i].kind;
		meddler.nth = rows[i].nth;
		meddler.fn = an_hour_passes;
		must_run(ROTATE_FORCE);
		const struct slot_memory *m = &met.at_generate.slot[spare];
		CHECK(met.generates == 1 && met.fired == (rows[i].nth > 0), "%s", rows[i].what);
		CHECK(m->intent && m->asked_us != 0, "%s: no intent", rows[i].what);
		CHECK(!met.at_generate.slot[1 - spare].intent, "%s: of the other slot", rows[i].what);
		int64_t age = service.slot[spare].created / 10000000 - m->intent_since;
		CHECK(age >= 0 && age <= 5, "%s: the intent is %lld s older than the request", rows[i].what, (long long)age);
		CHECK(met.at_generate.unfinished, "%s", rows[i].what);
	}
}

/* ---- the generate -------------------------------------------------------------------------------------------------------------------- */

/* Its answer is lost, it acts 20 s later: the next request waits until it must have died, or it would kill what that one brings. */
static void a_request_that_may_act_yet_is_waited_for(void **state)
{
	(void)state;
	due();
	service.late_requests = 1;
	service.late_ms = 20000;
	int64_t from = service.clock_ms;
	must_run(ROTATE_FORCE);
	assert_int_equal(met.generates, 2);
	assert_true(service.clock_ms - from >= PLAN_REQUEST_LIFE * 1000);
	/* The ledger knows both expiries: should the first have acted unseen, it is ours all the same. */
	assert_true(met.asked_us[0] != met.asked_us[1] && met.asked_before_us[1] == met.asked_us[0]);
	fake_service_pass(&service, 120000);
	assert_true(works(0) && works(1) && strcmp(memory[0].held, deployed) != 0);
	assert_true(fake_service_accepts(&service, deployed));
}

/* Azure may take its time and say so: as long as it is seen running it may act, and a run that dies meanwhile must leave a young intent. */
static void an_operation_that_is_seen_running_may_act(void **state)
{
	struct ending end;

	(void)state;
	due();
	int spare = 1 - slot_of(deployed);
	service.running_ms = 5 * 60 * 1000;
	must_run(ROTATE_FORCE);
	assert_int_equal(met.generates, 1);
	assert_true(met.polls > 3 && met.oldest_intent_ms > 0 && met.oldest_intent_ms < 65000);
	assert_true(works(0) && works(1) && slot_of(memory[0].held) == spare);
	/* One that never ends is left to the next run, which may not forget it. */
	due();
	spare = 1 - slot_of(deployed);
	service.running_ms = 40 * DAY_MS;
	int64_t from = service.clock_ms;
	assert_false(run(ROTATE_FORCE, &end));
	assert_true(end.e.kind == ERR_TRANSIENT && service.clock_ms - from < 3600 * 1000);
	load(&met.at_generate);
	assert_true(met.at_generate.slot[spare].intent);
}

/* Every answer is lost: the run gives up, and what it leaves on the disk says that a request of this expiry may have acted. */
static void a_lost_answer_leaves_its_intent(void **state)
{
	AUTO_STATE struct state now = { 0 };
	struct ending end;

	(void)state;
	due();
	int spare = 1 - slot_of(deployed);
	service.late_requests = 4;
	service.late_ms = 45000;
	assert_false(run(ROTATE_FORCE, &end));
	assert_int_equal(end.e.kind, ERR_TRANSIENT);
	load(&now);
	assert_true(now.slot[spare].intent && now.slot[spare].asked_us != 0);
	assert_true(works(0) && strcmp(memory[0].held, deployed) == 0);
	assert_true(met.generates <= 3);
	fake_service_pass(&service, 120000);
	must_run(0);
	assert_true(works(0) && works(1));
}

/* A request that never acted: the next run waits as long as it may yet act, then nobody asks for it any more. */
static void an_intent_ends_with_its_request(void **state)
{
	AUTO_STATE struct state now = { 0 };
	struct ending end;

	(void)state;
	due();
	int spare = 1 - slot_of(deployed);
	service.late_requests = 1;
	service.late_ms = 90 * DAY_MS;
	service.fail_reads = 0;
	meddler.kind = AT_READ;
	meddler.nth = 3;
	meddler.fn = nobody_answers_any_more;
	assert_false(run(ROTATE_FORCE, &end));
	assert_true(met.fired && met.generates == 1);
	load(&now);
	assert_true(now.slot[spare].intent);
	service.fail_reads = 0;
	must_run(0);
	load(&now);
	assert_true(now.slot[spare].intent && met.generates == 1);
	fake_service_pass(&service, 61000);
	must_run(0);
	load(&now);
	assert_true(!now.slot[spare].intent && now.slot[spare].intent_since == 0 && met.generates == 1);
	clear_met();
	must_run(0);
	assert_int_equal(met.reads, 0);
}

/* A passing failure is met again a few times, in a while that is bounded. */
static void a_request_that_fails_is_repeated_a_few_times(void **state)
{
	struct ending end;

	(void)state;
	due();
	service.fail_reads = 2;
	must_run(ROTATE_FORCE);
	assert_true(works(0) && strcmp(memory[0].held, deployed) != 0);
	due();
	service.fail_reads = 1000;
	int64_t from = service.clock_ms;
	assert_false(run(ROTATE_FORCE, &end));
	assert_int_equal(end.e.kind, ERR_TRANSIENT);
	assert_true(met.reads >= 3 && met.reads <= 6 && service.clock_ms - from < 600 * 1000);
}

/* What the state says of the token is not enough to generate: it is read, although it was read a moment ago by another run. */
static void the_token_is_read_before_the_decision(void **state)
{
	(void)state;
	due();
	must_run(0);
	fake_service_pass(&service, 60000);
	clear_met();
	must_run(ROTATE_FORCE);
	assert_int_equal(met.generates, 1);
	assert_true(met.reads >= 3);    /* before the decision, before the request, behind the proof */
}

/* With nothing to protect the request is repeated at once, with the expiry of the first: whichever acts, it is known as ours. */
static void a_request_is_repeated_as_it_was(void **state)
{
	(void)state;
	stage();
	service.late_requests = 1;
	service.late_ms = 2000;
	must_run(0);
	assert_true(met.generates >= 2);
	assert_string_equal(met.bodies[0], met.bodies[1]);
	assert_true(works(0) && works(1));
	/* But not once the first must have died. */
	stage();
	service.late_requests = 1;
	service.late_ms = 1000000;
	meddler.kind = AT_READ;
	meddler.nth = 3;
	meddler.fn = an_hour_passes;
	must_run(0);
	assert_true(met.fired && met.generates >= 2);
	assert_true(strcmp(met.bodies[0], met.bodies[1]) != 0);
}

/* Provably refused: nothing may act, so nothing stays behind, and it is tried again as a request of its own. */
static void a_refused_request_leaves_no_intent(void **state)
{
	AUTO_STATE struct state now = { 0 };
	struct ending end;

	(void)state;
	due();
	service.refuse_generates = 2;
	must_run(ROTATE_FORCE);
	assert_int_equal(met.generates, 3);
	assert_true(works(0) && works(1));
	due();
	service.refuse_generates = 1000;
	assert_false(run(ROTATE_FORCE, &end));
	assert_true(met.generates > 10 && met.generates < 40);
	load(&now);
	assert_true(!now.slot[0].intent && !now.slot[1].intent && now.slot[0].intent_since == 0 && now.slot[1].intent_since == 0);
	assert_string_equal(memory[0].held, deployed);
}

/* A service that gives longer than it was asked for does not move the rotation. */
static void more_than_was_asked_for_is_not_used(void **state)
{
	static const struct { const char *what, *granted; } rows[] = { { "years", "2099-01-01T00:00:00Z" }, { "for ever", "" } };

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO_STATE struct state now = { 0 };
		struct ending end;
		due();
		int spare = 1 - slot_of(deployed);
		service.granted = rows[i].granted;
		CHECK(run(ROTATE_FORCE, &end), "%s: %s", rows[i].what, end.e.text);
		load(&now);
		CHECK(now.slot[spare].expires_us == met.asked_us[0] && now.slot[spare].delivered, "%s: %lld", rows[i].what,
		      (long long)now.slot[spare].expires_us);
		CHECK(end.out.expires == met.asked_us[0] / 1000000, "%s", rows[i].what);
	}
}

/* Every expiry is another one, and never ends in a zero, which the service would not echo. */
static void an_expiry_is_known_again(void **state)
{
	static char bodies[8][400];

	(void)state;
	for (size_t i = 0; i < COUNT(bodies); i++) {
		stage();
		service.seed = 100 + i;
		must_run(0);
		memcpy(bodies[i], met.bodies[0], sizeof(bodies[i]));
		const char *dot = strstr(bodies[i], "\"expiry\":\"");
		dot = dot != NULL ? strchr(dot, '.') : NULL;
		CHECK(dot != NULL && strspn(dot + 1, "0123456789") == 6, "%s", bodies[i]);
		CHECK(dot[6] != '0', "%s", bodies[i]);
		for (size_t k = 0; k < i; k++)
			CHECK(strcmp(bodies[i], bodies[k]) != 0, "twice: %s", bodies[i]);
	}
}

/* ---- the proof ----------------------------------------------------------------------------------------------------------------------- */

static void a_replica_lags(void)
{
	service.slot[1 - slot_of(deployed)].accepted_ms = service.clock_ms + 10000;
}

/* Three in a row, and one that is refused in between begins anew. */
static void three_acceptances_in_a_row(void **state)
{
	(void)state;
	for (int at = 1; at <= 3; at++) {
		due();
		service.propagation_ms = 0;
		meddler.kind = AT_LOGIN;
		meddler.nth = at;
		meddler.fn = a_replica_lags;
		must_run(ROTATE_FORCE);
		CHECK(met.fired && met.works_at_commit, "login %d", at);
		CHECK(met.accepted_at_commit >= 3, "login %d: %d in a row", at, met.accepted_at_commit);
		CHECK(works(0) && works(1), "login %d", at);
	}
}

static void never_accepts(void)
{
	service.slot[1 - slot_of(deployed)].accepted_ms = INT64_MAX;
}

static void what_is_never_accepted_is_delivered_to_nobody(void **state)
{
	AUTO_STATE struct state now = { 0 };
	struct ending end;

	(void)state;
	due();
	int spare = 1 - slot_of(deployed);
	meddler.kind = AT_LOGIN;
	meddler.nth = 1;
	meddler.fn = never_accepts;
	int64_t from = service.clock_ms;
	assert_false(run(ROTATE_FORCE, &end));
	assert_int_equal(end.e.kind, ERR_TRANSIENT);
	assert_true(service.clock_ms - from <= 700 * 1000);
	assert_string_equal(memory[0].held, deployed);
	assert_int_equal(memory[0].commits + memory[1].commits, 4);    /* of the two rotations before */
	load(&now);
	assert_true(!now.slot[spare].delivered && now.failures == 1 && now.next_generate > service.clock_ms / 1000);
	/* Backing off: the next one does not generate. */
	assert_true(now.next_generate - service.clock_ms / 1000 <= 900);
	clear_met();
	assert_true(run(0, &end) || end.e.kind == ERR_TRANSIENT);
	assert_int_equal(met.generates, 0);
	/* Never longer than a quarter of what the deployed one has left. */
	due();
	fake_service_pass(&service, service.slot[slot_of(deployed)].expires_ms - service.clock_ms - 40 * 60 * 1000);
	clear_met();
	meddler.kind = AT_LOGIN;
	meddler.nth = 1;
	meddler.fn = never_accepts;
	assert_false(run(ROTATE_FORCE, &end));
	load(&now);
	int64_t left = service.slot[slot_of(deployed)].expires_ms - service.clock_ms;
	assert_true(met.fired && now.next_generate * 1000 > service.clock_ms && left > 0);
	assert_true(now.next_generate * 1000 - service.clock_ms <= left / 4 + 1000);
}

static void somebody_generates_ours(void)
{
	fake_service_generate(&service, 1 - slot_of(deployed), "");
}

/* After the last acceptance the token is read once more: what was proven may be dead by now. */
static void what_was_proven_is_confirmed(void **state)
{
	struct ending end;

	(void)state;
	due();
	must_run(ROTATE_FORCE);
	assert_true(met.reads_at_commit > met.reads_at_last_login);
	int read = met.reads_at_commit;
	due();
	meddler.kind = AT_READ;
	meddler.nth = read;
	meddler.fn = somebody_generates_ours;
	assert_false(run(ROTATE_FORCE, &end));
	assert_true(met.fired);
	assert_int_equal(end.e.kind, ERR_DECISION);
	assert_string_equal(memory[0].held, deployed);
	assert_string_equal(memory[1].held, deployed);
	assert_true(works(0));
	due();
	meddler.kind = AT_READ;
	meddler.nth = read;
	meddler.fn = somebody_takes_the_job;
	assert_false(run(ROTATE_FORCE, &end));
	assert_true(met.fired);
	assert_string_equal(memory[0].held, deployed);
}

/* ---- the delivery -------------------------------------------------------------------------------------------------------------------- */

/* What a kill at the first commit would leave. */
static void the_delivery_is_recorded_first(void **state)
{
	static char hook[] = "/bin/true";

	(void)state;
	for (int healing = 0; healing < 2; healing++) {
		due();
		memory[1].no_prepare = !healing;
		specs[1].optional = true;
		specs[0].on_change = specs[1].on_change = hook;
		job.on_change = hook;
		if (healing)
			memory[0].held[0] = '\0';
		must_run(healing ? 0 : ROTATE_FORCE);
		struct state *s = &met.at_commit;
		int fresh = slot_of(memory[0].held);
		CHECK(s->slot[fresh].delivered && s->slot[fresh].left == 0 && s->slot[fresh].created == service.slot[fresh].created, "healing %d", healing);
		CHECK(s->unfinished, "healing %d", healing);
		const struct sink_memory *a = state_sink(s, "a", "memory:one"), *b = state_sink(s, "b", "memory:two");
		CHECK(a->pending_slot == fresh + 1 && a->pending_created == service.slot[fresh].created, "healing %d: %lld", healing, (long long)a->pending_slot);
		CHECK(b->pending_slot == 0, "healing %d: a sink that gets nothing", healing);
		CHECK(a->hook_owed && !b->hook_owed && s->job_hook_owed, "healing %d: hooks", healing);
		CHECK(works(0) && works(1) && fake_service_accepts(&service, deployed), "healing %d", healing);
	}
}

/* A sink of another program's hand: commit said yes, and something else is there. */
static void what_stands_in_a_sink_counts_not_what_it_said(void **state)
{
	AUTO_STATE struct state now = { 0 };
	struct ending end;

	(void)state;
	due();
	memory[1].deaf = true;
	assert_false(run(ROTATE_FORCE, &end));
	assert_int_equal(end.e.kind, ERR_LOCAL);
	assert_non_null(strstr(end.e.text, "overwritten"));
	assert_true(end.out.changed && end.out.delivered);
	assert_int_equal(end.out.in_step, 1);
	assert_string_equal(memory[1].held, deployed);
	load(&now);
	/* The other slot is held yet: its grace has not begun. */
	assert_int_equal(now.slot[slot_of(deployed)].left, 0);
	assert_true(now.failing_since != 0 && works(0) && works(1));
	memory[1].deaf = false;
	must_run(0);
	assert_string_equal(memory[1].held, memory[0].held);
}

static void all_sinks_are_deaf(void **state)
{
	struct ending end;

	(void)state;
	due();
	memory[0].deaf = memory[1].deaf = true;
	assert_false(run(ROTATE_FORCE, &end));
	assert_true(!end.out.delivered && !end.out.changed);
	assert_true(works(0) && works(1));
}

/* One that fails, at whatever step, holds up nobody else, and keeps its slot. */
static void a_sink_that_fails_is_left_out(void **state)
{
	static const struct row { const char *what; size_t at; bool optional, ok; } rows[] = {
		{ "check", offsetof(struct memory, no_check), false, false },
		{ "prepare", offsetof(struct memory, no_prepare), false, false },
		{ "commit", offsetof(struct memory, no_commit), false, false },
		{ "check, optional", offsetof(struct memory, no_check), true, true },
		{ "commit, optional", offsetof(struct memory, no_commit), true, true },
		{ "read, optional", offsetof(struct memory, unreadable), true, true },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct row *r = &rows[i];
		AUTO_STATE struct state now = { 0 };
		struct ending end;
		due();
		specs[1].optional = r->optional;
		bool *no = (bool *)(void *)((char *)&memory[1] + r->at);
		*no = true;
		bool ok = run(ROTATE_FORCE, &end);
		CHECK(ok == r->ok, "%s: %s", r->what, end.e.text);
		CHECK(end.out.delivered && works(0) && works(1), "%s", r->what);
		CHECK(strcmp(memory[0].held, deployed) != 0 && strcmp(memory[1].held, deployed) == 0, "%s", r->what);
		/* What a commit that failed left beside the sink is swept by the next run, and no sooner is the delivery finished. */
		load(&now);
		CHECK(now.unfinished == (r->at == offsetof(struct memory, no_commit)), "%s: unfinished %d", r->what, now.unfinished);
		CHECK(memory[1].sweeps == 0, "%s", r->what);
		/* It is held, or may be: not generated, though asked for, with all the time in the world. */
		fake_service_pass(&service, 20 * DAY_MS);
		clear_met();
		(void)run(ROTATE_FORCE, &end);
		CHECK((memory[1].sweeps > 0) == now.unfinished, "%s: not swept", r->what);
		CHECK(met.generates == 0 || works(1), "%s: cut off", r->what);
		CHECK(fake_service_accepts(&service, memory[1].held), "%s: cut off", r->what);
	}
}

static int committed;

static void two_months_pass(struct memory *m)
{
	committing(m);
	if (committed++ == 0)
		fake_service_pass(&service, 61 * DAY_MS);
}

/* One rotation a run: what is due again when it is done is for the next one. What was left is stamped, and what was done is told. */
static void a_run_rotates_once(void **state)
{
	AUTO_STATE struct state now = { 0 };
	struct ending end;

	(void)state;
	due();
	int old = slot_of(deployed);
	CHECK(run(ROTATE_FORCE, &end), "%s", end.e.text);
	load(&now);
	assert_true(now.slot[old].left != 0 && now.slot[1 - old].left == 0);
	assert_true(end.out.when == 0 && end.out.did == PLAN_ROTATE && end.out.why == WHY_NOT_DUE && end.out.in_step == SINKS);
	assert_int_equal(end.out.slot, 1 - old);
	due();
	committed = 0;
	memory[0].committing = two_months_pass;
	CHECK(run(ROTATE_FORCE, &end), "%s", end.e.text);
	assert_true(committed == 1 && met.generates == 1 && works(0) && works(1));
}

/* What is not atomic and may fail half way comes first, whatever the order of the job. */
static int commit_order[SINKS], n_committed;

static void note_order(struct memory *m)
{
	if (n_committed < SINKS)
		commit_order[n_committed++] = (int)(m - memory);
	committing(m);
}

static void what_can_fail_half_way_comes_first(void **state)
{
	(void)state;
	due();
	specs[1].ops = &sink_memory_first;
	memory[0].committing = memory[1].committing = note_order;
	n_committed = 0;
	must_run(ROTATE_FORCE);
	assert_true(n_committed == SINKS && commit_order[0] == 1 && commit_order[1] == 0);
}

/* ---- hooks --------------------------------------------------------------------------------------------------------------------------- */

static void a_hook_that_fails_is_owed(void **state)
{
	AUTO_FREE char *touch = mem_fmt("/usr/bin/touch %s", told);
	static char no[] = "/bin/false";

	(void)state;
	for (int of_job = 0; of_job < 2; of_job++) {
		AUTO_STATE struct state now = { 0 };
		struct ending end;
		due();
		char **hook = of_job ? &job.on_change : &specs[0].on_change;
		*hook = no;
		assert_false(run(ROTATE_FORCE, &end));
		CHECK(end.e.kind == ERR_HOOK && end.out.delivered, "%s", end.e.text);
		load(&now);
		CHECK(now.job_hook_owed == of_job && state_sink(&now, "a", "memory:one")->hook_owed == !of_job, "of the job: %d", of_job);
		/* Nobody who still has the old one can know of the new one: it is kept, though its grace is long over. */
		fake_service_pass(&service, 20 * DAY_MS);
		clear_met();
		assert_false(run(ROTATE_FORCE, &end));
		CHECK(met.generates == 0 && fake_service_accepts(&service, deployed), "of the job: %d: %s", of_job, end.e.text);
		*hook = touch;
		must_run(0);
		CHECK(access(told, F_OK) == 0, "of the job: %d: not run again", of_job);
		(void)unlink(told);
		must_run(0);
		CHECK(access(told, F_OK) != 0, "of the job: %d: run for ever", of_job);
		/* One that was taken out of the job is owed no more. */
		*hook = no;
		assert_false(run(ROTATE_FORCE, &end));
		*hook = NULL;
		must_run(0);
		load(&now);
		CHECK(!now.job_hook_owed && !state_sink(&now, "a", "memory:one")->hook_owed, "of the job: %d: owed for ever", of_job);
	}
}

/* ---- healing ------------------------------------------------------------------------------------------------------------------------- */

static void a_sink_that_lags_gets_what_the_others_have(void **state)
{
	struct ending end;

	(void)state;
	due();
	memory[0].held[0] = '\0';
	CHECK(run(0, &end), "%s", end.e.text);
	assert_int_equal(met.generates, 0);
	assert_string_equal(memory[0].held, deployed);
	assert_int_equal(end.out.did, PLAN_HEAL);
	assert_true(met.logins >= 1);    /* only what the registry accepts is copied */
}

/* What is deployed is refused: once proves nothing, twice a minute apart does. */
static void refused_twice_is_dead(void **state)
{
	struct ending end;

	(void)state;
	due();
	/* Somebody kills what is deployed; the service is said to know of it only a while later. */
	service.slot[slot_of(deployed)].accepted_ms = service.clock_ms + 30000;
	CHECK(run(0, &end), "%s", end.e.text);
	assert_int_equal(met.generates, 0);
	assert_string_equal(memory[0].held, deployed);
	/* Which makes the next refusal the first again. */
	load(&met.at_generate);
	assert_int_equal(met.at_generate.rejected_at, 0);
	due();
	service.slot[slot_of(deployed)].accepted_ms = INT64_MAX;
	int64_t from = service.clock_ms;
	CHECK(run(0, &end), "%s", end.e.text);
	assert_int_equal(met.generates, 1);
	from = service.clock_ms - from;
	assert_true(from >= 60000 && from < 600000 && works(0) && works(1));
}

/* The state is lost, and nobody but this job uses the token: what the sinks hold works until the registry has refused it twice. */
static void exclusive_waits_for_the_second_refusal(void **state)
{
	AUTO_FREE char *path = mem_fmt("%s/web.state", state_dir);

	(void)state;
	for (int dead = 0; dead < 2; dead++) {
		struct ending end;
		due();
		(void)unlink(path);
		job.policy.exclusive = true;
		service.slot[slot_of(deployed)].accepted_ms = dead ? INT64_MAX : service.clock_ms + 30000;
		int64_t from = service.clock_ms;
		bool ok = run(0, &end);
		CHECK(service.clock_ms - from >= 60000, "dead %d: after %lld ms", dead, (long long)(service.clock_ms - from));
		CHECK(ok == dead && met.generates == dead, "dead %d: %s", dead, end.e.text);
		CHECK(dead || (end.e.kind == ERR_DECISION && strcmp(memory[0].held, deployed) == 0), "%s", end.e.text);
		CHECK(!dead || (works(0) && works(1)), "dead");
	}
}

/* Times are the service's; a local clock that is off by a day is refused, because nothing else on this machine can be believed either. */
static void times_are_the_services(void **state)
{
	static const struct { int64_t ahead_s; bool ok; } rows[] = { { 3600, true }, { -3600, true }, { 86000, true }, { 90000, false }, { -90000, false } };

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO_STATE struct state now = { 0 };
		struct ending end;
		due();
		service.local_ahead_s = rows[i].ahead_s;
		bool ok = run(ROTATE_FORCE, &end);
		CHECK(ok == rows[i].ok, "%lld: %s", (long long)rows[i].ahead_s, end.e.text);
		CHECK(met.generates == ok, "%lld", (long long)rows[i].ahead_s);
		if (!ok)
			continue;
		load(&now);
		int64_t expires = now.slot[slot_of(memory[0].held)].expires_us / 1000000, want = service.clock_ms / 1000 + 90 * 86400;
		CHECK(expires <= want && expires > want - 600, "%lld: it lives %lld s", (long long)rows[i].ahead_s, (long long)(expires - want));
	}
}

/* Only the service's word for "there is no such token" means that. */
static void what_is_missing_is_told_apart(void **state)
{
	static const struct { const char *code; bool gone; } rows[] = { { "ResourceNotFound", true }, { "ResourceGroupNotFound", false } };

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO_STATE struct state now = { 0 };
		struct ending end;
		due();
		service.missing = rows[i].code;
		assert_false(run(ROTATE_FORCE, &end));
		load(&now);
		CHECK(now.slot[0].gone == rows[i].gone && now.slot[1].gone == rows[i].gone, "%s", rows[i].code);
		CHECK(met.generates == 0 && strcmp(memory[0].held, deployed) == 0, "%s", rows[i].code);
	}
}

/* Nothing is written: neither by one that would rotate nor by one that asks, whatever the registry says. */
static void a_dry_run_changes_nothing(void **state)
{
	static const struct { const char *what; unsigned flags; bool refused; } rows[] = {
		{ "nothing due", ROTATE_DRY_RUN, false }, { "forced", ROTATE_DRY_RUN | ROTATE_FORCE, false },
		{ "asks", ROTATE_DRY_RUN | ROTATE_ASK, false }, { "asks, and is refused", ROTATE_DRY_RUN | ROTATE_ASK, true },
	};
	AUTO_FREE char *path = mem_fmt("%s/web.state", state_dir);

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct ending end;
		due();
		char *old = file_get(path);
		int commits = memory[0].commits, prepares = memory[0].prepares;
		service.slot[slot_of(deployed)].accepted_ms = rows[i].refused ? INT64_MAX : 0;
		(void)run(rows[i].flags, &end);
		char *new = file_get(path);
		CHECK_TEXT(new, old, "%s", rows[i].what);
		CHECK(met.generates == 0 && memory[0].commits == commits && memory[0].prepares == prepares, "%s", rows[i].what);
		free(old);
		free(new);
	}
}

/* ---- a password leaked ----------------------------------------------------------------------------------------------------------------- */

static bool is_dead(const char *password)
{
	return slot_of(password) < 0;
}

/* First every sink has another one, then all earlier ones die; with --now the other way round. What is to die was recorded before. */
static void a_revoke_kills_when_nobody_needs_it(void **state)
{
	(void)state;
	for (int now = 0; now < 2; now++) {
		struct ending end;
		due();
		CHECK(run(ROTATE_REVOKE | (now ? ROTATE_REVOKE_NOW : 0), &end), "%s", end.e.text);
		CHECK(end.out.revoked && is_dead(deployed) && is_dead(before), "now %d", now);
		CHECK(works(0) && works(1) && end.out.in_step == SINKS, "now %d", now);
		CHECK((met.held_killed == 0) == !now, "now %d: %d killed", now, met.held_killed);
		CHECK(met.revoke_at_first[0] != 0 && met.revoke_at_first[1] != 0, "now %d: not recorded", now);
	}
}

static void a_revoke_kills_nobody_elses_unasked(void **state)
{
	struct ending end;
	AUTO_STATE struct state now = { 0 };

	(void)state;
	/* Without interrupting anybody it needs the other slot. */
	due();
	somebody_generates_the_spare();
	assert_false(run(ROTATE_REVOKE, &end));
	assert_int_equal(end.e.kind, ERR_DECISION);
	assert_true(met.generates == 0 && !is_dead(foreign) && works(0));
	load(&now);
	assert_true(now.slot[0].revoke == 0 && now.slot[1].revoke == 0);
	/* --now does not, and leaves it alone. */
	CHECK(run(ROTATE_REVOKE | ROTATE_REVOKE_NOW, &end), "%s", end.e.text);
	assert_true(!is_dead(foreign) && is_dead(deployed) && works(0) && works(1));
	/* Named, it dies. */
	due();
	somebody_generates_the_spare();
	CHECK(run(ROTATE_REVOKE | (slot_of(foreign) == 0 ? ROTATE_REVOKE_1 : ROTATE_REVOKE_2), &end), "%s", end.e.text);
	assert_true(is_dead(foreign) && is_dead(deployed) && works(0) && works(1) && met.held_killed == 0);
	/* It comes while the revoke is under way. */
	due();
	meddler.kind = AT_READ;
	meddler.nth = 2;
	meddler.fn = somebody_generates_the_spare;
	assert_false(run(ROTATE_REVOKE, &end));
	assert_true(met.fired && end.e.kind == ERR_DECISION && met.generates == 0 && !is_dead(foreign) && works(0));
	/* Nothing is there to revoke. */
	stage();
	assert_false(run(ROTATE_REVOKE, &end));
	assert_true(end.e.kind == ERR_DECISION && met.generates == 0);
}

static void generates_are_refused_from_now_on(void)
{
	service.refuse_generates = 1000;
}

/* Cut off between delivery and kill, and a sink restored from an older copy: that gets the new one before the old one dies. */
static void a_revoke_heals_before_it_kills(void **state)
{
	struct ending end;

	(void)state;
	due();
	meddler.kind = AT_GENERATE;
	meddler.nth = 2;
	meddler.fn = generates_are_refused_from_now_on;
	assert_false(run(ROTATE_REVOKE, &end));
	assert_true(met.fired && !is_dead(deployed) && works(0) && strcmp(memory[0].held, deployed) != 0);
	memcpy(memory[1].held, deployed, sizeof(deployed));
	service.refuse_generates = 0;
	met.held_killed = 0;
	CHECK(run(0, &end), "%s", end.e.text);
	assert_true(is_dead(deployed) && is_dead(before) && works(0) && works(1) && met.held_killed == 0);
}

static void a_revoke_waits_for_a_request_that_may_act(void **state)
{
	struct ending end;

	(void)state;
	due();
	service.late_requests = 1;
	service.late_ms = 20000;
	CHECK(run(ROTATE_REVOKE, &end), "%s", end.e.text);
	fake_service_pass(&service, 120000);
	assert_true(is_dead(deployed) && is_dead(before) && works(0) && works(1));
}

/* ---- ----------------------------------------------------------------------------------------------------------------------------------- */

static int set_stage(void **state)
{
	(void)state;
	if (getenv("TMPDIR") == NULL && access("/dev/shm", W_OK) == 0)
		(void)setenv("TMPDIR", "/dev/shm", 0);
	dir = scratch_make();
	(void)snprintf(state_dir, sizeof(state_dir), "%s/state", dir);
	(void)snprintf(secret_file, sizeof(secret_file), "%s/secret", dir);
	(void)snprintf(told, sizeof(told), "%s/told", dir);
	file_put(secret_file, "client-secret\n");
	state_store_init(state_dir, &store);
	log_setup(LEVEL_ERROR, LOG_TEXT);
	return mkdir(state_dir, 0700) + chmod(secret_file, 0600);
}

static int strike_stage(void **state)
{
	(void)state;
	clear_met();
	scratch_remove(dir);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(another_run_keeps_this_one_out),
		cmocka_unit_test(the_slot_and_the_sinks_are_looked_at_again),
		cmocka_unit_test(the_intent_comes_first),
		cmocka_unit_test(a_request_that_may_act_yet_is_waited_for),
		cmocka_unit_test(a_lost_answer_leaves_its_intent),
		cmocka_unit_test(a_request_is_repeated_as_it_was),
		cmocka_unit_test(a_refused_request_leaves_no_intent),
		cmocka_unit_test(an_expiry_is_known_again),
		cmocka_unit_test(three_acceptances_in_a_row),
		cmocka_unit_test(what_is_never_accepted_is_delivered_to_nobody),
		cmocka_unit_test(what_was_proven_is_confirmed),
		cmocka_unit_test(the_delivery_is_recorded_first),
		cmocka_unit_test(what_stands_in_a_sink_counts_not_what_it_said),
		cmocka_unit_test(all_sinks_are_deaf),
		cmocka_unit_test(a_sink_that_fails_is_left_out),
		cmocka_unit_test(what_can_fail_half_way_comes_first),
		cmocka_unit_test(a_hook_that_fails_is_owed),
		cmocka_unit_test(a_sink_that_lags_gets_what_the_others_have),
		cmocka_unit_test(refused_twice_is_dead),
		cmocka_unit_test(a_revoke_waits_for_a_request_that_may_act),
		cmocka_unit_test(a_revoke_heals_before_it_kills),
		cmocka_unit_test(a_revoke_kills_nobody_elses_unasked),
		cmocka_unit_test(a_revoke_kills_when_nobody_needs_it),
		cmocka_unit_test(a_dry_run_changes_nothing),
		cmocka_unit_test(what_is_missing_is_told_apart),
		cmocka_unit_test(times_are_the_services),
		cmocka_unit_test(exclusive_waits_for_the_second_refusal),
		cmocka_unit_test(a_run_rotates_once),
		cmocka_unit_test(more_than_was_asked_for_is_not_used),
		cmocka_unit_test(the_token_is_read_before_the_decision),
		cmocka_unit_test(a_request_that_fails_is_repeated_a_few_times),
		cmocka_unit_test(an_intent_ends_with_its_request),
		cmocka_unit_test(an_operation_that_is_seen_running_may_act),
	};

	return cmocka_run_group_tests(tests, set_stage, strike_stage);
}
