/* SPDX-License-Identifier: MIT
 *
 * A module's state as it is carried from one instance to the next: named fields,
 * each with a type. save_state puts, restore_state gets. A field that the other
 * version does not know is skipped by it, and one that is missing keeps its
 * default; so versions can follow each other in both directions. doc/HMOD.md
 * specifies the bytes.
 */
#ifndef HELIX_STATE_H
#define HELIX_STATE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define HELIX_STATE_MAX (UINT32_C(16) << 20) /* bytes of a whole state */
#define HELIX_STATE_FIELDS 1024 /* in one */

struct helix_state_writer;
struct helix_state_reader;

/* Add a field; `name` is 1 to 63 bytes and may stand once. 0, or
 * HELIX_E_ALREADY_EXISTS, HELIX_E_INVALID, HELIX_E_TOO_LARGE, HELIX_E_NO_MEMORY; the
 * first failure stays, and makes the saving fail whatever the hook returns. */
int helix_state_put_uint(struct helix_state_writer *state, const char *name, uint64_t value);
int helix_state_put_int(struct helix_state_writer *state, const char *name, int64_t value);
int helix_state_put_text(struct helix_state_writer *state, const char *name, const char *text);
int helix_state_put_bytes(struct helix_state_writer *state, const char *name, const void *bytes,
			  size_t size);

/* The version the state was saved by (.state_version). */
uint32_t helix_state_version(const struct helix_state_reader *state);
/* Look a field up: 0, HELIX_E_NOT_FOUND, or HELIX_E_STATE_TYPE when it has another
 * type; *value is left alone then. What text and bytes point to is valid until
 * restore_state returns. */
int helix_state_get_uint(const struct helix_state_reader *state, const char *name,
			 uint64_t *value);
int helix_state_get_int(const struct helix_state_reader *state, const char *name, int64_t *value);
int helix_state_get_text(const struct helix_state_reader *state, const char *name,
			 const char **text);
int helix_state_get_bytes(const struct helix_state_reader *state, const char *name,
			  const void **bytes, size_t *size);

#ifdef __cplusplus
}
#endif
#endif
