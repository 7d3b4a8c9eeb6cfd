/* SPDX-License-Identifier: MIT
 *
 * The records that HELIX_MODULE, HELIX_PARAM and HELIX_EXPORT leave in the
 * sections .hmod.module, .hmod.param and .hmod.export: the contract between a
 * compiled module and modfmt, which reads them from the file (doc/HMOD.md).
 * Field order and sizes are frozen within one record format.
 */
#ifndef HELIX_RECORD_H
#define HELIX_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#define HELIX_RECORD_MAGIC 0x444f4d48u /* "HMOD" */
#define HELIX_RECORD_FORMAT 2 /* the v2 API */

/* A module loads when majors are equal and its minor is not newer. */
#define HELIX_ABI_MAJOR 1
#define HELIX_ABI_MINOR 0

#define HELIX_NAME_MAX 63 /* bytes of a module, parameter or capability name */

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

struct helix_context;
struct helix_event;
struct helix_request;
struct helix_response;
struct helix_state_writer;
struct helix_state_reader;

/* 152 bytes. Each pointer is a relocation in the file; no relocation and eight
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
};

enum helix_param_type {
	HELIX_PARAM_string = 1,
	HELIX_PARAM_int = 2,
	HELIX_PARAM_uint = 3,
	HELIX_PARAM_bool = 4,
};

/* 32 bytes; .hmod.param is an array of them. */
struct helix_param_record {
	const char *name;
	const char *standard; /* the default, as text */
	const char *description;
	uint32_t type; /* enum helix_param_type */
	uint32_t reserved; /* 0 */
};

/* 16 bytes; .hmod.export is an array of them. The exported name is that of the
 * symbol which the relocation of `symbol` names, so it cannot differ from it. */
struct helix_export_record {
	const void *symbol;
	const char *ns; /* NULL: importable by all */
};

#endif
