/* SPDX-License-Identifier: MIT */
#include "emulator/registries.h"

#include <strings.h>

#include "base/crypto.h"
#include "base/err.h"
#include "base/fingerprint.h"
#include "base/mem.h"
#include "emulator/arm.h"

#define LABEL_LEN 16

/* ---- what is wanted ------------------------------------------------------- */

struct wanted_registry {
	char *copy; /* what the others point into */
	const char *name, *subscription, *group, *label, *server;
	struct strings regions;
	bool abac;
};

static void wanted_clear(struct wanted_registry *w)
{
	mem_free_ptr(&w->copy);
	model_strings_clear(&w->regions);
}

static bool is_flag(const char *word)
{
	return strcmp(word, "abac") == 0;
}

static const struct {
	const char *key;
	size_t offset;
} texts[] = {
	{ "subscription", offsetof(struct wanted_registry, subscription) },
	{ "group", offsetof(struct wanted_registry, group) },
	{ "label", offsetof(struct wanted_registry, label) },
	{ "server", offsetof(struct wanted_registry, server) },
};

static bool read_detail(struct wanted_registry *w, char *word)
{
	char *value = word, *key = strsep(&value, "=");

	if (value == NULL || *value == '\0') {
		w->abac = w->abac || is_flag(key);
		return value == NULL && is_flag(key);
	}
	if (strcmp(key, "region") == 0) {
		model_strings_add(&w->regions, value);
		return true;
	}
	for (size_t i = 0; i < COUNT(texts); i++) {
		if (strcmp(key, texts[i].key) == 0) {
			*(const char **)(void *)((char *)w + texts[i].offset) = value;
			return true;
		}
	}
	return false;
}

static bool read_wanted(const char *text, struct wanted_registry *w, struct err *e)
{
	w->copy = mem_dup(text);
	char *rest = w->copy, *word;

	w->name = strsep(&rest, ",");
	while ((word = strsep(&rest, ",")) != NULL) {
		AUTO_FREE char *said = mem_dup(word);
		if (!read_detail(w, word))
			return err_set(e, ERR_USAGE,
			               "--registry: '%s' is none of subscription=, group=, label=, "
			               "server=, region= and abac",
			               said);
	}
	return *w->name != '\0' || err_set(e, ERR_USAGE, "--registry wants a name");
}

/* ---- login servers -------------------------------------------------------- */

/* What a registry is hashed with: whatever else has the same is the same name. */
enum scope { SCOPE_TENANT, SCOPE_SUBSCRIPTION, SCOPE_GROUP, SCOPE_NONE, SCOPE_UNSECURE };
static const struct {
	const char *word, *service;
	enum scope scope;
} scopes[] = {
	{ "tenant", "TenantReuse", SCOPE_TENANT },
	{ "subscription", "SubscriptionReuse", SCOPE_SUBSCRIPTION },
	{ "group", "ResourceGroupReuse", SCOPE_GROUP },
	{ "none", "NoReuse", SCOPE_NONE },
	{ "unsecure", "Unsecure", SCOPE_UNSECURE },
};

static char *scope_text(const struct emulator *emu, const struct registry *r, enum scope scope)
{
	const char *subscription = arm_subscription_of(emu, r);
	char unique[37];

	switch (scope) {
	case SCOPE_TENANT:
		return mem_fmt("%s %s", emu->set.tenant, r->name);
	case SCOPE_SUBSCRIPTION:
		return mem_fmt("%s %s", subscription, r->name);
	case SCOPE_GROUP:
		return mem_fmt("%s %s %s", subscription, r->resource_group, r->name);
	default:
		break;
	}
	crypto_uuid(unique);
	return mem_dup(unique);
}

static char *hash_of(const char *text)
{
	static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz234567";
	char label[LABEL_LEN + 1];
	struct fingerprint print;

	crypto_fingerprint_bytes(text, strlen(text), &print);
	for (size_t i = 0; i < LABEL_LEN; i++)
		label[i] = alphabet[print.b[i % FINGERPRINT_LEN] % 32];
	label[LABEL_LEN] = '\0';
	return mem_dup(label);
}

