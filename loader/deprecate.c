/* SPDX-License-Identifier: MIT
 *
 * Exports that go (HELIX_EXPORT_DEPRECATED). What an exporting module's version
 * makes of one is settled when it is loaded; whoever imports it later is warned,
 * or refused.
 */
#include "loader/layout.h"

#include "helix/module.h"
#include "modfmt/mem.h"

void hload_note_deprecation(const struct hload_loading *loading, const struct hmod_export *export,
			    struct hload_export_entry *entry)
{
	const uint64_t version = loading->version;

	if (!export->replacement || version < export->since)
		return;
	entry->replacement = export->replacement;
	if (export->removed && version >= export->removed)
		entry->removed = export->removed;
}

static const char *owner_name(const struct hload_loading *loading, const void *owner)
{
	return loading->owner_name ? loading->owner_name(loading->ctx, owner) : "another module";
}

static void say(const struct hload_host *host, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
static void say(const struct hload_host *host, const char *format, ...)
{
	va_list arguments;

	if (!host->log)
		return;
	va_start(arguments, format);
	host->log(host->ctx, HELIX_LOG_WARN, format, arguments);
	va_end(arguments);
}

/* The replacement as the diagnostic's list; left out without memory. */
static void keep_replacement(struct hload_work *work, const char *replacement)
{
	const struct hload_host *host = work->loading->host;
	size_t size = 1;

	if (!work->diag)
		return;
	while (replacement[size - 1])
		size++;
	work->diag->list = host->alloc(host->ctx, size);
	if (work->diag->list)
		memcpy(work->diag->list, replacement, size);
}

enum helix_status hload_import_deprecated(struct hload_work *work, uint32_t symbol,
					  const struct hload_export_entry *entry)
{
	const struct hload_loading *loading = work->loading;

	if (!entry->removed) {
		say(loading->host, "%s: uses deprecated %s of %s, use %s",
		    owner_name(loading, loading->owner), entry->node.key,
		    owner_name(loading, entry->owner), entry->replacement);
		return HELIX_OK;
	}
	hmod_fail(work->diag, HELIX_E_SYMBOL_REMOVED, HMOD_STAGE_RESOLVE,
		  work->image->sections[work->image->symtab].offset +
			  (uint64_t)symbol * sizeof *work->image->symbols);
	hmod_diag_name(work->diag, entry->node.key, SIZE_MAX);
	hmod_diag_other(work->diag, owner_name(loading, entry->owner), SIZE_MAX);
	hmod_diag_numbers(work->diag, entry->removed, 0);
	keep_replacement(work, entry->replacement);
	return HELIX_E_SYMBOL_REMOVED;
}
