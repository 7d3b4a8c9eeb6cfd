/* SPDX-License-Identifier: MIT
 *
 * See crash.h. The handler runs in a process that is lost already: it reads the
 * loader's tables without a lock, as a kernel's panic does, and ends.
 */
#define _GNU_SOURCE
#include "tools/crash.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>
#include <unistd.h>

#include "tools/process.h"
#include "tools/tool.h"

#define STACK_WORDS 512 /* looked at for a caller inside a module */

static const char *watched;
static unsigned limit;

static const struct {
	int number;
	const char *name;
} signals[] = {
	{ SIGSEGV, "SIGSEGV" }, { SIGBUS, "SIGBUS" }, { SIGFPE, "SIGFPE" },   { SIGILL, "SIGILL" },
	{ SIGTRAP, "SIGTRAP" }, { SIGABRT, "SIGABRT" }, { SIGALRM, "SIGALRM" }, { SIGSYS, "SIGSYS" },
};
#define SIGNALS (sizeof signals / sizeof signals[0])

const char *crash_signal_name(int number)
{
	for (size_t i = 0; i < SIGNALS; i++)
		if (signals[i].number == number)
			return signals[i].name;
	return strsignal(number);
}

/* `module: function+0x12`, or false when the address is in no module's function. */
static bool place(uint64_t address, char *text, size_t capacity)
{
	const struct hload_module *module;
	const char *function;
	struct hload_info info;
	uint64_t offset;

	if (!process_served)
		return false;
	function = hload_function_at(process_served->system, address, &module, &offset);
	if (!function)
		return false;
	hload_info(module, &info);
	snprintf(text, capacity, "module %s: %s+0x%llx", info.meta->name, function,
		 (unsigned long long)offset);
	return true;
}

/* Where the module's code is, or who in it called what does not come back. Stack
 * words are only read on the page of the stack pointer and the next few, which
 * are mapped: the thread runs on them, upwards are its callers. */
static void find_place(const ucontext_t *context, char *text, size_t capacity)
{
	const greg_t *registers = context->uc_mcontext.gregs;
	const uint64_t *word = (const uint64_t *)((uintptr_t)registers[REG_RSP] & ~(uintptr_t)7);
	const char *module = process_inside();
	uint64_t pages = STACK_WORDS;

	if (place((uint64_t)registers[REG_RIP], text, capacity))
		return;
	if (module && registers[REG_RIP]) /* else the stack itself may be what is wrong */
		for (uint64_t i = 0; i < pages; i++)
			if (place(word[i], text, capacity))
				return;
	if (module && place(word[0], text, capacity)) /* called nothing at address 0 */
		return;
	snprintf(text, capacity, module ? "called from module %s" : "%s",
		 module ? module : "outside of every module");
}

static void on_fault(int number, siginfo_t *info, void *context)
{
	char where[256];

	signal(number, SIG_DFL); /* a second fault ends the process; the parent names it */
	find_place(context, where, sizeof where);
	if (number == SIGALRM)
		refuse(watched, "hangs: still in %s after %u s", where, limit);
	else if (number == SIGSEGV || number == SIGBUS)
		refuse(watched, "crashed: %s at address 0x%llx in %s", crash_signal_name(number),
		       (unsigned long long)(uintptr_t)info->si_addr, where);
	else
		refuse(watched, "crashed: %s in %s", crash_signal_name(number), where);
	fflush(stdout);
	_exit(EXIT_CRASHED);
}

/* Room for a handler when it is the stack that has run out. */
static void other_stack(void)
{
	static uint8_t memory[64 << 10];
	const stack_t stack = { .ss_sp = memory, .ss_size = sizeof memory };

	sigaltstack(&stack, NULL);
}

void crash_watch(const char *file, unsigned seconds)
{
	struct sigaction action = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK };

	watched = file;
	limit = seconds;
	other_stack();
	for (size_t i = 0; i < SIGNALS; i++)
		sigaction(signals[i].number, &action, NULL);
	alarm(seconds);
}
