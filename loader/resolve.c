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

	*length = hmod_name_length(name, image->file.data + image->file.size);
	if (*length < work->name_budget) {
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
	const struct hload_loading *loading = work->loading;
	const uint64_t hash = hmod_name_hash(name, length);
	const struct hload_node *node = NULL;

	if (loading->fresh)
		node = hload_index_find(loading->fresh, name, length, hash);
	if (node)
		return (const struct hload_export_entry *)node;
	node = hload_index_find(loading->exports, name, length, hash);
	while (node && loading->hides &&
	       loading->hides(loading->ctx, ((const struct hload_export_entry *)node)->owner))
		node = hload_index_more(loading->exports, node);
	return (const struct hload_export_entry *)node;
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

/* Notes who provides an import; the same one mostly follows itself. */
static enum helix_status note_owner(struct hload_work *work, void *owner)
{
	const struct hload_host *host = work->loading->host;
	uint32_t room = work->owner_room ? 2 * work->owner_room : 8;
	void **larger;

	if (work->owner_count && work->owners[work->owner_count - 1] == owner)
		return HELIX_OK;
	if (work->owner_count == work->owner_room) {
		larger = hload_work_alloc(work, room, sizeof *larger, HMOD_STAGE_RESOLVE, "imports");
		if (!larger)
			return HELIX_E_NO_MEMORY;
		if (work->owner_room) {
			memcpy(larger, work->owners, work->owner_count * sizeof *larger);
			host->free(host->ctx, work->owners, work->owner_room * sizeof *larger);
		}
		work->owners = larger;
		work->owner_room = room;
	}
	work->owners[work->owner_count++] = owner;
	return HELIX_OK;
}

static enum helix_status take_import(struct hload_work *work, uint32_t symbol,
				     const struct hload_export_entry *entry)
{
	enum helix_status status;

	work->value[symbol] = entry->address;
	if (entry->owner == work->loading->owner)
		return HELIX_OK;
	if (entry->ns && (status = hload_may_import(work, symbol, entry)))
		return status;
	if (entry->replacement && (status = hload_import_deprecated(work, symbol, entry)))
		return status;
	return entry->owner ? note_owner(work, entry->owner) : HELIX_OK;
}

/* Already checked: the symbol, which is not the first. */
static enum helix_status resolve_undefined(struct hload_work *work, uint32_t symbol,
					   const char *name)
{
	const struct hload_export_entry *entry;
	size_t length;
	enum helix_status status = name_length(work, name, &length);

	work->value[symbol] = 0;
	if (status)
		return status;
	entry = find_export(work, name, length);
	if (hload_is_crowded(work))
		return hload_fail_crowded(work, name);
	if (entry)
		return take_import(work, symbol, entry);
	resolve_missing(work, symbol, name);
	return HELIX_OK;
}

/* What hload_keep_names will keep. */
static void note_function(struct hload_work *work, uint32_t symbol, uint32_t offset)
{
	uint32_t name = work->image->symbols[symbol].name;

	if (!work->image->symbol_names.data[name])
		return;
	work->unsorted |= offset < work->last_function;
	work->last_function = offset;
	hload_keep_name(work, name);
	work->functions[work->function_count++] = (struct hload_function){ offset, name };
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
		note_function(work, symbol, (uint32_t)(placed->offset + s->value));
	return HELIX_OK;
}

static void resolve_absolute(struct hload_work *work, uint32_t symbol)
{
	const struct elf64_symbol *s = &work->image->symbols[symbol];

	work->value[symbol] = s->value;
	work->numbers = work->numbers || elf64_symbol_type(s) != ELF_STT_FILE;
}

/* Layout looks for them among the global ones alone. */
static enum helix_status fail_common(struct hload_work *work, uint32_t symbol)
{
	hmod_fail(work->diag, HELIX_E_SYMBOL_SECTION, HMOD_STAGE_SYMBOLS,
		  work->image->sections[work->image->symtab].offset +
			  (uint64_t)symbol * sizeof *work->image->symbols);
	if (work->diag)
		work->diag->index = symbol;
	hmod_diag_name(work->diag, hmod_symbol_name(work->image, symbol), SIZE_MAX);
	hmod_diag_numbers(work->diag, work->image->section_count, ELF_SHN_COMMON);
	return HELIX_E_SYMBOL_SECTION;
}

static enum helix_status resolve_symbol(struct hload_work *work, uint32_t symbol)
{
	enum helix_status status = hmod_symbol_check(work->image, symbol, work->diag);
	bool special;
	uint32_t section;

	if (status)
		return status;
	section = hmod_symbol_section(work->image, symbol, &special);
	if (!symbol) {
		work->value[0] = 0;
		return HELIX_OK;
	}
	if (!special && section == ELF_SHN_UNDEF)
		return resolve_undefined(work, symbol, hmod_symbol_name(work->image, symbol));
	if (!special)
		return resolve_defined(work, symbol, section);
	if (section == ELF_SHN_ABS)
		resolve_absolute(work, symbol);
	else if (symbol >= work->image->first_global) /* COMMON: layout left its offset */
		work->value[symbol] += work->base[HLOAD_DATA];
	else
		return fail_common(work, symbol);
	return HELIX_OK;
}

/* ---- many alike --------------------------------------------------------------- */

/* What most symbols are: one function of a section of code after another. */
struct functions {
	uint32_t type; /* what they all have behind their name: type, binding, section */
	uint32_t offset; /* of the section in the text region */
	uint64_t start; /* its run-time address */
	uint64_t size;
};

/* The four bytes behind a symbol's name. */
static inline uint32_t type_of(const struct elf64_symbol *symbol)
{
	uint32_t type;

	memcpy(&type, &symbol->info, 4);
	return type;
}

/* What is kept of the string table; names mostly ascend. */
static void keep_names_of(struct hload_work *work, const struct hload_function *f,
			  const struct hload_function *end, bool strays)
{
	if (f == end)
		return;
	hload_keep_name(work, f->name);
	hload_keep_name(work, end[-1].name);
	for (; strays && f < end; f++)
		hload_keep_name(work, f->name);
}

/* One import as most are: found at once, free to all, of the module that `owner` is
 * (of the embedder: NULL). False when it did nothing. */
static inline __attribute__((always_inline)) bool take_import_quickly(struct hload_work *work,
								      uint64_t symbol,
								      const char *name,
								      const void *owner)
{
	const struct hmod_span file = work->image->file;
	const size_t length = hmod_name_length(name, file.data + file.size);
	const struct hload_export_entry *entry;

	if (length >= work->name_budget || work->loading->fresh || work->loading->hides)
		return false;
	entry = (const void *)hload_index_find(work->loading->exports, name, length,
					       hmod_name_hash(name, length));
	if (!entry || entry->owner != owner || entry->ns || entry->replacement ||
	    hload_is_crowded(work))
		return false;
	work->name_budget -= length;
	work->value[symbol] = entry->address;
	return true;
}

/* Takes symbols from `i` on that are plain functions, as `alike` says, or plain
 * imports: the first one that is neither. Everything that hmod_symbol_check asks
 * holds for them. A function of its own, so that most stays in registers. */
static __attribute__((noinline)) uint32_t take_alike(struct hload_work *work, uint32_t i,
						     const struct functions *alike)
{
	const struct functions all = *alike; /* no store below can reach it */
	const uint64_t count = work->image->symbol_count, names = work->image->symbol_names.size;
	const char *const text = (const char *)work->image->symbol_names.data;
	const struct elf64_symbol *s = &work->image->symbols[i];
	const void *const owner = work->owner_count ? work->owners[work->owner_count - 1] : NULL;
	struct hload_function *const begin = work->functions + work->function_count, *f = begin;
	uint64_t *const value = work->value, last = work->last_function, before = 0, at = i;
	uint64_t back = 0; /* top bit: an offset or a name was before the one before */

	for (; at < count; at++, s++) {
		const uint64_t name = s->name, offset = s->value + all.offset;

		if (name >= names)
			break;
		if (type_of(s) != all.type) {
			if (s->shndx != ELF_SHN_UNDEF || elf64_symbol_type(s) > ELF_STT_FUNC ||
			    !take_import_quickly(work, at, text + name, owner))
				break;
			continue;
		}
		if (s->value > all.size)
			break;
		back |= (offset - last) | (name - before);
		last = offset;
		before = name;
		*f++ = (struct hload_function){ (uint32_t)offset, (uint32_t)name };
		value[at] = s->value + all.start;
	}
	work->unsorted |= back >> 63;
	work->last_function = (uint32_t)last;
	keep_names_of(work, begin, f, back >> 63);
	work->function_count += (uint32_t)(f - begin);
	return (uint32_t)at;
}

/* What the functions of the symbol's section have in common. False when it is none
 * of code. */
static bool functions_open(const struct hload_work *work, const struct elf64_symbol *s,
			   struct functions *all)
{
	const struct hmod_image *image = work->image;
	const struct hload_placed *placed;

	if (elf64_symbol_type(s) != ELF_STT_FUNC || !s->shndx || s->shndx >= ELF_SHN_LORESERVE ||
	    s->shndx >= image->section_count)
		return false;
	placed = &work->section[s->shndx];
	if (placed->kind != HLOAD_TEXT)
		return false;
	*all = (struct functions){ type_of(s), (uint32_t)placed->offset,
				   work->base[HLOAD_TEXT] + placed->offset,
				   image->sections[s->shndx].size };
	return true;
}

static enum helix_status resolve_all(struct hload_work *work)
{
	const uint32_t count = work->image->symbol_count;
	struct functions all = { .type = UINT32_MAX }; /* none yet */
	enum helix_status status = HELIX_OK;
	uint32_t next;

	for (uint32_t i = 0; !status && i < count; i = next) {
		const struct elf64_symbol *s = &work->image->symbols[i];

		if (type_of(s) != all.type)
			functions_open(work, s, &all);
		next = i ? take_alike(work, i, &all) : 0;
		if (next == i)
			status = resolve_symbol(work, next++);
	}
	return status;
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
	const uint32_t count = work->image->symbol_count;
	enum helix_status status;

	work->probe_end = work->loading->exports->steps + HLOAD_PROBES_MORE +
			  HLOAD_PROBES * (uint64_t)(count - work->image->first_global);
	work->first_name = UINT32_MAX;
	if (count) {
		work->functions = hload_work_alloc(work, count, sizeof *work->functions,
						   HMOD_STAGE_RESOLVE, "functions");
		if (!work->functions)
			return HELIX_E_NO_MEMORY;
	}
	status = resolve_all(work);
	if (!status && work->missing)
		return fail_missing(work);
	return status ? status : keep_providers(work);
}
