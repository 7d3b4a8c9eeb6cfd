/* SPDX-License-Identifier: MIT
 *
 * How the machine ends: QEMU's isa-debug-exit, or ACPI's S5 by the fixed
 * registers (specification 6.5, 4.8.3 and 7.4.2).
 */
#include "kernel/arch/x86_64/acpi.h"
#include "kernel/arch/x86_64/cpu.h"
#include "kernel/arch/x86_64/ports.h"
#include "kernel/core/kernel.h"
#include "kernel/core/log.h"
#include "modfmt/mem.h"

#define DEBUG_EXIT_PORT 0xf4
#define POLLS_MAX       1000000u
#define SLEEP_ENABLE    (1u << 13)
#define SCI_ENABLED     1u

/* FADT offsets (table 5.9). */
enum {
	FADT_DSDT = 40, FADT_SMI_COMMAND = 48, FADT_ACPI_ENABLE = 52, FADT_PM1A = 64,
	FADT_PM1B = 68, FADT_X_DSDT = 140, FADT_X_PM1A = 172, FADT_X_PM1B = 184,
};
enum { AML_ZERO = 0, AML_ONE = 1, AML_NAME = 0x08, AML_BYTE = 0x0a, AML_PACKAGE = 0x12 };

static struct {
	bool known;
	uint16_t smi_command, control_a, control_b; /* ports; 0: there is none */
	uint8_t enable, type_a, type_b;
} sleep;

/* A FADT field, 0 when the table is too short to have it. */
static uint64_t field(struct hmod_span fadt, uint64_t offset, unsigned width)
{
	uint64_t value = 0;

	if (hmod_range_fits(fadt.size, offset, width))
		memcpy(&value, fadt.data + offset, width);
	return value;
}

/* A PM1 control port: from the old field, or a generic address in I/O space. */
static uint16_t control_port(struct hmod_span fadt, uint64_t old, uint64_t extended)
{
	uint64_t port = field(fadt, old, 4);

	if (!port && field(fadt, extended, 1) == 1)
		port = field(fadt, extended + 4, 8);
	return port <= UINT16_MAX ? (uint16_t)port : 0;
}

/* One small integer of AML at *at, which moves behind it; 0 past the end. */
static uint8_t aml_integer(struct hmod_span aml, uint64_t *at)
{
	uint8_t op = (uint8_t)field(aml, (*at)++, 1);

	return op == AML_BYTE ? (uint8_t)field(aml, (*at)++, 1) : op & 7;
}

/* Reads `Name (_S5_, Package (n) { a, b, … })` whose name is at `at`. */
static bool package_read(struct hmod_span aml, uint64_t at)
{
	bool named = field(aml, at - 1, 1) == AML_NAME ||
		     (field(aml, at - 1, 1) == '\\' && field(aml, at - 2, 1) == AML_NAME);

	at += 4;
	if (!named || field(aml, at, 1) != AML_PACKAGE)
		return false;
	at++;
	at += 1 + (field(aml, at, 1) >> 6); /* the package's length */
	if (field(aml, at, 1) < 2)
		return false;
	at++;
	sleep.type_a = aml_integer(aml, &at);
	sleep.type_b = aml_integer(aml, &at);
	return true;
}

static bool sleep_type_find(struct hmod_span dsdt)
{
	for (uint64_t at = 36 + 2; hmod_range_fits(dsdt.size, at, 4); at++)
		if (!memcmp(dsdt.data + at, "_S5_", 4) && package_read(dsdt, at))
			return true;
	return false;
}

void power_init(void)
{
	struct hmod_span fadt, dsdt;

	if (!acpi_table("FACP", &fadt)) {
		log_line(LOG_WARN, "acpi: no FADT");
		return;
	}
	sleep.smi_command = (uint16_t)field(fadt, FADT_SMI_COMMAND, 4);
	sleep.enable = (uint8_t)field(fadt, FADT_ACPI_ENABLE, 1);
	sleep.control_a = control_port(fadt, FADT_PM1A, FADT_X_PM1A);
	sleep.control_b = control_port(fadt, FADT_PM1B, FADT_X_PM1B);
	if (sleep.control_a && (acpi_table_at(field(fadt, FADT_X_DSDT, 8), "DSDT", &dsdt) ||
				acpi_table_at(field(fadt, FADT_DSDT, 4), "DSDT", &dsdt)))
		sleep.known = sleep_type_find(dsdt);
	if (!sleep.known)
		log_line(LOG_WARN, "acpi: no way to power off");
}

static void sleep_enter(uint16_t port, uint8_t type)
{
	if (port)
		outw(port, (uint16_t)((inw(port) & 0xe3ff) | (type & 7u) << 10 | SLEEP_ENABLE));
}

static void acpi_power_off(void)
{
	if (!sleep.known)
		return;
	if (!(inw(sleep.control_a) & SCI_ENABLED) && sleep.smi_command) {
		outb(sleep.smi_command, sleep.enable);
		for (unsigned i = 0; i < POLLS_MAX && !(inw(sleep.control_a) & SCI_ENABLED); i++)
			cpu_pause();
	}
	sleep_enter(sleep.control_a, sleep.type_a);
	sleep_enter(sleep.control_b, sleep.type_b);
}

void power_off(unsigned status)
{
	interrupts_off();
	outl(DEBUG_EXIT_PORT, status + 1); /* 0 would look like a failure of QEMU itself */
	acpi_power_off();
	cpu_halt();
}
