/* SPDX-License-Identifier: MIT
 *
 * The command that asks a module something.
 */
#include "kernel/core/print.h"
#include "kernel/core/string.h"
#include "kernel/shell/command.h"
#include "kernel/shell/line.h"
#include "kernel/shell/payload.h"
#include "kernel/svc/modules.h"
#include "loader/services.h"

#define DEADLINE_MS	 UINT64_C(5000)
#define DEADLINE_MS_MOST UINT64_C(86400000)

/* Takes `-t MS` off the front; false when MS is no number of milliseconds. */
static bool take_deadline(int *argc, char ***argv, uint64_t *ms)
{
	*ms = DEADLINE_MS;
	if (*argc < 3 || strcmp((*argv)[1], "-t"))
		return true;
	if (!hmod_param_uint((*argv)[2], ms) || *ms > DEADLINE_MS_MOST)
		return false;
	*argc -= 2;
	*argv += 2;
	return true;
}

static int show(const char *name, struct helix_reply *reply)
{
	int status = reply->success ? 0 : 1;

	if (reply->success)
		payload_print(reply->payload, reply->size);
	else
		kprintf("request: %s answers with an error: %s\n", name, reply->error);
	hload_reply_free(modules, reply);
	return status;
}

static int run_request(int argc, char **argv)
{
	struct hload_asking asking = { .source = "shell" };
	struct helix_reply reply;
	struct hmod_diag diag;
	uint8_t bytes[LINE_MAX];
	const char *wrong = NULL;

	if (!take_deadline(&argc, &argv, &asking.nanoseconds) || argc < 3 || argc > 4)
		return USAGE;
	if (argc == 4)
		wrong = payload_parse(argv[3], bytes, &asking.size);
	if (wrong) {
		kprintf("request: the payload %s\n", wrong);
		return 1;
	}
	asking.nanoseconds *= 1000000;
	asking.target = argv[1];
	asking.type = argv[2];
	asking.payload = bytes;
	if (hload_request(modules, &asking, &reply, &diag))
		return shell_fail("request", NULL, &diag);
	return show(argv[1], &reply);
}

const struct command request_commands[] = {
	{ "request", run_request, "[-t MS] NAME TYPE [PAYLOAD]",
	  "ask a module; PAYLOAD is text, or hex after 0x (-t: wait so long, 0: for ever)",
	  COMPLETE_MODULE },
	{ NULL, NULL, NULL, NULL, COMPLETE_NOTHING },
};
