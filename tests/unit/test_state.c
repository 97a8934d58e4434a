/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "check.h"
#include "fakes/memory_store.h"
#include "rotate/state.h"

static char *dir;
static struct store *store;
static const struct fingerprint whose = { { 0x8d, 0x41 } };

static int make_dir(void **state)
{
	(void)state;
	dir = scratch_make();
	store = store_dir_open(dir, &whose);
	return 0;
}

static int remove_dir(void **state)
{
	(void)state;
	store_close(store);
	scratch_remove(dir);
	return 0;
}

static char *path_of(const char *name)
{
	return mem_fmt("%s/%s", dir, name);
}

static void fill(struct state *s)
{
	*s = (struct state){ .last_success = 1,
		             .last_verified = 2,
		             .last_inspected = 3,
		             .failing_since = 4,
		             .next_generate = 5,
		             .failures = 6,
		             .last_warned = 7,
		             .rejected_at = 8,
		             .disabled = true,
		             .job_hook_owed = true,
		             .revoke_now = true,
		             .unfinished = true,
		             .busy_since = 11,
		             .busy_until = 12,
		             .accepted_after_ms = 9,
		             .failed_runs = 10 };
	state_set_error(s, "it failed");
	s->login_server = mem_dup("contoso.azurecr.io");
	s->group = mem_dup("web_group-1.(of all)");
	s->job = mem_dup("web");
	s->token = mem_dup("web-pull");
	s->registry = mem_dup("/subscriptions/s/resourceGroups/g/providers/p/registries/contoso");
	for (int i = 0; i < ACR_SLOT__COUNT; i++) {
		struct slot_memory *m = &s->slot[i];
		*m = (struct slot_memory){ .created = 17056479106147326 + i,
			                   .expires_us = 1705734307951901 + i,
			                   .delivered = true,
			                   .gone = true,
			                   .left = 1705647999,
			                   .intent = true,
			                   .intent_since = 1705648000,
			                   .dead_at = 1705651960,
			                   .abandoned = 1705648060,
			                   .operation_by_status = true,
			                   .asked_us = 1705734307951909 + i,
			                   .asked_before_us = 1705734307000001,
			                   .revoke = 17056479106147355 + i,
			                   .foreign_created = 17056479106147399,
			                   .foreign_expires_us = 253402300799999999 };
		m->operation = mem_dup("https://management.azure.com/op?t=1&c=MII%2B;#s");
		crypto_fingerprint_bytes(&i, sizeof(i), &m->print);
	}
	struct sink_memory *m =
		state_sink(s, "docker", "docker:/root/.docker/config.json:contoso.azurecr.io");
	*m = (struct sink_memory){ .name = m->name,
		                   .place = m->place,
		                   .may_hold = { 17056479106147327, 17056479106147326 },
		                   .hook_owed = true,
		                   .tried = true };
	(void)state_sink(s, "env", "file:/etc/web/registry.env");
}

static void same_slot(const struct slot_memory *a, const struct slot_memory *b)
{
	assert_int_equal(a->created, b->created);
	assert_int_equal(a->expires_us, b->expires_us);
	assert_true(fingerprint_equal(&a->print, &b->print));
	assert_int_equal(a->delivered, b->delivered);
	assert_int_equal(a->gone, b->gone);
	assert_int_equal(a->left, b->left);
	assert_int_equal(a->intent, b->intent);
	assert_int_equal(a->intent_since, b->intent_since);
	assert_int_equal(a->dead_at, b->dead_at);
	assert_int_equal(a->abandoned, b->abandoned);
	assert_string_equal(a->operation, b->operation);
	assert_int_equal(a->operation_by_status, b->operation_by_status);
	assert_int_equal(a->asked_us, b->asked_us);
	assert_int_equal(a->asked_before_us, b->asked_before_us);
	assert_int_equal(a->revoke, b->revoke);
	assert_int_equal(a->foreign_created, b->foreign_created);
	assert_int_equal(a->foreign_expires_us, b->foreign_expires_us);
}

