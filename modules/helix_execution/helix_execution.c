/* SPDX-License-Identifier: MIT
 *
 * The execution service that schedulers depend on: for now it provides the
 * capability and the clock reading it was started at.
 */
#include <helix/module.h>

static uint64_t started_ns;

uint64_t helix_execution_uptime_ns(void);
uint64_t helix_execution_uptime_ns(void)
{
	return helix_now_ns() - started_ns;
}
HELIX_EXPORT(helix_execution_uptime_ns);

static int execution_init(const struct helix_context *ctx)
{
	(void)ctx;
	return HELIX_OK;
}

static int execution_start(void)
{
	started_ns = helix_now_ns();
	return HELIX_OK;
}

static int execution_stop(void)
{
	return HELIX_OK;
}

HELIX_MODULE(
	.name = "helix-execution",
	.version = HELIX_VERSION(1, 0, 0),
	.description = "Execution service for schedulers",
	.license = "MIT",
	.provides = HELIX_PROVIDES("execution"),
	.init = execution_init,
	.start = execution_start,
	.stop = execution_stop,
);
