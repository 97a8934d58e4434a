/* SPDX-License-Identifier: MIT */
/* What `acrotate check` asks Azure: identity, registry, token, permissions. */
#include <stdlib.h>

#include "base/mem.h"
#include "base/show.h"
#include "base/str.h"
#include "check.h"
#include "config/job.h"
#include "remedies.h"
#include "rotate/observe.h"

#define REGISTRIES "Microsoft.ContainerRegistry/registries"

void check_azure_facts_clear(struct azure_facts *a)
{
	whoami_clear(&a->who);
	permissions_clear(&a->permissions);
	free(a->scope);
}

void check_azure_ask(struct arm *arm, struct http *h, const struct acr_ref *ref,
                     struct azure_facts *out)
{
	AUTO_FREE char *scope =
		mem_fmt("/subscriptions/%s/resourceGroups/%s/providers/" REGISTRIES "/%s",
	                ref->subscription != NULL ? ref->subscription : "SUBSCRIPTION",
	                ref->group != NULL ? ref->group : "GROUP", ref->registry);

	*out = (struct azure_facts){ .scope = show_word(scope) };
	out->subscription = ref->subscription != NULL;
	out->known = arm_whoami(arm, h, &out->who, &out->who_error);
	if (!out->known)
		return;
	if (ref->subscription == NULL || ref->group == NULL) {
		(void)err_set(&out->permissions_error, ERR_MISSING, "the registry is not known");
		return;
	}
	out->permissions_known =
		permissions_read(arm, h, ref, &out->permissions, &out->permissions_error);
	/* A cloud that does not know the version yet has no such registries. */
	struct err unknown = ERR_INIT;
	if (!acr_roles_by_repository(arm, h, ref, &out->by_repository, &unknown))
		out->by_repository = false;
}

void check_registry(const struct azure_facts *a, struct findings *f)
{
	if (a->by_repository)
		(void)findings_ok(f, "registry",
		                  "roles are by repository (ABAC): AcrPull is not honoured, an "
		                  "identity that only pulls has 'Container Registry Repository "
		                  "Reader'; tokens are the same");
}

/* ---- identity -------------------------------------------------------------------------------- */

static const struct {
	const char *auth, *fix;
} fixes[] = {
	{ "managed-identity", "az vm identity assign --resource-group GROUP --name MACHINE" },
	{ "client-secret", "az ad app credential reset --id CLIENT_ID --append --query password "
	                   "--output tsv    # into client_secret_file" },
	{ "certificate",
	  "az ad app credential reset --id CLIENT_ID --append --cert @CERTIFICATE.pem" },
	{ "workload-identity",
	  "az identity federated-credential create --name acrotate --identity-name IDENTITY "
	  "--resource-group GROUP "
	  "--issuer ISSUER --subject SUBJECT --audiences api://AzureADTokenExchange" },
	{ "azure-cli", "az login" },
};

static void fix_identity(const char *auth, struct finding *at)
{
	for (size_t i = 0; i < COUNT(fixes); i++)
		if (auth == NULL || strcmp(auth, "default") == 0 ||
		    strcmp(auth, fixes[i].auth) == 0)
			findings_fix(at, "%s", fixes[i].fix);
}

/* What an identity is made of; where nothing of it was said, auth = default looks around. */
static const char *const of_identity[] = {
	"auth",
	"tenant_id",
	"client_id",
	"object_id",
	"resource_id",
	"client_secret_file",
	"certificate_file",
	"certificate_password_file",
	"federated_token_file",
	"cloud",
	"authority",
};

static void tell_origin(const struct config *c, const struct job *job, struct finding *at)
{
	const char *path;
	bool any = false;
	int line;

	for (size_t i = 0; i < COUNT(of_identity); i++) {
		if (!config_azure_line(c, job, of_identity[i], &path, &line))
			continue;
		findings_fix(at, "# %s is set in %s:%d", of_identity[i], path, line);
		any = true;
	}
	if (!any)
		findings_fix(at, "# nothing of it is set in [azure] of %s or %s", job->file,
		             config_path(c));
}

