/* SPDX-License-Identifier: MIT
 *
 * Symbols: one pass checks each and gives it its run-time value. Undefined ones
 * are looked up among the exports by hash. The bytes of names read are bounded,
 * however the file overlaps them.
 */
#include "loader/layout.h"

#include "modfmt/mem.h"

/* The length of a checked symbol's name, taken from the budget. */
static enum helix_status name_length(struct hload_work *work, const char *name, size_t *length)
{
	const struct hmod_image *image = work->image;

	for (*length = 0; *length < work->name_budget; ++*length)
		if (!name[*length]) {
			work->name_budget -= *length;
			return HELIX_OK;
		}
	hmod_fail(work->diag, HELIX_E_SYMBOL_TABLE, HMOD_STAGE_RESOLVE,
		  image->sections[image->symtab].offset);
	hmod_diag_section(work->diag, image->symtab, hmod_section_name(image, image->symtab),
			  SIZE_MAX);
	hmod_diag_name(work->diag, "its names are too long together", SIZE_MAX);
	return HELIX_E_SYMBOL_TABLE;
}

enum helix_status hload_fail_crowded(struct hload_work *work, const char *name)
{
	hmod_fail(work->diag, HELIX_E_CROWDED, HMOD_STAGE_RESOLVE, HMOD_NOWHERE);
	hmod_diag_name(work->diag, name, SIZE_MAX);
	return HELIX_E_CROWDED;
}

static const struct hload_export_entry *find_export(const struct hload_work *work,
						    const char *name, size_t length)
{
	return (const struct hload_export_entry *)hload_index_find(
		work->loading->exports, name, length, hmod_name_hash(name, length));
}

/* ---- values ------------------------------------------------------------------ */

/* Nobody exports it: the loader's own, a weak one (0), or missing. */
static void resolve_missing(struct hload_work *work, uint32_t symbol, const char *name)
{
	if (hload_is_got_name(name))
		work->value[symbol] = hload_got(work);
	else if (elf64_symbol_bind(&work->image->symbols[symbol]) == ELF_STB_WEAK)
		work->numbers = true;
	else
		work->missing++;
}

static enum helix_status resolve_undefined(struct hload_work *work, uint32_t symbol)
{
	const char *name = hmod_symbol_name(work->image, symbol);
	const struct hload_export_entry *entry;
	size_t length;
	enum helix_status status = name_length(work, name, &length);

	work->value[symbol] = 0;
	if (status || !symbol)
		return status;
	entry = find_export(work, name, length);
	if (hload_is_crowded(work))
		return hload_fail_crowded(work, name);
	if (!entry) {
		resolve_missing(work, symbol, name);
		return HELIX_OK;
	}
	if (entry->ns && entry->owner != work->loading->owner &&
	    (status = hload_may_import(work, symbol, entry)))
		return status;
	if (entry->replacement && entry->owner != work->loading->owner &&
	    (status = hload_import_deprecated(work, symbol, entry)))
		return status;
	work->value[symbol] = entry->address;
	if (entry->owner && entry->owner != work->loading->owner &&
	    (!work->owner_count || work->owners[work->owner_count - 1] != entry->owner))
		work->owners[work->owner_count++] = entry->owner;
	return HELIX_OK;
}

/* Counts what hload_keep_names will keep. */
static enum helix_status note_function(struct hload_work *work, uint32_t symbol)
{
	size_t length;
	enum helix_status status =
		name_length(work, hmod_symbol_name(work->image, symbol), &length);

	if (status || !length)
		return status;
	work->function_count++;
	work->function_bytes += length + 1;
	return HELIX_OK;
}

static enum helix_status resolve_defined(struct hload_work *work, uint32_t symbol,
					 uint32_t section)
{
	const struct elf64_symbol *s = &work->image->symbols[symbol];
	const struct hload_placed *placed = &work->section[section];

	if (placed->kind == HLOAD_KINDS) {
		work->value[symbol] = HLOAD_UNLOADED;
		return HELIX_OK;
	}
	work->value[symbol] = work->base[placed->kind] + placed->offset + s->value;
	if (elf64_symbol_type(s) == ELF_STT_FUNC && placed->kind == HLOAD_TEXT)
		return note_function(work, symbol);
	return HELIX_OK;
}

static void resolve_absolute(struct hload_work *work, uint32_t symbol)
{
	const struct elf64_symbol *s = &work->image->symbols[symbol];

	work->value[symbol] = s->value;
	work->numbers = work->numbers || elf64_symbol_type(s) != ELF_STT_FILE;
}

static enum helix_status resolve_symbol(struct hload_work *work, uint32_t symbol)
{
	enum helix_status status = hmod_symbol_check(work->image, symbol, work->diag);
	bool special;
	uint32_t section;

	if (status)
		return status;
	section = hmod_symbol_section(work->image, symbol, &special);
	if (!symbol || (!special && section == ELF_SHN_UNDEF))
		return resolve_undefined(work, symbol);
	if (!special)
		return resolve_defined(work, symbol, section);
	if (section == ELF_SHN_ABS)
		resolve_absolute(work, symbol);
	else /* COMMON: layout left its offset */
		work->value[symbol] += work->base[HLOAD_DATA];
	return HELIX_OK;
}

