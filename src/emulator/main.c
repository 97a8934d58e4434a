/* SPDX-License-Identifier: MIT */
/* acrotate-emulator: options, the world it starts with, its life. */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/crypto.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "emulator/cluster.h"
#include "emulator/emulator.h"
#include "emulator/fault.h"
#include "emulator/journal.h"
#include "emulator/pki.h"
#include "emulator/registries.h"
#include "emulator/registry.h"
#include "emulator/server.h"
#include "emulator/setup.h"
#include "emulator/storage.h"
#include "emulator/vault.h"

#define TENANT       "11111111-1111-1111-1111-111111111111"
#define SUBSCRIPTION "22222222-2222-2222-2222-222222222222"
#define CLIENT       "44444444-4444-4444-4444-444444444444"
#define ARC_KEY_DIR  "/var/opt/azcmagent/tokens"
#define NONCE_BYTES  48
#define FILES_WANTED 65536

/* ---- options --------------------------------------------------------------------------------- */

enum kind { TEXT, LIST, WHOLE, FLAG, TICKS, COUNT_OF, SPECIAL };

struct program {
	struct emulator *emu;
	struct wanted *w;
	bool help, version;
};

struct option_row {
	const char *name;
	enum kind kind;
	size_t offset; /* into struct settings, or struct wanted */
	bool wanted;
	int64_t max; /* WHOLE, COUNT_OF */
	bool (*special)(struct program *p, const char *value, struct err *e);
	const char *argument, *help;
};

static bool set_fast(struct program *p, const char *value, struct err *e)
{
	(void)value;
	(void)e;
	p->emu->set.propagation = p->emu->set.settle = 0;
	p->emu->set.replicas = 1;
	p->emu->set.retry_after = 1;
	return true;
}

static bool set_limit(struct program *p, const char *value, struct err *e)
{
	static const struct rate real[BUCKET__COUNT] = { [BUCKET_READ] = { 250, 25 },
		                                         [BUCKET_WRITE] = { 200, 10 },
		                                         [BUCKET_DELETE] = { 200, 10 } };
	AUTO_FREE char *copy = mem_dup(value);
	char *second = copy, *first = strsep(&second, ",");
	bool is_real = strcmp(first, "real") == 0;
	int64_t b = 0, n = 1;

	if ((!is_real && (second == NULL || !str_int(first, 1, 1000000, &b))) ||
	    (second != NULL && !str_int(second, is_real, 1000000, &n)))
		return err_set(e, ERR_USAGE,
		               "--arm-limit wants BURST,PER_SECOND or real[,TIMES_AS_FAST]");
	for (int i = 0; i < BUCKET__COUNT; i++)
		p->emu->set.limit[i] =
			is_real ? (struct rate){ real[i].burst, real[i].per_second * (double)n }
				: (struct rate){ (double)b, (double)n };
	return true;
}

static bool set_balance(struct program *p, const char *value, struct err *e)
{
	p->emu->set.random_replica = strcmp(value, "random") == 0;
	if (p->emu->set.random_replica || strcmp(value, "turns") == 0)
		return true;
	return err_set(e, ERR_USAGE, "--balance wants 'turns' or 'random'");
}

static bool set_arc_dir(struct program *p, const char *value, struct err *e)
{
	(void)e;
	mem_free_ptr(&p->emu->arc_key_dir);
	p->emu->arc_key_dir = mem_dup(value);
	return true;
}

static bool ask_help(struct program *p, const char *value, struct err *e)
{
	(void)value;
	(void)e;
	p->help = true;
	return true;
}

static bool ask_version(struct program *p, const char *value, struct err *e)
{
	(void)value;
	(void)e;
	p->version = true;
	return true;
}

