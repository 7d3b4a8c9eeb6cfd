/* SPDX-License-Identifier: MIT
 *
 * What the kernel's parts know of each other: boot information, panic, power,
 * clock, command line.
 */
#ifndef KERNEL_CORE_KERNEL_H
#define KERNEL_CORE_KERNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "modfmt/span.h"

/* A file that GRUB loaded (module2): its bytes (in the direct map, kept for
 * ever) and the words that stood behind its path in grub.cfg. */
struct boot_module {
	struct hmod_span bytes;
	const char *words; /* "initrd", or "exec" for the script of `helix exec` */
};
#define BOOT_MODULES_MAX 16
#define BOOT_REGIONS_MAX 128

struct boot_info {
	const char *command_line; /* never NULL */
	const char *boot_loader;
	struct boot_module modules[BOOT_MODULES_MAX];
	unsigned module_count;
	struct {
		uint64_t base, size; /* bytes of available RAM */
	} regions[BOOT_REGIONS_MAX];
	unsigned region_count;
	const void *rsdp; /* copy from the multiboot2 tag, or NULL */
	struct {
		uint64_t physical;
		uint32_t pitch, width, height;
		uint8_t bpp, type; /* type: 1 RGB, 2 EGA text */
	} framebuffer;
};
extern struct boot_info boot_info;

/* Prints the message, registers if there are any, a symbolised backtrace and
 * the end of the log on every console, then ends QEMU with PANIC_STATUS (or
 * halts on a machine without isa-debug-exit). */
#define PANIC_STATUS 125
_Noreturn void panic(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Ends the machine: isa-debug-exit with `status` (0 to 120) where that device is,
 * else ACPI S5. */
_Noreturn void power_off(unsigned status);

/* Nanoseconds since boot, monotonic. */
uint64_t clock_now_ns(void);

/* The value of `key` on the kernel command line (`key=value`, or "" for a bare
 * word): copied into `value`, false when absent. The last one wins. */
bool cmdline_get(const char *key, char *value, size_t capacity);
/* Calls `each` for every `left.right=value` word: module parameters. */
void cmdline_each_param(void (*each)(void *ctx, const char *module, const char *key,
				     const char *value), void *ctx);

/* The kernel function that holds `address`: name and offset; NULL if none. */
const char *ksym_find(uint64_t address, uint64_t *offset);

/* Makes a kernel function or object importable by modules. */
struct kernel_export {
	const char *name;
	uint64_t address;
};
#define KERNEL_EXPORT(symbol)                                                       \
	static const struct kernel_export kernel_export_##symbol                    \
		__attribute__((section(".kernel_exports"), used)) = {               \
			#symbol, (uint64_t)&symbol                                  \
		}
extern const struct kernel_export kernel_exports_start[], kernel_exports_end[];

/* Set by the module service: names an address inside a module for backtraces. */
extern const char *(*module_symbol_hook)(uint64_t address, const char **module, uint64_t *offset);

/* Set by the module service: adds what it knows to a panic's report, a line at a
 * time. It takes no lock. */
extern void (*panic_report_hook)(void (*say)(const char *format, ...));

/* Started by the boot code once memory, interrupts and clock work. */
void kernel_main(void);

#endif
