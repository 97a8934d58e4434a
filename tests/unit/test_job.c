/* SPDX-License-Identifier: MIT */
/* From the text of acrotate.conf and one job file to a checked job, without files. */
#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "check.h"
#include "config/common.h"
#include "sink/sink.h"

#define DAY      86400LL
#define SINK     "[sink docker]\ntype = docker\npath = /d/config.json\n"
#define NAMES    "registry = contoso\ntoken = web-pull\n"
#define JOB      "[job]\n" NAMES
#define FOLLOWER "[job]\nregistry = contoso.azurecr.io\ntoken = web-pull\n"

/* A host that has been asked already. */
static void known_host(struct common *c, const char *name)
{
	host_clear(&c->host);
	c->host = (struct host){ .name = mem_dup(name),
		                 .machine_id = mem_dup("0123456789abcdef0123456789abcdef"),
		                 .home = mem_dup("/home/x"),
		                 .asked_name = true,
		                 .asked_machine_id = true,
		                 .asked_home = true };
}

static bool parse_both(const char *common_text, const char *text, struct common *c,
                       struct job **job, struct err *e)
{
	if (!common_parse("/etc/a/acrotate.conf", common_text, strlen(common_text), c, e))
		return false;
	known_host(c, "web-1");
	return job_parse(c, "web", "/etc/a/jobs.d/web.conf", text, strlen(text), job, e);
}

/* What a key of a sink's spec became, whatever its type's structure is called. */
static const char *sink_text(const struct sink_spec *s, const char *key)
{
	const struct key *row = keys_find(s->ops->keys, s->ops->n_keys, key);
	const char *text;

	memcpy(&text, (const char *)s->spec + row->offset, sizeof(text));
	return text;
}

static void the_smallest_job(void **state)
{
	(void)state;
	AUTO_COMMON struct common c = { 0 };
	AUTO_JOB struct job *j = NULL;
	struct err e = ERR_INIT;

	CHECK(parse_both("", JOB SINK, &c, &j, &e), "%s", e.text);
	assert_string_equal(j->name, "web");
	assert_string_equal(j->file, "/etc/a/jobs.d/web.conf");
	assert_string_equal(j->registry, "contoso");
	assert_string_equal(j->token, "web-pull");
	assert_null(j->resource_group);
	assert_int_equal(j->policy.lifetime, 90 * DAY);
	assert_int_equal(j->policy.renew_before, 30 * DAY);
	assert_int_equal(j->policy.grace, DAY);
	assert_int_equal(j->policy.verify_timeout, 600);
	assert_int_equal(j->policy.verify_every, 6 * 3600);
	assert_int_equal(j->policy.inspect_every, DAY);
	assert_int_equal(j->policy.verify_wait, 0);
	assert_in_range(j->policy.offset, 0, DAY);
	assert_false(j->policy.exclusive || j->policy.create);
	assert_int_equal(j->policy.n_may_replace, 0);
	assert_null(j->on_change);
	assert_int_equal(j->hook_timeout, 60);
	assert_string_equal(j->azure.auth, "default");
	assert_string_equal(j->azure.cloud, "public");
	assert_int_equal(j->n_sinks, 1);
	assert_string_equal(j->sinks[0].name, "docker");
	assert_ptr_equal(j->sinks[0].ops, sink_find("docker"));
	assert_int_equal(j->sinks[0].line, 4);
	assert_false(j->sinks[0].optional);
	assert_string_equal(sink_text(&j->sinks[0], "path"), "/d/config.json");
}

static void every_key_of_a_job(void **state)
{
	(void)state;
	static const char text[] =
		"# a job\n[azure]\nclient_id = id\nsubscription = sub\n"
		"[job]\nregistry = contoso.azurecr.io\nresource_group = rg\ntoken = "
		"%H-pull\nlifetime = 30d\nrenew_before = 10d\n"
		"grace = 2d\nverify = wait 5m\nverify_timeout = 1m\nverify_every = "
		"1h\ninspect_every = 2h\n"
		"may_replace = password2@2026-01-31T08:00:00.1234567+00:00\nmay_replace = "
		"password1@2026-01-31T08:00:00Z\n"
		"exclusive = yes\ncreate = yes\nrepository = a/b content/read "
		"metadata/read\nrepository = c content/write\n"
		"gateway = g config/read\ngateway = h message/write\non_change = /bin/systemctl "
		"restart '%j.service'\nhook_timeout = 5s\n"
		"[sink one]\ntype = file\npath = %h/%r/%t/%j\noptional = yes\non_change = "
		"/bin/true 100%%\n"
		"[sink two]\ntype = docker\npath = /two\n";
	AUTO_COMMON struct common c = { 0 };
	AUTO_JOB struct job *j = NULL;
	struct err e = ERR_INIT;
	int64_t ticks;

	CHECK(parse_both("", text, &c, &j, &e), "%s", e.text);
	assert_string_equal(j->azure.client_id, "id");
	assert_string_equal(j->azure.subscription, "sub");
	assert_string_equal(j->registry, "contoso.azurecr.io");
	assert_string_equal(j->resource_group, "rg");
	assert_string_equal(j->token, "web-1-pull");
	assert_int_equal(j->policy.lifetime, 30 * DAY);
	assert_int_equal(j->policy.renew_before, 10 * DAY);
	assert_int_equal(j->policy.grace, 2 * DAY);
	assert_int_equal(j->policy.verify_wait, 300);
	assert_int_equal(j->policy.verify_timeout, 60);
	assert_int_equal(j->policy.verify_every, 3600);
	assert_int_equal(j->policy.inspect_every, 7200);
	assert_int_equal(j->policy.n_may_replace, 2);
	assert_int_equal(j->policy.may_replace[0].slot, ACR_SLOT_2);
	assert_true(str_ticks("2026-01-31T08:00:00.1234567Z", &ticks));
	assert_int_equal(j->policy.may_replace[0].created, ticks);
	assert_int_equal(j->policy.may_replace[1].slot, ACR_SLOT_1);
	assert_true(j->policy.exclusive && j->policy.create);
	assert_int_equal(j->repository.n, 2);
	assert_string_equal(j->repository.item[0], "a/b content/read metadata/read");
	assert_int_equal(j->gateway.n, 2);
	assert_string_equal(j->on_change, "/bin/systemctl restart 'web.service'");
	assert_int_equal(j->hook_timeout, 5);
	assert_int_equal(j->n_sinks, 2);
	assert_string_equal(sink_text(&j->sinks[0], "path"),
	                    "/home/x/contoso.azurecr.io/web-1-pull/web");
	assert_true(j->sinks[0].optional);
	assert_string_equal(j->sinks[0].on_change, "/bin/true 100%");
	assert_string_equal(j->sinks[1].name, "two");
	assert_false(j->sinks[1].optional);
}

