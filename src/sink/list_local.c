/* SPDX-License-Identifier: MIT */
/* For the small program: it reads file-like sinks, and of the others only the keys. */
#include "sink/remote.h"
#include "sink/sink.h"

static const struct sink_ops libsecret = {
	.type = "libsecret",
	.keys = libsecret_keys,
	.n_keys = COUNT(libsecret_keys),
	.spec_size = sizeof(struct libsecret_spec),
	.identity = libsecret_identity,
};
static const struct sink_ops helper = {
	.type = "helper",
	.keys = helper_keys,
	.n_keys = COUNT(helper_keys),
	.spec_size = sizeof(struct helper_spec),
	.validate = helper_validate,
	.identity = helper_identity,
};

const struct sink_ops *const sink_list[] = { &sink_docker, &sink_file, &libsecret, &helper, NULL };
