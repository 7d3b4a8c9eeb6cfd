/* SPDX-License-Identifier: MIT
 *
 * Events: who hears of which, in what order; ticks become one; the queue is
 * bounded and says what it dropped; answers are counted, failures logged.
 */
#include "loader/player.h"

static struct world w;

#define LISTENER                                                                                   \
	"static int on(const struct helix_event *e)\n"                                              \
	"{\n"                                                                                       \
	"	static const char *const names[] = { \"tick\", \"down\", \"low\", \"cpu\", \"own\" };\n" \
	"	player_trace(NAME); player_trace(names[e->kind]);\n"                                \
	"	return 0;\n"                                                                        \
	"}\n"

static struct hload_module *listener(const char *name, const char *more)
{
	char code[1024];

	snprintf(code, sizeof code, "#define NAME \"%s\"\n" LISTENER, name);
	return player_start(&w, name, code, more);
}

static enum helix_status post(enum helix_event_kind kind)
{
	const struct helix_event event = { .kind = kind };

	return hload_event_post(w.system, &event);
}

static void post_tick(uint64_t ns)
{
	struct helix_event event = { .kind = HELIX_EVENT_TICK };

	event.tick.timestamp_ns = ns;
	ck_assert_int_eq(hload_event_post(w.system, &event), HELIX_OK);
}

static enum helix_status post_custom(const char *name, const void *data, size_t size)
{
	struct helix_event event = { .kind = HELIX_EVENT_CUSTOM };

	event.custom.name = name;
	event.custom.source = "shell";
	event.custom.data = data;
	event.custom.size = size;
	return hload_event_post(w.system, &event);
}

START_TEST(a_module_hears_what_it_wants_after_those_it_depends_on)
{
	player_open(&w, NULL, 0);
	ck_assert(!hload_event_wanted(w.system, HELIX_EVENT_SHUTDOWN));
	listener("first", ".handle_event = on");
	listener("second", ".handle_event = on, .events = HELIX_WANTS_TICK | HELIX_WANTS_CPU_HOTPLUG, "
			   ".dependencies = HELIX_DEPENDENCIES(\"first\")");
	listener("third", ".handle_event = on, .events = HELIX_WANTS_CPU_HOTPLUG, "
			  ".dependencies = HELIX_DEPENDENCIES(\"second\")");
	player_start(&w, "deaf", "", "");
	ck_assert(hload_event_wanted(w.system, HELIX_EVENT_SHUTDOWN));
	ck_assert(hload_event_wanted(w.system, HELIX_EVENT_TICK));
	for (int kind = 0; kind < HELIX_EVENT_CUSTOM; kind++)
		ck_assert_int_eq(post((enum helix_event_kind)kind), HELIX_OK);
	ck_assert_played(&w, "");
	ck_assert_uint_eq(hload_event_dispatch(w.system), 4);
	ck_assert_played(&w, "second tick first down first low first cpu second cpu third cpu");
	ck_assert_int_eq(world_remove(&w, "third"), HELIX_OK);
	ck_assert_int_eq(world_remove(&w, "second"), HELIX_OK);
	ck_assert(!hload_event_wanted(w.system, HELIX_EVENT_TICK));
	ck_assert(hload_event_wanted(w.system, HELIX_EVENT_CPU_HOTPLUG));
	post(HELIX_EVENT_CPU_HOTPLUG);
	ck_assert_uint_eq(hload_event_dispatch(w.system), 1);
	ck_assert_played(&w, "first cpu");
	ck_assert_uint_eq(hload_event_dispatch(w.system), 0);
	ck_assert_int_eq(post(HELIX_EVENT_KINDS), HELIX_E_INVALID);
	player_close(&w);
}
END_TEST

static const char details[] =
	"int printed(const char *format, ...);\n"
	"static int on(const struct helix_event *e)\n"
	"{\n"
	"	switch (e->kind) {\n"
	"	case HELIX_EVENT_TICK: printed(\"%llu*%llu\", (unsigned long long)e->tick.timestamp_ns,\n"
	"		(unsigned long long)e->tick.count); break;\n"
	"	case HELIX_EVENT_CUSTOM: printed(\"%s/%s/%d/%s/%d\", e->custom.name, e->custom.source,\n"
	"		(int)e->custom.size, e->custom.size ? (const char *)e->custom.data : \"-\",\n"
	"		(int)((uintptr_t)e->custom.data % 8)); break;\n"
	"	case HELIX_EVENT_CPU_HOTPLUG: printed(\"%u%c\", e->cpu_hotplug.cpu,\n"
	"		e->cpu_hotplug.online ? '+' : '-'); break;\n"
	"	case HELIX_EVENT_MEMORY_PRESSURE: printed(\"p%d\", (int)e->memory_pressure.level); break;\n"
	"	default: return HELIX_EVENT_IGNORED;\n"
	"	}\n"
	"	return 0;\n"
	"}\n";

