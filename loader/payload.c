/* SPDX-License-Identifier: MIT
 *
 * Payload trees: see payload.h and <helix/module_v1.h>. Depth and size are kept
 * with each node and checked before anything is put, so that every walk recurses
 * HELIX_PAYLOAD_DEPTH times at most. A payload is used by one thread at a time;
 * only the lists of what modules own are shared, and changed with the lock held.
 */
#include "loader/payload.h"

struct helix_payload {
	struct hload_owned owned; /* of a root; in no list while it is inside another */
	struct hload_system *system;
	struct helix_payload *parent;
	enum helix_payload_kind kind;
	uint32_t height; /* maps and lists inside each other, this one included */
	size_t size; /* of the tree, as HELIX_PAYLOAD_MAX counts it */
	char *name; /* in a map: its own block */
	uint64_t hash; /* of the name */
	union {
		int64_t integer;
		bool boolean;
		struct {
			struct helix_payload **items;
			size_t count, room;
		};
	};
	uint8_t bytes[]; /* of bytes and text, with a NUL behind them */
};

/* ---- whose they are ------------------------------------------------------------------ */

struct hload_owned **hload_owner(struct hload_system *system)
{
	const struct hload_frame *frame = hload_frame_current(system);

	while (frame && !frame->module)
		frame = frame->outer;
	return frame ? &frame->module->owned : &system->owned;
}

void hload_own(struct hload_owned **list, struct hload_owned *owned, bool is_message)
{
	*owned = (struct hload_owned){ *list, list, is_message };
	if (owned->next)
		owned->next->link = &owned->next;
	*list = owned;
}

void hload_disown(struct hload_owned *owned)
{
	if (!owned->link)
		return;
	*owned->link = owned->next;
	if (owned->next)
		owned->next->link = owned->link;
	*owned = (struct hload_owned){ .is_message = owned->is_message };
}

struct hload_owned *hload_payload_owned(struct helix_payload *payload)
{
	return payload->parent ? NULL : &payload->owned;
}

/* ---- making and freeing ---------------------------------------------------------------- */

static bool is_container(const struct helix_payload *payload)
{
	return payload->kind >= HELIX_PAYLOAD_MAP;
}

static bool has_bytes(const struct helix_payload *payload)
{
	return payload->kind == HELIX_PAYLOAD_BYTES || payload->kind == HELIX_PAYLOAD_TEXT;
}

static size_t block_size(const struct helix_payload *payload)
{
	return sizeof *payload + (has_bytes(payload) ? payload->size + 1 : 0);
}

struct helix_payload *hload_payload_new(struct hload_system *system, enum helix_payload_kind kind,
					const void *bytes, size_t size)
{
	const bool holds = kind == HELIX_PAYLOAD_BYTES || kind == HELIX_PAYLOAD_TEXT;
	struct helix_payload *payload;

	if (size > HELIX_PAYLOAD_MAX || (kind == HELIX_PAYLOAD_TEXT && !hload_utf8(bytes, size)))
		return NULL;
	payload = hload_lock_alloc(system, sizeof *payload + (holds ? size + 1 : 0));
	if (!payload)
		return NULL;
	memset(payload, 0, sizeof *payload);
	payload->system = system;
	payload->kind = kind;
	payload->size = size;
	payload->height = is_container(payload);
	if (!holds)
		return payload;
	if (size)
		memcpy(payload->bytes, bytes, size);
	payload->bytes[size] = 0;
	return payload;
}

void hload_payload_destroy(struct helix_payload *payload)
{
	struct hload_system *system;

	if (!payload)
		return;
	system = payload->system;
	hload_disown(&payload->owned);
	if (is_container(payload)) {
		for (size_t i = 0; i < payload->count; i++)
			hload_payload_destroy(payload->items[i]);
		hload_free(system, payload->items, payload->room * sizeof(struct helix_payload *));
	}
	if (payload->name)
		hload_free(system, payload->name, hload_length(payload->name) + 1);
	hload_free(system, payload, block_size(payload));
}

void hload_payload_lock_destroy(struct helix_payload *payload)
{
	struct hload_system *system;

	if (!payload)
		return;
	system = payload->system;
	hload_lock(system);
	hload_payload_destroy(payload);
	hload_unlock(system);
}

uint64_t hload_owned_free(struct hload_system *system, struct hload_owned **list)
{
	uint64_t count = 0;

	/* Payloads in messages stand in the list themselves: what the field of a
	 * forgotten message says is not trusted. */
	for (struct hload_owned *owned = *list, *next; owned; owned = next, count++) {
		next = owned->next;
		if (owned->is_message)
			hload_message_forget(system, owned);
		else
			hload_payload_destroy((struct helix_payload *)owned);
	}
	return count;
}

/* ---- putting ------------------------------------------------------------------------ */

