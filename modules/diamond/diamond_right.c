/* SPDX-License-Identifier: MIT
 *
 * The diamond's right side: needs version 2.1 of the base.
 */
#include <helix/module.h>

#include "diamond.h"

unsigned diamond_right_level(void)
{
	return diamond_base_level() + 1;
}
HELIX_EXPORT(diamond_right_level);

static int diamond_right_init(const struct helix_context *ctx)
{
	(void)ctx;
	return HELIX_OK;
}

static int diamond_right_start(void)
{
	helix_info("level %u", diamond_right_level());
	return HELIX_OK;
}

static int diamond_right_stop(void)
{
	return HELIX_OK;
}

HELIX_MODULE(
	.name = "diamond_right",
	.version = HELIX_VERSION(1, 2, 0),
	.description = "The diamond's right side: needs version 2.1 of the base.",
	.license = "MIT",
	.dependencies = HELIX_DEPENDENCIES("diamond_base >= 2.1"),
	.init = diamond_right_init,
	.start = diamond_right_start,
	.stop = diamond_right_stop,
);
