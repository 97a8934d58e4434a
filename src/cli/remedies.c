/* SPDX-License-Identifier: MIT */
#include "remedies.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/show.h"
#include "findings.h"

#define LINE_MAX 2048
#define NEW_SECRET                                                                                 \
	"az ad app credential reset --id CLIENT_ID --append --query password --output tsv"

/* says: in the error's text, or the service's code. "{}" in a fix is the name in single quotes
 * that the text has behind it, or else the last one before it. Rows that say more come first. */
static const struct {
	enum remedy_of of;
	const char *says, *fix;
} rows[] = {
	{ REMEDY_IDENTITY, "can be read by others", "chmod 0600 {}" },
	{ REMEDY_IDENTITY, "is empty", NEW_SECRET " >{}    # then: chmod 0600 {}" },
	{ REMEDY_IDENTITY, "does not exist",
	  "(umask 077; " NEW_SECRET " >{})    # or copy the file there; of a certificate: key and "
	  "certificate in PEM" },
	{ REMEDY_IDENTITY, "AADSTS90002",
	  "tenant_id = ID    # az account show --query tenantId --output tsv" },
	{ REMEDY_IDENTITY, "AADSTS700016",
	  "client_id = ID    # az ad sp list --display-name NAME --query [].appId --output tsv" },
	{ REMEDY_IDENTITY, "AADSTS7000222",
	  NEW_SECRET "    # into client_secret_file: it expired" },
	{ REMEDY_IDENTITY, "AADSTS7000215", NEW_SECRET "    # into client_secret_file" },
	{ REMEDY_IDENTITY, "ca_file",
	  "ca_file = FILE    # into [http]: the authority's certificate in PEM" },
	{ REMEDY_IDENTITY, "no identity found on this host",
	  "auth = managed-identity    # into [azure]; or client-secret, certificate, "
	  "workload-identity, azure-cli: see acrotate.conf(5)" },
	{ REMEDY_IDENTITY, "no identity of its own",
	  "az vm identity assign --resource-group GROUP --name MACHINE" },
	{ REMEDY_SINK, "there is no group", "groupadd --system {}" },
	{ REMEDY_SINK, "there is no user", "useradd --system {}" },
	{ REMEDY_SINK, "is not a regular file",
	  "mv {} {}.aside    # something else stands where the file is to be" },
	{ REMEDY_SINK, "': Permission denied", "namei -l {}    # who may pass, and write, where" },
	{ REMEDY_SINK, "': Read-only file system", "findmnt --target {}    # mounted read-only" },
	{ REMEDY_SINK, "': Not a directory",
	  "namei -l {}    # something on the way is no directory" },
	{ REMEDY_SINK, "does not answer within", "findmnt --target {}    # does it hang?" },
};

/* Right behind what was said ("there is no group 'web'"), else the last one before it ("'x' is
 * empty"): in between an error says where it comes from. */
static void add_name(const char *text, const char *says, struct buf *out)
{
	const char *at = strstr(text, says), *from = NULL, *to = NULL;
	const char *behind = at != NULL ? at + strlen(says) : NULL;

	if (behind != NULL && strncmp(behind, " '", 2) == 0) {
		from = behind + 1;
		to = strchr(from + 1, '\'');
	} else {
		const char *end = at != NULL ? at + (says[0] == '\'') : text + strlen(text);
		to = memrchr(text, '\'', (size_t)(end - text));
		from = to != NULL ? memrchr(text, '\'', (size_t)(to - text)) : NULL;
	}
	if (from == NULL || to == NULL) {
		buf_str(out, "FILE");
		return;
	}
	AUTO_FREE char *name = mem_dup_n(from + 1, (size_t)(to - from) - 1),
		       *word = show_word(name);
	buf_str(out, word);
}

bool remedies_fix(enum remedy_of of, const struct err *e, struct finding *at)
{
	size_t i = 0;

	while (i < COUNT(rows) && (rows[i].of != of || (strstr(e->text, rows[i].says) == NULL &&
	                                                strcmp(e->code, rows[i].says) != 0)))
		i++;
	if (i == COUNT(rows))
		return false;
	AUTO_BUF struct buf line = BUF_INIT(LINE_MAX);
	for (const char *c = rows[i].fix; *c != '\0'; c++) {
		if (strncmp(c, "{}", 2) != 0) {
			buf_char(&line, *c);
			continue;
		}
		add_name(e->text, rows[i].says, &line);
		c++;
	}
	findings_fix(at, "%s", buf_cstr(&line));
	return true;
}
