/* SPDX-License-Identifier: MIT */
#include "azure/auth.h"
#include "azure/clouds.h"
#include "base/err.h"
#include "base/mem.h"
#include "check.h"
#include "fakes/fake_http.h"

static char usgovernment[] = "usgovernment", china[] = "china", custom[] = "custom",
	    mars[] = "mars";
static char rm[] = "https://management.local.azurestack.external/",
	    authority[] = "https://login.local/", audience[] = "https://aud/x/";
static char vaults[] = "https://vault.local", storage[] = "https://store.local/";
static char insecure[] = "http://management.local", metadata[] = "https://management.local",
	    whole[] = "https://meta.local/list?x";
static char listed[] = "https://meta.local/clouds/";

/* clang-format off */
#define META "{\"name\":\"AzureStack\",\"resourceManager\":\"https://rm.meta/\",\"authentication\":{\"loginEndpoint\":\"https://login.meta/\"," \
	"\"audiences\":[\"https://aud.meta/\",\"x\"],\"tenant\":\"common\"},\"suffixes\":{\"acrLoginServer\":\"azurecr.local\"}}"
/* clang-format on */

/* What a token is asked for, for each service; NULL: what the public cloud's is. */
static void check_services(const struct cloud *c, const char *manager, const char *vault,
                           const char *stored)
{
	const char *const want[AUTH_SERVICE__COUNT] = {
		[AUTH_RESOURCE_MANAGER] = manager,
		[AUTH_VAULT] = vault != NULL ? vault : "https://vault.azure.net",
		[AUTH_STORAGE] = stored != NULL ? stored : "https://storage.azure.com/",
	};

	for (int i = 0; i < AUTH_SERVICE__COUNT; i++) {
		struct cloud asked = azure_cloud_for(c, (enum auth_service)i);

		CHECK_TEXT(asked.audience, want[i], "service %d", i);
		CHECK_TEXT(asked.authority, c->authority, "service %d", i);
	}
}

