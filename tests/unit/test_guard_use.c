/* SPDX-License-Identifier: MIT */
/* What `acrotate token` does not kill, though no sink shows it as it should: what stands in a sink in
 * another form, what a follower had, and what the record of a renamed job tells. */
#include "base/fs.h"
#include "base/mem.h"
#include "check.h"
#include "fakes/sinks.h"
#include "fakes/token_play.h"
#include "rotate/state.h"

#define DAY      86400LL
#define START    1700000000LL /* of the rig's clock */
#define SECRET_1 "aPasswordOfSlotOne+ACR0123456789abcdefghijklmnopqrst"
#define SECRET_2 "aPasswordOfSlotTwo+ACR0123456789abcdefghijklmnopqrst"
#define ANOTHER  "aPasswordOfSomebody+ACR0123456789abcdefghijklmnopqrs"
#define CUT      "cut off who has what job 'old' delivered"
#define ID                                                                                         \
	"/subscriptions/S/resourceGroups/g1/providers/Microsoft.ContainerRegistry/registries/"     \
	"MyRegistry"

/* clang-format off */
static const struct row made[] = {
	{ "password1", { GENERATE, "--password1", "-o", "none", "--only-show-errors" },
	  { { HTTP_POST, "/generateCredentials", .status = 200, .answer = MADE } }, 0, "", NULL },
	{ "password2", { GENERATE, "--password2", "-o", "none", "--only-show-errors" },
	  { { HTTP_POST, "/generateCredentials", .status = 200, .answer = MADE_SECOND } }, 0, "", NULL },
};
/* clang-format on */

/* Which slots may be generated; what Azure is asked before that. `refusal` is said of the others. */
static void try_both(struct token_rig *rig, const char *what, const bool kills[2],
                     const struct fake_step *ahead, size_t n, const char *refusal)
{
	for (int slot = 0; slot < 2; slot++) {
		struct row row = made[slot];
		AUTO_FREE char *name = mem_fmt("%s: %s", what, row.name);
		row.name = name;
		memmove(row.step + n, row.step, sizeof(row.step[0]));
		memcpy(row.step, ahead, n * sizeof(row.step[0]));
		if (!kills[slot]) {
			row.step[n] = (struct fake_step){ 0 };
			row.exit = 1;
			row.err = refusal;
		}
		play(rig, &row);
	}
}

static void save(const struct token_rig *rig, const char *name, struct state *s)
{
	AUTO_FREE char *dir = mem_fmt("%s/state", rig->dir);
	AUTO_STORE struct store *store = store_open(dir, NULL);
	struct err e = ERR_INIT;

	CHECK(state_save(store, name, s, STORE_ATOMIC, &e), "%s", e.text);
}

static const struct fake_step known[] = { IDENTITY, DATED };

/* ---- in another form ------------------------------------------------------------------------- */

static void what_is_not_understood_may_be_either(void **state)
{
	static const struct {
		const char *what, *text;
		bool first, second,
			foreign; /* which prints are known; the first is not the newest */
		bool kills[2];
	} rows[] = {
		{ "no file", NULL, false, false, false, { true, true } },
		{ "an empty file", "", false, false, false, { true, true } },
		{ "no password", "# is = to come\n", false, false, false, { true, true } },
		{ "one in another form",
		  "PASSWORD: " ANOTHER "\n",
		  false,
		  false,
		  false,
		  { false, false } },
		{ "... and the first would be known",
		  "PASSWORD: " ANOTHER "\n",
		  true,
		  false,
		  false,
		  { true, false } },
		{ "... and both would be",
		  "PASSWORD: " ANOTHER "\n",
		  true,
		  true,
		  false,
		  { true, true } },
		{ "... and the first is another one",
		  "PASSWORD: " ANOTHER "\n",
		  true,
		  true,
		  true,
		  { false, true } },
		{ "the first in another form",
		  "PASSWORD: " SECRET_1 "\n",
		  true,
		  true,
		  false,
		  { false, true } },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO_STATE struct state s = { .login_server = mem_dup("myregistry.azurecr.io") };
		struct token_rig rig;
		token_rig_with_job(&rig);
		if (rows[i].text != NULL)
			token_rig_write(&rig, "secret", rows[i].text);
		s.slot[0].created = rows[i].first ? 100 : 0;
		s.slot[1].created = rows[i].second ? 200 : 0;
		s.slot[0].foreign_created = rows[i].foreign ? 300 : 0;
		s.slot[0].expires_us = rows[i].first ? (START + DAY) * 1000000 : 0;
		s.slot[1].expires_us = rows[i].second ? (START + DAY) * 1000000 : 0;
		if (rows[i].first)
			test_print(SECRET_1, &s.slot[0].print);
		if (rows[i].second)
			test_print(SECRET_2, &s.slot[1].print);
		save(&rig, "web", &s);
		try_both(&rig, rows[i].what, rows[i].kills, known, COUNT(known),
		         "cut off job 'web'");
		token_rig_close(&rig);
	}
}

