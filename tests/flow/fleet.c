/* SPDX-License-Identifier: MIT */
#include "fleet.h"

#include <pthread.h>
#include <sys/stat.h>

#include "azure/arm.h"
#include "azure/arms.h"
#include "base/buf.h"
#include "base/crypto.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "check.h"
#include "config/job.h"
#include "fakes/cluster_http.h"
#include "fakes/fake_vault.h"
#include "fakes/sinks.h"
#include "fleet_record.h"
#include "http/http.h"
#include "http/lender.h"
#include "kube/kube.h"
#include "rotate/rotation.h"
#include "store/store.h"

#define SECRETS       "/api/v1/namespaces/web/secrets"
#define GRACE_MS      (FLEET_DAY * INT64_C(1000))
#define CONSUMERS_MAX 64
/* Azure's own patience with a token that has expired */
#define TOKEN_LIFE_MS ((3599 + 300) * INT64_C(1000))

struct fleet fleet;
static struct cluster_http *cluster;
static struct fake_vault vault;
static char *dir;
static const char *const names[FLEET_SECRETS] = { "one", "two" };

/* Whoever has read a Secret. */
struct consumer {
	char password[FAKE_PASSWORD_MAX];
	int64_t read_ms;
	bool worked;
};
static struct {
	struct consumer one[CONSUMERS_MAX];
	size_t n;
	char secret[FLEET_SECRETS][FAKE_PASSWORD_MAX]; /* before the request under way */
	bool worked[FLEET_SECRETS];
	char *record; /* the first with an intent */
} seen;

/* ---- the cluster, with the eyes of its administrator ----------------------------------------- */

static char *object_path(const char *below, const char *name)
{
	return mem_fmt("%s/%s", below, name);
}

/* A member of what the administrator was answered last; caller frees. */
static char *answered(const char *path)
{
	AUTO_JSON struct json *j = NULL;
	struct err ignored = ERR_INIT;
	const char *text = cluster_http_text(cluster);

	return json_parse(text, strlen(text), &j, &ignored) ? mem_dup(json_str(j, path)) : NULL;
}

void fleet_password(int secret, char out[static FAKE_PASSWORD_MAX])
{
	AUTO_FREE char *path = object_path(SECRETS, names[secret]);
	AUTO_BUF struct buf plain = BUF_INIT(FAKE_PASSWORD_MAX);

	if (fleet.vaults) {
		memcpy(out, vault.secret[secret].value, FAKE_PASSWORD_MAX);
		return;
	}
	out[0] = '\0';
	if (!cluster_http_did(cluster, "GET", path, ""))
		return;
	AUTO_FREE char *base64 = answered("data.pw");
	if (base64 != NULL && crypto_unbase64_lax(base64, strlen(base64), &plain))
		(void)snprintf(out, FAKE_PASSWORD_MAX, "%s", buf_cstr(&plain));
}

void fleet_put(int secret, const char *password)
{
	AUTO_FREE char *path = object_path(SECRETS, names[secret]);
	AUTO_BUF struct buf body = BUF_INIT(1024);

	if (fleet.vaults) {
		(void)snprintf(vault.secret[secret].value, FAKE_PASSWORD_MAX, "%s", password);
		return;
	}
	buf_str(&body, "{\"data\":{\"pw\":\"");
	crypto_base64(password, strlen(password), false, &body);
	buf_str(&body, "\"}}");
	CHECK(cluster_http_did(cluster, "PATCH", path, buf_cstr(&body)), "%s",
	      cluster_http_text(cluster));
}

bool fleet_in_step(void)
{
	char one[FAKE_PASSWORD_MAX], two[FAKE_PASSWORD_MAX];

	fleet_password(0, one);
	fleet_password(1, two);
	return strcmp(one, two) == 0 && fake_service_accepts(&fleet.service, one);
}

/* ---- who loses what -------------------------------------------------------------------------- */

static void killed(const char *what, const char *by)
{
	if (fleet.kills++ == 0)
		(void)snprintf(fleet.first, sizeof(fleet.first), "%s: %s by %s", fleet.at, what,
		               by);
}

static void read_secret(int i)
{
	struct consumer *c = seen.one;
	char *now = seen.secret[i];

	fleet_password(i, now);
	seen.worked[i] = fake_service_accepts(&fleet.service, now);
	while (c < seen.one + seen.n && strcmp(c->password, now) != 0)
		c++;
	if (c == seen.one + seen.n) {
		CHECK(seen.n < CONSUMERS_MAX, "%s: too many consumers", fleet.at);
		memcpy(seen.one[seen.n++].password, now, FAKE_PASSWORD_MAX);
	}
	c->read_ms = fleet.service.clock_ms;
}

