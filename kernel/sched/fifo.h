/* SPDX-License-Identifier: MIT
 *
 * The built-in policy: first come, first run, for one slice. It serves until a
 * better one comes, and whenever that one fails.
 */
#ifndef KERNEL_SCHED_FIFO_H
#define KERNEL_SCHED_FIFO_H

#include "kernel/sched/sched.h"

extern const struct sched_policy fifo_scheduler;

#endif
