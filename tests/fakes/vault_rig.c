/* SPDX-License-Identifier: MIT */
#include "fakes/vault_rig.h"

#include <stdlib.h>

#include "azure/arms.h"
#include "base/mem.h"
#include "http/lender.h"

void vault_rig_open(struct vault_rig *r, const struct fake_step *steps, size_t n)
{
	static const char *const variables[] = {
		"AZURE_TENANT_ID",   "AZURE_CLIENT_ID", "AZURE_POD_IDENTITY_AUTHORITY_HOST",
		"IDENTITY_ENDPOINT", "MSI_ENDPOINT",    "IMDS_ENDPOINT"
	};

	for (size_t i = 0; i < COUNT(variables); i++)
		(void)unsetenv(variables[i]);
	*r = (struct vault_rig){ .script = fake_http_new(steps, n) };
	fake_env_init(&r->env, 1);
	r->azure = (struct azure_spec){ .auth = mem_dup("managed-identity"),
		                        .cloud = mem_dup("custom"),
		                        .resource_manager = mem_dup("https://arm.example"),
		                        .authority = mem_dup("https://login.example") };
	r->lent = (struct sink_lent){ .arms = arms_new(&r->env.env),
		                      .azure = &r->azure,
		                      .lender = http_lender_new(fake_http_lend, r->script),
		                      .env = &r->env.env };
}

bool vault_rig_close(struct vault_rig *r)
{
	bool done = fake_http_done(r->script);

	arms_free(r->lent.arms);
	http_lender_free(r->lent.lender);
	fake_http_free(r->script);
	keys_release(azure_keys, azure_keys_count, &r->azure);
	return done;
}
