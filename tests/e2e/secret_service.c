/* SPDX-License-Identifier: MIT */
/*
 * A Secret Service that misbehaves, for tests/e2e/prompts.t: nothing is ever in it, and making an
 * item needs a prompt. Its one word says what becomes of that: dismissed, ignored, dies; or
 * "locked": a second keyring is locked; or "silent": it has the name and answers nothing.
 */
#include <stdlib.h>
#include <string.h>

#include <gio/gio.h>

#define ROOT   "/org/freedesktop/secrets"
#define LOGIN  ROOT "/collection/login"
#define OTHER  ROOT "/collection/other"
#define PROMPT ROOT "/prompt/p1"

static const char xml[] =
	"<node><interface name='org.freedesktop.Secret.Service'>"
	"<method name='OpenSession'><arg type='s' direction='in'/><arg type='v' "
	"direction='in'/><arg type='v' direction='out'/><arg type='o' direction='out'/></method>"
	"<method name='SearchItems'><arg type='a{ss}' direction='in'/><arg type='ao' "
	"direction='out'/><arg type='ao' direction='out'/></method>"
	"<method name='ReadAlias'><arg type='s' direction='in'/><arg type='o' "
	"direction='out'/></method>"
	"<property name='Collections' type='ao' access='read'/></interface>"
	"<interface name='org.freedesktop.Secret.Collection'>"
	"<method name='CreateItem'><arg type='a{sv}' direction='in'/><arg type='(oayays)' "
	"direction='in'/><arg type='b' direction='in'/><arg type='o' direction='out'/><arg "
	"type='o' direction='out'/></method>"
	"<property name='Items' type='ao' access='read'/><property name='Label' type='s' "
	"access='read'/>"
	"<property name='Locked' type='b' access='read'/><property name='Created' type='t' "
	"access='read'/>"
	"<property name='Modified' type='t' access='read'/></interface>"
	"<interface name='org.freedesktop.Secret.Prompt'><method name='Prompt'><arg type='s' "
	"direction='in'/></method><method name='Dismiss'/>"
	"<signal name='Completed'><arg type='b'/><arg type='v'/></signal></interface></node>";

static const char *mode;

static void on_prompt(GDBusConnection *bus, GDBusMethodInvocation *call)
{
	if (strcmp(mode, "dies") == 0)
		exit(0);
	g_dbus_method_invocation_return_value(call, NULL);
	if (strcmp(mode, "dismissed") == 0)
		(void)g_dbus_connection_emit_signal(
			bus, NULL, PROMPT, "org.freedesktop.Secret.Prompt", "Completed",
			g_variant_new("(bv)", TRUE, g_variant_new_object_path("/")), NULL);
}

static void on_call(GDBusConnection *bus, const gchar *sender, const gchar *path,
                    const gchar *iface, const gchar *method, GVariant *arguments,
                    GDBusMethodInvocation *call, gpointer data)
{
	const gchar *text = NULL;

	(void)sender;
	(void)path;
	(void)iface;
	(void)data;
	if (strcmp(mode, "silent") == 0)
		return;
	if (strcmp(method, "OpenSession") == 0) {
		g_variant_get_child(arguments, 0, "&s", &text);
		if (strcmp(text, "plain") == 0)
			g_dbus_method_invocation_return_value(
				call, g_variant_new("(vo)", g_variant_new_string(""),
			                            ROOT "/session/s1"));
		else
			g_dbus_method_invocation_return_error(call, G_DBUS_ERROR,
			                                      G_DBUS_ERROR_NOT_SUPPORTED, "plain");
	} else if (strcmp(method, "SearchItems") == 0) {
		g_dbus_method_invocation_return_value(
			call, g_variant_new("(@ao@ao)", g_variant_new_objv(NULL, 0),
		                            g_variant_new_objv(NULL, 0)));
	} else if (strcmp(method, "ReadAlias") == 0) {
		g_dbus_method_invocation_return_value(call, g_variant_new("(o)", LOGIN));
	} else if (strcmp(method, "CreateItem") == 0) {
		g_dbus_method_invocation_return_value(call, g_variant_new("(oo)", "/", PROMPT));
	} else if (strcmp(method, "Prompt") == 0) {
		on_prompt(bus, call);
	} else {
		g_dbus_method_invocation_return_value(call, NULL);
	}
}

static GVariant *get_property(GDBusConnection *bus, const gchar *sender, const gchar *path,
                              const gchar *iface, const gchar *name, GError **why, gpointer data)
{
	static const char *const both[] = { LOGIN, OTHER };

	(void)bus;
	(void)sender;
	(void)iface;
	(void)why;
	(void)data;
	if (strcmp(name, "Collections") == 0)
		return g_variant_new_objv(both, G_N_ELEMENTS(both));
	if (strcmp(name, "Items") == 0)
		return g_variant_new_objv(NULL, 0);
	if (strcmp(name, "Label") == 0)
		return g_variant_new_string(strcmp(path, OTHER) == 0 ? "Passwords" : "Login");
	if (strcmp(name, "Locked") == 0)
		return g_variant_new_boolean(strcmp(path, OTHER) == 0 &&
		                             strcmp(mode, "locked") == 0);
	return g_variant_new_uint64(1);
}

static void on_bus(GDBusConnection *bus, const gchar *name, gpointer data)
{
	static const GDBusInterfaceVTable table = { .method_call = on_call,
		                                    .get_property = get_property };
	static const struct {
		const char *path, *iface;
	} objects[] = {
		{ ROOT, "org.freedesktop.Secret.Service" },
		{ LOGIN, "org.freedesktop.Secret.Collection" },
		{ OTHER, "org.freedesktop.Secret.Collection" },
		{ PROMPT, "org.freedesktop.Secret.Prompt" },
	};
	GDBusNodeInfo *info = data;

	(void)name;
	for (size_t i = 0; i < G_N_ELEMENTS(objects); i++)
		if (g_dbus_connection_register_object(
			    bus, objects[i].path,
			    g_dbus_node_info_lookup_interface(info, objects[i].iface), &table, NULL,
			    NULL, NULL) == 0)
			exit(1);
}

int main(int argc, char **argv)
{
	GDBusNodeInfo *info = g_dbus_node_info_new_for_xml(xml, NULL);

	if (argc != 2 || info == NULL)
		return 2;
	mode = argv[1];
	(void)g_bus_own_name(G_BUS_TYPE_SESSION, "org.freedesktop.secrets",
	                     G_BUS_NAME_OWNER_FLAGS_NONE, on_bus, NULL, NULL, info, NULL);
	g_main_loop_run(g_main_loop_new(NULL, FALSE));
	return 0;
}
