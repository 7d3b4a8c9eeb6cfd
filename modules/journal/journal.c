/* SPDX-License-Identifier: MIT
 *
 * A v1 module: keeps the last entries that others sent to it. Requests, from
 * modules and from the shell: `write` TEXT (the number of the entry), `read` (all of
 * them), `last`, `forward` (sends the last entry to the asker, as the request
 * `entry`, and answers what came back). A notification is an entry too. A query is
 * answered with the entry whose number it holds, a control message clears.
 */
#include <helix/module_v1.h>

#include "journal.h"

#define ENTRIES 64
#define TEXT 96 /* bytes of one, with its NUL */

HELIX_PARAM_RANGE(keep, uint, 16, 1, 64, "entries that are kept");

struct entry {
	uint64_t number; /* from 1 */
	uint64_t source; /* module id; 0: the shell */
	char text[TEXT];
};

static const struct helix_v1_context *self;
static struct entry entries[ENTRIES]; /* entry n stands at n % keep */
static uint64_t keep, written, cleared; /* those up to `cleared` are forgotten */
static bool busy; /* atomic: somebody is at the entries */

/* ---- entries ---------------------------------------------------------------------- */

/* Held for a few copied bytes at a time, and never while others are called. */
static void lock(void)
{
	while (__atomic_test_and_set(&busy, __ATOMIC_ACQUIRE))
		__builtin_ia32_pause();
}

static void unlock(void)
{
	__atomic_clear(&busy, __ATOMIC_RELEASE);
}

static void cut(char *to, const char *text)
{
	size_t length = strlen(text);

	if (length > TEXT - 1)
		for (length = TEXT - 1; length && (text[length] & 0xc0) == 0x80;)
			length--; /* not inside a character */
	memcpy(to, text, length);
	to[length] = 0;
}

static uint64_t write(uint64_t source, const char *text)
{
	struct entry *entry;
	uint64_t number;

	lock();
	number = ++written;
	entry = &entries[number % keep];
	entry->number = number;
	entry->source = source;
	cut(entry->text, text);
	unlock();
	return number;
}

/* The entry of that number, copied; false when it is not kept. */
static bool read(uint64_t number, struct entry *entry)
{
	bool kept;

	lock();
	*entry = entries[number % keep];
	kept = number > cleared && entry->number == number;
	unlock();
	return kept;
}

static uint64_t first_kept(void)
{
	uint64_t oldest = written > keep ? written - keep : 0;

	return (oldest > cleared ? oldest : cleared) + 1;
}

/* ---- answers ------------------------------------------------------------------------ */

static struct helix_message *error(const struct helix_message *to, const char *text)
{
	return helix_message_response(to, HELIX_MESSAGE_ERROR, helix_payload_text(text));
}

static struct helix_payload *payload_of(const struct entry *entry)
{
	struct helix_payload *map = helix_payload_map();

	if (!helix_payload_put(map, "number", helix_payload_integer((int64_t)entry->number)) &&
	    !helix_payload_put(map, "source", helix_payload_integer((int64_t)entry->source)) &&
	    !helix_payload_put(map, "text", helix_payload_text(entry->text)))
		return map;
	helix_payload_free(map);
	return NULL;
}

static struct helix_message *answer_one(const struct helix_message *to, uint64_t number)
{
	struct helix_payload *payload;
	struct entry entry;

	if (!read(number, &entry))
		return error(to, "no such entry");
	payload = payload_of(&entry);
	return payload ? helix_message_response(to, to->type, payload) : error(to, "no memory");
}

static struct helix_message *answer_all(const struct helix_message *to)
{
	struct helix_payload *list = helix_payload_list();
	struct entry entry;

	for (uint64_t n = first_kept(); n <= written; n++)
		if (read(n, &entry) && helix_payload_append(list, payload_of(&entry))) {
			helix_payload_free(list);
			return error(to, "no memory");
		}
	return helix_message_response(to, to->type, list);
}

static struct helix_message *answer_write(const struct helix_message *to, const char *text)
{
	if (!text || !*text)
		return error(to, "an entry is a text");
	return helix_message_response(to, to->type,
				      helix_payload_integer((int64_t)write(to->source, text)));
}

/* Sends the last entry back to whoever asks, and answers with what he says to it. */
static struct helix_message *answer_forward(const struct helix_message *to)
{
	struct helix_payload *map = helix_payload_map();
	struct helix_message *reply, *answer;
	struct entry entry;

	if (!read(written, &entry) ||
	    helix_payload_put(map, "type", helix_payload_text("entry")) ||
	    helix_payload_put(map, "payload", helix_payload_text(entry.text))) {
		helix_payload_free(map);
		return error(to, "no such entry");
	}
	if (helix_v1_send_message(self, to->source,
				  helix_message_new(HELIX_MESSAGE_REQUEST, 0, map), &reply))
		return error(to, "the asker does not take messages");
	answer = helix_message_response(to, reply ? reply->type : to->type,
					reply ? helix_payload_copy(reply->payload) : NULL);
	helix_message_free(reply);
	return answer;
}

/* ---- messages ------------------------------------------------------------------------- */

