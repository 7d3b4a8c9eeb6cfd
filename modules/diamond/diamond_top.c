/* SPDX-License-Identifier: MIT
 *
 * The diamond's top: needs both sides; tracing is optional.
 */
#include <helix/module.h>

#include "diamond.h"

static int diamond_top_init(const struct helix_context *ctx)
{
	(void)ctx;
	return HELIX_OK;
}

static int diamond_top_start(void)
{
	helix_info("level %u", diamond_left_level() + diamond_right_level());
	return HELIX_OK;
}

static int diamond_top_stop(void)
{
	return HELIX_OK;
}

HELIX_MODULE(
	.name = "diamond_top",
	.version = HELIX_VERSION(1, 0, 0),
	.description = "The diamond's top: needs both sides; tracing is optional.",
	.license = "MIT",
	.dependencies = HELIX_DEPENDENCIES("diamond_left", "diamond_right >= 1.2", "?tracing"),
	.init = diamond_top_init,
	.start = diamond_top_start,
	.stop = diamond_top_stop,
);
