/* SPDX-License-Identifier: MIT
 *
 * A v2 module that talks to journal, which is v1, both ways. Requests: `note` TEXT
 * (writes it there), `recite` (what is kept there), `tell` (lets journal send the
 * last entry here, as the request `entry`), `heard` (that entry), `count`.
 */
#include <helix/module.h>

#include "journal.h"

static const struct helix_context *self;
static const struct journal_ops *journal;
static char heard[96];

static bool is(const char *text, const char *other)
{
	const size_t size = strlen(other) + 1;

	return strlen(text) + 1 == size && !memcmp(text, other, size);
}

/* Asks journal and answers what it answers. */
static int ask(struct helix_response *response, const char *type, const void *payload, size_t size)
{
	struct helix_reply reply;
	int status = helix_request(self, "journal", type, payload, size, &reply);

	if (status)
		return helix_fail(status, "journal was not reached");
	status = reply.success ? helix_respond(response, reply.payload, reply.size) :
				 helix_respond_error(response, "%s", reply.error);
	helix_reply_free(self, &reply);
	return status;
}

static int hear(const struct helix_request *request, struct helix_response *response)
{
	const size_t size = request->size < sizeof heard ? request->size : sizeof heard - 1;

	memcpy(heard, request->payload, size);
	heard[size] = 0;
	return helix_respond_text(response, "thank you, %s", request->source);
}

static int scribe_request(const struct helix_request *request, struct helix_response *response)
{
	if (is(request->type, "note"))
		return ask(response, "write", request->payload, request->size);
	if (is(request->type, "recite"))
		return ask(response, "read", NULL, 0);
	if (is(request->type, "tell"))
		return ask(response, "forward", NULL, 0);
	if (is(request->type, "entry") && request->size)
		return hear(request, response);
	if (is(request->type, "heard"))
		return helix_respond_text(response, "%s", heard);
	if (is(request->type, "count"))
		return helix_respond_text(response, "%d", journal->count());
	return helix_respond_error(response, "Unknown request");
}

static int scribe_init(const struct helix_context *ctx)
{
	self = ctx;
	journal = helix_interface_get(ctx, "helix.journal", 1, 0);
	return journal ? HELIX_OK : HELIX_E_NO_MEMORY;
}

static int scribe_start(void)
{
	return HELIX_OK;
}

static int scribe_stop(void)
{
	helix_interface_put(self, journal);
	return HELIX_OK;
}

HELIX_MODULE(
	.name = "scribe",
	.version = HELIX_VERSION(1, 0, 0),
	.description = "Writes to journal and hears from it (v2 API)",
	.license = "MIT",
	.dependencies = HELIX_DEPENDENCIES("journal >= 1.0"),
	.init = scribe_init,
	.start = scribe_start,
	.stop = scribe_stop,
	.handle_request = scribe_request,
);
