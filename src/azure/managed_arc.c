/* SPDX-License-Identifier: MIT */
/* Azure Arc: servers that are not Azure's own. Their agent wants to see that who asks can read a
 * file that only privileged ones can. */
#include <errno.h>
#include <fcntl.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "azure/entra.h"
#include "azure/managed.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/secret.h"
#include "http/http.h"

#define AGENT    "/opt/azcmagent/bin/himds"
#define KEY_DIR  "/var/opt/azcmagent/tokens"
#define ENDPOINT "http://127.0.0.1:40342/metadata/identity/oauth2/token"
#define KEY_MAX  4096
#define URL_MAX  8192

static bool arc_here(void)
{
	bool named = auth_env("IDENTITY_ENDPOINT") != NULL && auth_env("IMDS_ENDPOINT") != NULL;

	return named || access(AGENT, F_OK) == 0;
}

bool managed_arc_key_path(const char *challenge, const char *key_dir, char **path, struct err *e)
{
	static const char realm[] = "Basic realm=";
	size_t n = strlen(key_dir);

	if (challenge == NULL || strncasecmp(challenge, realm, strlen(realm)) != 0)
		return err_set(e, ERR_REMOTE,
		               "the Azure Arc agent does not say which file proves who asks");
	const char *at = challenge + strlen(realm);
	const char *name = strncmp(at, key_dir, n) == 0 && at[n] == '/' ? at + n + 1 : "";
	size_t length = strlen(name);
	if (length <= 4 || strpbrk(name, "/=\", ") != NULL || name[0] == '.' ||
	    strcmp(name + length - 4, ".key") != 0)
		return err_set(
			e, ERR_REMOTE,
			"the Azure Arc agent names a file that is none of its keys: '%.100s'", at);
	*path = mem_dup(at);
	return true;
}

bool managed_arc_read_key(const char *path, struct secret **out, struct err *e)
{
	AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	AUTO_BUF struct buf proof = BUF_INIT(KEY_MAX + 16);
	char piece[KEY_MAX + 1];
	struct stat st;

	if (fd < 0)
		return err_sys(e, errno,
		               "cannot read '%s' (the user must be root or in group 'himds')",
		               path);
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
		return err_set(e, ERR_REMOTE,
		               "the Azure Arc agent names something that is no file: '%s'", path);
	ssize_t n = read(fd, piece, sizeof(piece));
	buf_str(&proof, "Basic ");
	if (n > 0 && n <= KEY_MAX)
		buf_add(&proof, piece, (size_t)n);
	explicit_bzero(piece, sizeof(piece));
	if (n <= 0 || n > KEY_MAX)
		return err_set(e, ERR_REMOTE, "the key of the Azure Arc agent is %s: '%s'",
		               n > KEY_MAX ? "too long" : "empty", path);
	*out = secret_new(proof.data, proof.len);
	return true;
}

bool managed_arc_ask(const char *endpoint, const char *key_dir, const struct managed_ask *q,
                     struct http *h, struct http_response *rs, struct err *e)
{
	AUTO_BUF struct buf url = BUF_INIT(URL_MAX);
	AUTO_RESPONSE struct http_response first = { 0 };
	AUTO_SECRET struct secret *key = NULL;
	AUTO_FREE char *path = NULL;
	struct http_origin o;

	if (!http_origin(endpoint, &o) || !http_origin_is_loopback(&o))
		return err_set(e, ERR_CONFIG, "IDENTITY_ENDPOINT '%.100s' is not on this host",
		               endpoint);
	buf_fmt(&url, "%s?api-version=2020-06-01", endpoint);
	managed_query(&url, q);
	struct http_request rq = { .method = HTTP_GET,
		                   .url = buf_cstr(&url),
		                   .plain_ok = true,
		                   .header = { "Metadata: true" } };
	if (!http_send(h, &rq, &first, e))
		return false;
	/* Only a challenge leads on; anything else is the answer, and is told as it is. */
	if (first.status != 401) {
		if (first.status == 200)
			return err_set(e, ERR_REMOTE,
			               "it gives out a token without asking for a proof: it is not "
			               "the agent");
		*rs = first;
		first = (struct http_response){ 0 };
		return true;
	}
	if (!managed_arc_key_path(first.challenge, key_dir, &path, e) ||
	    !managed_arc_read_key(path, &key, e))
		return false;
	rq.secret_header = "Authorization";
	rq.secret_value = key;
	return http_send(h, &rq, rs, e);
}

static bool ask(const struct managed_ask *q, struct http *h, struct http_response *rs,
                struct err *e)
{
	const char *endpoint = auth_env("IDENTITY_ENDPOINT");

	return managed_arc_ask(endpoint != NULL ? endpoint : ENDPOINT, KEY_DIR, q, h, rs, e);
}

static const char *const parameters[SELECT__COUNT] = { "client_id", "object_id", "msi_res_id" };

const struct managed_source managed_arc = { .name = "the Azure Arc agent",
	                                    .parameters = parameters,
	                                    .advice = "'azcmagent connect' gives it one",
	                                    .must_echo = true,
	                                    .here = arc_here,
	                                    .ask = ask };
