/* SPDX-License-Identifier: MIT */
/* For the small program: it reads file-like sinks, and of the others only the keys. */
#include "sink/remote.h"
#include "sink/sink.h"

const struct sink_ops *const sink_list[] = { &sink_docker, &sink_file, &sink_libsecret_keys,
	                                     &sink_helper_keys, NULL };