bool registries_label(const struct emulator *emu, struct registry *r, const char *scope,
                      char **label)
{
	for (size_t i = 0; i < COUNT(scopes); i++) {
		if (strcasecmp(scope, scopes[i].word) != 0 &&
		    strcasecmp(scope, scopes[i].service) != 0)
			continue;
		AUTO_FREE char *text = scope_text(emu, r, scopes[i].scope);
		r->label_scope = scopes[i].service;
		*label = scopes[i].scope == SCOPE_UNSECURE ? NULL : hash_of(text);
		return true;
	}
	return false;
}

/* "HOST:" is at the emulator's own port. */
static char *with_port(const char *host, int64_t port)
{
	size_t n = strlen(host);

	return n > 0 && host[n - 1] == ':' ? mem_fmt("%s%lld", host, (long long)port)
	                                   : mem_dup(host);
}

/* The first one is the emulator itself, unless something else is said of it. */
static char *server_of(const struct emulator *emu, const struct wanted_registry *w,
                       const char *label, bool first)
{
	if (w->server != NULL)
		return with_port(w->server, emu->set.port);
	if (label != NULL)
		return mem_fmt("%s-%s.azurecr.io", w->name, label);
	if (first)
		return emu->set.login_server != NULL ? mem_dup(emu->set.login_server)
		                                     : with_port("localhost:", emu->set.port);
	return mem_fmt("%s.azurecr.io", w->name);
}

static char *region_host(const char *name, const char *region)
{
	return mem_fmt("%s.%s.geo.azurecr.io", name, region);
}

/* ---- adding --------------------------------------------------------------- */

static bool add_one(struct emulator *emu, const struct wanted_registry *w, bool first,
                    struct err *e)
{
	struct registry *r = model_add_registry(
		&emu->model, w->name, w->group != NULL ? w->group : emu->set.resource_group, "",
		clock_ticks(&emu->clock));
	AUTO_FREE char *label = NULL;

	r->subscription = mem_dup(w->subscription);
	r->abac = w->abac;
	if (w->label != NULL && !registries_label(emu, r, w->label, &label))
		return err_set(e, ERR_USAGE,
		               "--registry: label= is tenant, subscription, group, none or "
		               "unsecure, not '%s'",
		               w->label);
	mem_free_ptr(&r->login_server);
	r->login_server = server_of(emu, w, label, first);
	for (size_t i = 0; i < w->regions.n; i++) {
		AUTO_FREE char *host = region_host(w->name, w->regions.item[i]);
		model_add_endpoint(r, w->regions.item[i], host);
	}
	return true;
}

bool registries_add(struct emulator *emu, const struct strings *wanted, struct err *e)
{
	for (size_t i = 0; i < (wanted->n > 0 ? wanted->n : 1); i++) {
		AUTO(wanted_clear) struct wanted_registry w = { 0 };
		if (!read_wanted(wanted->n > 0 ? wanted->item[i] : "contoso", &w, e) ||
		    !add_one(emu, &w, i == 0, e))
			return false;
	}
	return true;
}

bool registries_names(const struct strings *wanted, struct buf *out, struct err *e)
{
	for (size_t i = 0; i < wanted->n; i++) {
		AUTO(wanted_clear) struct wanted_registry w = { 0 };
		if (!read_wanted(wanted->item[i], &w, e))
			return false;
		if (w.server != NULL)
			buf_fmt(out, ",DNS:%.*s", (int)strcspn(w.server, ":"), w.server);
		for (size_t k = 0; k < w.regions.n; k++) {
			AUTO_FREE char *host = region_host(w.name, w.regions.item[k]);
			buf_fmt(out, ",DNS:%s", host);
		}
	}
	return true;
}
