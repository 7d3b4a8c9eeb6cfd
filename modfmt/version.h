/* SPDX-License-Identifier: MIT
 *
 * Names, versions and dependency strings as modules write them. Pure text
 * work: no allocation, no globals; inputs are bounded by a length.
 */
#ifndef MODFMT_VERSION_H
#define MODFMT_VERSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "helix/record.h"
#include "helix/status.h"
#include "modfmt/hash.h"

/* A version is major << 32 | minor << 16 | patch, each 16 bits: comparable as
 * a number. Reads "1", "1.2" or "1.2.3" (missing parts 0); false otherwise. */
bool hmod_version_parse(const char *text, size_t length, uint64_t *version);

#define HMOD_VERSION_TEXT 18 /* "65535.65535.65535" and NUL */
/* Writes "1.2.3" into `text`, which holds HMOD_VERSION_TEXT bytes. */
void hmod_version_text(uint64_t version, char *text);

enum hmod_dependency_flags {
	HMOD_DEPENDENCY_OPTIONAL = 1,
	HMOD_DEPENDENCY_CAPABILITY = 2, /* `cap:`: any provider satisfies it */
};

/* The inclusive range [least, most] accepts every version by default. `< 2`
 * becomes most = 1.65535.65535. */
struct hmod_dependency {
	char name[HELIX_NAME_MAX + 1]; /* normalised: `-` is `_` */
	uint32_t flags;
	uint64_t least, most;
};
#define HMOD_VERSION_ANY UINT64_C(0xffffffffffff)

/* Parses `[?][cap:]name[ constraint[, constraint]…]`, constraint one of
 * `>= V`, `> V`, `<= V`, `< V`, `= V`. Returns NULL, or what is wrong, as a
 * phrase for META_DEPENDENCY's %o. An empty range is an error. */
const char *hmod_dependency_parse(const char *text, size_t length,
				  struct hmod_dependency *out);

bool hmod_dependency_accepts(const struct hmod_dependency *dependency, uint64_t version);

/* Writes the constraint as people do, `>= 1.2, < 2.0` or `= 1.0.3`, or `any version`;
 * returns as snprintf does. */
#define HMOD_CONSTRAINT_TEXT 64
size_t hmod_constraint_text(uint64_t least, uint64_t most, char *text, size_t capacity);

/* Copies a module or capability name, `-` turned into `_`. Returns NULL, or
 * what is wrong (empty, too long, a byte outside [A-Za-z0-9_-], for a
 * capability also `.`). `out` holds HELIX_NAME_MAX + 1 bytes. */
const char *hmod_name_normalise(const char *text, size_t length, bool capability, char *out);

#endif
