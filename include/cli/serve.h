/* SPDX-License-Identifier: MIT */
/*
 * The small program under other names, for who asks for a password when it is needed: docker,
 * podman and their like by docker's protocol of credential helpers, the kubelet by that of its
 * credential provider plugins. Both answer from the copies of sinks of type `store`, and touch
 * nothing: no network, no lock, no configuration of jobs. A copy is replaced in one step, so it is
 * read whole, old or new, also while a run delivers.
 *
 * Whose: the state directory of who asks, then root's, unless he is root.
 */
#ifndef CLI_SERVE_H
#define CLI_SERVE_H

#include "base/credential.h"

struct buf;
struct err;

#define SERVE_DOCKER  "docker-credential-acrotate"
#define SERVE_KUBELET "acrotate-credential-provider"

/* What the program does under the name that it was started by; -1: that is none of these. The
 * exit status. */
int serve_as(int argc, char **argv);

#define SERVE_ASKED_MAX (64 * 1024) /* bytes on standard input */
#define SERVE_ASKED_MS  30000

/* What the kubelet asks, with the version of the protocol that it is to be answered in. */
struct serve_request {
	char *version, *image;
};
MUST_USE bool serve_request_parse(const char *text, size_t n, struct serve_request *out,
                                  struct err *e);
void serve_request_clear(struct serve_request *r);
/* The host of an image's name in small letters; NULL: none, so that it is docker's own registry.
 * Caller frees. */
char *serve_image_host(const char *image);

#endif