/* Ticks to the last digit, microseconds to the last digit: by them a generation is known. */
static void what_is_saved_is_loaded(void **state)
{
	(void)state;
	AUTO_STATE struct state a = { 0 }, b = { 0 };
	struct err e = ERR_INIT;
	fill(&a);
	CHECK(state_save(store, "web", &a, STORE_DURABLE, &e), "%s", e.text);
	CHECK(state_load(store, "web", &b, &e), "%s", e.text);
	assert_false(b.lost);
	assert_string_equal(a.login_server, b.login_server);
	assert_string_equal(a.group, b.group);
	assert_string_equal(a.job, b.job);
	assert_string_equal(a.token, b.token);
	assert_string_equal(a.registry, b.registry);
	assert_int_equal(b.last_success, 1);
	assert_int_equal(b.last_verified, 2);
	assert_int_equal(b.last_inspected, 3);
	assert_int_equal(b.failing_since, 4);
	assert_int_equal(b.next_generate, 5);
	assert_int_equal(b.failures, 6);
	assert_int_equal(b.last_warned, 7);
	assert_int_equal(b.rejected_at, 8);
	assert_true(b.busy_since == 11 && b.busy_until == 12);
	assert_int_equal(b.accepted_after_ms, 9);
	assert_int_equal(b.failed_runs, 10);
	assert_string_equal(b.last_error, "it failed");
	assert_true(b.disabled && b.job_hook_owed && b.unfinished && b.revoke_now);
	for (int i = 0; i < ACR_SLOT__COUNT; i++)
		same_slot(&a.slot[i], &b.slot[i]);
	assert_int_equal(b.n_sinks, 2);
	for (size_t i = 0; i < 2; i++) {
		assert_string_equal(a.sinks[i].name, b.sinks[i].name);
		assert_string_equal(a.sinks[i].place, b.sinks[i].place);
		assert_memory_equal(a.sinks[i].may_hold, b.sinks[i].may_hold,
		                    sizeof(a.sinks[i].may_hold));
		assert_int_equal(a.sinks[i].hook_owed, b.sinks[i].hook_owed);
		assert_int_equal(a.sinks[i].tried, b.sinks[i].tried);
	}
}

static void no_file_is_an_empty_state(void **state)
{
	(void)state;
	AUTO_STATE struct state s = { 0 };
	struct err e = ERR_INIT;
	assert_true(state_load(store, "nothing", &s, &e));
	assert_false(s.lost);
	assert_int_equal(s.n_sinks, 0);
	assert_int_equal(s.slot[0].created, 0);
}

#define OLD  "[state]\nversion = 1\nmachine = 8d410000000000000000000000000000\n"
#define HEAD "[state]\nversion = 2\nmachine = 8d410000000000000000000000000000\n"
#define MADE "created = 2024-01-19T07:05:10.6147326+00:00\nexpires = 2024-04-19T07:05:10.123451Z\n"

