/* SPDX-License-Identifier: MIT */
/* Where the other programs of this project are. */
#ifndef BASE_OWN_H
#define BASE_OWN_H

/* The path of one: in the directory of the running program (an uninstalled build), or in
 * ../libexec/acrotate. NULL: not installed. Caller frees. */
char *own_program(const char *name);

#endif
