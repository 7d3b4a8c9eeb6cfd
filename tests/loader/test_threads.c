/* SPDX-License-Identifier: MIT
 *
 * Everything at once, for a moment: readers, callers, askers, events, health,
 * modules that come, go and change who is the primary. No call is lost, no event,
 * and at the end nothing is held. Built with AddressSanitizer and, as a program
 * of its own, with ThreadSanitizer.
 */
#include "loader/player.h"

#include <unistd.h>

#define MOMENT_US 1200000
#define GUESTS 3

static struct world w;
static bool stop; /* atomic */
static uint64_t calls, answers, heard, raised, ticks, ticks_heard, turns, lives; /* atomic */

static void count(uint64_t *counter, uint64_t n)
{
	__atomic_add_fetch(counter, n, __ATOMIC_RELAXED);
}

static bool going(void)
{
	return !__atomic_load_n(&stop, __ATOMIC_ACQUIRE);
}

static void hear(int tick, uint64_t n)
{
	count(tick ? &ticks_heard : &heard, tick ? n : 1);
}

static const struct hload_symbol symbols[] = { { "hear", (uint64_t)(uintptr_t)hear } };

/* ---- the modules ----------------------------------------------------------------------- */

static const char implementor[] =
	"static int add(int value) { return value + BY; }\n"
	"static const struct { int (*add)(int); } ops = { add };\n"
	"HELIX_INTERFACE(\"test.threads\", 1, 0, ops);\n";
static const char guest[] =
	"static int on(const struct helix_request *q, struct helix_response *r)\n"
	"{ struct helix_reply reply;\n"
	"  if (q->type[0] != 'd') return helix_respond_text(r, \"pong\");\n"
	"  if (!helix_request(self, \"guest0\", \"x\", 0, 0, &reply)) helix_reply_free(self, &reply);\n"
	"  return 0; }\n"
	"static bool well(void) { return true; }\n"
	"static int ev(const struct helix_event *e) { (void)e; return 0; }\n"
	"static const void *ops; static int take(void) {\n"
	"  ops = helix_interface_get(self, \"test.threads\", 1, 0); return ops ? 0 : -1; }\n"
	"static int give(void) { helix_interface_put(self, ops); return 0; }\n"
	"#define INIT take()\n#define STOP give()\n";
static const char ear[] =
	"void hear(int tick, uint64_t n);\n"
	"static int on(const struct helix_event *e)\n"
	"{ hear(e->kind == HELIX_EVENT_TICK, e->kind == HELIX_EVENT_TICK ? e->tick.count : 0); return 0; }\n";

static struct hmod_span guests[GUESTS];

static const char *guest_name(unsigned i)
{
	static const char *const names[GUESTS] = { "guest0", "guest1", "guest2" };

	return names[i % GUESTS];
}

static void start_all(void)
{
	char code[1024];

	for (int by = 1; by <= 2; by++) {
		snprintf(code, sizeof code, "#define BY %d\n%s", by, implementor);
		player_start(&w, by == 1 ? "one" : "two", code, ".flags = HELIX_HOT_RELOADABLE");
	}
	player_start(&w, "ear", ear,
		     ".handle_event = on, .events = HELIX_WANTS_TICK | HELIX_WANTS_CUSTOM");
	for (unsigned i = 0; i < GUESTS; i++)
		guests[i] = player(guest_name(i), guest,
				   ".handle_request = on, .handle_event = ev, .is_healthy = well, "
				   ".provides = HELIX_PROVIDES(\"guests\")");
}

/* ---- what the threads do ----------------------------------------------------------------- */

static void *call_operations(void *argument)
{
	const struct {
		int (*add)(int);
	} *ops;

	(void)argument;
	while (going()) {
		ops = hload_interface_get(w.system, NULL, "test.threads",
					  HLOAD_INTERFACE_VERSION(1, 0), 0);
		require(ops != NULL, "no port");
		for (int i = 0; i < 50; i++) {
			int sum = ops->add(i);

			require(sum == i + 1 || sum == i + 2, "a call of %d gave %d", i, sum);
			count(&calls, 1);
		}
		hload_interface_put(w.system, NULL, ops);
	}
	return NULL;
}

static void replace(const char *from, const char *to)
{
	struct hload_module *a = hload_get(w.system, from), *b = hload_get(w.system, to);
	const struct hload_insertion how = { .force = false };
	struct hmod_diag diag;
	enum helix_status status;

	require(!hload_interface_prefer(w.system, "test.threads", b, &diag), "prefer");
	status = hload_remove(w.system, a, &diag);
	if (!status) {
		status = hload_insert_as(w.system, a, &how, &diag);
		require(!status, "%s: %s", from, harness_text(&diag));
		count(&turns, 1);
	} else {
		require(status == HELIX_E_BUSY || status == HELIX_E_INSIDE, "%s: %s", from,
			harness_text(&diag));
		hload_diag_free(w.system, &diag);
	}
	hload_put(w.system, a);
	hload_put(w.system, b);
}

static void *change_primary(void *argument)
{
	(void)argument;
	while (going()) {
		replace("one", "two");
		replace("two", "one");
	}
	return NULL;
}

/* Modules of no file: forgotten with each removal. */
static void *come_and_go(void *argument)
{
	unsigned first = *(unsigned *)argument;

	for (unsigned i = first; going(); i++) {
		struct hmod_span file = guests[first];
		struct hload_module *m;
		struct hmod_diag diag;

		require(!hload_register(w.system, file, NULL, &m, &diag), "%s", harness_text(&diag));
		if (i % 3)
			require(!hload_insert(w.system, m, file, NULL, 0, &diag), "%s",
				harness_text(&diag));
		usleep(500);
		if (i % 3)
			require(!hload_remove(w.system, m, &diag), "%s", harness_text(&diag));
		else
			require(!hload_unregister(w.system, m, &diag), "%s", harness_text(&diag));
		count(&lives, 1);
	}
	return NULL;
}

