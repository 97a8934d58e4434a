/* SPDX-License-Identifier: MIT */
/* Runs that end in a refusal, or in an answer nobody wants, by rows: how the stage is set, what
 * the run says, and that no sink changed. */
#include "check.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/mem.h"
#include "config/job.h"
#include "rotate/metrics.h"
#include "rotate/observe.h"
#include "rotate/rotation.h"
#include "rotate/state.h"
#include "rotate/status.h"
#include "stage.h"

static void delivered(void)
{
	struct err e;

	CHECK(stage_run(0, &e), "%s", e.text);
	fake_service_pass(stage.service, DAY_MS);
}

static void without_a_subscription(void)
{
	AUTO_FREE char *conf = mem_fmt("[azure]\nauth = client-secret\ntenant_id = t\nclient_id = "
	                               "c\nclient_secret_file = %s/secret\n"
	                               "cloud = custom\nresource_manager = "
	                               "https://arm.test\nauthority = https://login.test\n"
	                               "[run]\nstate_dir = %s/state\n",
	                               stage.dir, stage.dir);
	stage_put("acrotate.conf", conf);
}

static void delivered_then_without_a_subscription(void)
{
	delivered();
	without_a_subscription();
}

static void clock_minutes_off(void)
{
	stage.service->skew_ms = 600 * 1000;
}

static void clock_days_off(void)
{
	stage.service->skew_ms = 2 * DAY_MS;
}

static void to_be_created(void)
{
	stage.service->missing = true;
	stage_config("create = yes\nscope_map = mine\n");
}

static void created_slowly(void)
{
	to_be_created();
	stage.service->latency_ms = 4000;
}

static void created_never(void)
{
	to_be_created();
	stage.service->creating = -1;
}

static void generated_never(void)
{
	stage_due();
	stage.service->generating = -1;
}

static void somebody_else_creates(void)
{
	to_be_created();
	stage.service->fault = (struct fake_fault){ .what = FAKE_STATUS,
		                                    .at = 1,
		                                    .stays = true,
		                                    .status = 412,
		                                    .code = "PreconditionFailed",
		                                    .retry_after_ms = -1,
		                                    .only = "PUT " };
}

static void created_a_moment_ago(void)
{
	stage_config("create = yes\nscope_map = mine\n");
	stage.service->created_ms = stage.service->clock_ms + 2000;
}

static void created_and_deleted(void)
{
	stage_config("create = yes\nscope_map = mine\n");
	delivered();
	stage.service->missing = true;
	fake_service_wipe(stage.service);
	fake_service_pass(stage.service, 30 * DAY_MS);
}

static void never_active(void)
{
	stage_due();
	stage_config("verify_timeout = 30m\n");
	stage.service->fault = (struct fake_fault){ .what = FAKE_STATUS,
		                                    .at = 1,
		                                    .stays = true,
		                                    .status = 409,
		                                    .code = "TokenNotActive",
		                                    .retry_after_ms = -1,
		                                    .only = "/generateCredentials" };
}

static void disabled_meanwhile(void)
{
	stage_due();
	stage.service->requests = 0;
	stage.service->disable_at = 3;
}

static void granted_for_ever(void)
{
	stage_due();
	stage.service->grants_for_ever = true;
}

static void foreign_and_working(void)
{
	AUTO_FREE char *state = stage_path("state/web.state");

	delivered();
	(void)unlink(state);
	fake_service_generate(stage.service, 1, "");
	stage_config("exclusive = yes\n");
}

static void all_foreign(void)
{
	fake_service_generate(stage.service, 0, "");
	fake_service_generate(stage.service, 1, "");
}

static void spare_is_foreign(void)
{
	delivered();
	fake_service_generate(stage.service, 1, "");
}

static void no_slot(void)
{
	delivered();
	fake_service_wipe(stage.service);
}

/* Nothing can be read: what stands there is of another user, and no template. */
static void unreadable(void)
{
	delivered();
	stage_put("config.json", "garbage");
	AUTO_FREE char *env = stage_path("registry.env");
	if (unlink(env) != 0 || mkdir(env, 0700) != 0)
		abort();
	fake_service_pass(stage.service, 80 * DAY_MS);
}

