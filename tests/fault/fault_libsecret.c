/* SPDX-License-Identifier: MIT */
/*
 * The libsecret sink against a Secret Service in memory, every call of which fails once in every
 * way that the sink tells apart. The real service is in tests/e2e/keyring.t; it cannot be made
 * to fail between two calls. Programs without libsecret have no such test.
 */
#include "check.h"

#include <errno.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <libsecret/secret.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/secret.h"
#include "fakes/sinks.h"

#pragma GCC diagnostic ignored "-Wmissing-prototypes"

#define ITEMS_MAX 4

/* ---- the service ----------------------------------------------------------------------------- */

struct item {
	char user[20];
	char secret[20];
	bool locked, nameless;
	GObject *object;
};

static struct {
	struct item item[ITEMS_MAX];
	int n;
	bool locked, no_default, gives_nothing, gives_too_much, forgets, no_threads;
	int calls, fail_at; /* 0: never */
	GQuark (*domain)(void);
	int code;
	bool cancels; /* the deadline has passed meanwhile */
} service;

static bool fails(GCancellable *cancel, GError **why)
{
	if (++service.calls != service.fail_at)
		return false;
	if (service.cancels)
		g_cancellable_cancel(cancel);
	g_set_error_literal(why, service.domain(), service.code, "the bus says no");
	return true;
}

static struct item *item_of(gpointer object)
{
	for (int i = 0; i < service.n; i++)
		if (service.item[i].object == object)
			return &service.item[i];
	abort();
}

GDBusConnection *__wrap_g_bus_get_sync(GBusType type, GCancellable *cancel, GError **why)
{
	(void)type;
	return fails(cancel, why) ? NULL : g_object_new(G_TYPE_OBJECT, NULL);
}

void __wrap_g_dbus_connection_set_exit_on_close(GDBusConnection *bus, gboolean yes)
{
	(void)bus;
	(void)yes;
}

SecretService *__wrap_secret_service_open_sync(GType type, const gchar *name,
                                               SecretServiceFlags flags, GCancellable *cancel,
                                               GError **why)
{
	(void)type;
	(void)name;
	(void)flags;
	return fails(cancel, why) ? NULL : g_object_new(G_TYPE_OBJECT, NULL);
}

gchar *__wrap_secret_service_read_alias_dbus_path_sync(SecretService *s, const gchar *alias,
                                                       GCancellable *cancel, GError **why)
{
	(void)s;
	(void)alias;
	return fails(cancel, why) || service.no_default ? NULL : g_strdup("/login");
}

SecretCollection *__wrap_secret_collection_new_for_dbus_path_sync(SecretService *s,
                                                                  const gchar *path,
                                                                  SecretCollectionFlags flags,
                                                                  GCancellable *cancel,
                                                                  GError **why)
{
	(void)s;
	(void)path;
	(void)flags;
	return fails(cancel, why) ? NULL : g_object_new(G_TYPE_OBJECT, NULL);
}

gboolean __wrap_secret_collection_get_locked(SecretCollection *c)
{
	(void)c;
	return service.locked;
}

GList *__wrap_secret_service_search_sync(SecretService *s, const SecretSchema *schema,
                                         GHashTable *want, SecretSearchFlags flags,
                                         GCancellable *cancel, GError **why)
{
	GList *all = NULL;

	(void)s;
	(void)schema;
	(void)want;
	(void)flags;
	if (fails(cancel, why))
		return NULL;
	for (int i = 0; i < service.n; i++)
		all = g_list_append(all, g_object_ref(service.item[i].object));
	return all;
}

GHashTable *__wrap_secret_item_get_attributes(SecretItem *object)
{
	const struct item *i = item_of(object);

	if (i->nameless)
		return NULL;
	GHashTable *all = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	(void)g_hash_table_insert(all, g_strdup("username"), g_strdup(i->user));
	return all;
}

gboolean __wrap_secret_item_get_locked(SecretItem *object)
{
	return item_of(object)->locked;
}

gboolean __wrap_secret_item_load_secret_sync(SecretItem *object, GCancellable *cancel, GError **why)
{
	(void)object;
	return !fails(cancel, why);
}

