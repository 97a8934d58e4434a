/* SPDX-License-Identifier: MIT */
#ifndef CLI_MAIN_H
#define CLI_MAIN_H

/* What a program does with its command line, once it has called secret_setup(). The exit status. */
int cli_main(int argc, char **argv);

#endif