static void count_name(void *ctx, const struct hload_interface_info *info)
{
	*(size_t *)ctx += strlen(info->module);
}

static void *read_all(void *argument)
{
	uint64_t ids[8], address;
	struct hload_health health;
	struct hload_info info;
	const char *owner;

	(void)argument;
	for (unsigned i = 0; going(); i++) {
		struct hload_module *m = NULL, *by_name = hload_get(w.system, guest_name(i)), *by_id;
		size_t n = hload_list_providers(w.system, "guests", ids, 8);

		require(n <= GUESTS, "%zu guests", n);
		by_id = n ? hload_get_id(w.system, ids[0]) : NULL;
		if (by_id) {
			hload_snapshot(by_id, &info);
			require(info.id == ids[0], "an id led to another module");
		}
		hload_put(w.system, by_id);
		hload_put(w.system, by_name);
		while ((m = hload_get_next(w.system, m))) {
			hload_snapshot(m, &info);
			require(strlen(info.meta->name) > 2, "a name is gone");
			hload_health(w.system, m, &health);
		}
		n = hload_list_running(w.system, ids, 8);
		require(n <= 3 + GUESTS, "%zu run", n);
		require(hload_list_flag(w.system, 1, ids, 8) == 2, "a flag was lost");
		hload_interface_each(w.system, count_name, &n);
		hload_symbol_find(w.system, "hear", &address, &owner);
	}
	return NULL;
}

static void *ask(void *argument)
{
	struct helix_reply reply;
	struct hmod_diag diag;

	(void)argument;
	for (unsigned i = 0; going(); i++) {
		const struct hload_asking asking = { .source = "shell", .target = guest_name(i),
						     .type = i & 4 ? "direct" : "x", .payload = &i,
						     .size = sizeof i,
						     .nanoseconds = i % 16 ? 0 : 2000000000 };
		enum helix_status status = hload_request(w.system, &asking, &reply, &diag);

		if (status) {
			require(status == HELIX_E_NOT_FOUND || status == HELIX_E_NOT_LOADED ||
					status == HELIX_E_WRONG_STATE, "%s", harness_text(&diag));
			continue;
		}
		require(reply.success && (i & 4 || !strcmp(reply.payload, "pong")), "a wrong answer");
		hload_reply_free(w.system, &reply);
		count(&answers, 1);
	}
	return NULL;
}

static void *raise_events(void *argument)
{
	struct helix_event event = { .kind = HELIX_EVENT_CUSTOM }, tick = { .kind = HELIX_EVENT_TICK };

	(void)argument;
	event.custom.name = "ping";
	event.custom.source = "shell";
	event.custom.data = "data";
	event.custom.size = 4;
	for (unsigned i = 0; going(); i++) {
		if (!hload_event_post(w.system, &event))
			count(&raised, 1);
		else
			usleep(100);
		tick.tick.timestamp_ns = i;
		require(!hload_event_post(w.system, &tick), "a tick was dropped");
		count(&ticks, 1);
	}
	return NULL;
}

static void *dispatch(void *argument)
{
	(void)argument;
	while (going()) {
		if (!hload_event_dispatch(w.system))
			usleep(100);
		hload_health_poll(w.system);
	}
	return NULL;
}

/* ---- together -------------------------------------------------------------------------- */

static void run_threads(void)
{
	static unsigned numbers[GUESTS] = { 0, 1, 2 };
	static void *(*const work[])(void *) = { call_operations, call_operations, change_primary,
						 come_and_go, come_and_go, come_and_go, read_all,
						 ask, ask, raise_events, dispatch, dispatch };
	pthread_t threads[sizeof work / sizeof work[0]];

	for (size_t i = 0; i < sizeof work / sizeof work[0]; i++)
		require(!pthread_create(&threads[i], NULL, work[i],
					work[i] == come_and_go ? &numbers[i - 3] : NULL), "no thread");
	usleep(MOMENT_US);
	__atomic_store_n(&stop, true, __ATOMIC_RELEASE);
	for (size_t i = 0; i < sizeof work / sizeof work[0]; i++)
		pthread_join(threads[i], NULL);
	world_join();
}

START_TEST(nothing_is_lost_while_all_happens_at_once)
{
	struct world_held before;

	player_open(&w, symbols, 1);
	world_use_threads(&w);
	w.harness.host.log = NULL;
	start_all();
	ck_assert(!hload_interface_prefer(w.system, "test.threads", hload_find(w.system, "one"), NULL));
	before = world_held(&w);
	run_threads();
	hload_event_dispatch(w.system);
	ck_assert_uint_eq(heard, raised);
	ck_assert_uint_eq(ticks_heard, ticks);
	ck_assert_same_held(&w, before);
	/* Each of them has really happened. */
	ck_assert_uint_gt(calls, 100);
	ck_assert_uint_gt(answers, 10);
	ck_assert_uint_gt(raised, 100);
	ck_assert_uint_gt(turns, 2);
	ck_assert_uint_gt(lives, 10);
	if (getenv("THREADS_VERBOSE"))
		printf("calls %lu answers %lu events %lu turns %lu lives %lu\n", calls, answers, raised,
		       turns, lives);
	for (unsigned i = 0; i < GUESTS; i++)
		harness_discard(guests[i]);
	player_close(&w);
}
END_TEST

WORLD_MAIN("threads", 120, nothing_is_lost_while_all_happens_at_once)
