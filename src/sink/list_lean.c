/* SPDX-License-Identifier: MIT */
/* For the program that has all but libsecret. */
#include "sink/remote.h"
#include "sink/sink.h"

const struct sink_ops *const sink_list[] = { &sink_docker, &sink_file, &sink_libsecret_keys,
	                                     &sink_helper, NULL };
