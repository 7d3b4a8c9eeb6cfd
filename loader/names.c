/* SPDX-License-Identifier: MIT
 *
 * The names an object keeps once the file is gone: its functions for
 * backtraces, its exports for those who import. One block holds all the text.
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

/* The entries, their keys still pointing into the file; *bytes of text. */
static enum helix_status read_exports(struct hload_work *work, uint64_t *bytes)
{
	struct hload_object *object = work->object;
	struct hmod_export_cursor cursor = { 0 };
	uint32_t count = hmod_export_count(work->image);
	struct hmod_export export;
	enum helix_status status;
	const char *wrong;

	if (!count)
		return HELIX_OK;
	object->exports = hload_work_alloc(work, count, sizeof *object->exports,
					   HMOD_STAGE_RESOLVE, "exports");
	if (!object->exports)
		return HELIX_E_NO_MEMORY;
	object->export_room = count;
	work->probe_end += HLOAD_PROBES * (uint64_t)count;
	memset(object->exports, 0, count * sizeof *object->exports);
	for (uint32_t i = 0; i < count; i++) {
		struct hload_export_entry *entry = &object->exports[i];

		status = hmod_export_next(work->image, &cursor, &export, work->diag);
		if (status)
			return status;
		entry->node.key = export.name;
		entry->address = work->value[export.symbol];
		entry->owner = work->loading->owner;
		entry->ns = export.ns;
		entry->weak = elf64_symbol_bind(&work->image->symbols[export.symbol]) == ELF_STB_WEAK;
		hload_note_deprecation(work->loading, &export, entry);
		*bytes += text_size(export.name) + (export.ns ? text_size(export.ns) : 0) +
			  (entry->replacement ? text_size(entry->replacement) : 0);
		wrong = what_is_wrong(work, entry, *bytes);
		if (wrong)
			return fail_export(work, i, export.name, wrong);
	}
	return HELIX_OK;
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

/* Somebody else's entry stands before ours. A weak one of ours waits behind it;
 * else weak ones of others go behind ours, in their order, until one is strong. */
static enum helix_status contend(struct hload_work *work, struct hload_export_entry *ours,
				 size_t length)
{
	struct hload_index *index = work->loading->exports;

	for (;;) {
		struct hload_node *node =
			hload_index_find(index, ours->node.key, length, ours->node.hash);
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

/* Enters the exports; equal keys stand in order, so the first one found tells
 * whether somebody had the name before. */
static enum helix_status enter_exports(struct hload_work *work, char *text)
{
	struct hload_object *object = work->object;
	struct hload_index *index = work->loading->exports;
	enum helix_status status = HELIX_OK;

	while (!status && object->export_count < object->export_room) {
		struct hload_export_entry *entry = &object->exports[object->export_count];
		const char *key = entry->node.key;
		char *end = copy(text, &key);
		size_t length = (size_t)(end - text) - 1;

		if (entry->ns)
			end = copy(end, &entry->ns);
		if (entry->replacement)
			end = copy(end, &entry->replacement);
		if (!hload_index_add(index, &entry->node, key))
			return fail_entry(work, &entry->node, HELIX_E_NO_MEMORY);
		object->export_count++;
		status = contend(work, entry, length);
		if (!status && hload_is_crowded(work))
			status = hload_fail_crowded(work, key);
		text = end;
	}
	return status;
}

/* ---- functions ----------------------------------------------------------------- */

static void sift(struct hload_function *heap, uint32_t root, uint32_t count)
{
	for (;;) {
		uint32_t child = 2 * root + 1;
		struct hload_function top = heap[root];

		if (child >= count)
			return;
		if (child + 1 < count && heap[child + 1].offset > heap[child].offset)
			child++;
		if (heap[child].offset <= top.offset)
			return;
		heap[root] = heap[child];
		heap[child] = top;
		root = child;
	}
}

static void sort_functions(struct hload_function *functions, uint32_t count)
{
	for (uint32_t i = count / 2; i-- > 0;)
		sift(functions, i, count);
	for (uint32_t end = count; end-- > 1;) {
		struct hload_function top = functions[0];

		functions[0] = functions[end];
		functions[end] = top;
		sift(functions, 0, end);
	}
}

/* True for the symbols that hload_resolve counted. */
static bool is_function(const struct hload_work *work, uint32_t symbol)
{
	bool special;
	uint32_t section;

	if (elf64_symbol_type(&work->image->symbols[symbol]) != ELF_STT_FUNC || !symbol)
		return false;
	section = hmod_symbol_section(work->image, symbol, &special);
	return !special && section && work->section[section].kind == HLOAD_TEXT &&
	       hmod_symbol_name(work->image, symbol)[0];
}

/* Fills functions and their text; compilers write them nearly in order. */
static void fill_functions(struct hload_work *work)
{
	struct hload_object *object = work->object;
	struct hload_function *f = object->functions;
	uint32_t name = 0, last = 0;
	bool sorted = true;

	for (uint32_t i = 1; i < work->image->symbol_count; i++) {
		const char *text;
		size_t size;

		if (!is_function(work, i))
			continue;
		text = hmod_symbol_name(work->image, i);
		size = text_size(text);
		*f = (struct hload_function){ (uint32_t)(work->value[i] - work->base[HLOAD_TEXT]),
					      name };
		sorted = sorted && f->offset >= last;
		last = f++->offset;
		memcpy(object->strings + name, text, size);
		name += (uint32_t)size;
	}
	if (!sorted)
		sort_functions(object->functions, object->function_count);
}

static enum helix_status take_functions(struct hload_work *work)
{
	struct hload_object *object = work->object;

	if (!work->function_count)
		return HELIX_OK;
	object->functions = hload_work_alloc(work, work->function_count,
					     sizeof *object->functions, HMOD_STAGE_RESOLVE,
					     "function names");
	if (!object->functions)
		return HELIX_E_NO_MEMORY;
	object->function_count = work->function_count;
	fill_functions(work);
	return HELIX_OK;
}

enum helix_status hload_keep_names(struct hload_work *work)
{
	struct hload_object *object = work->object;
	uint64_t bytes = 0;
	enum helix_status status = read_exports(work, &bytes);

	if (status)
		return status;
	bytes += work->function_bytes;
	if (!bytes)
		return HELIX_OK;
	object->strings = hload_work_alloc(work, (size_t)bytes, 1, HMOD_STAGE_RESOLVE, "names");
	if (!object->strings)
		return HELIX_E_NO_MEMORY;
	object->strings_size = (size_t)bytes;
	status = take_functions(work);
	return status ? status : enter_exports(work, object->strings + work->function_bytes);
}
