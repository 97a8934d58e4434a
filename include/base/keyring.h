/* SPDX-License-Identifier: MIT */
/* Shared by sink/secret_service.c and the program acrotate-keyring. src/keyring/main.c documents
 * the format of the messages. */
#ifndef BASE_KEYRING_H
#define BASE_KEYRING_H

#define KEYRING_PROGRAM     "acrotate-keyring"
#define KEYRING_DEADLINE_S  5            /* for one call; a store takes 25 ms */
#define KEYRING_REQUEST_MAX 4096         /* PROCESS_INPUT_MAX */
#define KEYRING_ANSWER_MAX  (512 * 1024) /* a secret of SECRET_MAX bytes, each of them escaped */

#endif
