/* SPDX-License-Identifier: MIT */
/* The command line from its first word to the exit status, for every program that has it. */
#ifndef CLI_MAIN_H
#define CLI_MAIN_H

/* What a program does with its command line, once it has called secret_setup(). The exit status. */
int cli_main(int argc, char **argv);

#endif
