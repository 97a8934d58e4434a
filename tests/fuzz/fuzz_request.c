/* SPDX-License-Identifier: MIT */
/* What comes on the standard input of acrotate-credential-provider: what is understood has a version
 * that is spoken and an image; its host is of an image's form; no error is without words. */
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/secret.h"
#include "cli/serve.h"
#include "fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char group[] = "credentialprovider.kubelet.k8s.io/v1";
	struct serve_request r = { .image = NULL };
	struct err e = ERR_INIT;

	secret_setup();
	if (!serve_request_parse((const char *)data, size, &r, &e)) {
		must(e.kind == ERR_REMOTE && e.text[0] != '\0' && r.image == NULL);
		return 0;
	}
	must(strncmp(r.version, group, sizeof(group) - 1) == 0 && r.image[0] != '\0');
	AUTO_FREE char *host = serve_image_host(r.image);
	must(host == NULL || (strchr(host, '/') == NULL && strlen(host) < strlen(r.image)));
	serve_request_clear(&r);
	return 0;
}