static void resolved(void **state)
{
	(void)state;
	static const struct {
		const char *name, *env;
		struct azure_spec spec;
		const char *asks, *answer;
		int status;
		const char *authority, *manager, *audience, *suffix;
		enum err_kind kind;
		const char *vault, *storage; /* NULL: the public ones */
	} row[] = {
		{ "nothing said", .authority = "https://login.microsoftonline.com",
		  .manager = "https://management.azure.com",
		  .audience = "https://management.core.windows.net/", .suffix = ".azurecr.io" },
		{ "government", .spec.cloud = usgovernment,
		  .authority = "https://login.microsoftonline.us",
		  .manager = "https://management.usgovcloudapi.net",
		  .audience = "https://management.core.usgovcloudapi.net/", .suffix = ".azurecr.us",
		  .vault = "https://vault.usgovcloudapi.net" },
		{ "china", .spec.cloud = china, .authority = "https://login.chinacloudapi.cn",
		  .manager = "https://management.chinacloudapi.cn",
		  .audience = "https://management.core.chinacloudapi.cn/", .suffix = ".azurecr.cn",
		  .vault = "https://vault.azure.cn" },
		{ "the cluster's authority", .env = "https://login.aks/",
		  .authority = "https://login.aks", .manager = "https://management.azure.com",
		  .audience = "https://management.core.windows.net/", .suffix = ".azurecr.io" },
		{ "an authority without TLS", .env = "http://login.aks/", .kind = ERR_CONFIG },
		{ "custom",
		  .spec = { .cloud = custom, .resource_manager = rm, .authority = authority },
		  .authority = "https://login.local",
		  .manager = "https://management.local.azurestack.external", .audience = rm },
		{ "custom, with audience", .env = "https://no/",
		  .spec = { .cloud = custom,
		            .resource_manager = rm,
		            .authority = authority,
		            .audience = audience },
		  .authority = "https://login.local",
		  .manager = "https://management.local.azurestack.external", .audience = audience },
		{ "custom, with audiences of other services",
		  .spec = { .cloud = custom,
		            .resource_manager = rm,
		            .authority = authority,
		            .vault_audience = vaults,
		            .storage_audience = storage },
		  .authority = "https://login.local",
		  .manager = "https://management.local.azurestack.external", .audience = rm,
		  .vault = "https://vault.local", .storage = "https://store.local/" },
		{ "custom, half", .spec = { .cloud = custom, .resource_manager = rm },
		  .kind = ERR_CONFIG },
		{ "custom, other half", .spec = { .cloud = custom, .authority = authority },
		  .kind = ERR_CONFIG },
		{ "custom, no TLS",
		  .spec = { .cloud = custom, .resource_manager = insecure, .authority = authority },
		  .kind = ERR_CONFIG },
		{ "metadata", .spec = { .cloud = custom, .metadata = metadata },
		  .asks = "=https://management.local/metadata/endpoints?api-version=2022-09-01",
		  .status = 200, .answer = "\xef\xbb\xbf" META, .authority = "https://login.meta",
		  .manager = "https://rm.meta", .audience = "https://aud.meta/",
		  .suffix = ".azurecr.local" },
		{ "own words over metadata",
		  .spec = { .cloud = custom,
		            .metadata = metadata,
		            .resource_manager = rm,
		            .authority = authority,
		            .audience = audience },
		  .asks = "/metadata/endpoints", .status = 200, .answer = META,
		  .authority = "https://login.local",
		  .manager = "https://management.local.azurestack.external", .audience = audience,
		  .suffix = ".azurecr.local" },
		{ "one of a list",
		  .spec = { .cloud = custom, .metadata = listed, .resource_manager = rm },
		  .asks = "=https://meta.local/clouds", .status = 200,
		  .answer = "[" META ",{\"resourceManager\":\"https://"
		            "management.local.azurestack.external\",\"authentication\":"
		            "{\"loginEndpoint\":\"https://two/\",\"audiences\":[]}}]",
		  .authority = "https://two",
		  .manager = "https://management.local.azurestack.external", .audience = rm },
		{ "not in the list",
		  .spec = { .cloud = custom, .metadata = listed, .resource_manager = rm },
		  .asks = "clouds", .status = 200, .answer = "[" META "]", .kind = ERR_CONFIG },
		{ "metadata without TLS inside", .spec = { .cloud = custom, .metadata = metadata },
		  .asks = "meta", .status = 200,
		  .answer = "{\"resourceManager\":\"https://a/"
		            "\",\"authentication\":{\"loginEndpoint\":\"http://a/\"}}",
		  .kind = ERR_CONFIG },
		{ "metadata with a query", .spec = { .cloud = custom, .metadata = whole },
		  .kind = ERR_CONFIG },
		{ "metadata over http", .spec = { .cloud = custom, .metadata = insecure },
		  .kind = ERR_CONFIG },
		{ "metadata missing", .spec = { .cloud = custom, .metadata = metadata },
		  .asks = "meta", .status = 404, .kind = ERR_REMOTE },
		{ "metadata busy", .spec = { .cloud = custom, .metadata = metadata },
		  .asks = "meta", .status = 503, .kind = ERR_TRANSIENT },
		{ "metadata garbage", .spec = { .cloud = custom, .metadata = metadata },
		  .asks = "meta", .status = 200, .answer = "<", .kind = ERR_REMOTE },
		{ "no such cloud", .spec.cloud = mars, .kind = ERR_CONFIG },
	};

	for (size_t i = 0; i < COUNT(row); i++) {
		const struct fake_step step = { HTTP_GET, row[i].asks, .status = row[i].status,
			                        .answer = row[i].answer };
		struct fake_http *script = fake_http_new(&step, row[i].asks != NULL);
		AUTO_HTTP struct http *h = fake_http_client(script);
		AUTO(azure_cloud_clear) struct cloud c = { 0 };
		struct err e = ERR_INIT;

		row[i].env ? setenv("AZURE_AUTHORITY_HOST", row[i].env, 1)
			   : unsetenv("AZURE_AUTHORITY_HOST");
		bool ok = cloud_resolve(&row[i].spec, h, &c, &e);
		CHECK(ok == (row[i].kind == ERR_NONE), "%s: %s", row[i].name, e.text);
		CHECK(ok || e.kind == row[i].kind, "%s: %s", row[i].name, e.text);
		if (ok) {
			CHECK_TEXT(c.authority, row[i].authority, "%s", row[i].name);
			CHECK_TEXT(c.resource_manager, row[i].manager, "%s", row[i].name);
			CHECK_TEXT(c.audience, row[i].audience, "%s", row[i].name);
			check_services(&c, row[i].audience, row[i].vault, row[i].storage);
			CHECK_TEXT(c.registry_suffix ? c.registry_suffix : "",
			           row[i].suffix ? row[i].suffix : "", "%s", row[i].name);
		}
		CHECK(fake_http_done(script), "%s", row[i].name);
		fake_http_free(script);
	}
	unsetenv("AZURE_AUTHORITY_HOST");
}

/* `cloud = NAME` is what NAME's row says. */
static void every_cloud_is_its_row(void **state)
{
	(void)state;
	for (size_t i = 0; i < azure_clouds_count; i++) {
		const struct azure_cloud *is = &azure_clouds[i];
		AUTO_FREE char *name = mem_dup(is->name);
		const struct azure_spec spec = { .cloud = name };
		AUTO(azure_cloud_clear) struct cloud c = { 0 };
		struct err e = ERR_INIT;

		CHECK(cloud_resolve(&spec, NULL, &c, &e), "%s: %s", is->name, e.text);
		CHECK_TEXT(c.authority, is->authority, "%s", is->name);
		CHECK_TEXT(c.resource_manager, is->resource_manager, "%s", is->name);
		CHECK_TEXT(c.registry_suffix, is->registry_suffix, "%s", is->name);
		check_services(&c, is->audience, is->vault_audience, is->storage_audience);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(resolved),
		                            cmocka_unit_test(every_cloud_is_its_row) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
