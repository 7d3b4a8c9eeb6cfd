/* SPDX-License-Identifier: MIT
 *
 * A module's metadata. In the file it is a record full of pointers
 * (<helix/record.h>), or the flat table that hmod link made of it (section
 * .hmod.flat, doc/HMOD.md); in memory it is always the flat table. No
 * allocation: the caller brings the buffer.
 */
#ifndef MODFMT_META_H
#define MODFMT_META_H

#include "modfmt/image.h"
#include "modfmt/version.h"

#define HMOD_FLAT_MAGIC 0x54414c46u /* "FLAT" */
#define HMOD_FLAT_FORMAT 1
#define HMOD_META_MAX (UINT64_C(1) << 20) /* bytes of a flat table */

/* The flat table: this header, the lists, then the strings. Offsets count from
 * the start of the table; every string ends with a NUL inside it. */
struct hmod_flat_header { /* 120 bytes */
	uint32_t magic, size; /* size: the whole table, bytes */
	uint16_t format, header_size;
	uint16_t abi_major, abi_minor;
	uint32_t state_version;
	uint32_t name, description, author, license; /* offsets of strings */
	uint32_t dependencies, dependency_count; /* offset, entries */
	uint32_t params, param_count;
	uint32_t interfaces, interface_count;
	uint32_t provides, provide_count; /* entries: uint32_t string offsets */
	uint32_t aliases, alias_count; /* the same */
	uint32_t authors, author_count; /* the same; at least one */
	uint32_t operations, operation_count; /* the same: names, of all interfaces */
	uint16_t api; /* 1 or 2: the record's format */
	uint16_t policy; /* enum helix_policy */
	uint64_t version, flags;
	uint64_t events; /* the record's: 0 may mean HELIX_EVENTS_DEFAULT */
} HMOD_ON_BYTES;

struct hmod_flat_dependency { /* 32 bytes */
	uint32_t name; /* offset of the normalised name */
	uint32_t flags; /* enum hmod_dependency_flags */
	uint64_t least, most; /* inclusive */
	uint64_t hash; /* hmod_name_hash of the name */
} HMOD_ON_BYTES;

struct hmod_flat_param { /* 32 bytes */
	uint32_t name, standard, description; /* offsets of strings */
	uint16_t type; /* enum helix_param_type */
	uint16_t flags; /* enum helix_param_flags */
	uint64_t least, most; /* inclusive, when ranged; of an int two's complement */
} HMOD_ON_BYTES;

enum hmod_interface_flags {
	HMOD_INTERFACE_MESSAGE = 1, /* it answers messages */
	HMOD_INTERFACE_NAMED = 2, /* its operations have names */
};

struct hmod_flat_interface { /* 32 bytes */
	uint32_t name; /* offset of the normalised name */
	uint32_t names; /* when named, offset of `count` string offsets; else 0 */
	uint16_t major, minor;
	uint32_t count; /* operations, 1 to HELIX_OPERATIONS_MAX */
	uint32_t priority;
	uint32_t flags; /* enum hmod_interface_flags */
	uint64_t hash; /* hmod_name_hash of the name */
} HMOD_ON_BYTES;

/* A validated flat table. Strings are valid as long as the table is. */
struct hmod_meta {
	const struct hmod_flat_header *header;
	const char *name, *description, *license; /* name normalised */
	const char *author; /* all of them, ", " between */
	size_t name_length;
	const struct hmod_flat_dependency *dependencies;
	const struct hmod_flat_param *params;
	const struct hmod_flat_interface *interfaces;
	const uint32_t *provides, *aliases, *authors; /* 4-byte aligned */
};

/* Writes the flat table of an opened image into `table` (8-byte aligned,
 * `capacity` bytes): copied from .hmod.flat when that is there (and then its
 * numbers must be the record's), else built from the record by following its
 * relocations inside the file. Either way it is checked as a whole. *size is
 * the bytes needed, also when `capacity` is too small (TOO_LARGE; capacity 0 with
 * table NULL just measures). */
enum helix_status hmod_meta_flatten(const struct hmod_image *image, void *table,
				    size_t capacity, size_t *size, struct hmod_diag *diag);

/* Checks `size` bytes as a flat table and fills the view. */
enum helix_status hmod_meta_view(const void *table, size_t size, struct hmod_meta *meta,
				 struct hmod_diag *diag);

/* Fills the view of a table that was checked before: hmod_meta_flatten wrote it. */
void hmod_meta_attach(const void *table, struct hmod_meta *meta);

/* The string at `offset` of a viewed table. */
const char *hmod_meta_string(const struct hmod_meta *meta, uint32_t offset);

/* The name of operation `i` of interface `interface`; NULL when not told. */
const char *hmod_meta_operation(const struct hmod_meta *meta, uint32_t interface, uint32_t i);

/* ---- parameters: param.c ------------------------------------------------- */

/* NULL, or what is wrong with a declared parameter's type, flags and range, as a
 * phrase for META_PARAM's %o. Strings are not looked at. */
const char *hmod_param_check(const struct hmod_flat_param *param);
/* NULL, or what is wrong with `value` for that (checked) parameter, as a phrase
 * for PARAM_VALUE's %o ("'x' is not an unsigned number"). The one judge of
 * defaults, settings and tools. */
