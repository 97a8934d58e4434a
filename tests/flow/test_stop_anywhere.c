/* SPDX-License-Identifier: MIT */
/*
 * The real rotation, stopped anywhere. A child runs it over a service in memory and real files, and ends at the Nth seam: before or after
 * a request acts, before a call that writes, syncs, renames or removes a file. Then, for every N:
 *
 *   - what each sink holds is read here, by code that is not acrotate's, and must work at the service;
 *   - what the sinks held before must still work, for consumers that have it yet;
 *   - one undisturbed run must converge: one working password in all sinks, at most one generate more than was due, no temporary file
 *     left; and the run after that must find nothing to do.
 *
 * The last test breaks the order by hand, to show that the others can fail.
 */
#include "check.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "azure/arm.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "config/job.h"
#include "fakes/fake_service.h"
#include "fakes/fault.h"
#include "rotate/rotate.h"
#include "sink/sink.h"

#define DAY_MS     (86400 * INT64_C(1000))
#define STOPPED    77
#define FILE_MAX_B 8192
#define POINTS_MAX 2000

/* ---- seams ------------------------------------------------------------------------------------------------------------------------- */

/* The service's; and the system calls of the Makefile's FLOW_WRAP, which tests/fakes/fault.c counts. */
enum kind { AT_REQUEST, AT_CALL };

static struct { int at, stop; } seams;    /* stop 0: never */

static void seam(void)
{
	if (++seams.at == seams.stop)
		_exit(STOPPED);
}

/* ---- the stage: a service, a directory, a job --------------------------------------------------------------------------------------- */

static struct fake_service *service;    /* shared with the children */
static char *dir;

static const char *const names[] = { "config.json", "registry.env", "state/web.state", "told" };
#define SINKS 2

struct file { bool there; size_t n; char text[FILE_MAX_B]; };
struct snapshot { struct fake_service service; struct file file[COUNT(names)]; };

static char *path_of(const char *name)
{
	return mem_fmt("%s/%s", dir, name);
}

static void read_file(const char *name, struct file *f)
{
	AUTO_FREE char *path = path_of(name);
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	*f = (struct file){ .there = fd >= 0 };
	if (fd < 0)
		return;
	ssize_t n = read(fd, f->text, sizeof(f->text) - 1);
	(void)close(fd);
	f->n = n > 0 ? (size_t)n : 0;
}

static void put_file(const char *name, const char *text, size_t n)
{
	AUTO_FREE char *path = path_of(name);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0 || write(fd, text, n) != (ssize_t)n || close(fd) != 0)
		abort();
}

static void put_text(const char *name, const char *text)
{
	put_file(name, text, strlen(text));
}

static bool is_temporary(const char *name)
{
	return strncmp(name, ".acrotate", 9) == 0;
}

/* Counts temporary files, and removes them if asked to. */
static int temporaries(const char *below, bool clean)
{
	AUTO_FREE char *path = path_of(below);
	DIR *d = opendir(path);
	int n = 0;

	for (const struct dirent *entry; d != NULL && (entry = readdir(d)) != NULL;) {
		if (!is_temporary(entry->d_name))
			continue;
		n++;
		if (clean)
			(void)unlinkat(dirfd(d), entry->d_name, 0);
	}
	if (d != NULL)
		(void)closedir(d);
	return n;
}

static void take_snapshot(struct snapshot *s)
{
	s->service = *service;
	for (size_t i = 0; i < COUNT(names); i++)
		read_file(names[i], &s->file[i]);
}

static void put_back(const struct snapshot *s)
{
	*service = s->service;
	(void)temporaries(".", true);
	(void)temporaries("state", true);
	for (size_t i = 0; i < COUNT(names); i++) {
		AUTO_FREE char *path = path_of(names[i]);
		if (s->file[i].there)
			put_file(names[i], s->file[i].text, s->file[i].n);
		else
			(void)unlink(path);
	}
}

/* Everything that a sink's file holds as a password, by our own reading of it. */
static bool unbase64(const char *text, size_t n, char *out)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	unsigned bits = 0, have = 0;
	size_t len = 0;

	for (size_t i = 0; i < n && text[i] != '='; i++) {
		const char *at = strchr(letters, text[i]);
		if (at == NULL)
			return false;
		bits = bits << 6 | (unsigned)(at - letters);
		have += 6;
		if (have >= 8) {
			have -= 8;
			out[len++] = (char)(bits >> have & 0xff);
		}
	}
	out[len] = '\0';
	return true;
}