static void what_no_save_wrote_counts_as_lost(void **state)
{
	(void)state;
	/* clang-format off */
	static const struct { const char *name, *text; bool lost; } row[] = {
		{ "the least", HEAD, false },
		{ "a slot", HEAD "[password1]\n" MADE, false },
		{ "a comment", "# hello\n" HEAD, false },
		{ "empty", "", true },
		{ "no version", "[state]\nmachine = 8d410000000000000000000000000000\n", true },
		{ "no machine", "[state]\nversion = 1\n", true },
		{ "another version",
		  "[state]\nversion = 3\nmachine = 8d410000000000000000000000000000\n", true },
		{ "another machine: a copied state",
		  "[state]\nversion = 1\nmachine = 8d420000000000000000000000000000\n", true },
		{ "half a line", HEAD "[password1]\ncreated = 2024-01-1", true },
		{ "an unknown key", HEAD "colour = blue\n", true },
		{ "an unknown section", HEAD "[password3]\n", true },
		{ "a slot twice", HEAD "[password1]\n" MADE "[password1]\n" MADE, true },
		{ "a creation without an expiry",
		  HEAD "[password1]\ncreated = 2024-01-19T07:05:10.6147326+00:00\n", true },
		{ "an expiry without a creation",
		  HEAD "[password1]\nexpires = 2024-04-19T07:05:10.123451Z\n", true },
		{ "an intent that asked for no expiry",
		  HEAD "[password1]\nintent = yes\nintent_since = 2024-01-19T07:05:10Z\n", false },
		{ "an intent of no time",
		  HEAD "[password1]\nintent = yes\nasked = 2024-04-19T07:05:10.123451Z\n", true },
		{ "format 1", OLD "[sink 1]\nname = a\nplace = b\nslot = 2\n", false },
		{ "a third slot in a sink", OLD "[sink 1]\nname = a\nplace = b\nslot = 3\n",
		  true },
		{ "a pending third slot", OLD "[sink 1]\nname = a\nplace = b\npending_slot = 3\n",
		  true },
		{ "a key of format 1", HEAD "[sink 1]\nname = a\nplace = b\nslot = 2\n", true },
		{ "a key of a sink in a slot", OLD "[password1]\nslot = 2\n", true },
		{ "a sink without a name", HEAD "[sink 1]\nplace = b\n", true },
		{ "a sink without a place", HEAD "[sink 1]\nname = a\n", true },
		{ "a number below zero", HEAD "failures = -1\n", true },
		{ "neither yes nor no", HEAD "disabled = maybe\n", true },
		{ "half a fingerprint", HEAD "[password1]\n" MADE "print = 8d41\n", true },
		{ "a section behind the end", HEAD "[end]\n[sink 1]\nname = a\nplace = b\n", true },
		{ "garbage", "\x01\x02\xff\xfe[[[", true },
	};
	/* clang-format on */
	for (size_t i = 0; i < COUNT(row); i++) {
		AUTO_STATE struct state s = { 0 };
		AUTO_FREE char *text = mem_fmt("%s[end]\n", row[i].text);
		state_parse(&whose, text, strlen(text), &s);
		CHECK((s.lost != LOST_NOT) == row[i].lost, "%s", row[i].name);
		if (s.lost)
			CHECK(s.n_sinks == 0 && s.slot[0].created == 0 && s.login_server == NULL,
			      "%s leaves something", row[i].name);
	}
}

/* However much of it is missing, it may not pass for a whole one: a slot in use would look like
 * one that was never delivered. */
static void a_state_that_was_cut_off_counts_as_lost(void **state)
{
	(void)state;
	static const char whole[] =
		HEAD "[password1]\n" MADE
		     "delivered = yes\n[password2]\n[sink 1]\nname = a\nplace = b\n[end]\n";

	for (size_t n = 0; n < sizeof(whole); n++) {
		AUTO_STATE struct state s = { 0 };
		state_parse(&whose, whole, n, &s);
		/* Only the last newline is not missed. */
		CHECK((s.lost != LOST_NOT) == (n + 2 < sizeof(whole)), "cut after %zu of %zu bytes",
		      n, sizeof(whole) - 1);
	}
}

static void a_state_that_cannot_be_read_is_an_error(void **state)
{
	(void)state;
	AUTO_STATE struct state s = { 0 };
	AUTO_FREE char *path = path_of("folder.state");
	struct err e = ERR_INIT;
	assert_int_equal(mkdir(path, 0700), 0);
	assert_false(state_load(store, "folder", &s, &e));
	assert_int_equal(e.kind, ERR_LOCAL);
}

