/* SPDX-License-Identifier: MIT
 *
 * Frames and counts of calls into modules: see call.h.
 */
#include "loader/call.h"

#include "helix/module.h"

struct hload_frame *hload_frame_current(const struct hload_system *system)
{
	return *hload_frame_slot(system);
}

bool hload_owner_running(const struct hload_system *system, struct hload_owner *owner)
{
	const struct hload_frame *frame = hload_frame_current(system);

	while (frame && !frame->module)
		frame = frame->outer;
	if (!frame)
		return false;
	owner->id = frame->module->id;
	owner->instance = frame->module->instance;
	memcpy(owner->name, frame->module->meta.name, frame->module->meta.name_length + 1);
	return true;
}

void hload_pin(struct hload_module *module)
{
	module->inside++;
}

void hload_unpin(struct hload_module *module)
{
	module->inside--;
}

int hload_call(struct hload_module *module, struct hload_frame *frame, const char *what,
	       int (*hook)(void *argument), void *argument)
{
	const struct hload_host *host = module->system->outer;
	int result;

	hload_frame_push(module->system, frame);
	frame->module = module;
	frame->what = what;
	result = host->call ? host->call(host->ctx, module->meta.name, hook, argument) :
			      hook(argument);
	hload_frame_pop(frame);
	return result;
}

uint64_t hload_now(const struct hload_system *system)
{
	return system->outer->now_ns ? system->outer->now_ns(system->outer->ctx) : 0;
}

bool hload_wait(struct hload_system *system, uint64_t deadline)
{
	const struct hload_host *host = system->outer;

	if (!host->pause || hload_now(system) > deadline)
		return false;
	hload_unlock(system);
	host->pause(host->ctx);
	hload_lock(system);
	return true;
}

int helix_fail(int status, const char *format, ...)
{
	struct hload_frame *frame = hload_api_system ? hload_frame_current(hload_api_system) : NULL;
	va_list arguments;

	if (!frame)
		return status;
	va_start(arguments, format);
	hload_format(frame->system, frame->text, sizeof frame->text, format, arguments);
	va_end(arguments);
	return status;
}
