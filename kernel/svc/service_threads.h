/* SPDX-License-Identifier: MIT
 *
 * What the module service does with threads: the loader's lock, its waiting, the
 * workers that run what has a deadline, and the two that deliver events and ask
 * modules for their health.
 */
#ifndef KERNEL_SVC_SERVICE_THREADS_H
#define KERNEL_SVC_SERVICE_THREADS_H

#include <stdbool.h>
#include <stdint.h>

/* Starts "events" and "health". Needs the modules; called once. */
void service_threads_start(void);

/* Calls work(argument) on another thread and waits `nanoseconds` at most: true when
 * it ended by then. Otherwise it goes on. False in *started when there is no
 * thread for it, and then it is not called. */
bool service_run_within(uint64_t nanoseconds, void (*work)(void *argument), void *argument,
			bool *started);

/* An event waits. Any context but an NMI. */
void service_events_wake(void);

/* The calling thread's list of calls into modules. Any context. */
void **service_frames(void);
/* Lets others run: about a millisecond, and until a tick. */
void service_pause(void);
/* At a closed gate; false in a context that must not wait. */
bool service_gate_wait(void);
/* Calls work(argument) while no other CPU runs anything. */
void service_stop_machine(void (*work)(void *argument), void *argument);
void service_lock(void);
void service_unlock(void);

#endif
