/* SPDX-License-Identifier: MIT
 *
 * Between requests and messages: every kind of payload, errors, failures, both
 * ways, and that a dry host loses nothing.
 */
#include "loader/services.h"
#include "loader/talk.h"

static struct helix_message seen;
static char seen_text[512];
static struct helix_message *(*answer_with)(const struct helix_message *);

static struct helix_message *see(const char *who, const struct helix_message *m)
{
	(void)who;
	seen = *m;
	snprintf(seen_text, sizeof seen_text, "%s", talk_text(m->payload));
	return answer_with ? answer_with(m) : NULL;
}

/* ---- a v1 module is asked ------------------------------------------------------------------ */

START_TEST(a_request_is_a_message_with_type_and_payload)
{
	talk_open();
	talk.message = see;
	ck_assert_str_eq(talk_ask(A, "get", ""), "ok ");
	ck_assert_str_eq(seen_text, "{\"type\":\"get\",\"payload\":null}");
	ck_assert_int_eq(seen.type, HELIX_MESSAGE_REQUEST);
	ck_assert_uint_eq(seen.source, 0);
	ck_assert_uint_eq(seen.target, talk_id(A));
	ck_assert_uint_ge(seen.id, 1);
	ck_assert(!seen.is_response);
	ck_assert_str_eq(talk_ask(A, "put", "caf\xc3\xa9\n"), "ok ");
	ck_assert_str_eq(seen_text, "{\"type\":\"put\",\"payload\":\"caf\xc3\xa9\\n\"}");
	ck_assert_str_eq(talk_ask(A, "put", "\x01\xff"), "ok ");
	ck_assert_str_eq(seen_text, "{\"type\":\"put\",\"payload\":\"0x01ff\"}");
	talk_close();
}
END_TEST

START_TEST(a_v2_module_asks_a_v1_module_under_its_id)
{
	struct helix_reply reply;

	talk_open();
	talk.message = see;
	ck_assert_int_eq(helix_request(talk.v2[C], "b", "get", "x", 1, &reply), 0);
	ck_assert(reply.success);
	helix_reply_free(talk.v2[C], &reply);
	ck_assert_uint_eq(seen.source, talk_id(C));
	ck_assert_uint_eq(seen.target, talk_id(B));
	talk_close();
}
END_TEST

static struct helix_payload *(*make)(void);

static struct helix_message *with_made(const struct helix_message *m)
{
	return helix_message_response(m, m->type, make());
}

static struct helix_message *error_with_made(const struct helix_message *m)
{
	return helix_message_response(m, HELIX_MESSAGE_ERROR, make());
}

START_TEST(every_kind_of_answer_becomes_a_reply)
{
	char wanted[64];

	talk_open();
	talk.message = see;
	for (size_t i = 0; i < TALK_KINDS; i++) {
		make = talk_kinds[i].make;
		answer_with = with_made;
		snprintf(wanted, sizeof wanted, "ok %s", talk_kinds[i].raw);
		ck_assert_str_eq(talk_ask(A, "get", ""), wanted);
		answer_with = error_with_made;
		snprintf(wanted, sizeof wanted, "error %s",
			 *talk_kinds[i].raw ? talk_kinds[i].raw : "an error without a text");
		if (make != talk_bytes)
			ck_assert_str_eq(talk_ask(A, "get", ""), wanted);
	}
	talk_close();
}
END_TEST

static struct helix_payload *bytes_with_nul(void)
{
	return helix_payload_bytes("a\0b", 3);
}

START_TEST(an_error_of_bytes_is_told_in_canonical_form)
{
	talk_open();
	talk.message = see;
	answer_with = error_with_made;
	make = bytes_with_nul;
	ck_assert_str_eq(talk_ask(A, "get", ""), "error \"0x610062\"");
	talk_close();
}
END_TEST

START_TEST(a_v1_module_without_messages_answers_not_implemented)
{
	talk_open();
	ck_assert_str_eq(talk_ask(MUTE, "get", ""), "error Not implemented");
	ck_assert_str_eq(talk_ask(D, "get", ""), "error Not implemented");
	talk_close();
}
END_TEST

/* Twice as long in hexadecimal. */
static struct helix_payload *too_long(void)
{
	struct helix_payload *tree = helix_payload_list();
	static uint8_t block[HELIX_PAYLOAD_MAX / 2];

	helix_payload_append(tree, helix_payload_bytes(block, sizeof block));
	return tree;
}