static void defaults(void **state)
{
	(void)state;
	static const char common[] =
		"[defaults]\nregistry = %jcontoso\nlifetime = 60d\nrepository = a "
		"content/read\nrepository = b content/read\n"
		"on_change = /bin/default\nverify = wait 1m\n"
		"[defaults file]\npath = /run/%t\ncontent = D={password}\noptional = "
		"yes\non_change = /bin/sink\n"
		"[defaults docker]\npath = %h/.docker/config.json\n";
	static const char text[] =
		"[job]\ntoken = web-pull\nlifetime = 10d\nrepository = own content/read\n"
		"[sink one]\ntype = file\n[sink two]\ntype = file\npath = /own\noptional = "
		"no\n[sink three]\ntype = docker\n";
	AUTO_COMMON struct common c = { 0 };
	AUTO_JOB struct job *j = NULL;
	struct err e = ERR_INIT;

	CHECK(parse_both(common, text, &c, &j, &e), "%s", e.text);
	assert_string_equal(j->registry, "webcontoso");
	assert_int_equal(j->policy.lifetime, 10 * DAY);
	assert_int_equal(j->policy.renew_before, 10 * DAY / 3);
	assert_int_equal(j->policy.verify_wait, 60);
	assert_string_equal(j->on_change, "/bin/default");
	/* The job's own list stands instead of the common one, not behind it. */
	assert_int_equal(j->repository.n, 1);
	assert_string_equal(sink_text(&j->sinks[0], "path"), "/run/web-pull");
	assert_string_equal(sink_text(&j->sinks[0], "content"), "D={password}");
	assert_true(j->sinks[0].optional);
	assert_string_equal(j->sinks[0].on_change, "/bin/sink");
	assert_string_equal(sink_text(&j->sinks[1], "path"), "/own");
	assert_false(j->sinks[1].optional);
	assert_string_equal(sink_text(&j->sinks[2], "path"), "/home/x/.docker/config.json");

	AUTO_COMMON struct common all = { 0 };
	AUTO_JOB struct job *k = NULL;
	CHECK(parse_both(common, "[job]\ntoken = web-pull\n[sink one]\ntype = file\n", &all, &k,
	                 &e),
	      "%s", e.text);
	assert_int_equal(k->policy.lifetime, 60 * DAY);
	assert_int_equal(k->repository.n, 2);
	assert_string_equal(k->repository.item[1], "b content/read");
}

static void times(void **state)
{
	(void)state;
	/* clang-format off */
	static const struct { const char *keys; int64_t renew_before, grace, offset_most; } row[] = {
		{ "lifetime = 90d\n", 30 * DAY, DAY, DAY },
		{ "lifetime = 9d\n", 3 * DAY, DAY, 6 * DAY / 10 },
		{ "lifetime = 1d\n", DAY / 3, DAY / 3, 2 * DAY / 30 },
		{ "lifetime = 6s\n", 2, 2, 0 },
		{ "lifetime = 2s\n", 1, 1, 0 },
		{ "lifetime = 10d\nrenew_before = 6d\n", 6 * DAY, DAY, 4 * DAY / 10 },
		{ "lifetime = 10d\nrenew_before = 9d\n", 9 * DAY, DAY / 2, DAY / 10 },
		{ "lifetime = 10d\nrenew_before = 6d\ngrace = 2d\n", 6 * DAY, 2 * DAY,
		  4 * DAY / 10 },
		{ "lifetime = 10d\ngrace = 1s\n", 10 * DAY / 3, 1, DAY },
		{ "lifetime = 10d\ngrace = expiry\n", 10 * DAY / 3, 10 * DAY, DAY },
		{ "lifetime = 10d\n[sink v]\ntype = keyvault\nvault = kv\nsecret = s\n", 10 * DAY / 3, 10 * DAY, DAY },
		{ "lifetime = 10d\n[sink k]\ntype = kubernetes\nsecret = s\n", 10 * DAY / 3, 10 * DAY, DAY },
		{ "lifetime = 10d\nrenew_before = 6d\ngrace = 1d\n[sink v]\ntype = keyvault\nvault = kv\nsecret = s\n", 6 * DAY, DAY, DAY },
	};
	/* clang-format on */
	for (size_t i = 0; i < COUNT(row); i++) {
		AUTO_BUF struct buf text = BUF_INIT(4096);
		AUTO_COMMON struct common c = { 0 };
		AUTO_JOB struct job *j = NULL;
		struct err e = ERR_INIT;
		buf_fmt(&text, JOB "%s" SINK, row[i].keys);
		CHECK(parse_both("", buf_cstr(&text), &c, &j, &e), "row %zu: %s", i, e.text);
		CHECK(j->policy.renew_before == row[i].renew_before, "row %zu: %lld", i,
		      (long long)j->policy.renew_before);
		CHECK(j->policy.grace == row[i].grace, "row %zu: %lld", i,
		      (long long)j->policy.grace);
		CHECK(j->policy.grace_expiry == (j->policy.grace == j->policy.lifetime), "row %zu",
		      i);
		CHECK(j->policy.offset >= 0 && j->policy.offset <= row[i].offset_most,
		      "row %zu: %lld", i, (long long)j->policy.offset);
	}
}

static void followers(void **state)
{
	(void)state;
	AUTO_COMMON struct common c = { 0 };
	AUTO_JOB struct job *j = NULL;
	struct err e = ERR_INIT;

	/* What is common to all jobs does not turn a follower into a rotator. */
	CHECK(parse_both("[defaults]\nlifetime = 9d\nexclusive = yes\nverify_every = 1h\n"
	                 "[defaults file]\ncontent = {password} {slot}\n",
	                 FOLLOWER "[source]\ntype = file\npath = /a\n" SINK, &c, &j, &e),
	      "%s", e.text);
	assert_non_null(j->source);
	assert_string_equal(j->source->ops->type, "file");
	assert_true(job_is_local(j) && !j->policy.exclusive && j->policy.offset == 0);
	assert_true(j->policy.verify_every == 0);
	AUTO_BUF struct buf entry = BUF_INIT(256);
	job_source_entry(j, &entry);
	assert_string_equal(buf_cstr(&entry), "file:/a");
}

