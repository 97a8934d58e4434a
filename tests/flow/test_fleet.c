/* SPDX-License-Identifier: MIT */
/*
 * Two rotators on one record. The first stops before each of its requests; the other comes once or
 * several times, minutes, hours and days later; then the first goes on, or its request comes in
 * and it is no more, or both are gone. And both stop, each before each of its requests. Nobody may
 * lose a password that works, and in the end one undisturbed rotator brings everything into step.
 *
 * With a part of the rule left out the same schedules must kill, so that the search is known to see.
 */
#include "check.h"

#include "../../src/rotate/step.h"

#include "base/mem.h"
#include "fakes/fake_vault.h"
#include "fleet.h"
#include "rotate/plan.h"
#include "rotate/rotation.h"

#define REQUESTS_MAX 400

/* ---- the rule, with a part left out ---------------------------------------------------------- */

struct plan __real_plan_decide(const struct plan_input *in);
struct plan __wrap_plan_decide(const struct plan_input *in);
enum progress __real_step_try_held(struct rotation *r, struct http *h, struct err *e);
enum progress __wrap_step_try_held(struct rotation *r, struct http *h, struct err *e);
bool __real_rotation_all_tried(const struct rotation *r);
bool __wrap_rotation_all_tried(const struct rotation *r);
bool __real_rotation_is_busy(const struct rotation *r, struct err *e);
bool __wrap_rotation_is_busy(const struct rotation *r, struct err *e);

struct plan __wrap_plan_decide(const struct plan_input *in)
{
	struct plan_input naive = *in;

	for (int i = 0; i < ACR_SLOT__COUNT && fleet.without == FLEET_NO_TAINT; i++)
		naive.slot[i].intent = false;
	struct plan p = __real_plan_decide(&naive);
	if (fleet.without == FLEET_OTHER_SLOT && p.action == PLAN_WAIT && p.why == WHY_INTENT) {
		p.action = PLAN_ROTATE;
		p.why = WHY_DUE;
		p.slot = acr_other(p.slot);
	}
	return p;
}

/* Trying what the sinks hold saves whoever takes the other slot. */
enum progress __wrap_step_try_held(struct rotation *r, struct http *h, struct err *e)
{
	return fleet.without == FLEET_OTHER_SLOT ? rotation_go_to(r, STEP_READ_AGAIN)
	                                         : __real_step_try_held(r, h, e);
}

bool __wrap_rotation_is_busy(const struct rotation *r, struct err *e)
{
	return fleet.without != FLEET_NOT_BUSY && fleet.without != FLEET_NO_TOUCH &&
	       __real_rotation_is_busy(r, e);
}

bool __wrap_rotation_all_tried(const struct rotation *r)
{
	return fleet.without == FLEET_OTHER_SLOT || __real_rotation_all_tried(r);
}

/* ---- where it begins ------------------------------------------------------------------------- */

static void must_run(unsigned flags)
{
	struct err e;

	CHECK(fleet_run(flags, &e), "setting the stage: %s", e.text);
}

static void nothing_yet(void)
{
	fleet_empty();
}

static void due(void)
{
	fleet_empty();
	must_run(0);
	fleet_pass(61 * FLEET_DAY);
	must_run(0);
	fleet_pass(62 * FLEET_DAY);
}

/* Somebody has put the password of before into one of two. */
static void lagging(void)
{
	char before[FAKE_PASSWORD_MAX];

	fleet_empty();
	must_run(0);
	fleet_password(1, before);
	fleet_pass(61 * FLEET_DAY);
	must_run(0);
	fleet_put(1, before);
	fleet_pass(2 * FLEET_HOUR);
}

static const struct scene {
	const char *name;
	void (*set)(void);
	unsigned flags;
} scenes[] = {
	{ "first delivery", nothing_yet, 0 },
	{ "rotation", due, 0 },
	{ "rotation of sinks that differ", lagging, ROTATE_FORCE },
};

/* When the other one comes, after the time before it. */
static const struct visit {
	int64_t after;
	unsigned flags;
} visits[] = {
	{ 1, 0 },
	{ 11 * 60, 0 },
	{ 75 * 60, 0 },
	{ 26 * FLEET_HOUR, ROTATE_FORCE },
	{ 26 * FLEET_HOUR, ROTATE_FORCE },
};

struct sum {
	int tried, kills, stuck;
	char first[400];
};

static void note_stuck(struct sum *sum, const struct err *e)
{
	if (sum->stuck++ == 0 && sum->first[0] == '\0')
		(void)snprintf(sum->first, sizeof(sum->first), "%s: stuck: %.200s", fleet.at,
		               e->text);
}

