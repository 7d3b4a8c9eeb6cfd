/* SPDX-License-Identifier: MIT
 *
 * What others see of a loaded object: its hooks, its exports in the index, its
 * functions' names for backtraces.
 */
#include "loader/load.h"
#include "modfmt/mem.h"

static size_t text_size(const char *text)
{
	size_t n = 0;

	while (text[n++])
		;
	return n;
}

static uint32_t keep_name(struct hload_work *work, const char *name)
{
	size_t size = text_size(name);
	uint32_t at = (uint32_t)work->names;

	memcpy(work->object->strings + at, name, size);
	work->names += size;
	return at;
}

static bool is_function(const struct hload_work *work, uint32_t i)
{
	const struct elf64_symbol *s = &work->image->symbols[i];
	uint32_t section;
	bool special;

	if (elf64_symbol_type(s) != ELF_STT_FUNC)
		return false;
	section = hmod_symbol_section(work->image, i, &special);
	return !special && section && (work->where[section] & 3) == HLOAD_TEXT + 1;
}

/* Counts functions, exports and the bytes of their names, and allocates. */
static enum helix_status make_room(struct hload_work *work)
{
	const struct hmod_image *image = work->image;
	struct hload_object *object = work->object;
	struct hmod_export_cursor cursor = { 0, 0 };
	struct hmod_export export;
	uint32_t exports = hmod_export_count(image);
	enum helix_status status;

	for (uint32_t i = 1; i < image->symbol_count; i++)
		if (is_function(work, i)) {
			object->function_count++;
			object->strings_size += text_size(hmod_symbol_name(image, i));
		}
	while (!(status = hmod_export_next(image, &cursor, &export, work->diag)))
		object->strings_size += text_size(export.name);
	if (status != HELIX_E_NOT_FOUND)
		return status;
	object->export_room = exports;
	if (exports)
		object->exports = work->host->alloc(work->host->ctx, exports * sizeof *object->exports);
	if (object->function_count)
		object->functions = work->host->alloc(
			work->host->ctx, object->function_count * sizeof *object->functions);
	if (object->strings_size)
		object->strings = work->host->alloc(work->host->ctx, object->strings_size);
	if ((exports && !object->exports) || (object->function_count && !object->functions) ||
	    (object->strings_size && !object->strings))
		return hload_no_memory(work->diag, HMOD_STAGE_RESOLVE, object->strings_size,
				       "symbol names");
	return HELIX_OK;
}

/* ---- functions, sorted by address ----------------------------------------------- */

static void sift(struct hload_function *heap, uint32_t root, uint32_t count)
{
	for (uint32_t child; (child = 2 * root + 1) < count; root = child) {
		struct hload_function top = heap[root];

		if (child + 1 < count && heap[child + 1].offset > heap[child].offset)
			child++;
		if (heap[child].offset <= top.offset)
			return;
		heap[root] = heap[child];
		heap[child] = top;
	}
}

static void sort(struct hload_function *list, uint32_t count)
{
	for (uint32_t i = count / 2; i-- > 0;)
		sift(list, i, count);
	for (uint32_t end = count; end-- > 1;) {
		struct hload_function top = list[0];

		list[0] = list[end];
		list[end] = top;
		sift(list, 0, end);
	}
}

static void list_functions(struct hload_work *work)
{
	struct hload_object *object = work->object;
	bool sorted = true;
	uint32_t n = 0;

	for (uint32_t i = 1; i < work->image->symbol_count; i++) {
		struct hload_function *f = &object->functions[n];

		if (!is_function(work, i))
			continue;
		f->offset = (uint32_t)(work->value[i] - object->region[HLOAD_TEXT].address);
		f->name = keep_name(work, hmod_symbol_name(work->image, i));
		if (n && f[-1].offset > f->offset)
			sorted = false;
		n++;
	}
	if (!sorted)
		sort(object->functions, object->function_count);
}

/* ---- hooks ------------------------------------------------------------------------ */

static enum helix_status list_hooks(struct hload_work *work)
{
	struct hmod_reference hooks[HMOD_HOOKS];
	enum helix_status status = hmod_hooks_read(work->image, hooks, work->diag);

	for (unsigned i = 0; i < HMOD_HOOKS && !status; i++)
		if (hooks[i].symbol)
			work->object->hook[i] =
				work->value[hooks[i].symbol] + (uint64_t)hooks[i].addend;
	return status;
}

/* ---- exports ---------------------------------------------------------------------- */

static enum helix_status fail_twice(struct hload_work *work, const char *name, const void *owner)
{
	const struct hload_loading *loading = work->loading;
	const char *other = owner == loading->owner ? "this module itself" :
						      loading->owner_name(loading->ctx, owner);

	hmod_fail(work->diag, HELIX_E_DUPLICATE_EXPORT, HMOD_STAGE_RESOLVE, HMOD_NOWHERE);
	hmod_diag_name(work->diag, name, SIZE_MAX);
	hmod_diag_other(work->diag, other, SIZE_MAX);
	return HELIX_E_DUPLICATE_EXPORT;
}

static enum helix_status add_export(struct hload_work *work, const struct hmod_export *export)
{
	struct hload_object *object = work->object;
	struct hload_export_entry *entry = &object->exports[object->export_count];
	size_t length = text_size(export->name) - 1;
	struct hload_node *there;

	there = hload_index_find(work->loading->exports, export->name, length,
				 hmod_name_hash(export->name, length));
	if (there)
		return fail_twice(work, export->name, ((struct hload_export_entry *)there)->owner);
	if (work->fixed[export->symbol] > 1) {
		hmod_fail(work->diag, HELIX_E_META_EXPORT, HMOD_STAGE_RESOLVE, HMOD_NOWHERE);
		hmod_diag_name(work->diag, export->name, SIZE_MAX);
		hmod_diag_other(work->diag, "is in a section that is not loaded", SIZE_MAX);
		return HELIX_E_META_EXPORT;
	}
	entry->address = work->value[export->symbol];
	entry->owner = work->loading->owner;
	if (!hload_index_add(work->loading->exports, &entry->node,
			     object->strings + keep_name(work, export->name)))
		return hload_no_memory(work->diag, HMOD_STAGE_RESOLVE, sizeof *entry, "an export");
	object->export_count++;
	return HELIX_OK;
}

static enum helix_status list_exports(struct hload_work *work)
{
	struct hmod_export_cursor cursor = { 0, 0 };
	struct hmod_export export;
	enum helix_status status;

	while (!(status = hmod_export_next(work->image, &cursor, &export, work->diag)))
		if ((status = add_export(work, &export)))
			return status;
	return status == HELIX_E_NOT_FOUND ? HELIX_OK : status;
}

enum helix_status hload_publish(struct hload_work *work)
{
	enum helix_status status = make_room(work);

	if (status)
		return status;
	list_functions(work);
	status = list_hooks(work);
	return status ? status : list_exports(work);
}
