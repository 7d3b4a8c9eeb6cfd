/* SPDX-License-Identifier: MIT
 *
 * Throws a die on request. EXPERIMENTAL: nobody has shown that it is fair, so it
 * is not loaded unless one insists.
 */
#include <helix/module.h>

static uint64_t seed;

static int dice_init(const struct helix_context *ctx)
{
	(void)ctx;
	seed = helix_now_ns() | 1;
	return HELIX_OK;
}

static int dice_start(void)
{
	return HELIX_OK;
}

static int dice_stop(void)
{
	return HELIX_OK;
}

static int dice_request(const struct helix_request *request, struct helix_response *response)
{
	(void)request;
	seed ^= seed << 13; /* Marsaglia's xorshift */
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return helix_respond_text(response, "%u", (unsigned)(seed % 6) + 1);
}

HELIX_MODULE(
	.name = "dice",
	.description = "Throws a die",
	.author = "The Helix developers",
	.license = "MIT",
	.flags = HELIX_EXPERIMENTAL,
	.init = dice_init,
	.start = dice_start,
	.stop = dice_stop,
	.handle_request = dice_request,
);
