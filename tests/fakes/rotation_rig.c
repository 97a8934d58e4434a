/* SPDX-License-Identifier: MIT */
#include "fakes/rotation_rig.h"

#include <sys/stat.h>

#include "azure/arm.h"
#include "base/buf.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/secret.h"
#include "check.h"
#include "fakes/sinks.h"

#define REQUESTS_MAX 2000 /* the longest here is a long-running operation */

struct rotation_rig rig;

void rig_clear_met(void)
{
	state_clear(&rig.met.at_commit);
	state_clear(&rig.met.at_generate);
	memset(&rig.met, 0, sizeof(rig.met));
}

char *rig_state_path(const char *end)
{
	return mem_fmt("%s/web.state%s", rig.state_dir, end);
}

void rig_load(struct state *out)
{
	struct err e = ERR_INIT;

	state_clear(out);
	CHECK(state_load(rig.store, "web", out, &e), "%s", e.text);
}

static void meddle(int kind, int nth)
{
	if (rig.meddler.nth != nth || (int)rig.meddler.kind != kind || rig.met.fired)
		return;
	rig.met.fired = true;
	rig.meddler.fn();
}

bool rig_works(size_t sink)
{
	return fake_service_accepts(&rig.service, rig.memory[sink].held);
}

int rig_slot_of(const char *held)
{
	return strcmp(rig.service.slot[0].password, held) == 0   ? 0
	       : strcmp(rig.service.slot[1].password, held) == 0 ? 1
	                                                         : -1;
}

static void asked(struct fake_service *s, const struct http_request *rq)
{
	CHECK(s->requests < REQUESTS_MAX, "it never ends");
	if (strstr(rq->url, "/generateCredentials") != NULL) {
		rig_load(&rig.met.at_generate);
		if (rig.met.generates < 4) {
			const struct slot_memory *m =
				&rig.met.at_generate
					 .slot[strstr(buf_cstr(rq->body), "password2") != NULL];
			(void)snprintf(rig.met.bodies[rig.met.generates], sizeof(rig.met.bodies[0]),
			               "%s", buf_cstr(rq->body));
			rig.met.asked_us[rig.met.generates] = m->asked_us;
			rig.met.asked_before_us[rig.met.generates] = m->asked_before_us;
		}
		for (int i = 0; i < 2 && rig.met.generates == 0; i++)
			rig.met.revoke_at_first[i] = rig.met.at_generate.slot[i].revoke;
		for (size_t i = 0; i < SINKS; i++)
			rig.met.held_killed +=
				rig_works(i) &&
				strstr(buf_cstr(rq->body), rig_slot_of(rig.memory[i].held) == 0
			                                           ? "password1"
			                                           : "password2") != NULL;
		meddle(AT_GENERATE, ++rig.met.generates);
	} else if (s->running.on) {
		rig_load(&rig.met.at_generate);
		rig.met.operation_remembered =
			rig.met.at_generate.slot[s->running.slot].operation != NULL;
		rig.met.polls++;
	} else if (strstr(rq->url, "/tokens/web-pull") != NULL) {
		meddle(AT_READ, ++rig.met.reads);
	} else if (rq->basic_password != NULL) {
		meddle(AT_LOGIN, ++rig.met.logins);
		s->clock_ms += 20;
		bool accepted = fake_service_accepts(s, secret_peek(rq->basic_password));
		s->clock_ms -= 20;
		rig.met.accepted_in_a_row = accepted ? rig.met.accepted_in_a_row + 1 : 0;
		rig.met.reads_at_last_login = rig.met.reads;
	}
}

void rig_committing(struct memory *m)
{
	rig_load(&rig.met.at_commit);
	rig.met.works_at_commit = fake_service_accepts(&rig.service, m->next);
	rig.met.accepted_at_commit = rig.met.accepted_in_a_row;
	rig.met.reads_at_commit = rig.met.reads;
}

void rig_stage(void)
{
	static char name[] = "web", token[] = "web-pull", registry[] = "contoso", group[] = "rg";
	static char method[] = "client-secret", id[] = "t", sub[] = "sub", cloud[] = "custom",
		    rm[] = "https://arm.test", authority[] = "https://login.test";
	static char names[SINKS][2] = { "a", "b" };
	static const char *const places[SINKS] = { "one", "two" };

	rig_clear_met();
	rig.meddler.nth = 0;
	rig.beginning = NULL;
	rig.waiting = NULL;
	AUTO_FREE char *state = mem_fmt("%s/web.state", rig.state_dir);
	(void)unlink(state);
	(void)unlink(rig.told);
	fake_service_init(&rig.service);
	rig.service.asked = asked;
	for (size_t i = 0; i < SINKS; i++) {
		rig.memory[i] = (struct memory){ .place = places[i], .committing = rig_committing };
		rig.specs[i] = (struct sink_spec){ .ops = &sink_memory,
			                           .name = names[i],
			                           .spec = &rig.memory[i] };
	}
	rig.job = (struct job){
		.enabled = true,
		.name = name,
		.token = token,
		.registry = registry,
		.resource_group = group,
		.sinks = rig.specs,
		.n_sinks = SINKS,
		.hook_timeout = 60,
		.azure = { .auth = method,
		           .tenant_id = id,
		           .client_id = id,
		           .client_secret_file = rig.secret_file,
		           .subscription = sub,
		           .cloud = cloud,
		           .resource_manager = rm,
		           .authority = authority },
		.policy = { .lifetime = 90 * 86400,
		            .renew_before = 30 * 86400,
		            .grace = 86400,
		            .verify_timeout = 600,
		            .verify_every = 21600,
		            .inspect_every = 86400 },
	};
}

