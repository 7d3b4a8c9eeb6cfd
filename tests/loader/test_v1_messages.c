/* SPDX-License-Identifier: MIT
 *
 * The v1 API: messages between v1 modules and to interfaces.
 */
#include "loader/services.h"
#include "loader/talk.h"

/* ---- messages ------------------------------------------------------------------------------- */

static struct helix_message seen; /* what came; of its payload only the text */
static char seen_text[256], seen_who[16];

static void see(const char *who, const struct helix_message *m)
{
	seen = *m;
	snprintf(seen_who, sizeof seen_who, "%s", who);
	snprintf(seen_text, sizeof seen_text, "%s", talk_text(m->payload));
}

static struct helix_message *answer_42(const char *who, const struct helix_message *m)
{
	see(who, m);
	return helix_message_response(m, m->type, helix_payload_integer(42));
}

static int send(enum talker from, uint64_t to, enum helix_message_type type,
		struct helix_payload *payload, struct helix_message **answer)
{
	return helix_v1_send_message(talk.v1[from], to, helix_message_new(type, 7, payload),
				     answer);
}

START_TEST(a_message_goes_to_a_v1_module_and_its_answer_back)
{
	struct helix_message *answer;
	uint64_t id;

	talk_open();
	talk.message = answer_42;
	ck_assert_int_eq(send(A, talk_id(B), HELIX_MESSAGE_CUSTOM, helix_payload_text("hi"),
			      &answer), 0);
	ck_assert_str_eq(seen_who, "b");
	ck_assert_str_eq(seen_text, "\"hi\"");
	ck_assert_uint_eq(seen.source, talk_id(A));
	ck_assert_uint_eq(seen.target, talk_id(B));
	ck_assert_int_eq(seen.type, HELIX_MESSAGE_CUSTOM);
	ck_assert_uint_eq(seen.custom, 7);
	ck_assert(!seen.is_response);
	id = seen.id;
	ck_assert_uint_ge(id, 1);
	ck_assert_uint_eq(answer->id, id);
	ck_assert(answer->is_response);
	ck_assert_uint_eq(answer->source, talk_id(B));
	ck_assert_uint_eq(answer->target, talk_id(A));
	ck_assert_uint_eq(answer->custom, 7);
	ck_assert_str_eq(talk_text(answer->payload), "42");
	helix_message_free(answer);
	ck_assert_int_eq(send(A, talk_id(B), HELIX_MESSAGE_QUERY, NULL, NULL), 0);
	ck_assert_uint_gt(seen.id, id);
	ck_assert_str_eq(seen_text, "null");
	talk_close();
}
END_TEST

START_TEST(a_notification_gets_no_answer)
{
	struct helix_message *answer = (struct helix_message *)&seen;

	talk_open();
	talk.message = answer_42;
	ck_assert_int_eq(send(A, talk_id(B), HELIX_MESSAGE_NOTIFY, NULL, &answer), 0);
	ck_assert_str_eq(seen_who, "b");
	ck_assert_ptr_null(answer);
	ck_assert_int_eq(send(A, talk_id(MUTE), HELIX_MESSAGE_NOTIFY, NULL, &answer), 0);
	ck_assert_ptr_null(answer);
	talk_close();
}
END_TEST

START_TEST(no_answer_is_none)
{
	struct helix_message *answer = (struct helix_message *)&seen;

	talk_open();
	talk.message = NULL;
	ck_assert_int_eq(send(A, talk_id(B), HELIX_MESSAGE_QUERY, NULL, &answer), 0);
	ck_assert_ptr_null(answer);
	talk_close();
}
END_TEST

START_TEST(who_takes_no_messages_answers_an_error)
{
	struct helix_message *answer;

	talk_open();
	ck_assert_int_eq(send(A, talk_id(MUTE), HELIX_MESSAGE_QUERY, NULL, &answer), 0);
	ck_assert_int_eq(answer->type, HELIX_MESSAGE_ERROR);
	ck_assert_str_eq(helix_payload_get_text(answer->payload), "Not implemented");
	ck_assert(answer->is_response && answer->id);
	helix_message_free(answer);
	talk_close();
}
END_TEST