SecretValue *__wrap_secret_item_get_secret(SecretItem *object)
{
	static char too_much[SECRET_MAX + 1];
	const struct item *i = item_of(object);

	(void)memset(too_much, 'x', sizeof(too_much));
	if (service.gives_nothing)
		return NULL;
	return service.gives_too_much ? secret_value_new(too_much, sizeof(too_much), "text/plain")
	                              : secret_value_new(i->secret, -1, "text/plain");
}

gboolean __wrap_secret_item_delete_sync(SecretItem *object, GCancellable *cancel, GError **why)
{
	struct item *i = item_of(object);

	if (fails(cancel, why))
		return FALSE;
	i->user[0] = '\0';
	return TRUE;
}

static void add_item(const char *user, const char *secret)
{
	struct item *i = &service.item[service.n++];

	*i = (struct item){ .object = g_object_new(G_TYPE_OBJECT, NULL) };
	(void)snprintf(i->user, sizeof(i->user), "%s", user);
	(void)snprintf(i->secret, sizeof(i->secret), "%s", secret);
}

static struct item *find_item(const char *user)
{
	for (int i = 0; i < service.n; i++)
		if (strcmp(service.item[i].user, user) == 0)
			return &service.item[i];
	return NULL;
}

gboolean __wrap_secret_service_store_sync(SecretService *s, const SecretSchema *schema,
                                          GHashTable *attributes, const gchar *collection,
                                          const gchar *label, SecretValue *value,
                                          GCancellable *cancel, GError **why)
{
	const char *user = g_hash_table_lookup(attributes, "username");
	gsize n;

	(void)s;
	(void)schema;
	(void)collection;
	(void)label;
	if (fails(cancel, why))
		return FALSE;
	if (service.forgets)
		return TRUE;
	if (find_item(user) == NULL)
		add_item(user, "");
	(void)snprintf(find_item(user)->secret, sizeof(service.item[0].secret), "%s",
	               secret_value_get(value, &n));
	return TRUE;
}

int __real_pthread_create(pthread_t *id, const pthread_attr_t *attr, void *(*fn)(void *),
                          void *arg);
int __wrap_pthread_create(pthread_t *id, const pthread_attr_t *attr, void *(*fn)(void *), void *arg)
{
	return service.no_threads ? EAGAIN : __real_pthread_create(id, attr, fn, arg);
}

/* To whom everything of ours is somebody else's. */
static bool somebody_else;
uid_t __real_geteuid(void);
uid_t __wrap_geteuid(void)
{
	return somebody_else ? 54321 : __real_geteuid();
}

/* ---- what fails, and how --------------------------------------------------------------------- */

/* clang-format off */
static const struct way { GQuark (*domain)(void); int code; bool cancels; const char *says; enum err_kind kind; } ways[] = {
	{ g_dbus_error_quark, G_DBUS_ERROR_SERVICE_UNKNOWN, false, NULL, ERR_NONE },
	{ secret_error_get_quark, SECRET_ERROR_IS_LOCKED, false, NULL, ERR_NONE },
	{ g_io_error_quark, G_IO_ERROR_CLOSED, false, NULL, ERR_NONE },
	{ g_io_error_quark, G_IO_ERROR_PERMISSION_DENIED, false, NULL, ERR_NONE },
	{ g_io_error_quark, G_IO_ERROR_CANCELLED, true, "did not answer within", ERR_TRANSIENT },
};
/* clang-format on */

static void empty(void)
{
	for (int i = 0; i < service.n; i++)
		g_object_unref(service.item[i].object);
	memset(&service, 0, sizeof(service));
}

static bool check(const struct test_sink *t, struct err *e)
{
	AUTO_CREDENTIAL struct credential who = test_credential(NULL);

	return t->ops->check(t->s, &who, e);
}

static bool read_it(const struct test_sink *t, struct err *e)
{
	AUTO_CREDENTIAL struct credential who = test_credential(NULL);
	AUTO_SECRET struct secret *now = NULL;

	return t->ops->read_current(t->s, &who, &now, e);
}

static bool deliver(const struct test_sink *t, struct err *e)
{
	AUTO_CREDENTIAL struct credential c = test_credential("brand-new");

	return t->ops->prepare(t->s, &c, e) && t->ops->commit(t->s, e);
}

