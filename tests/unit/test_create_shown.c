/* SPDX-License-Identifier: MIT */
/* Azure says that a token does not exist, and a sink of the job shows a password. See
 * fakes/rotation_rig.h. */
#include "check.h"

#include "base/err.h"
#include "fakes/rotation_rig.h"

static void stage(void)
{
	static char scope_map[] = "mine";

	rig_stage();
	rig.service.missing = true;
	rig.job.policy.create = true;
	rig.job.scope_map = scope_map;
}

/* ERR_NONE, and the text does not matter: it is well. */
static void hold(const char *one, const char *two)
{
	(void)snprintf(rig.memory[0].held, sizeof(rig.memory[0].held), "%s", one);
	(void)snprintf(rig.memory[1].held, sizeof(rig.memory[1].held), "%s", two);
}

static void same_in_both(void)
{
	hold(rig.service.slot[0].password, rig.service.slot[0].password);
}

static void in_the_second(void)
{
	hold("of-another-time", rig.service.slot[0].password);
}

static void dead_in_both(void)
{
	hold("of-another-time", "of-another-time");
}

static void nobody_is_asked(void)
{
	dead_in_both();
	rig.job.policy.verify_wait = 1;
}

static void nobody_is_asked_and_none_is_shown(void)
{
	rig.job.policy.verify_wait = 1;
}

static void unreadable(void)
{
	rig.memory[0].unreadable = true;
}

static void logins_fail(void)
{
	dead_in_both();
	rig.service.fault = (struct fake_fault){
		.what = FAKE_CUT, .at = 1, .stays = true, .only = "contoso.azurecr.io"
	};
}

/* Azure says for a while that the token is not there, and the record was lost. */
static void what_works_keeps_the_token_from_being_made(void **state)
{
	/* clang-format off */
	static const struct { const char *what; void (*set)(void); enum err_kind kind; const char *says; int sent, logins; } rows[] = {
		{ "the same in both", same_in_both, ERR_REMOTE, "the registry accepts the password in sink 'a': nothing is created", 0, 1 },
		{ "in the second", in_the_second, ERR_REMOTE, "the registry accepts the password in sink 'b'", 0, 2 },
		{ "none that works", dead_in_both, ERR_NONE, "", 1, -1 },
		{ "verify = wait", nobody_is_asked, ERR_DECISION, "sink 'a' shows a password, and with verify = wait", 0, 0 },
		{ "verify = wait, none is shown", nobody_is_asked_and_none_is_shown, ERR_NONE, "", 1, 0 },
		{ "a sink cannot be read", unreadable, ERR_LOCAL, "", 1, -1 },
		{ "the registry does not answer", logins_fail, ERR_TRANSIENT, "", 0, -1 },
	};
	/* clang-format on */

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct ending end;
		stage();
		fake_service_generate(&rig.service, 0, "");
		fake_service_pass(&rig.service, 10000);
		rows[i].set();
		bool ok = rig_run(0, &end);
		CHECK(rig_ended(&end, ok, rows[i].kind, rows[i].says), "%s: %d %s", rows[i].what,
		      (int)end.e.kind, end.e.text);
		CHECK(rig.service.puts == rows[i].sent, "%s: %d sent", rows[i].what,
		      rig.service.puts);
		CHECK(rows[i].logins < 0 || rig.met.logins == rows[i].logins, "%s: %d logins",
		      rows[i].what, rig.met.logins);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_works_keeps_the_token_from_being_made),
	};

	return cmocka_run_group_tests(tests, rig_set, rig_strike);
}
