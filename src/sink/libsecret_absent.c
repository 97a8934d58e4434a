/* SPDX-License-Identifier: MIT */
/* In place of libsecret.c where the library is not there at build time: a sink of this type is
 * then a configuration error. */
#include "sink/remote.h"
#include "sink/sink.h"

const struct sink_ops sink_libsecret = {
	.type = "libsecret",
	.keys = remote_libsecret_keys,
	.n_keys = COUNT(remote_libsecret_keys),
	.spec_size = sizeof(struct libsecret_spec),
	.identity = remote_libsecret_identity,
};
