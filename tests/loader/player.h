/* SPDX-License-Identifier: MIT
 *
 * Players: modules of compiled code that a test writes in a few lines, with the
 * whole module API, in a world; closing it discards their files.
 */
#ifndef TESTS_LOADER_PLAYER_H
#define TESTS_LOADER_PLAYER_H

#include "helix/module.h"
#include "loader/world.h"

/* Opens a world whose modules may call player_trace(text) and whatever `symbols`
 * says. */
void player_open(struct world *world, const struct hload_symbol *symbols, size_t count);
void player_close(struct world *world);

/* Compiler flags of players, "" at first. */
extern const char *player_flags;
/* A file: `code`, which may define INIT, START and STOP (what these hooks return)
 * and use `self`, the module's context; then initialisers without a last comma
 * ("" for none). */
struct hmod_span player(const char *name, const char *code, const char *more);
/* The same, registered as file /NAME, and started. */
struct hload_module *player_register(struct world *world, const char *name, const char *code,
				     const char *more);
struct hload_module *player_start(struct world *world, const char *name, const char *code,
				  const char *more);
/* Starts a registered module; a refusal ends the test. */
void player_insert(struct world *world, const char *name);

/* Asks from the shell; the answer as text: "ok:PAYLOAD", "no:ERROR", or
 * "failed:" and the diagnostic. Static buffer. */
const char *player_ask(struct world *world, const char *target, const char *type,
		       uint64_t nanoseconds);

/* What was traced since the last time is exactly this. */
#define ck_assert_played(world, text)                                                              \
	do {                                                                                       \
		ck_assert_str_eq((world)->trace, text);                                            \
		(world)->trace[0] = 0;                                                             \
	} while (0)
/* The same of the log. */
#define ck_assert_logged(world, text)                                                              \
	do {                                                                                       \
		ck_assert_str_eq((world)->log, text);                                              \
		(world)->log[0] = 0;                                                               \
	} while (0)

#endif
