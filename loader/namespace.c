/* SPDX-License-Identifier: MIT
 *
 * The namespaces a module declares that it imports from: indexed before its
 * symbols are resolved, so that none is searched for twice. Most modules
 * declare none.
 */
#include "loader/layout.h"

#include "modfmt/mem.h"

static enum helix_status count(struct hload_work *work)
{
	struct hmod_namespace_cursor cursor = { 0 };
	enum helix_status status;
	const char *name;

	do
		status = hmod_namespace_next(work->image, &cursor, &name, work->diag);
	while (!status);
	if (status != HELIX_E_NOT_FOUND)
		return status;
	work->namespace_count = (uint32_t)cursor.index;
	return HELIX_OK;
}

/* As for exports: names may be made to collide. */
static bool crowded(const struct hload_work *work)
{
	return work->namespaces.steps >
	       HLOAD_PROBES_MORE +
		       HLOAD_PROBES * ((uint64_t)work->namespace_count + work->image->symbol_count);
}

static enum helix_status fail_memory(struct hload_work *work)
{
	hmod_fail(work->diag, HELIX_E_NO_MEMORY, HMOD_STAGE_RESOLVE, HMOD_NOWHERE);
	hmod_diag_numbers(work->diag, work->namespace_count * sizeof *work->namespace_nodes, 0);
	hmod_diag_name(work->diag, "namespaces", SIZE_MAX);
	return HELIX_E_NO_MEMORY;
}

enum helix_status hload_find_namespaces(struct hload_work *work)
{
	struct hmod_namespace_cursor cursor = { 0 };
	enum helix_status status = count(work);
	const char *name;

	if (status || !work->namespace_count)
		return status;
	work->namespace_nodes = hload_work_alloc(work, work->namespace_count,
						 sizeof *work->namespace_nodes,
						 HMOD_STAGE_RESOLVE, "namespaces");
	if (!work->namespace_nodes)
		return HELIX_E_NO_MEMORY;
	if (!hload_index_init(&work->namespaces, work->loading->host))
		return fail_memory(work);
	for (uint32_t i = 0; i < work->namespace_count; i++) {
		hmod_namespace_next(work->image, &cursor, &name, NULL);
		hload_index_add(&work->namespaces, &work->namespace_nodes[i], name);
		if (crowded(work))
			return hload_fail_crowded(work, name);
	}
	return HELIX_OK;
}

static size_t length_of(const char *text)
{
	size_t n = 0;

	while (text[n])
		n++;
	return n;
}

static bool declared(const struct hload_work *work, const char *name)
{
	size_t length = length_of(name);

	return hload_index_find(&work->namespaces, name, length, hmod_name_hash(name, length));
}

/* "NS (exported by OWNER)" */
static void say_where(struct hload_work *work, const struct hload_export_entry *entry)
{
	static const char by[] = " (exported by ";
	const struct hload_loading *loading = work->loading;
	const char *owner = loading->owner_name ?
				    loading->owner_name(loading->ctx, entry->owner) :
				    "another module";
	size_t ns = length_of(entry->ns), end = length_of(owner);
	char text[HMOD_DIAG_TEXT + HMOD_DIAG_TEXT];

	if (end > HMOD_DIAG_TEXT / 2)
		end = HMOD_DIAG_TEXT / 2;
	memcpy(text, entry->ns, ns);
	memcpy(text + ns, by, sizeof by - 1);
	memcpy(text + ns + sizeof by - 1, owner, end);
	memcpy(text + ns + sizeof by - 1 + end, ")", 2);
	hmod_diag_other(work->diag, text, sizeof text);
}

enum helix_status hload_may_import(struct hload_work *work, uint32_t symbol,
				   const struct hload_export_entry *entry)
{
	if (declared(work, entry->ns))
		return crowded(work) ? hload_fail_crowded(work, entry->ns) : HELIX_OK;
	hmod_fail(work->diag, HELIX_E_NAMESPACE, HMOD_STAGE_RESOLVE,
		  work->image->sections[work->image->symtab].offset +
			  (uint64_t)symbol * sizeof *work->image->symbols);
	hmod_diag_name(work->diag, entry->node.key, SIZE_MAX);
	say_where(work, entry);
	return HELIX_E_NAMESPACE;
}