/* Their times are those of a rotator that the configuration does not know. */
static void followers_times(void **state)
{
	static const struct {
		const char *defaults, *keys;
		int64_t renew_before, lifetime;
	} row[] = {
		{ "", "", 30 * DAY, 90 * DAY },
		{ "", "renew_before = 30m\n", 1800, 90 * DAY },
		{ "", "renew_before = 89d\n", 89 * DAY, 267 * DAY },
		{ "", "renew_before = 121d\n", 121 * DAY, 363 * DAY },
		{ "lifetime = 9d\n", "", 3 * DAY, 9 * DAY },
		{ "lifetime = 9d\n", "renew_before = 9d\n", 9 * DAY, 27 * DAY },
		{ "renew_before = 40d\n", "", 40 * DAY, 120 * DAY },
		/* what is common to rotators does not judge a follower */
		{ "grace = expiry\n", "renew_before = 60d\n", 60 * DAY, 180 * DAY },
		{ "lifetime = 9d\ngrace = 3d\n", "renew_before = 8d\n", 8 * DAY, 24 * DAY },
		{ "lifetime = 9d\ngrace = 3d\n", "renew_before = 3d 5m\n", 3 * DAY + 300,
		  9 * DAY + 900 },
		{ "grace = 40d\n", "", 30 * DAY, 90 * DAY },
		{ "create = yes\n", "", 30 * DAY, 90 * DAY },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(row); i++) {
		AUTO_FREE char *common = mem_fmt("[defaults]\n%s", row[i].defaults);
		AUTO_FREE char *text =
			mem_fmt(FOLLOWER "%s[source]\ntype = file\npath = /a\n" SINK, row[i].keys);
		AUTO_COMMON struct common c = { 0 };
		AUTO_JOB struct job *j = NULL;
		struct err e = ERR_INIT;
		CHECK(parse_both(common, text, &c, &j, &e), "row %zu: %s", i, e.text);
		CHECK(j->policy.renew_before == row[i].renew_before, "row %zu: %lld", i,
		      (long long)j->policy.renew_before);
		CHECK(j->policy.lifetime == row[i].lifetime, "row %zu: %lld", i,
		      (long long)j->policy.lifetime);
		CHECK(j->policy.grace == DAY, "row %zu: %lld", i, (long long)j->policy.grace);
		CHECK(!j->policy.grace_expiry && !j->policy.create && j->policy.offset == 0,
		      "row %zu", i);
	}
}

