/* SPDX-License-Identifier: MIT
 *
 * COMDAT groups as a linker treats them (gABI, "Section Groups"): of several
 * with one name the first is kept, the members of the others are not loaded, and
 * their global symbols mean those of the same name that stay. Compilers and
 * `ld -r` leave one of each; without duplicates all this is one walk over the
 * groups, and without groups nothing.
 */
#include "loader/layout.h"

#include "modfmt/mem.h"

enum member { NO_MEMBER, MEMBER_KEPT, MEMBER_DROPPED };

static enum helix_status fail_twice(struct hload_work *work, uint32_t group)
{
	hmod_fail(work->diag, HELIX_E_GROUP, HMOD_STAGE_LAYOUT,
		  work->image->sections[group].offset);
	hmod_diag_section(work->diag, group, hmod_section_name(work->image, group), SIZE_MAX);
	hmod_diag_name(work->diag, "a member is in two groups", SIZE_MAX);
	return HELIX_E_GROUP;
}

static enum helix_status mark(struct hload_work *work, uint32_t group, enum member as)
{
	uint32_t count = hmod_group_count(work->image, group);

	for (uint32_t i = 0; i < count; i++) {
		uint8_t *member = &work->member[hmod_group_member(work->image, group, i)];

		if (*member)
			return fail_twice(work, group);
		*member = (uint8_t)as;
	}
	work->dropped = work->dropped || (as == MEMBER_DROPPED && count);
	return HELIX_OK;
}

/* ---- names, entered into an index of their own ------------------------------------- */

struct names {
	struct hload_index index;
	struct hload_node *nodes;
	uint64_t room, count;
};

static enum helix_status open_names(struct hload_work *work, struct names *names, uint64_t room)
{
	*names = (struct names){ .room = room };
	names->nodes = hload_work_alloc(work, room, sizeof *names->nodes, HMOD_STAGE_LAYOUT,
					"names of groups");
	if (!names->nodes)
		return HELIX_E_NO_MEMORY;
	if (hload_index_init(&names->index, work->loading->host))
		return HELIX_OK;
	hmod_fail(work->diag, HELIX_E_NO_MEMORY, HMOD_STAGE_LAYOUT, HMOD_NOWHERE);
	hmod_diag_name(work->diag, "names of groups", SIZE_MAX);
	return HELIX_E_NO_MEMORY;
}

static void close_names(struct hload_work *work, struct names *names)
{
	const struct hload_host *host = work->loading->host;

	hload_index_release(&names->index);
	if (names->nodes)
		host->free(host->ctx, names->nodes, names->room * sizeof *names->nodes);
}

/* Looks a name up, at a bounded cost: names may be long, shared, and collide. */
static enum helix_status find(struct hload_work *work, struct names *names, const char *name,
			      struct hload_node **node)
{
	size_t length = 0;

	while (name[length] && length < work->name_budget)
		length++;
	work->name_budget -= length;
	if (!work->name_budget ||
	    names->index.steps > HLOAD_PROBES_MORE + HLOAD_PROBES * names->room)
		return hload_fail_crowded(work, name);
	*node = hload_index_find(&names->index, name, length, hmod_name_hash(name, length));
	return HELIX_OK;
}

/* With the index set up for as many as there is room for. */
static void enter(struct names *names, const char *name)
{
	hload_index_add(&names->index, &names->nodes[names->count++], name);
}

/* ---- groups ------------------------------------------------------------------------ */

static enum helix_status judge(struct hload_work *work, struct names *names, uint32_t group)
{
	const char *name = hmod_group_name(work->image, group);
	struct hload_node *first = NULL;
	enum helix_status status;

	if (!hmod_group_comdat(work->image, group))
		return mark(work, group, MEMBER_KEPT);
	status = find(work, names, name, &first);
	if (status)
		return status;
	if (!first)
		enter(names, name);
	return mark(work, group, first ? MEMBER_DROPPED : MEMBER_KEPT);
}

enum helix_status hload_find_groups(struct hload_work *work)
{
	const struct hmod_image *image = work->image;
	enum helix_status status;
	struct names names;

	if (!image->group_count)
		return HELIX_OK;
	work->member = hload_work_alloc(work, image->section_count, 1, HMOD_STAGE_LAYOUT,
					"members of groups");
	if (!work->member)
		return HELIX_E_NO_MEMORY;
	memset(work->member, NO_MEMBER, image->section_count);
	status = open_names(work, &names, image->group_count);
	for (uint32_t i = 1; !status && i < image->section_count; i++)
		if (image->sections[i].type == ELF_SHT_GROUP)
			status = judge(work, &names, i);
	close_names(work, &names);
	return status;
}

bool hload_is_dropped(const struct hload_work *work, uint32_t section)
{
	return work->member && work->member[section] == MEMBER_DROPPED;
}

/* ---- symbols ------------------------------------------------------------------------- */

/* A global symbol defined in a section: in a dropped one, or in one that is loaded. */
static bool is_global(const struct hload_work *work, uint32_t symbol, bool dropped)
{
	bool special;
	uint32_t section = hmod_symbol_section(work->image, symbol, &special);

	return elf64_symbol_bind(&work->image->symbols[symbol]) != ELF_STB_LOCAL && !special &&
	       section &&
	       (dropped ? hload_is_dropped(work, section) : hload_is_placed(work, section));
}

static enum helix_status redirect(struct hload_work *work, struct names *kept, uint32_t symbol)
{
	const char *name = hmod_symbol_name(work->image, symbol);
	struct hload_node *node = NULL;
	enum helix_status status = find(work, kept, name, &node);

	if (!status && node) /* a node's number is its symbol's */
		work->value[symbol] = work->value[node - kept->nodes];
	return status;
}

/* Enters what stays, by name, each name once. */
static enum helix_status enter_kept(struct hload_work *work, struct names *kept)
{
	enum helix_status status = HELIX_OK;

	for (uint32_t i = 1; !status && i < work->image->symbol_count; i++) {
		const char *name = hmod_symbol_name(work->image, i);
		struct hload_node *node = NULL;

		if (!is_global(work, i, false))
			continue;
		status = find(work, kept, name, &node);
		kept->count = i;
		if (!status && !node)
			enter(kept, name);
	}
	return status;
}

enum helix_status hload_redirect_dropped(struct hload_work *work)
{
	enum helix_status status;
	struct names kept;

	if (!work->dropped || !work->image->symbol_count)
		return HELIX_OK;
	status = open_names(work, &kept, work->image->symbol_count);
	if (!status)
		status = enter_kept(work, &kept);
	for (uint32_t i = 1; !status && i < work->image->symbol_count; i++)
		if (is_global(work, i, true))
			status = redirect(work, &kept, i);
	close_names(work, &kept);
	return status;
}
