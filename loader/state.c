/* SPDX-License-Identifier: MIT
 *
 * Saved state: a header and named, typed fields, each 8-byte aligned (doc/HMOD.md,
 * "saved state"). Written by a module's save_state through a writer that grows;
 * read only after the whole was checked, since it may have been kept anywhere.
 */
#include "loader/gate.h"
#include "loader/state.h"

#include "helix/module.h"

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
static uint64_t hash_of(const uint8_t *bytes, size_t size)
{
	const char *text = (const char *)bytes;

	return hmod_name_hash(text, offsetof(struct header, hash)) ^
	       hmod_name_hash(text + sizeof(struct header), size - sizeof(struct header));
}

static struct header *header_of(const struct hload_saved *state)
{
	return (struct header *)(void *)state->bytes; /* of an allocated block: aligned */
}

/* The field at `at`, its name, its value; where the next one stands. */
static size_t field_at(const uint8_t *bytes, size_t at, struct field *field, const char **name,
		       const uint8_t **value)
{
	memcpy(field, bytes + at, sizeof *field);
	*name = (const char *)bytes + at + sizeof *field;
	at += ALIGN8(sizeof *field + field->name_length + 1u);
	*value = bytes + at;
	return at + ALIGN8((size_t)field->size);
}

static bool named(const char *name, const struct field *field, const char *wanted)
{
	return hload_length(wanted) == field->name_length &&
	       !memcmp(name, wanted, field->name_length);
}