static void password_in(int sink, char out[static FAKE_PASSWORD_MAX])
{
	static const char *const before[SINKS] = { "\"contoso.azurecr.io\"", "REGISTRY_PASSWORD=" };
	struct file f;
	char plain[FILE_MAX_B];

	out[0] = '\0';
	read_file(names[sink], &f);
	const char *at = strstr(f.text, before[sink]);
	if (at == NULL)
		return;
	at += strlen(before[sink]);
	if (sink == 1) {
		(void)snprintf(out, FAKE_PASSWORD_MAX, "%.*s", (int)strcspn(at, "\n"), at);
		return;
	}
	at = strstr(at, "\"auth\"");
	at = at != NULL ? strchr(at + 6, '"') : NULL;
	if (at == NULL || !unbase64(at + 1, strcspn(at + 1, "\""), plain) || strncmp(plain, "web-pull:", 9) != 0)
		return;
	(void)snprintf(out, FAKE_PASSWORD_MAX, "%.*s", FAKE_PASSWORD_MAX - 1, plain + 9);
}

static void write_config(const char *extra)
{
	AUTO_FREE char *main = mem_fmt("[azure]\nauth = client-secret\ntenant_id = t\nclient_id = c\nclient_secret_file = %s/secret\n"
	                               "subscription = sub\ncloud = custom\nresource_manager = https://arm.test\n"
	                               "authority = https://login.test\n[run]\nstate_dir = %s/state\n", dir, dir);
	AUTO_FREE char *job = mem_fmt("[job]\nregistry = contoso\nresource_group = rg\ntoken = web-pull\n%s"
	                              "[sink docker]\ntype = docker\npath = %s/config.json\n"
	                              "[sink env]\ntype = file\npath = %s/registry.env\ncontent = REGISTRY_PASSWORD={password}\n",
	                              extra, dir, dir);

	put_text("acrotate.conf", main);
	put_text("jobs.d/web.conf", job);
}

static void empty_stage(void)
{
	static const struct snapshot nothing = { .service = { 0 } };

	put_back(&nothing);
	fake_service_init(service);
	service->seam = seam;
	put_text("config.json", "{\n\t\"auths\": {\n\t\t\"ghcr.io\": { \"auth\": \"c29tZWJvZHk6ZWxzZQ==\" }\n\t},\n\t\"n\": 1.0e2\n}\n");
	write_config("");
}

/* ---- a run -------------------------------------------------------------------------------------------------------------------------- */

/* What a broken build would do: see breaks below. */
static enum breaks { INTACT, COMMIT_BEFORE_PROOF, FAILING_SINK } broken;
static struct sink_ops ops[SINKS];
static const struct sink_ops *real_ops[SINKS];

static bool prepare_and_commit(struct sink *s, const struct credential *c, struct err *e)
{
	return s->ops->prepare(s, c, e) && s->ops->commit(s, e) && s->ops->prepare(s, c, e);
}

static bool fail_to_commit(struct sink *s, struct err *e)
{
	(void)s;
	return err_set(e, ERR_LOCAL, "this sink is broken");
}

static void break_sinks(struct job *job)
{
	for (size_t i = 0; i < SINKS; i++) {
		real_ops[i] = job->sinks[i].ops;
		ops[i] = *real_ops[i];
		if (broken == COMMIT_BEFORE_PROOF)
			ops[i].prepare = prepare_and_commit;
		if (broken == FAILING_SINK && i == 1)
			ops[i].commit = fail_to_commit;
		job->sinks[i].ops = &ops[i];
	}
}

static struct arm *the_arm(void *ctx, const struct job *job)
{
	(void)job;
	return ctx;
}

static bool drive(const struct world *w, const struct job *job, unsigned flags, struct err *e)
{
	struct rotation *r = rotation_new(w, job, flags, 0);
	struct http *http = fake_service_client(service);
	int64_t again = 0;
	bool ok;

	while ((ok = rotation_step(r, http, &again, e)) && again >= 0)
		fake_service_pass(service, again);
	rotation_free(r);
	http_close(http);
	return ok;
}

