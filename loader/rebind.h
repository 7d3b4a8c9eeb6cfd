/* SPDX-License-Identifier: MIT
 *
 * Places in a loaded module where an imported symbol's address went: found by
 * applying the module's relocations once more, from its file, to nothing, with
 * the address of the old symbol and with that of the new. So nothing has to be
 * kept while modules run.
 */
#ifndef LOADER_REBIND_H
#define LOADER_REBIND_H

#include "loader/internal.h"

struct hload_patch {
	struct hload_region *region;
	uint32_t offset; /* in it */
	uint8_t size, kind; /* bytes; enum hload_kind */
	uint8_t old[8], new[8];
};

struct hload_patches {
	struct hload_system *system;
	struct hload_patch *list;
	size_t count, room;
};

/* Adds the places in `module` that hold addresses of modules which the present
 * transaction replaces. Refuses what is not in memory as the file says
 * (FILE_CHANGED), and what the new one does not export. In writable data a place
 * that holds another value by now is the module's own, and left alone. */
enum helix_status hload_patches_plan(struct hload_patches *patches, struct hload_module *module,
				     struct hmod_diag *diag);
void hload_patches_free(struct hload_patches *patches);

/* Makes sealed regions writable, and closes them; nothing stays open after a
 * refusal. */
enum helix_status hload_patches_open(struct hload_patches *patches, struct hmod_diag *diag);
void hload_patches_close(struct hload_patches *patches);
/* Writes new for old, or old for new. Allocates nothing, takes no lock. */
void hload_patches_apply(const struct hload_patches *patches, bool back);

#endif
