/* SPDX-License-Identifier: MIT */
/* The configuration's keys. Those of [azure] stand in azure/, those of a sink type beside the
 * sink. */
#include "config/common.h"
#include "sink/sink.h"

#define ROW(spec, member, key, kind)                                                               \
	.name = (key), .type = (kind), .offset = offsetof(struct spec, member)

const struct key config_run_keys[] = {
	{ ROW(run_spec, workers, "workers", KEY_COUNT), .fallback = "16",
	  .help = "requests in flight at once, whatever the number of jobs" },
	{ ROW(run_spec, state, "state", KEY_TEXT),
	  .help = "where it is kept instead: a directory; for several rotators "
	          "kubernetes:NAMESPACE, or the URL of a container in Azure Blob Storage" },
	{ ROW(run_spec, state_dir, "state_dir", KEY_PATH),
	  .help = "where the state of jobs is kept; default: $STATE_DIRECTORY, else "
	          "/var/lib/acrotate, a user's ~/.local/state/acrotate" },
	{ ROW(run_spec, metrics_file, "metrics_file", KEY_PATH),
	  .help = "a Prometheus text file, replaced by every run; default: none" },
	{ ROW(run_spec, patience, "patience", KEY_DURATION), .fallback = "6h",
	  .help = "how long transient failures stay quiet" },
	{ ROW(run_spec, on_failure, "on_failure", KEY_TEXT),
	  .help = "command to run when a run has said something that a person should read" },
	{ ROW(run_spec, repeat, "repeat", KEY_DURATION), .fallback = "1d",
	  .help = "after which time the same trouble is told again" },
	{ ROW(run_spec, sandbox, "sandbox", KEY_BOOL), .fallback = "yes",
	  .help = "give up every right that a run does not need" },
};
const size_t config_run_keys_count = COUNT(config_run_keys);

const struct key config_http_keys[] = {
	{ ROW(http_spec, proxy, "proxy", KEY_TEXT),
	  .help = "URL of a proxy; default: from the environment" },
	{ ROW(http_spec, no_proxy, "no_proxy", KEY_TEXT),
	  .help = "hosts to reach without the proxy, separated by commas" },
	{ ROW(http_spec, ca_file, "ca_file", KEY_FILE),
	  .help = "certificates (PEM) to trust beside the system's" },
	{ ROW(http_spec, ca_only, "ca_only", KEY_BOOL), .fallback = "no",
	  .help = "trust ca_file alone" },
	{ ROW(http_spec, timeout, "timeout", KEY_DURATION), .fallback = "60s",
	  .help = "for one request" },
};
const size_t config_http_keys_count = COUNT(config_http_keys);

