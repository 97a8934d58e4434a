/* SPDX-License-Identifier: MIT */
/* What the cluster refuses, in kube-apiserver's own words. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/crypto.h"
#include "base/err.h"
#include "base/json.h"
#include "base/mem.h"
#include "cluster_deed.h"

#define DATA_MAX (1 << 20)

const struct cluster_kind cluster_kinds[CLUSTER_KINDS] = {
	{ "namespaces", "Namespace", "", "v1" },
	{ "secrets", "Secret", "", "v1" },
	{ "configmaps", "ConfigMap", "", "v1" },
	{ "serviceaccounts", "ServiceAccount", "", "v1" },
	{ "roles", "Role", "rbac.authorization.k8s.io", "rbac.authorization.k8s.io/v1" },
	{ "rolebindings", "RoleBinding", "rbac.authorization.k8s.io",
	  "rbac.authorization.k8s.io/v1" },
};

/* ---- refusals -------------------------------------------------------------------------------- */

void cluster_status(struct reply *rs, int code, const char *reason, const char *kind,
                    const char *name, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	AUTO_FREE char *text = mem_vfmt(fmt, ap);
	va_end(ap);
	exchange_reply_json(rs, code);
	buf_str(&rs->body, "{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"metadata\":{},\"status\":"
	                   "\"Failure\",\"message\":");
	buf_json(&rs->body, text);
	buf_fmt(&rs->body, ",\"reason\":\"%s\"", reason);
	if (kind != NULL) {
		buf_str(&rs->body, ",\"details\":{\"name\":");
		buf_json(&rs->body, name != NULL ? name : "");
		buf_fmt(&rs->body, ",\"kind\":\"%s\"}", kind);
	}
	buf_fmt(&rs->body, ",\"code\":%d}", code);
}

void cluster_not_found(struct reply *rs, const char *resource, const char *name)
{
	cluster_status(rs, 404, "NotFound", resource, name, "%s \"%s\" not found", resource, name);
}

void cluster_stale(struct reply *rs, const char *resource, const char *name)
{
	cluster_status(
		rs, 409, "Conflict", resource, name,
		"Operation cannot be fulfilled on %s \"%s\": the object has been modified; please "
		"apply your "
		"changes to the latest version and try again",
		resource, name);
}

/* ---- what may be in it ----------------------------------------------------------------------- */

static void cluster_invalid(struct deed *d, const char *name, const char *why)
{
	cluster_status(d->rs, 422, "Invalid", cluster_kinds[d->kind].resource, name,
	               "%s \"%s\" is invalid: %s", cluster_kinds[d->kind].kind, name, why);
}

bool cluster_is_secret(const struct deed *d)
{
	return strcmp(cluster_kinds[d->kind].resource, "secrets") == 0;
}

bool cluster_data_ok(struct deed *d, const char *name, const struct json *j)
{
	bool secret = cluster_is_secret(d);
	size_t total = 0;

	for (const struct json *m = json_child(json_get(j, "data")); m != NULL; m = json_next(m)) {
		AUTO_BUF struct buf value = BUF_INIT(CLUSTER_OBJECT_MAX);
		AUTO_JSON struct json *config = NULL;
		struct err ignored = ERR_INIT;

		if (json_type(m) != JSON_STRING ||
		    (secret && !crypto_unbase64_lax(json_text(m), strlen(json_text(m)), &value))) {
			cluster_status(d->rs, 400, "BadRequest", NULL, NULL,
			               "%s in version \"v1\" cannot be handled: illegal base64 "
			               "data|%.60s|",
			               cluster_kinds[d->kind].kind,
			               json_type(m) == JSON_STRING ? json_text(m) : "");
			return false;
		}
		total += secret ? value.len : strlen(json_text(m));
		if (secret && strcmp(json_key(m), ".dockerconfigjson") == 0 &&
		    (!json_parse(buf_cstr(&value), value.len, &config, &ignored) ||
		     json_type(config) != JSON_OBJECT)) {
			cluster_invalid(
				d, name,
				"data[.dockerconfigjson]: Invalid value: \"<secret contents "
				"redacted>\": invalid character");
			return false;
		}
	}
	if (total > DATA_MAX) {
		cluster_invalid(d, name,
		                secret ? "data: Too long: must have at most 1048576 bytes"
		                       : "[]: Too long: must have at most 1048576 bytes");
		return false;
	}
	return true;
}

static const char *type_of(const struct json *j)
{
	return json_str(j, "type") != NULL ? json_str(j, "type") : "Opaque";
}

bool cluster_change_ok(struct deed *d, const struct json *old, const struct json *new)
{
	AUTO_BUF struct buf before = BUF_INIT(CLUSTER_OBJECT_MAX),
			    after = BUF_INIT(CLUSTER_OBJECT_MAX);

	if (cluster_is_secret(d) && strcmp(type_of(old), type_of(new)) != 0) {
		cluster_invalid(d, d->name, "type: Invalid value: \"...\": field is immutable");
		return false;
	}
	if (!json_true(old, "immutable"))
		return true;
	cluster_merge(NULL, json_get(old, "data"), &before);
	cluster_merge(NULL, json_get(new, "data"), &after);
	if (strcmp(buf_cstr(&before), buf_cstr(&after)) == 0 && json_true(new, "immutable"))
		return true;
	cluster_invalid(d, d->name, "data: Forbidden: field is immutable when `immutable` is set");
	return false;
}