static struct helix_payload *root_of(struct helix_payload *payload, uint32_t *level)
{
	for (*level = 1; payload->parent; payload = payload->parent)
		++*level;
	return payload;
}

static bool grow(struct helix_payload *into)
{
	size_t room = into->room ? 2 * into->room : 4;
	struct helix_payload **larger;

	if (into->count < into->room)
		return true;
	larger = hload_lock_alloc(into->system, room * sizeof(struct helix_payload *));
	if (!larger)
		return false;
	if (into->count)
		memcpy(larger, into->items, into->count * sizeof(struct helix_payload *));
	if (into->items)
		hload_lock_free(into->system, into->items,
				into->room * sizeof(struct helix_payload *));
	into->items = larger;
	into->room = room;
	return true;
}

static struct helix_payload *find(const struct helix_payload *map, const char *name)
{
	const size_t size = hload_length(name) + 1;
	const uint64_t hash = hmod_name_hash(name, size - 1);

	for (size_t i = 0; i < map->count; i++)
		if (map->items[i]->hash == hash && hload_length(map->items[i]->name) + 1 == size &&
		    !memcmp(map->items[i]->name, name, size))
			return map->items[i];
	return NULL;
}

/* Whether `value` may stand in `into` under that name. */
static int check(struct helix_payload *into, const char *name, const struct helix_payload *value)
{
	const size_t length = name ? hload_length(name) : 0;
	struct helix_payload *root;
	uint32_t level;

	if (into->kind != (name ? HELIX_PAYLOAD_MAP : HELIX_PAYLOAD_LIST))
		return HELIX_E_INVALID;
	if (name && (!length || length > HELIX_NAME_MAX || !hload_printable(name, length)))
		return HELIX_E_INVALID;
	if (name && find(into, name))
		return HELIX_E_ALREADY_EXISTS;
	root = root_of(into, &level);
	if (level + value->height > HELIX_PAYLOAD_DEPTH)
		return HELIX_E_TOO_DEEP;
	if (root->size + HLOAD_PAYLOAD_ENTRY + length + value->size > HELIX_PAYLOAD_MAX)
		return HELIX_E_TOO_LARGE;
	return HELIX_OK;
}

static int name_it(struct helix_payload *value, const char *name)
{
	const size_t length = hload_length(name);

	value->name = hload_lock_alloc(value->system, length + 1);
	if (!value->name)
		return HELIX_E_NO_MEMORY;
	memcpy(value->name, name, length + 1);
	value->hash = hmod_name_hash(name, length);
	return HELIX_OK;
}

static void add(struct helix_payload *into, struct helix_payload *value)
{
	const size_t more = HLOAD_PAYLOAD_ENTRY + value->size + (value->name ? hload_length(value->name) : 0);
	uint32_t height = value->height;

	value->parent = into;
	into->items[into->count++] = value;
	for (; into; into = into->parent) {
		into->size += more;
		if (into->height < ++height)
			into->height = height;
	}
}

int hload_payload_put(struct helix_payload *into, const char *name, struct helix_payload *value)
{
	int status = check(into, name, value);

	if (!status && (!grow(into) || (name && name_it(value, name))))
		status = HELIX_E_NO_MEMORY;
	if (status)
		hload_payload_lock_destroy(value);
	else
		add(into, value);
	return status;
}

/* ---- copying ------------------------------------------------------------------------- */

static struct helix_payload *copy_node(struct hload_system *system,
				       const struct helix_payload *payload)
{
	struct helix_payload *copy = hload_payload_new(
		system, payload->kind, payload->bytes, has_bytes(payload) ? payload->size : 0);

	if (copy && payload->kind == HELIX_PAYLOAD_INTEGER)
		copy->integer = payload->integer;
	if (copy && payload->kind == HELIX_PAYLOAD_BOOLEAN)
		copy->boolean = payload->boolean;
	return copy;
}

struct helix_payload *hload_payload_copy(struct hload_system *system,
					 const struct helix_payload *payload)
{
	struct helix_payload *copy = copy_node(system, payload);

	for (size_t i = 0; copy && is_container(payload) && i < payload->count; i++) {
		struct helix_payload *item = hload_payload_copy(system, payload->items[i]);

		if (item && !hload_payload_put(copy, payload->items[i]->name, item))
			continue;
		hload_payload_lock_destroy(copy);
		return NULL;
	}
	return copy;
}

struct helix_payload *hload_payload_take(struct helix_payload *payload)
{
	struct hload_system *system = payload->system;
	bool own;

	hload_lock(system);
	own = payload->owned.link;
	hload_disown(&payload->owned);
	hload_unlock(system);
	return own ? payload : hload_payload_copy(system, payload);
}

/* ---- the module API: making ------------------------------------------------------------- */

