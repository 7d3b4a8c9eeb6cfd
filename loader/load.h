/* SPDX-License-Identifier: MIT
 *
 * The stages of loading one object, and what they hand on. Each stores what it
 * acquires here or in the object at once, and never frees: hload_object_load
 * owns it all.
 */
#ifndef LOADER_LOAD_H
#define LOADER_LOAD_H

#include "loader/object.h"

struct hload_work {
	const struct hload_loading *loading;
	const struct hload_host *host;
	const struct hmod_image *image;
	struct hload_object *object;
	struct hmod_diag *diag;
	uint64_t *where; /* a section: offset in its region << 2 | kind + 1; 0 not loaded */
	uint64_t *value; /* a symbol's run-time value */
	uint8_t *fixed; /* a symbol whose value is no address: absolute, or weak and absent */
	uint64_t size[HLOAD_KINDS], align[HLOAD_KINDS];
	uint64_t common; /* where COMMON symbols begin in DATA */
	size_t names; /* bytes used of object->strings */
};

enum helix_status hload_layout(struct hload_work *work); /* where[], size[], align[] */
enum helix_status hload_place(struct hload_work *work); /* regions, bytes copied */
enum helix_status hload_resolve(struct hload_work *work); /* value[], providers */
enum helix_status hload_relocate(struct hload_work *work);
enum helix_status hload_publish(struct hload_work *work); /* hooks, functions, exports */
enum helix_status hload_seal(struct hload_work *work);

enum helix_status hload_no_memory(struct hmod_diag *diag, enum hmod_stage stage, uint64_t bytes,
				  const char *what);

/* A loaded section's run-time address, and where to write it; 0 and NULL when
 * it is not loaded. */
uint64_t hload_section_address(const struct hload_work *work, uint32_t section);
uint8_t *hload_section_write(const struct hload_work *work, uint32_t section);

#endif
