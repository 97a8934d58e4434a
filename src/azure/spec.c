/* SPDX-License-Identifier: MIT */
/* Plain data about Azure: what the small front program needs, and nothing that needs the
 * network. */
#include <stdlib.h>

#include "azure/arm.h"
#include "azure/auth.h"
#include "base/buf.h"
#include "base/mem.h"

#define ROW(member, kind)                                                                          \
	.name = #member, .type = (kind), .offset = offsetof(struct azure_spec, member)

/* Each is a text: a key of another type needs a form in arm_identity(). */
const struct key azure_keys[] = {
	{ ROW(auth, KEY_CHOICE), .help = "how this host proves who it is", .fallback = "default",
	  .choices = "default|client-secret|certificate|managed-identity|workload-identity|azure-"
	             "cli" },
	{ ROW(tenant_id, KEY_TEXT), .help = "directory of the identity (AZURE_TENANT_ID)" },
	{ ROW(client_id, KEY_TEXT),
	  .help = "application, or user-assigned managed identity (AZURE_CLIENT_ID)" },
	{ ROW(object_id, KEY_TEXT), .help = "user-assigned managed identity, by its object id" },
	{ ROW(resource_id, KEY_TEXT),
	  .help = "user-assigned managed identity, by its resource id" },
	{ ROW(client_secret_file, KEY_FILE), .help = "file with the application's secret" },
	{ ROW(certificate_file, KEY_FILE),
	  .help = "file with the application's certificate and key, PEM or PKCS#12" },
	{ ROW(certificate_password_file, KEY_FILE),
	  .help = "file with the password of certificate_file" },
	{ ROW(federated_token_file, KEY_FILE),
	  .help = "token of a federated issuer, read at each use (AZURE_FEDERATED_TOKEN_FILE)" },
	{ ROW(subscription, KEY_TEXT),
	  .help = "subscription of the registries (AZURE_SUBSCRIPTION_ID)" },
	{ ROW(cloud, KEY_CHOICE), .help = "which Azure", .fallback = "public",
	  .choices = "public|usgovernment|china|custom" },
	{ ROW(resource_manager, KEY_TEXT),
	  .help = "URL of the resource manager of a custom cloud" },
	{ ROW(authority, KEY_TEXT), .help = "URL of the token service of a custom cloud" },
	{ ROW(audience, KEY_TEXT),
	  .help = "what tokens of a custom cloud are for; its resource manager unless given" },
	{ ROW(metadata, KEY_TEXT), .help = "URL that tells the endpoints of a custom cloud" },
	{ ROW(vault_audience, KEY_TEXT),
	  .help = "what tokens for the key vaults of a custom cloud are for; those of the public "
	          "one unless given" },
	{ ROW(storage_audience, KEY_TEXT),
	  .help = "what tokens for the storage of a custom cloud are for; that of the public one "
	          "unless given" },
};
const size_t azure_keys_count = COUNT(azure_keys);

const char *auth_or_env(const char *value, const char *variable)
{
	const char *there = value != NULL ? value : getenv(variable);

	return there != NULL && *there != '\0' ? there : NULL;
}

bool auth_app_present(const struct azure_spec *s, const char *variable, const char *key,
                      struct buf *missing)
{
	bool tenant = auth_or_env(s->tenant_id, "AZURE_TENANT_ID") != NULL;
	bool client = auth_or_env(s->client_id, "AZURE_CLIENT_ID") != NULL;
	bool proof = auth_env(variable) != NULL;

	if (tenant && client && proof)
		return true;
	buf_fmt(missing, "no%s%s", tenant ? "" : " AZURE_TENANT_ID",
	        client ? "" : " AZURE_CLIENT_ID");
	if (!proof)
		buf_fmt(missing, " %s or %s", key, variable);
	return false;
}

const char *auth_env(const char *variable)
{
	return auth_or_env(NULL, variable);
}

bool auth_is_default(const struct azure_spec *s)
{
	return s->auth == NULL || strcmp(s->auth, "default") == 0;
}

/* AZURE_TENANT_ID is not among them: it says where, not who. Nor is MSI_ENDPOINT, which Cloud
 * Shell has, where az is logged in. */
static const char *const naming[] = {
	"AZURE_TOKEN_CREDENTIALS",
	"AZURE_CLIENT_ID",
	"AZURE_CLIENT_SECRET",
	"AZURE_CLIENT_CERTIFICATE_PATH",
	"AZURE_FEDERATED_TOKEN_FILE",
	"AZURESUBSCRIPTION_CLIENT_ID",
	"IDENTITY_ENDPOINT",
	"MSI_SECRET",
	"AZURE_POD_IDENTITY_AUTHORITY_HOST",
};

bool auth_is_named(const struct azure_spec *s)
{
	const char *const members[] = { s->client_id,        s->object_id,
		                        s->resource_id,      s->client_secret_file,
		                        s->certificate_file, s->federated_token_file };

	if (!auth_is_default(s))
		return true;
	for (size_t i = 0; i < COUNT(members); i++)
		if (members[i] != NULL)
			return true;
	for (size_t i = 0; i < COUNT(naming); i++)
		if (auth_env(naming[i]) != NULL)
			return true;
	return false;
}

void azure_cloud_clear(struct cloud *c)
{
	free(c->authority);
	free(c->resource_manager);
	free(c->audience);
	free(c->vault_audience);
	free(c->storage_audience);
	free(c->registry_suffix);
	*c = (struct cloud){ 0 };
}

struct cloud azure_cloud_for(const struct cloud *c, enum auth_service service)
{
	char *const audiences[AUTH_SERVICE__COUNT] = { [AUTH_RESOURCE_MANAGER] = c->audience,
		                                       [AUTH_VAULT] = c->vault_audience,
		                                       [AUTH_STORAGE] = c->storage_audience };
	struct cloud out = *c;

	out.audience = audiences[service];
	return out;
}

char *arm_identity(const struct azure_spec *s)
{
	AUTO_BUF struct buf id = BUF_INIT(64 * 1024);

	/* A line each: values of a configuration file have no line breaks, and an unset one
	 * differs from an empty one. */
	for (size_t i = 0; i < azure_keys_count; i++) {
		const char *value;
		memcpy(&value, (const char *)s + azure_keys[i].offset, sizeof(value));
		buf_fmt(&id, "%c%s\n", value != NULL ? '=' : '-', value != NULL ? value : "");
	}
	return mem_dup(buf_cstr(&id));
}
