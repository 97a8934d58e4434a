/* SPDX-License-Identifier: MIT */
/*
 * acrotate-keyring's use of libsecret against a Secret Service in memory, every call of which fails
 * once in every way that is told apart. The real service is in tests/e2e/keyring.t; it cannot be
 * made to fail between two calls. Builds without libsecret have no such test.
 */
#include "check.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <libsecret/secret.h>

#include "base/credential.h"
#include "base/err.h"
#include "base/secret.h"
#include "fakes/sinks.h"
#include "keyring/keyring.h"

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
	bool locked, others_locked, no_default, gives_nothing, gives_too_much, gives_bytes, forgets;
	int calls, fail_at;     /* 0: never */
	GQuark (*domain)(void); /* NULL: it fails without a word */
	int code;
} service;

static bool fails(GError **why)
{
	if (++service.calls != service.fail_at)
		return false;
	g_set_error_literal(why, service.domain(), service.code, "the bus says no");
	return true;
}

/* What the service may ask its user about: dismissed, it has failed and says nothing. */
static bool fails_or_is_dismissed(GError **why)
{
	if (service.domain != NULL)
		return fails(why);
	return ++service.calls == service.fail_at;
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
	(void)cancel;
	return fails(why) ? NULL : g_object_new(G_TYPE_OBJECT, NULL);
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
	(void)cancel;
	(void)type;
	(void)name;
	(void)flags;
	return fails(why) ? NULL : g_object_new(G_TYPE_OBJECT, NULL);
}

gchar *__wrap_secret_service_read_alias_dbus_path_sync(SecretService *s, const gchar *alias,
                                                       GCancellable *cancel, GError **why)
{
	(void)cancel;
	(void)s;
	(void)alias;
	return fails(why) || service.no_default ? NULL : g_strdup("/login");
}

SecretCollection *__wrap_secret_collection_new_for_dbus_path_sync(SecretService *s,
                                                                  const gchar *path,
                                                                  SecretCollectionFlags flags,
                                                                  GCancellable *cancel,
                                                                  GError **why)
{
	(void)cancel;
	(void)s;
	(void)path;
	(void)flags;
	return fails(why) ? NULL : g_object_new(G_TYPE_OBJECT, NULL);
}

static GObject *others; /* the collection that is not the default one */

gboolean __wrap_secret_collection_get_locked(SecretCollection *c)
{
	return (GObject *)c == others ? service.others_locked : service.locked;
}

gchar *__wrap_secret_collection_get_label(SecretCollection *c)
{
	return g_strdup((GObject *)c == others ? "Other" : "Login");
}

gboolean __wrap_secret_service_load_collections_sync(SecretService *s, GCancellable *cancel,
                                                     GError **why)
{
	(void)s;
	(void)cancel;
	return !fails(why);
}

GList *__wrap_secret_service_get_collections(SecretService *s)
{
	(void)s;
	return g_list_append(g_list_append(NULL, g_object_new(G_TYPE_OBJECT, NULL)),
	                     g_object_ref(others));
}

GList *__wrap_secret_service_search_sync(SecretService *s, const SecretSchema *schema,
                                         GHashTable *want, SecretSearchFlags flags,
                                         GCancellable *cancel, GError **why)
{
	GList *all = NULL;

	(void)cancel;
	(void)s;
	(void)schema;
	(void)want;
	(void)flags;
	if (fails(why))
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
	(void)cancel;
	(void)object;
	return !fails(why);
}

SecretValue *__wrap_secret_item_get_secret(SecretItem *object)
{
	static char too_much[SECRET_MAX + 1];
	const struct item *i = item_of(object);

	(void)memset(too_much, 'x', sizeof(too_much));
	if (service.gives_nothing)
		return NULL;
	if (service.gives_bytes)
		return secret_value_new("\xff\xfe", 2, "text/plain");
	return service.gives_too_much ? secret_value_new(too_much, sizeof(too_much), "text/plain")
	                              : secret_value_new(i->secret, -1, "text/plain");
}

gboolean __wrap_secret_item_delete_sync(SecretItem *object, GCancellable *cancel, GError **why)
{
	struct item *i = item_of(object);

	(void)cancel;
	if (fails(why))
		return FALSE;
	i->user[0] = '\0';
	return TRUE;
}

gboolean __wrap_secret_item_set_secret_sync(SecretItem *object, SecretValue *value,
                                            GCancellable *cancel, GError **why)
{
	struct item *i = item_of(object);
	gsize n;

	(void)cancel;
	if (fails_or_is_dismissed(why))
		return FALSE;
	if (!service.forgets)
		(void)snprintf(i->secret, sizeof(i->secret), "%s", secret_value_get(value, &n));
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

	(void)cancel;
	(void)s;
	(void)schema;
	(void)collection;
	(void)label;
	if (fails_or_is_dismissed(why))
		return FALSE;
	if (service.forgets)
		return TRUE;
	if (find_item(user) == NULL)
		add_item(user, "");
	(void)snprintf(find_item(user)->secret, sizeof(service.item[0].secret), "%s",
	               secret_value_get(value, &n));
	return TRUE;
}

