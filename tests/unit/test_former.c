/* SPDX-License-Identifier: MIT */
/* Records that cannot be used, or are of other names, tell of requests that may be under way. */
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "check.h"
#include "config/job.h"
#include "fakes/memory_store.h"
#include "fakes/records.h"
#include "fakes/sinks.h"
#include "rotate/former.h"
#include "rotate/state.h"
#include "scratch.h"

static const struct fingerprint whose = { { 0x8d, 0x41 } };
static struct store *store;
static char name_of_job[] = "web", registry_of_job[] = "contoso.azurecr.io",
	    token_of_job[] = "web-pull";
static const struct job job = { .name = name_of_job,
	                        .registry = registry_of_job,
	                        .token = token_of_job };

static bool has_job(const void *ctx, const char *name)
{
	(void)ctx;
	return strcmp(name, "web") == 0 || strcmp(name, "other") == 0 || strcmp(name, "api") == 0;
}

#define OURS     "machine = 8d410000000000000000000000000000\n"
#define TOKEN    "token = web-pull\n"
#define ID       "registry = /subscriptions/s/resourceGroups/g/providers/p/registries/"
#define INTENT   "intent = yes\nintent_since = 2024-01-19T07:05:10Z\n"
#define SOONER   "intent = yes\nintent_since = 2024-01-19T07:05:00Z\n"
#define DEAD     "dead_at = 2024-01-19T08:05:10Z\n"
#define REST     "[password2]\n[end]\n"
#define HEAD     "[state]\nversion = 2\n" OURS TOKEN
#define WITHOUT  HEAD ID "Contoso\n[password1]\n" REST
#define STANDING HEAD ID "Contoso\n[password1]\n" INTENT DEAD REST
#define SINCE    INT64_C(1705647910)

static const struct former_row {
	const char *what, *file, *text;
	bool taints[2];
	int64_t dead_at, abandoned;
	const char *operation;
} rows[] = {
	{ .what = "nothing" },
	{ "under another name", "old.state", STANDING, { true, false }, .dead_at = SINCE + 3600 },
	{ "under another name, no intent", "old.state", WITHOUT, .taints = { false, false } },
	{ "of the second slot, its sender has given up",
	  "old.state",
	  HEAD "[password1]\n[password2]\n" INTENT "abandoned = 2024-01-19T07:05:20Z\n[end]\n",
	  { false, true },
	  .abandoned = SINCE + 10 },
	{ "of an operation",
	  "old.state",
	  HEAD "[password1]\n" INTENT "operation = https://m/op/1\n" REST,
	  { true, false },
	  .operation = "https://m/op/1" },
	{ "of a token that is spelled otherwise",
	  "old.state",
	  "[state]\nversion = 2\n" OURS "token = Web-Pull\n[password1]\n" INTENT DEAD REST,
	  { true, false },
	  .dead_at = SINCE + 3600 },
	{ "of another token", "old.state",
	  "[state]\nversion = 2\n" OURS "token = api-pull\n[password1]\n" INTENT DEAD REST,
	  .taints = { false, false } },
	{ "of no token", "old.state", "[state]\nversion = 2\n[password1]\n" INTENT DEAD REST,
	  .taints = { false, false } },
	{ "of another registry", "old.state", HEAD ID "fabrikam\n[password1]\n" INTENT DEAD REST,
	  .taints = { false, false } },
	{ "of a job that there is, and that had this token before", "api.state", STANDING,
	  .taints = { true, false }, .dead_at = SINCE + 3600 },
	{ "an intent of no time", "old.state", HEAD "[password1]\nintent = yes\n" REST,
	  .taints = { false, false } },
	{ "of another machine",
	  "web.state",
	  "[state]\nversion = 2\nmachine = 8d420000000000000000000000000000\n" TOKEN
	  "[password1]\n" INTENT DEAD REST,
	  { true, false },
	  .dead_at = SINCE + 3600 },
	{ "of another version",
	  "web.state",
	  "[state]\nversion = 3\n" OURS TOKEN
	  "new = 1\n[new]\nkey = 1\n[password1]\n" INTENT DEAD REST,
	  { true, false },
	  .dead_at = SINCE + 3600 },
	{ "one line is damaged",
	  "web.state",
	  "[state]\nversiom = 2\n" OURS TOKEN "[password1]\n" INTENT DEAD REST,
	  { true, false },
	  .dead_at = SINCE + 3600 },
	{ "cut off", "web.state", HEAD "[password1]\n" INTENT, .taints = { true, false } },
	{ "cut off before", "web.state", HEAD "[password1]\nintent", .taints = { false, false } },
	{ "garbage", "web.state", "\xff\xfe[[[", .taints = { false, false } },
	{ "put aside", "web.state.lost", STANDING, { true, false }, .dead_at = SINCE + 3600 },
	{ "put aside, of another token", "web.state.lost",
	  "[state]\nversion = 2\n" OURS "token = api-pull\n[password1]\n" INTENT DEAD REST,
	  .taints = { false, false } },
	{ "put aside before the last time", "web.state.lost.1", STANDING, .taints = { true, false },
	  .dead_at = SINCE + 3600 },
	{ "put aside, of another name", "old.state.lost", STANDING, .taints = { false, false } },
};

