/* SPDX-License-Identifier: MIT */
/* Every sink: for the whole program. */
#include "sink/sink.h"

const struct sink_ops *const sink_list[] = { &sink_docker, &sink_file, &sink_libsecret,
	                                     &sink_helper, NULL };
