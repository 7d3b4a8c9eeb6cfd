/* SPDX-License-Identifier: MIT
 *
 * The diamond's left side: takes any base of version 2.
 */
#include <helix/module.h>

#include "diamond.h"

unsigned diamond_left_level(void)
{
	return diamond_base_level() + 1;
}
HELIX_EXPORT(diamond_left_level);

static int diamond_left_init(const struct helix_context *ctx)
{
	(void)ctx;
	return HELIX_OK;
}

static int diamond_left_start(void)
{
	helix_info("level %u", diamond_left_level());
	return HELIX_OK;
}

static int diamond_left_stop(void)
{
	return HELIX_OK;
}

HELIX_MODULE(
	.name = "diamond_left",
	.version = HELIX_VERSION(1, 0, 0),
	.description = "The diamond's left side: takes any base of version 2.",
	.license = "MIT",
	.dependencies = HELIX_DEPENDENCIES("diamond_base >= 2.0, < 3"),
	.init = diamond_left_init,
	.start = diamond_left_start,
	.stop = diamond_left_stop,
);
