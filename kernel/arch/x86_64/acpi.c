/* SPDX-License-Identifier: MIT
 *
 * Finds and checks ACPI tables: RSDP, RSDT or XSDT, MADT (specification 6.5,
 * 5.2.5 to 5.2.12). Every byte is read through a bounded view.
 */
#include "kernel/arch/x86_64/acpi.h"
#include "kernel/core/kernel.h"
#include "kernel/core/log.h"
#include "modfmt/mem.h"

#define HEADER_SIZE    36
#define TABLE_SIZE_MAX (UINT64_C(1) << 24)
#define RSDP_SIZE_V1   20
#define RSDP_SIZE_V2   36
#define MADT_ENTRIES   44

enum { MADT_LOCAL_APIC = 0, MADT_IO_APIC = 1, MADT_OVERRIDE = 2, MADT_LOCAL_X2APIC = 9 };
#define MADT_CPU_ENABLED 1u

struct acpi_interrupts acpi_interrupts;
static struct hmod_span root; /* RSDT or XSDT */
static unsigned root_width; /* bytes of one entry; 0 without a root */

/* Little-endian numbers at an offset that the caller has checked. */
static uint64_t number(const uint8_t *at, unsigned width)
{
	uint64_t value = 0;

	memcpy(&value, at, width);
	return value;
}

static bool checksum_good(const uint8_t *bytes, uint64_t size)
{
	uint8_t sum = 0;

	for (uint64_t i = 0; i < size; i++)
		sum = (uint8_t)(sum + bytes[i]);
	return !sum;
}

/* The whole table at `physical` whose signature is `signature`, or false. */
static bool table_map(uint64_t physical, const char *signature, struct hmod_span *table)
{
	const uint8_t *header = physical_window(physical, HEADER_SIZE, false);
	uint64_t size;

	if (!header || memcmp(header, signature, 4))
		return false;
	size = number(header + 4, 4);
	if (size < HEADER_SIZE || size > TABLE_SIZE_MAX) {
		log_line(LOG_WARN, "acpi: %s has an impossible length, %lu", signature, size);
		return false;
	}
	table->data = physical_window(physical, size, false);
	table->size = size;
	if (!table->data)
		return false;
	if (!checksum_good(table->data, size)) {
		log_line(LOG_WARN, "acpi: %s has a wrong checksum", signature);
		return false;
	}
	return true;
}

bool acpi_table(const char *signature, struct hmod_span *table)
{
	if (!root_width)
		return false;
	for (uint64_t at = HEADER_SIZE; hmod_range_fits(root.size, at, root_width);
	     at += root_width) {
		if (table_map(number(root.data + at, root_width), signature, table))
			return true;
	}
	return false;
}

bool acpi_table_at(uint64_t physical, const char *signature, struct hmod_span *table)
{
	return physical && table_map(physical, signature, table);
}

/* The XSDT where there is a good one, else the RSDT. */
static bool root_find(const uint8_t *rsdp)
{
	if (!rsdp || memcmp(rsdp, "RSD PTR ", 8) || !checksum_good(rsdp, RSDP_SIZE_V1))
		return false;
	if (rsdp[15] >= 2 && checksum_good(rsdp, RSDP_SIZE_V2) &&
	    acpi_table_at(number(rsdp + 24, 8), "XSDT", &root)) {
		root_width = 8;
		return true;
	}
	if (acpi_table_at(number(rsdp + 16, 4), "RSDT", &root))
		root_width = 4;
	return root_width;
}

/* ---- MADT ------------------------------------------------------------------------ */

static void io_apic_entry(const uint8_t *entry, uint64_t size)
{
	unsigned n = acpi_interrupts.io_apic_count;

	if (size < 12 || n == ACPI_IO_APICS_MAX)
		return;
	acpi_interrupts.io_apics[n].physical = number(entry + 4, 4);
	acpi_interrupts.io_apics[n].gsi_base = (uint32_t)number(entry + 8, 4);
	acpi_interrupts.io_apic_count++;
}

static void override_entry(const uint8_t *entry, uint64_t size)
{
	unsigned n = acpi_interrupts.override_count;

	if (size < 10 || n == ACPI_OVERRIDES_MAX)
		return;
	acpi_interrupts.overrides[n].isa_irq = entry[3];
	acpi_interrupts.overrides[n].gsi = (uint32_t)number(entry + 4, 4);
	acpi_interrupts.overrides[n].flags = (uint16_t)number(entry + 8, 2);
	acpi_interrupts.override_count++;
}

/* One CPU may stand there in both forms. */
static void cpu_entry(uint64_t id, uint64_t flags)
{
	unsigned n = acpi_interrupts.cpu_count;

	if (!(flags & MADT_CPU_ENABLED))
		return;
	for (unsigned i = 0; i < n; i++)
		if (acpi_interrupts.cpus[i] == id)
			return;
	if (n < ACPI_CPUS_MAX)
		acpi_interrupts.cpus[acpi_interrupts.cpu_count++] = (uint32_t)id;
}

static void madt_read(struct hmod_span madt)
{
	uint64_t at = MADT_ENTRIES, size;

	for (; hmod_range_fits(madt.size, at, 2); at += size) {
		const uint8_t *entry = madt.data + at;

		size = entry[1];
		if (size < 2 || !hmod_range_fits(madt.size, at, size)) {
			log_line(LOG_WARN, "acpi: the MADT's entry at %lu does not fit", at);
			return;
		}
		if (entry[0] == MADT_IO_APIC)
			io_apic_entry(entry, size);
		else if (entry[0] == MADT_OVERRIDE)
			override_entry(entry, size);
		else if (entry[0] == MADT_LOCAL_APIC && size >= 8)
			cpu_entry(entry[3], number(entry + 4, 4));
		else if (entry[0] == MADT_LOCAL_X2APIC && size >= 16)
			cpu_entry(number(entry + 4, 4), number(entry + 8, 4));
	}
}

void acpi_init(void)
{
	struct hmod_span madt;

	if (!root_find(boot_info.rsdp)) {
		log_line(LOG_WARN, "acpi: no usable tables");
		return;
	}
	if (acpi_table("APIC", &madt))
		madt_read(madt);
	else
		log_line(LOG_WARN, "acpi: no MADT");
	power_init();
}
