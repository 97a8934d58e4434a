/* SPDX-License-Identifier: MIT */
/* The command line, from parsing to the exit status, for every program that has it. */
#ifndef CLI_MAIN_H
#define CLI_MAIN_H

/* Call after secret_setup(). Returns the exit status. */
int cli_main(int argc, char **argv);

#endif
