/* SPDX-License-Identifier: MIT
 *
 * Doubles the counter, and halves it when it stops.
 */
#include <helix/module.h>

#include "counter.h"

static int counter_twice_init(const struct helix_context *ctx)
{
	(void)ctx;
	return HELIX_OK;
}

static int counter_twice_start(void)
{
	counter_value *= 2;
	helix_info("value %d", counter_value);
	return HELIX_OK;
}

static int counter_twice_stop(void)
{
	counter_value /= 2;
	return HELIX_OK;
}

HELIX_MODULE(
	.name = "counter_twice",
	.version = HELIX_VERSION(1, 0, 0),
	.description = "Doubles the counter, and halves it when it stops.",
	.license = "MIT",
	.dependencies = HELIX_DEPENDENCIES("counter"),
	.init = counter_twice_init,
	.start = counter_twice_start,
	.stop = counter_twice_stop,
);
