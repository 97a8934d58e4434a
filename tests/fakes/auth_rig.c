/* SPDX-License-Identifier: MIT */
#include "fakes/auth_rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/secret.h"
#include "fakes/run.h"

void auth_rig_clear_environment(void)
{
	static const char *const variables[] = {
		"AZURE_TENANT_ID",
		"AZURE_CLIENT_ID",
		"AZURE_CLIENT_SECRET",
		"AZURE_CLIENT_CERTIFICATE_PATH",
		"AZURE_CLIENT_CERTIFICATE_PASSWORD",
		"AZURE_CLIENT_SEND_CERTIFICATE_CHAIN",
		"AZURE_FEDERATED_TOKEN_FILE",
		"AZURE_AUTHORITY_HOST",
		"AZURE_POD_IDENTITY_AUTHORITY_HOST",
		"AZURE_SUBSCRIPTION_ID",
		"AZURE_TOKEN_CREDENTIALS",
		"AZURE_KUBERNETES_TOKEN_PROXY",
		"AZURE_KUBERNETES_SNI_NAME",
		"AZURE_KUBERNETES_CA_FILE",
		"AZURE_KUBERNETES_CA_DATA",
		"IDENTITY_ENDPOINT",
		"IDENTITY_HEADER",
		"IDENTITY_SERVER_THUMBPRINT",
		"DEFAULT_IDENTITY_CLIENT_ID",
		"IMDS_ENDPOINT",
		"MSI_ENDPOINT",
		"MSI_SECRET",
		"ACTIONS_ID_TOKEN_REQUEST_URL",
		"ACTIONS_ID_TOKEN_REQUEST_TOKEN",
		"GITHUB_ACTIONS",
		"SYSTEM_OIDCREQUESTURI",
		"SYSTEM_ACCESSTOKEN",
		"AZURESUBSCRIPTION_SERVICE_CONNECTION_ID",
		"AZURESUBSCRIPTION_TENANT_ID",
		"AZURESUBSCRIPTION_CLIENT_ID",
	};

	for (size_t i = 0; i < COUNT(variables); i++)
		(void)unsetenv(variables[i]);
}

void auth_rig_set_variables(const struct auth_variable *v)
{
	for (size_t i = 0; i < AUTH_VARIABLES_MAX && v[i].name != NULL; i++)
		setenv(v[i].name, v[i].value, 1);
}

void auth_rig_open(struct auth_rig *r, const char *auth, const struct fake_step *steps, size_t n)
{
	const char *base = getenv("TMPDIR");
	AUTO_FREE char *name = mem_fmt("%s/acrotate-auth.XXXXXX", base != NULL ? base : "/tmp");

	auth_rig_clear_environment();
	if (mkdtemp(name) == NULL)
		abort();
	*r = (struct auth_rig){ .dir = mem_dup(name),
		                .file = mem_fmt("%s/secret", name),
		                .script = fake_http_new(steps, n) };
	fake_env_init(&r->env, 1);
	r->http = fake_http_client(r->script);
	r->spec.auth = mem_dup(auth);
	r->cloud = (struct cloud){ .authority = mem_dup("https://login.example"),
		                   .resource_manager = mem_dup("https://arm.example"),
		                   .audience = mem_dup("https://arm.example/") };
	r->auth = auth_new(&r->spec, &r->env.env);
}

void auth_rig_file(struct auth_rig *r, const char *text)
{
	FILE *f = fopen(r->file, "w");

	if (f == NULL || fputs(text, f) < 0 || fclose(f) != 0 || chmod(r->file, 0600) != 0)
		abort();
}

const char *auth_rig_ask(struct auth_rig *r, char token[static 4096], struct err *e)
{
	struct secret *s = NULL;
	unsigned serial;

	token[0] = '\0';
	if (auth_token(r->auth, &r->cloud, r->http, 0, &s, &serial, e))
		(void)snprintf(token, 4096, "%s", secret_peek(s));
	secret_free(s);
	return token;
}

bool auth_rig_close(struct auth_rig *r)
{
	bool done = fake_http_done(r->script);
	AUTO_FREE char *remove = mem_fmt("rm -rf %s", r->dir);

	auth_free(r->auth);
	http_close(r->http);
	fake_http_free(r->script);
	azure_cloud_clear(&r->cloud);
	free(r->spec.auth);
	free(r->file);
	free(r->dir);
	return run_line("/", remove) && done;
}