static void look_before(void)
{
	for (int i = 0; i < FLEET_SECRETS; i++)
		read_secret(i);
	for (size_t i = 0; i < seen.n; i++)
		seen.one[i].worked = fake_service_accepts(&fleet.service, seen.one[i].password);
	if (seen.record != NULL)
		return;
	AUTO_FREE char *record = fleet_record_text();
	if (record != NULL && strstr(record, "\nintent = ") != NULL)
		seen.record = take(&record);
}

static void look_after(const char *by)
{
	for (size_t i = 0; i < seen.n; i++) {
		const struct consumer *c = &seen.one[i];
		if (c->worked && fleet.service.clock_ms - c->read_ms < GRACE_MS &&
		    !fake_service_accepts(&fleet.service, c->password))
			killed("a password that is held dies", by);
	}
	for (int i = 0; i < FLEET_SECRETS; i++) {
		char now[FAKE_PASSWORD_MAX];
		fleet_password(i, now);
		if (seen.worked[i] && strcmp(now, seen.secret[i]) != 0 &&
		    !fake_service_accepts(&fleet.service, now))
			killed("a dead password goes over one that works", by);
	}
}

/* ---- rotators -------------------------------------------------------------------------------- */

struct rotator {
	pthread_t thread;
	unsigned flags;
	int at, stop;
	bool paused, ended, dead, acts_first, ok;
	struct err e;
	char now[256];       /* the request it is at */
	int64_t token_ms[2]; /* when it got its newest one: for Azure, for the vault */
	struct env env;
	struct http_lender *lender;
	struct kube *kube;
	struct arms *arms;
	struct store *store;
};
static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;

/* Its own thread is in here, with the turn, until it is told to go on. */
static bool stop_here(struct rotator *r)
{
	if (r->dead)
		return false;
	if (++r->at != r->stop)
		return true;
	r->paused = true;
	(void)pthread_cond_broadcast(&changed);
	while (r->paused)
		(void)pthread_cond_wait(&changed, &turn);
	return !r->dead || r->acts_first;
}

static bool gone(struct err *e)
{
	return err_set(e, ERR_TRANSIENT, "nobody is there any more");
}

struct gated {
	struct http base;
	struct http *cluster, *service, *storage;
	struct rotator *r;
};

/* The service refuses an access token that has expired, some minutes later. */
static bool token_expired(struct rotator *r, const struct http_request *rq)
{
	int which = fake_vault_is(rq->url);

	if (strstr(rq->url, "/oauth2/v2.0/token") != NULL)
		r->token_ms[strstr(buf_cstr(rq->body), "vault") != NULL] = fleet.service.clock_ms;
	return (which == 1 || strncmp(rq->url, "https://arm.test/", 17) == 0) &&
	       fleet.service.clock_ms - r->token_ms[which] > TOKEN_LIFE_MS &&
	       fleet.without != FLEET_RENEWS_TOKENS;
}

static bool pass_on(struct gated *g, const struct http_request *rq, struct http_response *rs,
                    struct err *e)
{
	bool of_cluster = strncmp(rq->url, "https://k8s.example", 19) == 0;

	if (fleet_record_is(rq->url))
		return http_send(g->storage, rq, rs, e);
	if (token_expired(g->r, rq)) {
		*rs = (struct http_response){ .status = 401, .retry_after_ms = -1 };
		return true;
	}
	if (!fake_vault_is(rq->url))
		return http_send(of_cluster ? g->cluster : g->service, rq, rs, e);
	fake_vault_do(&vault, rq, rs);
	return true;
}

static bool gated_send(struct http *h, const struct http_request *rq, struct http_response *rs,
                       struct err *e)
{
	static const char *const methods[] = { [HTTP_GET] = "GET",
		                               [HTTP_PUT] = "PUT",
		                               [HTTP_PATCH] = "PATCH",
		                               [HTTP_POST] = "POST",
		                               [HTTP_DELETE] = "DELETE" };
	struct gated *g = (struct gated *)h;
	struct rotator *r = g->r;
	(void)snprintf(r->now, sizeof(r->now), "%s %s", methods[rq->method], rq->url);
	if (!stop_here(r))
		return gone(e);
	look_before();
	bool ok = pass_on(g, rq, rs, e);
	look_after(r->now);
	if (!r->dead)
		return ok;
	if (ok)
		http_response_clear(rs);
	return gone(e);
}

static void gated_close(struct http *h)
{
	http_close(((struct gated *)h)->cluster);
	http_close(((struct gated *)h)->service);
	http_close(((struct gated *)h)->storage);
	free(h);
}

static struct http *gate(struct rotator *r)
{
	struct gated *g = mem_new(sizeof(*g));