static void refused_jobs(void **state)
{
	(void)state;
	/* clang-format off */
	static const struct { const char *common, *text, *want; } row[] = {
		/* sections */
		{ "", "", "/etc/a/jobs.d/web.conf:1: section [job] is missing" },
		{ "", SINK, "/etc/a/jobs.d/web.conf:1: section [job] is missing" },
		{ "", JOB, "/etc/a/jobs.d/web.conf:1: the job has no sink" },
		{ "", "[jobs]\n",
		  "/etc/a/jobs.d/web.conf:1: unknown section [jobs]; did you mean [job]?" },
		{ "", JOB "[azur]\n",
		  "/etc/a/jobs.d/web.conf:4: unknown section [azur]; did you mean [azure]?" },
		{ "", JOB "[sink]\n",
		  "/etc/a/jobs.d/web.conf:4: unknown section [sink]; a sink is written [sink "
		  "NAME]" },
		{ "", JOB "[sinkdocker]\n",
		  "/etc/a/jobs.d/web.conf:4: unknown section [sinkdocker]; a sink is written "
		  "[sink NAME]" },
		{ "", JOB "[policy]\n",
		  "/etc/a/jobs.d/web.conf:4: unknown section [policy]; a job has [job], [azure], "
		  "[source] and [sink NAME]" },
		/* followers */
		{ "", FOLLOWER "lifetime = 9d\n[source]\ntype = store\n" SINK,
		  "/etc/a/jobs.d/web.conf:4: 'lifetime' is for a job that rotates" },
		{ "", FOLLOWER "lifetime = 365d\nrenew_before = 121d\n[source]\ntype = store\n" SINK,
		  "/etc/a/jobs.d/web.conf:4: 'lifetime' is for a job that rotates" },
		{ "", FOLLOWER "create = yes\n[source]\ntype = store\n" SINK,
		  "/etc/a/jobs.d/web.conf:4: 'create' is for a job that rotates" },
		{ "", FOLLOWER "may_replace = password1@2026-01-31T08:00:00Z\n[source]\ntype = "
		  "store\n" SINK,
		  "/etc/a/jobs.d/web.conf:4: 'may_replace' is for a job that rotates" },
		{ "", FOLLOWER "resource_group = g\n[source]\ntype = store\n" SINK,
		  "/etc/a/jobs.d/web.conf:4: 'resource_group' is for a job that rotates" },
		{ "", JOB "[source]\ntype = store\n" SINK,
		  "/etc/a/jobs.d/web.conf:2: with [source] 'registry' takes a login server like "
		  "'contoso.azurecr.io', not the name alone" },
		{ "", FOLLOWER "[source]\n" SINK, "/etc/a/jobs.d/web.conf:4: [source] needs 'type'" },
		{ "", FOLLOWER "[source]\ntype = stone\n" SINK,
		  "/etc/a/jobs.d/web.conf:5: unknown sink type 'stone'; did you mean 'store'?" },
		{ "", FOLLOWER "[source]\ntype = file\n" SINK,
		  "/etc/a/jobs.d/web.conf:4: [source]: 'path' is missing" },
		{ "", FOLLOWER "[source]\ntype = store\non_change = /bin/true\n" SINK,
		  "/etc/a/jobs.d/web.conf:6: unknown key 'on_change'" },
		{ "", FOLLOWER "[source]\ntype = file\npath = /a\ncontent = {expires}\n" SINK,
		  "/etc/a/jobs.d/web.conf:4: [source]: key 'content': " },
		{ "", FOLLOWER "[source]\ntype = file\npath = /f\n[sink f]\ntype = file\npath = "
		  "/f\n",
		  "/etc/a/jobs.d/web.conf:4: [source] and [sink f] are the same entry (file:/f): "
		  "the job would follow itself" },
		{ "", FOLLOWER "[source]\ntype = store\n",
		  "/etc/a/jobs.d/web.conf:1: the job has no sink" },
		{ "", JOB "[sources]\n",
		  "/etc/a/jobs.d/web.conf:4: unknown section [sources]; did you mean [source]?" },
		{ "", JOB "[run]\n",
		  "/etc/a/jobs.d/web.conf:4: section [run] belongs into acrotate.conf" },
		{ "", JOB "[defaults file]\n",
		  "/etc/a/jobs.d/web.conf:4: section [defaults file] belongs into acrotate.conf" },
		{ "", JOB "[job]\n" SINK,
		  "/etc/a/jobs.d/web.conf:4: section [job] appears twice" },
		{ "", JOB SINK SINK,
		  "/etc/a/jobs.d/web.conf:7: section [sink docker] appears twice" },
		/* keys */
		{ "", "[job]\ntoken = web-pull\n" SINK,
		  "/etc/a/jobs.d/web.conf:1: [job]: 'registry' is missing" },
		{ "", "[job]\nregistry = contoso\n" SINK,
		  "/etc/a/jobs.d/web.conf:1: [job]: 'token' is missing" },
		{ "", JOB "lifetme = 3d\n" SINK,
		  "/etc/a/jobs.d/web.conf:4: unknown key 'lifetme' in [job]; did you mean "
		  "'lifetime'?" },
		{ "", JOB "color = blue\n" SINK,
		  "/etc/a/jobs.d/web.conf:4: unknown key 'color' in [job]" },
		{ "", JOB "lifetime = 3d\nlifetime = 4d\n" SINK,
		  "/etc/a/jobs.d/web.conf:5: 'lifetime' is set twice" },
		{ "", JOB "token = other\n" SINK,
		  "/etc/a/jobs.d/web.conf:4: 'token' is set twice" },
		{ "", JOB "resource_group = %x\n" SINK,
		  "/etc/a/jobs.d/web.conf:4: 'resource_group': unknown '%x'" },
		/* names */
		{ "", "[job]\nregistry = https://contoso.azurecr.io\ntoken = web-pull\n" SINK,
		  "/etc/a/jobs.d/web.conf:2: 'registry' takes a name or a login server like "
		    "'contoso.azurecr.io', not the URL" },
		{ "", "[job]\nregistry = contoso.azurecr.io/x\ntoken = web-pull\n" SINK,
		  "/etc/a/jobs.d/web.conf:2: 'registry' takes a name" },
		{ "", "[job]\nregistry = my-registry\ntoken = web-pull\n" SINK,
		  "/etc/a/jobs.d/web.conf:2: 'registry' takes a name, which has letters and "
		    "digits, or a whole login server like 'contoso-a1b2c3.azurecr.io', not "
		    "'my-registry'" },
		{ "", "[job]\nregistry = con toso\ntoken = web-pull\n" SINK,
		  "/etc/a/jobs.d/web.conf:2: 'registry' takes a name" },
		{ "", "[job]\nregistry = %t\ntoken = web-pull\n" SINK,
		  "/etc/a/jobs.d/web.conf:2: 'registry': '%t' stands for a token, and there is "
		    "none here" },
		{ "[defaults]\nregistry = a_b\n", "[job]\ntoken = web-pull\n" SINK,
		  "/etc/a/acrotate.conf:2: 'registry' takes a name" },
		{ "", "[job]\nregistry = contoso\ntoken = web/pull\n" SINK,
		  "/etc/a/jobs.d/web.conf:3: 'token' takes up to 100 letters" },
		{ "", "[job]\nregistry = contoso\ntoken = web:pull\n" SINK,
		  "/etc/a/jobs.d/web.conf:3: 'token' takes up to 100 letters" },
		{ "", "[job]\nregistry = contoso\ntoken = web_pull\n" SINK, NULL },
		{ "", "[job]\nregistry = contoso\ntoken = 1web\n" SINK, NULL },
		{ "", "[job]\nregistry = contoso\ntoken = x%m\n" SINK, NULL },
		{ "", "[job]\nregistry = contoso\ntoken = %t-pull\n" SINK,
		  "/etc/a/jobs.d/web.conf:3: 'token': '%t' stands for a token" },
		{ "", JOB "verify_at = contoso.eastus.geo.azurecr.io edge:8443\n" SINK, NULL },
		{ "", JOB "verify_at = https://edge\n" SINK,
		  "/etc/a/jobs.d/web.conf:4: 'verify_at' takes names of hosts" },
		/* policy */
		{ "", JOB "renew_before = 90d\n" SINK,
		  "/etc/a/jobs.d/web.conf:4: 'renew_before' must be below the lifetime of 90d" },
		{ "", JOB "lifetime = 3d\nrenew_before = 4d\n" SINK,
		  "/etc/a/jobs.d/web.conf:5: 'renew_before' must be below the lifetime of 3d" },
		{ "[defaults]\nrenew_before = 40d\n", JOB "lifetime = 30d\n" SINK,
		  "/etc/a/acrotate.conf:2: 'renew_before' must be below" },
		{ "", JOB "lifetime = 1s\n" SINK,
		  "/etc/a/jobs.d/web.conf:1: 'renew_before' must be below the lifetime of 1s" },
		{ "", JOB "grace = 31d\n" SINK,
		  "/etc/a/jobs.d/web.conf:4: 'grace' may be at most 30d" },
		{ "", JOB "grace = 30d\n" SINK, NULL },
		{ "", JOB "grace = 1x\n" SINK, "/etc/a/jobs.d/web.conf:4: 'grace'" },
		{ "", JOB "lifetime = 10d\nrenew_before = 6d\ngrace = expiry\n" SINK,
		  "/etc/a/jobs.d/web.conf:6: 'grace = expiry' needs a 'renew_before' of at most" },
		{ "", JOB "lifetime = 10d\nrenew_before = 6d\n" SINK "[sink v]\ntype = keyvault\nvault = kv\nsecret = s\n",
		  "/etc/a/jobs.d/web.conf:5: 'grace = expiry', the default with a sink that others read, needs" },
		{ "", JOB SINK "[sink v]\ntype = keyvault\nvault = https://kv.example\nsecret = s\n",
		  "/etc/a/jobs.d/web.conf:7: [sink v]: key 'vault': 'kv.example' is not a key vault of this cloud" },
		{ "", JOB "[azure]\ncloud = china\n" SINK "[sink v]\ntype = keyvault\nvault = https://kv.vault.azure.net\nsecret = s\n",
		  "/etc/a/jobs.d/web.conf:9: [sink v]: key 'vault': 'kv.vault.azure.net' is not" },
		{ "", JOB "grace = 0s\n" SINK,
		  "/etc/a/jobs.d/web.conf:4: 'grace' must be longer than zero" },
		{ "", JOB "lifetime = 0d\n" SINK,
		  "/etc/a/jobs.d/web.conf:4: 'lifetime' must be longer than zero" },
		{ "", JOB "verify = no\n" SINK,
		  "/etc/a/jobs.d/web.conf:4: 'verify' takes 'login' or 'wait 5m', not 'no'" },
		{ "", JOB "verify = wait\n" SINK, "/etc/a/jobs.d/web.conf:4: 'verify' takes" },
		{ "", JOB "verify = wait 0s\n" SINK, "/etc/a/jobs.d/web.conf:4: 'verify' takes" },
		{ "", JOB "verify = wait soon\n" SINK, "/etc/a/jobs.d/web.conf:4: 'verify' takes" },
		{ "", JOB "may_replace = password2\n" SINK,
		  "/etc/a/jobs.d/web.conf:4: 'may_replace' takes SLOT@CREATIONTIME" },
		{ "", JOB "may_replace = password3@2026-01-31T08:00:00Z\n" SINK,
		  "/etc/a/jobs.d/web.conf:4: 'may_replace' takes" },
		{ "", JOB "may_replace = password1@yesterday\n" SINK,
		  "/etc/a/jobs.d/web.conf:4: 'may_replace' takes" },
		{ "", JOB "may_replace = any\n" SINK,
		  "/etc/a/jobs.d/web.conf:4: 'may_replace' takes" },
		{ "", JOB "hook_timeout = 0s\n" SINK,
		  "/etc/a/jobs.d/web.conf:4: 'hook_timeout' must be longer than zero" },
		{ "", JOB "on_change = restart\n" SINK,
		  "/etc/a/jobs.d/web.conf:4: 'on_change': the program must be an absolute path" },
		{ "", JOB "on_change = /bin/a && /bin/b\n" SINK,
		  "/etc/a/jobs.d/web.conf:4: 'on_change': '&' means nothing" },
		{ "[defaults]\non_change = x\n", JOB SINK,
		  "/etc/a/acrotate.conf:2: 'on_change': the program must be" },
		/* bootstrap */
		{ "", JOB "create = yes\n" SINK,
		  "/etc/a/jobs.d/web.conf:4: 'create = yes' needs a 'scope_map'" },
		{ "", JOB "create = yes\nscope_map = m\n" SINK, NULL },
		{ "", JOB "create = yes\ngateway = g config/read\n" SINK, NULL },
		{ "", JOB "scope_map = m\nrepository = a content/read\n" SINK,
		  "/etc/a/jobs.d/web.conf:4: 'scope_map' and 'repository'" },
		{ "", JOB "scope_map = m\ngateway = g config/read\n" SINK,
		  "/etc/a/jobs.d/web.conf:4: 'scope_map' and 'repository'" },
		{ "", JOB "repository = a\n" SINK,
		  "/etc/a/jobs.d/web.conf:4: 'repository' takes REPOSITORY ACTION..., and 'a' "
		  "has no action" },
		{ "", JOB "repository = a content/reed\n" SINK,
		  "/etc/a/jobs.d/web.conf:4: 'repository' does not know the action "
		    "'content/reed'; known are content/read content/write" },
		{ "", JOB "gateway = g\n" SINK,
		  "/etc/a/jobs.d/web.conf:4: 'gateway' takes GATEWAY ACTION..., and 'g' has no "
		  "action" },
		{ "", JOB "gateway = g config/read message\n" SINK,
		  "/etc/a/jobs.d/web.conf:4: 'gateway' does not know the action 'message'" },
		/* azure */
		{ "", "[azure]\nauth = password\n" JOB SINK,
		  "/etc/a/jobs.d/web.conf:2: 'auth' takes one of default|" },
		{ "", "[azure]\ntenantid = x\n" JOB SINK,
		  "/etc/a/jobs.d/web.conf:2: unknown key 'tenantid' in [azure]; did you mean "
		  "'tenant_id'?" },
		/* sinks */
		{ "", JOB "[sink a b]\ntype = file\n",
		  "/etc/a/jobs.d/web.conf:4: a sink's name has letters" },
		{ "", JOB "[sink -a]\ntype = file\n",
		  "/etc/a/jobs.d/web.conf:4: a sink's name has letters" },
		{ "", JOB "[sink a/b]\ntype = file\n",
		  "/etc/a/jobs.d/web.conf:4: a sink's name has letters" },
		{ "", JOB "[sink a]\npath = /x\n",
		  "/etc/a/jobs.d/web.conf:4: [sink a] needs 'type'" },
		{ "", JOB "[sink a]\ntype = dokcer\n",
		  "/etc/a/jobs.d/web.conf:5: unknown sink type 'dokcer'; did you mean 'docker'?" },
		{ "", JOB "[sink a]\ntype = teleport\n",
		  "/etc/a/jobs.d/web.conf:5: unknown sink type 'teleport'; known are docker, "
		  "file" },
		{ "", JOB "[sink a]\ntype = file\ntype = file\n",
		  "/etc/a/jobs.d/web.conf:6: 'type' is set twice" },
		{ "", JOB "[sink a]\ntype = file\n",
		  "/etc/a/jobs.d/web.conf:4: [sink a]: 'path' is missing" },
		{ "", JOB "[sink a]\ntype = file\npaht = /x\n",
		  "/etc/a/jobs.d/web.conf:6: unknown key 'paht' in [sink a]; did you mean "
		  "'path'?" },
		{ "", JOB "[sink a]\ntype = file\noptionel = no\n",
		  "/etc/a/jobs.d/web.conf:6: unknown key 'optionel' in [sink a]; did you mean "
		  "'optional'?" },
		{ "", JOB "[sink a]\ntype = file\npath = x\n",
		  "/etc/a/jobs.d/web.conf:6: 'path' takes an absolute path" },
		{ "", JOB "[sink a]\ntype = file\npath = /x\non_change = x\n",
		  "/etc/a/jobs.d/web.conf:7: 'on_change': the program must be" },
		{ "[defaults file]\non_change = x\n", JOB "[sink a]\ntype = file\npath = /x\n",
		  "/etc/a/jobs.d/web.conf:4: 'on_change': the program must be" },
		{ "", JOB "[sink a]\ntype = file\npath = /x\ncontent = no braces\n",
		  "/etc/a/jobs.d/web.conf:4: [sink a]: " },
		{ "", JOB SINK "[sink b]\ntype = docker\npath = /d/config.json\n",
		  "/etc/a/jobs.d/web.conf:7: [sink b] writes the same entry as [sink docker]" },
		{ "", JOB SINK "[sink b]\ntype = docker\npath = /e/config.json\n", NULL },
		/* of several the first in the file */
		{ "", JOB "[sink a]\ntype = file\npath = /z\n[sink b]\ntype = file\npath = /a\n"
		      "[sink c]\ntype = file\npath = /z\n[sink d]\ntype = file\npath = /a\n"
		      "[sink e]\ntype = file\npath = /z\n",
		  "/etc/a/jobs.d/web.conf:10: [sink c] writes the same entry as [sink a]" },
	};
	/* clang-format on */
	for (size_t i = 0; i < COUNT(row); i++) {
		AUTO_COMMON struct common c = { 0 };
		AUTO_JOB struct job *j = NULL;
		struct err e = ERR_INIT;
		bool ok = parse_both(row[i].common, row[i].text, &c, &j, &e);
		CHECK(ok == (row[i].want == NULL), "%s: %s", row[i].text, e.text);
		if (ok)
			continue;
		CHECK(e.kind == ERR_CONFIG && j == NULL, "%s", row[i].text);
		CHECK(strncmp(e.text, row[i].want, strlen(row[i].want)) == 0, "got  %s\n\twant %s",
		      e.text, row[i].want);
	}
}

