/* SPDX-License-Identifier: MIT */
/* What the sinks of a local job and their readers have is not killed by `acrotate token` without
 * --force. */
#include "base/fs.h"
#include "base/mem.h"
#include "base/secret.h"
#include "check.h"
#include "fakes/sinks.h"
#include "fakes/token_play.h"
#include "rotate/state.h"

#define DAY      86400LL
#define START    1700000000LL /* of the rig's clock */
#define SECRET_1 "aPasswordOfSlotOne+ACR0123456789abcdefghijklmnopqrst"
#define SECRET_2 "aPasswordOfSlotTwo+ACR0123456789abcdefghijklmnopqrst"

/* Both passwords are ours and were delivered; the sink holds the second. `left`: since when
 * nobody holds the first. */
static const struct use_row {
	const char *what, *held;
	int64_t left, expires; /* of password1, from now */
	int64_t ahead;         /* this machine's clock, of Azure's */
	bool timeless;         /* Azure does not say what time it is */
	bool undelivered, gone, sink_hook, job_hook, unknown, unmarked /* password2 */;
	bool kills[2]; /* which slots may be generated */
} uses[] = {
	{ .what = "held", .held = SECRET_1, .expires = 30 * DAY, .kills = { false, false } },
	{ .what = "held, though no delivery was recorded",
	  .held = SECRET_2,
	  .left = -2 * DAY,
	  .expires = 30 * DAY,
	  .unmarked = true,
	  .kills = { true, false } },
	{ .what = "left long ago",
	  .held = SECRET_2,
	  .left = -2 * DAY,
	  .expires = 30 * DAY,
	  .kills = { true, false } },
	{ .what = "left within grace",
	  .held = SECRET_2,
	  .left = -DAY + 1,
	  .expires = 30 * DAY,
	  .kills = { false, false } },
	{ .what = "left within grace, if the seconds were cut off",
	  .held = SECRET_2,
	  .left = -DAY,
	  .expires = 30 * DAY,
	  .kills = { false, false } },
	{ .what = "left when grace ends",
	  .held = SECRET_2,
	  .left = -DAY - 1,
	  .expires = 30 * DAY,
	  .kills = { true, false } },
	{ .what = "left within grace by Azure's clock alone",
	  .held = SECRET_2,
	  .left = -DAY + 60,
	  .expires = 30 * DAY,
	  .ahead = 120,
	  .kills = { false, false } },
	{ .what = "left when grace ends by Azure's clock alone",
	  .held = SECRET_2,
	  .left = -DAY - 1,
	  .expires = 30 * DAY,
	  .ahead = -120,
	  .kills = { true, false } },
	{ .what = "left long ago, by clocks that are a quarter of grace apart",
	  .held = SECRET_2,
	  .left = -2 * DAY,
	  .expires = 30 * DAY,
	  .ahead = DAY / 4,
	  .kills = { true, false } },
	{ .what = "left long ago, by a clock that is ahead",
	  .held = SECRET_2,
	  .left = -2 * DAY,
	  .expires = 30 * DAY,
	  .ahead = DAY / 4 + 1,
	  .kills = { false, false } },
	{ .what = "left long ago, by a clock that is behind",
	  .held = SECRET_2,
	  .left = -2 * DAY,
	  .expires = 30 * DAY,
	  .ahead = -DAY / 4 - 1,
	  .kills = { false, false } },
	{ .what = "expired, by a clock that is ahead",
	  .held = SECRET_2,
	  .left = -2 * DAY,
	  .expires = DAY,
	  .ahead = 2 * DAY,
	  .kills = { false, false } },
	{ .what = "expired by Azure's clock, and one that is behind",
	  .held = SECRET_2,
	  .expires = -DAY,
	  .ahead = -2 * DAY,
	  .kills = { true, false } },
	{ .what = "left long ago, by one clock",
	  .held = SECRET_2,
	  .left = -2 * DAY,
	  .expires = 30 * DAY,
	  .timeless = true,
	  .kills = { false, false } },
	{ .what = "nobody saw it leave",
	  .held = SECRET_2,
	  .expires = 30 * DAY,
	  .kills = { false, false } },
	{ .what = "left in the future: a clock was wrong",
	  .held = SECRET_2,
	  .left = 5,
	  .expires = 30 * DAY,
	  .kills = { false, false } },
	{ .what = "left long ago, the sink's hook is owed",
	  .held = SECRET_2,
	  .left = -2 * DAY,
	  .expires = 30 * DAY,
	  .sink_hook = true,
	  .kills = { false, false } },
	{ .what = "left long ago, the job's hook is owed",
	  .held = SECRET_2,
	  .left = -2 * DAY,
	  .expires = 30 * DAY,
	  .job_hook = true,
	  .kills = { false, false } },
	{ .what = "never delivered",
	  .held = SECRET_2,
	  .expires = 30 * DAY,
	  .undelivered = true,
	  .kills = { true, false } },
	{ .what = "gone",
	  .held = SECRET_2,
	  .expires = 30 * DAY,
	  .gone = true,
	  .kills = { true, false } },
	{ .what = "expired long ago", .held = SECRET_2, .expires = -DAY, .kills = { true, false } },
	{ .what = "expired by this machine's clock alone",
	  .held = SECRET_2,
	  .expires = -299,
	  .kills = { false, false } },
	{ .what = "expired by every clock",
	  .held = SECRET_2,
	  .expires = -300,
	  .kills = { true, false } },
	{ .what = "a sink that cannot be read, and had the second",
	  .held = NULL,
	  .left = -2 * DAY,
	  .expires = 30 * DAY,
	  .kills = { true, false } },
	{ .what = "a sink that cannot be read, of which nothing is known",
	  .held = NULL,
	  .left = -2 * DAY,
	  .expires = 30 * DAY,
	  .unknown = true,
	  .kills = { false, false } },
};

