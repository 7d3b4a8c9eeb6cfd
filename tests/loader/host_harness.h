/* SPDX-License-Identifier: MIT
 *
 * A host for the loader inside a test program: memory below 2 GiB that really
 * becomes executable, counts of all that is held, and a failure on request.
 * Programs must be linked with -no-pie. Freeing with another size, writing past
 * a region or releasing one twice ends the test.
 */
#ifndef TESTS_LOADER_HOST_HARNESS_H
#define TESTS_LOADER_HOST_HARNESS_H

#include <check.h>

#include "loader/host.h"

/* For what is checked a million times: Check writes a note to a file at every
 * ck_assert that holds, at this one only when it does not. */
#define require(ok, ...)                                                                           \
	do {                                                                                       \
		if (!(ok))                                                                         \
			ck_abort_msg(__VA_ARGS__);                                                 \
	} while (0)

struct harness {
	struct hload_host host; /* hand &host to the loader; add hooks at will */
	uint64_t blocks, bytes; /* held from alloc */
	uint64_t regions, region_bytes; /* held from place */
	uint64_t unsealed; /* sealed regions that are open */
	uint64_t allocs, places, seals, unseals; /* calls so far */
	uint64_t fail_alloc, fail_place, fail_seal, fail_unseal; /* number of the call that fails, from 1; 0: none */
};

void harness_open(struct harness *harness);
/* Nothing is held any more. */
bool harness_clean(const struct harness *harness);
/* Forgets the calls so far and the failures asked for. */
void harness_rewind(struct harness *harness);

/* "gcc" at first. */
extern const char *harness_compiler;
/* Compiles C text with the module ABI's flags and `flags` (may be ""). The
 * bytes are freed with harness_discard. Ends the test when gcc refuses; may be
 * called before the tests, too. */
struct hmod_span harness_compile(const char *source, const char *flags);
/* A copy of `bytes` on its own heap block, so that reading past it is caught. */
struct hmod_span harness_copy(struct hmod_span bytes);
void harness_discard(struct hmod_span bytes);

/* A module named `name` with empty hooks around `code`; static buffer. `more`
 * are further initialisers, each ending with a comma. */
const char *harness_module(const char *name, const char *code, const char *more);

/* The diagnostic as it is printed; static buffer. */
const char *harness_text(const struct hmod_diag *diag);

#endif