static bool run(unsigned flags, struct err *e)
{
	AUTO_FREE char *conf = path_of("acrotate.conf");
	struct config *config;
	AUTO_JOB struct job *job = NULL;
	struct state_store store;

	*e = (struct err)ERR_INIT;
	if (!config_open(conf, &config, e))
		return false;
	if (!config_job(config, 0, &job, e)) {
		config_close(config);
		return false;
	}
	break_sinks(job);
	state_store_init(config_run(config)->state_dir, &store);
	struct env env = fake_service_env(service);
	struct arm *arm = arm_new(&job->azure, &env);
	struct world w = { .env = &env, .store = &store, .arm = the_arm, .ctx = arm };
	bool ok = drive(&w, job, flags, e);
	arm_free(arm);
	config_close(config);
	return ok;
}

static void must_run(unsigned flags)
{
	struct err e;

	seams.stop = 0;
	if (!run(flags, &e))
		fail_msg("setting the stage: %s", e.text);
}

/* ---- scenarios ------------------------------------------------------------------------------------------------------------------------ */

static void nothing_yet(void)
{
}

static void delivered_once(void)
{
	must_run(0);
	fake_service_pass(service, 40 * DAY_MS);
}

static void due(void)
{
	must_run(0);
	fake_service_pass(service, 61 * DAY_MS);
	must_run(0);
	fake_service_pass(service, 62 * DAY_MS);
}

static void edited(void)
{
	must_run(0);
	fake_service_pass(service, 2 * DAY_MS);
	must_run(ROTATE_FORCE);
	put_text("registry.env", "REGISTRY_PASSWORD=put-there-by-hand\n");
	fake_service_pass(service, 2 * DAY_MS);
}

static void foreign_and_permitted(void)
{
	char created[STR_TIME_MAX];

	due();
	/* The spare is the one that the sinks do not hold. */
	char held[FAKE_PASSWORD_MAX];
	password_in(0, held);
	int spare = strcmp(service->slot[0].password, held) == 0;
	fake_service_generate(service, spare, "");
	str_from_ticks(service->slot[spare].created, created);
	AUTO_FREE char *line = mem_fmt("may_replace = password%d@%s\n", spare + 1, created);
	write_config(line);
}

static void loses_a_reply(void)
{
	due();
	service->lose_replies = 1;
}

static void acts_late(void)
{
	due();
	service->late_requests = 1;
	service->late_ms = 20000;
}

static void loses_replies_at_first(void)
{
	service->lose_replies = 2;
}

static void wiped(void)
{
	delivered_once();
	fake_service_wipe(service);
}

static void with_a_hook(void)
{
	AUTO_FREE char *line = mem_fmt("on_change = /usr/bin/touch %s/told\n", dir);

	due();
	write_config(line);
}

static void reimaged(void)
{
	due();
	for (size_t i = 0; i < COUNT(names); i++) {
		AUTO_FREE char *path = path_of(names[i]);
		(void)unlink(path);
	}
	write_config("exclusive = yes\n");
}

struct scenario {
	const char *name;
	void (*set)(void);
	unsigned flags;
	int due;                /* generates that an undisturbed run needs */
	bool hook;
	bool state_lost;        /* after the stop: nothing of ours may die, but a person may have to decide */
	enum breaks broken;     /* in the run that is stopped */
};

static const struct scenario scenarios[] = {
	{ .name = "first delivery", .set = nothing_yet, .due = 1 },
	{ .name = "first delivery, replies lost", .set = loses_replies_at_first, .due = 3 },
	{ .name = "rotation", .set = due, .due = 1 },
	{ .name = "rotation, forced", .set = delivered_once, .flags = ROTATE_FORCE, .due = 1 },
	{ .name = "rotation, the reply is lost", .set = loses_a_reply, .due = 2 },
	{ .name = "rotation, the request acts late", .set = acts_late, .due = 2 },
	{ .name = "rotation, a sink fails", .set = due, .due = 1, .broken = FAILING_SINK },
	{ .name = "rotation, then the state is lost", .set = due, .due = 1, .state_lost = true },
	{ .name = "rotation with a hook", .set = with_a_hook, .due = 1, .hook = true },
	{ .name = "heal", .set = edited, .due = 0 },
	{ .name = "foreign slot with may_replace", .set = foreign_and_permitted, .due = 1 },
	{ .name = "wiped by a redeployment", .set = wiped, .due = 1 },
	{ .name = "a reimaged node, exclusive", .set = reimaged, .due = 1 },
};

/* ---- the stop, and what is checked after it ---------------------------------------------------------------------------------------------- */

struct tally { int points, violations, stuck, waited, extra, litter; char first[400]; };

