/* SPDX-License-Identifier: MIT */
#include "emulator/setup.h"

#include <stdio.h>
#include <sys/stat.h>

#include "base/crypto.h"
#include "base/err.h"
#include "base/json.h"
#include "base/mem.h"
#include "emulator/arm.h"
#include "emulator/cluster.h"
#include "emulator/control.h"
#include "emulator/files.h"
#include "emulator/pki.h"
#include "emulator/registries.h"
#include "emulator/storage.h"
#include "emulator/vault.h"

#define TEXT_MAX        (64 * 1024)
#define APP_OBJECT      "55555555-5555-5555-5555-555555555555"
#define SYSTEM_CLIENT   "66666666-6666-6666-6666-666666666666"
#define SYSTEM_OBJECT   "77777777-7777-7777-7777-777777777777"
#define ASSIGNED_CLIENT "88888888-8888-8888-8888-888888888888"
#define ASSIGNED_OBJECT "99999999-9999-9999-9999-999999999999"
#define AUDIENCE        "https://management.core.windows.net/"

/* Random enough, and with the characters that need escaping in a form. */
static void make_secret(struct buf *out)
{
	uint8_t random[24];

	crypto_random(random, sizeof(random));
	buf_str(out, "em~+&%=/");
	crypto_base64(random, sizeof(random), false, out);
}

/* A file with a random secret in it, kept over restarts. */
static bool keep_secret(const struct emulator *emu, const char *name, struct buf *out,
                        struct err *e)
{
	if (files_read(emu->set.dir, name, out, e) && out->len > 0)
		return true;
	buf_reset(out);
	*e = (struct err)ERR_INIT;
	make_secret(out);
	return files_write(emu->set.dir, name, buf_cstr(out), 0600, e);
}

/* ---- identities ------------------------------------------------------------------------------ */

static void trust(struct identity *who, const char *issuer, const char *subject)
{
	if (who->n_federated < IDENTITY_FEDERATED_MAX)
		who->federated[who->n_federated++] =
			(struct federated){ .issuer = mem_dup(issuer),
			                    .subject = mem_dup(subject),
			                    .audience = mem_dup("api://AzureADTokenExchange") };
}

static bool add_certificates(struct identity *app, const struct wanted *w, struct err *e)
{
	for (size_t i = 0; i < w->certificates.n; i++) {
		AUTO_BUF struct buf pem = BUF_INIT(TEXT_MAX);

		if (app->n_certificates == IDENTITY_CERTIFICATES_MAX)
			return err_set(e, ERR_USAGE, "more than %d certificates",
			               IDENTITY_CERTIFICATES_MAX);
		if (!files_read("/", w->certificates.item[i], &pem, e) ||
		    !pki_cert_read(buf_cstr(&pem), &app->certificate[app->n_certificates], e))
			return err_in(e, "certificate '%s'", w->certificates.item[i]);
		app->n_certificates++;
	}
	return true;
}

static bool add_identities(struct emulator *emu, const struct wanted *w, struct err *e)
{
	struct identity *app = identity_add(&emu->identities, emu->set.client_id, APP_OBJECT),
			*system, *assigned;
	AUTO_FREE char *pipeline_issuer =
		mem_fmt("https://vstoken.dev.azure.com/%s", emu->set.tenant);
	AUTO_BUF struct buf secret = BUF_INIT(TEXT_MAX), ignored = BUF_INIT(TEXT_MAX),
			    pipeline = BUF_INIT(TEXT_MAX);

	if (!keep_secret(emu, "client-secret", &secret, e) ||
	    !keep_secret(emu, "identity-header", &ignored, e) ||
	    !keep_secret(emu, "pipeline-token", &pipeline, e) || !add_certificates(app, w, e))
		return false;
	crypto_fingerprint_bytes(secret.data, secret.len, &app->secret[app->n_secrets++]);
	trust(app, "https://emulated.example/oidc", "system:serviceaccount:default:acrotate");
	trust(app, "https://token.actions.githubusercontent.com",
	      "repo:contoso/web:ref:refs/heads/main");
	trust(app, pipeline_issuer, "sc://contoso/web/acrotate");
	app->limited = w->actions.n > 0;
	for (size_t i = 0; i < w->actions.n; i++)
		model_strings_add(&app->actions, w->actions.item[i]);
	system = identity_add(&emu->identities, SYSTEM_CLIENT, SYSTEM_OBJECT);
	system->managed = system->system = true;
	assigned = identity_add(&emu->identities, ASSIGNED_CLIENT, ASSIGNED_OBJECT);
	assigned->managed = true;
	assigned->resource_id = mem_fmt("/subscriptions/%s/resourcegroups/%s/providers/"
	                                "Microsoft.ManagedIdentity/userAssignedIdentities/"
	                                "acrotate",
	                                emu->set.subscription, emu->set.resource_group);
	return true;
}

/* ---- registries ------------------------------------------------------------------------------ */