static void a_state_that_cannot_be_saved_is_an_error(void **state)
{
	(void)state;
	AUTO_STATE struct state s = { 0 };
	AUTO_FREE char *file = path_of("a-file"), *below = path_of("a-file/below");
	AUTO_STORE struct store *elsewhere = store_dir_open(below, &whose);
	struct err e = ERR_INIT;
	int fd = open(file, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_true(fd >= 0 && close(fd) == 0);
	assert_false(state_save(elsewhere, "web", &s, STORE_DURABLE, &e));
	assert_non_null(strstr(e.text, "cannot save state"));
	for (int i = 0; i < 900; i++) {
		AUTO_FREE char *name = mem_fmt("sink-%d-with-a-name-that-takes-some-room-in-a-file",
		                               i),
			       *place = mem_fmt("file:/some/where/%s", name);
		(void)state_sink(&s, name, place);
	}
	assert_false(state_save(store, "many", &s, STORE_DURABLE, &e));
	assert_non_null(strstr(e.text, "state of 900 sinks is over"));
}

/* Whatever an error says, the state can be read. */
static void any_error_can_be_remembered(void **state)
{
	static const struct {
		const char *text, *want;
	} rows[] = {
		{ "  two blanks", "two blanks" },
		{ "a\ttab, a \x7f", "a tab, a" },
		{ "no ;comment #here", "no ,comment ,here" },
		{ "\x1b]0;x\xc2\x9b\xe2\x80\xae"
		  "b",
		  "]0;x ?b" },
		{ "   ", NULL },
		{ NULL, NULL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO_STATE struct state s = { 0 }, back = { 0 };
		struct err e = ERR_INIT;
		state_set_error(&s, rows[i].text);
		assert_true(state_save(store, "error", &s, STORE_DURABLE, &e));
		assert_true(state_load(store, "error", &back, &e) && !back.lost);
		CHECK(rows[i].want == NULL ? back.last_error == NULL
		                           : back.last_error != NULL &&
		                                     strcmp(back.last_error, rows[i].want) == 0,
		      "row %zu: '%s'", i, back.last_error);
	}
}

/* Until when a request may act: ten minutes after it was given up, or with its access token; one
 * that is seen running, nobody knows. */
static void a_request_dies(void **state)
{
	static char url[] = "https://arm.test/operation";
	static const struct {
		const char *what;
		int64_t dead_at, abandoned;
		char *operation;
		int64_t want;
	} rows[] = {
		{ "its sender may be alive", 5000, 0, NULL, 5000 },
		{ "of format 1, its sender may be alive", 0, 0, NULL, INT64_MAX },
		{ "given up", 5000, 1000, NULL, 1600 },
		{ "given up shortly before its token ends", 1500, 1000, NULL, 1500 },
		{ "of format 1, given up", 0, 1000, NULL, 1600 },
		{ "seen running", 0, 1000, url, INT64_MAX },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct slot_memory m = { .intent = true,
			                       .dead_at = rows[i].dead_at,
			                       .abandoned = rows[i].abandoned,
			                       .operation = rows[i].operation };
		CHECK(state_intent_dies(&m) == rows[i].want, "%s: %lld", rows[i].what,
		      (long long)state_intent_dies(&m));
	}
}

/* What version 0.1.0 wrote is read as what it meant, and nobody is asked. */
static void a_record_of_format_1_is_read(void **state)
{
	static const char text[] =
		OLD "login_server = contoso.azurecr.io\n[password1]\n" MADE
		    "delivered = yes\nintent = yes\nintent_since = 2024-01-19T07:05:10Z\n"
		    "asked = 2024-04-19T07:05:10.123451Z\n[password2]\n"
		    "[sink 1]\nname = a\nplace = b\nslot = 1\ncreated = "
		    "2024-01-19T07:05:10.6147326+00:00\n"
		    "pending_slot = 2\npending_created = "
		    "2024-01-19T07:05:10.6147327+00:00\nhook_owed = yes\n"
		    "[sink 2]\nname = c\nplace = d\nslot = 2\ncreated = "
		    "2024-01-19T07:05:10.6147328+00:00\n[end]\n";
	AUTO_STATE struct state s = { 0 };

	(void)state;
	state_parse(&whose, text, strlen(text), &s);
	assert_true(s.lost == LOST_NOT && s.n_sinks == 2 && s.token == NULL && s.registry == NULL);
	assert_true(s.slot[0].intent && s.slot[0].delivered && s.slot[0].abandoned == 0);
	assert_true(s.sinks[0].may_hold[0] == 17056479106147326 &&
	            s.sinks[0].may_hold[1] == 17056479106147327 && s.sinks[0].hook_owed);
	assert_true(s.sinks[1].may_hold[0] == 0 && s.sinks[1].may_hold[1] == 17056479106147328 &&
	            !s.sinks[1].hook_owed);
}

/* What does not fit is cut between two words, and says so. */
static void a_long_error_is_cut_at_a_word(void **state)
{
	AUTO_STATE struct state s = { 0 };
	char text[1000] = "";

	(void)state;
	for (size_t n = 0; n + 12 < sizeof(text); n += 11)
		(void)memcpy(text + n, "some words ", 12);
	state_set_error(&s, text);
	size_t n = strlen(s.last_error);
	CHECK(n > 380 && n <= 400, "%zu: %s", n, s.last_error);
	CHECK(strcmp(s.last_error + n - 8, "words...") == 0 ||
	              strcmp(s.last_error + n - 7, "some...") == 0,
	      "%s", s.last_error);
}

static void sinks_are_found_added_and_dropped(void **state)
{
	(void)state;
	AUTO_STATE struct state s = { 0 };
	state_sink(&s, "a", "1")->may_hold[0] = 1;
	state_sink(&s, "b", "2")->may_hold[0] = 2;
	state_sink(&s, "a", "3")->may_hold[0] = 0;
	assert_int_equal(s.n_sinks, 3);
	assert_int_equal(state_sink(&s, "a", "1")->may_hold[0], 1);
	assert_int_equal(s.n_sinks, 3);
	state_drop_sink(&s, 0);
	assert_int_equal(s.n_sinks, 2);
	assert_int_equal(state_sink(&s, "b", "2")->may_hold[0], 2);
	assert_int_equal(state_sink(&s, "a", "1")->may_hold[0], 0);
	/* in whatever order they are asked for, and room that was freed is as new */
	static const char *const order[][2] = { { "a", "1" }, { "a", "3" }, { "b", "2" },
		                                { "b", "2" }, { "a", "1" }, { "b", "2" } };
	for (size_t i = 0; i < COUNT(order); i++) {
		const struct sink_memory *m = state_sink(&s, order[i][0], order[i][1]);
		CHECK(strcmp(m->name, order[i][0]) == 0 && strcmp(m->place, order[i][1]) == 0,
		      "%zu: %s %s", i, m->name, m->place);
	}
	assert_int_equal(s.n_sinks, 3);
	while (s.n_sinks > 0)
		state_drop_sink(&s, s.n_sinks - 1);
}

/* Of two requests one is over; the other may act yet when both asked for the same. */
static void an_intent_is_settled_with_its_request(void **state)
{
	/* clang-format off */
	static const struct { const char *what; bool intent; int64_t asked, before; bool want; } rows[] = {
		{ "the only one", true, 9000001, 0, false },
		{ "the second, for another expiry", true, 9000001, 8000001, false },
		{ "one of two for the same", true, 9000001, 9000001, true },
		{ "none", false, 9000001, 9000001, false },
		{ "one that asked for no expiry", true, 0, 8000001, true },
	};
	/* clang-format on */

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct slot_memory m = { .intent = rows[i].intent,
			                 .intent_since = 5,
			                 .asked_us = rows[i].asked,
			                 .asked_before_us = rows[i].before };
		state_settle_intent(&m);
		CHECK(m.intent == rows[i].want && m.intent_since == (rows[i].want ? 5 : 0), "%s",
		      rows[i].what);
		CHECK(m.asked_us == rows[i].asked && m.asked_before_us == rows[i].before, "%s",
		      rows[i].what);
	}
}

/* Whatever stood before goes on, and what it asked for is known. */
static void a_taint_ends_with_the_last_request(void **state)
{
	/* clang-format off */
	static const struct { const char *what; bool intent; int64_t dead_at, asked, before, with, want_dead, want_before; } rows[] = {
		{ "none stood", false, 0, 0, 0, 900, 900, 0 },
		{ "none stood, of no known end", false, 0, 0, 0, 0, 0, 0 },
		{ "what was asked for once", false, 0, 9000001, 8000001, 900, 900, 9000001 },
		{ "one stood that ends sooner", true, 800, 9000001, 8000001, 900, 900, 9000001 },
		{ "one stood that ends later", true, 950, 9000001, 8000001, 900, 950, 9000001 },
		{ "one stood of no known end", true, 0, 9000001, 8000001, 900, 0, 9000001 },
		{ "the new one is of no known end", true, 950, 9000001, 8000001, 0, 0, 9000001 },
		{ "tainted twice", true, 800, 0, 8000001, 900, 900, 8000001 },
	};
	/* clang-format on */

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct slot_memory m = { .intent = rows[i].intent,
			                 .intent_since = 5,
			                 .abandoned = 6,
			                 .dead_at = rows[i].dead_at,
			                 .asked_us = rows[i].asked,
			                 .asked_before_us = rows[i].before };
		state_taint(&m, 100, rows[i].with);
		CHECK(m.intent && m.intent_since == 100 && m.abandoned == 0 &&
		              m.dead_at == rows[i].want_dead,
		      "%s", rows[i].what);
		CHECK(m.asked_us == 0 && m.asked_before_us == rows[i].want_before, "%s",
		      rows[i].what);
	}
	/* One that is dead, though it was not known when it would be. */
	struct slot_memory m = { .intent = true, .intent_since = 5, .abandoned = 6 };
	state_taint(&m, 606, 900);
	assert_true(m.intent && m.dead_at == 900 && m.abandoned == 0);
}