/* `held`: in the sinks before the run that is stopped. `read`: by a consumer behind each sink, between that run and the next one. */
struct point {
	const struct scenario *sc;
	enum kind kind;
	int at;
	struct tally *sum;
	char held[SINKS][FAKE_PASSWORD_MAX], read[SINKS][FAKE_PASSWORD_MAX];
	bool worked[SINKS], read_works[SINKS];
};

static void wrong(const struct point *p, int *count, const char *what, const char *why)
{
	if ((*count)++ == 0 && p->sum->first[0] == '\0')
		(void)snprintf(p->sum->first, sizeof(p->sum->first), "'%s' stopped at %s %d: %s: %s", p->sc->name,
		               p->kind == AT_CALL ? "call" : "request seam", p->at, what, why);
}

static void note(char text[SINKS][FAKE_PASSWORD_MAX], bool works[SINKS])
{
	for (int i = 0; i < SINKS; i++) {
		password_in(i, text[i]);
		works[i] = fake_service_accepts(service, text[i]);
	}
}

/* Whatever a sink holds now works, unless it is what was there before and did not; and what consumers had read works yet. */
static void check_sinks(const struct point *p, const char *when)
{
	for (int i = 0; i < SINKS; i++) {
		char now[FAKE_PASSWORD_MAX];
		password_in(i, now);
		bool same = strcmp(now, p->held[i]) == 0;
		if ((!same || p->worked[i]) && !fake_service_accepts(service, now))
			wrong(p, &p->sum->violations, when, names[i]);
		if (p->worked[i] && !fake_service_accepts(service, p->held[i]))
			wrong(p, &p->sum->violations, when, "the password before it");
		if (p->read_works[i] && !fake_service_accepts(service, p->read[i]))
			wrong(p, &p->sum->violations, when, "what was read in between");
	}
}

/* Stopped after delivery was recorded and before any sink changed: nobody can know that nobody has it, so it is left alone for a while. */
static bool waits_for_grace(const struct point *p, const struct err *e)
{
	struct err after;

	if (e->kind != ERR_TRANSIENT || strstr(e->text, "(grace)") == NULL)
		return false;
	p->sum->waited++;
	check_sinks(p, "while it waits");
	fake_service_pass(service, 2 * DAY_MS);
	return run(0, &after);
}

static void check_converged(const struct point *p, bool ok, const struct err *e)
{
	char one[FAKE_PASSWORD_MAX], two[FAKE_PASSWORD_MAX];
	struct file told;

	if (!ok && !waits_for_grace(p, e))
		wrong(p, &p->sum->stuck, "the next run fails", e->text);
	password_in(0, one);
	password_in(1, two);
	if (strcmp(one, two) != 0 || !fake_service_accepts(service, one))
		wrong(p, &p->sum->stuck, "after the next run", "the sinks differ, or do not work");
	if (service->generated > p->sc->due + 1)
		wrong(p, &p->sum->stuck, "after the next run", "too many generates");
	p->sum->extra += service->generated > p->sc->due;
	if (temporaries(".", false) + temporaries("state", false) > 0)
		wrong(p, &p->sum->litter, "after the next run", "temporary files");
	read_file("told", &told);
	if (p->sc->hook && !told.there)
		wrong(p, &p->sum->stuck, "after the next run", "the hook did not run");
}

/* An intent is kept until its request must have died; then there is nothing left to ask. */
static void check_quiet(const struct point *p)
{
	struct err e;

	fake_service_pass(service, 61000);
	if (!run(0, &e))
		wrong(p, &p->sum->stuck, "the run after that fails", e.text);
	check_sinks(p, "a minute later");    /* whatever request might act yet has acted */
	int before = service->requests;
	if (!run(0, &e))
		wrong(p, &p->sum->stuck, "the one after that fails", e.text);
	else if (service->requests != before)
		wrong(p, &p->sum->stuck, "the one after that", "was not quiet");
}

static int child(void *arg)
{
	const struct point *p = arg;
	struct err e;

	if (p->sc->broken != INTACT)
		(void)close(STDERR_FILENO);    /* its complaints are expected */
	seams.at = 0;
	seams.stop = p->kind == AT_REQUEST ? p->at : 0;
	broken = p->sc->broken;
	if (p->kind == AT_CALL)
		fault_arm(NULL, p->at, 0, FAULT_KILL);
	return run(p->sc->flags, &e) ? 0 : 1;
}