static void add_token(struct emulator *emu, struct registry *r, const char *name, const char *map)
{
	AUTO_BUF struct buf id = BUF_INIT(TEXT_MAX);
	struct token *t;

	control_scope_map_id(emu, r, map, &id);
	t = model_add_token(r, name, buf_cstr(&id), clock_ticks(&emu->clock));

	mem_free_ptr(&t->author);
	t->author = mem_dup(emu->set.client_id);
}

/* NAME=ACTION,ACTION */
static bool add_scope_map(struct emulator *emu, struct registry *r, const char *text, struct err *e)
{
	AUTO_FREE char *copy = mem_dup(text);
	char *rest = copy, *name = strsep(&rest, "="), *action;
	struct scope_map *map;

	if (rest == NULL)
		return err_set(e, ERR_USAGE, "scope map '%s' is not NAME=ACTION[,ACTION]", text);
	map = model_add_scope_map(r, name, clock_ticks(&emu->clock));
	mem_free_ptr(&map->author);
	map->author = mem_dup(emu->set.client_id);
	while ((action = strsep(&rest, ",")) != NULL)
		model_strings_add(&map->actions, action);
	return true;
}

static bool fill_registry(struct emulator *emu, struct registry *r, const struct wanted *w,
                          struct err *e)
{
	if (!add_scope_map(
		    emu, r,
		    "demo-pull=repositories/hello/content/read,repositories/hello/metadata/read",
		    e))
		return false;
	for (size_t i = 0; i < w->scope_maps.n; i++)
		if (!add_scope_map(emu, r, w->scope_maps.item[i], e))
			return false;
	for (size_t i = 0; i < w->tokens.n; i++) {
		AUTO_FREE char *copy = mem_dup(w->tokens.item[i]);
		char *map = copy, *name = strsep(&map, "=");

		add_token(emu, r, name, map != NULL ? map : "_repositories_pull");
	}
	for (int64_t i = 1; i <= w->bulk; i++) {
		AUTO_FREE char *name = mem_fmt("bulk-%05lld", (long long)i);

		add_token(emu, r, name, "_repositories_pull");
	}
	return true;
}

/* ---- the cluster ----------------------------------------------------------------------------- */

static bool add_cluster(struct emulator *emu, const struct wanted *w, struct err *e)
{
	AUTO_BUF struct buf token = BUF_INIT(TEXT_MAX);

	if (!w->kubernetes)
		return true;
	if (!files_read(emu->set.dir, "kubernetes-token", &token, e) || token.len == 0) {
		char random[37];

		*e = (struct err)ERR_INIT;
		buf_reset(&token);
		crypto_uuid(random);
		buf_str(&token, random);
		if (!files_write(emu->set.dir, "kubernetes-token", random, 0600, e))
			return false;
	}
	emu->cluster = cluster_new(buf_cstr(&token));
	cluster_put(emu->cluster, "namespaces", "", "default",
	            "{\"kind\":\"Namespace\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":"
	            "\"default\",\"uid\":\"00000000-0000-4000-8000-000000000000\","
	            "\"resourceVersion\":\"100\",\"creationTimestamp\":\"2026-01-01T00:00:00Z\"}}");
	return true;
}

static bool write_kubeconfig(const struct emulator *emu, struct err *e)
{
	AUTO_BUF struct buf text = BUF_INIT(TEXT_MAX), url = BUF_INIT(TEXT_MAX);

	if (emu->cluster == NULL)
		return true;
	emulator_url(emu, &url);
	buf_fmt(&text,
	        "apiVersion: v1\nkind: Config\ncurrent-context: emulator\nclusters:\n- name: "
	        "emulator\n  cluster:\n    server: %s\n"
	        "    certificate-authority: ca.pem\ncontexts:\n- name: emulator\n  context:\n    "
	        "cluster: emulator\n    user: admin\nusers:\n"
	        "- name: admin\n  user:\n    tokenFile: kubernetes-token\n",
	        buf_cstr(&url));
	return files_write(emu->set.dir, "kubeconfig", buf_cstr(&text), 0600, e);
}

static bool add_storage(struct emulator *emu, const struct wanted *w)
{
	if (w->blob) {
		emu->storage = storage_new();
		storage_add(emu->storage, "records");
	}
	return true;
}

/* Tokens and scope maps of the command line are the first registry's. */
bool setup_fill(struct emulator *emu, const struct wanted *w, struct err *e)
{
	emu->vault = w->keyvault ? vault_new() : NULL;
	return add_identities(emu, w, e) && registries_add(emu, &w->registries, e) &&
	       fill_registry(emu, emu->model.registry[0], w, e) && add_cluster(emu, w, e) &&
	       add_storage(emu, w);
}

/* ---- files ----------------------------------------------------------------------------------- */