static void a_short_life(void)
{
	stage_config("lifetime = 45m\nrenew_before = 15m\ngrace = 5m\n");
}

static void long_ago_and_forgotten_hook(void)
{
	stage_config("on_change = /bin/false\n");
}

static void failing_for_long(void)
{
	struct err e;

	stage_config("verify_timeout = 1s\n");
	stage.service->propagation_ms = 100 * DAY_MS;
	for (int i = 0; i < 6; i++) {
		(void)!stage_run(0, &e);
		fake_service_pass(stage.service, 2 * DAY_MS);
	}
}

static void failing_near_the_end(void)
{
	stage_due();
	failing_for_long();
	fake_service_pass(stage.service, 14 * DAY_MS);
}

static void commits_are_lost(void)
{
	stage.broken = OVERWRITTEN;
}

static void cannot_be_opened(void)
{
	stage.broken = FAILING_OPEN;
}

static void all_optional_and_none_prepared(void)
{
	stage.broken = OPTIONAL_PREPARES_FAIL;
}

static void all_optional_and_none_committed(void)
{
	stage.broken = OPTIONAL_COMMITS_FAIL;
}

static void one_cannot_be_read(void)
{
	delivered();
	AUTO_FREE char *env = stage_path("registry.env");
	if (unlink(env) != 0 || mkdir(env, 0700) != 0)
		abort();
	fake_service_pass(stage.service, 2 * DAY_MS);
}

/* A revoke that could only be noted. */
static void revoke_is_pending(void)
{
	struct err e;

	delivered();
	stage.service->fault = (struct fake_fault){ .what = FAKE_STATUS,
		                                    .at = 1,
		                                    .stays = true,
		                                    .status = 403,
		                                    .code = "AuthorizationFailed",
		                                    .retry_after_ms = -1,
		                                    .only = "/generateCredentials" };
	(void)!stage_run(ROTATE_REVOKE, &e);
	stage.service->fault = (struct fake_fault){ .what = FAKE_WELL };
	fake_service_pass(stage.service, 2 * DAY_MS);
}

static void revoke_is_pending_and_the_spare_foreign(void)
{
	revoke_is_pending();
	fake_service_generate(stage.service, 1, "");
}

static void revoke_is_pending_and_the_spare_expired(void)
{
	revoke_is_pending();
	fake_service_generate(stage.service, 1, "2020-01-01T00:00:00Z");
}

static void revoke_is_pending_and_nothing_deployed(void)
{
	revoke_is_pending();
	for (int i = 0; i < SINKS; i++) {
		AUTO_FREE char *path = stage_path(stage_file(i));
		(void)unlink(path);
	}
}

static void a_remark(void)
{
	stage_put("config.json", "{\"auths\":{\"other\":{\"auth\":\"!!\"}}}");
}

/* A hook of a sink's own is owed, and then the sink is taken out of the job. */
static void hook_of_a_sink_that_went(void)
{
	struct err e;
	AUTO_FREE char *with =
		mem_fmt("[job]\nregistry = contoso\nresource_group = rg\ntoken = web-pull\n[sink "
	                "docker]\ntype = docker\npath = %s/config.json\n"
	                "[sink env]\ntype = file\npath = %s/registry.env\ncontent = "
	                "REGISTRY_PASSWORD={password}\n"
	                "on_change = /bin/false\n",
	                stage.dir, stage.dir);
	AUTO_FREE char *without = mem_dup(with);

	stage_put("jobs.d/web.conf", with);
	for (int i = 0; i < 2; i++) {
		(void)!stage_run(ROTATE_FORCE, &e);
		fake_service_pass(stage.service, 5 * DAY_MS);
	}
	*strstr(without, "[sink env]") = '\0';
	AUTO_FREE char *other =
		mem_fmt("%s[sink other]\ntype = file\npath = %s/other.env\n", without, stage.dir);
	stage_put("jobs.d/web.conf", other);
}

