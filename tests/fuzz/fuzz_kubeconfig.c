/* SPDX-License-Identifier: MIT */
/* Any text as a kubeconfig: what is taken from it is whole, and what it is refused for does not
 * quote it. */
#include <stdlib.h>

#include "base/err.h"
#include "base/json.h"
#include "base/secret.h"
#include "fuzz/fuzz.h"
#include "kube/kubeconfig.h"
#include "kube/yaml.h"

static void check_pick(const struct kubeconfig_pick *p)
{
	must(p->context != NULL && p->server != NULL && *p->server != '\0' &&
	     strcmp(p->path, "/etc/k") == 0);
	must(p->token != NULL || p->token_file != NULL || p->certificate != NULL ||
	     p->certificate_file != NULL);
	must((p->certificate != NULL || p->certificate_file != NULL) ==
	     (p->key != NULL || p->key_file != NULL));
	must(p->token_file == NULL || p->token_file[0] == '/');
	must(p->secret_path != NULL || (p->token == NULL && p->key == NULL));
}

static void take_it(const char *text, size_t n)
{
	AUTO_KUBECONFIG struct kubeconfig k = { .n = 0 };
	AUTO_KUBECONFIG_PICK struct kubeconfig_pick p = { 0 };
	struct err e = ERR_INIT;

	if (kubeconfig_add(&k, "/etc/k", text, n, &e) && kubeconfig_pick(&k, NULL, &p, &e))
		check_pick(&p);
	else
		must(e.kind == ERR_CONFIG && strstr(e.text, "/etc/k") != NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_BUF struct buf json = BUF_INIT(1 << 20);
	AUTO_JSON struct json *j = NULL;
	struct err e = ERR_INIT;

	take_it((const char *)data, size);
	/* What YAML is made into is JSON. */
	if (yaml_to_json((const char *)data, size, &json, &e))
		must(json_parse(buf_cstr(&json), json.len, &j, &e));
	return 0;
}
