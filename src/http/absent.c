/* SPDX-License-Identifier: MIT */
/*
 * What absent.ld puts in the place of libraries that a static libcurl names and that https does
 * not need. A name of theirs that is called all the same has to end the process: there is no
 * answer that would be right.
 */
#include <stdlib.h>

int http_absent(void);
int http_absent_setup(void);

int http_absent(void)
{
	abort();
}

/* libcurl sets SSH up and down with itself, whatever it is asked for. Success: 0. */
int http_absent_setup(void)
{
	return 0;
}