static void refused_common(void **state)
{
	(void)state;
	/* clang-format off */
	static const struct { const char *text, *want; } row[] = {
		{ "[job]\n", "/c:1: section [job] belongs into a file of its own in jobs.d" },
		{ "[sink a]\n", "/c:1: section [sink a] belongs into a file of its own in jobs.d" },
		{ "[azur]\n", "/c:1: unknown section [azur]; did you mean [azure]?" },
		{ "[default]\n", "/c:1: unknown section [default]; did you mean [defaults]?" },
		{ "[proxy]\n",
		  "/c:1: unknown section [proxy]; known are [azure], [http], [kubernetes], [run], [defaults] "
		  "and [defaults TYPE]" },
		{ "[run]\nworker = 2\n",
		  "/c:2: unknown key 'worker' in [run]; did you mean 'workers'?" },
		{ "[run]\nworkers = 0\n",
		  "/c:2: 'workers' takes a whole number from 1 to 1000, not '0'" },
		{ "[run]\nstate_dir = x\n", "/c:2: 'state_dir' takes an absolute path" },
		{ "[run]\nstate_dir = /%j\n",
		  "/c:2: 'state_dir': '%j' stands for a job, and there is none here" },
		{ "[run]\nsandbox = maybe\n", "/c:2: 'sandbox' takes 'yes' or 'no'" },
		{ "[http]\ntimeout = 60\n", "/c:2: 'timeout' takes a duration" },
		{ "[http]\nproxy = a\nca_only = yes\n", "/c:3: 'ca_only = yes' needs a 'ca_file'" },
		{ "[azure]\nclient_id = %t\n",
		  "/c:2: 'client_id': '%t' stands for a token, and there is none here" },
		{ "[defaults]\ntoken = x\n", "/c:2: 'token' cannot have a default" },
		{ "[defaults]\nlifetime = long\n", "/c:2: 'lifetime' takes a duration" },
		{ "[defaults]\ntype = file\n", "/c:2: unknown key 'type' in [defaults]" },
		{ "[defaults]\nlifetime = 1d\nlifetime = 1d\n",
		  "/c:3: 'lifetime' is set twice" },
		{ "[defaults file]\ntype = file\n", "/c:2: 'type' cannot have a default" },
		{ "[defaults file]\nkey = x\n", "/c:2: unknown key 'key' in [defaults file]" },
		{ "[defaults files]\n", "/c:1: [defaults files]: there is no sink type 'files'" },
		{ "[defaults docker]\npath = x\n", "/c:2: 'path' takes an absolute path" },
	};
	/* clang-format on */
	for (size_t i = 0; i < COUNT(row); i++) {
		AUTO_COMMON struct common c = { 0 };
		struct err e = ERR_INIT;
		CHECK(!common_parse("/c", row[i].text, strlen(row[i].text), &c, &e), "accepted: %s",
		      row[i].text);
		CHECK(e.kind == ERR_CONFIG &&
		              strncmp(e.text, row[i].want, strlen(row[i].want)) == 0,
		      "got  %s\n\twant %s", e.text, row[i].want);
	}
}

