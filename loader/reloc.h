/* SPDX-License-Identifier: MIT
 *
 * Relocation, one file a machine. Relies on resolved symbols and placed, still
 * writable regions.
 */
#ifndef LOADER_RELOC_H
#define LOADER_RELOC_H

#include "loader/layout.h"

/* Applies every relocation section whose target is loaded. Refuses, each with
 * its own status: an unknown type, a symbol that does not exist or is not
 * loaded, a field past its section, a value that does not fit its field. */
enum helix_status hload_relocate(struct hload_work *work);

#endif
