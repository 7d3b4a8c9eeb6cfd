/* SPDX-License-Identifier: MIT
 *
 * The system itself: counted memory, its indices, what the embedder exports.
 */
#include "loader/internal.h"

#include "helix/module.h"

size_t hload_length(const char *text)
{
	size_t n = 0;

	while (text[n])
		n++;
	return n;
}

/* ---- the counting host ---------------------------------------------------------- */

void *hload_alloc(struct hload_system *system, size_t size)
{
	void *block = system->outer->alloc(system->outer->ctx, size);

	if (block) {
		system->counts.blocks++;
		system->counts.bytes += size;
	}
	return block;
}

void hload_free(struct hload_system *system, void *block, size_t size)
{
	if (!block)
		return;
	system->counts.blocks--;
	system->counts.bytes -= size;
	system->outer->free(system->outer->ctx, block, size);
}

static void *count_alloc(void *ctx, size_t size)
{
	return hload_alloc(ctx, size);
}

static void count_free(void *ctx, void *block, size_t size)
{
	hload_free(ctx, block, size);
}

static bool count_place(void *ctx, enum hload_kind kind, uint64_t size, uint64_t align,
			struct hload_region *region)
{
	struct hload_system *system = ctx;

	if (!system->outer->place(system->outer->ctx, kind, size, align, region))
		return false;
	system->counts.regions++;
	system->counts.region_bytes += size;
	return true;
}

static bool count_seal(void *ctx, enum hload_kind kind, struct hload_region *region)
{
	struct hload_system *system = ctx;

	return system->outer->seal(system->outer->ctx, kind, region);
}

static void count_release(void *ctx, enum hload_kind kind, struct hload_region *region)
{
	struct hload_system *system = ctx;

	system->counts.regions--;
	system->counts.region_bytes -= region->size;
	system->outer->release(system->outer->ctx, kind, region);
}

/* ---- small services ------------------------------------------------------------- */

void hload_lock(struct hload_system *system)
{
	if (system->outer->lock)
		system->outer->lock(system->outer->ctx);
}

void hload_unlock(struct hload_system *system)
{
	if (system->outer->unlock)
		system->outer->unlock(system->outer->ctx);
}

void hload_log(struct hload_system *system, int level, const char *format, ...)
{
	va_list arguments;

	if (!system->outer->log)
		return;
	va_start(arguments, format);
	system->outer->log(system->outer->ctx, level, format, arguments);
	va_end(arguments);
}

/* Kept exact, so that whoever frees it knows the size: length + 1. */
void hload_text_add(struct hload_text *text, const char *more)
{
	size_t n = hload_length(more);
	char *longer;

	if (text->failed)
		return;
	longer = hload_alloc(text->system, text->length + n + 1);
	if (longer) {
		if (text->text)
			memcpy(longer, text->text, text->length);
		memcpy(longer + text->length, more, n + 1);
	}
	if (text->text)
		hload_free(text->system, text->text, text->length + 1);
	text->failed = !longer;
	text->text = longer;
	text->length = longer ? text->length + n : 0;
}

enum helix_status hload_fail_module(struct hmod_diag *diag, enum helix_status status,
				    enum hmod_stage stage, const struct hload_module *module)
{
	hmod_fail(diag, status, stage, HMOD_NOWHERE);
	hmod_diag_name(diag, module->meta.name, SIZE_MAX);
	return status;
}

void hload_diag_free(struct hload_system *system, struct hmod_diag *diag)
{
	if (diag && diag->list) {
		hload_free(system, diag->list, hload_length(diag->list) + 1);
		diag->list = NULL;
	}
}

void hload_counts(const struct hload_system *system, struct hload_counts *counts)
{
	*counts = system->counts;
	counts->exports = system->exports.count;
	counts->edges = system->waiting.count;
}

/* ---- life ----------------------------------------------------------------------- */

static void release(struct hload_system *system)
{
	const struct hload_host *outer = system->outer;

	for (size_t i = 0; i < system->table_count; i++)
		hload_free(system, system->tables[i],
			   system->table_sizes[i] * sizeof **system->tables);
	hload_free(system, system->tables, system->table_count * sizeof *system->tables);
	hload_free(system, system->table_sizes, system->table_count * sizeof *system->table_sizes);
	hload_index_release(&system->names);
	hload_index_release(&system->exports);
	hload_index_release(&system->waiting);
	hload_index_release(&system->providers);
	outer->free(outer->ctx, system, sizeof *system);
}

struct hload_system *hload_create(const struct hload_host *host)
{
	struct hload_system *system = host->alloc(host->ctx, sizeof *system);

