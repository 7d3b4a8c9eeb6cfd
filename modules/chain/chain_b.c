/* SPDX-License-Identifier: MIT
 *
 * The middle link: imports a function from chain_a and exports a function and
 * a pointer to an imported one.
 */
#include <helix/module.h>

#include "chain.h"

int chain_b_value(int x)
{
	return 2 * chain_a_value(x);
}
HELIX_EXPORT(chain_b_value);

int (*const chain_b_callback)(int x) = chain_a_value;
HELIX_EXPORT(chain_b_callback);

static int chain_b_init(const struct helix_context *ctx)
{
	(void)ctx;
	return chain_b_value(3) == 8 ? HELIX_OK : HELIX_E_INTERNAL;
}

static int chain_b_start(void)
{
	helix_info("started, value %d", chain_b_value(3));
	return HELIX_OK;
}

static int chain_b_stop(void)
{
	return HELIX_OK;
}

HELIX_MODULE(
	.name = "chain_b",
	.version = HELIX_VERSION(1, 1, 0),
	.description = "Middle link of a chain of three",
	.license = "MIT",
	.dependencies = HELIX_DEPENDENCIES("chain-a >= 1.0"),
	.init = chain_b_init,
	.start = chain_b_start,
	.stop = chain_b_stop,
);