__attribute__((format(printf, 1, 2))) static int printed(const char *format, ...)
{
	char line[256];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(line, sizeof line, format, arguments);
	va_end(arguments);
	world_trace(&w, line);
	return 0;
}

static const struct hload_symbol symbols[] = { { "printed", (uint64_t)(uintptr_t)printed } };

static void open_details(void)
{
	player_open(&w, symbols, 1);
	player_start(&w, "all", details, ".handle_event = on, .events = HELIX_EVENTS_KNOWN");
}

START_TEST(events_carry_what_was_posted)
{
	struct helix_event cpu = { .kind = HELIX_EVENT_CPU_HOTPLUG };
	struct helix_event low = { .kind = HELIX_EVENT_MEMORY_PRESSURE };
	char name[] = "ping", data[] = "data";

	open_details();
	cpu.cpu_hotplug.cpu = 3;
	cpu.cpu_hotplug.online = true;
	low.memory_pressure.level = HELIX_PRESSURE_CRITICAL;
	hload_event_post(w.system, &cpu);
	hload_event_post(w.system, &low);
	ck_assert_int_eq(post_custom(name, data, 4), HELIX_OK);
	name[0] = data[0] = '?'; /* they were copied */
	ck_assert_int_eq(post_custom("bare", NULL, 0), HELIX_OK);
	ck_assert_uint_eq(hload_event_dispatch(w.system), 4);
	ck_assert_played(&w, "3+ p2 ping/shell/4/data/0 bare/shell/0/-/0");
	player_close(&w);
}
END_TEST

START_TEST(a_custom_event_is_bounded)
{
	static const char large[HELIX_EVENT_DATA_MAX + 1];
	char name[HELIX_NAME_MAX + 2];
	struct world_held before;

	open_details();
	before = world_held(&w);
	memset(name, 'n', sizeof name - 1);
	name[sizeof name - 1] = 0;
	ck_assert_int_eq(post_custom(name, NULL, 0), HELIX_E_INVALID);
	ck_assert_int_eq(post_custom("", NULL, 0), HELIX_E_INVALID);
	ck_assert_int_eq(post_custom("x", large, sizeof large), HELIX_E_TOO_LARGE);
	harness_rewind(&w.harness);
	w.harness.fail_alloc = 1;
	ck_assert_int_eq(post_custom("x", NULL, 0), HELIX_E_NO_MEMORY);
	ck_assert_same_held(&w, before);
	ck_assert_int_eq(post_custom(name + 1, large, sizeof large - 1), HELIX_OK);
	player_close(&w); /* what is queued is freed */
}
END_TEST

START_TEST(ticks_that_wait_are_one)
{
	open_details();
	for (uint64_t i = 1; i <= 5; i++)
		post_tick(1000 * i);
	post_tick(4500); /* of a CPU that comes late: time goes on all the same */
	ck_assert_uint_eq(hload_event_dispatch(w.system), 1);
	ck_assert_played(&w, "5000*6");
	post_tick(6000);
	ck_assert_uint_eq(hload_event_dispatch(w.system), 1);
	ck_assert_played(&w, "6000*1");
	player_close(&w);
}
END_TEST

START_TEST(a_full_queue_drops_and_says_how_many)
{
	struct hload_event_counts counts;
	struct world_held before;

	open_details();
	before = world_held(&w);
	for (int i = 0; i < HLOAD_EVENT_QUEUE; i++)
		ck_assert_int_eq(post(HELIX_EVENT_SHUTDOWN), HELIX_OK);
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(post_custom("x", "y", 1), HELIX_E_BUSY);
	post_tick(7); /* never finds it full */
	ck_assert_same_held(&w, before);
	ck_assert_uint_eq(hload_event_dispatch(w.system), HLOAD_EVENT_QUEUE + 1);
	ck_assert_played(&w, "7*1");
	ck_assert_logged(&w, "<4>events: 3 dropped, the queue of 256 was full\n");
	hload_event_counts(w.system, &counts);
	ck_assert_uint_eq(counts.posted, HLOAD_EVENT_QUEUE + 1);
	ck_assert_uint_eq(counts.dropped, 3);
	ck_assert_uint_eq(counts.ignored, HLOAD_EVENT_QUEUE);
	ck_assert_uint_eq(counts.handled, 1);
	ck_assert_uint_eq(counts.delivered, HLOAD_EVENT_QUEUE + 1);
	ck_assert_int_eq(post(HELIX_EVENT_SHUTDOWN), HELIX_OK);
	hload_event_dispatch(w.system);
	ck_assert_logged(&w, ""); /* told once */
	player_close(&w);
}
END_TEST

