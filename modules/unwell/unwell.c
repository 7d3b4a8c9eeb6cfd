/* SPDX-License-Identifier: MIT
 *
 * A module whose health is what it is told: the request "set" with "ill" or
 * "well". When it is ill it is restarted, and goes on counting where it was.
 */
#include <helix/module.h>

HELIX_PARAM(chronic, bool, false, "ill from the start, every time");

static bool ill;
static uint64_t told; /* how often it was told something */

static bool is(const void *bytes, size_t size, const char *text)
{
	return size == strlen(text) && !memcmp(bytes, text, size);
}

static int unwell_init(const struct helix_context *ctx)
{
	ill = helix_config_bool(ctx, "chronic", false);
	return HELIX_OK;
}

static int unwell_start(void)
{
	return HELIX_OK;
}

static int unwell_stop(void)
{
	return HELIX_OK;
}

static int unwell_request(const struct helix_request *request, struct helix_response *response)
{
	if (is(request->type, strlen(request->type), "told"))
		return helix_respond_text(response, "%llu", (unsigned long long)told);
	if (!is(request->type, strlen(request->type), "set"))
		return helix_respond_error(response, "Unknown request");
	if (!is(request->payload, request->size, "ill") &&
	    !is(request->payload, request->size, "well"))
		return helix_fail(HELIX_E_INVALID, "ill or well, nothing else");
	ill = request->size == 3;
	told++;
	return HELIX_OK;
}

static bool unwell_healthy(void)
{
	if (ill)
		helix_fail(HELIX_E_NOT_HEALTHY, "told to be ill %llu times",
			   (unsigned long long)told);
	return !ill;
}

static int unwell_save(struct helix_state_writer *state)
{
	return helix_state_put_uint(state, "told", told);
}

static int unwell_restore(struct helix_state_reader *state)
{
	return helix_state_get_uint(state, "told", &told);
}

HELIX_MODULE(
	.name = "unwell",
	.version = HELIX_VERSION(1, 0, 0),
	.description = "Is as healthy as it is told to be",
	.author = "The Helix developers",
	.license = "MIT",
	.state_version = 1,
	.init = unwell_init,
	.start = unwell_start,
	.stop = unwell_stop,
	.handle_request = unwell_request,
	.is_healthy = unwell_healthy,
	.policy = HELIX_POLICY_RESTART,
	.save_state = unwell_save,
	.restore_state = unwell_restore,
);
