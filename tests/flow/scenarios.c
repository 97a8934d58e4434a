/* SPDX-License-Identifier: MIT */
/* How the stage can be set. */
#include "check.h"

#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "rotate/rotation.h"
#include "stage.h"

static void must_run(unsigned flags)
{
	struct err e;

	if (!stage_run(flags, &e))
		fail_msg("setting the stage: %s", e.text);
}

/* ---- scenarios ------------------------------------------------------------------------------- */

static void nothing_yet(void)
{
}

static void delivered_once(void)
{
	must_run(0);
	fake_service_pass(stage.service, 40 * DAY_MS);
}

void stage_due(void)
{
	must_run(0);
	fake_service_pass(stage.service, 61 * DAY_MS);
	must_run(0);
	fake_service_pass(stage.service, 62 * DAY_MS);
}

static void edited(void)
{
	must_run(0);
	fake_service_pass(stage.service, 2 * DAY_MS);
	must_run(ROTATE_FORCE);
	stage_put("registry.env", "REGISTRY_PASSWORD=put-there-by-hand\n");
	fake_service_pass(stage.service, 2 * DAY_MS);
}

static void foreign_and_permitted(void)
{
	char created[STR_TIME_MAX];

	stage_due();
	/* The spare is the one that the sinks do not hold. */
	char held[FAKE_PASSWORD_MAX];
	stage_password(0, held);
	int spare = strcmp(stage.service->slot[0].password, held) == 0;
	fake_service_generate(stage.service, spare, "");
	str_from_ticks(stage.service->slot[spare].created, created);
	AUTO_FREE char *line = mem_fmt("may_replace = password%d@%s\n", spare + 1, created);
	stage_config(line);
}

static void loses_a_reply(void)
{
	stage_due();
	stage.service->lose_replies = 1;
}

static void acts_late(void)
{
	stage_due();
	stage.service->late_requests = 1;
	stage.service->late_ms = 20000;
}

static void loses_replies_at_first(void)
{
	stage.service->lose_replies = 2;
}

static void to_be_created(void)
{
	stage.service->missing = true;
	stage_config("create = yes\nrepository = web content/read metadata/read content/read\n");
}

static void created_slowly(void)
{
	to_be_created();
	stage.service->creating = 2;
}

static void created_and_the_answer_lost(void)
{
	to_be_created();
	stage.service->lose_puts = 1;
}

static void created_late(void)
{
	to_be_created();
	stage.service->late_puts = 1;
	stage.service->late_ms = 45000;
}

/* As late as any request of which nothing was heard. */
static void created_very_late(void)
{
	created_late();
	stage.service->late_ms = 590000;
}

static void wiped(void)
{
	delivered_once();
	fake_service_wipe(stage.service);
}

static void with_a_hook(void)
{
	AUTO_FREE char *line = mem_fmt("on_change = /usr/bin/touch %s/told\n", stage.dir);

	stage_due();
	stage_config(line);
}

static void reimaged(void)
{
	stage_due();
	for (int i = 0; stage_file(i) != NULL; i++) {
		AUTO_FREE char *path = stage_path(stage_file(i));
		(void)unlink(path);
	}
	stage_config("exclusive = yes\n");
}

/* ---- a follower: somebody else generates ----------------------------------------------------- */

static void rotated_elsewhere(int slot)
{
	char expires[STR_TIME_MAX];

	str_from_time(stage.service->clock_ms / 1000 + 90 * 86400, expires);
	fake_service_generate(stage.service, slot, expires);
	stage_source(slot);
}

static void followed_once(void)
{
	stage_follower("");
	rotated_elsewhere(0);
	must_run(0);
	fake_service_pass(stage.service, 60 * DAY_MS);
}

static void follows_first(void)
{
	stage_follower("");
	rotated_elsewhere(0);
}

static void follows_newer(void)
{
	followed_once();
	rotated_elsewhere(1);
}

static void follows_with_a_hook(void)
{
	follows_newer();
	AUTO_FREE char *told = stage_path("told");
	AUTO_FREE char *line = mem_fmt("on_change = /usr/bin/touch %s\n", told);
	stage_follower(line);
}

static void follows_edited(void)
{
	follows_newer();
	must_run(0);
	stage_put("registry.env", "REGISTRY_PASSWORD=put-there-by-hand\n");
}

/* The source was restored to what works yet, and what is deployed is dead. */
static void follows_back(void)
{
	follows_newer();
	must_run(0);
	stage_source(0);
	fake_service_generate(stage.service, 1, "");
}

static void follows_dry(void)
{
	follows_newer();
}

/* clang-format off */
static const struct scenario scenarios[] = {
	{ .name = "first delivery", .set = nothing_yet, .due = 1 },
	{ .name = "first delivery, replies lost", .set = loses_replies_at_first, .due = 3 },
	{ .name = "rotation", .set = stage_due, .due = 1 },
	{ .name = "rotation, forced", .set = delivered_once, .flags = ROTATE_FORCE, .due = 1 },
	{ .name = "rotation, the reply is lost", .set = loses_a_reply, .due = 2 },
	{ .name = "rotation, the request acts late", .set = acts_late, .due = 2 },
	{ .name = "the token is created", .set = to_be_created, .due = 1 },
	{ .name = "the token is created slowly", .set = created_slowly, .due = 1 },
	{ .name = "created, the answer is lost", .set = created_and_the_answer_lost, .due = 1 },
	{ .name = "created 45 s late", .set = created_late, .due = 1 },
	{ .name = "created ten minutes late", .set = created_very_late, .due = 1 },
	{ .name = "rotation, a sink fails", .set = stage_due, .due = 1, .broken = FAILING_SINK },
	{ .name = "first delivery, a sink's trial fails", .set = nothing_yet, .due = 1,
	  .broken = FAILING_TRIAL },
	{ .name = "rotation, then the state is lost", .set = stage_due, .due = 1,
	  .state_lost = true },
	{ .name = "rotation with a hook", .set = with_a_hook, .due = 1, .hook = true },
	{ .name = "heal", .set = edited, .due = 0 },
	{ .name = "foreign slot with may_replace", .set = foreign_and_permitted, .due = 1 },
	{ .name = "wiped by a redeployment", .set = wiped, .due = 1 },
	{ .name = "a reimaged node, exclusive", .set = reimaged, .due = 1 },
	{ .name = "a follower's first", .set = follows_first },
	{ .name = "a follower, a newer one", .set = follows_newer },
	{ .name = "a follower with a hook", .set = follows_with_a_hook, .hook = true },
	{ .name = "a follower's sink was edited", .set = follows_edited },
	{ .name = "a follower goes back from a dead one", .set = follows_back },
};
/* clang-format on */