/* ---- a follower ------------------------------------------------------------------------------ */

/* Its source and its sink have the second password; the first it had before. */
static void what_a_follower_had_is_left_its_grace(void **state)
{
	static const struct {
		const char *what;
		int said;
		int64_t left, expires;
		bool kills;
	} rows[] = {
		{ "a moment ago", 1, -60, 30 * DAY, false },
		{ "long ago", 1, -2 * DAY, 30 * DAY, true },
		{ "long ago, of a slot that is not known", 0, -2 * DAY, 30 * DAY, true },
		{ "a moment ago, of a slot that is not known", 0, -60, 30 * DAY, false },
		{ "a moment ago, and the same slot", 2, -60, 30 * DAY, true },
		{ "nobody saw it leave", 1, 0, 30 * DAY, false },
		{ "nobody saw it leave, and it has expired", 1, 0, -DAY, true },
		{ "nobody saw it leave, and nobody knows when it expires", 1, 0, 0, false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO_STATE struct state s = { .follows = mem_dup("file x"),
			                      .login_server = mem_dup("myregistry.azurecr.io") };
		const bool kills[2] = { rows[i].kills, false };
		struct token_rig rig;
		token_rig_with_job(&rig);
		AUTO_FREE char *job = mem_fmt(JOB, rig.dir),
			       *all = mem_fmt("%s[source]\ntype = file\npath = %s/source\n"
		                              "content = {password} {expires} {slot}\n",
		                              job, rig.dir);
		token_rig_write(&rig, "jobs.d/web.conf", all);
		token_rig_write(&rig, "source", SECRET_2 " 2030-01-01T00:00:00Z password2\n");
		token_rig_write(&rig, "secret", SECRET_2 "\n");
		s.slot[0] = (struct slot_memory){
			.created = 100,
			.delivered = true,
			.said = rows[i].said,
			.left = rows[i].left == 0 ? 0 : START + rows[i].left,
			.expires_us = rows[i].expires == 0 ? 0 : (START + rows[i].expires) * 1000000
		};
		s.slot[1] = (struct slot_memory){ .created = 200, .delivered = true, .said = 2 };
		test_print(SECRET_1, &s.slot[0].print);
		test_print(SECRET_2, &s.slot[1].print);
		save(&rig, "web", &s);
		try_both(&rig, rows[i].what, kills, known, COUNT(known), "let its rotator");
		token_rig_close(&rig);
	}
}

/* ---- what jobs have left behind -------------------------------------------------------------- */

static const struct left_row {
	const char *what, *token, *registry, *server;
	struct slot_memory first;
	bool hook_owed;
	/* the first slot: may it be generated, if a job is on the token, and if none is; is Azure's
	 * clock asked for then? */
	bool kills, kills_alone, asks_alone;
	const char *says;
} lefts[] = {
	{ "delivered", "mytoken", ID, NULL, { .delivered = true }, false, false, false, true, CUT },
	{ "delivered, in other letters",
	  "MYTOKEN",
	  NULL,
	  "myregistry.azurecr.io",
	  { .delivered = true },
	  false,
	  false,
	  false,
	  true,
	  CUT },
	{ "never delivered",
	  "mytoken",
	  ID,
	  NULL,
	  { .delivered = false },
	  false,
	  true,
	  true,
	  true,
	  CUT },
	{ "of another token",
	  "other",
	  ID,
	  NULL,
	  { .delivered = true },
	  false,
	  true,
	  true,
	  false,
	  CUT },
	{ "of another registry",
	  "mytoken",
	  ID "s",
	  NULL,
	  { .delivered = true },
	  false,
	  true,
	  true,
	  false,
	  CUT },
	{ "of another server",
	  "mytoken",
	  NULL,
	  "other.azurecr.io",
	  { .delivered = true },
	  false,
	  true,
	  true,
	  false,
	  CUT },
	/* what grace it had nobody knows any more */
	{ "left long ago",
	  "mytoken",
	  ID,
	  NULL,
	  { .delivered = true, .left = START - 2 * DAY },
	  false,
	  true,
	  false,
	  true,
	  CUT },
	{ "left long ago, and a hook is owed",
	  "mytoken",
	  ID,
	  NULL,
	  { .delivered = true, .left = START - 2 * DAY },
	  true,
	  false,
	  false,
	  true,
	  CUT },
	{ "left a moment ago",
	  "mytoken",
	  ID,
	  NULL,
	  { .delivered = true, .left = START - 60 },
	  false,
	  false,
	  false,
	  true,
	  CUT },
	{ "gone",
	  "mytoken",
	  ID,
	  NULL,
	  { .delivered = true, .gone = true },
	  false,
	  true,
	  true,
	  true,
	  CUT },
	{ "a request that may act",
	  "mytoken",
	  ID,
	  NULL,
	  { .intent = true, .intent_since = START - 9, .abandoned = START - 9 },
	  false,
	  false,
	  false,
	  true,
	  "job 'old': what it has asked for may still act before "
	  "2023-11-14T22:23:11Z" },
	{ "a request of a killed run",
	  "mytoken",
	  ID,
	  NULL,
	  { .intent = true, .intent_since = START - 9 },
	  false,
	  false,
	  false,
	  true,
	  "may still act before 2023-11-14T22:23:20Z" },
};

static void save_left(const struct token_rig *rig, const struct left_row *r)
{
	AUTO_STATE struct state s = { .token = mem_dup(r->token),
		                      .job = mem_dup("old"),
		                      .registry = mem_dup(r->registry),
		                      .login_server = mem_dup(r->server),
		                      .job_hook_owed = r->hook_owed };

	s.slot[0] = r->first;
	s.slot[0].created = 100;
	s.slot[0].expires_us = (START + 30 * DAY) * 1000000;
	save(rig, "old", &s);
}

static void who_has_what_a_renamed_job_delivered_is_not_cut_off(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(lefts); i++) {
		AUTO_STATE struct state s = { .login_server = mem_dup("myregistry.azurecr.io") };
		const bool kills[2] = { lefts[i].kills, true };
		struct token_rig rig;
		token_rig_with_job(&rig);
		save(&rig, "web", &s);
		save_left(&rig, &lefts[i]);
		try_both(&rig, lefts[i].what, kills, known, COUNT(known), lefts[i].says);
		token_rig_close(&rig);
	}
}

