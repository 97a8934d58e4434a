/* SPDX-License-Identifier: MIT */
/*
 * The Secret Service, with items as docker-credential-secretservice makes them. Every call
 * stands under a deadline: a provider that was stopped answers never, and libsecret's own calls
 * would wait for it. Nothing here prompts: what would need one is found out before.
 *
 * The process's connection to the bus is told not to end the process when the bus goes away,
 * which GLib would have it do.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define SECRET_API_SUBJECT_TO_CHANGE 1
#include <libsecret/secret.h>

#include "base/buf.h"
#include "base/credential.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/secret.h"
#include "sink/remote.h"
#include "sink/sink.h"

#define DEADLINE_S  5 /* for one check, read or commit; a store takes 25 ms */
#define ADDRESS_MAX 4096
#define ADDRESS     "DBUS_SESSION_BUS_ADDRESS"

/* As docker's helper looks for it. Its `list` shows the item's label as the server, so that is
 * our label. */
static const SecretSchema schema = {
	.name = "io.docker.Credentials",
	.flags = SECRET_SCHEMA_NONE,
	.attributes = {
		{ "label", SECRET_SCHEMA_ATTRIBUTE_STRING },
		{ "server", SECRET_SCHEMA_ATTRIBUTE_STRING },
		{ "username", SECRET_SCHEMA_ATTRIBUTE_STRING },
		{ "docker_cli", SECRET_SCHEMA_ATTRIBUTE_STRING },
	},
};

struct libsecret {
	struct sink sink;
	const struct libsecret_spec *spec;
	struct credential next; /* between prepare and commit */
};

/* ---- life ------------------------------------------------------------------------------------ */

static bool libsecret_open(const void *spec, struct sink **out, struct err *e)
{
	struct libsecret *l = mem_new(sizeof(*l));

	(void)e; /* nothing is touched */
	l->sink.ops = &sink_libsecret;
	l->spec = spec;
	*out = &l->sink;
	return true;
}

static void libsecret_describe(const struct sink *s, struct buf *out)
{
	(void)s;
	buf_str(out, "the Secret Service");
}

static void libsecret_abort(struct sink *s)
{
	credential_clear(&((struct libsecret *)s)->next);
}

static void libsecret_close(struct sink *s)
{
	libsecret_abort(s);
	free(s);
}

/* ---- the deadline ---------------------------------------------------------------------------- */

struct deadline {
	GCancellable *cancel;
	pthread_t watcher;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool over, running; /* over: the work is done, nothing to watch */
};

static void *watch(void *arg)
{
	struct deadline *d = arg;
	struct timespec until;

	(void)clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += DEADLINE_S;
	(void)pthread_mutex_lock(&d->lock);
	int rc = 0;
	while (!d->over && rc != ETIMEDOUT)
		rc = pthread_cond_timedwait(&d->changed, &d->lock, &until);
	bool late = !d->over;
	(void)pthread_mutex_unlock(&d->lock);
	if (late)
		g_cancellable_cancel(d->cancel);
	return NULL;
}

static bool deadline_start(struct deadline *d, struct err *e)
{
	pthread_condattr_t attr;

	d->cancel = g_cancellable_new();
	(void)pthread_mutex_init(&d->lock, NULL);
	(void)pthread_condattr_init(&attr);
	(void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&d->changed, &attr);
	(void)pthread_condattr_destroy(&attr);
	int rc = pthread_create(&d->watcher, NULL, watch, d);
	d->running = rc == 0;
	return d->running || err_sys(e, rc, "cannot start a thread");
}

static void deadline_stop(struct deadline *d)
{
	if (d->cancel == NULL)
		return;
	(void)pthread_mutex_lock(&d->lock);
	d->over = true;
	(void)pthread_cond_signal(&d->changed);
	(void)pthread_mutex_unlock(&d->lock);
	if (d->running)
		(void)pthread_join(d->watcher, NULL);
	(void)pthread_cond_destroy(&d->changed);
	(void)pthread_mutex_destroy(&d->lock);
	g_object_unref(d->cancel);
}

/* ---- what went wrong ------------------------------------------------------------------------- */

static bool locked(struct err *e)
{
	return err_set(e, ERR_TRANSIENT,
	               "the keyring is locked: it opens when its user logs in (or: "
	               "'gnome-keyring-daemon --replace "
	               "--unlock', with its password on stdin)");
}

static bool no_service(struct err *e)
{
	return err_set(e, ERR_MISSING,
	               "no Secret Service on the session bus: install and start one "
	               "(gnome-keyring, KeePassXC)");
}

