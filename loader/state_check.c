/* SPDX-License-Identifier: MIT
 *
 * Whether bytes are a saved state: nothing of them is believed before.
 */
#include "loader/state_form.h"

static enum helix_status bad(struct hmod_diag *diag, const char *what)
{
	hmod_fail(diag, HELIX_E_STATE, HMOD_STAGE_STATE, HMOD_NOWHERE);
	hmod_diag_name(diag, what, SIZE_MAX);
	return HELIX_E_STATE;
}

static bool zero(const uint8_t *bytes, size_t size)
{
	while (size && !*bytes)
		bytes++, size--;
	return !size;
}

static const char *check_value(const struct field *field, const char *name, const uint8_t *value)
{
	const size_t name_end = sizeof *field + field->name_length;

	if (!zero((const uint8_t *)name + field->name_length, ALIGN8(name_end + 1) - name_end) ||
	    !zero(value + field->size, ALIGN8((size_t)field->size) - field->size))
		return "its padding is not zero";
	if (hload_length(name) != field->name_length)
		return "a field's name has a NUL inside";
	if (field->type <= FIELD_INT)
		return field->size == 8 ? NULL : "a number is not 8 bytes";
	if (field->type == FIELD_TEXT && (!field->size || value[field->size - 1] ||
					  hload_length((const char *)value) + 1 != field->size))
		return "a text does not end where it says";
	return NULL;
}

/* The field at *at lies inside; the values of those before are checked. */
static const char *check_field(const struct hload_saved *state, size_t *at)
{
	const size_t left = state->size - *at;
	const uint8_t *value;
	struct field field;
	const char *name;
	size_t head;

	if (left < sizeof field)
		return "it ends inside a field";
	memcpy(&field, state->bytes + *at, sizeof field);
	head = ALIGN8(sizeof field + field.name_length + 1u);
	if (!field.name_length || field.name_length > HELIX_NAME_MAX)
		return "a field's name is not 1 to 63 bytes long";
	if (!field.type || field.type > FIELD_BYTES)
		return "a field's type is unknown";
	if (left < head || left - head < field.size || left - head < ALIGN8((size_t)field.size))
		return "it ends inside a field";
	*at = field_at(state->bytes, *at, &field, &name, &value);
	return check_value(&field, name, value);
}

static const char *check_header(const struct hload_saved *state, struct header *header)
{
	if (state->size < sizeof *header)
		return "it is shorter than its header";
	memcpy(header, state->bytes, sizeof *header);
	if (header->magic != MAGIC || header->format != FORMAT ||
	    header->header_size != sizeof *header)
		return "it is not one";
	if (header->size != state->size || state->size > HELIX_STATE_MAX)
		return "it has another size than it says";
	if (header->hash != hash_of(state->bytes, state->size))
		return "its hash does not fit: it was altered";
	if (header->count > HELIX_STATE_FIELDS)
		return "it has more fields than there may be";
	return NULL;
}

enum helix_status hload_state_check(const struct hload_saved *state, struct hmod_diag *diag)
{
	struct header header;
	const char *wrong = check_header(state, &header), *name;
	size_t at = sizeof header, place;
	const uint8_t *value, *first;
	struct field field, other;

	if (wrong)
		return bad(diag, wrong);
	for (uint32_t i = 0; i < header.count; i++) {
		place = at;
		wrong = check_field(state, &at);
		if (wrong)
			return bad(diag, wrong);
		field_at(state->bytes, place, &field, &name, &value);
		if (find(state->bytes, i, name, &other, &first))
			return bad(diag, "a field is there twice");
	}
	return at == state->size ? HELIX_OK : bad(diag, "something follows its last field");
}