/* While it is being proven. */
static void taken_by_somebody_else(void)
{
	stage_due();
	stage.service->propagation_ms = 100000;
	stage.service->requests = 0;
	stage.service->taken_at = 12;
}

static void taken_again_and_again(void)
{
	stage_config("exclusive = yes\n");
	stage.service->taken_when_proven = true;
}

static void rotated_once(void)
{
	struct err e;

	delivered();
	CHECK(stage_run(ROTATE_FORCE, &e), "%s", e.text);
	fake_service_pass(stage.service, 5 * DAY_MS);
}

/* The slot that no sink held any more is in one again. */
static void restored_from_an_older_copy(void)
{
	struct err e;
	char old[FAKE_PASSWORD_MAX];

	delivered();
	stage_password(1, old);
	CHECK(stage_run(ROTATE_FORCE, &e), "%s", e.text);
	fake_service_pass(stage.service, DAY_MS);
	AUTO_FREE char *text = mem_fmt("REGISTRY_PASSWORD=%s\n", old);
	stage_put("registry.env", text);
}

static void exclusive_and_the_spare_foreign(void)
{
	spare_is_foreign();
	stage_config("exclusive = yes\n");
}

/* A delivery that was cut off, to a sink that then was taken out of the job. */
static void blocked_and_taken_out(void)
{
	struct err e;

	stage.broken = UNREADABLE;
	(void)!stage_run(0, &e);
	stage.broken = INTACT;
	AUTO_FREE char *job =
		mem_fmt("[job]\nregistry = contoso\nresource_group = rg\ntoken = web-pull\n[sink "
	                "docker]\ntype = docker\npath = %s/config.json\n"
	                "[sink other]\ntype = file\npath = %s/other.env\n",
	                stage.dir, stage.dir);
	stage_put("jobs.d/web.conf", job);
	fake_service_pass(stage.service, DAY_MS);
	(void)!stage_run(ROTATE_FORCE, &e);
	fake_service_pass(stage.service, 10 * DAY_MS);
}

