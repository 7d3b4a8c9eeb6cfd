/* SPDX-License-Identifier: MIT
 *
 * The diamond's base: both sides stand on it.
 */
#include <helix/module.h>

#include "diamond.h"

unsigned diamond_base_level(void)
{
	return 1;
}
HELIX_EXPORT(diamond_base_level);

static int diamond_base_init(const struct helix_context *ctx)
{
	(void)ctx;
	return HELIX_OK;
}

static int diamond_base_start(void)
{
	helix_info("level %u", diamond_base_level());
	return HELIX_OK;
}

static int diamond_base_stop(void)
{
	return HELIX_OK;
}

HELIX_MODULE(
	.name = "diamond_base",
	.version = HELIX_VERSION(2, 1, 3),
	.description = "The diamond's base: both sides stand on it.",
	.license = "MIT",
	.init = diamond_base_init,
	.start = diamond_base_start,
	.stop = diamond_base_stop,
);
