/* SPDX-License-Identifier: MIT */
/*
 * The clients that read a Docker configuration file ("readers"), and how each interprets it. Each
 * has rules of its own, and they conflict: docker uses `credsStore` first, podman ignores it;
 * podman honours the entry of a namespace, docker never does; a value of a wrong type anywhere
 * makes docker and podman ignore the whole file. The rules are in tables (docker_rules.c,
 * docker_shape.c), which tests/e2e/readers.t verifies with the clients themselves.
 *
 *   docker      the command line client and users of its library: buildx, compose; 20.10 to 28.2
 *   containers  containers/image: podman, skopeo, buildah, CRI-O; 5.22 to 5.36
 *   kubelet     `auths` only, keys with globs, every matching entry in turn; 1.20 to 1.34
 *   docker-py   Docker's library for Python: Ansible, older compose; 5.0 to 7.1
 *
 * Pure functions over bytes, for src/sink only.
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

/* Not a reader, but a flag among their bits: clients that use acrotate's own helper get from it
 * what our entry says, because the job has a store of the same name. */
#define DOCKER_READERS_SERVED (1u << 31)
#define DOCKER_READERS_HELPER "acrotate"

const char *docker_reader_name(enum docker_reader reader); /* "docker" */
/* Names separated by spaces, as in the key `readers`, to bits. ERR_CONFIG for an unknown name, or
 * none. */
MUST_USE bool docker_readers_parse(const char *names, unsigned *out, struct err *e);
/* The readers assumed for a file of this path and an entry of this key (NULL: the login server) if
 * none are configured. */
unsigned docker_readers_default(const char *path, const char *key);

/* What a reader sends to an image's registry. */
enum docker_sends {
	DOCKER_SENDS_NOTHING,   /* nothing: it finds no entry and is anonymous */
	DOCKER_SENDS_ENTRY,     /* what `entry` says */
	DOCKER_SENDS_HELPERS,   /* what the credential helper `helper` answers */
	DOCKER_SENDS_BY_CHANCE, /* one of several entries, in random order */
	DOCKER_DROPS_FILE       /* nothing: it ignores the whole file, `why` is the reason */
};
#define DOCKER_WHY_MAX 256
struct docker_answer {
	enum docker_sends sends;
	const struct json_member *entry;
	struct span helper; /* a JSON string in the text */
	char why[DOCKER_WHY_MAX];
};
/* image: host[:port]/repository, without a tag. The document may be of any key. The kubelet tries
 * every matching entry; if the document's own entry is among them, the answer is that one. */
void docker_reader_ask(const struct docker_doc *d, enum docker_reader reader, const char *image,
                       struct docker_answer *out);
/* What it would send from an entry. `found` with neither name nor password: a token, or
 * undecodable. */
void docker_reader_credential(const struct docker_doc *d, enum docker_reader reader,
                              const struct json_member *entry, struct docker_entry *out);

/* Can the reader decode this entry? docker, the kubelet and docker-py decode every entry before
 * they search for one. */
MUST_USE bool docker_reader_decodes(const struct docker_doc *d, enum docker_reader reader,
                                    const struct json_member *entry);
/* An entry whose `auth` the reader cannot decode, or NULL. The kubelet and docker-py ignore the
 * whole file because of it (docker_reader_ask() says so); docker loses the entries after it, in
 * random order. */
const struct json_member *docker_reader_undecodable(const struct docker_doc *d,
                                                    enum docker_reader reader);

/* Does every value have the type that these readers (bits) expect? If not, *by is the readers
 * concerned and `why` the reason. */
MUST_USE bool docker_shape_ok(const struct docker_doc *d, unsigned readers, unsigned *by,
                              char why[static DOCKER_WHY_MAX]);

/* The same for one reader, kept in the document's index, if it has one. */
MUST_USE bool docker_index_shape(const struct docker_doc *d, enum docker_reader reader,
                                 char why[static DOCKER_WHY_MAX]);
/* And docker_reader_undecodable(). */
const struct json_member *docker_index_undecodable(const struct docker_doc *d,
                                                   enum docker_reader reader);

/* How three languages decode base64. */
enum docker_base64 { DOCKER_BASE64_GO, DOCKER_BASE64_RAW, DOCKER_BASE64_PYTHON };
enum docker_auth {
	DOCKER_AUTH_PAIR,
	DOCKER_AUTH_NO_PAIR /* no colon */,
	DOCKER_AUTH_BROKEN /* not base64 */
};
enum docker_auth docker_auth_split(enum docker_base64 how, const struct buf *text, char **username,
                                   struct secret **password);

#endif
