/* SPDX-License-Identifier: MIT
 *
 * The cast of the life cycle tests: modules of compiled code, in one world,
 * whose hooks report to the test and do what it wants.
 */
#ifndef TESTS_LOADER_CAST_H
#define TESTS_LOADER_CAST_H

#include "loader/world.h"

/* `lib` (1.5.0) exports lib_value; `user` depends on it, imports it, exports
 * user_value and has a parameter; `last` depends on user; `core` is essential. */
struct cast {
	struct world world;
	struct hmod_span lib, user, last, core;
	const char *fails; /* "NAME.HOOK" that returns -5 */
	void (*inside)(const char *hook); /* is run by every hook; it is "NAME.HOOK" */
};
extern struct cast cast;

/* Around all tests of a program. Nothing is compiled within a test but what only
 * it needs. */
int cast_main(const char *name, const TTest *const *tests, size_t count);
#define CAST_MAIN(name, ...)                                                                       \
	int main(void)                                                                             \
	{                                                                                          \
		const TTest *const tests[] = { __VA_ARGS__ };                                      \
		return cast_main(name, tests, sizeof tests / sizeof tests[0]);                     \
	}

/* Opens the world; nobody fails. world_close(&cast.world) ends it. */
void cast_open(void);
/* A module of that name: code, then initialisers without a last comma ("" for
 * none). Its hooks trace NAME.HOOK@STATE. Freed with harness_discard. */
struct hmod_span cast_compile(const char *name, const char *code, const char *more);
/* Registers; with a path, file_get knows it from then on. */
struct hload_module *cast_add(struct hmod_span file, const char *path);
/* Inserts from its file. */
enum helix_status cast_start(const char *name);
/* Registers and starts lib, user and last. */
void cast_start_chain(void);

/* Exactly this was called and told since the last time. */
#define ck_assert_traced(text)                                                                     \
	do {                                                                                       \
		ck_assert_str_eq(cast.world.trace, text);                                          \
		cast.world.trace[0] = 0;                                                           \
	} while (0)

#endif
