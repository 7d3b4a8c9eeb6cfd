/* SPDX-License-Identifier: MIT
 *
 * Messages: fields, answers, who owns message and payload, no memory.
 */
#include "loader/payload.h"
#include "loader/world.h"

static struct world world;

START_TEST(a_new_message_is_not_sent_yet)
{
	struct helix_message *m;

	world_open(&world);
	m = helix_message_new(HELIX_MESSAGE_QUERY, 7, helix_payload_integer(5));
	ck_assert(!m->source && !m->target && !m->id && !m->is_response);
	ck_assert_int_eq(m->type, HELIX_MESSAGE_QUERY);
	ck_assert_uint_eq(m->custom, 0); /* it is of no custom type */
	ck_assert_int_eq(helix_payload_get_integer(m->payload), 5);
	helix_message_free(m);
	helix_message_free(NULL);
	world_close(&world);
}
END_TEST

START_TEST(a_response_keeps_the_id_and_turns_round)
{
	struct helix_message *m, *r;

	world_open(&world);
	m = helix_message_new(HELIX_MESSAGE_CUSTOM, 7, NULL);
	m->source = 3;
	m->target = 4;
	m->id = 5;
	r = helix_message_response(m, HELIX_MESSAGE_CUSTOM, helix_payload_text("yes"));
	ck_assert_uint_eq(r->source, 4);
	ck_assert_uint_eq(r->target, 3);
	ck_assert_uint_eq(r->id, 5);
	ck_assert_uint_eq(r->custom, 7);
	ck_assert(r->is_response);
	helix_message_free(r);
	r = helix_message_response(m, HELIX_MESSAGE_ERROR, NULL);
	ck_assert_uint_eq(r->custom, 0);
	ck_assert_ptr_null(r->payload);
	helix_message_free(r);
	helix_message_free(m);
	world_close(&world);
}
END_TEST

START_TEST(an_unknown_type_makes_no_message_and_frees_the_payload)
{
	struct world_held before;

	world_open(&world);
	before = world_held(&world);
	ck_assert_ptr_null(helix_message_new((enum helix_message_type)6, 0, helix_payload_map()));
	ck_assert_ptr_null(helix_message_new((enum helix_message_type)-1, 0, NULL));
	ck_assert_same_held(&world, before);
	world_close(&world);
}
END_TEST

START_TEST(every_type_has_a_name)
{
	static const char *const names[] = { "request", "notify", "query",
					     "control", "error",  "custom(4294967295)" };
	struct helix_message m = { .custom = UINT32_MAX };
	char name[HLOAD_MESSAGE_NAME];

	for (int i = 0; i < 6; i++) {
		m.type = (enum helix_message_type)i;
		ck_assert_str_eq(hload_message_name(&m, name), names[i]);
	}
	m.custom = 0;
	ck_assert_str_eq(hload_message_name(&m, name), "custom(0)");
	m.type = (enum helix_message_type)6;
	ck_assert_ptr_null(hload_message_name(&m, name));
}
END_TEST

START_TEST(a_payload_may_be_replaced_until_it_is_sent)
{
	struct world_held before;
	struct helix_message *m;

	world_open(&world);
	before = world_held(&world);
	m = helix_message_new(HELIX_MESSAGE_NOTIFY, 0, helix_payload_text("first"));
	helix_payload_free(m->payload);
	m->payload = helix_payload_text("second");
	helix_message_free(m);
	ck_assert_same_held(&world, before);
	world_close(&world);
}
END_TEST

START_TEST(a_payload_in_another_stays_there)
{
	struct helix_payload *map, *inner;
	struct helix_message *m;

	world_open(&world);
	map = helix_payload_map();
	inner = helix_payload_text("inner");
	helix_payload_put(map, "i", inner);
	m = helix_message_new(HELIX_MESSAGE_NOTIFY, 0, inner);
	ck_assert_ptr_ne(m->payload, inner); /* a copy */
	helix_message_free(m);
	m = helix_message_new(HELIX_MESSAGE_NOTIFY, 0, NULL);
	m->payload = inner; /* by hand, and wrong */
	helix_message_free(m);
	ck_assert_str_eq(helix_payload_get_text(inner), "inner");
	helix_payload_free(map);
	world_close(&world);
}
END_TEST

START_TEST(what_is_only_lent_is_not_freed)
{
	struct helix_message *lent, *mine;

	world_open(&world);
	lent = hload_message_new(world.system, HELIX_MESSAGE_QUERY, 0,
				 hload_payload_new(world.system, HELIX_PAYLOAD_TEXT, "x", 1));
	helix_message_free(lent);
	ck_assert_ptr_nonnull(strstr(world.log, "<3>a message is freed by who does not own it"));
	mine = helix_message_response(lent, HELIX_MESSAGE_QUERY, lent->payload);
	ck_assert_ptr_ne(mine->payload, lent->payload);
	helix_message_free(mine);
	mine = helix_message_new(HELIX_MESSAGE_QUERY, 0, NULL);
	mine->payload = lent->payload;
	helix_message_free(mine);
	ck_assert_str_eq(helix_payload_get_text(lent->payload), "x");
	hload_message_lock_destroy(lent);
	world_close(&world);
}
END_TEST

START_TEST(every_failing_allocation_leaves_nothing)
{
	struct helix_message *m = NULL, *copy = NULL;
	struct world_held before;
	unsigned failures = 0;

	world_open(&world);
	before = world_held(&world);
	for (unsigned n = 1; !copy; n++) {
		harness_rewind(&world.harness);
		world.harness.fail_alloc = n;
		m = helix_message_new(HELIX_MESSAGE_QUERY, 0, helix_payload_text("x"));
		copy = m && m->payload ? hload_message_copy(world.system, m) : NULL;
		failures += !copy;
		if (copy)
			break;
		helix_message_free(m);
		ck_assert_same_held(&world, before);
	}
	ck_assert_uint_eq(failures, 4);
	helix_message_free(m);
	hload_message_lock_destroy(copy);
	ck_assert_same_held(&world, before);
	world_close(&world);
}
END_TEST

START_TEST(without_a_system_there_is_no_message)
{
	ck_assert_ptr_null(helix_message_new(HELIX_MESSAGE_QUERY, 0, NULL));
}
END_TEST

WORLD_MAIN("message", 20, a_new_message_is_not_sent_yet, a_response_keeps_the_id_and_turns_round,
	   an_unknown_type_makes_no_message_and_frees_the_payload, every_type_has_a_name,
	   a_payload_may_be_replaced_until_it_is_sent, a_payload_in_another_stays_there,
	   what_is_only_lent_is_not_freed, every_failing_allocation_leaves_nothing,
	   without_a_system_there_is_no_message)