static void put(const char *file, const char *text)
{
	AUTO_FREE char *path = mem_fmt("%s/%s", dir, file);

	file_put(path, text);
}

static void drop(const char *file)
{
	AUTO_FREE char *path = mem_fmt("%s/%s", dir, file);

	(void)remove(path);
}

static bool taints(struct former *f, struct state *s, bool *any, struct err *e)
{
	bool ok = former_taint(f, store, &job, true, s, e);

	*any = s->slot[0].intent || s->slot[1].intent;
	return ok;
}

static bool look(struct former *f, struct state *s, bool *any, struct err *e)
{
	CHECK(state_load(store, "web", s, e), "%s", e->text);
	*e = (struct err)ERR_INIT;
	return taints(f, s, any, e);
}

static void an_intent_is_heeded(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct former_row *r = &rows[i];
		AUTO_STATE struct state s = { 0 };
		struct err e = ERR_INIT;
		bool any;
		store = store_dir_open(dir, &whose);
		struct former *f = former_new(store, has_job, NULL);
		if (r->file != NULL)
			put(r->file, r->text);
		CHECK(look(f, &s, &any, &e), "%s: %s", r->what, e.text);
		CHECK(s.missing || s.lost != LOST_NOT, "%s: usable", r->what);
		CHECK(any == (r->taints[0] || r->taints[1]), "%s", r->what);
		for (int k = 0; k < ACR_SLOT__COUNT; k++) {
			const struct slot_memory *m = &s.slot[k];
			CHECK(m->intent == r->taints[k], "%s: %d", r->what, k + 1);
			CHECK(!m->intent || (m->intent_since == SINCE && m->dead_at == r->dead_at &&
			                     m->abandoned == r->abandoned && m->asked_us == 0),
			      "%s: %d", r->what, k + 1);
			CHECK(!m->intent || (r->operation == NULL) == (m->operation == NULL),
			      "%s: %d", r->what, k + 1);
		}
		former_free(f);
		store_close(store);
		if (r->file != NULL)
			drop(r->file);
	}
}

/* Two of them: the slot is tainted until both are over. */
static void the_last_one_counts(void **state)
{
	AUTO_STATE struct state s = { 0 };
	struct err e = ERR_INIT;
	bool any;

	(void)state;
	put("web.state.lost", HEAD "[password1]\n" INTENT "dead_at = 2024-01-19T09:05:10Z\n" REST);
	put("old.state", STANDING);
	put("older.state", HEAD "[password1]\n[password2]\n" INTENT DEAD "[end]\n");
	store = store_dir_open(dir, &whose);
	struct former *f = former_new(store, has_job, NULL);
	assert_true(look(f, &s, &any, &e) && any);
	assert_true(s.slot[0].dead_at == SINCE + 7200 && s.slot[1].dead_at == SINCE + 3600);
	former_free(f);
	store_close(store);
	drop("web.state.lost");
	drop("old.state");
	drop("older.state");
}

/* What has been over for long does not end what may act yet, in whatever order they are met. */
static void the_oldest_request_ends_no_other(void **state)
{
	/* clang-format off */
	static const struct { const char *what, *one, *two; int64_t abandoned; } both[] = {
		{ "a killed sender, then one of long ago", INTENT, INTENT "abandoned = 2024-01-02T07:05:20Z\n", 0 },
		{ "one of long ago, then a killed sender", INTENT "abandoned = 2024-01-02T07:05:20Z\n", INTENT, 0 },
		{ "one that gave up last, then one of long ago", INTENT "abandoned = 2024-01-19T07:05:20Z\n",
		  INTENT "abandoned = 2024-01-02T07:05:20Z\n", SINCE + 10 },
		{ "one of long ago, then one that gave up last", INTENT "abandoned = 2024-01-02T07:05:20Z\n",
		  INTENT "abandoned = 2024-01-19T07:05:20Z\n", SINCE + 10 },
		{ "a sender, then one that began sooner", INTENT, SOONER, 0 },
		{ "a sender, then one that began later", SOONER, INTENT, 0 },
	};
	/* clang-format on */

	(void)state;
	for (size_t i = 0; i < COUNT(both); i++) {
		AUTO_STATE struct state s = { 0 };
		AUTO_FREE char *one = mem_fmt(HEAD "[password1]\n%s" REST, both[i].one),
			       *two = mem_fmt(HEAD "[password1]\n%s" REST, both[i].two);
		struct err e = ERR_INIT;
		bool any;
		store = store_dir_open(dir, &whose);
		struct former *f = former_new(store, has_job, NULL);
		put("web.state.lost", one);
		put("web.state.lost.1", two);
		CHECK(look(f, &s, &any, &e) && any, "%s: %s", both[i].what, e.text);
		CHECK(s.slot[0].intent && s.slot[0].abandoned == both[i].abandoned, "%s: %lld",
		      both[i].what, (long long)s.slot[0].abandoned);
		CHECK(s.slot[0].intent_since == SINCE, "%s: %lld", both[i].what,
		      (long long)s.slot[0].intent_since);
		former_free(f);
		store_close(store);
	}
	drop("web.state.lost");
	drop("web.state.lost.1");
}