/* To whom everything of ours is foreign. */
static bool somebody_else;
uid_t __real_geteuid(void);
uid_t __wrap_geteuid(void)
{
	return somebody_else ? 54321 : __real_geteuid();
}

/* ---- what fails, and how --------------------------------------------------------------------- */

static const struct way {
	GQuark (*domain)(void);
	int code;
	enum err_kind kind;
	const char *says;
} ways[] = {
	{ g_dbus_error_quark, G_DBUS_ERROR_SERVICE_UNKNOWN, ERR_NONE, NULL },
	{ secret_error_get_quark, SECRET_ERROR_IS_LOCKED, ERR_TRANSIENT, NULL },
	{ g_io_error_quark, G_IO_ERROR_CLOSED, ERR_NONE, NULL },
	{ g_io_error_quark, G_IO_ERROR_PERMISSION_DENIED, ERR_NONE, NULL },
	{ g_io_error_quark, G_IO_ERROR_TIMED_OUT, ERR_TRANSIENT, "the bus says no" },
};

static void empty(void)
{
	for (int i = 0; i < service.n; i++)
		g_object_unref(service.item[i].object);
	memset(&service, 0, sizeof(service));
}

static bool check(bool take_entry, struct err *e)
{
	AUTO_CREDENTIAL struct credential who = test_credential(NULL);

	return keyring_check(&who, take_entry, e);
}

static bool read_it(bool take_entry, struct err *e)
{
	AUTO_CREDENTIAL struct credential who = test_credential(NULL);
	AUTO_SECRET struct secret *now = NULL;

	(void)take_entry;
	return keyring_get(&who, &now, e);
}

static bool deliver(bool take_entry, struct err *e)
{
	AUTO_CREDENTIAL struct credential c = test_credential("brand-new");

	return keyring_put(&c, take_entry, e);
}

/* Nothing of ours is there, which is no failure. */
static bool read_nothing(bool take_entry, struct err *e)
{
	AUTO_CREDENTIAL struct credential who = test_credential(NULL);
	struct secret *now = secret_new("x", 1), *before = now;

	(void)take_entry;
	if (!keyring_get(&who, &now, e)) {
		secret_free(before);
		return false;
	}
	secret_free(before);
	return err_set(e, now == NULL ? ERR_MISSING : ERR_REMOTE,
	               "it was read, and there is nothing");
}

static const struct operation {
	const char *name;
	bool (*run)(bool take_entry, struct err *e);
	bool writes, empty;
} operations[] = {
	{ "check", check, false, false },
	{ "read", read_it, false, false },
	{ "deliver", deliver, true, false },
	{ "read nothing", read_it, false, true },
	{ "deliver the first", deliver, true, true },
};

/* False: there are fewer than n calls, and it was done. */
static bool one_fault(const struct operation *o, const struct way *w, int n)
{
	struct err e = ERR_INIT;

	empty();
	if (!o->empty)
		add_item("u", "old");
	add_item("somebody", "else");
	service.fail_at = n;
	service.domain = w->domain;
	service.code = w->code;
	bool ok = o->run(true, &e);
	const char *held = find_item("u") != NULL ? find_item("u")->secret : "old";
	if (service.calls < n) {
		CHECK(ok && (!o->writes ||
		             (strcmp(held, "brand-new") == 0 && find_item("somebody") == NULL)),
		      "%s: %s", o->name, e.text);
		return false;
	}
	CHECK(!ok && e.kind != ERR_NONE && e.text[0] != '\0', "%s, call %d, code %d", o->name, n,
	      w->code);
	/* The bus itself has words of its own. */
	CHECK(w->says == NULL || n == 1 || (strstr(e.text, w->says) != NULL && e.kind == w->kind),
	      "%s, call %d: %s", o->name, n, e.text);
	CHECK(strcmp(held, "old") == 0 || strcmp(held, "brand-new") == 0, "%s, call %d: '%s'",
	      o->name, n, held);
	CHECK(strstr(e.text, "brand-new") == NULL && strstr(e.text, "old") == NULL, "%s", e.text);
	return true;
}