START_TEST(an_answer_whose_text_is_too_long_is_refused)
{
	talk_open();
	talk.message = see;
	answer_with = with_made;
	make = too_long;
	seen_text[0] = 0;
	ck_assert_str_eq(talk_ask(A, "get", ""),
			 "an answer is too large: 1048582, at most 1048576");
	talk_close();
}
END_TEST

START_TEST(a_request_too_long_for_the_map_is_refused)
{
	struct hload_asking asking = { "shell", "c", "t", NULL, HELIX_PAYLOAD_MAX, 0, 0 };
	struct helix_reply reply;
	void *block = calloc(1, HELIX_PAYLOAD_MAX);

	talk_open();
	asking.payload = block;
	ck_assert(!hload_request(talk.world.system, &asking, &reply, &talk.world.diag));
	hload_reply_free(talk.world.system, &reply);
	asking.target = "a";
	ck_assert_int_eq(hload_request(talk.world.system, &asking, &reply, &talk.world.diag),
			 HELIX_E_TOO_LARGE);
	ck_assert_said(&talk.world, "the payload is too large: 1048716, at most 1048576");
	talk_close();
	free(block);
}
END_TEST

/* ---- a v2 module gets a message ------------------------------------------------------------ */

static char request_text[512];
static const char *respond, *refuse;
static int result;

static int take(const struct helix_request *q, struct helix_response *r)
{
	snprintf(request_text, sizeof request_text, "%s %s %.*s", q->source, q->type, (int)q->size,
		 q->payload ? (const char *)q->payload : "");
	if (result)
		return helix_fail(result, "not today");
	if (refuse)
		return helix_respond_error(r, "%s", refuse);
	return respond ? helix_respond(r, respond, strlen(respond)) : 0;
}

static int send(enum helix_message_type type, struct helix_payload *payload,
		struct helix_message **answer)
{
	talk.request = take;
	return helix_v1_send_message(talk.v1[A], talk_id(C), helix_message_new(type, 7, payload),
				     answer);
}

START_TEST(each_type_of_message_is_a_request_of_that_name)
{
	static const char *const wanted[] = { "a request hi", "a notify hi", "a query hi",
					      "a control hi", "a error hi",  "a custom(7) hi" };
	static const enum helix_message_type back[] = {
		HELIX_MESSAGE_REQUEST, HELIX_MESSAGE_NOTIFY, HELIX_MESSAGE_QUERY,
		HELIX_MESSAGE_CONTROL, HELIX_MESSAGE_REQUEST, HELIX_MESSAGE_CUSTOM,
	};
	struct helix_message *answer;

	talk_open();
	respond = "fine";
	for (int i = 0; i < 6; i++) {
		ck_assert_int_eq(send((enum helix_message_type)i, helix_payload_text("hi"), &answer),
				 0);
		ck_assert_str_eq(request_text, wanted[i]);
		if (i == HELIX_MESSAGE_NOTIFY) {
			ck_assert_ptr_null(answer);
			continue;
		}
		ck_assert_int_eq(answer->type, back[i]);
		ck_assert_uint_eq(answer->source, talk_id(C));
		ck_assert_uint_eq(answer->target, talk_id(A));
		ck_assert(answer->is_response && answer->id);
		ck_assert_str_eq(talk_text(answer->payload), "\"fine\"");
		helix_message_free(answer);
	}
	talk_close();
}
END_TEST

START_TEST(every_kind_of_payload_is_a_request)
{
	char wanted[64];

	talk_open();
	for (size_t i = 0; i < TALK_KINDS; i++) {
		ck_assert_int_eq(send(HELIX_MESSAGE_QUERY, talk_kinds[i].make(), NULL), 0);
		snprintf(wanted, sizeof wanted, "a query %s", talk_kinds[i].raw);
		ck_assert_str_eq(request_text, wanted);
	}
	talk_close();
}
END_TEST

static struct helix_payload *request_map(struct helix_payload *type, struct helix_payload *payload,
					 const char *more)
{
	struct helix_payload *tree = helix_payload_map();

	helix_payload_put(tree, "type", type);
	if (payload)
		helix_payload_put(tree, "payload", payload);
	if (more)
		helix_payload_put(tree, more, helix_payload_empty());
	return tree;
}