static struct helix_message *answer_new(const char *who, const struct helix_message *m)
{
	see(who, m);
	return helix_message_new(HELIX_MESSAGE_QUERY, 0, helix_payload_text("new"));
}

static struct helix_message *answer_itself(const char *who, const struct helix_message *m)
{
	see(who, m);
	return (struct helix_message *)(uintptr_t)m;
}

static struct helix_message *answer_turned(const char *who, const struct helix_message *m)
{
	struct helix_message *r = helix_message_response(m, m->type, m->payload);

	see(who, m);
	r->source = r->target = 99;
	return r;
}

START_TEST(an_answer_gets_the_id_and_the_direction)
{
	struct helix_message *(*const ways[])(const char *, const struct helix_message *) = {
		answer_new, answer_itself, answer_turned,
	};
	struct helix_message *answer;

	talk_open();
	for (int i = 0; i < 3; i++) {
		talk.message = ways[i];
		ck_assert_int_eq(send(A, talk_id(B), HELIX_MESSAGE_QUERY,
				      helix_payload_text("new"), &answer), 0);
		ck_assert_uint_eq(answer->id, seen.id);
		ck_assert(answer->is_response);
		ck_assert_uint_eq(answer->source, talk_id(B));
		ck_assert_uint_eq(answer->target, talk_id(A));
		ck_assert_str_eq(talk_text(answer->payload), "\"new\"");
		helix_message_free(answer);
	}
	talk_close();
}
END_TEST

static struct helix_message *answer_another(const char *who, const struct helix_message *m)
{
	struct helix_message *r = helix_message_response(m, m->type, NULL);

	(void)who;
	r->id += 1;
	return r;
}

static struct helix_message *answer_bad_type(const char *who, const struct helix_message *m)
{
	struct helix_message *r = helix_message_response(m, m->type, NULL);

	(void)who;
	r->type = (enum helix_message_type)6;
	return r;
}

START_TEST(a_response_to_another_message_is_refused)
{
	struct helix_message *answer;

	talk_open();
	talk.message = answer_another;
	ck_assert_int_eq(send(A, talk_id(B), HELIX_MESSAGE_QUERY, NULL, &answer), HELIX_E_MESSAGE);
	ck_assert_ptr_null(answer);
	ck_assert_str_eq(talk_ask(B, "x", ""),
			 "module b answered with a response to another message; make answers with "
			 "helix_message_response");
	talk.message = answer_bad_type;
	ck_assert_int_eq(send(A, talk_id(B), HELIX_MESSAGE_QUERY, NULL, &answer), HELIX_E_MESSAGE);
	talk_close();
}
END_TEST

START_TEST(bad_messages_are_refused_and_freed)
{
	struct helix_message *answer, *m;
	struct world_held before;

	talk_open();
	before = world_held(&talk.world);
	ck_assert_int_eq(helix_v1_send_message(talk.v1[A], talk_id(B), NULL, &answer),
			 HELIX_E_NO_MEMORY);
	m = helix_message_new(HELIX_MESSAGE_QUERY, 0, helix_payload_map());
	m->is_response = true;
	ck_assert_int_eq(helix_v1_send_message(talk.v1[A], talk_id(B), m, &answer),
			 HELIX_E_INVALID);
	m = helix_message_new(HELIX_MESSAGE_QUERY, 0, NULL);
	m->type = (enum helix_message_type)6;
	ck_assert_int_eq(helix_v1_send_message(talk.v1[A], talk_id(B), m, &answer),
			 HELIX_E_INVALID);
	ck_assert_int_eq(send(A, 0, HELIX_MESSAGE_QUERY, NULL, &answer), HELIX_E_NOT_FOUND);
	ck_assert_int_eq(send(A, 999, HELIX_MESSAGE_QUERY, helix_payload_map(), NULL),
			 HELIX_E_NOT_FOUND);
	ck_assert_same_held(&talk.world, before);
	ck_assert(!world_remove(&talk.world, "b"));
	ck_assert_int_eq(send(A, talk_id(B), HELIX_MESSAGE_QUERY, NULL, &answer),
			 HELIX_E_NOT_LOADED);
	talk_close();
}
END_TEST

