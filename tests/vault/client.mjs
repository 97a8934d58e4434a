// SPDX-License-Identifier: MIT
// Microsoft's own client against a vault: one operation, its answer as JSON on a line. NODE_EXTRA_CA_CERTS names the authority.
//   node client.mjs CACHE VAULT AUTHORITY TENANT CLIENT SECRET-FILE set|get|versions|update|delete|recover|purge|list NAME [JSON]
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';

const [cache, vault, authority, tenant, client, secretFile, operation, name, json] = process.argv.slice(2);
const require = createRequire(`${cache}/package.json`);
const { SecretClient } = require('@azure/keyvault-secrets');
const { ClientSecretCredential } = require('@azure/identity');

const credential = new ClientSecretCredential(tenant, client, readFileSync(secretFile, 'utf8').trim(), {
	authorityHost: authority, disableInstanceDiscovery: true,
});
// The emulator is not below vault.azure.net; everything else of the challenge is followed.
const secrets = new SecretClient(vault, credential, { disableChallengeResourceVerification: true, retryOptions: { maxRetries: 2 } });
const options = json ? JSON.parse(json) : {};

async function all(pages) {
	const out = [];
	for await (const one of pages) out.push(one);
	return out;
}

const operations = {
	set: () => secrets.setSecret(name, options.value, { tags: options.tags, expiresOn: options.expires ? new Date(options.expires) : undefined }),
	get: () => secrets.getSecret(name),
	versions: () => all(secrets.listPropertiesOfSecretVersions(name)),
	update: async () => secrets.updateSecretProperties(name, (await secrets.getSecret(name)).properties.version, options),
	delete: async () => (await secrets.beginDeleteSecret(name, { intervalInMs: 100 })).pollUntilDone(),
	recover: async () => (await secrets.beginRecoverDeletedSecret(name, { intervalInMs: 100 })).pollUntilDone(),
	purge: async () => { await secrets.purgeDeletedSecret(name); return {}; },
	list: () => all(secrets.listPropertiesOfSecrets()),
};

try {
	console.log(JSON.stringify(await operations[operation]()));
} catch (e) {
	console.log(JSON.stringify({ status: e.statusCode, code: e.code, message: e.message }));
	process.exitCode = 1;
}