static void no_job(struct token_rig *rig)
{
	token_rig_open(rig);
}

static void job_on_another_token(struct token_rig *rig)
{
	token_rig_with_job(rig);
	AUTO_FREE char *from = mem_fmt("%s/jobs.d/web.conf", rig->dir),
		       *job = mem_fmt("[job]\nregistry = myregistry.azurecr.io\ntoken = other\n"
	                              "[sink f]\ntype = file\npath = %s/secret\n",
	                              rig->dir);
	assert_int_equal(unlink(from), 0);
	token_rig_write(rig, "jobs.d/old.conf", job);
}

/* Removed, or on another token by now. */
static void nor_is_who_has_that_of_one_that_has_left(void **state)
{
	static void (*const open[])(struct token_rig * rig) = { no_job, job_on_another_token };

	(void)state;
	for (size_t i = 0; i < COUNT(open) * COUNT(lefts); i++) {
		const struct left_row *l = &lefts[i / COUNT(open)];
		const bool kills[2] = { l->kills_alone, true };
		struct token_rig rig;
		open[i % COUNT(open)](&rig);
		save_left(&rig, l);
		try_both(&rig, l->what, kills, known, l->asks_alone ? 2 : 1, l->says);
		token_rig_close(&rig);
	}
}

/* Azure says that there is no token, and a job has delivered a password of it. */
static void a_token_in_use_is_not_made_anew(void **state)
{
	/* clang-format off */
	static const struct row rows[] = {
		{ "create, in use", { CREATE, "--no-passwords" },
		  { IDENTITY, { HTTP_GET, "/tokens/mytoken", .status = 404, .headers = { NOW },
		    .answer = MISSING } }, 1, "", "token 'mytoken' does not exist, but job 'web' has delivered" },
		{ "create, forced", { CREATE, "--no-passwords", "--force", "-o", "none", "--only-show-errors" },
		  { IDENTITY, { HTTP_GET, "/tokens/mytoken", .status = 404, .headers = { NOW },
		    .answer = MISSING }, { HTTP_PUT, "/tokens/mytoken", .status = 200,
		    .answer = TOKEN("Succeeded") } }, 0, "", NULL },
	};
	/* clang-format on */

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO_STATE struct state s = { .login_server = mem_dup("myregistry.azurecr.io") };
		struct token_rig rig;
		token_rig_with_job(&rig);
		s.slot[0] = (struct slot_memory){ .created = 100,
			                          .expires_us = (START + 30 * DAY) * 1000000,
			                          .delivered = true };
		save(&rig, "web", &s);
		play(&rig, &rows[i]);
		token_rig_close(&rig);
	}
}