/* A copied state, or one of another machine. */
static void a_state_from_another_store_is_lost(void **state)
{
	static const struct fingerprint others = { { 0x8d, 0x42 } };
	AUTO_STORE struct store *there = store_dir_open(dir, &others);
	AUTO_STATE struct state s = { .failures = 3 }, back = { 0 };
	struct err e = ERR_INIT;

	(void)state;
	assert_true(state_save(store, "moved", &s, STORE_DURABLE, &e));
	assert_true(state_load(there, "moved", &back, &e));
	assert_true(back.lost);
	assert_int_equal(back.failures, 0);
}

/* Whose states they are is unknown for a moment: none is taken for lost, none is replaced. */
static void nothing_is_believed_of_a_store_unknown(void **state)
{
	AUTO_STORE struct store *shared = memory_store_open();
	AUTO_STATE struct state s = { .failures = 5 }, back = { 0 };
	struct err e = ERR_INIT;

	(void)state;
	assert_true(state_save(shared, "web", &s, STORE_DURABLE, &e));
	memory_store_break(shared, ERR_TRANSIENT);
	s.failures = 6;
	assert_false(state_save(shared, "web", &s, STORE_DURABLE, &e));
	assert_false(state_load(shared, "web", &back, &e));
	assert_int_equal(e.kind, ERR_TRANSIENT);
	memory_store_break(shared, ERR_NONE);
	assert_true(state_load(shared, "web", &back, &e));
	assert_int_equal(back.failures, 5);
}

