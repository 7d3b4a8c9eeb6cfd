/* SPDX-License-Identifier: MIT
 *
 * The records that HELIX_MODULE, HELIX_PARAM, HELIX_EXPORT and HELIX_INTERFACE
 * leave in the sections .hmod.module, .hmod.param, .hmod.export and
 * .hmod.interface: the contract between a compiled module and modfmt, which
 * reads them from the file (doc/HMOD.md). Field order and sizes are frozen
 * within one record format.
 */
#ifndef HELIX_RECORD_H
#define HELIX_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HELIX_RECORD_MAGIC 0x444f4d48u /* "HMOD" */
#define HELIX_RECORD_FORMAT 2 /* the v2 API */
#define HELIX_RECORD_FORMAT_V1 1 /* the v1 API: <helix/module_v1.h> */

/* A module loads when majors are equal and its minor is not newer. */
#define HELIX_ABI_MAJOR 1
#define HELIX_ABI_MINOR 0

#define HELIX_NAME_MAX 63 /* bytes of a module, parameter, capability or interface name */
#define HELIX_OPERATIONS_MAX 64 /* operations of one interface */

#define HELIX_ESSENTIAL (UINT64_C(1) << 0)
#define HELIX_HOT_RELOADABLE (UINT64_C(1) << 1)
#define HELIX_USERSPACE (UINT64_C(1) << 2)
#define HELIX_DRIVER (UINT64_C(1) << 3)
#define HELIX_FILESYSTEM (UINT64_C(1) << 4)
#define HELIX_SCHEDULER (UINT64_C(1) << 5)
#define HELIX_ALLOCATOR (UINT64_C(1) << 6)
#define HELIX_SECURITY (UINT64_C(1) << 7)
#define HELIX_EXPERIMENTAL (UINT64_C(1) << 8)
#define HELIX_DEPRECATED (UINT64_C(1) << 9)

/* Events a module wants, for .events; 0 with a handle_event hook means all but
 * ticks (HELIX_EVENTS_DEFAULT). Bit n is enum helix_event_kind n. */
#define HELIX_WANTS_TICK (UINT64_C(1) << 0)
#define HELIX_WANTS_SHUTDOWN (UINT64_C(1) << 1)
#define HELIX_WANTS_MEMORY_PRESSURE (UINT64_C(1) << 2)
#define HELIX_WANTS_CPU_HOTPLUG (UINT64_C(1) << 3)
#define HELIX_WANTS_CUSTOM (UINT64_C(1) << 4)
#define HELIX_EVENTS_KNOWN UINT64_C(0x1f)
#define HELIX_EVENTS_DEFAULT (HELIX_EVENTS_KNOWN & ~HELIX_WANTS_TICK)

/* What is done, for .policy, when is_healthy says no. */
enum helix_policy {
	HELIX_POLICY_NONE = 0, /* it is reported */
	HELIX_POLICY_RESTART = 1, /* stopped, loaded and started again with its saved state */
	HELIX_POLICY_STOP = 2, /* stopped and unloaded */
};

struct helix_context;
struct helix_event;
struct helix_request;
struct helix_response;
struct helix_state_writer;
struct helix_state_reader;
struct helix_v1_context;
struct helix_message;

/* 168 bytes. Each pointer is a relocation in the file; no relocation and eight
 * zero bytes mean "not given". Hooks run in thread context with interrupts on
 * and return 0 or a negative status. */
struct helix_module_record {
	uint32_t magic; /* HELIX_RECORD_MAGIC */
	uint16_t format; /* HELIX_RECORD_FORMAT */
	uint16_t size; /* of this record, bytes */
	uint16_t abi_major, abi_minor;
	uint32_t state_version; /* of what save_state writes; 0 when unused */
	const char *name; /* 1 to 63 of [A-Za-z0-9_-]; - and _ are the same */
	uint64_t version; /* HELIX_VERSION; 0 means 0.1.0 */
	uint64_t flags; /* HELIX_ESSENTIAL … */
	const char *description; /* default empty */
	const char *author; /* default "Unknown" */
	const char *license; /* default "MIT" */
	const char *const *dependencies; /* NULL-terminated, as the next two */
	const char *const *provides;
	const char *const *aliases;
	int (*init)(const struct helix_context *ctx);
	int (*start)(void);
	int (*stop)(void);
	int (*handle_event)(const struct helix_event *event);
	int (*handle_request)(const struct helix_request *request,
			      struct helix_response *response);
	bool (*is_healthy)(void);
	int (*save_state)(struct helix_state_writer *state);
	int (*restore_state)(struct helix_state_reader *state);
	uint64_t events; /* HELIX_WANTS_TICK … */
	uint32_t policy; /* enum helix_policy */
	uint32_t reserved; /* 0 */
};

/* The same 168 bytes in format 1: several authors, and two other hooks. */
struct helix_module_v1_record {
	uint32_t magic;
	uint16_t format; /* HELIX_RECORD_FORMAT_V1 */
	uint16_t size;
	uint16_t abi_major, abi_minor;
	uint32_t state_version;
	const char *name;
	uint64_t version, flags;
	const char *description;
	const char *const *authors; /* NULL-terminated; none means "Unknown" */
	const char *license;
	const char *const *dependencies, *const *provides, *const *aliases;
	int (*init)(const struct helix_v1_context *ctx);
	int (*start)(void);
	int (*stop)(void);
	int (*cleanup)(void); /* after stop; optional */
	struct helix_message *(*handle_message)(const struct helix_message *message);
	bool (*is_healthy)(void);
	int (*get_state)(struct helix_state_writer *state); /* asked only of HOT_RELOADABLE */
	int (*restore_state)(struct helix_state_reader *state);
	uint64_t events; /* 0: there is no event hook */
	uint32_t policy;
	uint32_t reserved;
};

enum helix_param_type {
	HELIX_PARAM_string = 1,
	HELIX_PARAM_int = 2,
	HELIX_PARAM_uint = 3,
	HELIX_PARAM_bool = 4,
	HELIX_PARAM_list = 5, /* strings separated by commas */
};

enum helix_param_flags {
	HELIX_PARAM_RANGED = 1, /* least and most hold */
};

/* 48 bytes; .hmod.param is an array of them. */
struct helix_param_record {
	const char *name;
	const char *standard; /* the default, as text */
	const char *description;
	uint32_t type; /* enum helix_param_type */
	uint32_t flags; /* enum helix_param_flags */
	uint64_t least, most; /* inclusive; of an int two's complement */
};

/* 40 bytes; .hmod.export is an array of them. The exported name is that of the
 * symbol which the relocation of `symbol` names, so it cannot differ from it. */
struct helix_export_record {
	const void *symbol;
	const char *ns; /* NULL: importable by all */
	const char *replacement; /* of a deprecated symbol; NULL: it is not deprecated */
	uint64_t since, removed; /* versions of the exporting module; removed 0: not planned */
};

/* 48 bytes; .hmod.interface is an array of them. */
struct helix_interface_record {
	const char *name; /* "helix.scheduler"; as a capability's name */
	const void *operations; /* a constant struct of `count` function pointers and nothing else */
	uint16_t major, minor;
	uint32_t count; /* up to HELIX_OPERATIONS_MAX */
	const char *const *names; /* of the operations, NULL-terminated; NULL: not told */
	const void *message; /* v1: its handle_message; else NULL */
	uint32_t priority; /* the highest is the primary; among equals the first to run */
	uint32_t reserved; /* 0 */
};

#endif
