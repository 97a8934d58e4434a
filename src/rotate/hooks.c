/* SPDX-License-Identifier: MIT */
/* The hooks of a delivery: those of its sinks, then the job's. */
#include "base/buf.h"
#include "config/job.h"
#include "rotate/hook.h"
#include "step.h"

static bool run_hook(struct rotation *r, const char *command, const char *sinks, struct err *e)
{
	struct hook hook = { .command = command,
		             .job = r->job->name,
		             .sinks = sinks,
		             .timeout_s = r->job->hook_timeout };

	for (size_t i = 0; i < r->o.n_seen && hook.slot == NULL; i++)
		if (r->o.views[i].readable && r->o.views[i].holds != ACR_NO_SLOT)
			hook.slot = acr_slot_name(r->o.views[i].holds);
	return hook_run(&hook, e);
}

static void sink_hooks(struct rotation *r)
{
	for (size_t i = 0; i < r->o.n_seen; i++) {
		const struct sink_spec *spec = r->o.seen[i].spec;
		struct sink_memory *m = state_sink(&r->o.state, spec->name, r->o.seen[i].place);
		struct err why = ERR_INIT;
		if (!m->hook_owed)
			continue;
		/* A hook that was taken out of the job is owed no more. */
		if (spec->on_change == NULL || run_hook(r, spec->on_change, spec->name, &why)) {
			m->hook_owed = false;
			r->o.dirty = true;
		} else {
			(void)err_in(&why, "sink '%s'", spec->name);
			rotation_note_worst(r, spec, &why);
		}
	}
}

static void job_hook(struct rotation *r)
{
	AUTO_BUF struct buf names = BUF_INIT(65536);
	struct err why = ERR_INIT;

	if (!r->o.state.job_hook_owed)
		return;
	for (size_t i = 0; i < r->o.n_seen; i++)
		buf_fmt(&names, "%s%s", i > 0 ? " " : "", r->o.seen[i].spec->name);
	if (r->job->on_change == NULL || run_hook(r, r->job->on_change, buf_cstr(&names), &why)) {
		r->o.state.job_hook_owed = false;
		r->o.dirty = true;
	} else {
		rotation_note_worst(r, NULL, &why);
	}
}

/* Owed hooks run first thing in a run, and those that a delivery made owed after it. One that
 * fails stays owed. */
enum progress step_hooks(struct rotation *r, struct http *h, struct err *e)
{
	(void)h;
	sink_hooks(r);
	job_hook(r);
	return rotation_save(r, e) ? rotation_go_to(r, STEP_DECIDE) : FAILED;
}