static const struct row {
	const char *name;
	void (*set)(void);
	unsigned flags;
	enum err_kind kind; /* ERR_NONE: it is well */
	const char *says;
} rows[] = {
	{ "no subscription", without_a_subscription, 0, ERR_CONFIG, "no subscription" },
	{ "no subscription any more", delivered_then_without_a_subscription, ROTATE_FORCE,
	  ERR_CONFIG, "no subscription" },
	{ "a clock that is minutes off", clock_minutes_off, 0, ERR_NONE, "" },
	{ "a clock that is days off", clock_days_off, 0, ERR_LOCAL,
	  "the local clock is 48 hours behind" },
	{ "Azure takes its time to say there is no token", created_slowly, 0, ERR_TRANSIENT,
	  "too long to rely on it" },
	{ "a token that is never ready", created_never, 0, ERR_TRANSIENT, "within verify_timeout" },
	{ "a password that is never ready", generated_never, 0, ERR_TRANSIENT,
	  "within verify_timeout" },
	{ "somebody else creates the token, and does not end", somebody_else_creates, 0,
	  ERR_TRANSIENT, "PreconditionFailed" },
	{ "somebody else's clock is ahead", created_a_moment_ago, 0, ERR_NONE, "" },
	{ "created, and deleted", created_and_deleted, 0, ERR_MISSING, "existed and was deleted" },
	{ "a token that never becomes active", never_active, 0, ERR_REMOTE, "TokenNotActive" },
	{ "disabled between two looks", disabled_meanwhile, 0, ERR_DECISION, "is disabled" },
	{ "a password that never expires", granted_for_ever, 0, ERR_NONE, "" },
	{ "exclusive, but what is there works", foreign_and_working, 0, ERR_DECISION,
	  "may_replace" },
	{ "all foreign", all_foreign, 0, ERR_DECISION, "or, if nobody pulls with" },
	{ "revoke: nothing of ours", all_foreign, ROTATE_REVOKE, ERR_DECISION,
	  "nothing of this job is there to revoke" },
	{ "revoke: no password at all", no_slot, ROTATE_REVOKE, ERR_DECISION,
	  "there is nothing to revoke" },
	{ "revoke: the other slot is foreign", spare_is_foreign, ROTATE_REVOKE, ERR_DECISION,
	  "name it as well" },
	{ "revoke: both of ours", rotated_once, ROTATE_REVOKE, ERR_NONE, "" },
	{ "no sink can be read", unreadable, 0, ERR_LOCAL, "" },
	{ "a short life", a_short_life, 0, ERR_NONE, "" },
	{ "a hook that fails", long_ago_and_forgotten_hook, 0, ERR_HOOK,
	  "on_change '/bin/false' failed with status 1" },
	{ "overwritten at once", commits_are_lost, 0, ERR_LOCAL, "overwritten by another program" },
	{ "a sink that cannot be opened", cannot_be_opened, 0, ERR_LOCAL, "cannot be opened" },
	{ "all optional, none prepared", all_optional_and_none_prepared, 0, ERR_LOCAL,
	  "no sink could take the new password" },
	{ "all optional, none committed", all_optional_and_none_committed, 0, ERR_LOCAL,
	  "no sink took the new password" },
	{ "one cannot be read", one_cannot_be_read, ROTATE_FORCE, ERR_LOCAL, "registry.env" },
	{ "a revoke goes on", revoke_is_pending, 0, ERR_NONE, "" },
	{ "a revoke goes on, the spare is foreign", revoke_is_pending_and_the_spare_foreign, 0,
	  ERR_DECISION, "password2" },
	{ "a revoke goes on, the spare has expired", revoke_is_pending_and_the_spare_expired, 0,
	  ERR_NONE, "" },
	{ "a revoke goes on, nothing is deployed", revoke_is_pending_and_nothing_deployed, 0,
	  ERR_NONE, "" },
	{ "a remark of a sink's", a_remark, 0, ERR_NONE, "" },
	{ "an owed hook of a sink that went", hook_of_a_sink_that_went, ROTATE_FORCE, ERR_TRANSIENT,
	  "which was taken out of the job" },
	{ "taken while it was being proven", taken_by_somebody_else, 0, ERR_DECISION,
	  "not generated by this job" },
	{ "restored from an older copy", restored_from_an_older_copy, 0, ERR_NONE, "" },
	{ "taken again and again", taken_again_and_again, 0, ERR_TRANSIENT,
	  "while it was being proven" },
	{ "exclusive does not take what works", exclusive_and_the_spare_foreign, ROTATE_FORCE,
	  ERR_DECISION, "may_replace" },
	{ "a sink that was cut off, and taken out", blocked_and_taken_out, ROTATE_FORCE,
	  ERR_TRANSIENT, "was removed from the job" },
	{ "it led nowhere again and again", failing_for_long, 0, ERR_TRANSIENT, "" },
	{ "it led nowhere, and the end is near", failing_near_the_end, 0, ERR_TRANSIENT, "" },
};

static void each_says_why(void **state)
{
	int nothing = open("/dev/null", O_WRONLY | O_CLOEXEC),
	    errors = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct row *r = &rows[i];
		struct err e = ERR_INIT;
		stage.broken = INTACT;
		stage_empty();
		(void)dup2(nothing, STDERR_FILENO);
		r->set();
		bool ok = stage_run(r->flags, &e);
		(void)dup2(errors, STDERR_FILENO);
		CHECK(ok == (r->kind == ERR_NONE) && (ok || e.kind == r->kind), "%s: %d %s",
		      r->name, (int)e.kind, e.text);
		CHECK(ok || strstr(e.text, r->says) != NULL, "%s: %s", r->name, e.text);
		AUTO_FREE char *env = stage_path("registry.env");
		(void)rmdir(env);
	}
	(void)close(nothing);
	(void)close(errors);
}

/* States of a job that the last run did not fail in, by what is changed behind its back. */
static void a_sink_of_garbage(struct state *s)
{
	(void)s;
	stage_put("config.json", "garbage");
}

static void to_be_revoked(struct state *s)
{
	s->slot[ACR_SLOT_1].revoke = s->slot[ACR_SLOT_1].created;
}

