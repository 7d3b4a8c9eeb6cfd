/* SPDX-License-Identifier: MIT
 *
 * The names an object keeps once the file is gone: its functions for
 * backtraces, its exports for those who import. One block holds all the text: the part of the
 * file's string table from the first name to the last, whatever else is in it.
 */
#include "loader/layout.h"

#include "modfmt/mem.h"

static size_t text_size(const char *text)
{
	size_t size = 1;

	while (text[size - 1])
		size++;
	return size;
}

/* ---- exports ------------------------------------------------------------------- */

static enum helix_status fail_export(struct hload_work *work, uint32_t i, const char *name,
				     const char *why)
{
	hmod_fail(work->diag, HELIX_E_META_EXPORT, HMOD_STAGE_METADATA, HMOD_NOWHERE);
	hmod_diag_name(work->diag, name, SIZE_MAX);
	hmod_diag_other(work->diag, why, SIZE_MAX);
	if (work->diag)
		work->diag->index = i;
	return HELIX_E_META_EXPORT;
}

/* NULL, or what is wrong with an export; `bytes` of text so far. */
static const char *what_is_wrong(const struct hload_work *work,
				 const struct hload_export_entry *entry, uint64_t bytes)
{
	if (entry->address == HLOAD_UNLOADED)
		return "it is in a section that is not loaded";
	if (bytes > work->name_budget)
		return "the names are too long together";
	if (hload_is_got_name(entry->node.key))
		return "is a name of the loader's own";
	return entry->ns ? hmod_namespace_check(entry->ns) : NULL;
}

/* One entry, its texts still pointing into the file; *bytes counts those that the
 * string table does not hold. */
static enum helix_status read_export(struct hload_work *work, const struct hmod_export *export,
				     struct hload_export_entry *entry, uint64_t *bytes)
{
	const struct hmod_image *image = work->image;
	const struct elf64_symbol *symbol = &image->symbols[export->symbol];
	const char *wrong;

	entry->node.key = export->name;
	entry->node.length = (uint32_t)hmod_name_length(export->name,
							image->file.data + image->file.size);
	entry->address = work->value[export->symbol];
	entry->owner = work->loading->owner;
	entry->ns = export->ns;
	hload_note_deprecation(work->loading, export, entry);
	entry->weak = elf64_symbol_bind(symbol) == ELF_STB_WEAK;
	hload_keep_name(work, symbol->name);
	work->export_bytes += entry->node.length;
	*bytes += (export->ns ? text_size(export->ns) : 0) +
		  (entry->replacement ? text_size(entry->replacement) : 0);
	wrong = what_is_wrong(work, entry, *bytes + work->export_bytes);
	return wrong ? fail_export(work, (uint32_t)(entry - work->object->exports), export->name,
				   wrong) :
		       HELIX_OK;
}

static enum helix_status read_exports(struct hload_work *work, uint64_t *bytes)
{
	struct hload_object *object = work->object;
	struct hmod_export_cursor cursor = { 0 };
	uint32_t count = hmod_export_count(work->image);
	enum helix_status status = HELIX_OK;
	struct hmod_export export;

	if (!count)
		return HELIX_OK;
	object->exports = hload_work_alloc(work, count, sizeof *object->exports,
					   HMOD_STAGE_RESOLVE, "exports");
	if (!object->exports)
		return HELIX_E_NO_MEMORY;
	object->export_room = count;
	memset(object->exports, 0, count * sizeof *object->exports);
	for (uint32_t i = 0; !status && i < count; i++) {
		status = hmod_export_next(work->image, &cursor, &export, work->diag);
		if (!status)
			status = read_export(work, &export, &object->exports[i], bytes);
	}
	return status;
}

static const char *name_of(const struct hload_loading *loading, const void *owner)
{
	return loading->owner_name ? loading->owner_name(loading->ctx, owner) : "another module";
}

static enum helix_status fail_entry(struct hload_work *work, const struct hload_node *node,
				    enum helix_status status)
{
	const struct hload_loading *loading = work->loading;
	const struct hload_export_entry *entry = (const void *)node;

	hmod_fail(work->diag, status, HMOD_STAGE_RESOLVE, HMOD_NOWHERE);
	hmod_diag_name(work->diag, node->key, SIZE_MAX);
	if (status != HELIX_E_DUPLICATE_EXPORT)
		return status;
	hmod_diag_other(work->diag, name_of(loading, entry->owner), SIZE_MAX);
	hmod_diag_module(work->diag, name_of(loading, loading->owner));
	return status;
}

/* Where the module's exports go. */
static struct hload_index *index_of(const struct hload_work *work)
{
	return work->loading->fresh ? work->loading->fresh : work->loading->exports;
}

/* Somebody's entry of that name stood there before ours. A weak one of ours waits
 * behind it; else weak ones of others go behind ours, in their order, until one is
 * strong. */
static enum helix_status contend(struct hload_work *work, struct hload_export_entry *ours)
{
	struct hload_index *index = index_of(work);

	for (;;) {
		struct hload_node *node = hload_index_find(index, ours->node.key,
							   ours->node.length, ours->node.hash);
		struct hload_export_entry *first = (void *)node;

		if (first == ours)
			return HELIX_OK;
		if (first->owner == ours->owner || (!first->weak && !ours->weak))
			return fail_entry(work, node, HELIX_E_DUPLICATE_EXPORT);
		if (ours->weak)
			return HELIX_OK;
		hload_index_remove(index, node);
		if (!hload_index_add(index, node, node->key))
			return fail_entry(work, node, HELIX_E_NO_MEMORY);
	}
}

