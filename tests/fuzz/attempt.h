/* SPDX-License-Identifier: MIT
 *
 * One attempt to load bytes that may be anything, over a host that hands out
 * heap blocks of exactly the size asked for and runs no module code. Ends the
 * program when a promise is broken: a status that its diagnostic does not have,
 * a message that says nothing, anything still held. Needs no test library.
 */
#ifndef TESTS_FUZZ_ATTEMPT_H
#define TESTS_FUZZ_ATTEMPT_H

#include "loader/loader.h"

struct attempt {
	struct hload_host host;
	uint64_t blocks, bytes, regions; /* held */
	uint64_t placed; /* bytes of regions ever asked for */
	uint64_t peak; /* the most bytes held at once */
	uint64_t work; /* bytes ever asked for */
	uint64_t address; /* of the next region */
	uint64_t fail_alloc, allocs; /* number of the call that fails, from 1; 0: none */
};

void attempt_open(struct attempt *attempt);

/* Copies the bytes to a block of their own, judges them, registers them, loads
 * them and unloads what was loaded. The first status that was not OK, if any. */
enum helix_status attempt_load(struct attempt *attempt, const void *bytes, size_t size);

#endif