/* Two rotators that loaded the same state: the second to save changes nothing. One that is lost
 * is saved over all the same. */
static void who_saves_on_an_old_version_conflicts(void **state)
{
	AUTO_STORE struct store *shared = memory_store_open();
	AUTO_STATE struct state a = { 0 }, b = { 0 }, lost = { 0 }, back = { 0 };
	AUTO_BUF struct buf damaged = BUF_INIT(100);
	struct err e = ERR_INIT;

	(void)state;
	assert_true(state_save(shared, "web", &a, STORE_DURABLE, &e));
	assert_true(state_load(shared, "web", &b, &e));
	a.failures = 1;
	b.failures = 2;
	CHECK(state_save(shared, "web", &a, STORE_DURABLE, &e), "%s", e.text);
	assert_false(state_save(shared, "web", &b, STORE_DURABLE, &e));
	assert_int_equal(e.kind, ERR_CONFLICT);
	buf_str(&damaged, "[state]\n");
	assert_true(store_save(shared, "web", &damaged, STORE_DURABLE, &a.version, &e));
	assert_true(state_load(shared, "web", &lost, &e) && lost.lost);
	lost.failures = 3;
	CHECK(state_save(shared, "web", &lost, STORE_DURABLE, &e), "%s", e.text);
	assert_true(state_load(shared, "web", &back, &e) && back.failures == 3);
}