START_TEST(a_map_of_type_and_payload_is_that_request)
{
	char name[65];

	memset(name, 'n', 64);
	name[64] = 0;
	talk_open();
	send(HELIX_MESSAGE_QUERY, request_map(talk_text_payload(), NULL, NULL), NULL);
	ck_assert_str_eq(request_text, "a plain \"text\" ");
	send(HELIX_MESSAGE_QUERY, request_map(helix_payload_text("put"), talk_bytes(), NULL), NULL);
	ck_assert_str_eq(request_text, "a put AB");
	send(HELIX_MESSAGE_NOTIFY, request_map(helix_payload_text("put"), talk_map(), NULL), NULL);
	ck_assert_str_eq(request_text, "a put {\"n\":1,\"b\":\"0x0f\"}");
	/* these are not such maps, and are sent whole */
	send(HELIX_MESSAGE_QUERY, request_map(helix_payload_text(""), NULL, NULL), NULL);
	ck_assert_str_eq(request_text, "a query {\"type\":\"\"}");
	send(HELIX_MESSAGE_QUERY, request_map(talk_integer(), NULL, NULL), NULL);
	ck_assert_str_eq(request_text, "a query {\"type\":-5}");
	send(HELIX_MESSAGE_QUERY, request_map(helix_payload_text("t"), NULL, "more"), NULL);
	ck_assert_str_eq(request_text, "a query {\"type\":\"t\",\"more\":null}");
	send(HELIX_MESSAGE_QUERY, request_map(helix_payload_text(name), NULL, NULL), NULL);
	ck_assert_ptr_nonnull(strstr(request_text, "a query {\"type\":\"nnnn"));
	send(HELIX_MESSAGE_QUERY, request_map(helix_payload_text(name + 1), NULL, NULL), NULL);
	ck_assert_ptr_nonnull(strstr(request_text, "a nnnn"));
	talk_close();
}
END_TEST

START_TEST(what_a_v2_module_answers_is_a_response)
{
	struct helix_message *answer;

	talk_open();
	ck_assert_int_eq(send(HELIX_MESSAGE_QUERY, NULL, &answer), 0);
	ck_assert_str_eq(talk_text(answer->payload), "null");
	helix_message_free(answer);
	respond = "\x01\x02";
	ck_assert_int_eq(send(HELIX_MESSAGE_QUERY, NULL, &answer), 0);
	ck_assert_str_eq(talk_text(answer->payload), "\"0x0102\"");
	helix_message_free(answer);
	refuse = "no such thing";
	ck_assert_int_eq(send(HELIX_MESSAGE_QUERY, NULL, &answer), 0);
	ck_assert_int_eq(answer->type, HELIX_MESSAGE_ERROR);
	ck_assert_str_eq(talk_text(answer->payload), "\"no such thing\"");
	helix_message_free(answer);
	ck_assert_int_eq(send(HELIX_MESSAGE_NOTIFY, NULL, &answer), 0);
	ck_assert_ptr_null(answer);
	talk_close();
}
END_TEST

START_TEST(a_v2_module_that_fails_fails_the_message)
{
	struct helix_message *answer;

	talk_open();
	result = -99;
	ck_assert_int_eq(send(HELIX_MESSAGE_QUERY, NULL, &answer), -99);
	ck_assert_ptr_null(answer);
	ck_assert_int_eq(send(HELIX_MESSAGE_NOTIFY, NULL, NULL), -99);
	talk_close();
}
END_TEST

START_TEST(a_v2_module_without_requests_answers_an_error)
{
	struct helix_message *answer;

	talk_open();
	ck_assert_int_eq(helix_v1_send_message(talk.v1[A], talk_id(D),
					       helix_message_new(HELIX_MESSAGE_QUERY, 0, NULL),
					       &answer), 0);
	ck_assert_int_eq(answer->type, HELIX_MESSAGE_ERROR);
	ck_assert_str_eq(talk_text(answer->payload), "\"Not implemented\"");
	helix_message_free(answer);
	talk_close();
}
END_TEST

START_TEST(a_message_whose_text_is_too_long_is_refused)
{
	struct helix_message *answer;

	talk_open();
	request_text[0] = 0;
	ck_assert_int_eq(send(HELIX_MESSAGE_QUERY, too_long(), &answer), HELIX_E_TOO_LARGE);
	ck_assert_str_eq(request_text, "");
	ck_assert_ptr_null(answer);
	talk_close();
}
END_TEST

/* ---- both ways at once ------------------------------------------------------------------------ */

