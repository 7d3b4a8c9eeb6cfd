/* SPDX-License-Identifier: MIT
 *
 * Physical memory that the direct map need not show: firmware tables and device
 * registers, in a stretch of address space that is only ever filled.
 */
#include "kernel/arch/x86_64/acpi.h"
#include "kernel/arch/x86_64/cpu.h"
#include "kernel/mm/mm.h"
#include "kernel/sched/lock.h"

#define WINDOW_START UINT64_C(0xfffffd0000000000)
#define WINDOW_END   UINT64_C(0xfffffd8000000000)
#define PHYSICAL_END (UINT64_C(1) << 52)

static uint64_t window_next = WINDOW_START;
static struct spinlock window_lock = SPINLOCK(RANK_DEVICE, "windows");

static bool direct(uint64_t first, uint64_t pages)
{
	for (uint64_t i = 0; i < pages; i++)
		if (vmm_physical((uint64_t)pmm_direct(first + i * PAGE_SIZE)) == UINT64_MAX)
			return false;
	return true;
}

void *physical_window(uint64_t physical, uint64_t size, bool device)
{
	uint64_t first = physical & ~(PAGE_SIZE - 1), pages, address;
	bool state, mapped = false;

	if (!size || physical >= PHYSICAL_END || size > PHYSICAL_END - physical)
		return NULL;
	pages = (physical + size - first + PAGE_SIZE - 1) / PAGE_SIZE;
	if (!device && direct(first, pages))
		return pmm_direct(physical);
	state = spin_lock(&window_lock);
	address = window_next;
	if (pages <= (WINDOW_END - address) / PAGE_SIZE)
		mapped = vmm_map(address, first, pages, device ? VMM_RW : VMM_R, device);
	if (mapped)
		window_next += pages * PAGE_SIZE;
	spin_unlock(&window_lock, state);
	return mapped ? (void *)(address + (physical - first)) : NULL;
}