#define S(member) offsetof(struct settings, member), false
#define W(member) offsetof(struct wanted, member), true
static const struct option_row options[] = {
	{ "dir", TEXT, S(dir), 0, NULL, "DIR",
	  "where ca.pem, acrotate.conf and the rest are written (required)" },
	{ "port", WHOLE, S(port), 65535, NULL, "N", "port of the TLS listener (0: any)" },
	{ "plain-port", WHOLE, S(plain_port), 65535, NULL, "N",
	  "port of the metadata and control listener (0: any)" },
	{ "registry", LIST, W(registries), 0, NULL, "NAME[,KEY=VALUE]",
	  "a registry (contoso): subscription=, group=, label=, server=, region=, abac" },
	{ "token", LIST, W(tokens), 0, NULL, "NAME[=SCOPEMAP]",
	  "a token, without passwords (scope map _repositories_pull)" },
	{ "tokens", WHOLE, W(bulk), 100000, NULL, "N", "N tokens bulk-00001 and so on" },
	{ "scope-map", LIST, W(scope_maps), 0, NULL, "NAME=ACTION[,ACTION]",
	  "a further scope map" },
	{ "login-server", TEXT, S(login_server), 0, NULL, "HOST:PORT",
	  "what ARM gives as the registry's login server (this one)" },
	{ "registry-backend", TEXT, S(backend), 0, NULL, "HOST:PORT",
	  "a docker-registry without TLS that answers /v2/" },
	{ "resource-group", TEXT, S(resource_group), 0, NULL, "NAME",
	  "of the registries (emulated)" },
	{ "subscription", TEXT, S(subscription), 0, NULL, "ID", "the subscription (2222...)" },
	{ "tenant", TEXT, S(tenant), 0, NULL, "ID", "the tenant (1111...)" },
	{ "client-id", TEXT, S(client_id), 0, NULL, "ID", "the application (4444...)" },
	{ "allow", LIST, W(actions), 0, NULL, "ACTION",
	  "limit the application to these rights, '*' as a wildcard (all)" },
	{ "certificate", LIST, W(certificates), 0, NULL, "FILE",
	  "a certificate the application may sign with" },
	{ "fast", SPECIAL, 0, false, 0, set_fast, NULL,
	  "no propagation, one replica, everything settles at once, Retry-After 1" },
	{ "propagation", TICKS, S(propagation), 0, NULL, "TIME",
	  "until the slowest replica knows a regenerated password (5s)" },
	{ "replicas", COUNT_OF, S(replicas), 64, NULL, "N",
	  "how many replicas take turns answering logins (3)" },
	{ "balance", SPECIAL, 0, false, 0, set_balance, "HOW", "turns or random" },
	{ "settle", TICKS, S(settle), 0, NULL, "TIME", "how long creating and deleting take (2s)" },
	{ "retry-after", WHOLE, S(retry_after), 3600, NULL, "N",
	  "seconds in Retry-After of operations (10)" },
	{ "page", WHOLE, S(page), 100000, NULL, "N", "items a page of a list (100)" },
	{ "url-length", WHOLE, S(url_length), 8000, NULL, "N",
	  "length of polling URLs (3000; 0: unsigned)" },
	{ "token-lifetime", WHOLE, S(token_lifetime), 86400, NULL, "N",
	  "seconds an Entra access token lives (3600)" },
	{ "arm-limit", SPECIAL, 0, false, 0, set_limit, "BURST,RATE",
	  "throttle each kind of request; 'real[,N]' for Azure's figures, N times as fast" },
	{ "registry-limit", WHOLE, S(registry_limit), 1000000, NULL, "N",
	  "requests that a registry takes in a minute (0: any number)" },
	{ "arc-keys", SPECIAL, 0, false, 0, set_arc_dir, "DIR",
	  "where Azure Arc's challenge files go (" ARC_KEY_DIR ")" },
	{ "bad-tls", FLAG, W(bad_tls), 0, NULL, NULL,
	  "listen also with an expired, a foreign and an untrusted certificate" },
	{ "kubernetes", FLAG, W(kubernetes), 0, NULL, NULL,
	  "play a Kubernetes API server, too: DIR/kubeconfig" },
	{ "blob", FLAG, W(blob), 0, NULL, NULL,
	  "play a storage account, too, with container 'records': EMULATOR_BLOB in DIR/env" },
	{ "keyvault", FLAG, W(keyvault), 0, NULL, NULL,
	  "play the secrets of a key vault, too, at the URL of the TLS listener" },
	{ "end-with-parent", FLAG, W(with_parent), 0, NULL, NULL,
	  "end when the process that started it does" },
	{ "log", TEXT, W(log), 0, NULL, "FILE", "append the request log to FILE" },
	{ "help", SPECIAL, 0, false, 0, ask_help, NULL, "this text" },
	{ "version", SPECIAL, 0, false, 0, ask_version, NULL, "the version" },
};

static bool set_option(struct program *p, const struct option_row *row, const char *value,
                       struct err *e)
{
	char *base = row->wanted ? (char *)p->w : (char *)&p->emu->set;
	int64_t number = 0;

