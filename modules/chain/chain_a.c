/* SPDX-License-Identifier: MIT
 *
 * The first link: depends on nothing.
 */
#include <helix/module.h>

#include "chain.h"

int chain_a_value(int x)
{
	return x + 1;
}
HELIX_EXPORT(chain_a_value);

static int chain_a_init(const struct helix_context *ctx)
{
	(void)ctx;
	return HELIX_OK;
}

static int chain_a_start(void)
{
	helix_info("started");
	return HELIX_OK;
}

static int chain_a_stop(void)
{
	return HELIX_OK;
}

HELIX_MODULE(
	.name = "chain_a",
	.version = HELIX_VERSION(1, 0, 0),
	.description = "First link of a chain of three",
	.license = "MIT",
	.init = chain_a_init,
	.start = chain_a_start,
	.stop = chain_a_stop,
);