/* Nothing of ours is there, which is no failure. */
static bool read_nothing(const struct test_sink *t, struct err *e)
{
	bool ok = read_it(t, e);

	return !ok || err_set(e, ERR_MISSING, "it was read, and there is nothing");
}

static bool lock_before_commit(const struct test_sink *t, struct err *e)
{
	AUTO_CREDENTIAL struct credential c = test_credential("brand-new");

	if (!t->ops->prepare(t->s, &c, e))
		return err_set(e, ERR_CONFIG, "it could not be prepared");
	service.locked = true;
	return t->ops->commit(t->s, e);
}

static const struct operation {
	const char *name;
	bool (*run)(const struct test_sink *t, struct err *e);
	bool writes;
} operations[] = {
	{ "check", check, false },
	{ "read", read_it, false },
	{ "deliver", deliver, true },
};

static void every_call_fails(void **state)
{
	int faults = 0;

	(void)state;
	(void)setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere", 1);
	for (size_t o = 0; o < COUNT(operations); o++)
		for (size_t k = 0; k < COUNT(ways); k++)
			for (int n = 1;; n++) {
				AUTO_TEST_SINK struct test_sink t =
					test_sink_open("libsecret", "take_entry", "yes", NULL);
				struct err e = ERR_INIT;
				empty();
				add_item("u", "old");
				add_item("somebody", "else");
				service.fail_at = n;
				service.domain = ways[k].domain;
				service.code = ways[k].code;
				service.cancels = ways[k].cancels;
				bool ok = operations[o].run(&t, &e);
				const char *held =
					find_item("u") != NULL ? find_item("u")->secret : "none";
				if (service.calls < n) {
					CHECK(ok && (!operations[o].writes ||
					             (strcmp(held, "brand-new") == 0 &&
					              find_item("somebody") == NULL)),
					      "%s: %s", operations[o].name, e.text);
					break;
				}
				faults++;
				CHECK(!ok && e.kind != ERR_NONE && e.text[0] != '\0',
				      "%s, call %d, way %zu", operations[o].name, n, k);
				CHECK(ways[k].says == NULL ||
				              (strstr(e.text, ways[k].says) != NULL &&
				               e.kind == ways[k].kind),
				      "%s, call %d: %s", operations[o].name, n, e.text);
				CHECK(strcmp(held, "old") == 0 || strcmp(held, "brand-new") == 0,
				      "%s, call %d: '%s'", operations[o].name, n, held);
				CHECK(strstr(e.text, "brand-new") == NULL &&
				              strstr(e.text, "old") == NULL,
				      "%s", e.text);
			}
	print_message("          %d faults\n", faults);
	assert_true(faults > 80);
	empty();
}

/* ---- and what is not as it should be --------------------------------------------------------- */

static void locked_collection(void)
{
	service.locked = true;
}

static void locked_and_empty(void)
{
	locked_collection();
	empty();
	service.locked = true;
}

static void forgets_and_empty(void)
{
	empty();
	service.forgets = true;
}

static void locked_item(void)
{
	service.item[0].locked = true;
}

static void others_locked_item(void)
{
	add_item("somebody", "else");
	service.item[1].locked = true;
}

static void others_item(void)
{
	add_item("somebody", "else");
}

static void nameless_item(void)
{
	add_item("", "else");
	service.item[1].nameless = true;
}

static void gives_nothing(void)
{
	service.gives_nothing = true;
}

static void gives_too_much(void)
{
	service.gives_too_much = true;
}

static void forgets(void)
{
	service.forgets = true;
}

static void no_default(void)
{
	service.no_default = true;
}

static void no_change(void)
{
}

static void no_threads(void)
{
	service.no_threads = true;
}