const char *hmod_param_value_check(const struct hmod_flat_param *param, const char *value);
#define HMOD_RANGE_TEXT 48 /* "-9223372036854775808 to 9223372036854775807" and NUL */
/* Writes "1 to 100"; empty when the parameter has no range. */
void hmod_param_range_text(const struct hmod_flat_param *param, char text[HMOD_RANGE_TEXT]);
/* Item `i` of a list's value and its length; false past the last. An empty value
 * has no items, any other one more than commas; an item may be empty. */
bool hmod_param_item(const char *value, size_t i, const char **item, size_t *length);
/* Decimal, or hexadecimal after 0x; a leading `-` only for int. */
bool hmod_param_uint(const char *text, uint64_t *value);
bool hmod_param_int(const char *text, int64_t *value);
/* 1 y yes true on / 0 n no false off. */
bool hmod_param_bool(const char *text, bool *value);

/* "string", "int", "uint", "bool", "list". */
const char *hmod_param_type_name(uint32_t type);

/* ---- flags, events, policies: flags.c ------------------------------------ */

/* The flag bits that have a meaning. */
#define HMOD_FLAGS_KNOWN UINT64_C(0x3ff)
/* The name of flag bit `bit`, "HOT_RELOADABLE"; NULL for unassigned ones. */
const char *hmod_flag_name(unsigned bit);
/* The name of event kind `kind`, "MEMORY_PRESSURE"; NULL for unknown ones. */
const char *hmod_event_name(unsigned kind);
/* "none", "restart", "stop"; NULL for unknown ones. */
const char *hmod_policy_name(uint32_t policy);
/* Refuses flags that promise what the metadata does not declare:
 * INTERFACE_MISSING. hmod_meta_flatten has asked already. */
enum helix_status hmod_flags_check(const struct hmod_meta *meta, struct hmod_diag *diag);

/* ---- hooks, exports, interfaces: read from the file, resolved by the loader -- */

/* handle_event and handle_request are v2's, cleanup and handle_message v1's; its
 * get_state is SAVE. */
enum hmod_hook {
	HMOD_HOOK_INIT, HMOD_HOOK_START, HMOD_HOOK_STOP, HMOD_HOOK_EVENT,
	HMOD_HOOK_REQUEST, HMOD_HOOK_HEALTHY, HMOD_HOOK_SAVE, HMOD_HOOK_RESTORE,
	HMOD_HOOK_CLEANUP, HMOD_HOOK_MESSAGE,
	HMOD_HOOKS
};
/* "init" … "handle_message". */
const char *hmod_hook_name(enum hmod_hook hook);

/* symbol 0: the hook is not given. The address is the symbol's plus addend,
 * checked to lie in an executable section of the same file. */
struct hmod_reference {
	uint32_t symbol;
	int64_t addend;
};

enum helix_status hmod_hooks_read(const struct hmod_image *image,
				  struct hmod_reference hooks[HMOD_HOOKS],
				  struct hmod_diag *diag);

struct hmod_export {
	uint32_t symbol; /* defined, global or weak */
	const char *name; /* the symbol's own */
	const char *ns; /* NULL: importable by all */
	const char *replacement; /* NULL: not deprecated */
	uint64_t since, removed; /* versions; removed 0: not planned */
};

/* Entries of .hmod.export; 0 when there is none. */
uint32_t hmod_export_count(const struct hmod_image *image);

/* The relocations of one section, and where the search for the next one begins. */
struct hmod_rela_search {
	uint32_t section; /* whose bytes are relocated */
	uint32_t relas; /* a RELA section for it; 0: none */
	uint64_t next; /* entry of `relas` */
	uint64_t total; /* entries of all RELA sections for it */
	bool sorted; /* one RELA section, in offset order */
};

/* A cursor over the exports, in file order. Start with *cursor all zero;
 * returns NOT_FOUND with no diagnostic after the last. */
struct hmod_export_cursor {
	uint32_t entry;
	uint64_t budget; /* what may still be looked at */
	struct hmod_rela_search search;
};
enum helix_status hmod_export_next(const struct hmod_image *image,
				   struct hmod_export_cursor *cursor,
				   struct hmod_export *out, struct hmod_diag *diag);

struct hmod_interface {
	struct hmod_reference operations; /* `count` pointers inside loaded data */
	struct hmod_reference message; /* symbol 0: none; else a function */
	uint16_t major, minor;
	uint32_t count; /* 1 to HELIX_OPERATIONS_MAX */
	uint32_t priority;
};

/* Entries of .hmod.interface; 0 when there is none. */
uint32_t hmod_interface_count(const struct hmod_image *image);

/* A cursor over the interfaces, as over the exports. The n-th is the n-th of a
 * flattened table, whose numbers are the same. What the operations point to is
 * not looked at. */
struct hmod_interface_cursor {
	uint32_t entry;
	uint64_t budget; /* what may still be looked at */
	struct hmod_rela_search search;
};
enum helix_status hmod_interface_next(const struct hmod_image *image,
				      struct hmod_interface_cursor *cursor,
				      struct hmod_interface *out, struct hmod_diag *diag);

#endif
