/* SPDX-License-Identifier: MIT
 *
 * The last link: calls chain_b, and chain_a through chain_b's pointer.
 */
#include <helix/module.h>

#include "chain.h"

static int chain_c_init(const struct helix_context *ctx)
{
	(void)ctx;
	return chain_b_callback(1) == 2 ? HELIX_OK : HELIX_E_INTERNAL;
}

static int chain_c_start(void)
{
	helix_info("started, value %d", chain_b_value(20));
	return HELIX_OK;
}

static int chain_c_stop(void)
{
	return HELIX_OK;
}

HELIX_MODULE(
	.name = "chain_c",
	.version = HELIX_VERSION(1, 0, 0),
	.description = "Last link of a chain of three",
	.license = "MIT",
	.dependencies = HELIX_DEPENDENCIES("chain-b >= 1.0, < 2"),
	.init = chain_c_init,
	.start = chain_c_start,
	.stop = chain_c_stop,
);
