/* SPDX-License-Identifier: MIT */
#include "session.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "keyring/keyring.h"

#define ADDRESS_MAX 4096
#define ADDRESS     "DBUS_SESSION_BUS_ADDRESS"

/* As docker's helper looks for it. Its `list` shows the item's label as the server, so that is our
 * label. */
const SecretSchema session_schema = {
	.name = "io.docker.Credentials",
	.flags = SECRET_SCHEMA_NONE,
	.attributes = {
		{ "label", SECRET_SCHEMA_ATTRIBUTE_STRING },
		{ "server", SECRET_SCHEMA_ATTRIBUTE_STRING },
		{ "username", SECRET_SCHEMA_ATTRIBUTE_STRING },
		{ "docker_cli", SECRET_SCHEMA_ATTRIBUTE_STRING },
	},
};

/* ---- what went wrong ------------------------------------------------------------------------- */

static bool coded(struct err *e, const char *code)
{
	(void)snprintf(e->code, sizeof(e->code), "%s", code);
	return false;
}

/* name: of the keyring; NULL: not known. */
bool session_locked(const char *name, struct err *e)
{
	(void)err_set(e, ERR_TRANSIENT,
	              "the keyring %s%s%s is locked: it opens when its user logs in (or: "
	              "'gnome-keyring-daemon --replace "
	              "--unlock', with its password on stdin)",
	              name != NULL ? "'" : "", name != NULL ? name : "of the item",
	              name != NULL ? "'" : "");
	return coded(e, "locked");
}

bool session_locked_item(struct err *e)
{
	return session_locked(NULL, e);
}

static bool no_service(struct err *e)
{
	(void)err_set(e, ERR_MISSING,
	              "no Secret Service on the session bus: install and start one (gnome-keyring, "
	              "KeePassXC)");
	return coded(e, "no-service");
}

static GQuark dismissed_quark(void)
{
	return g_quark_from_static_string("acrotate-dismissed");
}

static bool dismissed(struct err *e)
{
	(void)err_set(e, ERR_TRANSIENT,
	              "the Secret Service asked its user, who declined or was not there");
	return coded(e, "dismissed");
}

static const struct {
	GQuark (*domain)(void);
	int code;
	bool (*say)(struct err *e);
} known[] = {
	{ g_dbus_error_quark, G_DBUS_ERROR_SERVICE_UNKNOWN, no_service },
	{ g_dbus_error_quark, G_DBUS_ERROR_NAME_HAS_NO_OWNER, no_service },
	{ g_dbus_error_quark, G_DBUS_ERROR_SPAWN_SERVICE_NOT_FOUND, no_service },
	{ secret_error_get_quark, SECRET_ERROR_IS_LOCKED, session_locked_item },
	{ dismissed_quark, 0, dismissed },
};

