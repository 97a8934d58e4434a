/* SPDX-License-Identifier: MIT */
/* What the standard output can show. */
#ifndef SRC_CLI_TERMINAL_H
#define SRC_CLI_TERMINAL_H

#include "base/base.h"

/* A terminal that moves its cursor and has colours: not TERM=dumb. */
bool terminal_is_smart(void);
/* That, and nobody has said NO_COLOR. */
bool terminal_color(void);
/* Columns of the terminal, else $COLUMNS; 0: as many as are needed. */
size_t terminal_width(void);

#endif
