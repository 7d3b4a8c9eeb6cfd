/* SPDX-License-Identifier: MIT
 *
 * The system itself: counted memory, its indices, what the embedder exports.
 */
#include "loader/payload.h"
#include "loader/interface.h"

#include "helix/module.h"

struct hload_system *hload_api_system;

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

static bool pass_open(void *ctx, enum hload_kind kind, struct hload_region *region)
{
	struct hload_system *system = ctx;

	return system->outer->open(system->outer->ctx, kind, region);
}

static void pass_close(void *ctx, enum hload_kind kind, struct hload_region *region)
{
	struct hload_system *system = ctx;

	system->outer->close(system->outer->ctx, kind, region);
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

void *hload_lock_alloc(struct hload_system *system, size_t size)
{
	void *block;

	hload_lock(system);
	block = hload_alloc(system, size);
	hload_unlock(system);
	return block;
}

void hload_lock_free(struct hload_system *system, void *block, size_t size)
{
	hload_lock(system);
	hload_free(system, block, size);
	hload_unlock(system);
}

size_t hload_format(const struct hload_system *system, char *text, size_t capacity,
		    const char *format, va_list arguments)
{
	const struct hload_host *host = system->outer;
	size_t length;

	if (host->format)
		return host->format(host->ctx, text, capacity, format, arguments);
	length = hload_length(format);
	for (size_t i = 0; i <= length && i < capacity; i++)
		text[i] = i + 1 < capacity ? format[i] : 0;
	return length;
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

void hload_tell_left(const struct hload_module *module, const char *what, uint64_t count)
{
	if (count)
		hload_log(module->system, HELIX_LOG_WARN, "%s: left %llu %s, taken back",
			  module->meta.name, (unsigned long long)count, what);
}

void hload_text_add(struct hload_text *text, const char *more)
{
	size_t n = hload_length(more);

	if (text->text)
		memcpy(text->text + text->length, more, n);
	text->length += n;
}

/* Exactly as large as its text, so that hload_diag_free knows the size. */
void hload_diag_list(struct hload_system *system, struct hmod_diag *diag,
		     void (*write)(struct hload_text *text, const struct hload_module *subject),
		     const struct hload_module *subject)
{
	struct hload_text text = { NULL, 0 };

	if (!diag)
		return;
	write(&text, subject);
	text.text = hload_alloc(system, text.length + 1);
	if (text.text) {
		text.length = 0;
		write(&text, subject);
		text.text[text.length] = 0;
	}
	diag->list = text.text;
}

enum helix_status hload_fail_memory(struct hmod_diag *diag, enum hmod_stage stage, uint64_t size,
				    const char *what)
{
	hmod_fail(diag, HELIX_E_NO_MEMORY, stage, HMOD_NOWHERE);
	hmod_diag_name(diag, what, SIZE_MAX);
	hmod_diag_numbers(diag, size, 0);
	return HELIX_E_NO_MEMORY;
}

void hload_diag_detail(struct hmod_diag *diag, const char *text)
{
	char detail[HLOAD_FAIL_TEXT + 2] = ": ";
	size_t length = hload_length(text);

	if (!length)
		return;
	memcpy(detail + 2, text, length + 1);
	hmod_diag_other(diag, detail, SIZE_MAX);
}

enum helix_status hload_fail_hook(const struct hload_module *module,
				  const struct hload_frame *frame, enum hmod_stage stage,
				  int result, struct hmod_diag *diag)
{
	const enum helix_status status = result > 0 ? HELIX_E_INTERNAL : HELIX_E_INIT;

	hmod_fail(diag, status, stage, HMOD_NOWHERE);
	hmod_diag_name(diag, result > 0 ? module->meta.name : frame->what, SIZE_MAX);
	hmod_diag_numbers(diag, 0, (uint64_t)(int64_t)result);
	hmod_diag_section(diag, 0, module->meta.name, SIZE_MAX);
	if (result > 0)
		hmod_diag_other(diag, frame->what, SIZE_MAX);
	else
		hload_diag_detail(diag, frame->text);
	return status;
}

enum helix_status hload_fail_module(struct hmod_diag *diag, enum helix_status status,
				    enum hmod_stage stage, const struct hload_module *module)
{
	hmod_fail(diag, status, stage, HMOD_NOWHERE);
	hmod_diag_name(diag, module->meta.name, SIZE_MAX);
	return status;
}

void hload_diag_free_locked(struct hload_system *system, struct hmod_diag *diag)
{
	if (diag && diag->list) {
		hload_free(system, diag->list, hload_length(diag->list) + 1);
		diag->list = NULL;
	}
}

void hload_diag_free(struct hload_system *system, struct hmod_diag *diag)
{
	hload_lock(system);
	hload_diag_free_locked(system, diag);
	hload_unlock(system);
}

void hload_counts(const struct hload_system *system, struct hload_counts *counts)
{
	*counts = system->counts;
	counts->exports = system->exports.count;
	counts->edges = system->waiting.count;
}

/* ---- life ----------------------------------------------------------------------- */

static size_t table_size(size_t count)
{
	return sizeof(struct hload_table) + count * sizeof(struct hload_export_entry);
}

static void release(struct hload_system *system)
{
	const struct hload_host *outer = system->outer;

	while (system->tables) {
		struct hload_table *table = system->tables;

		system->tables = table->next;
		hload_free(system, table, table_size(table->count));
	}
	hload_events_free(system);
	hload_owned_free(system, &system->owned);
	hload_free(system, system->by_id, system->by_id_room * sizeof *system->by_id);
	if (hload_api_system == system)
		hload_api_system = NULL;
	hload_index_release(&system->interfaces);
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
	system->places.host = host;
	system->host = *host;
	system->host.ctx = system;
	system->host.alloc = count_alloc;
	system->host.free = count_free;
	system->host.place = count_place;
	system->host.seal = count_seal;
	system->host.release = count_release;
	system->host.open = host->open ? pass_open : NULL;
	system->host.close = host->close ? pass_close : NULL;
	system->counts.blocks = 1;
	system->counts.bytes = sizeof *system;
	system->next_id = 1;
	if (!hload_index_init(&system->names, &system->host) ||
	    !hload_index_init(&system->exports, &system->host) ||
	    !hload_index_init(&system->waiting, &system->host) ||
	    !hload_index_init(&system->providers, &system->host) ||
	    !hload_index_init(&system->interfaces, &system->host) || !hload_events_init(system)) {
		release(system);
		return NULL;
	}
	hload_api_system = system;
	return system;
}

void hload_destroy(struct hload_system *system)
{
	hload_lock(system);
	while (system->newest) { /* nobody holds it: holders come later */
		if (system->newest->state == HLOAD_RUNNING)
			hload_quiesce(system->newest, NULL);
		if (system->newest->state == HLOAD_RUNNING) /* somebody stays inside for good */
			hload_close(system->newest, NULL);
		hload_unload(system->newest, NULL);
	}
	hload_ports_free(system);
	while (system->last)
		hload_forget(system->last);
	while (system->left) {
		struct hload_module *left = system->left;

		system->left = left->next;
		left->next = NULL;
		hload_forget(left);
	}
	hload_unlock(system);
	release(system);
}

/* ---- the embedder's exports -------------------------------------------------------- */

static const char *owner_of(const struct hload_export_entry *entry)
{
	return entry->owner ? ((const struct hload_module *)entry->owner)->meta.name : "kernel";
}

static struct hload_export_entry *find_entry(struct hload_system *system, const char *name)
{
	size_t length = hload_length(name);

	return (struct hload_export_entry *)hload_index_find(&system->exports, name, length,
							     hmod_name_hash(name, length));
}

/* Enters the symbols until one is there already: its entry; NULL if none is.
 * table->count says how many went in. */
static struct hload_export_entry *enter(struct hload_system *system, struct hload_table *table,
					const struct hload_symbol *symbols, size_t count)
{
	while (table->count < count) {
		const struct hload_symbol *symbol = &symbols[table->count];
		struct hload_export_entry *there = find_entry(system, symbol->name);

		if (there)
			return there;
		table->entries[table->count].address = symbol->address;
		hload_index_add(&system->exports, &table->entries[table->count].node, symbol->name);
		table->count++;
	}
	return NULL;
}

static enum helix_status export_all(struct hload_system *system, const struct hload_symbol *symbols,
				    size_t count, struct hmod_diag *diag)
{
	struct hload_table *table = hload_alloc(system, table_size(count));
	struct hload_export_entry *there;

	if (!table)
		return hload_fail_memory(diag, HMOD_STAGE_REGISTER, table_size(count), "exports");
	memset(table, 0, table_size(count));
	there = enter(system, table, symbols, count);
	if (!there) {
		*(system->tables ? &system->tables_tail->next : &system->tables) = table;
		system->tables_tail = table;
		return HELIX_OK;
	}
	hmod_fail(diag, HELIX_E_DUPLICATE_EXPORT, HMOD_STAGE_REGISTER, HMOD_NOWHERE);
	hmod_diag_name(diag, there->node.key, SIZE_MAX);
	hmod_diag_other(diag, owner_of(there), SIZE_MAX);
	hmod_diag_module(diag, "kernel");
	while (table->count)
		hload_index_remove(&system->exports, &table->entries[--table->count].node);
	hload_free(system, table, table_size(count));
	return HELIX_E_DUPLICATE_EXPORT;
}

enum helix_status hload_export(struct hload_system *system, const struct hload_symbol *symbols,
			       size_t count, struct hmod_diag *diag)
{
	enum helix_status status;

	if (!count)
		return HELIX_OK;
	hload_lock(system);
	status = export_all(system, symbols, count, diag);
	hload_unlock(system);
	return status;
}

bool hload_symbol_find(struct hload_system *system, const char *name, uint64_t *address,
		       const char **owner)
{
	struct hload_export_entry *entry;

	hload_lock(system);
	entry = find_entry(system, name);
	if (entry) {
		*address = entry->address;
		*owner = owner_of(entry);
	}
	hload_unlock(system);
	return entry;
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
	for (struct hload_table *table = system->tables; table; table = table->next)
		for (size_t i = 0; i < table->count; i++)
			each(ctx, table->entries[i].node.key, table->entries[i].address);
}
