/* SPDX-License-Identifier: MIT
 *
 * The bytes of a saved state, for the files that write, check and read them. What
 * is here relies on a state that was checked, or is being written.
 */
#ifndef LOADER_STATE_FORM_H
#define LOADER_STATE_FORM_H

#include "loader/state.h"

#include "helix/state.h"

#define MAGIC 0x41545348u /* "HSTA" */
#define FORMAT 1
#define ALIGN8(n) (((n) + 7) & ~(size_t)7)

enum field_type { FIELD_UINT = 1, FIELD_INT, FIELD_TEXT, FIELD_BYTES };

struct header {
	uint32_t magic;
	uint16_t format, header_size;
	uint32_t version, count;
	uint64_t size; /* of the whole */
	uint64_t hash; /* of the header before it, and of all that follows, as one number */
};

struct field {
	uint16_t name_length, type;
	uint32_t size; /* of the value, bytes */
};

struct helix_state_writer {
	struct hload_system *system;
	struct hload_saved state; /* bytes in use */
	size_t room;
	int failed;
};

struct helix_state_reader {
	const uint8_t *bytes;
	size_t size;
	uint32_t version, count;
	uint64_t *seen; /* a bit a field: it was asked for, with its type */
};

/* Of bytes that begin with a whole header. */
static inline uint64_t hash_of(const uint8_t *bytes, size_t size)
{
	const char *text = (const char *)bytes;

	return hmod_name_hash(text, offsetof(struct header, hash)) ^
	       hmod_name_hash(text + sizeof(struct header), size - sizeof(struct header));
}

static inline struct header *header_of(const struct hload_saved *state)
{
	return (struct header *)(void *)state->bytes; /* of an allocated block: aligned */
}

/* The field at `at`, its name, its value; where the next one stands. */
static inline size_t field_at(const uint8_t *bytes, size_t at, struct field *field, const char **name,
		       const uint8_t **value)
{
	memcpy(field, bytes + at, sizeof *field);
	*name = (const char *)bytes + at + sizeof *field;
	at += ALIGN8(sizeof *field + field->name_length + 1u);
	*value = bytes + at;
	return at + ALIGN8((size_t)field->size);
}

static inline bool named(const char *name, const struct field *field, const char *wanted)
{
	return hload_length(wanted) == field->name_length &&
	       !memcmp(name, wanted, field->name_length);
}

/* The number of the field of that name; `count` when there is none. */
static inline uint32_t find_number(const uint8_t *bytes, uint32_t count, const char *wanted,
			    struct field *field, const uint8_t **value)
{
	size_t at = sizeof(struct header);
	const char *name;

	for (uint32_t i = 0; i < count; i++) {
		at = field_at(bytes, at, field, &name, value);
		if (named(name, field, wanted))
			return i;
	}
	return count;
}

static inline bool find(const uint8_t *bytes, uint32_t count, const char *wanted, struct field *field,
		 const uint8_t **value)
{
	return find_number(bytes, count, wanted, field, value) < count;
}

#endif