/* ---- inside each other ----------------------------------------------------------------------- */

static unsigned calls;
static int inmost;

static struct helix_message *ask_on(const char *who, const struct helix_message *m)
{
	const enum talker me = *who == 'a' ? A : B;
	struct helix_message *answer;
	int status;

	calls++;
	status = send(me, talk_id(me == A ? B : A), HELIX_MESSAGE_QUERY, NULL, &answer);
	if (status)
		inmost = status;
	helix_message_free(answer);
	return helix_message_response(m, m->type, NULL);
}

START_TEST(messages_inside_each_other_end_at_the_bound)
{
	struct helix_message *answer;

	talk_open();
	talk.message = ask_on;
	calls = 0;
	ck_assert_int_eq(send(A, talk_id(B), HELIX_MESSAGE_QUERY, NULL, &answer), 0);
	ck_assert_uint_eq(calls, HELIX_REQUEST_DEPTH);
	ck_assert_int_eq(inmost, HELIX_E_TOO_DEEP);
	helix_message_free(answer);
	talk_close();
}
END_TEST

static struct helix_message *take_long(const char *who, const struct helix_message *m)
{
	struct helix_message *answer;

	if (*who == 'b') {
		inmost = send(B, talk_id(A), HELIX_MESSAGE_QUERY, NULL, &answer);
		return NULL;
	}
	talk.world.now_ns += 1000;
	return helix_message_response(m, m->type, NULL);
}

START_TEST(a_deadline_reaches_into_messages)
{
	const struct hload_asking asking = { "shell", "b", "x", NULL, 0, 100, 0 };
	struct helix_reply reply;

	talk_open();
	talk.message = take_long;
	ck_assert_int_eq(hload_request(talk.world.system, &asking, &reply, &talk.world.diag),
			 HELIX_E_DEADLINE);
	ck_assert_int_eq(inmost, HELIX_E_DEADLINE);
	talk_close();
}
END_TEST

static bool go_on;

static struct helix_message *wait_and_answer(const char *who, const struct helix_message *m)
{
	(void)who;
	while (!__atomic_load_n(&go_on, __ATOMIC_ACQUIRE))
		;
	return helix_message_response(m, m->type, helix_payload_text("too late"));
}

START_TEST(a_late_answer_is_dropped_and_freed)
{
	const struct hload_asking asking = { "shell", "b", "x", NULL, 0, 5000000, 0 };
	struct helix_reply reply;

	talk_open();
	world_use_threads(&talk.world);
	talk.message = wait_and_answer;
	ck_assert_int_eq(hload_request(talk.world.system, &asking, &reply, NULL),
			 HELIX_E_DEADLINE);
	__atomic_store_n(&go_on, true, __ATOMIC_RELEASE);
	world_join();
	ck_assert(!world_remove(&talk.world, "b")); /* nobody is inside */
	talk_close();
}
END_TEST

static struct helix_message *try_remove(const char *who, const struct helix_message *m)
{
	(void)who;
	(void)m;
	inmost = world_remove(&talk.world, "b");
	return NULL;
}

START_TEST(who_handles_a_message_is_not_taken_away)
{
	talk_open();
	talk.message = try_remove;
	ck_assert_int_eq(send(A, talk_id(B), HELIX_MESSAGE_QUERY, NULL, NULL), 0);
	ck_assert_int_eq(inmost, HELIX_E_INSIDE);
	ck_assert_int_eq(helix_v1_send_to_interface(
				 talk.v1[A], "test.talk",
				 helix_message_new(HELIX_MESSAGE_QUERY, 0, NULL), NULL), 0);
	ck_assert_int_eq(inmost, HELIX_E_INSIDE);
	ck_assert(!world_remove(&talk.world, "b"));
	talk_close();
}
END_TEST