void check_fix_subscription(const struct config *c, const struct job *job, struct finding *at)
{
	const char *path;
	int line;

	if (config_azure_line(c, job, "subscription", &path, &line))
		findings_fix(at, "# subscription is set in %s:%d", path, line);
	else
		findings_fix(at,
		             "# subscription is set in no file, but by AZURE_SUBSCRIPTION_ID or "
		             "where this runs");
}

void check_identity(const struct azure_facts *a, const struct config *c, const struct job *job,
                    struct findings *f)
{
	const struct whoami *w = &a->who;
	char lives[STR_DURATION_MAX];

	if (!a->known) {
		struct finding *at = findings_problem(f, "identity", &a->who_error);
		tell_origin(c, job, at);
		if (!remedies_fix(REMEDY_IDENTITY, &a->who_error, at) &&
		    a->who_error.kind == ERR_AUTH)
			fix_identity(job->azure.auth, at);
		return;
	}
	str_from_duration(w->lives_s, 2, lives);
	(void)findings_ok(f, "identity",
	                  "%s, tenant %s, client id %s, object id %s, its token lives %s",
	                  w->method, w->tenant != NULL ? w->tenant : "unknown",
	                  w->client_id != NULL ? w->client_id : "unknown",
	                  w->object_id != NULL ? w->object_id : "unknown",
	                  w->lives_s > 0 ? lives : "for a time it does not say");
}

/* ---- permissions ----------------------------------------------------------------------------- */

void check_fix_denied(const struct azure_facts *a, struct finding *at)
{
	findings_fix(at,
	             "az role definition create --role-definition acrotate-role.json    # once; "
	             "see acrotate(1)");
	findings_fix(at,
	             "az role assignment create --assignee-object-id %s --assignee-principal-type "
	             "ServicePrincipal --role acrotate --scope %s",
	             a->who.object_id != NULL ? a->who.object_id : "OBJECT_ID", a->scope);
}

static const struct azure_right {
	const char *action, *what;
	bool reading;  /* proven by a token that was read */
	bool creating; /* only jobs with create = yes need it */
	bool mapping;  /* and of those only ones that make a scope map of their own */
} rights[] = {
	{ REGISTRIES "/read", "find the registry", false, false, false },
	{ REGISTRIES "/tokens/read", "read the token", true, false, false },
	{ REGISTRIES "/generateCredentials/action", "generate passwords", false, false, false },
	{ REGISTRIES "/tokens/write", "create the token", false, true, false },
	{ REGISTRIES "/tokens/operationStatuses/read", "see when it is created", false, true,
	  false },
	{ REGISTRIES "/scopeMaps/read", "see whether its scope map exists", false, true, true },
	{ REGISTRIES "/scopeMaps/write", "create its scope map", false, true, true },
};

static bool needed(const struct azure_right *r, const struct job *job)
{
	return (!r->creating || job->policy.create) && (!r->mapping || job->scope_map == NULL);
}

static void judge(const struct azure_right *r, const struct azure_facts *a,
                  const struct observation *o, struct findings *f)
{
	struct err e = ERR_INIT;

	if (r->reading && o != NULL && o->asked == TOKEN_READ) {
		(void)findings_ok(f, "permission", "%s: it was used just now", r->action);
	} else if (!a->permissions_known) {
		findings_fix(findings_unknown(f, "permission",
		                              "%s, to %s: this identity may not read its own "
		                              "permissions, or they could not be read",
		                              r->action, r->what),
		             "az role assignment list --assignee %s --scope %s --include-inherited "
		             "--output table",
		             a->who.object_id != NULL ? a->who.object_id : "OBJECT_ID", a->scope);
	} else if (permissions_allow(&a->permissions, r->action)) {
		(void)findings_ok(f, "permission", "%s", r->action);
	} else {
		(void)err_set(&e, ERR_DENIED, "%s is missing, to %s", r->action, r->what);
		check_fix_denied(a, findings_problem(f, "permission", &e));
	}
}

void check_permissions(const struct azure_facts *a, const struct job *job,
                       const struct observation *o, struct findings *f)
{
	for (size_t i = 0; a->known && i < COUNT(rights); i++)
		if (needed(&rights[i], job))
			judge(&rights[i], a, o, f);
}
