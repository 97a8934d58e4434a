/* SPDX-License-Identifier: MIT */
/* The shared state of reading one job. For src/config/job*.c only. */
#ifndef CONFIG_LOADING_H
#define CONFIG_LOADING_H

#include "base/buf.h"
#include "config/common.h"
#include "config/expand.h"

struct loading {
	struct common *common;
	const struct document *doc;
	const struct section *job_section;
	const struct section *defaults; /* [defaults] of acrotate.conf, or NULL */
	struct expand expand;
	struct job_spec *spec;
};
/* Prepends the location of a key: its line in [job], else in [defaults], else that of the section.
 * Returns false. */
bool loading_err(const struct loading *l, const char *key, struct err *e);

/* job_policy.c: verify, may_replace ..., but grace, whose default the sinks decide */
MUST_USE bool job_policy(struct loading *l, struct err *e);
MUST_USE bool job_grace(struct loading *l, struct err *e); /* after the sinks */
/* job_policy.c: create, scope_map, repository, gateway */
MUST_USE bool job_bootstrap(struct loading *l, struct err *e);
MUST_USE bool job_azure(struct loading *l, struct err *e); /* job_azure.c */
/* Does a job with this [azure] (or NULL) not inherit the key? */
bool job_azure_drops(const struct section *own, const char *key);
MUST_USE bool job_sinks(struct loading *l, struct err *e);  /* job_sinks.c */
MUST_USE bool job_source(struct loading *l, struct err *e); /* job_source.c */
/* Is there a [source]? Also before job_source() has read it. */
bool job_follows(const struct loading *l);
/* Fills the spec of a section [sink NAME] or [source]; `common` is what has the keys of every such
 * section. job_sinks.c */
MUST_USE bool job_sink_spec(struct loading *l, const struct section *s, const struct fill *common,
                            struct sink_spec *out, struct err *e);

#endif
