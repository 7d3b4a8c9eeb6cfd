/* SPDX-License-Identifier: MIT
 *
 * Interfaces: named, versioned structs of operations. An implementor declares
 * one with HELIX_INTERFACE; a user looks it up by name and calls its operations
 * through what it got, however implementors come, go or are replaced meanwhile:
 * every call passes a gate that counts who is inside.
 *
 * A struct of operations is const and holds function pointers only, each
 * returning int (0, a count, or a negative status) or void, with up to six
 * arguments that fit general registers. An operation left NULL, and every
 * operation while nobody implements the interface, returns HELIX_E_NOT_SUPPORTED.
 * A struct only ever grows at its end, with the minor version.
 */
#ifndef HELIX_INTERFACE_H
#define HELIX_INTERFACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <helix/record.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The six that have a header of their own; a module may define others. */
#define HELIX_INTERFACE_SCHEDULER "helix.scheduler"
#define HELIX_INTERFACE_ALLOCATOR "helix.allocator"
#define HELIX_INTERFACE_FILESYSTEM "helix.filesystem"
#define HELIX_INTERFACE_BLOCK_DEVICE "helix.block_device"
#define HELIX_INTERFACE_NETWORK "helix.network"
#define HELIX_INTERFACE_SECURITY "helix.security"

/* Declares that this module implements `name` with the struct `operations_`
 * (a constant object, not a pointer). */
#define HELIX_INTERFACE(name_, major_, minor_, operations_)                    \
	HELIX_INTERFACE_RECORD_(__COUNTER__, name_, major_, minor_, operations_, .priority = 0)
/* The same with more to say: `.priority = 10` (the highest is the primary), or
 * `.names = HELIX_OPERATIONS("get", "put")`, the operations in order. */
#define HELIX_INTERFACE_WITH(name_, major_, minor_, operations_, ...)          \
	HELIX_INTERFACE_RECORD_(__COUNTER__, name_, major_, minor_, operations_, __VA_ARGS__)
#define HELIX_OPERATIONS(...) ((const char *const[]){ __VA_ARGS__, NULL })
#define HELIX_INTERFACE_RECORD_(n_, ...) HELIX_INTERFACE_RECORD__(n_, __VA_ARGS__)
#define HELIX_INTERFACE_RECORD__(n_, name_, major_, minor_, operations_, ...)  \
	HELIX_STATIC_ASSERT_(sizeof(operations_) % sizeof(void (*)(void)) == 0 &&    \
			       sizeof(operations_) / sizeof(void (*)(void)) <= \
				       HELIX_OPERATIONS_MAX,                   \
		       "HELIX_INTERFACE: function pointers only, up to 64");   \
	static const struct helix_interface_record helix_interface_##n_##_     \
		__attribute__((section(".hmod.interface"), used, aligned(8))) = { \
			.name = name_,                                         \
			.operations = &(operations_),                          \
			.major = major_,                                       \
			.minor = minor_,                                       \
			.count = sizeof(operations_) / sizeof(void (*)(void)), \
			__VA_ARGS__                                            \
		}

#ifdef __cplusplus
#define HELIX_STATIC_ASSERT_ static_assert
#else
#define HELIX_STATIC_ASSERT_ _Static_assert
#endif

struct helix_context;

/* The operations of the primary implementor of `name` in version `major`, at
 * least `minor`; whoever is the primary at each call is called. Never NULL but
 * when there is no memory: while nobody fits, its operations return
 * HELIX_E_NOT_SUPPORTED. Each get takes a reference that helix_interface_put gives
 * back; as long as a module holds one, the implementor's rmmod is refused. Thread
 * context (the operations: as their header says). */
const void *helix_interface_get(const struct helix_context *ctx, const char *name,
				uint16_t major, uint16_t minor);
/* The operations of the module with id `implementor` alone. */
const void *helix_interface_get_from(const struct helix_context *ctx, const char *name,
				     uint16_t major, uint16_t minor, uint64_t implementor);
void helix_interface_put(const struct helix_context *ctx, const void *operations);
/* Whether a call would reach nobody now. */
bool helix_interface_is_null(const void *operations);
/* Whether helix_interface_get would find somebody: HELIX_OK, HELIX_E_NOT_FOUND
 * (nobody implements it), or HELIX_E_INTERFACE_VERSION (only in versions that do
 * not fit). Thread context. */
int helix_interface_check(const struct helix_context *ctx, const char *name, uint16_t major,
			  uint16_t minor);
/* Whether a call of the i-th operation would reach somebody now. Any context. */
bool helix_interface_supports(const void *operations, size_t i);
/* The ids of the implementors that run, the primary first: up to `capacity` are
 * written, the number there are is returned. */
size_t helix_interface_implementors(const struct helix_context *ctx, const char *name,
				    uint64_t *ids, size_t capacity);

#ifdef __cplusplus
}
#endif
#endif