	if (!system)
		return NULL;
	memset(system, 0, sizeof *system);
	system->outer = host;
	system->host = *host;
	system->host.ctx = system;
	system->host.alloc = count_alloc;
	system->host.free = count_free;
	system->host.place = count_place;
	system->host.seal = count_seal;
	system->host.release = count_release;
	system->next_id = 1;
	if (!hload_index_init(&system->names, &system->host) ||
	    !hload_index_init(&system->exports, &system->host) ||
	    !hload_index_init(&system->waiting, &system->host) ||
	    !hload_index_init(&system->providers, &system->host)) {
		release(system);
		return NULL;
	}
	return system;
}

void hload_destroy(struct hload_system *system)
{
	struct hload_module *module, *last;

	/* Holders came after what they hold, so the last loaded one goes first. */
	do {
		last = NULL;
		for (module = system->first; module; module = module->next)
			if (module->state != HLOAD_REGISTERED && !module->holder_count)
				last = module;
		if (last)
			hload_unload(last, NULL);
	} while (last);
	while (system->last)
		hload_unregister(system, system->last, NULL);
	release(system);
}

/* ---- the embedder's exports -------------------------------------------------------- */

/* A slot more in the lists of tables. */
static bool grow_tables(struct hload_system *system)
{
	size_t n = system->table_count;
	struct hload_export_entry **tables = hload_alloc(system, (n + 1) * sizeof *tables);
	size_t *sizes = hload_alloc(system, (n + 1) * sizeof *sizes);

	if (!tables || !sizes) {
		hload_free(system, tables, (n + 1) * sizeof *tables);
		hload_free(system, sizes, (n + 1) * sizeof *sizes);
		return false;
	}
	if (n) {
		memcpy(tables, system->tables, n * sizeof *tables);
		memcpy(sizes, system->table_sizes, n * sizeof *sizes);
	}
	hload_free(system, system->tables, n * sizeof *tables);
	hload_free(system, system->table_sizes, n * sizeof *sizes);
	tables[n] = NULL;
	sizes[n] = 0;
	system->tables = tables;
	system->table_sizes = sizes;
	system->table_count = n + 1;
	return true;
}

static enum helix_status no_memory(struct hmod_diag *diag, uint64_t size)
{
	hmod_fail(diag, HELIX_E_NO_MEMORY, HMOD_STAGE_REGISTER, HMOD_NOWHERE);
	hmod_diag_name(diag, "exports", SIZE_MAX);
	hmod_diag_numbers(diag, size, 0);
	return HELIX_E_NO_MEMORY;
}

enum helix_status hload_export(struct hload_system *system, const struct hload_symbol *symbols,
			       size_t count, struct hmod_diag *diag)
{
	struct hload_export_entry *table;

	if (!count)
		return HELIX_OK;
	if (!grow_tables(system) ||
	    !(table = hload_alloc(system, count * sizeof *table)))
		return no_memory(diag, count * sizeof *table);
	system->tables[system->table_count - 1] = table;
	system->table_sizes[system->table_count - 1] = count;
	memset(table, 0, count * sizeof *table);
	for (size_t i = 0; i < count; i++) {
		size_t length = hload_length(symbols[i].name);

		if (hload_index_find(&system->exports, symbols[i].name, length,
				     hmod_name_hash(symbols[i].name, length))) {
			hmod_fail(diag, HELIX_E_DUPLICATE_EXPORT, HMOD_STAGE_REGISTER, HMOD_NOWHERE);
			hmod_diag_name(diag, symbols[i].name, SIZE_MAX);
			hmod_diag_other(diag, "kernel", SIZE_MAX);
			return HELIX_E_DUPLICATE_EXPORT;
		}
		table[i].address = symbols[i].address;
		hload_index_add(&system->exports, &table[i].node, symbols[i].name);
	}
	return HELIX_OK;
}

bool hload_symbol_find(struct hload_system *system, const char *name, uint64_t *address,
		       const char **owner)
{
	size_t length = hload_length(name);
	struct hload_export_entry *entry;

	entry = (struct hload_export_entry *)hload_index_find(&system->exports, name, length,
							      hmod_name_hash(name, length));
	if (!entry)
		return false;
	*address = entry->address;
	*owner = entry->owner ? ((struct hload_module *)entry->owner)->meta.name : "kernel";
	return true;
}

void hload_symbol_each(struct hload_system *system, struct hload_module *module,
		       void (*each)(void *ctx, const char *name, uint64_t address), void *ctx)
{
	if (module) {
		for (uint32_t i = 0; i < module->object.export_count; i++)
			each(ctx, module->object.exports[i].node.key,
			     module->object.exports[i].address);
		return;
	}
	for (size_t t = 0; t < system->table_count; t++)
		for (size_t i = 0; i < system->table_sizes[t]; i++)
			each(ctx, system->tables[t][i].node.key, system->tables[t][i].address);
}