/* What the job has saved of it counts for the next run, which looks no further. */
static void a_new_record_has_the_requests_of_the_old_one(void **state)
{
	/* clang-format off */
	static const struct row forced = { "forced",
		{ GENERATE, "--password1", "--force", "-o", "none", "--only-show-errors" },
		{ IDENTITY, DATED, { HTTP_POST, "/generateCredentials", .status = 200, .answer = MADE } },
		0, "", NULL };
	static const struct left_row old = { "", "mytoken", ID, NULL,
		{ .intent = true, .intent_since = START - 9, .abandoned = START - 8 }, false, false,
		false, true, NULL };
	/* clang-format on */
	AUTO_STATE struct state s = { 0 };
	AUTO_STORE struct store *store = NULL;
	struct token_rig rig;
	struct err e = ERR_INIT;

	(void)state;
	token_rig_with_job(&rig);
	save_left(&rig, &old);
	play(&rig, &forced);
	AUTO_FREE char *dir = mem_fmt("%s/state", rig.dir);
	store = store_open(dir, NULL);
	CHECK(state_load(store, "web", &s, &e) && !s.missing, "%s", e.text);
	CHECK(s.slot[0].intent && s.slot[0].abandoned == START - 8, "it is not in it");
	CHECK(!s.slot[1].intent, "nor is another");
	CHECK(s.n_sinks == 0, "it has not run yet");
	token_rig_close(&rig);
}

static void forced_or_unreadable_it_is_not_asked(void **state)
{
	static const struct row forced = {
		"forced",
		{ GENERATE, "--password1", "--force", "-o", "none", "--only-show-errors" },
		{ IDENTITY, { HTTP_POST, "/generateCredentials", .status = 200, .answer = MADE } },
		0,
		"",
		NULL
	};
	static const bool yes[2] = { true, true };
	struct token_rig rig;

	(void)state;
	token_rig_open(&rig);
	save_left(&rig, &lefts[0]);
	play(&rig, &forced);
	token_rig_close(&rig);
	token_rig_open(&rig);
	token_rig_write(&rig, "state", "no directory");
	try_both(&rig, "no store", yes, known, 1, "");
	token_rig_close(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_not_understood_may_be_either),
		cmocka_unit_test(what_a_follower_had_is_left_its_grace),
		cmocka_unit_test(who_has_what_a_renamed_job_delivered_is_not_cut_off),
		cmocka_unit_test(nor_is_who_has_that_of_one_that_has_left),
		cmocka_unit_test(a_token_in_use_is_not_made_anew),
		cmocka_unit_test(a_new_record_has_the_requests_of_the_old_one),
		cmocka_unit_test(forced_or_unreadable_it_is_not_asked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