/* One rotator that nobody disturbs, and time: for what is dead, or is waited for. */
static void settle(struct sum *sum)
{
	struct err e = ERR_INIT;

	for (int i = 0; i < 4; i++) {
		fleet_pass(i == 0 ? 11 * 60 : 75 * 60);
		(void)fleet_run(0, &e);
	}
	sum->tried++;
	sum->kills += fleet.kills;
	if (fleet.kills > 0 && sum->first[0] == '\0')
		(void)snprintf(sum->first, sizeof(sum->first), "%s", fleet.first);
	if (!fleet_in_step())
		note_stuck(sum, &e);
}

static void visit(const struct visit *v)
{
	struct err ignored;

	fleet_pass(v->after);
	(void)fleet_run(v->flags, &ignored);
}

/* Only requests with this in them are stopped at; NULL: all. */
static const char *only;

static bool wanted(const struct rotator *r)
{
	return only == NULL || strstr(rotator_at(r), only) != NULL;
}

static bool meet(const struct scene *s, const struct fleet_moment *m, int at, size_t n_visits,
                 enum fleet_next how, struct sum *sum)
{
	static const char *const ends[] = { "goes on", "acts and dies", "dies" };
	struct err e;

	fleet_put_back(m);
	fleet.kills = 0;
	struct rotator *first = rotator_start(s->flags, at);
	bool reached = rotator_paused(first);
	AUTO_FREE char *name = mem_fmt("%s, request %d (%.120s), %zu visits, then it %s", s->name,
	                               at, rotator_at(first), n_visits, ends[how]);
	fleet.at = name;
	if (reached && !wanted(first)) {
		rotator_next(first, FLEET_DIES);
		(void)rotator_end(first, &e);
		return true;
	}
	if (reached) {
		for (size_t i = 0; i < n_visits; i++)
			visit(&visits[i]);
		rotator_next(first, how);
	}
	(void)rotator_end(first, &e);
	settle(sum);
	return reached;
}

/* Set by the whole rule, then tried by what is left of it. */
static struct fleet_moment *set_scene(const struct scene *s)
{
	enum fleet_without without = fleet.without;

	fleet.without = FLEET_WHOLE;
	s->set();
	fleet.without = without;
	return fleet_snapshot();
}

/* Without a part of the rule the first kill is enough. */
static bool seen_enough(const struct sum *sum)
{
	return fleet.without != FLEET_WHOLE && sum->kills > 0;
}

/* stride: of the requests one in so many is tried. */
static struct sum meet_everywhere(const struct scene *s, int stride)
{
	struct sum sum = { 0 };
	struct fleet_moment *m = set_scene(s);
	bool reached = true;

	for (int at = 1; at < REQUESTS_MAX && reached; at += stride)
		for (size_t n = 0; n <= COUNT(visits) && reached; n++)
			for (int how = FLEET_GOES_ON; how <= (int)FLEET_DIES && reached; how++)
				reached = meet(s, m, at, n, (enum fleet_next)how, &sum) &&
				          !seen_enough(&sum);
	fleet_moment_free(m);
	return sum;
}

/* Both stop: the first goes on while the other stands still. restored: after the first one's stop
 * somebody puts the record back as it was at its intent. */
static bool cross(const struct scene *s, const struct fleet_moment *m, int at, int other_at,
                  bool restored, struct sum *sum)
{
	struct err e;

	fleet_put_back(m);
	fleet.kills = 0;
	struct rotator *first = rotator_start(s->flags, at);
	AUTO_FREE char *name =
		mem_fmt("%s, request %d (%.120s), the other's request %d%s", s->name, at,
	                rotator_at(first), other_at, restored ? ", the record put back" : "");
	fleet.at = name;
	bool reached = rotator_paused(first);
	if (reached && !wanted(first)) {
		rotator_next(first, FLEET_DIES);
		(void)rotator_end(first, &e);
		return false;
	}
	if (restored && fleet_record_of_intent() != NULL)
		fleet_record_restore(fleet_record_of_intent());
	fleet_pass(11 * 60);
	struct rotator *other = rotator_start(0, other_at);
	bool both = reached && rotator_paused(other);
	if (reached)
		rotator_next(first, FLEET_GOES_ON);
	(void)rotator_end(first, &e);
	if (rotator_paused(other))
		rotator_next(other, FLEET_GOES_ON);
	(void)rotator_end(other, &e);
	settle(sum);
	return both;
}

static struct sum cross_everywhere(const struct scene *s, int stride, bool restored)
{
	struct sum sum = { 0 };
	struct fleet_moment *m = set_scene(s);

