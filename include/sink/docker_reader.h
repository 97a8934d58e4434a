/* SPDX-License-Identifier: MIT */
/*
 * Who reads a Docker configuration file, and what each makes of it. Every client has rules of its
 * own, which differ where it hurts: docker asks `credsStore` first and podman passes over it;
 * podman takes the entry of a namespace, docker never; a wrong type anywhere makes docker and
 * podman drop the whole file. They stand here as tables (docker_rules.c, docker_shape.c), and
 * tests/e2e/readers.t holds them against the clients themselves.
 *
 *   docker      the command line client and what uses its library: buildx, compose; 20.10 to 28.2
 *   containers  containers/image: podman, skopeo, buildah, CRI-O; 5.22 to 5.36
 *   kubelet     `auths` only, keys with globs, every fitting entry in turn; 1.20 to 1.34
 *   docker-py   Docker's library for Python: Ansible, older compose; 5.0 to 7.1
 *
 * Pure functions over bytes, inside src/sink only.
 */
#ifndef SINK_DOCKER_READER_H
#define SINK_DOCKER_READER_H

#include "base/base.h"
#include "base/json_span.h"

struct buf;
struct docker_doc;
struct docker_entry;
struct err;
struct secret;

enum docker_reader {
	DOCKER_READER_DOCKER,
	DOCKER_READER_CONTAINERS,
	DOCKER_READER_KUBELET,
	DOCKER_READER_PYTHON,
	DOCKER_READER__COUNT
};
#define DOCKER_READER_BIT(reader) (1u << (unsigned)(reader))
#define DOCKER_READERS_ALL        (DOCKER_READER_BIT(DOCKER_READER__COUNT) - 1)

/* No reader, but said with them: who is sent to acrotate's own helper gets there what our entry
 * says, because the job has a store of the same name. */
#define DOCKER_READERS_SERVED (1u << 31)
#define DOCKER_READERS_HELPER "acrotate"

const char *docker_reader_name(enum docker_reader reader); /* "docker" */
/* Names with spaces between them, as the key `readers` has them, to bits. ERR_CONFIG. */
MUST_USE bool docker_readers_parse(const char *names, unsigned *out, struct err *e);
/* Who reads a file of this path for an entry of this key (NULL: the login server), if nobody says.
 * */
unsigned docker_readers_default(const char *path, const char *key);

/* What a reader sends to the registry of an image. */
enum docker_sends {
	DOCKER_SENDS_NOTHING,   /* it finds nothing: it logs in as nobody */
	DOCKER_SENDS_ENTRY,     /* what `entry` says */
	DOCKER_SENDS_HELPERS,   /* what the helper `helper` answers */
	DOCKER_SENDS_BY_CHANCE, /* one of several that it cannot tell apart */
	DOCKER_DROPS_FILE       /* it cannot read the file at all: `why` */
};
#define DOCKER_WHY_MAX 256
struct docker_answer {
	enum docker_sends sends;
	const struct json_member *entry;
	struct span helper; /* a JSON string of the text */
	char why[DOCKER_WHY_MAX];
};
/* image: host[:port]/repository, without a tag. The document may be of any key: kubelet, which
 * tries every entry that fits, is said to send the document's own entry if that is among them. */
void docker_reader_ask(const struct docker_doc *d, enum docker_reader reader, const char *image,
                       struct docker_answer *out);
/* What it would send of an entry; `found` with neither name nor password: a token, or something it
 * cannot decode. */
void docker_reader_credential(const struct docker_doc *d, enum docker_reader reader,
                              const struct json_member *entry, struct docker_entry *out);

/* docker, kubelet and docker-py decode every entry before they look for one: can it be? */
MUST_USE bool docker_reader_decodes(const struct docker_doc *d, enum docker_reader reader,
                                    const struct json_member *entry);
/* An entry whose `auth` the reader cannot decode, or NULL. kubelet and docker-py drop the file for
 * it (ask says so); docker loses, in random order, what comes behind it. */
const struct json_member *docker_reader_undecodable(const struct docker_doc *d,
                                                    enum docker_reader reader);

/* Is the type of every value what these readers (bits) expect there? Else false, and what is wrong
 * for which of them. */
MUST_USE bool docker_shape_ok(const struct docker_doc *d, unsigned readers, unsigned *by,
                              char why[static DOCKER_WHY_MAX]);

/* The rules for base64 of three languages. */
enum docker_base64 { DOCKER_BASE64_GO, DOCKER_BASE64_RAW, DOCKER_BASE64_PYTHON };
enum docker_auth {
	DOCKER_AUTH_PAIR,
	DOCKER_AUTH_NO_PAIR /* no colon */,
	DOCKER_AUTH_BROKEN /* not base64 */
};
enum docker_auth docker_auth_split(enum docker_base64 how, const struct buf *text, char **username,
                                   struct secret **password);

#endif
