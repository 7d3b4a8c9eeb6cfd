/* SPDX-License-Identifier: MIT
 *
 * The interface and the functions of module keeper, whose versions replace each
 * other while clients on every CPU call it.
 */
#ifndef KEEPER_H
#define KEEPER_H

#include <stdint.h>

/* "keeper.count", 1.0 */
struct keeper_operations {
	int (*add)(uint64_t n); /* to the count; the version that did it */
	int (*version)(void);
};

/* The same, called straight. */
int keeper_add(uint64_t n);
extern uint64_t keeper_count; /* atomic */

#endif
