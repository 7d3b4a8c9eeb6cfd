/* SPDX-License-Identifier: MIT
 *
 * A whole system of modules in a test program: a host with all its hooks, files
 * by path, a record of what was called and logged. Closing destroys the system
 * and fails the test when anything is still held.
 */
#ifndef TESTS_LOADER_WORLD_H
#define TESTS_LOADER_WORLD_H

#include <check.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "loader/host_harness.h"
#include "loader/loader.h"
#include "loader/services.h"
#include "modfmt/elf_builder.h"

#define WORLD_FILES 32
#define WORLD_TEXT 8192

struct world {
	struct harness harness; /* first: it is the hooks' ctx */
	struct hload_system *system;
	struct { /* what file_get knows */
		const char *path;
		struct hmod_span bytes;
	} files[WORLD_FILES];
	unsigned file_count, files_open;
	bool pretend; /* hooks are not run, and succeed */
	pthread_mutex_t mutex; /* error-checking: a thread that takes it twice is found */
	uint64_t now_ns; /* what the clock says; it goes on while somebody waits */
	void (*meanwhile)(struct world *world); /* is called by who waits; may be NULL */
	const char *running; /* the module whose hook runs, or NULL */
	uint64_t leaked_bytes, leaked_blocks; /* what reclaim will find */
	char trace[WORLD_TEXT]; /* "+a" text came, "-a" went; hooks add to it */
	char log[WORLD_TEXT];
	struct hmod_diag diag;
};

void world_open(struct world *world);
void world_close(struct world *world);
/* From now on with threads: the real clock, waiting that lets others run, work
 * on a thread of its own. Records of what is called are not kept. */
void world_use_threads(struct world *world);
/* Waits until the threads of run_within that were left behind have ended. */
void world_join(void);

/* A file for file_get; the bytes are the caller's. */
void world_file(struct world *world, const char *path, struct hmod_span bytes);
void world_trace(struct world *world, const char *text);

/* A module with that metadata, of one-byte hooks: to be registered, or inserted
 * with `pretend`. Freed with elf_discard. */
struct hmod_span world_image(const struct elf_module *fields);
/* Registers such a module without a path. */
enum helix_status world_try(struct world *world, const struct elf_module *fields,
			    struct hload_module **module);
/* The same; a refusal ends the test. */
struct hload_module *world_add(struct world *world, const struct elf_module *fields);
/* Inserts one that was made so. */
enum helix_status world_start(struct world *world, const struct elf_module *fields);
/* Inserts, or removes, without settings; from a file. */
enum helix_status world_insert(struct world *world, const char *name, struct hmod_span bytes);
enum helix_status world_remove(struct world *world, const char *name);

const char *world_name(const struct hload_module *module);
enum hload_state world_state(struct world *world, const char *name);

/* The names in an order, parted by blanks; static buffer. */
const char *world_names(struct hload_module *const *order, size_t length);

/* Whatever is held and counted is the same. */
struct world_held {
	struct hload_counts counts;
	uint64_t blocks, bytes, regions, region_bytes;
};
struct world_held world_held(const struct world *world);
#define ck_assert_same_held(world, before)                                                         \
	do {                                                                                       \
		struct world_held held_now = world_held(world);                                    \
		ck_assert_mem_eq(&held_now, &(before), sizeof held_now);                           \
	} while (0)

/* The last diagnostic is exactly this; its list is freed. */
#define ck_assert_said(world, text)                                                                \
	do {                                                                                       \
		ck_assert_str_eq(harness_text(&(world)->diag), text);                              \
		hload_diag_free((world)->system, &(world)->diag);                                  \
	} while (0)

#define LIST(...) ((const char *const[]){ __VA_ARGS__, NULL })
#define MODULE(...) (&(struct elf_module){ __VA_ARGS__ })
#define VERSION(major, minor) ((uint64_t)(major) << 32 | (uint64_t)(minor) << 16)

/* Checks that tests run: all of them in one case. */
int world_main(const char *name, const TTest *const *tests, size_t count, double seconds);
#define WORLD_MAIN(name, seconds, ...)                                                             \
	int main(void)                                                                             \
	{                                                                                          \
		const TTest *const tests[] = { __VA_ARGS__ };                                      \
		return world_main(name, tests, sizeof tests / sizeof tests[0], seconds);           \
	}

#endif
