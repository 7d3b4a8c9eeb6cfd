/* SPDX-License-Identifier: MIT
 *
 * A module on its way out, and in it a function that goes first: old_sum warns
 * whoever imports it, and cannot be imported any more from version 3 on.
 */
#include <helix/module.h>

int old_sum(int a, int b);
int new_sum(const int *values, unsigned count);

int new_sum(const int *values, unsigned count)
{
	int sum = 0;

	while (count--)
		sum += *values++;
	return sum;
}
HELIX_EXPORT(new_sum);

int old_sum(int a, int b)
{
	return a + b;
}
HELIX_EXPORT_DEPRECATED(old_sum, "new_sum", HELIX_VERSION(2, 0, 0), HELIX_VERSION(3, 0, 0));

static int old_sum_init(const struct helix_context *ctx)
{
	(void)ctx;
	return HELIX_OK;
}

static int old_sum_start(void)
{
	return HELIX_OK;
}

static int old_sum_stop(void)
{
	return HELIX_OK;
}

HELIX_MODULE(
	.name = "old_sum",
	.version = HELIX_VERSION(2, 1, 0),
	.description = "Adds numbers, the old way",
	.author = "The Helix developers",
	.license = "MIT",
	.flags = HELIX_DEPRECATED,
	.init = old_sum_init,
	.start = old_sum_start,
	.stop = old_sum_stop,
);
