/* SPDX-License-Identifier: MIT
 *
 * One load at work: what its stages share. A stage stores what it acquires in
 * the object or here, and never frees; hload_object_load does, once.
 */
#ifndef LOADER_LAYOUT_H
#define LOADER_LAYOUT_H

#include "loader/object.h"

/* Where a section goes. `kind` is HLOAD_KINDS for one that is not loaded. */
struct hload_placed {
	uint64_t offset; /* in its kind's region, bytes */
	enum hload_kind kind;
};

/* The value of a symbol whose section is not loaded. An absolute symbol may have
 * it too: the symbol's section decides. */
#define HLOAD_UNLOADED UINT64_C(0x8000000000000001)

/* All names that a load reads and keeps may come to so many times the file's size,
 * however they share their bytes there. Those of compiled objects stay below once. */
#define HLOAD_NAMES_PER_BYTE 2

struct hload_work {
	const struct hload_loading *loading;
	const struct hmod_image *image;
	struct hload_object *object;
	struct hmod_diag *diag;

	uint8_t *member; /* a section's part in a group, section_count entries; NULL: no groups */
	uint32_t *order; /* scratch, section_count entries; only for files out of order */
	struct hload_placed *section; /* section_count entries */
	uint64_t *value; /* symbol_count run-time values; NULL if there are no symbols */
	void **owners; /* of imports, with repetitions; owner_room of them */
	struct hload_index namespaces; /* that may be imported from */
	struct hload_node *namespace_nodes; /* namespace_count of them */
	uint32_t *slot; /* a symbol: its entry of the GOT, from 1; NULL until one is needed */

	uint64_t size[HLOAD_KINDS], align[HLOAD_KINDS]; /* bytes */
	uint64_t base[HLOAD_KINDS]; /* run-time addresses; an empty kind borrows another's */
	uint64_t probe_end; /* what exports->steps may come to: hashes may collide on purpose */
	uint64_t name_budget; /* bytes of names that may still be read */
	struct hload_function *functions; /* symbol_count entries; names as in the file */
	uint64_t export_bytes; /* of exports' names */
	uint32_t first_name, last_name; /* of what is kept; none: first is behind last */
	uint32_t missing; /* undefined, strong, and nobody's */
	uint32_t owner_count, owner_room;
	uint32_t function_count, last_function; /* the last one's offset */
	bool unsorted; /* functions, by offset */
	uint32_t namespace_count;
	uint32_t array_count; /* sections of constructors and destructors */
	bool again; /* the object is loaded already: nothing is placed or written */
	bool dropped; /* some sections are of groups that were there before */
	bool numbers; /* some symbols are numbers, which stay where they are in the kernel */
};

/* `count` × `each` bytes from the host, not zeroed; NULL after NO_MEMORY was
 * reported at `stage` for `what`. count must not be 0. */
void *hload_work_alloc(struct hload_work *work, size_t count, size_t each, enum hmod_stage stage,
		       const char *what);

/* Gives back what the stages took for themselves, not what is the object's. */
void hload_work_release(struct hload_work *work);

/* What GOT-relative relocations count from, and `_GLOBAL_OFFSET_TABLE_`: any
 * fixed place near the module does. Relies on placed regions. */
static inline uint64_t hload_got(const struct hload_work *work)
{
	return work->base[HLOAD_RODATA];
}

bool hload_is_got_name(const char *name);

static inline bool hload_is_placed(const struct hload_work *work, uint32_t section)
{
	return work->section[section].kind != HLOAD_KINDS;
}

/* ---- stages, in their order; what each relies on is what stands before it ---- */

/* Finds the COMDAT groups that are there more than once: all but the first are dropped. */
enum helix_status hload_find_groups(struct hload_work *work);
bool hload_is_dropped(const struct hload_work *work, uint32_t section);
/* Gives every loaded section a kind and an offset, and COMMON symbols theirs
 * behind the data (in value[]). Refuses a module over HMOD_SIZE_MAX. */
enum helix_status hload_lay_out(struct hload_work *work);
/* Takes a region for each kind that has bytes. */
enum helix_status hload_place_regions(struct hload_work *work);
/* Copies the sections' bytes; zeroes NOBITS and fills gaps. */
enum helix_status hload_copy_sections(struct hload_work *work);
/* Indexes the namespaces that the module declares. */
enum helix_status hload_find_namespaces(struct hload_work *work);
/* Refuses an import from a namespace (entry->ns is there) that is not declared. */
enum helix_status hload_may_import(struct hload_work *work, uint32_t symbol,
				   const struct hload_export_entry *entry);
/* Notes in `entry` what the module's version makes of a deprecated export; the
 * replacement still points into the file. */
void hload_note_deprecation(const struct hload_loading *loading, const struct hmod_export *export,
			    struct hload_export_entry *entry);
/* Warns of an import that is deprecated (entry->replacement is there), and refuses
 * one that was removed: SYMBOL_REMOVED, with the replacement in diag->list. */
enum helix_status hload_import_deprecated(struct hload_work *work, uint32_t symbol,
					  const struct hload_export_entry *entry);
/* True when looking up and entering names took more steps than honest names need:
 * so every load is linear, however its names were chosen (HLOAD_PROBES). */
static inline bool hload_is_crowded(const struct hload_work *work)
{
	return work->loading->exports->steps > work->probe_end;
}
enum helix_status hload_fail_crowded(struct hload_work *work, const char *name);

/* Keeps a name of the file's string table. */
static inline void hload_keep_name(struct hload_work *work, uint32_t name)
{
	work->first_name = name < work->first_name ? name : work->first_name;
	work->last_name = name > work->last_name ? name : work->last_name;
}

/* Checks every symbol and gives it its value; collects the providers. Refuses
 * strong undefined symbols that nobody exports, all of them in one message. */
enum helix_status hload_resolve(struct hload_work *work);
/* Gives global symbols of dropped sections the value of those with their names. */
enum helix_status hload_redirect_dropped(struct hload_work *work);
/* Finds the constructors and destructors, in order, once they are relocated. */
enum helix_status hload_find_arrays(struct hload_work *work);
/* True for a section of theirs. */
bool hload_is_array(const struct hmod_image *image, uint32_t section);
/* Keeps the names of functions, sorted by address, and enters the exports into
 * the index. */
enum helix_status hload_keep_names(struct hload_work *work);

#endif
