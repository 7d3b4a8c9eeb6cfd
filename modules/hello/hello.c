/* SPDX-License-Identifier: MIT
 *
 * The smallest module with something to say: a parameter and three log lines.
 */
#include <helix/module.h>

HELIX_PARAM(greeting, string, "hello, world", "what to log when it starts");
HELIX_PARAM(times, uint, 1, "how often to log it");

static const char *greeting;
static uint64_t times;

static int hello_init(const struct helix_context *ctx)
{
	greeting = helix_config_or(ctx, "greeting", "");
	times = helix_config_uint(ctx, "times", 1);
	return HELIX_OK;
}

static int hello_start(void)
{
	for (uint64_t i = 0; i < times; i++)
		helix_info("%s", greeting);
	return HELIX_OK;
}

static int hello_stop(void)
{
	helix_info("goodbye");
	return HELIX_OK;
}

HELIX_MODULE(
	.name = "hello",
	.version = HELIX_VERSION(1, 0, 0),
	.description = "Logs a greeting",
	.author = "The Helix developers",
	.license = "MIT",
	.init = hello_init,
	.start = hello_start,
	.stop = hello_stop,
);