/* Takes the GError. */
bool session_failed(const char *what, GError *why, struct err *e)
{
	/* How some calls of libsecret tell of a prompt that was dismissed. */
	if (why == NULL)
		return dismissed(e);
	for (size_t i = 0; i < COUNT(known); i++) {
		if (!g_error_matches(why, known[i].domain(), known[i].code))
			continue;
		g_error_free(why);
		return known[i].say(e);
	}
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
 * lingers. GLib only looks into the environment, which may not be changed once there are threads.
 * */
void keyring_setup(void)
{
	const char *runtime = getenv("XDG_RUNTIME_DIR");
	AUTO_FREE char *usual = mem_fmt("/run/user/%u", (unsigned)geteuid());
	AUTO_BUF struct buf address = BUF_INIT(ADDRESS_MAX);

	if (given_bus() == NULL &&
	    ((runtime != NULL && bus_in(runtime, &address)) || bus_in(usual, &address)))
		(void)setenv(ADDRESS, buf_cstr(&address),
		             1); /* else there is no bus, and that is what will be said */
}

static bool connect_bus(GDBusConnection **out, struct err *e)
{
	GError *why = NULL;

	if (given_bus() == NULL) {
		(void)err_set(e, ERR_TRANSIENT,
		              "no session bus: neither " ADDRESS
		              " nor '/run/user/%u/bus'; a bus without a login "
		              "needs 'loginctl enable-linger %u'",
		              (unsigned)geteuid(), (unsigned)geteuid());
		return coded(e, "no-bus");
	}
	*out = g_bus_get_sync(G_BUS_TYPE_SESSION, NULL, &why);
	if (*out != NULL) {
		/* GLib would end the process when the bus goes away, and nobody would be told why.
		 * */
		g_dbus_connection_set_exit_on_close(*out, FALSE);
		return true;
	}
	/* Who is not its user gets the door shut in the face, and GLib's words for that tell nobody
	 * anything. */
	bool shut = g_error_matches(why, G_IO_ERROR, G_IO_ERROR_CLOSED) ||
	            g_error_matches(why, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED);
	(void)err_set(e, shut ? ERR_LOCAL : ERR_TRANSIENT,
	              "cannot reach the session bus '%s': %s%s", given_bus(), why->message,
	              shut ? ": it belongs to another user" : "");
	g_error_free(why);
	return coded(e, "no-bus");
}

/* ---- a session: the service, its default collection, the items of a server ------------------- */

void session_clear(struct session *s)
{
	g_list_free_full(s->items, g_object_unref);
	g_free(s->path);
	g_free(s->label);
	g_clear_object(&s->service);
	g_clear_object(&s->bus);
}

/* What a prompt made is an item; "/" is none. */
static bool made_nothing(GVariant *v)
{
	return v == NULL || (g_variant_is_of_type(v, G_VARIANT_TYPE_OBJECT_PATH) &&
	                     strcmp(g_variant_get_string(v, NULL), "/") == 0);
}

static void on_performed(GObject *prompt, GAsyncResult *result, gpointer data)
{
	GTask *task = data;
	GError *why = NULL;
	GVariant *v = secret_prompt_perform_finish((SecretPrompt *)prompt, result, &why);

	if (why == NULL && made_nothing(v))
		why = g_error_new_literal(dismissed_quark(), 0, "dismissed");
	if (why != NULL)
		g_task_return_error(task, why);
	else
		g_task_return_pointer(task, g_variant_ref(v), (GDestroyNotify)g_variant_unref);
	if (v != NULL)
		g_variant_unref(v);
	g_object_unref(task);
}

/* A prompt that is dismissed, or whose process dies, is no error to libsecret, and what waits for
 * it waits on. */
static void start_prompt(SecretService *s, SecretPrompt *p, const GVariantType *type,
                         GCancellable *cancel, GAsyncReadyCallback done, gpointer data)
{
	secret_prompt_perform(p, NULL, type, cancel, on_performed,
	                      g_task_new(s, cancel, done, data));
}

static GVariant *finish_prompt(SecretService *s, GAsyncResult *result, GError **error)
{
	(void)s;
	return g_task_propagate_pointer(G_TASK(result), error);
}

static void set_up_class(gpointer class, gpointer data)
{
	SecretServiceClass *c = class;

	(void)data;
	c->prompt_async = start_prompt;
	c->prompt_finish = finish_prompt;
}

static bool open_service(struct session *s, struct err *e)
{
	GType ours = g_type_from_name("AcrotateService");
	GError *why = NULL;

	if (ours == 0)
		ours = g_type_register_static_simple(SECRET_TYPE_SERVICE, "AcrotateService",
		                                     sizeof(SecretServiceClass), set_up_class,
		                                     sizeof(SecretService), NULL, G_TYPE_FLAG_NONE);
	s->service = secret_service_open_sync(ours, NULL, SECRET_SERVICE_OPEN_SESSION, NULL, &why);
	return s->service != NULL || session_failed("cannot open the Secret Service", why, e);
}

static bool open_collection(struct session *s, struct err *e)
{
	GError *why = NULL;

	s->path = secret_service_read_alias_dbus_path_sync(s->service, "default", NULL, &why);
	if (why != NULL)
		return session_failed("cannot find the default keyring", why, e);
	if (s->path == NULL) {
		(void)err_set(e, ERR_MISSING,
		              "the Secret Service has no default keyring: make one, by logging in "
		              "once on a desktop, or "
		              "with 'gnome-keyring-daemon --unlock' and a password on stdin");
		return coded(e, "no-default");
	}
	SecretCollection *c = secret_collection_new_for_dbus_path_sync(
		s->service, s->path, SECRET_COLLECTION_NONE, NULL, &why);
	if (c == NULL)
		return session_failed("cannot open the default keyring", why, e);
	s->locked = secret_collection_get_locked(c);
	s->label = secret_collection_get_label(c);
	g_object_unref(c);
	return true;
}

/* Without SECRET_SEARCH_UNLOCK, which could prompt: locked items are found by the hashes of their
 * attributes. */
bool session_search(struct session *s, const char *server, struct err *e)
{
	GHashTable *want = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, g_free);
	GError *why = NULL;

	(void)g_hash_table_insert(want, (char[]){ "server" }, g_strdup(server));
	(void)g_hash_table_insert(want, (char[]){ "docker_cli" }, g_strdup("1"));
	g_list_free_full(s->items, g_object_unref);
	s->items = secret_service_search_sync(s->service, &session_schema, want, SECRET_SEARCH_ALL,
	                                      NULL, &why);
	g_hash_table_unref(want);
	return why == NULL || session_failed("cannot search the Secret Service", why, e);
}

bool session_open(struct session *s, const char *server, struct err *e)
{
	return connect_bus(&s->bus, e) && open_service(s, e) && open_collection(s, e) &&
	       session_search(s, server, e);
}
