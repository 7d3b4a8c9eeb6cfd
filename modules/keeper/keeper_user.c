/* SPDX-License-Identifier: MIT
 *
 * Counts with module keeper, which it calls straight, through a pointer in its data
 * and through one in a table: all of these follow when keeper is replaced.
 */
#include <helix/module.h>

#include "keeper.h"

static int (*volatile add_at)(uint64_t n) = keeper_add;
static int (*const volatile table[])(uint64_t n) = { keeper_add, keeper_add };
static uint64_t turn;

/* Adds 1, each time another way; answers the version that did it. */
static int user_request(const struct helix_request *request, struct helix_response *response)
{
	const uint64_t way = __atomic_fetch_add(&turn, 1, __ATOMIC_RELAXED) % 3;
	int version;

	(void)request;
	if (way == 0)
		version = keeper_add(1);
	else
		version = way == 1 ? add_at(1) : table[way - 1](1);
	return helix_respond_text(response, "by %d", version);
}

static int user_init(const struct helix_context *ctx)
{
	(void)ctx;
	return HELIX_OK;
}

static int user_start(void)
{
	return HELIX_OK;
}

static int user_stop(void)
{
	return HELIX_OK;
}

HELIX_MODULE(
	.name = "keeper_user",
	.version = HELIX_VERSION(1, 0, 0),
	.description = "Counts with module keeper by its exported function",
	.license = "MIT",
	.dependencies = HELIX_DEPENDENCIES("keeper"),
	.init = user_init,
	.start = user_start,
	.stop = user_stop,
	.handle_request = user_request,
);