START_TEST(a_failure_is_logged_with_its_text)
{
	struct hload_event_counts counts;
	struct helix_event event = { .kind = HELIX_EVENT_SHUTDOWN };

	player_open(&w, NULL, 0);
	player_start(&w, "bad", "static int on(const struct helix_event *e) { "
				"if (e->kind == HELIX_EVENT_CUSTOM) return HELIX_E_BUSY; "
				"return helix_fail(HELIX_E_IO, \"disk %d is gone\", 2); }",
		     ".handle_event = on");
	ck_assert_int_eq(hload_event_send(w.system, &event, &counts), HELIX_OK);
	ck_assert_uint_eq(counts.errors, 1);
	ck_assert_uint_eq(counts.delivered, 1);
	ck_assert_logged(&w, "<4>bad: event SHUTDOWN failed with status -18: disk 2 is gone\n");
	post_custom("ping", NULL, 0);
	hload_event_dispatch(w.system);
	ck_assert_logged(&w, "<4>bad: event ping failed with status -16\n");
	player_close(&w);
}
END_TEST

START_TEST(sending_waits_for_the_answers)
{
	struct helix_event event = { .kind = HELIX_EVENT_TICK };
	struct hload_event_counts counts;

	open_details();
	player_start(&w, "more", details, ".handle_event = on");
	event.tick.timestamp_ns = 9;
	ck_assert_int_eq(hload_event_send(w.system, &event, &counts), HELIX_OK);
	ck_assert_uint_eq(counts.handled, 1);
	post_tick(20);
	post_tick(30);
	event.tick.timestamp_ns = 40;
	ck_assert_int_eq(hload_event_send(w.system, &event, &counts), HELIX_OK);
	ck_assert_uint_eq(counts.delivered, 1);
	ck_assert_played(&w, "9*1 40*2 40*1");
	event.kind = HELIX_EVENT_SHUTDOWN;
	ck_assert_int_eq(hload_event_send(w.system, &event, &counts), HELIX_OK);
	ck_assert_uint_eq(counts.ignored, 2);
	event.kind = HELIX_EVENT_KINDS;
	ck_assert_int_eq(hload_event_send(w.system, &event, &counts), HELIX_E_INVALID);
	for (int i = 0; i < HLOAD_EVENT_QUEUE; i++)
		post(HELIX_EVENT_SHUTDOWN);
	event.kind = HELIX_EVENT_SHUTDOWN;
	ck_assert_int_eq(hload_event_send(w.system, &event, &counts), HELIX_E_BUSY);
	ck_assert_uint_eq(counts.delivered, 0);
	player_close(&w);
}
END_TEST

START_TEST(a_module_raises_events_of_its_own)
{
	player_open(&w, symbols, 1);
	player_start(&w, "all", details, ".handle_event = on");
	player_start(&w, "raiser", "static int raise(void) { char n[] = \"up\"; int s = "
				   "helix_event_raise(self, n, \"abc\", 3); n[0] = 0; return s ? s : "
				   "helix_event_raise(self, \"\", 0, 0) == HELIX_E_INVALID ? 0 : -1; }\n"
				   "#define START raise()\n", "");
	ck_assert_uint_eq(hload_event_dispatch(w.system), 1);
	ck_assert_played(&w, "up/raiser/3/abc/0");
	player_close(&w);
}
END_TEST

/* A handler is called without the lock, and may be asked to go meanwhile. */
static void remove_inside(void)
{
	ck_assert_int_eq(world_remove(&w, "goes"), HELIX_E_INSIDE);
	ck_assert_said(&w, "module goes has 1 call inside that did not end in time");
	ck_assert_uint_eq(hload_event_dispatch(w.system), 0); /* one at a time */
}

START_TEST(a_module_stays_while_it_handles_an_event)
{
	const struct hload_symbol symbol = { "gone", (uint64_t)(uintptr_t)remove_inside };

	player_open(&w, &symbol, 1);
	player_start(&w, "goes", "void gone(void); static int on(const struct helix_event *e) "
				 "{ (void)e; gone(); return 0; }", ".handle_event = on");
	listener("other", ".handle_event = on");
	post(HELIX_EVENT_SHUTDOWN);
	ck_assert_uint_eq(hload_event_dispatch(w.system), 1);
	ck_assert_played(&w, "other down");
	ck_assert_int_eq(world_remove(&w, "goes"), HELIX_OK);
	player_close(&w);
}
END_TEST

WORLD_MAIN("event", 60, a_module_hears_what_it_wants_after_those_it_depends_on,
	   events_carry_what_was_posted, a_custom_event_is_bounded, ticks_that_wait_are_one,
	   a_full_queue_drops_and_says_how_many, a_failure_is_logged_with_its_text,
	   sending_waits_for_the_answers, a_module_raises_events_of_its_own,
	   a_module_stays_while_it_handles_an_event)
