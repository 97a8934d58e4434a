/* SPDX-License-Identifier: MIT */
/* A service principal with a client secret. */
#include <stdlib.h>

#include "azure/entra.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/secret.h"

static bool secret_present(const struct azure_spec *s, struct http *h, struct buf *missing)
{
	(void)h;
	/* A file that the configuration names is meant to be used: what is then missing is an
	 * error, not a reason to walk on. */
	if (s->client_secret_file != NULL)
		return true;
	return auth_app_present(s, "AZURE_CLIENT_SECRET", "client_secret_file", missing);
}

static bool read_secret(const struct azure_spec *s, struct secret **out, struct err *e)
{
	/* The environment leaks to children and to /proc: it is taken only where nobody chose
	 * otherwise. */
	const char *there = auth_is_default(s) ? auth_env("AZURE_CLIENT_SECRET") : NULL;

	if (s->client_secret_file != NULL)
		return fs_read_secret(s->client_secret_file, false, out, e);
	if (there == NULL)
		return err_set(e, ERR_CONFIG,
		               "no client secret: set client_secret_file in [azure]");
	*out = secret_new(there, strlen(there));
	return true;
}

static bool secret_fetch(const struct azure_spec *s, const struct cloud *c, struct http *h,
                         const struct env *env, struct secret **token, int64_t *expires,
                         struct err *e)
{
	AUTO_SECRET struct secret *secret = NULL;
	AUTO_BUF struct buf proof = BUF_INIT(ENTRA_FORM_MAX);
	struct entra_client who;

	return entra_client(s, &who, e) && read_secret(s, &secret, e) &&
	       entra_form_secret(&proof, "client_secret", secret, e) &&
	       entra_token(c, &who, &proof, h, env, token, expires, e);
}

const struct auth_ops auth_secret = { .method = "client-secret",
	                              .credential = "EnvironmentCredential",
	                              .set = "prod",
	                              .present = secret_present,
	                              .fetch = secret_fetch };