static const struct {
	GQuark (*domain)(void);
	int code;
	bool (*say)(struct err *e);
} known[] = {
	{ g_dbus_error_quark, G_DBUS_ERROR_SERVICE_UNKNOWN, no_service },
	{ g_dbus_error_quark, G_DBUS_ERROR_NAME_HAS_NO_OWNER, no_service },
	{ g_dbus_error_quark, G_DBUS_ERROR_SPAWN_SERVICE_NOT_FOUND, no_service },
	{ secret_error_get_quark, SECRET_ERROR_IS_LOCKED, locked },
};

/* Takes the GError. */
static bool failed(const char *what, const struct deadline *d, GError *why, struct err *e)
{
	bool late = g_cancellable_is_cancelled(d->cancel);

	for (size_t i = 0; !late && i < COUNT(known); i++) {
		if (!g_error_matches(why, known[i].domain(), known[i].code))
			continue;
		g_error_free(why);
		return known[i].say(e);
	}
	if (late)
		(void)err_set(e, ERR_TRANSIENT,
		              "%s: the Secret Service did not answer within %d seconds; it hangs "
		              "or was stopped",
		              what, DEADLINE_S);
	else
		(void)err_set(e, ERR_TRANSIENT, "%s: %s", what, why->message);
	g_error_free(why);
	return false;
}

/* ---- the bus --------------------------------------------------------------------------------- */

static bool bus_in(const char *dir, struct buf *address)
{
	AUTO_FREE char *path = mem_fmt("%s/bus", dir);
	struct stat st;

	if (dir[0] != '/' || stat(path, &st) != 0 || !S_ISSOCK(st.st_mode) ||
	    st.st_uid != geteuid())
		return false;
	char *escaped = g_dbus_address_escape_value(path);
	buf_fmt(address, "unix:path=%s", escaped);
	g_free(escaped);
	return buf_ok(address);
}

static const char *given_bus(void)
{
	const char *given = getenv(ADDRESS);

	/* "autolaunch:" would start a bus of its own for a window system that is not there. */
	return given != NULL && *given != '\0' && strncmp(given, "autolaunch:", 11) != 0 ? given
	                                                                                 : NULL;
}

/* Under cron nobody says where the bus is, but systemd has one for everybody who is logged in or
 * lingers. GLib only looks into the environment, which may not be changed once there are
 * threads. */
static void libsecret_setup(void)
{
	const char *runtime = getenv("XDG_RUNTIME_DIR");
	AUTO_FREE char *usual = mem_fmt("/run/user/%u", (unsigned)geteuid());
	AUTO_BUF struct buf address = BUF_INIT(ADDRESS_MAX);

	if (given_bus() == NULL &&
	    ((runtime != NULL && bus_in(runtime, &address)) || bus_in(usual, &address)))
		/* else there is no bus, and that is what will be said */
		(void)setenv(ADDRESS, buf_cstr(&address), 1);
}

static bool connect_bus(const struct deadline *d, GDBusConnection **out, struct err *e)
{
	GError *why = NULL;

	if (given_bus() == NULL)
		return err_set(e, ERR_TRANSIENT,
		               "no session bus: neither " ADDRESS
		               " nor '/run/user/%u/bus'; a bus without a login "
		               "needs 'loginctl enable-linger %u'",
		               (unsigned)geteuid(), (unsigned)geteuid());
	*out = g_bus_get_sync(G_BUS_TYPE_SESSION, d->cancel, &why);
	if (*out != NULL) {
		g_dbus_connection_set_exit_on_close(*out, FALSE);
		return true;
	}
	if (g_cancellable_is_cancelled(d->cancel))
		return failed("cannot reach the session bus", d, why, e);
	/* Who is not its user gets the door shut in the face, and GLib's words for that tell
	 * nobody anything. */
	bool shut = g_error_matches(why, G_IO_ERROR, G_IO_ERROR_CLOSED) ||
	            g_error_matches(why, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED);
	(void)err_set(e, shut ? ERR_LOCAL : ERR_TRANSIENT,
	              "cannot reach the session bus '%s': %s%s", given_bus(), why->message,
	              shut ? ": it belongs to another user" : "");
	g_error_free(why);
	return false;
}

/* ---- a session: the service, its default collection, the items of a server ------------------- */

struct session {
	struct deadline deadline;
	GDBusConnection *bus;
	SecretService *service;
	char *path;   /* of the default collection */
	bool locked;  /* that one */
	GList *items; /* SecretItem, of all collections */
};

