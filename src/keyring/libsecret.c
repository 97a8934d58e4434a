/* SPDX-License-Identifier: MIT */
/* Reading and writing the items of docker's helper: with session.c the only user of libsecret and
 * GLib. */
#include "base/credential.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/secret.h"
#include "keyring/keyring.h"
#include "session.h"

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

/* The last one of this user, as docker's helper takes it; NULL: none. */
static SecretItem *item_of(const struct session *s, const char *username)
{
	SecretItem *hit = NULL;

	for (GList *l = s->items; l != NULL; l = l->next)
		if (is_of(l->data, username))
			hit = l->data;
	return hit;
}

static bool take_value(SecretValue *value, struct secret **out, struct err *e)
{
	gsize n = 0;
	const char *p = secret_value_get(value, &n);

	if (n > SECRET_MAX)
		return err_set(e, ERR_LOCAL, "the item's secret is larger than %d bytes",
		               SECRET_MAX);
	/* It goes on as JSON. */
	if (!g_utf8_validate(p, (gssize)n, NULL))
		return err_set(e, ERR_LOCAL,
		               "the item's secret is not text: not a registry's password");
	*out = secret_new(p, n);
	return true;
}

static bool load(SecretItem *item, struct secret **out, struct err *e)
{
	GError *why = NULL;

	if (secret_item_get_locked(item))
		return session_locked_item(e);
	if (!secret_item_load_secret_sync(item, NULL, &why))
		return session_failed("cannot read the item", why, e);
	SecretValue *value = secret_item_get_secret(item);
	if (value == NULL)
		return err_set(e, ERR_TRANSIENT,
		               "cannot read the item: the Secret Service gave nothing");
	bool ok = take_value(value, out, e);
	secret_value_unref(value);
	return ok;
}

/* Some services show nothing of a locked keyring: what is only out of sight must not count as gone,
 * in whichever keyring it is. */
static bool all_open(const struct session *s, struct err *e)
{
	GError *why = NULL;
	bool ok = true;

	if (s->locked)
		return session_locked(s->label, e);
	if (!secret_service_load_collections_sync(s->service, NULL, &why))
		return session_failed("cannot list the keyrings", why, e);
	GList *all = secret_service_get_collections(s->service);
	for (GList *l = all; ok && l != NULL; l = l->next) {
		if (!secret_collection_get_locked(l->data))
			continue;
		char *label = secret_collection_get_label(l->data);
		ok = session_locked(label, e);
		g_free(label);
	}
	g_list_free_full(all, g_object_unref);
	return ok;
}

bool keyring_get(const struct credential *who, struct secret **out, struct err *e)
{
	AUTO(session_clear) struct session s = { .bus = NULL };

	if (!session_open(&s, who->server, e))
		return false;
	SecretItem *item = item_of(&s, who->username);
	if (item != NULL)
		return load(item, out, e);
	if (!all_open(&s, e))
		return false;
	*out = NULL;
	return true;
}

/* ---- checking -------------------------------------------------------------------------------- */

static bool may_write(const struct session *s, const struct credential *who, bool take_entry,
                      struct err *e)
{
	if (s->locked)
		return session_locked(s->label, e);
	for (GList *i = s->items; i != NULL; i = i->next) {
		AUTO_FREE char *user = user_of(i->data);
		if (strcmp(user, who->username) != 0 && !take_entry)
			return err_set(e, ERR_DECISION,
			               "the Secret Service has an item of another user ('%s') for "
			               "'%s', and docker's helper "
			               "takes one or the other: 'docker logout %s' removes it, or "
			               "say 'take_entry = yes'",
			               user, who->server, who->server);
		if (secret_item_get_locked(i->data))
			return session_locked_item(e);
	}
	return true;
}

bool keyring_check(const struct credential *who, bool take_entry, struct err *e)
{
	AUTO(session_clear) struct session s = { .bus = NULL };

	return session_open(&s, who->server, e) && may_write(&s, who, take_entry, e);
}

/* ---- writing --------------------------------------------------------------------------------- */

static bool create(const struct session *s, const struct credential *c, SecretValue *value,
                   struct err *e)
{
	GError *why = NULL;
	GHashTable *attributes = secret_attributes_build(
		&session_schema, "label", "Docker Credentials", "server", c->server, "username",
		c->username, "docker_cli", "1", NULL);

	bool ok = secret_service_store_sync(s->service, &session_schema, attributes, s->path,
	                                    c->server, value, NULL, &why);
	g_hash_table_unref(attributes);
	return ok || session_failed("cannot store the item", why, e);
}

/* Each item of this user where it is, in whichever keyring: docker's helper takes one of them, and
 * no one must stay old. */
static bool store(const struct session *s, const struct credential *c, struct err *e)
{
	SecretValue *value = secret_value_new(secret_peek(c->password),
	                                      (gssize)secret_len(c->password), "text/plain");
	bool ok = true, there = item_of(s, c->username) != NULL;
	GError *why = NULL;

	for (GList *l = s->items; ok && l != NULL; l = l->next)
		if (is_of(l->data, c->username))
			ok = secret_item_set_secret_sync(l->data, value, NULL, &why) ||
			     session_failed("cannot change the item", why, e);
	if (!there)
		ok = create(s, c, value, e);
	secret_value_unref(value);
	return ok;
}

/* Docker's helper would take one of them or ours, as it happens. */
static bool remove_others(const struct session *s, const struct credential *c, struct err *e)
{
	GError *why = NULL;

	for (GList *l = s->items; l != NULL; l = l->next)
		if (!is_of(l->data, c->username) && !secret_item_delete_sync(l->data, NULL, &why))
			return session_failed("cannot remove an item of another user", why, e);
	return true;
}

static bool read_back(const struct session *s, const struct credential *c, struct err *e)
{
	AUTO_SECRET struct secret *back = NULL;
	SecretItem *item = item_of(s, c->username);

	if (item != NULL && !load(item, &back, e))
		return false;
	return (back != NULL && secret_equal(back, c->password)) ||
	       err_set(e, ERR_LOCAL, "the Secret Service took the password but does not return it");
}

bool keyring_put(const struct credential *c, bool take_entry, struct err *e)
{
	AUTO(session_clear) struct session s = { .bus = NULL };

	return session_open(&s, c->server, e) && may_write(&s, c, take_entry, e) &&
	       store(&s, c, e) && session_search(&s, c->server, e) && read_back(&s, c, e) &&
	       remove_others(&s, c, e);
}
