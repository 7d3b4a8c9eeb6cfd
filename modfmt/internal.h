/* SPDX-License-Identifier: MIT
 *
 * What modfmt's files share.
 */
#ifndef MODFMT_INTERNAL_H
#define MODFMT_INTERNAL_H

#include "modfmt/image.h"
#include "modfmt/mem.h"
#include "modfmt/meta.h"

static inline size_t text_length(const char *text)
{
	size_t n = 0;

	while (text[n])
		n++;
	return n;
}

static inline bool text_equal(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	return *a == *b;
}

/* Where byte `inside` of a section stands in the file. */
static inline uint64_t section_offset(const struct hmod_image *image, uint32_t section,
				      uint64_t inside)
{
	return image->sections[section].offset + inside;
}

/* hmod_fail, with the section filled in. */
enum helix_status hmod_fail_section(const struct hmod_image *image, struct hmod_diag *diag,
				    enum helix_status status, uint32_t section, uint64_t offset);

/* hmod_fail for metadata: name is %n, `what` %o. */
enum helix_status hmod_fail_meta(struct hmod_diag *diag, enum helix_status status,
				 const char *name, const char *what, uint64_t offset);

static inline bool text_begins(const char *text, const char *with)
{
	while (*with && *text == *with)
		text++, with++;
	return !*with;
}

/* ---- opening: section.c -------------------------------------------------------- */

/* The sections one by one, then what links them. Already checked: the header,
 * the section table's place and the name table. */
enum helix_status hmod_sections_check(struct hmod_image *image, struct hmod_diag *diag);

/* Checks a section of type SHT_GROUP and counts it: group.c. */
enum helix_status hmod_group_check(struct hmod_image *image, uint32_t i, struct hmod_diag *diag);

/* ---- the records' pointers: pointer.c -------------------------------------------- */

/* Reads the pointers of one section: its relocations, found by bisection when
 * they are in offset order, else by walking on from the last one found. Opening,
 * walking and reading strings is paid from a budget. */
struct pointer_reader {
	const struct hmod_image *image;
	struct hmod_rela_search search;
	uint64_t *budget; /* relocations, sections and bytes that may still be looked at */
	struct hmod_diag *diag;
};

/* What one reading of the records may cost: several times what sane files need,
 * linear all the same. */
static inline uint64_t reading_budget(const struct hmod_image *image)
{
	return 4 * image->file.size;
}

/* A place in the file: section and offset in it. */
struct place {
	uint32_t section;
	uint64_t offset;
};

enum pointer_kind { POINTER_NULL, POINTER_GIVEN, POINTER_BAD };

void pointer_reader_open(struct pointer_reader *reader, const struct hmod_image *image,
			 uint32_t section, uint64_t *budget, struct hmod_diag *diag);
/* The relocation that fills the 8 bytes at `offset`; NULL with the bytes zero:
 * POINTER_NULL. */
enum pointer_kind pointer_rela(struct pointer_reader *reader, uint64_t offset,
			       const struct elf64_rela **rela);
/* Where that pointer leads; BAD when not into a section of this file. */
enum pointer_kind pointer_place(struct pointer_reader *reader, uint64_t offset,
				struct place *place);
/* The string it leads to. `what` names the field in the diagnostic. */
enum helix_status pointer_string(struct pointer_reader *reader, uint64_t offset, const char *what,
				 const char **text);

/* The function of this module it leads to: in a loaded executable section. */
enum pointer_kind pointer_function(struct pointer_reader *reader, uint64_t offset,
				   struct hmod_reference *function);

/* NULL, or what is wrong with a text: control bytes, or longer than 4 KiB. */
#define HMOD_TEXT_MAX 4096
const char *hmod_text_check(const char *text, size_t length);

/* ---- flattening --------------------------------------------------------------------- */

/* What the parts of flattening share: flatten.c. */
struct flattener {
	const struct hmod_image *image;
	struct hmod_diag *diag;
	uint64_t budget; /* what may still be looked at */
	struct pointer_reader record;
	uint8_t *table;
	size_t capacity, end; /* end: of what is placed so far */
	uint32_t named; /* names of operations written so far */
	struct hmod_flat_header header;
};

/* Writes what fits the capacity. */
void flatten_put(struct flattener *f, size_t at, const void *bytes, size_t size);
/* Appends the string and its NUL; its offset. */
uint32_t flatten_string(struct flattener *f, const char *text, size_t length);
/* TOO_LARGE when what is placed so far is over the cap. */
enum helix_status flatten_fits(struct flattener *f);

/* A list of strings in the file: list.c. */
struct list {
	struct pointer_reader reader;
	struct place place;
	uint32_t count;
	const char *what;
};

/* Finds the list that the pointer at `field` leads to and counts its entries, up
 * to `most` and one more; none when it is not given. A list that was opened
 * before, or is zeroed, may be opened again: in the same section that is cheap. */
enum helix_status list_open(struct pointer_reader *from, uint64_t field, const char *what,
			    uint32_t most, struct list *list);
enum helix_status list_entry(struct list *list, uint32_t i, const char **text);
/* Each writes its entries into the array at `array` and the strings behind. */
enum helix_status flatten_dependencies(struct flattener *f, struct list *list);
enum helix_status flatten_names(struct flattener *f, struct list *list, size_t array,
				bool capability);
enum helix_status flatten_texts(struct flattener *f, struct list *list, size_t array);

/* Counts the interfaces and the names of their operations into the header, then
 * writes them: interface.c. */
enum helix_status flatten_count_interfaces(struct flattener *f);
enum helix_status flatten_interfaces(struct flattener *f);

/* ---- the record's numbers: number.c --------------------------------------------------- */

/* META_FORMAT: `what` of the record is not as wanted. */
enum helix_status fail_record(struct flattener *f, const char *what, uint64_t wanted,
			      uint64_t found);
/* Checks that there is one record of a known format, takes its numbers over into
 * the header and opens its pointers. */
enum helix_status record_open(struct flattener *f);
/* Checks that a viewed .hmod.flat says what the records' numbers say. */
enum helix_status hmod_flat_agrees(const struct hmod_image *image, const struct hmod_meta *meta,
				   struct hmod_diag *diag);

/* ---- the whole table: unique.c ---------------------------------------------------------- */

/* Refuses a dependency, a parameter or an interface that is there twice. Sorts
 * the lists of the (viewed) table for that and puts them back as they were. */
enum helix_status hmod_flat_unique(void *table, struct hmod_diag *diag);

#endif