static void session_clear(struct session *s)
{
	g_list_free_full(s->items, g_object_unref);
	g_free(s->path);
	g_clear_object(&s->service);
	g_clear_object(&s->bus);
	deadline_stop(&s->deadline);
}

static bool open_service(struct session *s, struct err *e)
{
	GError *why = NULL;

	/* One of our own: the shared one would be another thread's, with its deadline. */
	s->service = secret_service_open_sync(
		SECRET_TYPE_SERVICE, NULL, SECRET_SERVICE_OPEN_SESSION, s->deadline.cancel, &why);
	return s->service != NULL || failed("cannot open the Secret Service", &s->deadline, why, e);
}

static bool open_collection(struct session *s, struct err *e)
{
	GError *why = NULL;

	s->path = secret_service_read_alias_dbus_path_sync(s->service, "default",
	                                                   s->deadline.cancel, &why);
	if (why != NULL)
		return failed("cannot find the default keyring", &s->deadline, why, e);
	if (s->path == NULL)
		return err_set(e, ERR_MISSING,
		               "the Secret Service has no default keyring: make one, by logging in "
		               "once on a desktop, or "
		               "with 'gnome-keyring-daemon --unlock' and a password on stdin");
	SecretCollection *c = secret_collection_new_for_dbus_path_sync(
		s->service, s->path, SECRET_COLLECTION_NONE, s->deadline.cancel, &why);
	if (c == NULL)
		return failed("cannot open the default keyring", &s->deadline, why, e);
	s->locked = secret_collection_get_locked(c);
	g_object_unref(c);
	return true;
}

/* Without SECRET_SEARCH_UNLOCK, which could prompt: locked items are found by the hashes of
 * their attributes. */
static bool search(struct session *s, const char *server, struct err *e)
{
	GHashTable *want = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, g_free);
	GError *why = NULL;

	(void)g_hash_table_insert(want, (char[]){ "server" }, g_strdup(server));
	(void)g_hash_table_insert(want, (char[]){ "docker_cli" }, g_strdup("1"));
	g_list_free_full(s->items, g_object_unref);
	s->items = secret_service_search_sync(s->service, &schema, want, SECRET_SEARCH_ALL,
	                                      s->deadline.cancel, &why);
	g_hash_table_unref(want);
	return why == NULL || failed("cannot search the Secret Service", &s->deadline, why, e);
}

static bool session_open(struct session *s, const char *server, struct err *e)
{
	return deadline_start(&s->deadline, e) && connect_bus(&s->deadline, &s->bus, e) &&
	       open_service(s, e) && open_collection(s, e) && search(s, server, e);
}

/* ---- reading --------------------------------------------------------------------------------- */

static char *user_of(SecretItem *item)
{
	GHashTable *all = secret_item_get_attributes(item);
	char *user = mem_dup(all != NULL ? g_hash_table_lookup(all, "username") : NULL);

	if (all != NULL)
		g_hash_table_unref(all);
	return user != NULL ? user : mem_dup("");
}

static bool is_of(SecretItem *item, const char *username)
{
	AUTO_FREE char *user = user_of(item);

	return strcmp(user, username) == 0;
}

static bool load(const struct session *s, SecretItem *item, struct secret **out, struct err *e)
{
	GError *why = NULL;
	gsize n = 0;

	if (secret_item_get_locked(item))
		return locked(e);
	if (!secret_item_load_secret_sync(item, s->deadline.cancel, &why))
		return failed("cannot read the item", &s->deadline, why, e);
	SecretValue *value = secret_item_get_secret(item);
	if (value == NULL)
		return err_set(e, ERR_TRANSIENT,
		               "cannot read the item: the Secret Service gave nothing");
	const char *p = secret_value_get(value, &n);
	*out = n <= SECRET_MAX ? secret_new(p, n) : NULL;
	secret_value_unref(value);
	return *out != NULL ||
	       err_set(e, ERR_LOCAL, "the item's secret is larger than %d bytes", SECRET_MAX);
}

/* The item of this user; the last one, as docker's helper takes it. *out = NULL when there is
 * none. */
static bool read_item(const struct session *s, const char *username, struct secret **out,
                      struct err *e)
{
	SecretItem *hit = NULL;

	for (GList *l = s->items; l != NULL; l = l->next)
		if (is_of(l->data, username))
			hit = l->data;
	if (hit != NULL)
		return load(s, hit, out, e);
	/* Some services show nothing of a locked keyring: what is only out of sight must not
	 * count as gone. */
	if (s->locked)
		return locked(e);
	*out = NULL;
	return true;
}