static void save_uses(const struct token_rig *rig, const struct use_row *r)
{
	AUTO_STATE struct state s = { .job_hook_owed = r->job_hook };
	AUTO_FREE char *dir = mem_fmt("%s/state", rig->dir),
		       *place = mem_fmt("file:%s/secret", rig->dir);
	AUTO_STORE struct store *store = NULL;
	struct err e = ERR_INIT;

	s.login_server = mem_dup("myregistry.azurecr.io");
	s.slot[0] = (struct slot_memory){ .created = 100,
		                          .expires_us = (START + r->expires) * 1000000,
		                          .delivered = !r->undelivered,
		                          .gone = r->gone,
		                          .left = r->left == 0 ? 0 : START + r->left };
	s.slot[1] = (struct slot_memory){ .created = 200,
		                          .expires_us = (START + 80 * DAY) * 1000000,
		                          .delivered = !r->unmarked };
	test_print(SECRET_1, &s.slot[0].print);
	test_print(SECRET_2, &s.slot[1].print);
	struct sink_memory *m = state_sink(&s, "f", place);
	m->may_hold[ACR_SLOT_2] = r->unknown ? 0 : 200;
	m->hook_owed = r->sink_hook;
	store = store_open(dir, NULL);
	CHECK(state_save(store, "web", &s, STORE_ATOMIC, &e), "%s", e.text);
}

static void who_uses_it_is_not_cut_off(void **state)
{
	static const struct row refused[] = {
		{ "password1",
		  { GENERATE, "--password1" },
		  { IDENTITY, DATED },
		  1,
		  "",
		  "this would cut off job 'web'" },
		{ "password2",
		  { GENERATE, "--password2" },
		  { IDENTITY, DATED },
		  1,
		  "",
		  "this would cut off job 'web'" },
	};
	/* clang-format off */
	static const struct row allowed[] = {
		{ "password1", { GENERATE, "--password1", "-o", "none",
		  "--only-show-errors" },
		  { IDENTITY, DATED, { HTTP_POST, "/generateCredentials", .status = 200,
		  .answer = MADE } }, 0, "", NULL },
		{ "password2", { GENERATE, "--password2", "-o", "none",
		  "--only-show-errors" },
		  { IDENTITY, DATED, { HTTP_POST, "/generateCredentials", .status = 200,
		                .answer = "{\"username\":\"mytoken\",\"passwords\":[{\"name\":\"password2\",\"value\":\"SECRET-TWO\"}]}" } }, 0, "", NULL },
	};
	/* clang-format on */

	(void)state;
	for (size_t i = 0; i < COUNT(uses); i++) {
		struct token_rig rig;
		struct err e = ERR_INIT;
		token_rig_open(&rig);
		AUTO_FREE char *jobs = mem_fmt("%s/jobs.d", rig.dir), *job = mem_fmt(JOB, rig.dir),
			       *secret = mem_fmt("%s/secret", rig.dir);
		CHECK(fs_make_dir(jobs, &e) && (uses[i].held != NULL || fs_make_dir(secret, &e)),
		      "%s", e.text);
		token_rig_write(&rig, "jobs.d/web.conf", job);
		AUTO_FREE char *line = mem_fmt("%s\n", uses[i].held != NULL ? uses[i].held : "");
		if (uses[i].held != NULL)
			token_rig_write(&rig, "secret", line);
		for (int slot = 0; slot < 2; slot++) {
			struct row row = uses[i].kills[slot] ? allowed[slot] : refused[slot];
			AUTO_FREE char *name = mem_fmt("%s: %s", uses[i].what, row.name);
			row.name = name;
			rig.env.wall_ms = (FAKE_ENV_START + uses[i].ahead) * 1000;
			if (uses[i].timeless)
				row.step[1].headers[0] = NULL;
			save_uses(&rig, &uses[i]);
			play(&rig, &row);
		}
		token_rig_close(&rig);
	}
}

