/* SPDX-License-Identifier: MIT
 *
 * The whole contract between the loader and whoever embeds it: one struct of
 * hooks. The loader calls them with its own lock held unless a hook says
 * otherwise, from the thread that called the loader, and never from interrupt
 * context. Besides these it needs memcpy, memmove, memset and memcmp.
 */
#ifndef LOADER_HOST_H
#define LOADER_HOST_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "modfmt/diag.h"
#include "modfmt/span.h"

/* What a region will hold, and so how it is mapped once sealed. */
enum hload_kind {
	HLOAD_TEXT, /* readable and executable */
	HLOAD_RODATA, /* readable */
	HLOAD_DATA, /* readable and writable */
	HLOAD_KINDS
};

/* A piece of module memory. Until it is sealed it is written through `write`;
 * `address` is where it will be used. At no instant is it writable and
 * executable through one mapping. */
struct hload_region {
	uint64_t address; /* run-time address of the first byte; 0: nothing held */
	uint8_t *write; /* writable view of the same bytes; NULL once sealed, except DATA */
	uint64_t size; /* bytes asked for */
	void *cookie; /* the host's own */
};

/* A module that implements an interface. */
struct hload_party {
	const char *module;
	uint64_t id;
	const void *operations; /* its own, past the gate */
};

struct hload_host {
	void *ctx; /* handed to each hook */

	/* Memory for the loader's own records: 16-byte aligned, not zeroed. NULL when
	 * there is none. `size` is never 0. */
	void *(*alloc)(void *ctx, size_t size);
	/* Gives back what alloc returned; `size` as it was asked for. Never NULL. */
	void (*free)(void *ctx, void *block, size_t size);

	/* Reserves `size` bytes (not 0) aligned to `align` (a power of two up to
	 * HMOD_ALIGN_MAX) for `kind`, within 2 GiB of every other region and of
	 * every address that was exported to the loader; filled with anything. A
	 * module has one region a kind, and a second one of RODATA when its code
	 * needs a global offset table. False when there is no room, and then *region
	 * is untouched. */
	bool (*place)(void *ctx, enum hload_kind kind, uint64_t size, uint64_t align,
		      struct hload_region *region);
	/* Ends writing: the region gets its final protection, and for TEXT and
	 * RODATA `write` is withdrawn. False when it cannot (then release follows). */
	bool (*seal)(void *ctx, enum hload_kind kind, struct hload_region *region);
	/* Gives the region back, sealed or not. */
	void (*release)(void *ctx, enum hload_kind kind, struct hload_region *region);
	/* Lets a sealed TEXT or RODATA region be written through `write` until it is
	 * closed: by another mapping, which is never executable. False, and then nothing
	 * has changed, when it cannot. May both be NULL: then what others import from a
	 * module keeps it from being replaced. */
	bool (*open)(void *ctx, enum hload_kind kind, struct hload_region *region);
	void (*close)(void *ctx, enum hload_kind kind, struct hload_region *region);
	/* Calls work(argument) while no other CPU runs any thread or interrupt; on
	 * return every CPU sees what was written, code included. May be NULL in a host
	 * with one thread, and where nobody runs module code but through gates. */
	void (*stop_machine)(void *ctx, void (*work)(void *argument), void *argument);
	/* A caller has come to a closed gate: waits for a moment. Any context that calls
	 * interfaces, no lock. False when this one must not wait: he is refused then.
	 * May be NULL: `pause` is called. */
	bool (*gate_wait)(void *ctx);
	/* For interfaces whose operations the embedder calls itself, past all gates:
	 * `to` takes over from `from` (addresses of the structs of operations, and ids of
	 * the modules). Called while both are whole and quiet, before anybody else is
	 * bound to the new; on return the embedder is in none of the old one's
	 * operations. Not HELIX_OK refuses the reload. Called with the two exchanged to
	 * take it back, and must not fail then. May be NULL. */
	enum helix_status (*takes_over)(void *ctx, const char *interface,
					const struct hload_party *from,
					const struct hload_party *to);