static struct helix_payload *give(struct helix_payload *payload)
{
	if (!payload)
		return NULL;
	hload_lock(payload->system);
	hload_own(hload_owner(payload->system), &payload->owned, false);
	hload_unlock(payload->system);
	return payload;
}

static struct helix_payload *new_one(enum helix_payload_kind kind, const void *bytes, size_t size)
{
	return hload_api_system ? give(hload_payload_new(hload_api_system, kind, bytes, size)) :
				  NULL;
}

struct helix_payload *helix_payload_empty(void)
{
	return new_one(HELIX_PAYLOAD_EMPTY, NULL, 0);
}

struct helix_payload *helix_payload_bytes(const void *bytes, size_t size)
{
	return new_one(HELIX_PAYLOAD_BYTES, bytes, size);
}

struct helix_payload *helix_payload_text(const char *text)
{
	return new_one(HELIX_PAYLOAD_TEXT, text, hload_length(text));
}

struct helix_payload *helix_payload_integer(int64_t value)
{
	struct helix_payload *payload = new_one(HELIX_PAYLOAD_INTEGER, NULL, 0);

	if (payload)
		payload->integer = value;
	return payload;
}

struct helix_payload *helix_payload_boolean(bool value)
{
	struct helix_payload *payload = new_one(HELIX_PAYLOAD_BOOLEAN, NULL, 0);

	if (payload)
		payload->boolean = value;
	return payload;
}

struct helix_payload *helix_payload_map(void)
{
	return new_one(HELIX_PAYLOAD_MAP, NULL, 0);
}

struct helix_payload *helix_payload_list(void)
{
	return new_one(HELIX_PAYLOAD_LIST, NULL, 0);
}

struct helix_payload *helix_payload_copy(const struct helix_payload *payload)
{
	return payload ? give(hload_payload_copy(payload->system, payload)) : NULL;
}

/* The caller keeps nothing: what is his own and cannot be put is freed. A tree that
 * `into` is in itself is not his to put there, and is left alone. */
static int put(struct helix_payload *into, const char *name, struct helix_payload *value)
{
	uint32_t level;

	if (!value)
		return HELIX_E_NO_MEMORY;
	if (into && root_of(into, &level) == value)
		return HELIX_E_INVALID;
	value = hload_payload_take(value);
	if (!value)
		return HELIX_E_NO_MEMORY;
	if (into)
		return hload_payload_put(into, name, value);
	hload_payload_lock_destroy(value);
	return HELIX_E_NO_MEMORY;
}

int helix_payload_put(struct helix_payload *map, const char *name, struct helix_payload *value)
{
	return put(map, name ? name : "", value);
}

int helix_payload_append(struct helix_payload *list, struct helix_payload *value)
{
	return put(list, NULL, value);
}

void helix_payload_free(struct helix_payload *payload)
{
	struct hload_system *system;
	bool own;

	if (!payload)
		return;
	system = payload->system;
	hload_lock(system);
	own = payload->owned.link;
	if (own)
		hload_payload_destroy(payload);
	hload_unlock(system);
	if (!own)
		hload_log(system, HELIX_LOG_ERROR, "a payload is freed by who does not own it");
}

/* ---- the module API: reading ------------------------------------------------------------- */

enum helix_payload_kind helix_payload_kind(const struct helix_payload *payload)
{
	return payload ? payload->kind : HELIX_PAYLOAD_EMPTY;
}

const void *helix_payload_get_bytes(const struct helix_payload *payload, size_t *size)
{
	const bool is = helix_payload_kind(payload) == HELIX_PAYLOAD_BYTES;

	*size = is ? payload->size : 0;
	return is ? payload->bytes : NULL;
}

const char *helix_payload_get_text(const struct helix_payload *payload)
{
	return helix_payload_kind(payload) == HELIX_PAYLOAD_TEXT ? (const char *)payload->bytes :
								   NULL;
}

int64_t helix_payload_get_integer(const struct helix_payload *payload)
{
	return helix_payload_kind(payload) == HELIX_PAYLOAD_INTEGER ? payload->integer : 0;
}

bool helix_payload_get_boolean(const struct helix_payload *payload)
{
	return helix_payload_kind(payload) == HELIX_PAYLOAD_BOOLEAN && payload->boolean;
}

size_t helix_payload_count(const struct helix_payload *payload)
{
	return payload && is_container(payload) ? payload->count : 0;
}

const struct helix_payload *helix_payload_at(const struct helix_payload *payload, size_t i,
					     const char **name)
{
	if (i >= helix_payload_count(payload))
		return NULL;
	if (name)
		*name = payload->items[i]->name;
	return payload->items[i];
}

const struct helix_payload *helix_payload_find(const struct helix_payload *map, const char *name)
{
	return helix_payload_kind(map) == HELIX_PAYLOAD_MAP ? find(map, name) : NULL;
}
