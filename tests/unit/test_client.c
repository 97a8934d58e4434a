/* SPDX-License-Identifier: MIT */
/* A thread's client, while it can be opened and while it cannot. */
#include "../../src/cli/client.h"

#include <sys/resource.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/secret.h"
#include "check.h"
#include "cli/lent.h"
#include "cli/world.h"
#include "config/job.h"
#include "http/http.h"
#include "scratch.h"

#define PEM "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"

static char ca[4200];

/* A host with a ca_file. */
struct host {
	struct config *config;
	struct lent *lent;
	struct cli_world *world;
};

static struct host open_host(void)
{
	AUTO_FREE char *conf = mem_fmt("%s/acrotate.conf", dir),
		       *text = mem_fmt("[http]\nca_file = %s\n[run]\nstate_dir = %s/state\n", ca,
	                               dir);
	struct host h;
	struct err e = ERR_INIT;

	file_put(conf, text);
	CHECK(config_open(conf, &h.config, &e), "%s", e.text);
	h.lent = lent_new(h.config, NULL);
	h.world = cli_world_new(h.config);
	return h;
}

static void close_host(struct host *h)
{
	cli_world_free(h->world);
	lent_free(h->lent);
	config_close(h->config);
}

static int make(void **state)
{
	(void)state;
	dir = scratch_make();
	(void)snprintf(ca, sizeof(ca), "%s/ca.pem", dir);
	file_put(ca, PEM);
	return 0;
}

/* What is wrong with the CA file at one moment need not be so at the next. */
static void asks_again(void **state)
{
	AUTO(close_host) struct host h = open_host();
	struct cli_client *c = client_new(h.world, NULL);
	struct http *first = NULL, *second = NULL;
	struct err e = ERR_INIT;

	(void)state;
	file_put(ca, "half of it\n");
	CHECK(!client_http(c, &first, &e) && e.kind == ERR_CONFIG, "%s", e.text);
	assert_null(first);
	file_put(ca, PEM);
	CHECK(client_http(c, &first, &e), "%s", e.text);
	file_put(ca, "half of it\n");
	assert_true(client_http(c, &second, &e) && first == second);
	client_free(NULL, c);
	c = client_new(h.world, NULL);
	client_free(NULL, c); /* that was never asked */
}

static void takes_one_that_is_open(void **state)
{
	AUTO(close_host) struct host h = open_host();
	struct http *ready = NULL, *got = NULL;
	struct err e = ERR_INIT;

	(void)state;
	assert_true(cli_world_http(h.world, &ready, &e));
	struct cli_client *c = client_new(h.world, ready);
	assert_true(client_http(c, &got, &e) && got == ready);
	client_free(NULL, c);
}

static int out_of_descriptors(void *arg)
{
	const struct rlimit none = { 0, 0 };
	const struct host *h = arg;
	struct cli_client *c = client_new(h->world, NULL);
	struct http *got;
	struct err e = ERR_INIT;

	if (setrlimit(RLIMIT_NOFILE, &none) != 0 || client_http(c, &got, &e))
		return 1;
	client_free(NULL, c);
	return strstr(e.text, "Too many open files") != NULL ? 0 : 2;
}

static void without_descriptors(void **state)
{
	AUTO(close_host) struct host h = open_host();

	(void)state;
	assert_int_equal(in_child(out_of_descriptors, &h), 0);
}

/* ---- room ------------------------------------------------------------------------------------ */

static const struct room_row {
	rlim_t soft, hard;
	size_t clients, jobs;
	rlim_t least, most; /* that it is then */
} room_rows[] = {
	{ 64, 1000, 0, 0, 65, 512 },     { 64, 1000, 400, 10000, 1000, 1000 },
	{ 64, 100, 0, 0, 100, 100 },     { 900, 1000, 1, 1, 900, 900 },
	{ 64, 1000, 16, 16, 300, 1000 }, { 64, 64, 16, 16, 64, 64 },
};

static int make_room(void *arg)
{
	const struct room_row *r = arg;
	struct rlimit limit = { r->soft, r->hard };

	if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
		return 1;
	client_make_room(r->clients, r->jobs);
	return getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur >= r->least &&
	                       limit.rlim_cur <= r->most && limit.rlim_max == r->hard
	               ? 0
	               : 2;
}

static void room(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(room_rows); i++) {
		struct room_row r = room_rows[i];
		CHECK(in_child(make_room, &r) == 0, "row %zu", i);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(asks_again, make, scratch_teardown),
		cmocka_unit_test_setup_teardown(takes_one_that_is_open, make, scratch_teardown),
		cmocka_unit_test_setup_teardown(without_descriptors, make, scratch_teardown),
		cmocka_unit_test(room),
	};

	secret_setup();
	http_setup();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