/* Another job has left this token, and its record was put aside; so was the one after that. */
static void what_another_job_put_aside_counts(void **state)
{
	static const char *const files[] = { "api.state.lost", "api.state.lost.1" };

	(void)state;
	put("api.state", "[state]\nversion = 2\n" OURS "token = api-pull\n[password1]\n" REST);
	store = store_dir_open(dir, &whose);
	for (size_t i = 0; i < COUNT(files); i++) {
		AUTO_STATE struct state s = { 0 };
		struct err e = ERR_INIT;
		bool any;
		struct former *f = former_new(store, has_job, NULL);
		put(files[i], STANDING);
		CHECK(look(f, &s, &any, &e) && any && s.slot[0].intent, "%s", files[i]);
		former_free(f);
		drop(files[i]);
	}
	store_close(store);
	drop("api.state");
}

/* A registry of that name in another subscription is another one: its run is not waited for. */
static void another_subscription_is_not_waited_for(void **state)
{
	static const struct {
		const char *subscription;
		bool waits;
	} subs[] = { { NULL, true }, { "s", true }, { "S", true }, { "t", false } };

	(void)state;
	put("old.state", STANDING);
	store = store_dir_open(dir, &whose);
	(void)unsetenv("AZURE_SUBSCRIPTION_ID");
	for (size_t i = 0; i < COUNT(subs); i++) {
		AUTO_STATE struct state s = { .missing = true };
		AUTO_FREE char *subscription = mem_dup(subs[i].subscription);
		struct job there = job;
		struct lock lock = LOCK_INIT;
		struct err e = ERR_INIT;
		there.azure.subscription = subscription;
		struct former *f = former_new(store, has_job, NULL);
		assert_true(store_lock(store, "old", &lock, &e));
		bool ok = former_taint(f, store, &there, true, &s, &e);
		CHECK(ok != subs[i].waits, "subscription %zu: %s", i, e.text);
		CHECK(!ok || !s.slot[0].intent, "subscription %zu: tainted", i);
		lock_drop(&lock);
		former_free(f);
	}
	store_close(store);
	drop("old.state");
}

/* Whoever holds the lock may be about to send; what cannot be read may tell of it. */
static void what_cannot_be_told_is_refused(void **state)
{
	AUTO_FREE char *path = mem_fmt("%s/old.state", dir), *none = mem_fmt("%s/file/x", dir),
		       *file = mem_fmt("%s/file", dir), *lost = mem_fmt("%s/web.state.lost", dir);
	struct err e = ERR_INIT;
	struct lock lock = LOCK_INIT;
	struct former *f;
	bool any;

	(void)state;
	store = store_dir_open(dir, &whose);
	for (int held = 1; held >= 0; held--) {
		AUTO_STATE struct state s = { 0 };
		f = former_new(store, has_job, NULL);
		put("old.state", STANDING);
		if (held)
			assert_true(store_lock(store, "old", &lock, &e));
		bool ok = look(f, &s, &any, &e);
		CHECK(ok != held && (ok || (e.kind == ERR_BUSY && strstr(e.text, "'old'"))), "%s",
		      e.text);
		/* A dry run asks nobody. */
		struct state dry = { .missing = true };
		CHECK(former_taint(f, store, &job, false, &dry, &e) && dry.slot[0].intent, "%s",
		      e.text);
		lock_drop(&lock);
		former_free(f);
	}
	/* But not of a token of that name in another registry, nor of one that was not found yet. */
	static const char *const others[] = { HEAD ID "fabrikam\n[password1]\n" INTENT DEAD REST,
		                              HEAD "[password1]\n" REST };
	for (size_t i = 0; i < COUNT(others); i++) {
		AUTO_STATE struct state s = { 0 };
		f = former_new(store, has_job, NULL);
		put("old.state", others[i]);
		assert_true(store_lock(store, "old", &lock, &e));
		CHECK(look(f, &s, &any, &e) && !any, "%zu: %s", i, e.text);
		lock_drop(&lock);
		former_free(f);
	}
	drop("old.state");
	const char *const unreadable[] = { path, lost };
	for (size_t i = 0; i < COUNT(unreadable); i++) {
		AUTO_STATE struct state s = { 0 };
		f = former_new(store, has_job, NULL);
		assert_int_equal(mkdir(unreadable[i], 0700), 0);
		CHECK(!look(f, &s, &any, &e) && e.kind == ERR_LOCAL, "%zu", i);
		assert_int_equal(rmdir(unreadable[i]), 0);
		/* And is looked for again. */
		CHECK(taints(f, &s, &any, &e), "%s", e.text);
		former_free(f);
	}
	store_close(store);
	file_put(file, "");
	store = store_dir_open(none, &whose);
	f = former_new(store, has_job, NULL);
	struct state s = { .missing = true };
	assert_true(!taints(f, &s, &any, &e));
	former_free(f);
	store_close(store);
}