const struct key config_job_keys[] = {
	{ ROW(job_spec, job.enabled, "enabled", KEY_BOOL), .fallback = "yes",
	  .help = "no: paused; no run touches it, and status says so" },
	{ ROW(job_spec, job.registry, "registry", KEY_TEXT), .required = true,
	  .help = "the registry's name or login server" },
	{ ROW(job_spec, job.resource_group, "resource_group", KEY_TEXT),
	  .help = "the registry's; default: looked up, then remembered" },
	{ ROW(job_spec, job.token, "token", KEY_TEXT), .required = true,
	  .help = "the token whose passwords are rotated" },
	{ ROW(job_spec, job.policy.lifetime, "lifetime", KEY_DURATION), .fallback = "90d",
	  .help = "validity of a new password" },
	{ ROW(job_spec, job.policy.renew_before, "renew_before", KEY_DURATION),
	  .help = "rotate when so much of the lifetime is left; default: a third of it" },
	{ ROW(job_spec, grace, "grace", KEY_TEXT),
	  .help = "how long a replaced password is left alone for consumers that still have it, or "
	          "'expiry': until it has expired, which is the default with a sink of type "
	          "kubernetes or keyvault; else 1d, or half of what lies between two rotations if "
	          "that is shorter" },
	{ ROW(job_spec, verify, "verify", KEY_TEXT), .fallback = "login",
	  .help = "'login': a new password is delivered once the registry accepts it; 'wait 5m': "
	          "after that time, where the registry "
	          "cannot be reached" },
	{ ROW(job_spec, job.verify_at, "verify_at", KEY_TEXT),
	  .help = "further hosts that must accept a new password, with spaces between them: "
	          "regional endpoints, connected registries" },
	{ ROW(job_spec, job.policy.verify_timeout, "verify_timeout", KEY_DURATION),
	  .fallback = "10m", .help = "how long to try a new password at the registry" },
	{ ROW(job_spec, job.policy.verify_every, "verify_every", KEY_DURATION), .fallback = "6h",
	  .help = "how often the delivered password is tried at the registry" },
	{ ROW(job_spec, job.policy.inspect_every, "inspect_every", KEY_DURATION), .fallback = "1d",
	  .help = "how often identity, token and slots are read from Azure" },
	{ ROW(job_spec, may_replace, "may_replace", KEY_LIST),
	  .help = "SLOT@CREATIONTIME: this password, foreign, may be replaced" },
	{ ROW(job_spec, job.policy.exclusive, "exclusive", KEY_BOOL), .fallback = "no",
	  .help = "nobody but this job's sinks uses the token: with no working password in them "
	          "any slot may be replaced" },
	{ ROW(job_spec, job.policy.create, "create", KEY_BOOL), .fallback = "no",
	  .help = "create the token when it does not exist" },
	{ ROW(job_spec, job.scope_map, "scope_map", KEY_TEXT),
	  .help = "name or id of the scope map of a token to be created" },
	{ ROW(job_spec, job.repository, "repository", KEY_LIST),
	  .help = "REPOSITORY ACTION...: rights of a token to be created: content/read "
	          "content/write content/delete metadata/read "
	          "metadata/write" },
	{ ROW(job_spec, job.gateway, "gateway", KEY_LIST),
	  .help = "GATEWAY ACTION...: rights of a token to be created: config/read config/write "
	          "message/read message/write" },
	{ ROW(job_spec, job.on_change, "on_change", KEY_TEXT),
	  .help = "command to run after the sinks have a new password" },
	{ ROW(job_spec, job.hook_timeout, "hook_timeout", KEY_DURATION), .fallback = "1m",
	  .help = "for each on_change" },
};
const size_t config_job_keys_count = COUNT(config_job_keys);

const struct key config_sink_keys[] = {
	{ ROW(sink_common, type, "type", KEY_TEXT), .required = true,
	  .help = "one of the types below" },
	{ ROW(sink_common, optional, "optional", KEY_BOOL), .fallback = "no",
	  .help = "a failure of this sink does not fail the run" },
	{ ROW(sink_common, on_change, "on_change", KEY_TEXT),
	  .help = "command to run after this sink has a new password" },
};
const size_t config_sink_keys_count = COUNT(config_sink_keys);

const struct key config_source_keys[] = {
	{ ROW(sink_common, type, "type", KEY_TEXT), .required = true,
	  .help = "the type of the sink that a rotator writes; its keys follow" },
};
const size_t config_source_keys_count = COUNT(config_source_keys);

static void add(struct key_section *out, size_t max, size_t *n, struct key_section row)
{
	if (*n < max)
		out[*n] = row;
	++*n;
}

size_t config_key_sections(struct key_section *out, size_t max)
{
	static const char common[] = "acrotate.conf", job[] = "jobs.d/NAME.conf";
	size_t n = 0;

	add(out, max, &n,
	    (struct key_section){ "azure", NULL, "acrotate.conf or jobs.d/NAME.conf", azure_keys,
	                          azure_keys_count });
	add(out, max, &n,
	    (struct key_section){ "http", NULL, common, config_http_keys, config_http_keys_count });
	add(out, max, &n,
	    (struct key_section){ "kubernetes", NULL, common, kube_keys, kube_keys_count });
	add(out, max, &n,
	    (struct key_section){ "run", NULL, common, config_run_keys, config_run_keys_count });
	add(out, max, &n,
	    (struct key_section){ "job", NULL, job, config_job_keys, config_job_keys_count });
	add(out, max, &n,
	    (struct key_section){ "sink NAME", NULL, job, config_sink_keys,
	                          config_sink_keys_count });
	add(out, max, &n,
	    (struct key_section){ "source", NULL, job, config_source_keys,
	                          config_source_keys_count });
	for (size_t i = 0; sink_list[i] != NULL; i++)
		add(out, max, &n,
		    (struct key_section){ "sink NAME", sink_list[i]->type, job, sink_list[i]->keys,
		                          sink_list[i]->n_keys });
	return n;
}