	for (int at = 1; at < (only == NULL ? REQUESTS_MAX : 60) && !seen_enough(&sum);
	     at += stride) {
		int other_at = 1;
		while (cross(s, m, at, other_at, restored, &sum) && !seen_enough(&sum))
			other_at += stride;
		if (other_at == 1 && only == NULL)
			break;
	}
	fleet_moment_free(m);
	return sum;
}

/* FLEET=full: every request. */
static int stride(int otherwise)
{
	const char *full = getenv("FLEET");

	return full != NULL && strcmp(full, "full") == 0 ? 1 : otherwise;
}

static void tell(const char *name, const struct sum *s)
{
	print_message("%-52s | %6d | %5d | %5d\n", name, s->tried, s->kills, s->stuck);
}

/* In the container one in twice as many requests: what differs is where the record is. */
static void try_all(const char *where, int times)
{
	fleet.without = FLEET_WHOLE;
	print_message("%-52s | %6s | %5s | %5s\n", where, "tried", "kills", "stuck");
	for (size_t i = 0; i < COUNT(scenes); i++) {
		struct sum s = meet_everywhere(&scenes[i], stride(4 * times));
		tell(scenes[i].name, &s);
		CHECK(s.kills + s.stuck == 0, "%s: %s", where, s.first);
		AUTO_FREE char *crossed = mem_fmt("%s, both stop", scenes[i].name);
		s = cross_everywhere(&scenes[i], stride(7 * times), false);
		tell(crossed, &s);
		CHECK(s.kills + s.stuck == 0, "%s: %s", where, s.first);
	}
	struct sum s = cross_everywhere(&scenes[1], stride(5 * times), true);
	tell("rotation, both stop, an older record is put back", &s);
	CHECK(s.kills == 0, "%s: %s", where, s.first);
}

static void nobody_is_cut_off(void **state)
{
	(void)state;
	try_all("two rotators, their record in a cluster", 1);
}

static void nor_with_a_container(void **state)
{
	(void)state;
	fleet_record_move(true);
	try_all("two rotators, their record in a container", 2);
	fleet_record_move(false);
}

/* The same with sinks that cannot be touched: what keeps the others out is the record alone. */
static void nobody_is_cut_off_by_a_vault(void **state)
{
	(void)state;
	fleet.vaults = true;
	try_all("two rotators, a key vault", 1);
	only = "PUT " FAKE_VAULT_URL;
	struct sum s = cross_everywhere(&scenes[1], 1, true);
	tell("... and the first one stops before it writes", &s);
	CHECK(s.kills == 0, "%s", s.first);
	only = NULL;
	fleet.vaults = false;
}

static const struct {
	const char *name;
	enum fleet_without without;
	bool vaults;
	bool restored;
	const char *only; /* where it stops; what else it would be is left out here */
} naive[] = {
	{ "... without the touch", FLEET_NO_TOUCH, false, true, "PATCH https://k8s.example" },
	{ "... the slot of an intent is generated at once", FLEET_NO_TAINT, false, false,
	  "generateCredentials" },
	{ "... the other slot is taken in its place", FLEET_OTHER_SLOT, false, false,
	  "generateCredentials" },
	{ "... a vault is written while others go on", FLEET_NOT_BUSY, true, true,
	  "PUT " FAKE_VAULT_URL },
	{ "... expired access tokens are renewed", FLEET_RENEWS_TOKENS, false, false,
	  "generateCredentials" },
};

static void leave_out_each(void)
{
	for (size_t i = 0; i < COUNT(naive); i++) {
		fleet.without = naive[i].without;
		fleet.vaults = naive[i].vaults;
		only = naive[i].only;
		struct sum s = naive[i].restored ? cross_everywhere(&scenes[1], 1, true)
		                                 : meet_everywhere(&scenes[1], 1);
		tell(naive[i].name, &s);
		CHECK(s.kills > 0, "%s: does no harm", naive[i].name);
	}
	fleet.without = FLEET_WHOLE;
	fleet.vaults = false;
	only = NULL;
}

static void each_part_is_needed(void **state)
{
	(void)state;
	for (int container = 0; container <= 1; container++) {
		fleet_record_move(container != 0);
		leave_out_each();
	}
	fleet_record_move(false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nobody_is_cut_off),
		cmocka_unit_test(nobody_is_cut_off_by_a_vault),
		cmocka_unit_test(nor_with_a_container),
		cmocka_unit_test(each_part_is_needed),
	};

	return cmocka_run_group_tests(tests, fleet_set, fleet_strike);
}