static void common_values(void **state)
{
	(void)state;
	static const char text[] = "[azure]\nauth = client-secret\ntenant_id = t\nclient_id = "
				   "c\nclient_secret_file = secret\nsubscription = s\n"
				   "[run]\nworkers = 4\nstate_dir = /s\nmetrics_file = "
				   "/m.prom\npatience = 1h\nsandbox = no\n"
				   "[http]\nproxy = http://p:1\nno_proxy = a,b\nca_file = "
				   "ca.pem\nca_only = yes\ntimeout = 5s\n";
	AUTO_COMMON struct common c = { 0 }, empty = { 0 };
	struct err e = ERR_INIT;

	assert_int_equal(unsetenv("CREDENTIALS_DIRECTORY"), 0);
	CHECK(common_parse("/c/acrotate.conf", text, strlen(text), &c, &e), "%s", e.text);
	assert_string_equal(c.azure.auth, "client-secret");
	assert_string_equal(c.azure.client_secret_file, "/c/secret");
	assert_int_equal(c.run.workers, 4);
	assert_string_equal(c.run.state_dir, "/s");
	assert_string_equal(c.run.metrics_file, "/m.prom");
	assert_int_equal(c.run.patience, 3600);
	assert_false(c.run.sandbox);
	assert_string_equal(c.http.proxy, "http://p:1");
	assert_string_equal(c.http.no_proxy, "a,b");
	assert_string_equal(c.http.ca_file, "/c/ca.pem");
	assert_true(c.http.ca_only);
	assert_int_equal(c.http.timeout, 5);

	CHECK(common_parse("/c", "", 0, &empty, &e), "%s", e.text);
	assert_string_equal(empty.azure.auth, "default");
	assert_int_equal(empty.run.workers, 16);
	assert_int_equal(empty.run.patience, 6 * 3600);
	assert_true(empty.run.sandbox);
	assert_null(empty.run.state_dir);
	assert_int_equal(empty.http.timeout, 60);
	assert_false(empty.http.ca_only);
}

