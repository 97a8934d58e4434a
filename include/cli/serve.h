/* SPDX-License-Identifier: MIT */
/*
 * The small program under other names, for clients that ask for a password when they need it:
 * docker, podman and similar clients by docker's credential helper protocol, the kubelet by that of
 * its credential provider plugins. The answers come from the copies of sinks of type `store`. No
 * network, lock or job file is used. A copy is replaced atomically, so a reader gets either the old
 * or the new one, also while a run delivers.
 *
 * Copies are looked up in the state directory of the calling user, then in root's.
 */
#ifndef CLI_SERVE_H
#define CLI_SERVE_H

#include "base/credential.h"

struct buf;
struct err;

#define SERVE_DOCKER  "docker-credential-acrotate"
#define SERVE_KUBELET "acrotate-credential-provider"

/* Serves the protocol of the name that the program was started by. Returns the exit status; -1: it
 * is none of these names. */
int serve_as(int argc, char **argv);

#define SERVE_ASKED_MAX (64 * 1024) /* bytes on standard input */
#define SERVE_ASKED_MS  30000

/* The kubelet's request, and the version of the protocol to answer in. */
struct serve_request {
	char *version, *image;
};
MUST_USE bool serve_request_parse(const char *text, size_t n, struct serve_request *out,
                                  struct err *e);
void serve_request_clear(struct serve_request *r);
/* The host in an image's name, in lowercase; NULL: none, so the image is in docker's own registry.
 * Caller frees. */
char *serve_image_host(const char *image);

#endif
