/* SPDX-License-Identifier: MIT */
#include "azure/clouds.h"

#include <strings.h>

const struct azure_cloud azure_clouds[] = {
	{
		.name = "public",
		.az = "AzureCloud",
		.authority = "https://login.microsoftonline.com",
		.resource_manager = "https://management.azure.com",
		.audience = "https://management.core.windows.net/",
		.vault_audience = "https://vault.azure.net",
		.storage_audience = "https://storage.azure.com/",
		.exchange_audience = "api://AzureADTokenExchange",
		.registry_suffix = ".azurecr.io",
		.vault_suffix = ".vault.azure.net",
		.blob_suffix = ".blob.core.windows.net",
	},
	{
		.name = "usgovernment",
		.az = "AzureUSGovernment",
		.authority = "https://login.microsoftonline.us",
		.resource_manager = "https://management.usgovcloudapi.net",
		.audience = "https://management.core.usgovcloudapi.net/",
		.vault_audience = "https://vault.usgovcloudapi.net",
		.storage_audience = "https://storage.azure.com/",
		.exchange_audience = "api://AzureADTokenExchangeUSGov",
		.registry_suffix = ".azurecr.us",
		.vault_suffix = ".vault.usgovcloudapi.net",
		.blob_suffix = ".blob.core.usgovcloudapi.net",
	},
	{
		.name = "china",
		.az = "AzureChinaCloud",
		.authority = "https://login.chinacloudapi.cn",
		.resource_manager = "https://management.chinacloudapi.cn",
		.audience = "https://management.core.chinacloudapi.cn/",
		.vault_audience = "https://vault.azure.cn",
		.storage_audience = "https://storage.azure.com/",
		.exchange_audience = "api://AzureADTokenExchangeChina",
		.registry_suffix = ".azurecr.cn",
		.vault_suffix = ".vault.azure.cn",
		.blob_suffix = ".blob.core.chinacloudapi.cn",
	},
};
const size_t azure_clouds_count = COUNT(azure_clouds);

const struct azure_cloud *azure_cloud_find(const char *name)
{
	for (size_t i = 0; i < COUNT(azure_clouds); i++)
		if (name == NULL || strcmp(name, azure_clouds[i].name) == 0)
			return &azure_clouds[i];
	return NULL;
}

const struct azure_cloud *azure_cloud_or_public(const char *name)
{
	const struct azure_cloud *known = azure_cloud_find(name);

	return known != NULL ? known : &azure_clouds[0];
}

const struct azure_cloud *azure_cloud_find_az(const char *az)
{
	for (size_t i = 0; i < COUNT(azure_clouds); i++)
		if (strcasecmp(az, azure_clouds[i].az) == 0)
			return &azure_clouds[i];
	return NULL;
}