static void identities(void **state)
{
	(void)state;
	static const char common[] = "[azure]\nauth = client-secret\ntenant_id = T\nclient_id = "
				     "C\nclient_secret_file = /S\n"
				     "subscription = U\ncloud = custom\nresource_manager = "
				     "https://rm\nauthority = https://au\n";
	/* What becomes of: auth tenant_id client_id resource_id client_secret_file subscription
	 * cloud resource_manager */
	/* clang-format off */
	static const struct { const char *own, *want; } row[] = {
		{ "", "client-secret T C - /S U custom https://rm" },
		{ "[azure]\n", "client-secret T C - /S U custom https://rm" },
		{ "[azure]\nsubscription = V\n", "client-secret T C - /S V custom https://rm" },
		{ "[azure]\nclient_id = D\nclient_secret_file = /R\n",
		  "client-secret T D - /R U custom https://rm" },
		{ "[azure]\nauth = managed-identity\n",
		  "managed-identity T - - - U custom https://rm" },
		{ "[azure]\nauth = managed-identity\nresource_id = /r\n",
		  "managed-identity T - /r - U custom https://rm" },
		{ "[azure]\nresource_id = /r\n", "client-secret T - /r /S U custom https://rm" },
		{ "[azure]\ncloud = public\n", "client-secret T C - /S U public -" },
		{ "[azure]\ncloud = custom\nresource_manager = https://x\n",
		  "client-secret T C - /S U custom https://x" },
	};
	/* clang-format on */
	for (size_t i = 0; i < COUNT(row); i++) {
		AUTO_BUF struct buf text = BUF_INIT(4096), got = BUF_INIT(4096);
		AUTO_COMMON struct common c = { 0 };
		AUTO_JOB struct job *j = NULL;
		struct err e = ERR_INIT;
		buf_fmt(&text, "%s" JOB SINK, row[i].own);
		CHECK(parse_both(common, buf_cstr(&text), &c, &j, &e), "row %zu: %s", i, e.text);
		const struct azure_spec *a = &j->azure;
		const char *const value[] = {
			a->auth,        a->tenant_id,          a->client_id,
			a->resource_id, a->client_secret_file, a->subscription,
			a->cloud,       a->resource_manager
		};
		for (size_t k = 0; k < COUNT(value); k++)
			buf_fmt(&got, "%s%s", k > 0 ? " " : "", value[k] != NULL ? value[k] : "-");
		CHECK_TEXT(buf_cstr(&got), row[i].want, "%s", row[i].own);
	}
}

static void files_of_credentials(void **state)
{
	(void)state;
	char *dir = scratch_make();
	AUTO_FREE char *there = mem_fmt("%s/there", dir);
	AUTO_FREE char *text = mem_fmt("[azure]\nclient_secret_file = there\ncertificate_file = "
	                               "elsewhere\nfederated_token_file = /abs\n");
	AUTO_COMMON struct common c = { 0 };
	struct err e = ERR_INIT;

	FILE *f = fopen(there, "w");
	assert_non_null(f);
	(void)fclose(f);
	assert_int_equal(setenv("CREDENTIALS_DIRECTORY", dir, 1), 0);
	CHECK(common_parse("/c/acrotate.conf", text, strlen(text), &c, &e), "%s", e.text);
	assert_string_equal(c.azure.client_secret_file, there);
	assert_string_equal(c.azure.certificate_file, "/c/elsewhere");
	assert_string_equal(c.azure.federated_token_file, "/abs");
	assert_int_equal(unsetenv("CREDENTIALS_DIRECTORY"), 0);
	AUTO_COMMON struct common beside = { 0 };
	CHECK(common_parse("acrotate.conf", text, strlen(text), &beside, &e), "%s", e.text);
	assert_string_equal(beside.azure.client_secret_file, "./there");
	scratch_remove(dir);
}

static void tokens_from_the_host(void **state)
{
	(void)state;
	/* clang-format off */
	static const struct { const char *host, *token, *want; } row[] = {
		{ "web-1.example.com", "%H", "web-1-example-com" },
		{ "a", "%H", "a-host" },
		{ "10", "node-%H", "node-10" },
		{ "localhost", "%H-pull", NULL },
		{ "localhost.localdomain", "pull-%H", NULL },
		{ "", "%H", NULL },
		/* no host name in it, but no token's name either */
		{ "localhost", "a-%%H", NULL },
		{ "localhost", "plain", "plain" },
	};
	/* clang-format on */
	for (size_t i = 0; i < COUNT(row); i++) {
		AUTO_FREE char *text =
			mem_fmt("[job]\nregistry = contoso\ntoken = %s\n" SINK, row[i].token);
		AUTO_COMMON struct common c = { 0 };
		AUTO_JOB struct job *j = NULL;
		struct err e = ERR_INIT;
		assert_true(common_parse("/c", "", 0, &c, &e));
		known_host(&c, row[i].host);
		bool ok = job_parse(&c, "web", "/w", text, strlen(text), &j, &e);
		CHECK(ok == (row[i].want != NULL), "%s on '%s': %s", row[i].token, row[i].host,
		      e.text);
		if (ok)
			CHECK_TEXT(j->token, row[i].want, "%s on '%s'", row[i].token, row[i].host);
		else
			CHECK(strncmp(e.text, "/w:3: 'token' ", 14) == 0, "%s", e.text);
	}
}