static void every_call_fails(void **state)
{
	int faults = 0;

	(void)state;
	(void)setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere", 1);
	for (size_t o = 0; o < COUNT(operations); o++)
		for (size_t k = 0; k < COUNT(ways); k++)
			for (int n = 1; one_fault(&operations[o], &ways[k], n); n++)
				faults++;
	print_message("          %d faults\n", faults);
	assert_true(faults > 120);
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

static void gives_bytes(void)
{
	service.gives_bytes = true;
}

/* What stands in no keyring that is open may stand in this one. */
static void others_locked(void)
{
	service.others_locked = true;
}

static void others_locked_and_empty(void)
{
	empty();
	service.others_locked = true;
}

static void dismissed(void)
{
	service.fail_at = 6;
}

static void dismissed_and_empty(void)
{
	empty();
	service.fail_at = 6;
}

static void two_items(void)
{
	add_item("u", "older");
}

static const struct row {
	const char *name;
	void (*set)(void);
	bool take_entry;
	bool (*run)(bool take_entry, struct err *e);
	enum err_kind kind;
	const char *says, *code;
} rows[] = {
	{ "a locked keyring", locked_collection, false, deliver, ERR_TRANSIENT,
	  "the keyring 'Login' is locked", "locked" },
	{ "a locked keyring that shows nothing", locked_and_empty, false, read_it, ERR_TRANSIENT,
	  "the keyring 'Login' is locked", "locked" },
	{ "another one is locked, and it is in none", others_locked_and_empty, false, read_it,
	  ERR_TRANSIENT, "keyring 'Other' is locked", "locked" },
	{ "a locked item", locked_item, false, read_it, ERR_TRANSIENT,
	  "the keyring of the item is locked", "locked" },
	{ "another user's locked item", others_locked_item, true, check, ERR_TRANSIENT,
	  "the keyring of the item is locked", "locked" },
	{ "another user's item", others_item, false, check, ERR_DECISION,
	  "another user ('somebody')", "" },
	{ "an item without a name", nameless_item, false, check, ERR_DECISION, "another user ('')",
	  "" },
	{ "an item without a secret", gives_nothing, false, read_it, ERR_TRANSIENT, "gave nothing",
	  "" },
	{ "an item too large", gives_too_much, false, read_it, ERR_LOCAL, "is larger than", "" },
	{ "an item that is no text", gives_bytes, false, read_it, ERR_LOCAL, "is not text", "" },
	{ "it forgets at once", forgets, false, deliver, ERR_LOCAL, "does not return it", "" },
	{ "it forgets at once, the first one", forgets_and_empty, false, deliver, ERR_LOCAL,
	  "does not return it", "" },
	{ "nothing", empty, false, read_nothing, ERR_MISSING, "there is nothing", "" },
	{ "no default keyring", no_default, false, check, ERR_MISSING, "no default keyring",
	  "no-default" },
	{ "a prompt that is dismissed", dismissed, false, deliver, ERR_TRANSIENT,
	  "asked its user, who declined", "dismissed" },
	{ "the same for a first item", dismissed_and_empty, false, deliver, ERR_TRANSIENT,
	  "asked its user, who declined", "dismissed" },
};

static void each_state_is_told(void **state)
{
	(void)state;
	(void)setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere", 1);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct err e = ERR_INIT;
		empty();
		add_item("u", "old");
		rows[i].set();
		CHECK(!rows[i].run(rows[i].take_entry, &e) && e.kind == rows[i].kind &&
		              strstr(e.text, rows[i].says) != NULL,
		      "%s: %d %s", rows[i].name, (int)e.kind, e.text);
		CHECK_TEXT(e.code, rows[i].code, "%s", rows[i].name);
	}
	(void)unsetenv("DBUS_SESSION_BUS_ADDRESS");
	struct err no_bus = ERR_INIT;
	empty();
	assert_false(check(false, &no_bus));
	assert_non_null(strstr(no_bus.text, "no session bus"));
	assert_string_equal(no_bus.code, "no-bus");
	empty();
}

/* Another keyring that is locked is in nobody's way where the item stands in an open one. */
static void what_is_there_is_used(void **state)
{
	static void (*const sets[])(void) = { others_locked, two_items };

	(void)state;
	(void)setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere", 1);
	for (size_t i = 0; i < COUNT(sets); i++) {
		struct err e = ERR_INIT;
		empty();
		add_item("u", "old");
		sets[i]();
		CHECK(read_it(false, &e) && deliver(false, &e), "%zu: %s", i, e.text);
		for (int k = 0; k < service.n; k++)
			CHECK_TEXT(service.item[k].secret, "brand-new", "%zu, item %d", i, k);
	}
	empty();
}

static void a_bus_is_taken_only_if_it_is_ours(void **state)
{
	char *dir = scratch_make();
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	static const struct {
		const char *name;
		bool relative, others, file, taken;
		const char *given;
	} cases[] = {
		{ "a directory that is no path", true, false, false, false, NULL },
		{ "foreign", false, true, false, false, "" },
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
		keyring_setup();
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
		cmocka_unit_test(what_is_there_is_used),
		cmocka_unit_test(every_call_fails),
		cmocka_unit_test(each_state_is_told),
		cmocka_unit_test(a_bus_is_taken_only_if_it_is_ours),
	};

	others = g_object_new(G_TYPE_OBJECT, NULL);
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	g_object_unref(others);
	return failed;
}
