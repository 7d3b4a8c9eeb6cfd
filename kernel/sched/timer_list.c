/* SPDX-License-Identifier: MIT
 *
 * Looked through from the end: most new deadlines are late ones.
 */
#include "kernel/sched/timer_list.h"

#include <stddef.h>

void timer_list_add(struct timer_list *list, struct timer_node *node, uint64_t deadline)
{
	struct timer_node *before = list->last;

	while (before && before->deadline > deadline)
		before = before->previous;
	node->deadline = deadline;
	node->listed = true;
	node->previous = before;
	node->next = before ? before->next : list->first;
	*(before ? &before->next : &list->first) = node;
	*(node->next ? &node->next->previous : &list->last) = node;
}

void timer_list_remove(struct timer_list *list, struct timer_node *node)
{
	if (!node->listed)
		return;
	*(node->previous ? &node->previous->next : &list->first) = node->next;
	*(node->next ? &node->next->previous : &list->last) = node->previous;
	node->next = node->previous = NULL;
	node->listed = false;
}

struct timer_node *timer_list_due(struct timer_list *list, uint64_t now)
{
	struct timer_node *node = list->first;

	if (!node || node->deadline > now)
		return NULL;
	timer_list_remove(list, node);
	return node;
}