	switch (row->kind) {
	case TEXT:
		mem_free_ptr(base + row->offset);
		*(char **)(void *)(base + row->offset) = mem_dup(value);
		return true;
	case LIST:
		model_strings_add((struct strings *)(void *)(base + row->offset), value);
		return true;
	case FLAG:
		*(bool *)(void *)(base + row->offset) = true;
		return true;
	case TICKS:
		if (!str_duration(value, &number))
			return err_set(e, ERR_USAGE, "--%s wants a time such as 5s, not '%s'",
			               row->name, value);
		*(int64_t *)(void *)(base + row->offset) = number * STR_TICKS_PER_S;
		return true;
	case WHOLE:
	case COUNT_OF:
		if (!str_int(value, row->kind == COUNT_OF, row->max, &number))
			return err_set(e, ERR_USAGE, "--%s wants a number up to %lld, not '%s'",
			               row->name, (long long)row->max, value);
		if (row->kind == WHOLE)
			*(int64_t *)(void *)(base + row->offset) = number;
		else
			*(unsigned *)(void *)(base + row->offset) = (unsigned)number;
		return true;
	default:
		return row->special(p, value, e);
	}
}

static bool read_options(struct program *p, int argc, char **argv, struct err *e)
{
	struct option longs[COUNT(options) + 1] = { 0 };
	int index, found;

	for (size_t i = 0; i < COUNT(options); i++)
		longs[i] = (struct option){ options[i].name,
			                    options[i].argument != NULL ? required_argument
			                                                : no_argument,
			                    NULL, 1 };
	while ((found = getopt_long(argc, argv, "", longs, &index)) != -1) {
		if (found != 1)
			return err_set(e, ERR_USAGE, "try 'acrotate-emulator --help'");
		if (!set_option(p, &options[index], optarg, e))
			return false;
	}
	if (optind < argc)
		return err_set(e, ERR_USAGE, "unexpected argument '%s'", argv[optind]);
	return p->help || p->version || p->emu->set.dir != NULL ||
	       err_set(e, ERR_USAGE, "--dir is missing");
}

static void print_help(void)
{
	(void)printf(
		"usage: acrotate-emulator --dir DIR [OPTION...]\n"
		"Plays Entra ID, Azure Resource Manager and a container registry on loopback.\n\n");
	for (size_t i = 0; i < COUNT(options); i++) {
		AUTO_FREE char *left =
			mem_fmt("--%s%s%s", options[i].name, options[i].argument != NULL ? " " : "",
		                options[i].argument != NULL ? options[i].argument : "");

		(void)printf("  %-34s %s\n", left, options[i].help);
	}
}

/* ---- start and end --------------------------------------------------------------------------- */

static void set_defaults(struct emulator *emu)
{
	pthread_condattr_t monotonic;

	emu->set = (struct settings){
		.tenant = mem_dup(TENANT),
		.subscription = mem_dup(SUBSCRIPTION),
		.resource_group = mem_dup("emulated"),
		.client_id = mem_dup(CLIENT),
		.propagation = 5 * STR_TICKS_PER_S,
		.settle = 2 * STR_TICKS_PER_S,
		.retry_after = 10,
		.page = 100,
		.url_length = 3000,
		.token_lifetime = 3600,
		.replicas = 3,
	};
	emu->arc_key_dir = mem_dup(ARC_KEY_DIR);
	(void)pthread_mutex_init(&emu->lock, NULL);
	(void)pthread_mutex_init(&emu->sleep_lock, NULL);
	(void)pthread_condattr_init(&monotonic);
	(void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&emu->sleep_wake, &monotonic);
	(void)pthread_condattr_destroy(&monotonic);
}

static bool open_dir(struct emulator *emu, struct err *e)
{
	char *real;

	if (mkdir(emu->set.dir, 0700) != 0 && errno != EEXIST)
		return err_sys(e, errno, "cannot create '%s'", emu->set.dir);
	real = realpath(emu->set.dir, NULL);
	if (real == NULL)
		return err_sys(e, errno, "cannot find '%s'", emu->set.dir);
	mem_free_ptr(&emu->set.dir);
	emu->set.dir = mem_dup(real);
	free(real);
	return true;
}

struct servers {
	struct server *item[PKI_SERVER__COUNT + 1];
	size_t n;
};

static bool start(struct emulator *emu, struct wanted *w, struct servers *all, struct err *e)
{
	const struct pki *p = emu->pki;

	if (!server_start(emu, pki_certificate(p, PKI_GOOD), pki_key(p, PKI_GOOD), &emu->set.port,
	                  &all->item[all->n++], e) ||
	    !server_start(emu, NULL, NULL, &emu->set.plain_port, &all->item[all->n++], e))
		return false;
	for (int i = PKI_GOOD + 1; w->bad_tls && i < PKI_SERVER__COUNT; i++)
		if (!server_start(emu, pki_certificate(p, (enum pki_server)i),
		                  pki_key(p, (enum pki_server)i), &w->bad_port[i],
		                  &all->item[all->n++], e))
			return false;
	return true;
}

