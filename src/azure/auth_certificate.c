/* SPDX-License-Identifier: MIT */
/* A service principal with a certificate: Entra ID takes an assertion that is signed with its
 * key. */
#include <strings.h>

#include "azure/entra.h"
#include "base/crypto.h"
#include "base/env.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/secret.h"
#include "base/signer.h"
#include "base/str.h"

#define ASSERTION_S 600 /* Entra advises five to ten minutes */
#define CLAIMS_MAX  4096

static bool certificate_present(const struct azure_spec *s, struct http *h, struct buf *missing)
{
	(void)h;
	if (s->certificate_file != NULL)
		return true;
	return auth_app_present(s, "AZURE_CLIENT_CERTIFICATE_PATH", "certificate_file", missing);
}

static bool read_password(const struct azure_spec *s, struct secret **out, struct err *e)
{
	const char *there =
		auth_is_default(s) ? auth_env("AZURE_CLIENT_CERTIFICATE_PASSWORD") : NULL;

	if (s->certificate_password_file != NULL)
		return fs_read_secret(s->certificate_password_file, false, out, e);
	*out = there != NULL ? secret_new(there, strlen(there)) : NULL;
	return true;
}

static bool open_signer(const struct azure_spec *s, const struct env *env, struct signer **out,
                        struct err *e)
{
	const char *path = auth_or_env(s->certificate_file, "AZURE_CLIENT_CERTIFICATE_PATH");
	AUTO_SECRET struct secret *file = NULL, *password = NULL;
	AUTO_SIGNER struct signer *signer = NULL;
	char ended[STR_TIME_MAX];

	if (path == NULL)
		return err_set(e, ERR_CONFIG,
		               "no certificate: set certificate_file in [azure], or "
		               "AZURE_CLIENT_CERTIFICATE_PATH");
	if (!read_password(s, &password, e) || !fs_read_secret_bytes(path, false, &file, e))
		return false;
	if (!signer_load(file, password, &signer, e))
		return err_in(e, "certificate '%s'", path);
	if (signer_expires(signer) <= env_now(env)) {
		str_from_time(signer_expires(signer), ended);
		return err_set(e, ERR_CONFIG, "certificate '%s' expired on %s", path, ended);
	}
	*out = take(&signer);
	return true;
}

static enum signer_flags flags_for(const struct entra_client *who)
{
	const char *chain = auth_env("AZURE_CLIENT_SEND_CERTIFICATE_CHAIN");
	bool send = chain != NULL && (strcmp(chain, "1") == 0 || strcasecmp(chain, "true") == 0);

	return (send ? SIGNER_CHAIN : 0) | (strcmp(who->tenant, "adfs") == 0 ? SIGNER_OLD : 0);
}

static void make_claims(const struct cloud *c, const struct entra_client *who, int64_t now,
                        struct buf *out)
{
	AUTO_FREE char *audience = entra_token_url(c, who->tenant);
	char id[37];

	crypto_uuid(id);
	buf_str(out, "{\"aud\":");
	buf_json(out, audience);
	buf_str(out, ",\"iss\":");
	buf_json(out, who->id);
	buf_str(out, ",\"sub\":");
	buf_json(out, who->id);
	buf_fmt(out, ",\"jti\":\"%s\",\"iat\":%lld,\"nbf\":%lld,\"exp\":%lld}", id, (long long)now,
	        (long long)now, (long long)now + ASSERTION_S);
}

static bool certificate_fetch(const struct azure_spec *s, const struct cloud *c, struct http *h,
                              const struct env *env, struct secret **token, int64_t *expires,
                              struct err *e)
{
	AUTO_SIGNER struct signer *signer = NULL;
	AUTO_SECRET struct secret *assertion = NULL;
	AUTO_BUF struct buf claims = BUF_INIT(CLAIMS_MAX);
	struct entra_client who;

	if (!entra_client(s, &who, e) || !open_signer(s, env, &signer, e))
		return false;
	make_claims(c, &who, env_now(env), &claims);
	if (!buf_ok(&claims))
		return err_set(e, ERR_CONFIG, "client_id or tenant_id is too long");
	return signer_jwt(signer, buf_cstr(&claims), flags_for(&who), &assertion, e) &&
	       entra_assert(c, &who, assertion, h, env, token, expires, e);
}

const struct auth_ops auth_certificate = { .method = "certificate",
	                                   .credential = "EnvironmentCredential",
	                                   .set = "prod",
	                                   .present = certificate_present,
	                                   .fetch = certificate_fetch };