static struct arm *the_arm(void *ctx, const struct job *j)
{
	(void)j;
	return ctx;
}

bool rig_run(unsigned flags, struct ending *end)
{
	struct env env = fake_service_env(&rig.service);
	struct arm *arm = arm_new(&rig.job.azure, &env);
	const struct world w = { .env = &env, .store = rig.store, .arm = the_arm, .ctx = arm };
	struct rotation *r = rotation_new(&w, &rig.job, flags, 6 * 3600);
	struct http *http = fake_service_client(&rig.service);
	int64_t again = 0;
	bool ok;

	*end = (struct ending){ .e = ERR_INIT };
	rig.arm = arm;
	if (rig.beginning != NULL)
		rig.beginning();
	while ((ok = rotation_step(r, http, &again, &end->e)) && again >= 0) {
		if (rig.waiting != NULL)
			rig.waiting(r);
		fake_service_pass(&rig.service, again);
	}
	end->out = *rotation_outcome(r);
	rotation_free(r);
	http_close(http);
	arm_free(take(&rig.arm));
	return ok;
}

bool rig_ended(const struct ending *end, bool ok, enum err_kind kind, const char *says)
{
	return ok ? kind == ERR_NONE : end->e.kind == kind && strstr(end->e.text, says) != NULL;
}

void rig_must_run(unsigned flags)
{
	struct ending end;

	CHECK(rig_run(flags, &end), "%s", end.e.text);
}

void rig_due(void)
{
	rig_stage();
	rig_must_run(0);
	memcpy(rig.before, rig.memory[0].held, sizeof(rig.before));
	fake_service_pass(&rig.service, 61 * DAY_MS);
	rig_must_run(0);
	memcpy(rig.deployed, rig.memory[0].held, sizeof(rig.deployed));
	assert_true(strcmp(rig.before, rig.deployed) != 0 && rig_works(0) && rig_works(1) &&
	            rig.met.held_killed == 0);
	fake_service_pass(&rig.service, 2 * DAY_MS);
	rig_must_run(0);
	/* Shortly before the one that was left expires: until then somebody might use it yet. */
	fake_service_pass(&rig.service, 26 * DAY_MS);
	assert_true(fake_service_accepts(&rig.service, rig.before));
	rig_clear_met();
}

void rig_one_slot(void)
{
	rig_stage();
	rig_must_run(0);
	memcpy(rig.deployed, rig.memory[0].held, sizeof(rig.deployed));
	fake_service_pass(&rig.service, 2 * DAY_MS);
	rig_clear_met();
}

void rig_slow(void)
{
	rig.service.latency_ms = 1000;
}

void rig_generate_spare(void)
{
	int spare = 1 - rig_slot_of(rig.deployed);

	fake_service_generate(&rig.service, spare, "");
	memcpy(rig.foreign, rig.service.slot[spare].password, FAKE_PASSWORD_MAX);
}

void rig_disable(void)
{
	rig.service.disable_at = 1;
}

int rig_set(void **state)
{
	(void)state;
	if (getenv("TMPDIR") == NULL && access("/dev/shm", W_OK) == 0)
		(void)setenv("TMPDIR", "/dev/shm", 0);
	rig.dir = scratch_make();
	(void)snprintf(rig.state_dir, sizeof(rig.state_dir), "%s/state", rig.dir);
	(void)snprintf(rig.secret_file, sizeof(rig.secret_file), "%s/secret", rig.dir);
	(void)snprintf(rig.told, sizeof(rig.told), "%s/told", rig.dir);
	file_put(rig.secret_file, "client-secret\n");
	rig.store = store_open(rig.state_dir, NULL);
	log_setup(LEVEL_ERROR, LOG_TEXT);
	return mkdir(rig.state_dir, 0700) + chmod(rig.secret_file, 0600);
}

int rig_strike(void **state)
{
	(void)state;
	rig_clear_met();
	store_close(rig.store);
	scratch_remove(rig.dir);
	return 0;
}

void rig_fall_silent(void)
{
	rig.service.fail_reads = 1000;
}

void rig_pass_hour(void)
{
	fake_service_pass(&rig.service, 3600 * 1000);
}

void rig_record_elsewhere(const struct store *shared)
{
	AUTO_STATE struct state s = { 0 };
	struct err e = ERR_INIT;

	CHECK(state_load(shared, "web", &s, &e), "%s", e.text);
	s.accepted_after_ms = 4711;
	CHECK(state_save(shared, "web", &s, STORE_DURABLE, &e), "%s", e.text);
}