static void stop(struct emulator *emu, struct servers *all)
{
	emulator_stop(emu);
	for (size_t i = 0; i < all->n; i++)
		server_stop(all->item[i]);
}

static void raise_file_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max < FILES_WANTED ? limit.rlim_max : FILES_WANTED;
		(void)setrlimit(RLIMIT_NOFILE, &limit); /* fewer connections then */
	}
}

static bool run(struct emulator *emu, struct wanted *w, struct err *e)
{
	AUTO_BUF struct buf nonce = BUF_INIT(256), names = BUF_INIT(64UL * 1024);
	struct servers all = { 0 };
	uint8_t random[NONCE_BYTES];
	sigset_t ends;
	int got;

	(void)sigemptyset(&ends);
	(void)sigaddset(&ends, SIGTERM);
	(void)sigaddset(&ends, SIGINT);
	(void)pthread_sigmask(SIG_BLOCK, &ends, NULL); /* before threads: they inherit it */
	(void)signal(SIGPIPE, SIG_IGN);
	raise_file_limit();
	/* Else a test that is killed leaves its emulator behind. */
	if (w->with_parent && (prctl(PR_SET_PDEATHSIG, SIGTERM) != 0 || getppid() == 1))
		return err_set(e, ERR_LOCAL, "whoever started this is gone");
	crypto_random(random, sizeof(random));
	crypto_base64(random, sizeof(random), true, &nonce);
	emu->nonce = mem_dup(buf_cstr(&nonce));
	emu->faults = fault_list_new();
	/* Listeners first, because everything names their ports; whoever finds them early gets
	 * an empty world for a moment. */
	if (!open_dir(emu, e) || !registries_names(&w->registries, &names, e) ||
	    !pki_open(emu->set.dir, buf_cstr(&names), &emu->pki, e) ||
	    !journal_open(w->log, &emu->journal, e))
		return false;
	(void)pthread_mutex_lock(&emu->lock);
	if (!start(emu, w, &all, e) || !setup_fill(emu, w, e) || !setup_write_files(emu, w, e)) {
		(void)pthread_mutex_unlock(&emu->lock);
		stop(emu, &all);
		return false;
	}
	(void)pthread_mutex_unlock(&emu->lock);
	(void)printf("acrotate-emulator ready: https://localhost:%lld, registry %s at %s, metadata "
	             "and control at http://127.0.0.1:%lld, "
	             "configuration %s/acrotate.conf\n",
	             (long long)emu->set.port, emu->model.registry[0]->name,
	             emu->model.registry[0]->login_server, (long long)emu->set.plain_port,
	             emu->set.dir);
	(void)fflush(stdout);
	(void)sigwait(&ends, &got);
	stop(emu, &all);
	return true;
}

static void release(void *value)
{
	mem_free_ptr(&value);
}

static void clear(struct emulator *emu, struct wanted *w)
{
	struct settings *s = &emu->set;
	char **texts[] = {
		&s->dir,           &s->tenant,       &s->subscription, &s->resource_group,
		&s->client_id,     &s->login_server, &s->backend,      &emu->nonce,
		&emu->arc_key_dir, &emu->arc_key,    &w->log
	};

	for (size_t i = 0; i < COUNT(texts); i++)
		mem_free_ptr(texts[i]);
	model_clear(&emu->model);
	identity_list_clear(&emu->identities);
	map_clear(&emu->buckets, release);
	map_clear(&emu->refresh, registry_forget);
	fault_list_free(emu->faults);
	cluster_free(emu->cluster);
	storage_free(emu->storage);
	vault_free(emu->vault);
	journal_free(emu->journal);
	pki_free(emu->pki);
	model_strings_clear(&w->registries);
	model_strings_clear(&w->tokens);
	model_strings_clear(&w->scope_maps);
	model_strings_clear(&w->actions);
	model_strings_clear(&w->certificates);
}

int main(int argc, char **argv)
{
	struct emulator emu = { 0 };
	struct wanted w = { 0 };
	struct program p = { .emu = &emu, .w = &w };
	struct err e = ERR_INIT;
	int status = 0;

	(void)umask(077);
	log_setup(LEVEL_WARN, LOG_TEXT);
	set_defaults(&emu);
	if (!read_options(&p, argc, argv, &e))
		status = 64;
	else if (p.help)
		print_help();
	else if (p.version)
		(void)printf("acrotate-emulator " VERSION "\n");
	else if (!run(&emu, &w, &e))
		status = err_exit_code(e.kind);
	if (status != 0)
		log_err(NULL, &e);
	clear(&emu, &w);
	return status;
}