static bool write_conf(const struct emulator *emu, struct err *e)
{
	AUTO_BUF struct buf text = BUF_INIT(TEXT_MAX), url = BUF_INIT(TEXT_MAX);
	const char *dir = emu->set.dir;

	emulator_url(emu, &url);
	buf_str(&text, "# written by acrotate-emulator; jobs go to jobs.d beside this "
	               "file\n[azure]\nauth = client-secret\n");
	buf_fmt(&text,
	        "tenant_id = %s\nclient_id = %s\nclient_secret_file = "
	        "%s/client-secret\nsubscription = %s\n",
	        emu->set.tenant, emu->set.client_id, dir, emu->set.subscription);
	buf_fmt(&text,
	        "cloud = custom\nresource_manager = %s\nauthority = %s\naudience = " AUDIENCE "\n",
	        buf_cstr(&url), buf_cstr(&url));
	buf_fmt(&text, "\n[http]\nca_file = %s/ca.pem\n", dir);
	/* A trial is to leave nothing in /var/lib. */
	buf_fmt(&text, "\n[run]\nstate_dir = %s/state\n", dir);
	return files_write(dir, "acrotate.conf", buf_cstr(&text), 0644, e);
}

/* For a Debian docker-registry that stands behind the emulator (--registry-backend). */
static bool write_registry_conf(const struct emulator *emu, struct err *e)
{
	AUTO_BUF struct buf text = BUF_INIT(TEXT_MAX);
	const char *dir = emu->set.dir, *server = emu->model.registry[0]->login_server;

	if (emu->set.backend == NULL)
		return true;
	buf_fmt(&text,
	        "version: 0.1\nlog: {level: info, accesslog: {disabled: false}}\nstorage:\n  "
	        "filesystem: {rootdirectory: %s/registry}\n"
	        "  delete: {enabled: true}\nhttp:\n  addr: %s\n  host: https://%s\n  relativeurls: "
	        "true\nauth:\n  token:\n"
	        "    realm: https://%s/oauth2/token\n    service: %s\n    issuer: Azure Container "
	        "Registry\n"
	        "    rootcertbundle: %s/registry-token.pem\n",
	        dir, emu->set.backend, server, server, server, dir);
	return files_write(dir, "docker-registry.yml", buf_cstr(&text), 0644, e);
}

/* Facts for shell scripts: `. DIR/env`. No secrets. */
static bool write_env(const struct emulator *emu, const struct wanted *w, struct err *e)
{
	AUTO_BUF struct buf text = BUF_INIT(TEXT_MAX), url = BUF_INIT(TEXT_MAX);
	const struct registry *first = emu->model.registry[0];
	long long plain = (long long)emu->set.plain_port;

	emulator_url(emu, &url);
	buf_fmt(&text,
	        "EMULATOR_URL=%s\nEMULATOR_PORT=%lld\nEMULATOR_PLAIN=http://127.0.0.1:%lld\n",
	        buf_cstr(&url), (long long)emu->set.port, plain);
	buf_fmt(&text, "EMULATOR_CONTROL=http://127.0.0.1:%lld/_emulator\nEMULATOR_CA=%s/ca.pem\n",
	        plain, emu->set.dir);
	buf_fmt(&text, "EMULATOR_TENANT=%s\nEMULATOR_CLIENT_ID=%s\nEMULATOR_SUBSCRIPTION=%s\n",
	        emu->set.tenant, emu->set.client_id, emu->set.subscription);
	buf_str(&text, "REGISTRY_ID=");
	arm_registry_id(emu, first, &text);
	buf_fmt(&text,
	        "\nEMULATOR_RESOURCE_GROUP=%s\nEMULATOR_REGISTRY=%s\nEMULATOR_LOGIN_SERVER=%s\n",
	        first->resource_group, first->name, first->login_server);
	buf_fmt(&text,
	        "EMULATOR_SYSTEM_CLIENT_ID=" SYSTEM_CLIENT
	        "\nEMULATOR_ASSIGNED_CLIENT_ID=" ASSIGNED_CLIENT "\n"
	        "EMULATOR_ASSIGNED_OBJECT_ID=" ASSIGNED_OBJECT
	        "\nEMULATOR_ASSIGNED_RESOURCE_ID=%s\n",
	        emu->identities.item[2]->resource_id);
	if (w->blob)
		buf_fmt(&text, "EMULATOR_BLOB=%s/" STORAGE_ACCOUNT "\n", buf_cstr(&url));
	if (w->bad_tls)
		buf_fmt(&text,
		        "EMULATOR_EXPIRED_PORT=%lld\nEMULATOR_WRONG_HOST_PORT=%lld\nEMULATOR_"
		        "UNTRUSTED_PORT=%lld\n",
		        (long long)w->bad_port[PKI_EXPIRED], (long long)w->bad_port[PKI_WRONG_HOST],
		        (long long)w->bad_port[PKI_UNTRUSTED]);
	return files_write(emu->set.dir, "env", buf_cstr(&text), 0644, e);
}

bool setup_write_files(struct emulator *emu, const struct wanted *w, struct err *e)
{
	AUTO_BUF struct buf jwt = BUF_INIT(TEXT_MAX);

	control_federated(emu, NULL, &jwt);
	return files_write(emu->set.dir, "federated-token", buf_cstr(&jwt), 0600, e) &&
	       write_registry_conf(emu, e) && write_env(emu, w, e) && write_conf(emu, e) &&
	       write_kubeconfig(emu, e);
}