static void with_a_lost_request(struct state *s)
{
	struct slot_memory *m = &s->slot[ACR_SLOT_2];

	m->intent = true;
	m->intent_since = stage.service->clock_ms / 1000 - 3600;
	m->asked_us = stage.service->clock_ms * 1000;
}

static void states_of_a_job(void **state)
{
	static const struct {
		void (*change)(struct state *s);
		enum job_state want;
	} cases[] = { { a_sink_of_garbage, JOB_FAILING },
		      { to_be_revoked, JOB_DUE },
		      { with_a_lost_request, JOB_OK } };
	AUTO_FREE char *conf = stage_path("acrotate.conf"), *dir = stage_path("state");

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		AUTO_JOB struct job *job = NULL;
		AUTO_STATE struct state s = { 0 };
		struct config *config;
		AUTO_STORE struct store *store = NULL;
		struct observation o;
		struct job_status is;
		struct err e = ERR_INIT;
		stage.broken = INTACT;
		stage_empty();
		delivered();
		CHECK(config_open(conf, &config, &e) && config_job(config, 0, &job, &e), "%s",
		      e.text);
		store = store_open(dir, NULL);
		CHECK(state_load(store, "web", &s, &e), "%s", e.text);
		cases[i].change(&s);
		CHECK(state_save(store, "web", &s, STORE_DURABLE, &e) &&
		              observe_open(store, job, &o, &e),
		      "%s", e.text);
		status_of(&o, stage.service->clock_ms / 1000, &is);
		CHECK(is.state == cases[i].want, "row %zu: %s", i, status_state_name(is.state));
		/* A run may not take it for one with nothing to do. */
		struct plan keep = { .action = PLAN_KEEP };
		CHECK(!observe_quiet(&o, &keep, stage.service->clock_ms / 1000), "row %zu", i);
		observe_close(&o);
		config_close(config);
	}
}

/* A job whose state cannot be read is one that fails, for whoever watches the figures. */
static void a_state_that_is_none(void **state)
{
	AUTO_FREE char *conf = stage_path("acrotate.conf"), *at = stage_path("state/web.state"),
		       *dir = stage_path("state"), *prom = stage_path("m.prom");
	const struct metrics_run run = { .at = 1 };
	struct config *config;
	AUTO_STORE struct store *store = NULL;
	struct err e = ERR_INIT;

	(void)state;
	stage.broken = INTACT;
	stage_empty();
	assert_int_equal(mkdir(at, 0700), 0);
	assert_false(stage_run(0, &e));
	assert_int_equal(e.kind, ERR_LOCAL);
	CHECK(config_open(conf, &config, &e), "%s", e.text);
	store = store_open(dir, NULL);
	struct metrics *m = metrics_new(2); /* of the second one nothing is known */
	metrics_put(m, 1, "other", NULL);
	metrics_fill(m, config, store, 1);
	CHECK(metrics_write(m, prom, &run, &e), "%s", e.text);
	AUTO_BUF struct buf text = BUF_INIT(65536);
	CHECK(fs_read(prom, 65536, &text, NULL, &e), "%s", e.text);
	assert_non_null(
		strstr(buf_cstr(&text), "acrotate_job_state{name=\"web\",state=\"failing\"} 1"));
	metrics_free(m);
	m = metrics_new(1); /* of none anything is known */
	CHECK(metrics_write(m, prom, &run, &e), "%s", e.text);
	metrics_free(m);
	config_close(config);
	(void)rmdir(at);
	/* Nor is a directory that cannot be made. */
	AUTO_FREE char *file = stage_path("file");
	stage_put("file", "");
	AUTO_FREE char *main =
		mem_fmt("[azure]\nsubscription = s\n[run]\nstate_dir = %s/below\n", file);
	stage_put("acrotate.conf", main);
	assert_false(stage_run(0, &e));
	assert_int_equal(e.kind, ERR_LOCAL);
	rotation_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(each_says_why),
		                            cmocka_unit_test(states_of_a_job),
		                            cmocka_unit_test(a_state_that_is_none) };

	return cmocka_run_group_tests(tests, stage_set, stage_strike);
}