static struct helix_message *ask_back(const char *who, const struct helix_message *m)
{
	struct helix_message *answer;

	(void)who;
	ck_assert_int_eq(send(HELIX_MESSAGE_QUERY, NULL, &answer), 0);
	return helix_message_response(m, m->type, answer->payload); /* answer is left over */
}

START_TEST(a_v2_module_asks_a_v1_module_that_asks_it_again)
{
	struct helix_reply reply;

	talk_open();
	talk.message = ask_back;
	respond = "from c";
	ck_assert_int_eq(helix_request(talk.v2[C], "a", "go", NULL, 0, &reply), 0);
	ck_assert_str_eq(reply.payload, "from c");
	helix_reply_free(talk.v2[C], &reply);
	ck_assert(!world_remove(&talk.world, "a"));
	ck_assert_ptr_nonnull(strstr(talk.world.log, "a: left 1 payloads and messages"));
	talk_close();
}
END_TEST

/* ---- dry host ------------------------------------------------------------------------------------ */

static struct helix_message *with_map(const char *who, const struct helix_message *m)
{
	struct helix_payload *tree;
	struct helix_message *response;

	(void)who;
	tree = talk_map();
	if (!tree)
		return NULL;
	response = helix_message_response(m, m->type, tree);
	return response;
}

START_TEST(a_dry_host_fails_a_request_cleanly)
{
	struct hload_asking asking = { "shell", "a", "t", "x", 1, 0, 0 };
	struct hload_system *system;
	struct helix_reply reply;
	struct world_held before;
	enum helix_status status;
	unsigned n = 0, failed = 0;

	talk_open();
	system = talk.world.system;
	talk.message = with_map;
	before = world_held(&talk.world);
	do {
		harness_rewind(&talk.world.harness);
		talk.world.harness.fail_alloc = ++n;
		status = hload_request(system, &asking, &reply, &talk.world.diag);
		ck_assert(!status || status == HELIX_E_NO_MEMORY);
		failed += !!status;
		if (!status && reply.size)
			break;
		if (!status)
			hload_reply_free(system, &reply);
		hload_diag_free(system, &talk.world.diag);
		ck_assert_same_held(&talk.world, before);
	} while (n < 100);
	ck_assert_str_eq(reply.payload, "{\"n\":1,\"b\":\"0x0f\"}");
	ck_assert_uint_gt(failed, 12);
	hload_reply_free(system, &reply);
	ck_assert_same_held(&talk.world, before);
	talk_close();
}
END_TEST

START_TEST(a_dry_host_fails_a_message_cleanly)
{
	struct helix_message *message, *answer;
	struct world_held before;
	unsigned n = 0;
	int status;

	talk_open();
	talk.request = take;
	respond = "fine";
	before = world_held(&talk.world);
	do {
		harness_rewind(&talk.world.harness);
		message = helix_message_new(HELIX_MESSAGE_QUERY, 0, talk_map());
		harness_rewind(&talk.world.harness);
		talk.world.harness.fail_alloc = ++n;
		status = helix_v1_send_message(talk.v1[A], talk_id(C), message, &answer);
		if (!status)
			break;
		ck_assert_int_eq(status, HELIX_E_NO_MEMORY);
		ck_assert_ptr_null(answer);
		ck_assert_same_held(&talk.world, before);
	} while (n < 100);
	ck_assert_uint_gt(n, 8);
	helix_message_free(answer);
	ck_assert_same_held(&talk.world, before);
	talk_close();
}
END_TEST

TALK_MAIN("adapter", a_request_is_a_message_with_type_and_payload,
	  a_v2_module_asks_a_v1_module_under_its_id, every_kind_of_answer_becomes_a_reply,
	  an_error_of_bytes_is_told_in_canonical_form,
	  a_v1_module_without_messages_answers_not_implemented,
	  an_answer_whose_text_is_too_long_is_refused, a_request_too_long_for_the_map_is_refused,
	  each_type_of_message_is_a_request_of_that_name, every_kind_of_payload_is_a_request,
	  a_map_of_type_and_payload_is_that_request, what_a_v2_module_answers_is_a_response,
	  a_v2_module_that_fails_fails_the_message,
	  a_v2_module_without_requests_answers_an_error,
	  a_message_whose_text_is_too_long_is_refused,
	  a_v2_module_asks_a_v1_module_that_asks_it_again, a_dry_host_fails_a_request_cleanly,
	  a_dry_host_fails_a_message_cleanly)
