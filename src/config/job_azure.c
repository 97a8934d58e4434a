/* SPDX-License-Identifier: MIT */
/*
 * A job's [azure] over the common one, key by key. But a key that starts something anew takes
 * along what belonged to the old: an identity of another method must not inherit half of the
 * common one, nor a client id stand beside a resource id.
 */
#include "base/err.h"
#include "config/loading.h"

/* When the job sets `key`, it does not inherit any of `drops`. */
static const struct {
	const char *key;
	const char *drops[8];
} anew[] = {
	{ "auth",
	  { "client_id", "object_id", "resource_id", "client_secret_file", "certificate_file",
	    "certificate_password_file", "federated_token_file" } },
	{ "client_id", { "object_id", "resource_id" } },
	{ "object_id", { "client_id", "resource_id" } },
	{ "resource_id", { "client_id", "object_id" } },
	{ "certificate_file", { "certificate_password_file" } },
	{ "cloud",
	  { "resource_manager", "authority", "audience", "metadata", "vault_audience",
	    "storage_audience" } },
};

bool job_azure_drops(const struct section *own, const char *key)
{
	for (size_t i = 0; i < COUNT(anew); i++) {
		if (document_section_entry(own, anew[i].key) == NULL)
			continue;
		for (size_t k = 0; anew[i].drops[k] != NULL; k++)
			if (strcmp(anew[i].drops[k], key) == 0)
				return true;
	}
	return false;
}

bool job_azure(struct loading *l, struct err *e)
{
	const struct section *own = document_section(l->doc, "azure");
	struct azure_spec *spec = &l->spec->job.azure;
	struct fill table = { .rows = azure_keys, .n = azure_keys_count, .spec = spec };

	if (own != NULL && !fill_section(&table, 1, l->doc, own, &l->expand, e))
		return false;
	for (size_t i = 0; i < azure_keys_count; i++) {
		if (table.seen[i] || !l->common->azure_seen[i] ||
		    job_azure_drops(own, azure_keys[i].name))
			continue;
		keys_copy(&azure_keys[i], spec, &l->common->azure);
		table.seen[i] = true;
	}
	return fill_finish(&table, 1, l->doc, own != NULL ? own : l->job_section, e);
}
