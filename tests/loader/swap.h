/* SPDX-License-Identifier: MIT
 *
 * A world for replacing modules: `store`, in several versions, keeps a state,
 * exports, implements test.store and answers requests; `client` imports from it in
 * every way there is; `shelf` can take over from it.
 */
#ifndef TESTS_LOADER_SWAP_H
#define TESTS_LOADER_SWAP_H

#include "helix/module.h"
#include "loader/reload.h"
#include "loader/world.h"

struct store_operations {
	int (*add)(int n); /* to the value: what it is then */
	int (*version)(void);
	int (*nap)(int microseconds); /* stays inside so long: the version */
};

enum swap_file {
	STORE_1, STORE_2, /* the same but for the version, which every answer tells */
	STORE_NEWER, /* 3: has one more field in its state */
	STORE_NO_ADD, /* 4: does not export store_add */
	STORE_NO_INTERFACE, /* 5: its test.store is 2.0 */
	STORE_FORGETS, /* 6: without restore_state */
	STORE_SICK, /* 7: turns unhealthy when the clock says so (swap.sick) */
	STORE_RIVAL, /* 8: exports rival_export */
	SHELF, /* another module, with the same fields in its state */
	SHELF_NARROW, /* one that reads only some of them */
	CLIENT, /* imports store's function and variable: code, data, tables */
	CLIENT_PIC, /* the same through the global offset table */
	CLIENT_RELAXED, /* written for that table, and rewritten to do without */
	LATER, /* holds client, so store at second hand */
	RIVAL, /* exports rival_export */
	SWAP_FILES
};

struct swap {
	struct world world;
	struct hmod_span file[SWAP_FILES];
	const char *fails; /* "NAME VERSION HOOK" that returns -5 */
	void (*inside)(const char *hook);
	bool sick; /* version 7 says that it is not healthy */
	char steps[2048]; /* what was reported: "1 2 3 -2 -1 " */
	struct hload_step_report last[HLOAD_STEPS + 1];
	enum hload_step fail_at;
	bool lossy, dry_run;
	uint64_t probation_ns;
};
extern struct swap swap;

/* Opens a world in which store 1 runs, and client if `with` says so. */
void swap_open(enum swap_file with);
void swap_close(void);
void swap_add(const char *name, enum swap_file file); /* registered under /NAME, started */
/* Replaces `name` by that file, as what `swap` says; the diagnostic in the world. */
enum helix_status swap_reload(const char *name, enum swap_file file);
enum helix_status swap_reload_by(const char *name, const char *by);
/* What a module answers: its text, or the diagnostic's; static buffer. */
const char *swap_ask(const char *target, const char *type);
/* The saved state's bytes; freed with swap_state_free. */
struct hload_saved swap_state(const char *name);
void swap_state_free(struct hload_saved *state);
const struct store_operations *swap_operations(void); /* the kernel's; put back by close */

int swap_main(const char *name, const TTest *const *tests, size_t count);
#define SWAP_MAIN(name, ...)                                                                       \
	int main(void)                                                                             \
	{                                                                                          \
		const TTest *const tests[] = { __VA_ARGS__ };                                      \
		return swap_main(name, tests, sizeof tests / sizeof tests[0]);                     \
	}

#endif