/* Two files of one job's name, one after the other: its record may be of another token. */
static void only_a_record_of_this_token_was_there(void **state)
{
	static char own[] = "web-pull", letters[] = "Web-Pull", other[] = "other";
	static const struct {
		const char *what;
		char *recorded;
		bool there;
	} rows[] = {
		{ "of this one", own, true },
		{ "in other letters", letters, true },
		{ "of another one", other, false },
		{ "of format 1, which does not say", NULL, true },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct state s = { .token = rows[i].recorded,
			           .slot = { { .created = 1, .expires_us = 1 } } };
		struct err e = ERR_INIT;
		char name[] = "claim0";
		name[5] = (char)('0' + i);
		CHECK(state_save(store, name, &s, STORE_DURABLE, &e), "%s", e.text);
		CHECK(state_was_there(store, name, "web-pull") == rows[i].there, "%s",
		      rows[i].what);
		free(s.version);
	}
	assert_false(state_was_there(store, "nobody", "web-pull"));
	/* Nor does one that cannot be read, or that no save wrote, say that it was there. */
	AUTO_STORE struct store *other_store = memory_store_open();
	AUTO_BUF struct buf damaged = BUF_INIT(STORE_RECORD_MAX);
	AUTO_FREE char *version = NULL;
	struct err e = ERR_INIT;
	buf_str(&damaged, "[state]\n");
	assert_true(store_save(other_store, "web", &damaged, STORE_DURABLE, &version, &e));
	assert_false(state_was_there(other_store, "web", "web-pull"));
	memory_store_break(other_store, ERR_TRANSIENT);
	assert_false(state_was_there(other_store, "web", "web-pull"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_saved_is_loaded),
		cmocka_unit_test(no_file_is_an_empty_state),
		cmocka_unit_test(what_no_save_wrote_counts_as_lost),
		cmocka_unit_test(a_state_that_was_cut_off_counts_as_lost),
		cmocka_unit_test(a_state_that_cannot_be_read_is_an_error),
		cmocka_unit_test(a_state_that_cannot_be_saved_is_an_error),
		cmocka_unit_test(any_error_can_be_remembered),
		cmocka_unit_test(a_request_dies),
		cmocka_unit_test(a_record_of_format_1_is_read),
		cmocka_unit_test(a_long_error_is_cut_at_a_word),
		cmocka_unit_test(only_a_record_of_this_token_was_there),
		cmocka_unit_test(sinks_are_found_added_and_dropped),
		cmocka_unit_test(an_intent_is_settled_with_its_request),
		cmocka_unit_test(a_taint_ends_with_the_last_request),
		cmocka_unit_test(a_state_from_another_store_is_lost),
		cmocka_unit_test(nothing_is_believed_of_a_store_unknown),
		cmocka_unit_test(who_saves_on_an_old_version_conflicts),
	};
	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
