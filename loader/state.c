/* SPDX-License-Identifier: MIT
 *
 * Saved state: a header and named, typed fields, each 8-byte aligned (doc/HMOD.md,
 * "saved state"). Written by a module's save_state through a writer that grows;
 * read only after the whole was checked, since it may have been kept anywhere.
 */
#include "loader/gate.h"
#include "loader/state_form.h"

#include "helix/module.h"

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

/* ---- reading ------------------------------------------------------------------------------- */

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
