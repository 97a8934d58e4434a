/* SPDX-License-Identifier: MIT */
/* acrotate-net: every command, as the front program (front.c) starts it when it cannot do without
 * the network. */
#include "cli/main.h"
#include "base/secret.h"
#include "http/http.h"

int main(int argc, char **argv)
{
	secret_setup();
	http_setup();
	return cli_main(argc, argv);
}
