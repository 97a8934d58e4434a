/* SPDX-License-Identifier: MIT */
#include "fakes/arm_rig.h"

#include <stdlib.h>

#include "base/mem.h"

void arm_rig_open(struct arm_rig *r, const struct fake_step *steps, size_t n)
{
	static const char *const variables[] = {
		"AZURE_TENANT_ID",       "AZURE_CLIENT_ID",
		"AZURE_CLIENT_SECRET",   "AZURE_AUTHORITY_HOST",
		"AZURE_SUBSCRIPTION_ID", "AZURE_POD_IDENTITY_AUTHORITY_HOST",
		"IDENTITY_ENDPOINT",     "MSI_ENDPOINT",
		"IMDS_ENDPOINT"
	};

	for (size_t i = 0; i < COUNT(variables); i++)
		(void)unsetenv(variables[i]);
	*r = (struct arm_rig){ .script = fake_http_new(steps, n) };
	fake_env_init(&r->env, 1);
	r->http = fake_http_client(r->script);
	r->spec = (struct azure_spec){ .auth = mem_dup("managed-identity"),
		                       .cloud = mem_dup("custom"),
		                       .resource_manager = mem_dup("https://arm.example/"),
		                       .authority = mem_dup("https://login.example") };
	r->arm = arm_new(&r->spec, &r->env.env);
}

bool arm_rig_close(struct arm_rig *r)
{
	bool done = fake_http_done(r->script);

	arm_free(r->arm);
	http_close(r->http);
	fake_http_free(r->script);
	free(r->spec.auth);
	free(r->spec.cloud);
	free(r->spec.resource_manager);
	free(r->spec.authority);
	return done;
}
