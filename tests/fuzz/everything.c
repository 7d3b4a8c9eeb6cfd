/* SPDX-License-Identifier: MIT
 *
 * A module with something of everything, as a seed.
 */
#include <helix/module.h>

extern int far_call(int), far_data;
extern int absent(void) __attribute__((weak));
int common[10];
_Alignas(256) static int aligned = 5;
static const char *const texts[] = { "one", "two", "three" };

int exported(int x);
int exported(int x)
{
	switch (x) {
	case 0: return far_call(x);
	case 1: return far_data;
	case 2: return texts[x][1];
	case 3: return absent ? absent() : common[x];
	case 4: return aligned;
	default: return 0;
	}
}
HELIX_EXPORT_NS(exported, "space");
HELIX_EXPORT(common);
HELIX_IMPORT_NS("other");
HELIX_PARAM(size, uint, 12, "a number");
HELIX_PARAM(label, string, "x", "a text");

static void __attribute__((constructor(500))) begin(void)
{
	common[0] = 1;
}

static void __attribute__((destructor)) end(void)
{
	common[0] = 0;
}

static int m_init(const struct helix_context *ctx)
{
	return (int)helix_config_uint(ctx, "size", 1) - 12;
}

static int nothing(void)
{
	return exported(4) - 5;
}

HELIX_MODULE(.name = "everything", .version = HELIX_VERSION(1, 2, 3), .author = "A", .license = "MIT",
	     .flags = HELIX_HOT_RELOADABLE | HELIX_DRIVER, .dependencies = HELIX_DEPENDENCIES("?other >= 1.0"),
	     .provides = HELIX_PROVIDES("all"), .aliases = HELIX_ALIASES("pci:1234"), .init = m_init,
	     .start = nothing, .stop = nothing);