/* A job that follows the token does not rotate it, and may not know of which slot its password
 * is. */
static void what_a_follower_holds_is_not_killed(void **state)
{
	static const struct {
		const char *source; /* what it has; the sink has the password of before */
		bool kills[2];
	} rows[] = {
		{ SECRET_1 " 2030-01-01T00:00:00Z password1\n", { false, true } },
		{ SECRET_1 " 2030-01-01T00:00:00Z password2\n", { true, false } },
		{ SECRET_1 " never unknown\n", { false, false } },
		{ SECRET_2 " 2030-01-01T00:00:00Z password2\n", { false, false } },
	};
	static const struct row refused[] = {
		{ "password1",
		  { GENERATE, "--password1" },
		  { IDENTITY, DATED },
		  1,
		  "",
		  "let its rotator" },
		{ "password2",
		  { GENERATE, "--password2" },
		  { IDENTITY, DATED },
		  1,
		  "",
		  "let its rotator" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct token_rig rig;
		struct err e = ERR_INIT;
		token_rig_open(&rig);
		AUTO_FREE char *jobs = mem_fmt("%s/jobs.d", rig.dir), *sink = mem_fmt(JOB, rig.dir);
		AUTO_FREE char *job = mem_fmt("%s[source]\ntype = file\npath = %s/source\n"
		                              "content = {password} {expires} {slot}\n",
		                              sink, rig.dir);
		assert_true(fs_make_dir(jobs, &e));
		token_rig_write(&rig, "jobs.d/web.conf", job);
		token_rig_write(&rig, "source", rows[i].source);
		token_rig_write(&rig, "secret", SECRET_1 "\n");
		for (int slot = 0; slot < 2; slot++)
			if (!rows[i].kills[slot])
				play(&rig, &refused[slot]);
		token_rig_close(&rig);
	}
}

/* A job that cannot be read may be the one. */
static void a_job_that_cannot_be_read_may_use_it(void **state)
{
	static const struct row refused = { "a broken job",
		                            { GENERATE, "--password1" },
		                            { { 0 } },
		                            1,
		                            "",
		                            "cannot tell whether job 'web' uses this token" };
	static const struct row allowed = {
		"a broken job, with --force",
		{ GENERATE, "--password1", "--force", "-o", "none", "--only-show-errors" },
		{ IDENTITY, { HTTP_POST, "/generateCredentials", .status = 200, .answer = MADE } },
		0,
		"",
		NULL
	};
	struct token_rig rig;
	struct err e = ERR_INIT;

	(void)state;
	token_rig_open(&rig);
	AUTO_FREE char *jobs = mem_fmt("%s/jobs.d", rig.dir);
	assert_true(fs_make_dir(jobs, &e));
	token_rig_write(&rig, "jobs.d/web.conf", "[job]\nno such line\n");
	play(&rig, &refused);
	play(&rig, &allowed);
	token_rig_close(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_uses_it_is_not_cut_off),
		cmocka_unit_test(what_a_follower_holds_is_not_killed),
		cmocka_unit_test(a_job_that_cannot_be_read_may_use_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