const struct scenario *stage_scenario(size_t i)
{
	return i < COUNT(scenarios) ? &scenarios[i] : NULL;
}

/* ---- more, for the tests of errors ----------------------------------------------------------- */

static void generated_slowly(void)
{
	stage_due();
	stage.service->generating = 2;
}

static void with_a_scope_map(void)
{
	stage.service->missing = true;
	stage_config("create = yes\nscope_map = _repositories_pull\n");
}

static void verify_wait(void)
{
	stage_due();
	stage_config("verify = wait 10s\n");
}

/* Both slots are foreign, and the sinks hold passwords that nobody knows. */
static void restored_and_exclusive(void)
{
	AUTO_FREE char *state = stage_path("state/web.state");

	stage_due();
	(void)unlink(state);
	fake_service_generate(stage.service, 0, "");
	fake_service_generate(stage.service, 1, "");
	stage_put("registry.env", "REGISTRY_PASSWORD=put-there-by-hand\n");
	stage_config("exclusive = yes\n");
}

static void verify_due_soon(void)
{
	must_run(0);
	fake_service_pass(stage.service, 8 * DAY_MS);
}

static void without_a_group(void)
{
	stage_config_without_group("");
}

static void moved_to_another_group(void)
{
	stage_config_without_group("");
	must_run(0);
	fake_service_pass(stage.service, 62 * DAY_MS);
	stage.service->group = "elsewhere";
}

/* A sink failed in the run before: something may be left beside it. */
static void behind_a_run_that_left_something(void)
{
	struct err e;

	stage_due();
	stage.broken = FAILING_SINK;
	(void)!stage_run(0, &e);
	stage.broken = INTACT;
	fake_service_pass(stage.service, 2 * DAY_MS);
}

static void with_a_state_that_is_garbage(void)
{
	stage_put("state/web.state", "garbage\n");
}

/* Both its names for the token are in the reply, but the registry has never heard of the
 * password. */
static void refused_by_the_registry(void)
{
	verify_due_soon();
	for (int i = 0; i < 2; i++)
		stage.service->slot[i].accepted_ms = INT64_MAX;
}

static void refused_and_long_not_inspected(void)
{
	stage_config("inspect_every = 60d\n");
	refused_by_the_registry();
}

static void slowly(void)
{
	stage_due();
	stage.service->latency_ms = 6000;
	stage.service->generating = 1;
}

static void with_the_id_of_a_scope_map(void)
{
	stage.service->missing = true;
	stage_config("create = yes\nscope_map = "
	             "/subscriptions/sub/resourceGroups/rg/providers/Microsoft.ContainerRegistry/"
	             "registries/contoso/"
	             "scopeMaps/mine\n");
}

/* clang-format off */
static const struct scenario of_errors[] = {
	{ .name = "rotation, generated slowly", .set = generated_slowly, .due = 1 },
	{ .name = "created with a scope map", .set = with_a_scope_map, .due = 1 },
	{ .name = "rotation, verify = wait", .set = verify_wait, .due = 1 },
	{ .name = "a registry to be found", .set = without_a_group, .due = 1 },
	{ .name = "a registry that moved", .set = moved_to_another_group, .due = 1 },
	{ .name = "something was left", .set = behind_a_run_that_left_something, .due = 1 },
	{ .name = "a state of garbage", .set = with_a_state_that_is_garbage, .due = 1 },
	{ .name = "refused by the registry", .set = refused_by_the_registry, .due = 1 },
	{ .name = "refused by the registry, only asked", .set = refused_by_the_registry,
	  .flags = ROTATE_DRY_RUN | ROTATE_ASK, .due = 1 },
	{ .name = "refused, and long not inspected", .set = refused_and_long_not_inspected,
	  .due = 1 },
	{ .name = "a slow service", .set = slowly, .due = 1 },
	{ .name = "created with the id of a scope map", .set = with_the_id_of_a_scope_map,
	  .due = 1 },
	{ .name = "restored, exclusive", .set = restored_and_exclusive, .due = 1 },
	{ .name = "to be verified", .set = verify_due_soon, .due = 0 },
	{ .name = "revoked", .set = delivered_once, .flags = ROTATE_REVOKE, .due = 2 },
	{ .name = "revoked now", .set = delivered_once, .flags = ROTATE_REVOKE | ROTATE_REVOKE_NOW,
	  .due = 2 },
	{ .name = "a follower, dry", .set = follows_dry, .flags = ROTATE_DRY_RUN | ROTATE_ASK },
	{ .name = "dry", .set = stage_due, .flags = ROTATE_DRY_RUN | ROTATE_ASK, .due = 1 },
};
/* clang-format on */

const struct scenario *stage_scenario_of_errors(size_t i)
{
	return i < COUNT(of_errors) ? &of_errors[i] : NULL;
}
