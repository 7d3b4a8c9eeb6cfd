/* SPDX-License-Identifier: MIT
 *
 * The stage of loading that finds an object's interfaces.
 */
#ifndef LOADER_IMPLEMENT_H
#define LOADER_IMPLEMENT_H

#include "loader/layout.h"

/* Fills object->interfaces; refuses operations that are not constant or lead out
 * of the module's code (META_INTERFACE). After relocation, before sealing. */
enum helix_status hload_find_interfaces(struct hload_work *work);

#endif
