/* SPDX-License-Identifier: MIT
 *
 * ACPI's static tables (specification 6.5, chapter 5): found from the RSDP of
 * the boot loader, believed only after length and checksum. No AML is run; the
 * sleep type for power off is read from the DSDT's _S5_ package.
 */
#ifndef KERNEL_ARCH_X86_64_ACPI_H
#define KERNEL_ARCH_X86_64_ACPI_H

#include <stdbool.h>
#include <stdint.h>

#include "modfmt/span.h"

#define ACPI_IO_APICS_MAX  8
#define ACPI_OVERRIDES_MAX 16
#define ACPI_CPUS_MAX	   64

/* What the MADT says of interrupts. */
struct acpi_interrupts {
	struct {
		uint64_t physical;
		uint32_t gsi_base;
	} io_apics[ACPI_IO_APICS_MAX];
	unsigned io_apic_count; /* 0: no MADT, or none in it */
	struct {
		uint8_t isa_irq;
		uint16_t flags; /* MPS INTI flags: polarity 0-1, trigger 2-3 */
		uint32_t gsi;
	} overrides[ACPI_OVERRIDES_MAX];
	unsigned override_count;
	uint32_t cpus[ACPI_CPUS_MAX]; /* local APIC ids of the enabled ones, each once */
	unsigned cpu_count;
};
extern struct acpi_interrupts acpi_interrupts;

/* Reads MADT and FADT. Without usable tables everything stays empty and a
 * warning says why. Needs boot_info and vmm; called once. */
void acpi_init(void);

/* The first table with this signature, whole and with a good checksum; the
 * bytes stay mapped. False when there is none. */
bool acpi_table(const char *signature, struct hmod_span *table);

/* The same for a table that another one points to; 0 is no table. */
bool acpi_table_at(uint64_t physical, const char *signature, struct hmod_span *table);

/* Physical memory, readable: in the direct map, or mapped for good. NULL when
 * it cannot be mapped. `device`: writable and uncached, never the direct map. */
void *physical_window(uint64_t physical, uint64_t size, bool device);

/* Remembers how to power off (FADT and DSDT); part of acpi_init. */
void power_init(void);

#endif