/* A record that was there when it was listed, and is gone. */
static void one_that_goes_meanwhile_tells_nothing(void **state)
{
	AUTO_STATE struct state s = { 0 };
	struct err e = ERR_INIT;
	bool any;

	(void)state;
	store = store_dir_open(dir, &whose);
	struct former *f = former_new(store, has_job, NULL);
	put("old.state", WITHOUT);
	assert_true(look(f, &s, &any, &e) && !any);
	drop("old.state");
	assert_true(taints(f, &s, &any, &e) && !any);
	former_free(f);
	store_close(store);
}

static void save_shared(const char *name, const char *text)
{
	AUTO_FREE char *version = NULL;
	struct err e = ERR_INIT;

	CHECK(record_put(store, name, text, &version, &e), "%s", e.text);
}

/* Of a shared record that is lost, its own text; and those that belong to no job, where they may
 * be listed. */
static void shared_records_tell(void **state)
{
	static const struct {
		const char *what, *name;
		enum err_kind fails;
		bool ok, taints;
	} shared[] = {
		{ "its own", "web", ERR_NONE, true, true },
		{ "its own cannot be read", "web", ERR_TRANSIENT, false, false },
		{ "of no job", "old", ERR_NONE, true, true },
		{ "they cannot be listed", "old", ERR_TRANSIENT, false, false },
		{ "they must not be listed", "old", ERR_DENIED, true, false },
		{ "of a job that there is", "api", ERR_NONE, true, false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(shared); i++) {
		AUTO_STATE struct state s = { 0 };
		struct err e = ERR_INIT;
		bool any;
		store = memory_store_open();
		struct former *f = former_new(store, has_job, NULL);
		save_shared(shared[i].name, STANDING);
		CHECK(state_load(store, "web", &s, &e), "%s", e.text);
		memory_store_break(store, shared[i].fails);
		bool ok = taints(f, &s, &any, &e);
		CHECK(ok == shared[i].ok, "%s: %s", shared[i].what, e.text);
		CHECK(any == shared[i].taints && s.slot[0].intent == shared[i].taints, "%s",
		      shared[i].what);
		former_free(f);
		store_close(store);
	}
}

static const struct store_ops *memory_ops;

static bool load_but_fresh(const struct store *s, const char *name, struct store_record *out,
                           struct err *e)
{
	return strcmp(name, "fresh") == 0 ? err_set(e, ERR_DENIED, "it may not be read")
	                                  : memory_ops->load(s, name, out, e);
}

/* A role may list more than it may read: what it may read counts. */
static void a_shared_record_that_may_not_be_read_hides_no_other(void **state)
{
	AUTO_STATE struct state s = { 0 };
	struct err e = ERR_INIT;
	bool any;

	(void)state;
	store = memory_store_open();
	struct former *f = former_new(store, has_job, NULL);
	save_shared("fresh", STANDING);
	save_shared("old", STANDING);
	CHECK(state_load(store, "web", &s, &e), "%s", e.text);
	memory_ops = store->ops;
	struct store_ops ops = *memory_ops;
	ops.load = load_but_fresh;
	store->ops = &ops;
	bool ok = taints(f, &s, &any, &e);
	store->ops = memory_ops;
	CHECK(ok && any && s.slot[0].intent, "%s", e.text);
	former_free(f);
	store_close(store);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_intent_is_heeded),
		cmocka_unit_test(the_last_one_counts),
		cmocka_unit_test(the_oldest_request_ends_no_other),
		cmocka_unit_test(what_cannot_be_told_is_refused),
		cmocka_unit_test(another_subscription_is_not_waited_for),
		cmocka_unit_test(one_that_goes_meanwhile_tells_nothing),
		cmocka_unit_test(what_another_job_put_aside_counts),
		cmocka_unit_test(shared_records_tell),
		cmocka_unit_test(a_shared_record_that_may_not_be_read_hides_no_other),
	};

	return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