/* ---- interfaces ------------------------------------------------------------------------------- */

static int send_to(const char *interface, struct helix_message **answer)
{
	return helix_v1_send_to_interface(talk.v1[A], interface,
					  helix_message_new(HELIX_MESSAGE_CONTROL, 0,
							    helix_payload_boolean(true)), answer);
}

START_TEST(a_message_to_an_interface_reaches_its_primary)
{
	struct helix_message *answer;

	talk_open();
	talk.message = answer_42;
	ck_assert_int_eq(send_to("test.talk", &answer), 0);
	ck_assert_str_eq(seen_who, "b/talk");
	ck_assert_str_eq(seen_text, "true");
	ck_assert_uint_eq(seen.target, talk_id(B));
	ck_assert_uint_eq(answer->id, seen.id);
	ck_assert_str_eq(talk_text(answer->payload), "42");
	helix_message_free(answer);
	ck_assert_int_eq(helix_v1_send_to_interface(talk.v1[A], "test.talk", NULL, &answer),
			 HELIX_E_NO_MEMORY);
	talk_close();
}
END_TEST

START_TEST(an_interface_without_messages_does_not_support_them)
{
	struct helix_message *answer;

	talk_open();
	ck_assert_int_eq(send_to("no.such", &answer), HELIX_E_NOT_FOUND);
	ck_assert(!hload_interface_prefer(talk.world.system, "test.talk", talk.module[D], NULL));
	ck_assert_int_eq(send_to("test.talk", &answer), HELIX_E_NOT_SUPPORTED);
	ck_assert_ptr_null(answer);
	ck_assert(!world_remove(&talk.world, "d"));
	ck_assert(!world_remove(&talk.world, "b"));
	ck_assert_int_eq(send_to("test.talk", &answer), HELIX_E_NOT_FOUND);
	talk_close();
}
END_TEST

/* ---- dry host ---------------------------------------------------------------------------------- */

static struct helix_message *plain_42(const char *who, const struct helix_message *m)
{
	(void)who;
	return helix_message_response(m, m->type, helix_payload_integer(42));
}

START_TEST(every_failing_allocation_is_no_memory_and_leaves_nothing)
{
	struct helix_message *m, *answer;
	struct world_held before;
	unsigned failures = 0;
	int status;

	talk_open();
	talk.message = plain_42;
	before = world_held(&talk.world);
	do {
		m = helix_message_new(HELIX_MESSAGE_QUERY, 0, helix_payload_text("x"));
		harness_rewind(&talk.world.harness);
		talk.world.harness.fail_alloc = ++failures;
		status = helix_v1_send_message(talk.v1[A], talk_id(B), m, &answer);
		/* the handler's own: without an answer, or with one without a payload */
		if (!status && answer && answer->payload)
			break;
		ck_assert(!status || status == HELIX_E_NO_MEMORY);
		helix_message_free(answer);
		ck_assert_same_held(&talk.world, before);
	} while (failures < 100);
	ck_assert_uint_eq(failures, 8); /* the errand, 2 there, 2 returned, 2 back; then none */
	helix_message_free(answer);
	talk_close();
}
END_TEST

TALK_MAIN("v1 messages", a_message_goes_to_a_v1_module_and_its_answer_back,
	  a_notification_gets_no_answer, no_answer_is_none, who_takes_no_messages_answers_an_error,
	  an_answer_gets_the_id_and_the_direction, a_response_to_another_message_is_refused,
	  bad_messages_are_refused_and_freed, messages_inside_each_other_end_at_the_bound,
	  a_deadline_reaches_into_messages, a_late_answer_is_dropped_and_freed,
	  who_handles_a_message_is_not_taken_away,
	  a_message_to_an_interface_reaches_its_primary,
	  an_interface_without_messages_does_not_support_them,
	  every_failing_allocation_is_no_memory_and_leaves_nothing)
