/* SPDX-License-Identifier: MIT
 *
 * Adds two to the counter, and takes them back when it stops.
 */
#include <helix/module.h>

#include "counter.h"

static int counter_up_init(const struct helix_context *ctx)
{
	(void)ctx;
	return HELIX_OK;
}

static int counter_up_start(void)
{
	counter_value += 2;
	helix_info("value %d", counter_value);
	return HELIX_OK;
}

static int counter_up_stop(void)
{
	counter_value -= 2;
	return HELIX_OK;
}

HELIX_MODULE(
	.name = "counter_up",
	.version = HELIX_VERSION(1, 0, 0),
	.description = "Adds two to the counter, and takes them back when it stops.",
	.license = "MIT",
	.dependencies = HELIX_DEPENDENCIES("counter"),
	.init = counter_up_init,
	.start = counter_up_start,
	.stop = counter_up_stop,
);
