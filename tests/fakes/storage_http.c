/* SPDX-License-Identifier: MIT */
#include "fakes/storage_http.h"

#include <stdlib.h>
#include <sys/stat.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/secret.h"
#include "check.h"
#include "emulator/entra.h"
#include "emulator/identity.h"
#include "emulator/pki.h"
#include "emulator/storage.h"
#include "fakes/auth_rig.h"
#include "fakes/sinks.h"
#include "http/http.h"
#include "http/lender.h"

#define TENANT "11111111-1111-1111-1111-111111111111"
#define CLIENT "44444444-4444-4444-4444-444444444444"
#define OBJECT "55555555-5555-5555-5555-555555555555"
#define SECRET "s3cret"
#define URL    "https://localhost:8443"

/* Keys take half a second to make: once for a process. */
static struct pki *keys;
static char *keys_dir;

static struct pki *open_keys(void)
{
	struct err e = ERR_INIT;

	if (keys == NULL) {
		keys_dir = scratch_make();
		if (!pki_open(keys_dir, "", &keys, &e))
			abort();
	}
	return keys;
}

void storage_http_end(void)
{
	if (keys == NULL)
		return;
	pki_free(keys);
	keys = NULL;
	scratch_remove(keys_dir);
}

static void fill_emulator(struct storage_http *s)
{
	struct emulator *emu = &s->net.emu;

	(void)pthread_mutex_init(&emu->lock, NULL);
	emu->pki = open_keys();
	emu->set = (struct settings){
		.port = 8443, .tenant = mem_dup(TENANT), .token_lifetime = 3600, .page = 3
	};
	s->app = identity_add(&emu->identities, CLIENT, OBJECT);
	crypto_fingerprint_bytes(SECRET, strlen(SECRET), &s->app->secret[s->app->n_secrets++]);
	emu->storage = storage_new();
	storage_add(emu->storage, "records");
}

static void fill_spec(struct storage_http *s)
{
	s->spec = (struct azure_spec){ .auth = mem_dup("client-secret"),
		                       .tenant_id = mem_dup(TENANT),
		                       .client_id = mem_dup(CLIENT),
		                       .client_secret_file = mem_fmt("%s/secret", s->dir),
		                       .cloud = mem_dup("custom"),
		                       .resource_manager = mem_dup(URL),
		                       .authority = mem_dup(URL) };
	file_put(s->spec.client_secret_file, SECRET);
	if (chmod(s->spec.client_secret_file, 0600) != 0)
		abort();
}

struct storage_http *storage_http_new(void)
{
	struct storage_http *s = mem_new(sizeof(*s));

	auth_rig_clear_environment();
	s->dir = scratch_make();
	fake_env_init(&s->env, 1);
	fill_emulator(s);
	fill_spec(s);
	s->lender = http_lender_new(emulator_http_open, &s->net);
	s->arm = arm_new(&s->spec, &s->env.env);
	return s;
}

void storage_http_free(struct storage_http *s)
{
	if (s == NULL)
		return;
	arm_free(s->arm);
	http_lender_free(s->lender);
	keys_release(azure_keys, azure_keys_count, &s->spec);
	free(s->jwt);
	storage_free(s->net.emu.storage);
	identity_list_clear(&s->net.emu.identities);
	free(s->net.emu.set.tenant);
	(void)pthread_mutex_destroy(&s->net.emu.lock);
	scratch_remove(s->dir);
	free(s);
}

struct blob_place storage_http_place(void)
{
	struct blob_place place;
	struct err e = ERR_INIT;

	if (!blob_place_parse(URL "/" STORAGE_ACCOUNT "/records/prod", &place, &e))
		abort();
	return place;
}

/* A signature takes longer than all else: while it is good it is used again. */
static const char *own_token(struct storage_http *s)
{
	AUTO_BUF struct buf jwt = BUF_INIT(4096);
	int64_t now = clock_seconds(&s->net.emu.clock);

	if (s->jwt != NULL && now >= s->jwt_at && now - s->jwt_at < 1800)
		return s->jwt;
	entra_issue(&s->net.emu, s->app, "https://storage.azure.com", &jwt);
	free(s->jwt);
	s->jwt = mem_dup(buf_cstr(&jwt));
	s->jwt_at = now;
	return s->jwt;
}

int storage_http_do(struct storage_http *s, const char *method, const char *below,
                    const char *header, const char *body, char **text)
{
	AUTO_FREE char *bearer = mem_fmt("Authorization: Bearer %s", own_token(s)),
		       *target = mem_fmt("/" STORAGE_ACCOUNT "/records%s", below);
	const char *const headers[] = { bearer, "x-ms-version: 2021-12-02",
		                        "x-ms-blob-type: BlockBlob", header, NULL };

	return emulator_http_do(&s->net, method, target, headers, body, text);
}
