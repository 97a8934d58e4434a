/* SPDX-License-Identifier: MIT */
/*
 * kubeconfig files: clusters, users, and contexts that name one of each. YAML or JSON. Several
 * files count as one, as for kubectl: of two entries with the same name the first counts. Files
 * that a kubeconfig names are not read here.
 */
#ifndef KUBE_KUBECONFIG_H
#define KUBE_KUBECONFIG_H

#include "base/buf.h"

struct err;
struct json;
struct secret;

/* twice what a hundred clusters with their certificates take */
#define KUBECONFIG_MAX       (1024u * 1024)
#define KUBECONFIG_FILES_MAX 16

struct kubeconfig {
	struct kubeconfig_file {
		struct json *j;
		char *path;
	} file[KUBECONFIG_FILES_MAX];
	size_t n;
};
/* ERR_CONFIG; no message contains the text. */
MUST_USE bool kubeconfig_add(struct kubeconfig *k, const char *path, const char *text, size_t n,
                             struct err *e);
void kubeconfig_clear(struct kubeconfig *k);
#define AUTO_KUBECONFIG AUTO(kubeconfig_clear)

/* What one context says. Relative paths are resolved against the directory of their kubeconfig. */
struct kubeconfig_pick {
	char *context, *path;    /* the context's name, and the file that has it */
	char *server, *tls_name; /* tls_name: the name in the certificate, or NULL */
	char *namespace;         /* or NULL */
	char *ca_file, *token_file, *certificate_file, *key_file; /* or NULL */
	struct buf ca;                                            /* PEM; overrides ca_file */
	/* certificate and key override their files; a token file overrides the token */
	struct secret *token, *certificate, *key;
	char *secret_path; /* the kubeconfig that contains `token` or `key`; NULL: neither */
};
/* context NULL: the current one. ERR_CONFIG names a setting that is not supported, such as one that
 * would start a program or disable the verification of the server. */
MUST_USE bool kubeconfig_pick(const struct kubeconfig *k, const char *context,
                              struct kubeconfig_pick *out, struct err *e);
void kubeconfig_pick_clear(struct kubeconfig_pick *p);
#define AUTO_KUBECONFIG_PICK AUTO(kubeconfig_pick_clear)

#endif
