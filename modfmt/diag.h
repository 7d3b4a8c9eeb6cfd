/* SPDX-License-Identifier: MIT
 *
 * What went wrong, as fields. The function that finds a fault fills it, those
 * above add nothing, and the shell or the tool prints it once. The sentence is
 * the status's own (include/helix/status.h), so kernel and tools say the same.
 */
#ifndef MODFMT_DIAG_H
#define MODFMT_DIAG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "helix/status.h"

enum hmod_stage {
	HMOD_STAGE_NONE,
	HMOD_STAGE_ARCHIVE,
	HMOD_STAGE_INFLATE,
	HMOD_STAGE_HEADER,
	HMOD_STAGE_SECTIONS,
	HMOD_STAGE_SYMBOLS,
	HMOD_STAGE_RELOCATIONS,
	HMOD_STAGE_METADATA,
	HMOD_STAGE_REGISTER,
	HMOD_STAGE_DEPENDENCIES,
	HMOD_STAGE_PARAMETERS,
	HMOD_STAGE_LAYOUT,
	HMOD_STAGE_RESOLVE,
	HMOD_STAGE_RELOCATE,
	HMOD_STAGE_PROTECT,
	HMOD_STAGE_INIT,
	HMOD_STAGE_START,
	HMOD_STAGE_STOP,
	HMOD_STAGE_UNLOAD,
	HMOD_STAGE_REQUEST,
	HMOD_STAGE_STATE,
	HMOD_STAGES
};

#define HMOD_DIAG_TEXT 128 /* bytes kept of a name, with its NUL */
#define HMOD_NOWHERE UINT64_MAX /* no file offset applies */

struct hmod_diag {
	enum helix_status status;
	enum hmod_stage stage;
	uint64_t offset; /* bytes from the start of the file, or HMOD_NOWHERE */
	uint64_t section; /* section index, for %s */
	uint64_t index; /* entry in the table at fault */
	uint64_t wanted, found;
	char section_name[64];
	char name[HMOD_DIAG_TEXT];
	char other[HMOD_DIAG_TEXT];
	char module[64]; /* whom it happened to, where that is no matter of course */
	char *list; /* %l: any length; whoever set it says how it is freed */
};

/* Begins a diagnostic: all fields empty but these. Returns `status`, so that
 * a finder can end with `return`. `diag` may be NULL in every function here. */
enum helix_status hmod_fail(struct hmod_diag *diag, enum helix_status status,
			    enum hmod_stage stage, uint64_t offset);

/* Fill %n, %o and %m: `text` is cut to what fits, bytes that do not print become
 * `?`. `length` bytes are read at most, up to a NUL. */
void hmod_diag_name(struct hmod_diag *diag, const char *text, size_t length);
void hmod_diag_other(struct hmod_diag *diag, const char *text, size_t length);
void hmod_diag_module(struct hmod_diag *diag, const char *name);
void hmod_diag_section(struct hmod_diag *diag, uint64_t index, const char *name,
		       size_t length);
void hmod_diag_numbers(struct hmod_diag *diag, uint64_t wanted, uint64_t found);

/* Writes the sentence, `; ` and what would mend it, and ` [stage, offset 0x…]`
 * (the bracket only for faults in a file). Always NUL-terminated when
 * capacity > 0; returns the length the whole text has, as snprintf does. */
size_t hmod_diag_text(const struct hmod_diag *diag, char *text, size_t capacity);

/* The status's enumerator without its prefix, "ELF_MACHINE"; "?" if unknown. */
const char *hmod_status_name(int status);
/* The name of a stage as printed, "relocate". */
const char *hmod_stage_name(enum hmod_stage stage);

#endif
