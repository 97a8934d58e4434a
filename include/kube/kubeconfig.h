/* SPDX-License-Identifier: MIT */
/*
 * kubeconfig: clusters, users, and contexts that name one of each. YAML, or JSON. Several files
 * count as one, as kubectl has it: of two things of one name the first one counts. No file that one
 * of them names is read here.
 */
#ifndef KUBE_KUBECONFIG_H
#define KUBE_KUBECONFIG_H

#include "base/buf.h"

struct err;
struct json;
struct secret;

/* a hundred clusters with their certificates are half of that */
#define KUBECONFIG_MAX       (1024u * 1024)
#define KUBECONFIG_FILES_MAX 16

struct kubeconfig {
	struct kubeconfig_file {
		struct json *j;
		char *path;
	} file[KUBECONFIG_FILES_MAX];
	size_t n;
};
/* ERR_CONFIG; the text is in no message. */
MUST_USE bool kubeconfig_add(struct kubeconfig *k, const char *path, const char *text, size_t n,
                             struct err *e);
void kubeconfig_clear(struct kubeconfig *k);
#define AUTO_KUBECONFIG AUTO(kubeconfig_clear)

/* What one context says. Paths are as absolute as that of the file that has them. */
struct kubeconfig_pick {
	char *context, *path;    /* its name, and the file that has it */
	char *server, *tls_name; /* tls_name: what the certificate bears, or NULL */
	char *namespace;         /* or NULL */
	char *ca_file, *token_file, *certificate_file, *key_file; /* or NULL */
	struct buf ca;                                            /* PEM; counts before ca_file */
	/* certificate and key count before their files */
	struct secret *token, *certificate, *key;
	char *secret_path; /* the file that has one of these; NULL: none has */
};
/* context NULL: the current one. What would start a program, or trust anybody, is refused by its
 * name. */
MUST_USE bool kubeconfig_pick(const struct kubeconfig *k, const char *context,
                              struct kubeconfig_pick *out, struct err *e);
void kubeconfig_pick_clear(struct kubeconfig_pick *p);
#define AUTO_KUBECONFIG_PICK AUTO(kubeconfig_pick_clear)

#endif
