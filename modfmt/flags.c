/* SPDX-License-Identifier: MIT
 *
 * Flags, events and policies: their names, and what a flag promises that the
 * metadata must declare.
 */
#include "modfmt/internal.h"

#define COUNT(names) (sizeof(names) / sizeof(names)[0])

const char *hmod_flag_name(unsigned bit)
{
	static const char *const names[] = { "ESSENTIAL",    "HOT_RELOADABLE", "USERSPACE",
					     "DRIVER",	     "FILESYSTEM",     "SCHEDULER",
					     "ALLOCATOR",    "SECURITY",       "EXPERIMENTAL",
					     "DEPRECATED" };

	return bit < COUNT(names) ? names[bit] : NULL;
}

const char *hmod_event_name(unsigned kind)
{
	static const char *const names[] = { "TICK", "SHUTDOWN", "MEMORY_PRESSURE", "CPU_HOTPLUG",
					     "CUSTOM" };

	return kind < COUNT(names) ? names[kind] : NULL;
}

const char *hmod_policy_name(uint32_t policy)
{
	static const char *const names[] = { "none", "restart", "stop" };

	return policy < COUNT(names) ? names[policy] : NULL;
}

static bool has_interface(const struct hmod_meta *meta, const char *name)
{
	for (uint32_t i = 0; i < meta->header->interface_count; i++)
		if (text_equal(hmod_meta_string(meta, meta->interfaces[i].name), name))
			return true;
	return false;
}

static enum helix_status fail_promise(struct hmod_diag *diag, const char *flag, const char *wanted)
{
	return hmod_fail_meta(diag, HELIX_E_INTERFACE_MISSING, flag, wanted, HMOD_NOWHERE);
}

enum helix_status hmod_flags_check(const struct hmod_meta *meta, struct hmod_diag *diag)
{
	static const struct {
		uint64_t flag;
		const char *name, *interface, *wanted;
	} rows[] = {
#define ROW(flag, interface)                                                                       \
	{ HELIX_##flag, #flag, interface, "HELIX_INTERFACE(\"" interface "\", …)" }
		ROW(FILESYSTEM, "helix.filesystem"),
		ROW(SCHEDULER, "helix.scheduler"),
		ROW(ALLOCATOR, "helix.allocator"),
		ROW(SECURITY, "helix.security"),
#undef ROW
	};
	const struct hmod_flat_header *h = meta->header;

	for (size_t i = 0; i < COUNT(rows); i++)
		if (h->flags & rows[i].flag && !has_interface(meta, rows[i].interface))
			return fail_promise(diag, rows[i].name, rows[i].wanted);
	if (h->flags & HELIX_DRIVER && !h->interface_count && !h->alias_count)
		return fail_promise(diag, "DRIVER", "a HELIX_INTERFACE or one of .aliases");
	return HELIX_OK;
}
