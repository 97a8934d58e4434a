/* SPDX-License-Identifier: MIT */
#include "remedies.h"

#include "base/buf.h"
#include "base/err.h"
#include "findings.h"

#define LINE_MAX 2048
#define NEW_SECRET                                                                                 \
	"az ad app credential reset --id CLIENT_ID --append --query password --output tsv"

/* says: in the error's text, or the service's code. "{}" in a fix is the first name in single
 * quotes that stands in the text. Rows that say more come first. */
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
};

static void add_name(const char *text, struct buf *out)
{
	const char *from = strchr(text, '\''), *to = from == NULL ? NULL : strchr(from + 1, '\'');

	if (to == NULL)
		buf_str(out, "FILE");
	else
		buf_add(out, from + 1, (size_t)(to - from) - 1);
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
		add_name(e->text, &line);
		c++;
	}
	findings_fix(at, "%s", buf_cstr(&line));
	return true;
}
