/* SPDX-License-Identifier: MIT */
/* The file-like sinks: for the small program. */
#include "sink/sink.h"

const struct sink_ops *const sink_list[] = { &sink_docker, &sink_file, NULL };