	*g = (struct gated){ .base = { .send = gated_send, .close = gated_close },
		             .cluster = cluster_http_client(cluster),
		             .service = fake_service_client(&fleet.service),
		             .storage = fleet_record_client(&r->env),
		             .r = r };
	return &g->base;
}

static bool open_client(void *ctx, struct http **out, struct err *e)
{
	(void)e;
	*out = gate(ctx);
	return true;
}

/* Time that the dead wait does not pass. */
static __thread const struct rotator *self;

static void sleep_alive(void *ctx, int64_t ms)
{
	if (self == NULL || !self->dead)
		fake_service_pass(ctx, ms);
}

static struct arm *the_arm(void *ctx, const struct job *job)
{
	(void)job;
	return ctx;
}

/* By keys, as configuration would. */
static void fill_spec(const struct sink_ops *ops, void *spec, const char *secret)
{
	static const char *const of_cluster[] = { "content", "{password}", "data", "pw" };
	static const char *const of_vault[] = { "content", "{password}", "vault", FAKE_VAULT_URL };
	const char *const *more = fleet.vaults ? of_vault : of_cluster;
	bool set[16] = { false };
	struct err e = ERR_INIT;

	CHECK(keys_set(ops->keys, ops->n_keys, set, spec, "secret", secret, &e) &&
	              keys_set(ops->keys, ops->n_keys, set, spec, more[0], more[1], &e) &&
	              keys_set(ops->keys, ops->n_keys, set, spec, more[2], more[3], &e) &&
	              keys_finish(ops->keys, ops->n_keys, set, spec, &e),
	      "%s", e.text);
}

static void fill_specs(struct sink_spec *specs, struct sink_ops *ops)
{
	static char one[] = "one", two[] = "two";

	for (int i = 0; i < FLEET_SECRETS; i++) {
		ops[i] = *sink_find(fleet.vaults ? "keyvault" : "kubernetes");
		if (fleet.without == FLEET_NO_TOUCH)
			ops[i].touch = NULL;
		specs[i] = (struct sink_spec){ .ops = &ops[i],
			                       .name = i == 0 ? one : two,
			                       .spec = mem_new(ops[i].spec_size) };
		fill_spec(&ops[i], specs[i].spec, names[i]);
	}
}

static struct job the_job(struct sink_spec *specs, struct sink_lent *lent, char *secret_file)
{
	static char name[] = "web", token[] = "web-pull", registry[] = "contoso", group[] = "rg";
	static char method[] = "client-secret", id[] = "t", sub[] = "sub", cloud[] = "custom",
		    rm[] = "https://arm.test", authority[] = "https://login.test";

	return (struct job){
		.enabled = true,
		.name = name,
		.token = token,
		.registry = registry,
		.resource_group = group,
		.sinks = specs,
		.n_sinks = FLEET_SECRETS,
		.lent = lent,
		.hook_timeout = 60,
		.azure = { .auth = method,
		           .tenant_id = id,
		           .client_id = id,
		           .client_secret_file = secret_file,
		           .subscription = sub,
		           .cloud = cloud,
		           .resource_manager = rm,
		           .authority = authority },
		.policy = { .lifetime = 90 * FLEET_DAY,
		            .renew_before = 30 * FLEET_DAY,
		            .grace = FLEET_DAY,
		            .verify_timeout = 600,
		            .verify_every = 6 * FLEET_HOUR,
		            .inspect_every = FLEET_DAY },
	};
}

static void run_job(struct rotator *r)
{
	AUTO_FREE char *secret_file = mem_fmt("%s/secret", dir);
	struct sink_spec specs[FLEET_SECRETS];
	struct sink_ops ops[FLEET_SECRETS];
	struct sink_lent lent = {
		.kube = r->kube, .arms = r->arms, .lender = r->lender, .env = &r->env
	};
	fill_specs(specs, ops);
	const struct job job = the_job(specs, &lent, secret_file);
	lent.azure = &job.azure;
	struct arm *arm = arms_get(r->arms, &job.azure);
	const struct world w = { .env = &r->env, .store = r->store, .arm = the_arm, .ctx = arm };
	struct rotation *rotation = rotation_new(&w, &job, r->flags, 6 * FLEET_HOUR);
	struct http *http = gate(r);
	int64_t again = 0;

	while ((r->ok = rotation_step(rotation, http, &again, &r->e)) && again >= 0 && !r->dead)
		fake_service_pass(&fleet.service, again);
	rotation_free(rotation);
	http_close(http);
	for (int i = 0; i < FLEET_SECRETS; i++) {
		keys_release(ops[i].keys, ops[i].n_keys, specs[i].spec);
		free(specs[i].spec);
	}
}

