/* SPDX-License-Identifier: MIT
 *
 * One object on its way through the loader's stages: a harness, an export
 * index, the opened image and the work the stages share. Closing gives all
 * back and fails the test when anything is still held.
 */
#ifndef TESTS_LOADER_OBJECT_FIXTURE_H
#define TESTS_LOADER_OBJECT_FIXTURE_H

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "loader/host_harness.h"
#include "loader/layout.h"
#include "loader/reloc.h"

#define FIXTURE_EXPORTS 64

struct fixture {
	struct harness harness;
	struct hload_index index;
	struct hload_export_entry offered[FIXTURE_EXPORTS]; /* what others export */
	unsigned offered_count;
	struct hload_loading loading; /* owner: the fixture itself */
	struct hmod_span file; /* a copy on the heap, writable */
	struct hmod_image image;
	struct hload_object object;
	struct hload_work work;
	struct hmod_diag diag;
};

/* The bytes are copied. An image that does not open ends the test. */
void fixture_open(struct fixture *fixture, struct hmod_span file);
void fixture_close(struct fixture *fixture);
/* Offers a symbol; owner NULL is the embedder. */
void fixture_offer(struct fixture *fixture, const char *name, uint64_t address, void *owner);
/* Runs the stages from layout on, up to and with `last`. */
enum fixture_stage { LAY_OUT, PLACE, COPY, NAMESPACES, RESOLVE, RELOCATE, ARRAYS, NAMES };
enum helix_status fixture_run(struct fixture *fixture, enum fixture_stage last);
/* All of hload_object_load. */
enum helix_status fixture_load(struct fixture *fixture);

/* Indices by name; end the test when there is none. */
uint32_t fixture_section(const struct fixture *fixture, const char *name);
uint32_t fixture_symbol(const struct fixture *fixture, const char *name);
/* The file's own structures, to be spoiled. */
struct elf64_section *fixture_header(struct fixture *fixture, const char *name);
struct elf64_symbol *fixture_entry(struct fixture *fixture, const char *name);
/* The address the object exports `name` at. */
uint64_t fixture_export(const struct fixture *fixture, const char *name);

/* The diagnostic has this sentence. */
#define ck_assert_says(fixture, text)                                                              \
	ck_assert_msg(strstr(harness_text(&(fixture)->diag), text) != NULL, "no '%s' in: %s",       \
		      text, harness_text(&(fixture)->diag))

#endif
