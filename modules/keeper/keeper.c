/* SPDX-License-Identifier: MIT
 *
 * A stateful service to try reloads with: it counts, for clients that come through
 * its interface, its requests, or its exported function. Compiled several times,
 * once a version.
 */
#include <helix/module.h>

#include "keeper.h"

#ifndef KEEPER_VERSION
#define KEEPER_VERSION 1
#endif
#ifndef KEEPER_NAME
#define KEEPER_NAME "keeper"
#endif

uint64_t keeper_count;
HELIX_EXPORT(keeper_count);

int keeper_add(uint64_t n)
{
	__atomic_add_fetch(&keeper_count, n, __ATOMIC_SEQ_CST);
	return KEEPER_VERSION;
}
HELIX_EXPORT(keeper_add);

static int version(void)
{
	return KEEPER_VERSION;
}

static const struct keeper_operations operations = { keeper_add, version };
HELIX_INTERFACE("keeper.count", 1, 0, operations);

static int keeper_request(const struct helix_request *request, struct helix_response *response)
{
	const bool adds = request->type[0] == 'a';

	return helix_respond_text(response, "%llu by %d",
				  (unsigned long long)__atomic_add_fetch(&keeper_count, adds,
									 __ATOMIC_SEQ_CST),
				  KEEPER_VERSION);
}

static int keeper_save(struct helix_state_writer *state)
{
	return helix_state_put_uint(state, "count", keeper_count);
}

static int keeper_restore(struct helix_state_reader *state)
{
	return helix_state_get_uint(state, "count", &keeper_count);
}

static int keeper_init(const struct helix_context *ctx)
{
	(void)ctx;
	return HELIX_OK;
}

static int keeper_start(void)
{
	return HELIX_OK;
}

static int keeper_stop(void)
{
	return HELIX_OK;
}

static bool keeper_healthy(void)
{
#ifdef KEEPER_SICK
	return false;
#else
	return true;
#endif
}

HELIX_MODULE(
	.name = KEEPER_NAME,
	.version = HELIX_VERSION(KEEPER_VERSION, 0, 0),
	.description = "Counts for whoever asks, and keeps the count when it is replaced",
	.license = "MIT",
	.flags = HELIX_HOT_RELOADABLE,
	.state_version = 1,
	.init = keeper_init,
	.start = keeper_start,
	.stop = keeper_stop,
	.handle_request = keeper_request,
	.is_healthy = keeper_healthy,
	.save_state = keeper_save,
	.restore_state = keeper_restore,
);