static void *rotate(void *arg)
{
	struct rotator *r = arg;

	(void)pthread_mutex_lock(&turn);
	self = r;
	run_job(r);
	r->ended = true;
	(void)pthread_cond_broadcast(&changed);
	(void)pthread_mutex_unlock(&turn);
	return NULL;
}

static void wait_for(struct rotator *r)
{
	while (!r->ended && !r->paused)
		(void)pthread_cond_wait(&changed, &turn);
	(void)pthread_mutex_unlock(&turn);
}

struct rotator *rotator_start(unsigned flags, int stop_before)
{
	struct rotator *r = mem_new(sizeof(*r));

	r->flags = flags;
	r->stop = stop_before;
	r->env = fake_service_env(&fleet.service);
	r->env.sleep_ms = sleep_alive;
	r->lender = http_lender_new(open_client, r);
	r->arms = arms_new(&r->env);
	r->kube = kube_new(cluster_http_spec(cluster), r->lender, &r->env);
	r->store = fleet_record_store(r->kube, arms_get(r->arms, fleet_record_azure()), r->lender,
	                              &r->env);
	(void)pthread_mutex_lock(&turn);
	if (pthread_create(&r->thread, NULL, rotate, r) != 0)
		abort();
	wait_for(r);
	return r;
}

bool rotator_paused(const struct rotator *r)
{
	return r->paused;
}

const char *rotator_at(const struct rotator *r)
{
	return r->now;
}

void rotator_next(struct rotator *r, enum fleet_next how)
{
	(void)pthread_mutex_lock(&turn);
	r->dead = how != FLEET_GOES_ON;
	r->acts_first = how == FLEET_ACTS_AND_DIES;
	r->paused = false;
	(void)pthread_cond_broadcast(&changed);
	wait_for(r);
}

bool rotator_end(struct rotator *r, struct err *e)
{
	bool ok = r->ok;

	(void)pthread_join(r->thread, NULL);
	*e = r->e;
	store_close(r->store);
	kube_free(r->kube);
	arms_free(r->arms);
	http_lender_free(r->lender);
	free(r);
	return ok;
}

bool fleet_run(unsigned flags, struct err *e)
{
	return rotator_end(rotator_start(flags, 0), e);
}

/* ---- the stage ------------------------------------------------------------------------------- */

void fleet_pass(int64_t seconds)
{
	fake_service_pass(&fleet.service, seconds * 1000);
}

const char *fleet_record_of_intent(void)
{
	return seen.record;
}

struct fleet_moment {
	struct fake_service service;
	struct fake_vault vault;
	char *record, *secret[FLEET_SECRETS]; /* NULL: was not there */
};

struct fleet_moment *fleet_snapshot(void)
{
	struct fleet_moment *m = mem_new(sizeof(*m));

	m->service = fleet.service;
	m->vault = vault;
	m->record = fleet_record_keep();
	for (int i = 0; i < FLEET_SECRETS; i++) {
		AUTO_FREE char *path = object_path(SECRETS, names[i]);
		if (cluster_http_did(cluster, "GET", path, ""))
			m->secret[i] = mem_dup(cluster_http_text(cluster));
	}
	return m;
}

void fleet_put_back(const struct fleet_moment *m)
{
	fleet.service = m->service;
	vault = m->vault;
	free(seen.record);
	memset(&seen, 0, sizeof(seen));
	fleet_record_put_back(m->record);
	for (int i = 0; i < FLEET_SECRETS; i++) {
		AUTO_FREE char *path = object_path(SECRETS, names[i]);
		(void)cluster_http_did(cluster, "DELETE", path, "");
		CHECK(m->secret[i] == NULL ||
		              cluster_http_did(cluster, "POST", SECRETS, m->secret[i]),
		      "%s", cluster_http_text(cluster));
	}
}

void fleet_moment_free(struct fleet_moment *m)
{
	free(m->record);
	for (int i = 0; i < FLEET_SECRETS; i++)
		free(m->secret[i]);
	free(m);
}

void fleet_empty(void)
{
	struct fleet_moment nothing = { .record = NULL };

	fake_service_init(&nothing.service);
	fleet_put_back(&nothing);
}

int fleet_set(void **state)
{
	(void)state;
	if (getenv("TMPDIR") == NULL && access("/dev/shm", W_OK) == 0)
		(void)setenv("TMPDIR", "/dev/shm", 0);
	log_setup(LEVEL_ERROR, LOG_TEXT);
	dir = scratch_make();
	AUTO_FREE char *secret = mem_fmt("%s/secret", dir);
	file_put(secret, "client-secret\n");
	cluster = cluster_http_new();
	fleet_record_open(cluster);
	return chmod(secret, 0600);
}

int fleet_strike(void **state)
{
	(void)state;
	free(seen.record);
	fleet_record_close();
	cluster_http_free(cluster);
	scratch_remove(dir);
	return 0;
}