static bool libsecret_read_current(struct sink *sink, const struct credential *who,
                                   struct secret **out, struct err *e)
{
	AUTO(session_clear) struct session s = { .bus = NULL };

	(void)sink;
	return session_open(&s, who->server, e) && read_item(&s, who->username, out, e);
}

/* ---- checking -------------------------------------------------------------------------------- */

static bool may_write(const struct libsecret *l, const struct session *s,
                      const struct credential *who, struct err *e)
{
	if (s->locked)
		return locked(e);
	for (GList *i = s->items; i != NULL; i = i->next) {
		AUTO_FREE char *user = user_of(i->data);
		if (strcmp(user, who->username) == 0)
			continue;
		if (!l->spec->take_entry)
			return err_set(e, ERR_DECISION,
			               "the Secret Service has an item of another user ('%s') for "
			               "'%s', and docker's helper "
			               "takes one or the other: 'docker logout %s' removes it, or "
			               "say 'take_entry = yes'",
			               user, who->server, who->server);
		if (secret_item_get_locked(i->data))
			return locked(e);
	}
	return true;
}

static bool libsecret_check(struct sink *sink, const struct credential *who, struct err *e)
{
	AUTO(session_clear) struct session s = { .bus = NULL };

	return session_open(&s, who->server, e) && may_write((struct libsecret *)sink, &s, who, e);
}

/* ---- writing --------------------------------------------------------------------------------- */

static bool libsecret_prepare(struct sink *sink, const struct credential *c, struct err *e)
{
	struct libsecret *l = (struct libsecret *)sink;

	libsecret_abort(sink);
	if (!libsecret_check(sink, c, e))
		return false;
	l->next = (struct credential){ .server = mem_dup(c->server),
		                       .username = mem_dup(c->username),
		                       .password = secret_dup(c->password) };
	return true;
}

static bool store(const struct session *s, const struct credential *c, struct err *e)
{
	GError *why = NULL;
	GHashTable *attributes =
		secret_attributes_build(&schema, "label", "Docker Credentials", "server", c->server,
	                                "username", c->username, "docker_cli", "1", NULL);
	SecretValue *value = secret_value_new(secret_peek(c->password),
	                                      (gssize)secret_len(c->password), "text/plain");

	/* An item with these attributes is replaced. */
	bool ok = secret_service_store_sync(s->service, &schema, attributes, s->path, c->server,
	                                    value, s->deadline.cancel, &why);
	secret_value_unref(value);
	g_hash_table_unref(attributes);
	return ok || failed("cannot store the item", &s->deadline, why, e);
}

/* Docker's helper would take one of them or ours, as it happens. */
static bool remove_others(const struct session *s, const struct credential *c, struct err *e)
{
	GError *why = NULL;

	for (GList *l = s->items; l != NULL; l = l->next)
		if (!is_of(l->data, c->username) &&
		    !secret_item_delete_sync(l->data, s->deadline.cancel, &why))
			return failed("cannot remove an item of another user", &s->deadline, why,
			              e);
	return true;
}

static bool libsecret_commit(struct sink *sink, struct err *e)
{
	struct libsecret *l = (struct libsecret *)sink;
	AUTO(session_clear) struct session s = { .bus = NULL };
	AUTO_SECRET struct secret *back = NULL;

	if (l->next.password == NULL)
		return err_set(e, ERR_LOCAL, "the Secret Service was not prepared");
	/* Looked at again: the keyring may have been locked, or another user's item have
	 * appeared, since. */
	if (!session_open(&s, l->next.server, e) || !may_write(l, &s, &l->next, e) ||
	    !store(&s, &l->next, e) || !search(&s, l->next.server, e) ||
	    !read_item(&s, l->next.username, &back, e))
		return false;
	if (back == NULL || !secret_equal(back, l->next.password))
		return err_set(e, ERR_LOCAL,
		               "the Secret Service took the password but does not hand it back");
	return remove_others(&s, &l->next, e);
}

const struct sink_ops sink_libsecret = {
	.type = "libsecret",
	.keys = remote_libsecret_keys,
	.n_keys = COUNT(remote_libsecret_keys),
	.spec_size = sizeof(struct libsecret_spec),
	.threads = true,
	.setup = libsecret_setup,
	.identity = remote_libsecret_identity,
	.open = libsecret_open,
	.describe = libsecret_describe,
	.check = libsecret_check,
	.read_current = libsecret_read_current,
	.prepare = libsecret_prepare,
	.commit = libsecret_commit,
	.abort = libsecret_abort,
	.close = libsecret_close,
};