static const struct row {
	const char *name;
	void (*set)(void);
	const char *take_entry;
	bool (*run)(const struct test_sink *t, struct err *e);
	enum err_kind kind;
	const char *says;
} rows[] = {
	{ "a locked keyring", locked_collection, "no", deliver, ERR_TRANSIENT,
	  "the keyring is locked" },
	{ "a locked keyring that shows nothing", locked_and_empty, "no", read_it, ERR_TRANSIENT,
	  "the keyring is locked" },
	{ "a locked item", locked_item, "no", read_it, ERR_TRANSIENT, "the keyring is locked" },
	{ "another user's locked item", others_locked_item, "yes", check, ERR_TRANSIENT,
	  "the keyring is locked" },
	{ "another user's item", others_item, "no", check, ERR_DECISION,
	  "another user ('somebody')" },
	{ "an item without a name", nameless_item, "no", check, ERR_DECISION, "another user ('')" },
	{ "an item without a secret", gives_nothing, "no", read_it, ERR_TRANSIENT, "gave nothing" },
	{ "an item too large", gives_too_much, "no", read_it, ERR_LOCAL, "is larger than" },
	{ "it forgets at once", forgets, "no", deliver, ERR_LOCAL, "does not hand it back" },
	{ "it forgets at once, the first one", forgets_and_empty, "no", deliver, ERR_LOCAL,
	  "does not hand it back" },
	{ "nothing", empty, "no", read_nothing, ERR_MISSING, "there is nothing" },
	{ "locked behind the preparation", no_change, "no", lock_before_commit, ERR_TRANSIENT,
	  "the keyring is locked" },
	{ "no default keyring", no_default, "no", check, ERR_MISSING, "no default keyring" },
	{ "no thread to be had", no_threads, "no", check, ERR_LOCAL, "cannot start a thread" },
};

static void each_state_is_told(void **state)
{
	(void)state;
	(void)setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere", 1);
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO_TEST_SINK struct test_sink t =
			test_sink_open("libsecret", "take_entry", rows[i].take_entry, NULL);
		struct err e = ERR_INIT;
		empty();
		add_item("u", "old");
		rows[i].set();
		CHECK(!rows[i].run(&t, &e) && e.kind == rows[i].kind &&
		              strstr(e.text, rows[i].says) != NULL,
		      "%s: %d %s", rows[i].name, (int)e.kind, e.text);
	}
	AUTO_TEST_SINK struct test_sink t = test_sink_open("libsecret", NULL);
	(void)unsetenv("DBUS_SESSION_BUS_ADDRESS");
	struct err no_bus = ERR_INIT;
	empty();
	assert_false(check(&t, &no_bus));
	assert_non_null(strstr(no_bus.text, "no session bus"));
	AUTO_BUF struct buf text = BUF_INIT(100);
	struct err e = ERR_INIT;
	assert_false(t.ops->commit(t.s, &e));
	assert_non_null(strstr(e.text, "was not prepared"));
	t.ops->describe(t.s, &text);
	assert_string_equal(buf_cstr(&text), "the Secret Service");
	empty();
}

static void a_bus_is_taken_only_if_it_is_ours(void **state)
{
	char *dir = scratch_make();
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	const struct sink_ops *ops = sink_find("libsecret");
	int s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	static const struct {
		const char *name;
		bool relative, others, file, taken;
		const char *given;
	} cases[] = {
		{ "a directory that is no path", true, false, false, false, NULL },
		{ "somebody else's", false, true, false, false, "" },
		{ "a file", false, false, true, false, "autolaunch:" },
		{ "ours", false, false, false, true, NULL },
	};

	(void)state;
	(void)snprintf(at.sun_path, sizeof(at.sun_path), "%s/bus", dir);
	for (size_t i = 0; i < COUNT(cases); i++) {
		(void)unlink(at.sun_path);
		if (cases[i].file)
			file_put(at.sun_path, "");
		if (!cases[i].file) {
			(void)close(s);
			s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
			CHECK(bind(s, (struct sockaddr *)&at, sizeof(at)) == 0, "row %zu", i);
		}
		(void)unsetenv("DBUS_SESSION_BUS_ADDRESS");
		if (cases[i].given != NULL)
			(void)setenv("DBUS_SESSION_BUS_ADDRESS", cases[i].given, 1);
		(void)setenv("XDG_RUNTIME_DIR", cases[i].relative ? "relative" : dir, 1);
		somebody_else = cases[i].others;
		ops->setup();
		somebody_else = false;
		const char *now = getenv("DBUS_SESSION_BUS_ADDRESS");
		/* A machine may have one in the usual place. */
		CHECK((now != NULL && strstr(now, dir) != NULL) == cases[i].taken, "%s: '%s'",
		      cases[i].name, now);
	}
	(void)close(s);
	scratch_remove(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_call_fails),
		cmocka_unit_test(each_state_is_told),
		cmocka_unit_test(a_bus_is_taken_only_if_it_is_ours),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
