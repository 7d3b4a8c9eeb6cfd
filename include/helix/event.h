/* SPDX-License-Identifier: MIT
 *
 * Events: what the kernel and other modules tell every module that wants to
 * know. Delivered one after another by one thread, interrupts on, in dependency
 * order: a module hears of an event after the modules it depends on.
 */
#ifndef HELIX_EVENT_H
#define HELIX_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum helix_event_kind {
	HELIX_EVENT_TICK = 0,
	HELIX_EVENT_SHUTDOWN = 1,
	HELIX_EVENT_MEMORY_PRESSURE = 2,
	HELIX_EVENT_CPU_HOTPLUG = 3,
	HELIX_EVENT_CUSTOM = 4,
	HELIX_EVENT_KINDS
};

enum helix_pressure { HELIX_PRESSURE_NORMAL, HELIX_PRESSURE_LOW, HELIX_PRESSURE_CRITICAL };

#define HELIX_EVENT_DATA_MAX 4096 /* bytes of a custom event */

/* Valid, with all it points to, until handle_event returns. */
struct helix_event {
	enum helix_event_kind kind;
	union {
		struct {
			uint64_t timestamp_ns; /* since boot, of the newest tick */
			uint64_t count; /* ticks since the last one delivered, at least 1 */
		} tick;
		struct {
			enum helix_pressure level;
		} memory_pressure;
		struct {
			uint32_t cpu;
			bool online;
		} cpu_hotplug;
		struct {
			const char *name; /* up to 63 bytes */
			const void *data; /* NULL when size is 0 */
			size_t size; /* bytes, up to HELIX_EVENT_DATA_MAX */
			const char *source; /* the module that raised it, or "shell", "kernel" */
		} custom;
	};
};

/* What handle_event returns: one of these, or a negative status (helix_fail
 * gives it a text, which is logged). */
enum { HELIX_EVENT_HANDLED = 0, HELIX_EVENT_IGNORED = 1 };

struct helix_context;

/* Raises a custom event: queued, delivered soon, to this module too if it wants
 * custom events. Name and data are copied. HELIX_E_BUSY when the queue is full
 * (counted as dropped), HELIX_E_TOO_LARGE, HELIX_E_INVALID for a bad name,
 * HELIX_E_NO_MEMORY. Thread context. */
int helix_event_raise(const struct helix_context *ctx, const char *name, const void *data,
		      size_t size);

#ifdef __cplusplus
}
#endif
#endif