	/* Added to every address before an absolute 8-, 16- or 32-bit field is
	 * judged, so that a host process refuses what the kernel would: 0 in the
	 * kernel; for a process that places modules at [0, 2 GiB) the window
	 * 0xffffffff80000000. */
	uint64_t judge_bias;

	/* Calls into a module: the one place where a gate can stand. The module is
	 * not locked against re-entry. May be NULL: then the loader calls directly.
	 * Called without the loader's lock. Returns what the hook returned. */
	int (*call)(void *ctx, const char *module, int (*hook)(void *argument), void *argument);

	/* The calling thread's own pointer, NULL at first, for the calls it is in. Any
	 * context, no lock. May be NULL in a host with one thread. */
	void **(*frames)(void *ctx);
	/* Nanoseconds since some start, never going back. Any context, no lock. May be
	 * NULL: then nothing has a deadline. */
	uint64_t (*now_ns)(void *ctx);
	/* Lets other threads run for a moment (a millisecond, say). Without the
	 * loader's lock. May be NULL in a host with one thread: then whoever would
	 * have to wait is refused at once. */
	void (*pause)(void *ctx);
	/* Calls work(argument) on another thread and waits `nanoseconds` at most:
	 * whether it ended in time. One that did not goes on. False in *started when it
	 * could not be begun. Without the loader's lock. May be NULL: then the loader
	 * calls it directly. */
	bool (*run_within)(void *ctx, uint64_t nanoseconds, void (*work)(void *argument),
			   void *argument, bool *started);
	/* An event waits: hload_event_dispatch is to be called soon by a thread of the
	 * host. Any context, no lock. May be NULL: then the host calls it now and then,
	 * and whoever waits for an event to be delivered delivers it himself. */
	void (*event_ready)(void *ctx);
	/* An ESSENTIAL module failed while it ran: `text` says how. May return; may be
	 * NULL. Without the loader's lock. */
	void (*essential_failed)(void *ctx, const char *module, const char *text);

	/* The bytes of the file a module was registered from (inflated if need be);
	 * put gives them back. May be NULL when no module is ever named by path. */
	enum helix_status (*file_get)(void *ctx, const char *path, struct hmod_span *bytes,
				      struct hmod_diag *diag);
	void (*file_put)(void *ctx, const char *path, struct hmod_span bytes);

	/* Told after a module's text is in place and before its first instruction
	 * runs, and before it is taken away: for debuggers and backtraces. May be
	 * NULL. */
	void (*module_loaded)(void *ctx, const char *module, uint64_t text);
	void (*module_unloading)(void *ctx, const char *module, uint64_t text);

	/* Memory of a module's instance that it did not free: gives it back and returns
	 * the bytes. May be NULL. */
	uint64_t (*reclaim)(void *ctx, uint64_t instance, uint64_t *blocks);

	/* One line of log without newline, level as enum helix_log_level. May be NULL. */
	void (*log)(void *ctx, int level, const char *format, va_list arguments);

	/* Formats a text as snprintf does (vsnprintf's arguments and result; `text` may
	 * be NULL with capacity 0). No lock. May be NULL: then texts are the formats. */
	size_t (*format)(void *ctx, char *text, size_t capacity, const char *format,
			 va_list arguments);

	/* One lock around the loader's tables. May both be NULL in a host with one
	 * thread. */
	void (*lock)(void *ctx);
	void (*unlock)(void *ctx);

	/* A lock of its own around who is where in memory, so that whose an address is
	 * can be asked in any context, interrupts included: for a few hundred
	 * instructions, nothing is called meanwhile. What lock returns is given to
	 * unlock. May both be NULL in a host with one thread and no interrupts. */
	bool (*map_lock)(void *ctx);
	void (*map_unlock)(void *ctx, bool state);
};

#endif
