/* SPDX-License-Identifier: MIT */
/* Where things are: OpenID Connect's discovery, the keys, and what a cloud says of itself. */
#include <strings.h>

#include "base/mem.h"
#include "emulator/entra.h"
#include "emulator/pki.h"

#define TEXT_MAX (16 * 1024)

static void put_discovery(struct emulator *emu, struct reply *rs, const char *issuer,
                          const char *token, const char *keys)
{
	AUTO_BUF struct buf url = BUF_INIT(TEXT_MAX);
	const char *u;

	emulator_url(emu, &url);
	u = buf_cstr(&url);
	exchange_reply_json(rs, 200);
	buf_fmt(&rs->body,
	        "{\"token_endpoint\":\"%s%s\",\"token_endpoint_auth_methods_supported\":[\"client_"
	        "secret_post\",\"private_key_jwt\","
	        "\"client_secret_basic\"],\"jwks_uri\":\"%s%s\",\"issuer\":\"%s%s\","
	        "\"authorization_endpoint\":\"%s%s\","
	        "\"response_types_supported\":[\"code\",\"id_token\"],\"subject_types_supported\":["
	        "\"pairwise\"],"
	        "\"id_token_signing_alg_values_supported\":[\"RS256\"],\"tenant_region_scope\":"
	        "\"WW\",\"cloud_instance_name\":\"localhost\"}",
	        u, token, u, keys, u, issuer, u, token);
}

static void discovery(struct emulator *emu, struct request *rq, struct reply *rs)
{
	AUTO_FREE char *issuer = mem_fmt("/%s/v2.0", emu->set.tenant),
		       *token = mem_fmt("/%s/oauth2/v2.0/token", emu->set.tenant);
	AUTO_FREE char *keys = mem_fmt("/%s/discovery/v2.0/keys", emu->set.tenant);

	if (entra_tenant_ok(emu, rq->arg[0]) || strcasecmp(rq->arg[0], "common") == 0 ||
	    strcasecmp(rq->arg[0], "organizations") == 0)
		put_discovery(emu, rs, issuer, token, keys);
	else
		entra_refuse_tenant(emu, rq, rs);
}

static void discovery_adfs(struct emulator *emu, struct request *rq, struct reply *rs)
{
	(void)rq;
	put_discovery(emu, rs, "/adfs", "/adfs/oauth2/token", "/adfs/discovery/keys");
}

static void keys(struct emulator *emu, struct request *rq, struct reply *rs)
{
	(void)rq;
	exchange_reply_json(rs, 200);
	pki_jwks(emu->pki, &rs->body);
}

/* Which authorities belong together. We are the only one. */
static void instances(struct emulator *emu, struct request *rq, struct reply *rs)
{
	long long port = (long long)emu->set.port;
	AUTO_BUF struct buf url = BUF_INIT(TEXT_MAX);

	(void)rq;
	emulator_url(emu, &url);
	exchange_reply_json(rs, 200);
	buf_fmt(&rs->body,
	        "{\"tenant_discovery_endpoint\":\"%s/%s/v2.0/.well-known/"
	        "openid-configuration\",\"api-version\":\"1.1\",\"metadata\":"
	        "[{\"preferred_network\":\"localhost:%lld\",\"preferred_cache\":\"localhost:%lld\","
	        "\"aliases\":[\"localhost:%lld\"]}]}",
	        buf_cstr(&url), emu->set.tenant, port, port, port);
}

/* What a custom cloud says about itself; the old form is Azure Stack's. */
static void cloud_metadata(struct emulator *emu, struct request *rq, struct reply *rs)
{
	const char *version = pairs_text(&rq->query, "api-version");
	AUTO_BUF struct buf url = BUF_INIT(TEXT_MAX);
	const char *u;

	emulator_url(emu, &url);
	u = buf_cstr(&url);
	exchange_reply_json(rs, 200);
	if (strcmp(version, "2015-01-01") == 0)
		buf_fmt(&rs->body,
		        "{\"galleryEndpoint\":\"%s\",\"graphEndpoint\":\"%s\",\"portalEndpoint\":"
		        "\"%s\",\"authentication\":{"
		        "\"loginEndpoint\":\"%s/adfs\",\"audiences\":[\"https://"
		        "management.core.windows.net/\"]}}",
		        u, u, u, u);
	else
		buf_fmt(&rs->body,
		        "{\"name\":\"Emulated\",\"resourceManager\":\"%s\",\"portal\":\"%s\","
		        "\"authentication\":{\"loginEndpoint\":\"%s\","
		        "\"audiences\":[\"https://management.core.windows.net/\",\"https://"
		        "management.azure.com/\"],\"tenant\":\"%s\","
		        "\"identityProvider\":\"AAD\"},\"graph\":\"%s\",\"graphAudience\":\"%s\","
		        "\"microsoftGraphResourceId\":\"%s\",\"suffixes\":{"
		        "\"acrLoginServer\":\"azurecr.io\",\"keyVaultDns\":\"vault.localhost\","
		        "\"storage\":\"storage.localhost\"}}",
		        u, u, u, emu->set.tenant, u, u, u);
}

static const struct route rows[] = {
	{ "GET", "/adfs/.well-known/openid-configuration", "entra-discovery", NULL,
	  discovery_adfs },
	{ "GET", "/adfs/discovery/keys", "entra-discovery", NULL, keys },
	{ "GET", "/metadata/endpoints", "cloud-metadata", NULL, cloud_metadata },
	{ "GET", "//metadata/endpoints", "cloud-metadata", NULL,
	  cloud_metadata }, /* of az, for an endpoint that ends in a slash */
	{ "GET", "/common/discovery/instance", "entra-discovery", NULL, instances },
	{ "GET", "/{}/v2.0/.well-known/openid-configuration", "entra-discovery", NULL, discovery },
	{ "GET", "/{}/.well-known/openid-configuration", "entra-discovery", NULL, discovery },
	{ "GET", "/{}/discovery/v2.0/keys", "entra-discovery", NULL, keys },
	{ "GET", "/{}/discovery/keys", "entra-discovery", NULL, keys },
};
const struct routes discovery_routes = { AREA_ENTRA, rows, COUNT(rows) };
