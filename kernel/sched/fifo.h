/* SPDX-License-Identifier: MIT
 *
 * The built-in policy: first come, first run, for one slice. It serves until a
 * better one comes, and whenever that one fails.
 */
#ifndef KERNEL_SCHED_FIFO_H
#define KERNEL_SCHED_FIFO_H

#include "helix/scheduler.h"

extern const struct helix_scheduler_ops fifo_scheduler;

#endif