/* A default that can be expanded for some jobs and not for others. */
static void a_default_without_a_home(void **state)
{
	(void)state;
	static const char common[] =
		"[defaults]\nresource_group = %h\n[defaults docker]\npath = %h/config.json\n";
	static const char own[] = JOB "resource_group = rg\n[sink d]\ntype = docker\n";
	AUTO_COMMON struct common c = { 0 };
	AUTO_JOB struct job *j = NULL;
	struct err e = ERR_INIT;

	assert_int_equal(setenv("HOME", "/h", 1), 0);
	CHECK(common_parse("/c", common, strlen(common), &c, &e), "%s", e.text);
	known_host(&c, "web-1");
	mem_free_ptr(&c.host.home);
	c.host.home = NULL;
	assert_false(job_parse(&c, "web", "/j", JOB SINK, strlen(JOB SINK), &j, &e));
	assert_string_equal(
		e.text,
		"/c:2: 'resource_group': '%h' stands for a home directory, and there is none here");
	assert_false(job_parse(&c, "web", "/j", own, strlen(own), &j, &e));
	assert_string_equal(
		e.text, "/c:4: 'path': '%h' stands for a home directory, and there is none here");
}

static void job_names(void **state)
{
	(void)state;
	/* clang-format off */
	static const struct { const char *name; bool ok; } row[] = {
		{ "web", true }, { "0", true },   { "a.b_c-d@e", true }, { "", false },
		      { ".web", false },
		{ "-x", false }, { "_x", false }, { "@", false },        { "a b", false },
		   { "a/b", false },
		{ "a%", false }, { "\xc3\xa4", false },
	};
	/* clang-format on */
	for (size_t i = 0; i < COUNT(row); i++) {
		struct err e = ERR_INIT;
		CHECK(job_name_ok(row[i].name, &e) == row[i].ok, "'%s'", row[i].name);
	}
	char longest[JOB_NAME_MAX + 2];
	struct err e = ERR_INIT;
	memset(longest, 'x', sizeof(longest));
	longest[JOB_NAME_MAX] = '\0';
	assert_true(job_name_ok(longest, &e));
	longest[JOB_NAME_MAX] = 'x';
	longest[JOB_NAME_MAX + 1] = '\0';
	assert_false(job_name_ok(longest, &e));

	AUTO_COMMON struct common c = { 0 };
	AUTO_JOB struct job *j = NULL;
	assert_true(common_parse("/c", "", 0, &c, &e));
	assert_false(job_parse(&c, "a b", "/j/a b.conf", JOB SINK, strlen(JOB SINK), &j, &e));
	assert_memory_equal(e.text, "/j/a b.conf: a job's name has", 29);
}

static void entries_to_compare(void **state)
{
	(void)state;
	/* clang-format off */
	static const struct { const char *azure, *registry, *token, *other_azure, *other_registry, *other_token; bool same; } row[] = {
		{ "", "contoso", "web-pull", "", "contoso", "web-pull", true },
		{ "", "contoso", "web-pull", "", "Contoso", "Web-Pull", true },
		{ "", "contoso", "web-pull", "", "contoso.azurecr.io", "web-pull", true },
		{ "", "contoso", "web-pull", "", "contoso", "web-push", false },
		{ "", "contoso", "web-pull", "", "fabrikam", "web-pull", false },
		{ "", "contoso", "web-pull", "cloud = china\n", "contoso", "web-pull", false },
	};
	/* clang-format on */
	for (size_t i = 0; i < COUNT(row); i++) {
		AUTO_FREE char *one = mem_fmt("[azure]\n%s[job]\nregistry = %s\ntoken = %s\n" SINK,
		                              row[i].azure, row[i].registry, row[i].token);
		AUTO_FREE char *two =
			mem_fmt("[azure]\n%s[job]\nregistry = %s\ntoken = %s\n" SINK,
		                row[i].other_azure, row[i].other_registry, row[i].other_token);
		AUTO_COMMON struct common a = { 0 }, b = { 0 };
		AUTO_JOB struct job *j = NULL, *k = NULL;
		AUTO_BUF struct buf x = BUF_INIT(4096), y = BUF_INIT(4096);
		struct err e = ERR_INIT;
		CHECK(parse_both("", one, &a, &j, &e) && parse_both("", two, &b, &k, &e),
		      "row %zu: %s", i, e.text);
		job_token_entry(j, &x);
		job_token_entry(k, &y);
		CHECK((strcmp(buf_cstr(&x), buf_cstr(&y)) == 0) == row[i].same, "%s / %s",
		      buf_cstr(&x), buf_cstr(&y));
		buf_reset(&x);
		buf_reset(&y);
		job_sink_entry(j, 0, &x);
		job_sink_entry(k, 0, &y);
		/* The sink does not know tokens: one entry per server. */
		bool same_server = strncmp(row[i].other_registry, "fab", 3) != 0 &&
		                   row[i].other_azure[0] == '\0';
		CHECK((strcmp(buf_cstr(&x), buf_cstr(&y)) == 0) == same_server, "%s / %s",
		      buf_cstr(&x), buf_cstr(&y));
	}
}

static void sections_for_listings(void **state)
{
	(void)state;
	struct key_section s[32];
	size_t n = config_key_sections(s, COUNT(s));

	assert_in_range(n, 7, COUNT(s)); /* five sections, and two types of sink at least */
	assert_int_equal(config_key_sections(s, 1), n);
	for (size_t i = 0; i < config_key_sections(s, COUNT(s)); i++)
		for (size_t k = 0; k < s[i].n; k++) {
			CHECK(s[i].n <= KEYS_MAX, "%s has more keys than KEYS_MAX", s[i].section);
			CHECK(s[i].rows[k].help != NULL && s[i].rows[k].help[0] != '\0',
			      "%s has no help", s[i].rows[k].name);
			CHECK((s[i].rows[k].type == KEY_CHOICE) == (s[i].rows[k].choices != NULL),
			      "%s", s[i].rows[k].name);
		}
}

static void nothing_to_free(void **state)
{
	(void)state;
	job_free(NULL);
	AUTO_COMMON struct common c = { 0 };
	common_clear(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_smallest_job),
		cmocka_unit_test(every_key_of_a_job),
		cmocka_unit_test(defaults),
		cmocka_unit_test(times),
		cmocka_unit_test(followers),
		cmocka_unit_test(followers_times),
		cmocka_unit_test(refused_jobs),
		cmocka_unit_test(refused_common),
		cmocka_unit_test(common_values),
		cmocka_unit_test(identities),
		cmocka_unit_test(files_of_credentials),
		cmocka_unit_test(tokens_from_the_host),
		cmocka_unit_test(a_default_without_a_home),
		cmocka_unit_test(job_names),
		cmocka_unit_test(entries_to_compare),
		cmocka_unit_test(sections_for_listings),
		cmocka_unit_test(nothing_to_free),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