/* True when the run came to its end before the seam. */
static bool stop_at(struct point *p)
{
	struct err e;

	service->generated = 0;
	note(p->held, p->worked);
	int status = in_child(child, p);
	bool stopped = p->kind == AT_CALL ? WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL : WEXITSTATUS(status) == STOPPED;
	bool done = WIFEXITED(status) && WEXITSTATUS(status) == 0;
	CHECK(stopped || WIFEXITED(status), "'%s', seam %d: the run died of signal %d", p->sc->name, p->at, WTERMSIG(status));
	check_sinks(p, "after the stop");
	note(p->read, p->read_works);
	if (p->sc->state_lost) {
		AUTO_FREE char *state = path_of("state/web.state");
		(void)unlink(state);
	}
	seams.stop = 0;
	bool ok = run(p->sc->flags, &e);
	check_sinks(p, "after the next run");
	if (p->sc->state_lost) {
		if (!ok && e.kind != ERR_DECISION)
			wrong(p, &p->sum->stuck, "the next run fails", e.text);
	} else if (p->sc->flags == 0 || !done) {
		check_converged(p, ok, &e);
		check_quiet(p);
	}
	return !stopped;
}

static void stop_at_all(const struct scenario *sc, enum kind kind, const struct snapshot *before, struct tally *sum)
{
	for (int at = 1; at < POINTS_MAX; at++) {
		struct point p = { .sc = sc, .kind = kind, .at = at, .sum = sum };
		put_back(before);
		sum->points++;
		if (stop_at(&p))
			return;
	}
	fail_msg("'%s' has more than %d seams", sc->name, POINTS_MAX);
}

static struct tally stop_everywhere(const struct scenario *sc)
{
	static struct snapshot before;
	struct tally sum = { 0 };

	broken = INTACT;
	seams.stop = 0;
	empty_stage();
	sc->set();
	take_snapshot(&before);
	stop_at_all(sc, AT_REQUEST, &before, &sum);
	stop_at_all(sc, AT_CALL, &before, &sum);
	return sum;
}

static void whoever_stops_it_nobody_is_cut_off(void **state)
{
	(void)state;
	print_message("%-36s | %6s | %10s | %5s | %6s | %5s | %6s\n", "", "points", "violations", "stuck", "waited", "extra",
	              "litter");
	for (size_t i = 0; i < COUNT(scenarios); i++) {
		struct tally t = stop_everywhere(&scenarios[i]);
		print_message("%-36s | %6d | %10d | %5d | %6d | %5d | %6d\n", scenarios[i].name, t.points, t.violations, t.stuck, t.waited,
		              t.extra, t.litter);
		CHECK(t.violations + t.stuck + t.litter == 0, "%s", t.first);
	}
}

static void a_password_committed_before_it_is_proven_is_found(void **state)
{
	static const struct scenario early = { .name = "committed before it is proven", .set = due, .due = 1, .broken = COMMIT_BEFORE_PROOF };
	struct tally t = stop_everywhere(&early);

	(void)state;
	assert_true(t.violations > 0);
}

static void generates_both(void)
{
	due();
	service->both = true;
}

static void a_generate_of_both_slots_is_found(void **state)
{
	static const struct scenario both = { .name = "both slots are generated", .set = generates_both, .due = 1 };
	struct tally t = stop_everywhere(&both);

	(void)state;
	assert_true(t.violations > 0);
}

/* ---- ----------------------------------------------------------------------------------------------------------------------------------- */

static int set_stage(void **state)
{
	(void)state;
	/* Memory is as good as a disk here, and its fsync is quicker. */
	if (getenv("TMPDIR") == NULL && access("/dev/shm", W_OK) == 0)
		(void)setenv("TMPDIR", "/dev/shm", 0);
	service = mmap(NULL, sizeof(*service), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	dir = scratch_make();
	AUTO_FREE char *jobs = path_of("jobs.d"), *states = path_of("state");
	if (service == MAP_FAILED || mkdir(jobs, 0700) != 0 || mkdir(states, 0700) != 0)
		return -1;
	put_text("secret", "client-secret\n");
	log_setup(LEVEL_ERROR, LOG_TEXT);
	return 0;
}

static int strike_stage(void **state)
{
	(void)state;
	scratch_remove(dir);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whoever_stops_it_nobody_is_cut_off),
		cmocka_unit_test(a_password_committed_before_it_is_proven_is_found),
		cmocka_unit_test(a_generate_of_both_slots_is_found),
	};

	return cmocka_run_group_tests(tests, set_stage, strike_stage);
}
