/* SPDX-License-Identifier: MIT
 *
 * The last report: message, registers, backtrace, end of the log. Reads memory
 * only after looking at the page tables, because what it reads may be damaged.
 */
#include "kernel/arch/x86_64/cpu.h"
#include "kernel/arch/x86_64/ports.h"
#include "kernel/arch/x86_64/smp.h"
#include "kernel/arch/x86_64/trap.h"
#include "kernel/core/console.h"
#include "kernel/core/log.h"
#include "kernel/core/panic.h"
#include "kernel/core/print.h"
#include "kernel/mm/mm.h"
#include "kernel/sched/lock.h"
#include "kernel/sched/thread.h"

#define FRAMES_MAX      32
#define LOG_LINES	10
#define KERNEL_HALF     UINT64_C(0xffff800000000000)
#define DEBUG_EXIT_PORT 0xf4

static uint32_t reporter; /* CPU id + 1 of the one whose panic is reported */

static _Noreturn void end(void)
{
	outl(DEBUG_EXIT_PORT, PANIC_STATUS);
	cpu_halt();
}

static void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void say(const char *format, ...)
{
	static char line[512];
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = kvsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	if (length > 0)
		console_write(line, (size_t)length < sizeof(line) ? (size_t)length :
								    sizeof(line) - 1);
}

/* True when the 8 bytes at `address` can be read: a walk of the page tables,
 * which themselves are seen through the direct map. */
static bool readable(uint64_t address)
{
	uint64_t entry = read_cr3();

	if (address < KERNEL_HALF || address % 8)
		return false;
	for (unsigned shift = 39;; shift -= 9) {
		const uint64_t *table = pmm_direct(entry & UINT64_C(0xffffffffff000));

		entry = table[address >> shift & 511];
		if (!(entry & 1))
			return false;
		if (shift == 12 || (shift < 39 && entry & 0x80))
			return true;
	}
}

/* `  ffffffff80201234  name+0x12 [module]`. A return address belongs to the
 * call before it, which may be the last instruction of its function. */
static void say_address(uint64_t address, bool is_return)
{
	uint64_t offset = 0, at = address - is_return;
	const char *module = NULL, *name = ksym_find(at, &offset);

	if (!name && module_symbol_hook)
		name = module_symbol_hook(at, &module, &offset);
	if (!name)
		say("  %016lx  ?\n", address);
	else if (module)
		say("  %016lx  %s+0x%lx [%s]\n", address, name, offset + is_return, module);
	else
		say("  %016lx  %s+0x%lx\n", address, name, offset + is_return);
}

/* From the frame whose link is at `link` upwards. */
static void backtrace(uint64_t link)
{
	for (unsigned i = 0; i < FRAMES_MAX && readable(link) && readable(link + 8); i++) {
		const uint64_t *frame = (const uint64_t *)link;

		if (frame[1] < KERNEL_HALF)
			return;
		say_address(frame[1], true);
		link = frame[0];
	}
}

/* A call to where nothing is has made no frame yet: its return address is still
 * on top of the stack. */
static void backtrace_trap(const struct trap_frame *frame)
{
	bool no_code = frame->vector == VECTOR_PAGE_FAULT && frame->rip == read_cr2();

	say_address(frame->rip, false);
	if (no_code && readable(frame->rsp))
		say_address(*(const uint64_t *)frame->rsp, true);
	backtrace(frame->rbp);
}

static void say_registers(const struct trap_frame *f)
{
	say("rip %016lx cs %04lx rflags %08lx rsp %016lx ss %04lx\n", f->rip, f->cs, f->rflags,
	    f->rsp, f->ss);
	say("rax %016lx rbx %016lx rcx %016lx rdx %016lx\n", f->rax, f->rbx, f->rcx, f->rdx);
	say("rsi %016lx rdi %016lx rbp %016lx r8  %016lx\n", f->rsi, f->rdi, f->rbp, f->r8);
	say("r9  %016lx r10 %016lx r11 %016lx r12 %016lx\n", f->r9, f->r10, f->r11, f->r12);
	say("r13 %016lx r14 %016lx r15 %016lx\n", f->r13, f->r14, f->r15);
	say("cr0 %08lx cr2 %016lx cr3 %016lx cr4 %08lx\n", read_cr0(), read_cr2(), read_cr3(),
	    read_cr4());
	say("vector %lu error code 0x%lx\n", f->vector, f->error);
}

/* The newest lines of the ring: counts them, then reads past the others. */
static void say_log(void)
{
	static char text[LOG_LINE_MAX];
	struct log_cursor cursor = { 0 };
	unsigned lines = 0;
	uint64_t time;
	int level;

	while (log_read(&cursor, &time, &level, text))
		lines++;
	if (lines)
		say("end of the log:\n");
	cursor = (struct log_cursor){ 0 };
	for (unsigned i = 0; log_read(&cursor, &time, &level, text); i++)
		if (i + LOG_LINES >= lines)
			say("  [%5lu.%06lu] %s\n", time / 1000000000, time / 1000 % 1000000, text);
}

bool panic_elsewhere(void)
{
	uint32_t who = __atomic_load_n(&reporter, __ATOMIC_SEQ_CST);

	return who && who != this_cpu()->id + 1;
}

/* Returns for the one panic that reports, with all other CPUs stopped and no lock
 * waited for without end. Another CPU's is not heard; a second one of this CPU,
 * raised while reporting, says so by the shortest way and ends. */
static void enter(void)
{
	static const char again[] = "\nKERNEL PANIC: a second one while reporting\n";
	static bool told;
	uint32_t nobody = 0;

	interrupts_off();
	locks_give_up();
	if (__atomic_compare_exchange_n(&reporter, &nobody, this_cpu()->id + 1, false,
					__ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {
		smp_stop_others();
		return;
	}
	if (panic_elsewhere())
		cpu_halt();
	if (!told) {
		told = true;
		console_write(again, sizeof(again) - 1);
	}
	end();
}

void (*panic_report_hook)(void (*say)(const char *format, ...));

static void say_report(void)
{
	if (panic_report_hook)
		panic_report_hook(say);
}

static void say_message(const char *format, va_list arguments)
{
	static char message[512];

	kvsnprintf(message, sizeof(message), format, arguments);
	say("\nKERNEL PANIC: %s\n", message);
	say("on CPU %u, in thread %s\n", this_cpu()->id, thread_name());
}

void panic(const char *format, ...)
{
	va_list arguments;

	enter();
	va_start(arguments, format);
	say_message(format, arguments);
	va_end(arguments);
	say("backtrace:\n");
	backtrace((uint64_t)__builtin_frame_address(0));
	say_report();
	say_log();
	end();
}

void panic_trap(const struct trap_frame *frame, const char *format, ...)
{
	va_list arguments;

	enter();
	va_start(arguments, format);
	say_message(format, arguments);
	va_end(arguments);
	say_registers(frame);
	say("backtrace:\n");
	backtrace_trap(frame);
	say_report();
	say_log();
	end();
}

/* Called by protected functions whose canary has changed. */
_Noreturn void __stack_chk_fail(void);
void __stack_chk_fail(void)
{
	panic("stack smashing detected");
}
KERNEL_EXPORT(__stack_chk_fail);
