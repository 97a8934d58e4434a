/* SPDX-License-Identifier: MIT */
/* A row for each finding of check whose remedy depends on what is wrong. */
#include "../../src/cli/remedies.h"

#include "../../src/cli/findings.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/mem.h"
#include "check.h"

static const struct {
	enum remedy_of of;
	const char *text, *fix; /* fix: "" for none of the table */
} rows[] = {
	{ REMEDY_IDENTITY, "'/etc/acrotate/secret' can be read by others (mode 0644): chmod 600 it",
	  "chmod 0600 /etc/acrotate/secret" },
	{ REMEDY_IDENTITY, "'/etc/acrotate/secret' is empty", "output tsv >/etc/acrotate/secret" },
	{ REMEDY_IDENTITY, "'/etc/acrotate/secret' does not exist",
	  "output tsv >/etc/acrotate/secret)" },
	{ REMEDY_IDENTITY, "AADSTS90002: Tenant 'x' not found", "tenant_id = ID" },
	{ REMEDY_IDENTITY, "AADSTS700016: application not found", "client_id = ID" },
	{ REMEDY_IDENTITY, "AADSTS7000215: invalid client secret", "az ad app credential reset" },
	{ REMEDY_IDENTITY, "AADSTS7000222: the client secret keys are expired", "it expired" },
	{ REMEDY_IDENTITY, "login.example.com: certificate; name that in [http] ca_file",
	  "ca_file = FILE" },
	{ REMEDY_IDENTITY, "no identity found on this host (tried): set auth in [azure]",
	  "auth = " },
	{ REMEDY_IDENTITY, "this host has no identity of its own", "az vm identity assign" },
	{ REMEDY_IDENTITY, "login.example.com: cannot connect", "" },
	{ REMEDY_SINK, "sink 'env': key 'owner': there is no group 'web' on this machine",
	  "groupadd --system web" },
	{ REMEDY_SINK, "sink 'env': '/etc/web/my file' is not a regular file",
	  "mv '/etc/web/my file' '/etc/web/my file'.aside" },
	{ REMEDY_SINK, "cannot open '/root/x': Permission denied", "namei -l /root/x" },
	{ REMEDY_SINK, "cannot create a file beside '/usr/x': Read-only file system",
	  "findmnt --target /usr/x" },
	{ REMEDY_SINK, "cannot access 'x' on the way to '/etc/x/y': Not a directory",
	  "namei -l /etc/x/y" },
	{ REMEDY_SINK,
	  "cannot access '/n/x': the file system at '/n' (nfs) does not answer "
	  "within 5 seconds",
	  "findmnt --target /n" },
	{ REMEDY_SINK, "there is no group 'web' on this machine", "groupadd --system web" },
	{ REMEDY_SINK, "there is no user 'web' on this machine", "useradd --system web" },
	{ REMEDY_SINK, "'/root/x' does not exist", "" },
};

static void each_has_its_own(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct findings f = { 0 };
		struct err e = ERR_INIT;
		(void)err_set(&e, ERR_CONFIG, "%s", rows[i].text);
		struct finding *at = findings_problem(&f, "x", &e);
		CHECK(remedies_fix(rows[i].of, &e, at) == (*rows[i].fix != '\0'), "%s",
		      rows[i].text);
		CHECK(*rows[i].fix == '\0' || strstr(at->fix, rows[i].fix) != NULL, "%s: %s",
		      rows[i].text, at->fix);
		findings_clear(&f);
	}
}

/* Every row of the program's table has one here. */
static void none_is_left_out(void **state)
{
	AUTO_BUF struct buf text = BUF_INIT(65536);
	struct err e = ERR_INIT;
	size_t n = 0;

	(void)state;
	CHECK(fs_read("src/cli/remedies.c", 65536, &text, NULL, &e), "%s", e.text);
	for (const char *at = buf_cstr(&text); (at = strstr(at, "\t{ REMEDY_")) != NULL; n++) {
		const char *from = strchr(at, '"') + 1;
		AUTO_FREE char *says = mem_dup_n(from, strcspn(from, "\""));
		size_t i = 0;
		while (i < COUNT(rows) && strstr(rows[i].text, says) == NULL)
			i++;
		CHECK(i < COUNT(rows), "no row for '%s'", says);
		at = from;
	}
	CHECK(n >= 15, "only %zu rows", n);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(each_has_its_own),
		                            cmocka_unit_test(none_is_left_out) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
