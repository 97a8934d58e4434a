/* SPDX-License-Identifier: MIT */
/* What sink/secret_service.c and the program acrotate-keyring agree on; the form of the messages is
 * told in src/keyring/main.c. */
#ifndef BASE_KEYRING_H
#define BASE_KEYRING_H

#define KEYRING_PROGRAM     "acrotate-keyring"
#define KEYRING_DEADLINE_S  5            /* for one call; a store takes 25 ms */
#define KEYRING_REQUEST_MAX 4096         /* PROCESS_INPUT_MAX */
#define KEYRING_ANSWER_MAX  (512 * 1024) /* a secret of SECRET_MAX, each byte of it escaped */

#endif