/* The number of the field of that name; `count` when there is none. */
static uint32_t find_number(const uint8_t *bytes, uint32_t count, const char *wanted,
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

static bool find(const uint8_t *bytes, uint32_t count, const char *wanted, struct field *field,
		 const uint8_t **value)
{
	return find_number(bytes, count, wanted, field, value) < count;
}

/* ---- writing --------------------------------------------------------------------------- */

static int fail(struct helix_state_writer *writer, int status)
{
	if (!writer->failed)
		writer->failed = status;
	return status;
}

static bool grow(struct helix_state_writer *writer, size_t more)
{
	size_t room = writer->room ? writer->room : 256;
	uint8_t *larger;

	while (room - writer->state.size < more)
		room *= 2;
	if (room == writer->room)
		return true;
	larger = hload_lock_alloc(writer->system, room);
	if (!larger)
		return false;
	if (writer->state.bytes) {
		memcpy(larger, writer->state.bytes, writer->state.size);
		hload_lock_free(writer->system, writer->state.bytes, writer->room);
	}
	writer->state.bytes = larger;
	writer->room = room;
	return true;
}

static int put(struct helix_state_writer *writer, const char *name, enum field_type type,
	       const void *value, size_t size)
{
	const size_t length = hload_length(name);
	const struct field field = { (uint16_t)length, (uint16_t)type, (uint32_t)size };
	const size_t head = ALIGN8(sizeof field + length + 1), more = head + ALIGN8(size);
	struct field other;
	const uint8_t *there;
	uint8_t *at;

	if (!length || length > HELIX_NAME_MAX)
		return fail(writer, HELIX_E_INVALID);
	if (size > HELIX_STATE_MAX || writer->state.size + more > HELIX_STATE_MAX ||
	    header_of(&writer->state)->count == HELIX_STATE_FIELDS)
		return fail(writer, HELIX_E_TOO_LARGE);
	if (find(writer->state.bytes, header_of(&writer->state)->count, name, &other, &there))
		return fail(writer, HELIX_E_ALREADY_EXISTS);
	if (!grow(writer, more))
		return fail(writer, HELIX_E_NO_MEMORY);
	at = writer->state.bytes + writer->state.size;
	memset(at, 0, more);
	memcpy(at, &field, sizeof field);
	memcpy(at + sizeof field, name, length);
	if (size)
		memcpy(at + head, value, size);
	writer->state.size += more;
	header_of(&writer->state)->count++;
	return HELIX_OK;
}

int helix_state_put_uint(struct helix_state_writer *state, const char *name, uint64_t value)
{
	return put(state, name, FIELD_UINT, &value, sizeof value);
}

int helix_state_put_int(struct helix_state_writer *state, const char *name, int64_t value)
{
	return put(state, name, FIELD_INT, &value, sizeof value);
}

int helix_state_put_text(struct helix_state_writer *state, const char *name, const char *text)
{
	return put(state, name, FIELD_TEXT, text, hload_length(text) + 1);
}

int helix_state_put_bytes(struct helix_state_writer *state, const char *name, const void *bytes,
			  size_t size)
{
	return put(state, name, FIELD_BYTES, bytes, size);
}

/* ---- checking and reading ------------------------------------------------------------------ */

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

uint32_t helix_state_version(const struct helix_state_reader *state)
{
	return state->version;
}

static int get(const struct helix_state_reader *state, const char *name, enum field_type type,
	       const uint8_t **value, size_t *size)
{
	struct field field;
	uint32_t i = find_number(state->bytes, state->count, name, &field, value);

	if (i == state->count)
		return HELIX_E_NOT_FOUND;
	*size = field.size;
	if (field.type != type)
		return HELIX_E_STATE_TYPE;
	state->seen[i / 64] |= UINT64_C(1) << i % 64;
	return HELIX_OK;
}

int helix_state_get_uint(const struct helix_state_reader *state, const char *name, uint64_t *value)
{
	const uint8_t *bytes;
	size_t size;
	int status = get(state, name, FIELD_UINT, &bytes, &size);

	if (!status)
		memcpy(value, bytes, sizeof *value);
	return status;
}

int helix_state_get_int(const struct helix_state_reader *state, const char *name, int64_t *value)
{
	const uint8_t *bytes;
	size_t size;
	int status = get(state, name, FIELD_INT, &bytes, &size);

	if (!status)
		memcpy(value, bytes, sizeof *value);
	return status;
}

int helix_state_get_text(const struct helix_state_reader *state, const char *name,
			 const char **text)
{
	const uint8_t *bytes;
	size_t size;
	int status = get(state, name, FIELD_TEXT, &bytes, &size);

	if (!status)
		*text = (const char *)bytes;
	return status;
}

int helix_state_get_bytes(const struct helix_state_reader *state, const char *name,
			  const void **bytes, size_t *size)
{
	const uint8_t *value;
	size_t n;
	int status = get(state, name, FIELD_BYTES, &value, &n);

	if (!status) {
		*bytes = value;
		*size = n;
	}
	return status;
}

/* ---- asking the module ----------------------------------------------------------------- */

struct saving {
	struct hload_module *module;
	struct helix_state_writer writer;
};

static int call_save(void *argument)
{
	struct saving *saving = argument;

	return ((int (*)(struct helix_state_writer *))(uintptr_t)
			saving->module->object.hook[HMOD_HOOK_SAVE])(&saving->writer);
}

static void close(struct helix_state_writer *writer)
{
	struct header *header = header_of(&writer->state);

	header->size = writer->state.size;
	header->hash = hash_of(writer->state.bytes, writer->state.size);
}

/* The block is as large as the state says, so that it can be freed by that. */
static bool fit(struct helix_state_writer *writer)
{
	uint8_t *exact = hload_lock_alloc(writer->system, writer->state.size);

	if (!exact)
		return false;
	memcpy(exact, writer->state.bytes, writer->state.size);
	hload_lock_free(writer->system, writer->state.bytes, writer->room);
	writer->state.bytes = exact;
	writer->room = writer->state.size;
	return true;
}

static enum helix_status run_save(struct saving *saving, struct hmod_diag *diag)
{
	struct helix_state_writer *writer = &saving->writer;
	struct hload_frame frame;
	int result;

	if (!grow(writer, sizeof(struct header)))
		return hload_fail_memory(diag, HMOD_STAGE_STATE, sizeof(struct header), "a state");
	*header_of(&writer->state) = (struct header){
		.magic = MAGIC, .format = FORMAT, .header_size = sizeof(struct header),
		.version = saving->module->meta.header->state_version,
	};
	writer->state.size = sizeof(struct header);
	result = hload_call(saving->module, &frame, "save_state", call_save, saving);
	if (!result)
		result = writer->failed;
	if (!result && !fit(writer))
		result = HELIX_E_NO_MEMORY;
	if (result)
		return hload_fail_hook(saving->module, &frame, HMOD_STAGE_STATE, result, diag);
	close(writer);
	return HELIX_OK;
}

/* get_state of the v1 API is asked only of modules that can be reloaded. */
static bool may_save(const struct hload_module *module)
{
	return module->meta.header->api != HELIX_RECORD_FORMAT_V1 ||
	       module->meta.header->flags & HELIX_HOT_RELOADABLE;
}

enum helix_status hload_state_take(struct hload_module *module, struct hload_saved *state,
				   struct hmod_diag *diag)
{
	struct saving saving = { .module = module, .writer.system = module->system };
	enum helix_status status;

	*state = (struct hload_saved){ NULL, 0 };
	if (!module->object.hook[HMOD_HOOK_SAVE] || !may_save(module))
		return HELIX_OK;
	status = run_save(&saving, diag);
	if (!status)
		*state = saving.writer.state;
	else if (saving.writer.state.bytes)
		hload_lock_free(module->system, saving.writer.state.bytes, saving.writer.room);
	return status;
}

struct restoring {
	struct hload_module *module;
	struct helix_state_reader reader;
};

static int call_restore(void *argument)
{
	struct restoring *restoring = argument;

	return ((int (*)(struct helix_state_reader *))(uintptr_t)
			restoring->module->object.hook[HMOD_HOOK_RESTORE])(&restoring->reader);
}

enum helix_status hload_state_give(struct hload_module *module, const struct hload_saved *state,
				   struct hmod_diag *diag)
{
	uint64_t seen[HLOAD_SEEN_WORDS] = { 0 };

	return hload_state_hand_over(module, state, seen, diag);
}

uint32_t hload_state_unseen(const struct hload_saved *state, const uint64_t *seen,
			    struct hload_text *names)
{
	const uint32_t count = state->bytes ? header_of(state)->count : 0;
	size_t at = sizeof(struct header);
	const uint8_t *value;
	struct field field;
	uint32_t unseen = 0;
	const char *name;

	for (uint32_t i = 0; i < count; i++) {
		at = field_at(state->bytes, at, &field, &name, &value);
		if (seen[i / 64] >> i % 64 & 1)
			continue;
		hload_text_add(names, unseen++ ? ", " : "");
		hload_text_add(names, name);
	}
	return unseen;
}

enum helix_status hload_state_hand_over(struct hload_module *module,
					const struct hload_saved *state, uint64_t *seen,
					struct hmod_diag *diag)
{
	struct restoring restoring = { .module = module };
	enum helix_status status;
	struct header header;
	struct hload_frame frame;
	int result;

	if (!state->bytes || !module->object.hook[HMOD_HOOK_RESTORE])
		return HELIX_OK;
	status = hload_state_check(state, diag);
	if (status)
		return status;
	memcpy(&header, state->bytes, sizeof header);
	restoring.reader = (struct helix_state_reader){ state->bytes, state->size, header.version,
							header.count, seen };
	result = hload_call(module, &frame, "restore_state", call_restore, &restoring);
	return result ? hload_fail_hook(module, &frame, HMOD_STAGE_STATE, result, diag) : HELIX_OK;
}

enum helix_status hload_state_save(struct hload_system *system, struct hload_module *module,
				   struct hload_saved *state, struct hmod_diag *diag)
{
	enum helix_status status;

	*state = (struct hload_saved){ NULL, 0 };
	hload_lock(system);
	status = hload_gate_pass(&module, 0, diag);
	if (status)
		;
	else if (module->state != HLOAD_RUNNING)
		status = hload_fail_module(diag, HELIX_E_NOT_LOADED, HMOD_STAGE_STATE, module);
	else
		hload_pin(module);
	hload_unlock(system);
	if (status)
		return status;
	status = hload_state_take(module, state, diag);
	hload_lock(system);
	hload_unpin(module);
	hload_unlock(system);
	return status;
}

void hload_state_free(struct hload_system *system, struct hload_saved *state)
{
	if (state->bytes)
		hload_lock_free(system, state->bytes, state->size);
	*state = (struct hload_saved){ NULL, 0 };
}

void hload_state_each(const struct hload_saved *state,
		      void (*each)(void *ctx, const struct hload_state_field *field), void *ctx)
{
	static const char *const types[] = { "?", "uint", "int", "text", "bytes" };
	const uint32_t count = state->bytes ? header_of(state)->count : 0;
	size_t at = sizeof(struct header);
	struct hload_state_field out;
	const uint8_t *value;
	struct field field;

	for (uint32_t i = 0; i < count; i++) {
		at = field_at(state->bytes, at, &field, &out.name, &value);
		out.type = types[field.type <= FIELD_BYTES ? field.type : 0];
		out.value = value;
		out.size = field.size;
		each(ctx, &out);
	}
}
