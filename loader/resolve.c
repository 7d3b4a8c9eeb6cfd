/* SPDX-License-Identifier: MIT
 *
 * One pass over the symbol table: each symbol is checked and gets its run-time
 * value; imports come from the export index. All that is missing is collected
 * before the load is refused.
 */
#include "loader/load.h"
#include "modfmt/mem.h"

static size_t text_length(const char *text)
{
	size_t n = 0;

	while (text[n])
		n++;
	return n;
}

/* ---- providers: the owners of imported symbols, each once ---------------------- */

static void provider_add(struct hload_work *work, void *owner)
{
	struct hload_object *object = work->object;

	if (!owner || owner == work->loading->owner)
		return;
	/* Imports of one provider mostly stand together. */
	if (object->provider_count && object->providers[object->provider_count - 1] == owner)
		return;
	object->providers[object->provider_count++] = owner;
}

static void sift(void **heap, uint32_t root, uint32_t count)
{
	for (uint32_t child; (child = 2 * root + 1) < count; root = child) {
		void *top = heap[root];

		if (child + 1 < count && (uintptr_t)heap[child + 1] > (uintptr_t)heap[child])
			child++;
		if ((uintptr_t)heap[child] <= (uintptr_t)top)
			return;
		heap[root] = heap[child];
		heap[child] = top;
	}
}

/* Sorts the list and drops what stands twice. */
static void providers_unique(struct hload_object *object)
{
	void **list = object->providers;
	uint32_t count = object->provider_count, kept = 0;

	for (uint32_t i = count / 2; i-- > 0;)
		sift(list, i, count);
	for (uint32_t end = count; end-- > 1;) {
		void *top = list[0];

		list[0] = list[end];
		list[end] = top;
		sift(list, 0, end);
	}
	for (uint32_t i = 0; i < count; i++)
		if (!kept || list[kept - 1] != list[i])
			list[kept++] = list[i];
	object->provider_count = kept;
}

/* ---- what is missing --------------------------------------------------------------- */

struct missing {
	char *text; /* NULL: only measuring */
	size_t length;
	uint64_t count;
};

static void say(struct missing *missing, const char *text)
{
	size_t n = text_length(text);

	if (missing->text)
		memcpy(missing->text + missing->length, text, n);
	missing->length += n;
}

static bool is_missing(const struct hload_work *work, uint32_t i)
{
	const struct elf64_symbol *s = &work->image->symbols[i];

	return s->shndx == ELF_SHN_UNDEF && elf64_symbol_bind(s) != ELF_STB_WEAK &&
	       work->fixed[i] == 2;
}

static void list_missing(struct hload_work *work, struct missing *missing)
{
	const struct hload_loading *loading = work->loading;

	missing->length = missing->count = 0;
	for (uint32_t i = 1; i < work->image->symbol_count; i++) {
		const char *name = hmod_symbol_name(work->image, i), *owner = NULL;

		if (!is_missing(work, i))
			continue;
		say(missing, missing->count++ ? ", " : "");
		say(missing, name);
		if (loading->who_exports)
			owner = loading->who_exports(loading->ctx, name);
		if (owner) {
			say(missing, " (");
			say(missing, name);
			say(missing, " is exported by ");
			say(missing, owner);
			say(missing, ", which is not loaded)");
		}
	}
}

static enum helix_status fail_missing(struct hload_work *work)
{
	struct missing missing = { NULL, 0, 0 };
	char *list;

	list_missing(work, &missing);
	hmod_fail(work->diag, HELIX_E_UNKNOWN_SYMBOL, HMOD_STAGE_RESOLVE, HMOD_NOWHERE);
	hmod_diag_numbers(work->diag, 0, missing.count);
	if (!work->diag)
		return HELIX_E_UNKNOWN_SYMBOL;
	list = work->host->alloc(work->host->ctx, missing.length + 1);
	if (list) {
		missing.text = list;
		list_missing(work, &missing);
		list[missing.length] = 0;
		work->diag->list = list;
	}
	return HELIX_E_UNKNOWN_SYMBOL;
}

/* ---- values --------------------------------------------------------------------------- */

/* An import's value; false when nobody provides a strong one. */
static bool import(struct hload_work *work, uint32_t i)
{
	const struct elf64_symbol *s = &work->image->symbols[i];
	const char *name = hmod_symbol_name(work->image, i);
	size_t length = text_length(name);
	struct hload_node *node;

	/* The null symbol and nameless ones stand for 0. */
	if (!length) {
		work->fixed[i] = 1;
		return true;
	}
	node = hload_index_find(work->loading->exports, name, length, hmod_name_hash(name, length));
	if (node) {
		struct hload_export_entry *entry = (struct hload_export_entry *)node;

		work->value[i] = entry->address;
		provider_add(work, entry->owner);
		return true;
	}
	work->fixed[i] = elf64_symbol_bind(s) == ELF_STB_WEAK ? 1 : 2;
	return work->fixed[i] == 1;
}

static enum helix_status evaluate(struct hload_work *work, uint32_t i, bool *missing)
{
	const struct elf64_symbol *s = &work->image->symbols[i];
	enum helix_status status = hmod_symbol_check(work->image, i, work->diag);
	uint32_t section;
	bool special;

	if (status)
		return status;
	section = hmod_symbol_section(work->image, i, &special);
	if (special && section == ELF_SHN_ABS) {
		work->value[i] = s->value;
		work->fixed[i] = 1;
	} else if (special) { /* COMMON: laid out already */
		work->value[i] += work->object->region[HLOAD_DATA].address;
	} else if (!section) {
		if (!import(work, i))
			*missing = true;
	} else if (work->where[section]) {
		work->value[i] = hload_section_address(work, section) + s->value;
	} else {
		work->fixed[i] = 3; /* in a section that is not loaded */
	}
	return HELIX_OK;
}

/* The list of owners is as long as there are imports at most. */
static enum helix_status make_room(struct hload_work *work)
{
	const struct hmod_image *image = work->image;
	size_t count = 0;

	for (uint32_t i = 1; i < image->symbol_count; i++)
		count += image->symbols[i].shndx == ELF_SHN_UNDEF;
	if (!count)
		return HELIX_OK;
	work->object->providers =
		work->host->alloc(work->host->ctx, count * sizeof *work->object->providers);
	if (!work->object->providers)
		return hload_no_memory(work->diag, HMOD_STAGE_RESOLVE,
				       count * sizeof *work->object->providers, "imports");
	work->object->provider_room = (uint32_t)count;
	return HELIX_OK;
}

enum helix_status hload_resolve(struct hload_work *work)
{
	enum helix_status status = make_room(work);
	bool missing = false;

	for (uint32_t i = 1; i < work->image->symbol_count && !status; i++)
		status = evaluate(work, i, &missing);
	if (!status && missing)
		status = fail_missing(work);
	if (!status)
		providers_unique(work->object);
	return status;
}