static char *copy(char *to, const char **text)
{
	size_t size = text_size(*text);

	memcpy(to, *text, size);
	*text = to;
	return to + size;
}

static enum helix_status enter_export(struct hload_work *work, struct hload_export_entry *entry)
{
	struct hload_node *node = &entry->node, *before;
	enum helix_status status = HELIX_OK;

	/* The file's table and the part of it that is kept. */
	node->key = work->object->strings +
		    ((const uint8_t *)node->key - work->image->symbol_names.data -
		     work->object->name_base);
	node->hash = hmod_name_hash(node->key, node->length);
	if (!hload_index_enter(index_of(work), node, &before))
		return fail_entry(work, node, HELIX_E_NO_MEMORY);
	work->object->export_count++;
	if (before)
		status = contend(work, entry);
	return !status && hload_is_crowded(work) ? hload_fail_crowded(work, node->key) : status;
}

/* Enters the exports; `text` has room for their other texts. */
static enum helix_status enter_exports(struct hload_work *work, char *text)
{
	struct hload_object *object = work->object;
	enum helix_status status = HELIX_OK;

	while (!status && object->export_count < object->export_room) {
		struct hload_export_entry *entry = &object->exports[object->export_count];

		if (entry->ns)
			text = copy(text, &entry->ns);
		if (entry->replacement)
			text = copy(text, &entry->replacement);
		status = enter_export(work, entry);
	}
	return status;
}

/* ---- functions ----------------------------------------------------------------- */

#define RADIX 256
#define FEW 64 /* functions */

/* One pass of a radix sort: by eight bits of the offset, equal ones in order. */
static void sort_by(const struct hload_function *from, struct hload_function *to, uint32_t count,
		    unsigned shift)
{
	uint32_t place[RADIX] = { 0 }, end = 0;

	for (uint32_t i = 0; i < count; i++)
		place[from[i].offset >> shift & (RADIX - 1)]++;
	for (unsigned digit = 0; digit < RADIX; digit++) {
		uint32_t here = place[digit];

		place[digit] = end;
		end += here;
	}
	for (uint32_t i = 0; i < count; i++)
		to[place[from[i].offset >> shift & (RADIX - 1)]++] = from[i];
}

/* For a few. */
static void sort_few(const struct hload_function *from, struct hload_function *to, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		uint32_t at = i;

		for (; at && to[at - 1].offset > from[i].offset; at--)
			to[at] = to[at - 1];
		to[at] = from[i];
	}
}

/* Sorts what resolving noted into the object's list: compilers write symbols
 * nearly in order, linkers do not. Linear. */
static void sort_many(struct hload_work *work, struct hload_function *sorted)
{
	struct hload_function *from = work->functions, *to = sorted, *swap;
	const uint32_t count = work->function_count;

	for (unsigned shift = 0; shift < 32 && work->size[HLOAD_TEXT] >> shift; shift += 8) {
		sort_by(from, to, count, shift);
		swap = from;
		from = to;
		to = swap;
	}
	if (from != sorted)
		memcpy(sorted, from, count * sizeof *sorted);
}

static enum helix_status keep_functions(struct hload_work *work)
{
	struct hload_object *object = work->object;
	const uint32_t count = work->function_count;

	if (!count)
		return HELIX_OK;
	object->functions = hload_work_alloc(work, count, sizeof *object->functions,
					     HMOD_STAGE_RESOLVE, "function names");
	if (!object->functions)
		return HELIX_E_NO_MEMORY;
	object->function_count = count;
	if (work->unsorted && count > FEW)
		sort_many(work, object->functions);
	else if (work->unsorted)
		sort_few(work->functions, object->functions, count);
	else
		memcpy(object->functions, work->functions, count * sizeof *object->functions);
	return HELIX_OK;
}

/* Copies the part of the string table that holds the names, from the first to the
 * last of them, with `bytes` more room behind it: *room. */
static enum helix_status keep_strings(struct hload_work *work, uint64_t bytes, char **room)
{
	struct hload_object *object = work->object;
	const char *names = (const char *)work->image->symbol_names.data;
	size_t kept = 0;

	if (work->first_name <= work->last_name)
		kept = work->last_name - work->first_name + text_size(names + work->last_name);
	if (!kept)
		return HELIX_OK;
	object->strings = hload_work_alloc(work, kept + (size_t)bytes, 1, HMOD_STAGE_RESOLVE,
					   "names");
	if (!object->strings)
		return HELIX_E_NO_MEMORY;
	object->strings_size = kept + (size_t)bytes;
	object->name_base = work->first_name;
	memcpy(object->strings, names + work->first_name, kept);
	*room = object->strings + kept;
	return HELIX_OK;
}

enum helix_status hload_keep_names(struct hload_work *work)
{
	enum helix_status status;
	uint64_t bytes = 0;
	char *room = NULL;

	if ((status = read_exports(work, &bytes)) || (status = keep_strings(work, bytes, &room)) ||
	    (status = keep_functions(work)))
		return status;
	return enter_exports(work, room);
}