static bool is(const char *text, const char *other)
{
	const size_t size = strlen(other) + 1;

	return text && strlen(text) + 1 == size && !memcmp(text, other, size);
}

static struct helix_message *handle_request(const struct helix_message *message)
{
	const struct helix_payload *payload = helix_payload_find(message->payload, "payload");
	const char *type = helix_payload_get_text(helix_payload_find(message->payload, "type"));

	if (is(type, "write"))
		return answer_write(message, helix_payload_get_text(payload));
	if (is(type, "read"))
		return answer_all(message);
	if (is(type, "last"))
		return answer_one(message, written);
	if (is(type, "forward"))
		return answer_forward(message);
	return error(message, "Unknown request");
}

static int journal_count(void)
{
	return (int)(written + 1 - first_kept());
}

static int journal_clear(void)
{
	const int count = journal_count();

	lock();
	cleared = written;
	unlock();
	return count;
}

static struct helix_message *journal_handle(const struct helix_message *message)
{
	const char *text = helix_payload_get_text(message->payload);

	switch (message->type) {
	case HELIX_MESSAGE_REQUEST:
		return handle_request(message);
	case HELIX_MESSAGE_NOTIFY:
		if (text)
			write(message->source, text);
		return NULL;
	case HELIX_MESSAGE_QUERY:
		return answer_one(message, (uint64_t)helix_payload_get_integer(message->payload));
	case HELIX_MESSAGE_CONTROL:
		return helix_message_response(message, message->type,
					      helix_payload_integer(journal_clear()));
	default:
		return error(message, "Unknown message");
	}
}

static const struct journal_ops journal_ops = {
	.count = journal_count,
	.clear = journal_clear,
};
HELIX_V1_INTERFACE("helix.journal", 1, 0, journal_ops, journal_handle, "count", "clear");

/* ---- life ---------------------------------------------------------------------------- */

static int journal_init(const struct helix_v1_context *ctx)
{
	self = ctx;
	keep = helix_config_uint(helix_v1_context(ctx), "keep", 16);
	helix_info("keeps %s entries", helix_v1_config(ctx, "keep"));
	return HELIX_OK;
}

static int journal_start(void)
{
	helix_info("helix_execution is module %llu",
		   (unsigned long long)helix_v1_get_dependency(self, "helix_execution"));
	return HELIX_OK;
}

static int journal_stop(void)
{
	helix_info("%d entries at the end", journal_count());
	return HELIX_OK;
}

static int journal_cleanup(void)
{
	helix_info("closed");
	return HELIX_OK;
}

/* A field an entry, named by its place: "text0", "source0" … */
static const char *field(char name[16], const char *what, uint64_t place)
{
	size_t at = strlen(what);

	memcpy(name, what, at);
	if (place > 9)
		name[at++] = (char)('0' + place / 10);
	name[at++] = (char)('0' + place % 10);
	name[at] = 0;
	return name;
}

static int journal_get_state(struct helix_state_writer *state)
{
	const uint64_t first = first_kept();
	struct entry entry;
	char name[16];

	helix_state_put_uint(state, "written", written);
	helix_state_put_uint(state, "first", first);
	for (uint64_t n = first; n <= written; n++) {
		if (!read(n, &entry))
			continue;
		helix_state_put_uint(state, field(name, "source", n - first), entry.source);
		helix_state_put_text(state, field(name, "text", n - first), entry.text);
	}
	return HELIX_OK; /* what could not be put fails the saving by itself */
}

static int journal_restore_state(struct helix_state_reader *state)
{
	uint64_t first, end, source = 0;
	const char *text;
	char name[16];

	if (helix_state_get_uint(state, "written", &end) ||
	    helix_state_get_uint(state, "first", &first) || !first || end - first + 1 > ENTRIES)
		return helix_fail(HELIX_E_INVALID, "a state without its numbers");
	written = cleared = first - 1;
	for (uint64_t n = first; n <= end; n++) {
		helix_state_get_uint(state, field(name, "source", n - first), &source);
		if (helix_state_get_text(state, field(name, "text", n - first), &text))
			return helix_fail(HELIX_E_INVALID, "entry %llu is missing",
					  (unsigned long long)n);
		write(source, text);
	}
	return HELIX_OK;
}

static bool journal_is_healthy(void)
{
	return cleared <= written;
}

HELIX_MODULE_V1(
	.name = "journal",
	.version = HELIX_VERSION(1, 0, 0),
	.description = "Keeps the last messages that others sent (v1 API)",
	.authors = HELIX_AUTHORS("The Helix authors", "A. Scribe"),
	.license = "MIT",
	.flags = HELIX_HOT_RELOADABLE,
	.dependencies = HELIX_DEPENDENCIES("helix-execution >= 1.0"),
	.provides = HELIX_PROVIDES("journal"),
	.state_version = 1,
	.init = journal_init,
	.start = journal_start,
	.stop = journal_stop,
	.cleanup = journal_cleanup,
	.handle_message = journal_handle,
	.is_healthy = journal_is_healthy,
	.get_state = journal_get_state,
	.restore_state = journal_restore_state,
);
