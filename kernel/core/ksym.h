/* SPDX-License-Identifier: MIT
 *
 * Kernel function names for backtraces, from the symbol table that the boot
 * loader kept. Until ksym_init, ksym_find finds nothing.
 */
#ifndef KERNEL_CORE_KSYM_H
#define KERNEL_CORE_KSYM_H

/* Builds the sorted index. Needs boot_info and the heap; called once. */
void ksym_init(void);

#endif
