/* SPDX-License-Identifier: MIT
 *
 * Exports a variable that other modules change directly.
 */
#include <helix/module.h>

#include "counter.h"

int counter_value = 40;
HELIX_EXPORT(counter_value);

static int counter_init(const struct helix_context *ctx)
{
	(void)ctx;
	return HELIX_OK;
}

static int counter_start(void)
{
	return HELIX_OK;
}

static int counter_stop(void)
{
	helix_info("value %d", counter_value);
	return HELIX_OK;
}

HELIX_MODULE(
	.name = "counter",
	.version = HELIX_VERSION(1, 0, 0),
	.description = "Exports state that other modules change",
	.license = "MIT",
	.init = counter_init,
	.start = counter_start,
	.stop = counter_stop,
);
