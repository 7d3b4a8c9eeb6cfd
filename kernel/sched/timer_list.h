/* SPDX-License-Identifier: MIT
 *
 * Deadlines in order: a list sorted by time, equal ones in the order they came.
 * Callers lock. Relies on nothing.
 */
#ifndef KERNEL_SCHED_TIMER_LIST_H
#define KERNEL_SCHED_TIMER_LIST_H

#include <stdbool.h>
#include <stdint.h>

struct timer_node {
	struct timer_node *next, *previous;
	uint64_t deadline; /* ns since boot */
	bool listed;
};

struct timer_list {
	struct timer_node *first, *last;
};

/* The node is in no list. */
void timer_list_add(struct timer_list *list, struct timer_node *node, uint64_t deadline);
/* Nothing happens when it is in none. */
void timer_list_remove(struct timer_list *list, struct timer_node *node);
/* Takes out the first whose deadline is not after `now`; NULL when there is none. */
struct timer_node *timer_list_due(struct timer_list *list, uint64_t now);

#endif