/* ---- what is missing ----------------------------------------------------------- */

/* A text that is measured first (text NULL) and written then. */
struct list {
	char *text;
	size_t length;
	uint32_t asked; /* how often who_exports was */
};

#define ASKED_MOST 32 /* names a message: each looks through files */

static void put(struct list *list, const char *text)
{
	for (; *text; text++, list->length++)
		if (list->text)
			list->text[list->length] = (unsigned char)*text < ' ' || *text == 0x7f ? '?' : *text;
}

static void put_missing(struct list *list, const struct hload_work *work, const char *name)
{
	const struct hload_loading *loading = work->loading;
	const char *by = NULL;

	if (loading->who_exports && list->asked++ < ASKED_MOST)
		by = loading->who_exports(loading->ctx, name);

	if (list->length)
		put(list, ", ");
	put(list, name);
	if (!by)
		return;
	put(list, " (");
	put(list, name);
	put(list, " is exported by ");
	put(list, by);
	put(list, ", which is not loaded)");
}

/* Which symbols are missing is found out again: the common case pays nothing. */
static void put_all_missing(struct list *list, const struct hload_work *work)
{
	/* No longer than the file, however its names share their bytes. */
	const uint64_t most = work->image->file.size;
	bool more = false;

	list->asked = 0;
	for (uint32_t i = 1; !more && i < work->image->symbol_count; i++) {
		const char *name = hmod_symbol_name(work->image, i);
		bool special;
		size_t length = 0;

		if (hmod_symbol_section(work->image, i, &special) != ELF_SHN_UNDEF ||
		    elf64_symbol_bind(&work->image->symbols[i]) == ELF_STB_WEAK || hload_is_got_name(name))
			continue;
		while (name[length])
			length++;
		if (!find_export(work, name, length))
			put_missing(list, work, name);
		more = list->length > most;
	}
	if (more)
		put(list, ", …");
}

static enum helix_status fail_missing(struct hload_work *work)
{
	struct list list = { NULL, 0, 0 };

	if (!work->diag)
		return HELIX_E_UNKNOWN_SYMBOL;
	put_all_missing(&list, work);
	list.text = hload_work_alloc(work, list.length + 1, 1, HMOD_STAGE_RESOLVE,
				     "the list of unknown symbols");
	if (!list.text)
		return HELIX_E_NO_MEMORY;
	list.length = 0;
	put_all_missing(&list, work);
	list.text[list.length] = 0;
	hmod_fail(work->diag, HELIX_E_UNKNOWN_SYMBOL, HMOD_STAGE_RESOLVE, HMOD_NOWHERE);
	hmod_diag_numbers(work->diag, 0, work->missing);
	work->diag->list = list.text;
	return HELIX_E_UNKNOWN_SYMBOL;
}

/* ---- providers ------------------------------------------------------------------ */

static void sift(void **heap, uint32_t root, uint32_t count)
{
	for (;;) {
		uint32_t child = 2 * root + 1;
		void *top = heap[root];

		if (child >= count)
			return;
		if (child + 1 < count && (uintptr_t)heap[child + 1] > (uintptr_t)heap[child])
			child++;
		if ((uintptr_t)heap[child] <= (uintptr_t)top)
			return;
		heap[root] = heap[child];
		heap[child] = top;
		root = child;
	}
}

static void sort_owners(void **owners, uint32_t count)
{
	for (uint32_t i = count / 2; i-- > 0;)
		sift(owners, i, count);
	for (uint32_t end = count; end-- > 1;) {
		void *top = owners[0];

		owners[0] = owners[end];
		owners[end] = top;
		sift(owners, 0, end);
	}
}

/* Sorted, so that each is kept once without comparing all with all. */
static enum helix_status keep_providers(struct hload_work *work)
{
	struct hload_object *object = work->object;
	uint32_t kept = 0;

	if (!work->owner_count)
		return HELIX_OK;
	sort_owners(work->owners, work->owner_count);
	for (uint32_t i = 0; i < work->owner_count; i++)
		if (!i || work->owners[i] != work->owners[kept - 1])
			work->owners[kept++] = work->owners[i];
	object->providers = hload_work_alloc(work, kept, sizeof *object->providers,
					     HMOD_STAGE_RESOLVE, "providers");
	if (!object->providers)
		return HELIX_E_NO_MEMORY;
	object->provider_count = object->provider_room = kept;
	memcpy(object->providers, work->owners, kept * sizeof *object->providers);
	return HELIX_OK;
}

enum helix_status hload_resolve(struct hload_work *work)
{
	enum helix_status status = HELIX_OK;

	work->probe_end = work->loading->exports->steps + HLOAD_PROBES_MORE +
			  HLOAD_PROBES * (uint64_t)work->undefined;
	if (work->undefined) {
		work->owners = hload_work_alloc(work, work->undefined, sizeof *work->owners,
						HMOD_STAGE_RESOLVE, "imports");
		if (!work->owners)
			return HELIX_E_NO_MEMORY;
	}
	for (uint32_t i = 0; !status && i < work->image->symbol_count; i++)
		status = resolve_symbol(work, i);
	if (!status && work->missing)
		return fail_missing(work);
	return status ? status : keep_providers(work);
}
