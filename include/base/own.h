/* SPDX-License-Identifier: MIT */
/* Finds the other programs of this project. */
#ifndef BASE_OWN_H
#define BASE_OWN_H

/* The path of program `name`: in the directory of the running program (an uninstalled build), or in
 * ../libexec/acrotate from there. NULL if not installed. Caller frees. */
char *own_program(const char *name);

#endif
