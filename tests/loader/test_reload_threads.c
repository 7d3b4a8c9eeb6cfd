/* SPDX-License-Identifier: MIT
 *
 * Threads that ask and call while a module is replaced under them. Each counts by
 * itself how often it was answered: the sum is what the module counted, and every
 * answer is of one version or the other.
 */
#include "loader/swap.h"

#include <stdatomic.h>
#include <unistd.h>

#define THREADS 7
#define RELOADS 60

static atomic_bool over;
static atomic_uint answers, wrong;

static void judge(bool good)
{
	if (good)
		atomic_fetch_add(&answers, 1);
	else
		atomic_fetch_add(&wrong, 1);
}

static void *ask_on_and_on(void *argument)
{
	int value, version, shown;

	(void)argument;
	while (!atomic_load(&over))
		judge(sscanf(swap_ask("store", "x"), "%d of %d, %d", &value, &version, &shown) == 3 &&
		      (version == 1 || version == 2) && shown == 5);
	return NULL;
}

static void *call_on_and_on(void *operations)
{
	const struct store_operations *o = operations;

	while (!atomic_load(&over)) {
		int tenfold = o->add(1);

		judge(tenfold > 0 && (tenfold % 10 == 1 || tenfold % 10 == 2));
	}
	return NULL;
}

/* Through a module that holds it: three calls an answer, all of one version. */
static void *use_on_and_on(void *argument)
{
	int a, b, c, shown, at;

	(void)argument;
	while (!atomic_load(&over)) {
		bool good = sscanf(swap_ask("client", "x"), "%d %d %d %d %d", &a, &b, &c, &shown,
				   &at) == 5 && a % 10 == b % 10 && b % 10 == c % 10;

		judge(good);
		atomic_fetch_add(&answers, good ? 2 : 0);
	}
	return NULL;
}

/* Each event is delivered to one of the versions. */
static void *raise_on_and_on(void *argument)
{
	struct helix_event event = { .kind = HELIX_EVENT_CUSTOM };

	(void)argument;
	event.custom.name = "something";
	event.custom.source = "test";
	while (!atomic_load(&over)) {
		struct hload_event_counts counts;

		judge(!hload_event_send(swap.world.system, &event, &counts) &&
		      counts.delivered == 1 && counts.handled == 1);
	}
	return NULL;
}

static unsigned value_of(void)
{
	int value = 0, version, shown;

	ck_assert_int_eq(sscanf(swap_ask("store", "x"), "%d of %d, %d", &value, &version, &shown), 3);
	return (unsigned)value;
}

static void start(pthread_t *threads, void *(*const *kinds)(void *), unsigned count, void *argument)
{
	atomic_store(&over, false);
	atomic_store(&answers, 0);
	atomic_store(&wrong, 0);
	for (unsigned i = 0; i < count; i++)
		ck_assert(!pthread_create(&threads[i], NULL, kinds[i], argument));
}

static void end(pthread_t *threads, unsigned count)
{
	atomic_store(&over, true);
	for (unsigned i = 0; i < count; i++)
		pthread_join(threads[i], NULL);
}

START_TEST(every_answer_is_counted_once_while_versions_change)
{
	static void *(*const kinds[THREADS])(void *) = { ask_on_and_on, call_on_and_on, use_on_and_on,
							ask_on_and_on, call_on_and_on, use_on_and_on,
							raise_on_and_on };
	const struct store_operations *o;
	pthread_t threads[THREADS];
	unsigned before;

	swap_open(CLIENT);
	o = swap_operations();
	world_use_threads(&swap.world);
	before = value_of();
	start(threads, kinds, THREADS, (void *)(uintptr_t)o);
	for (unsigned i = 0; i < RELOADS; i++) {
		usleep(500);
		ck_assert_msg(!swap_reload("store", i % 2 ? STORE_1 : STORE_2), "%s",
			      harness_text(&swap.world.diag));
	}
	end(threads, THREADS);
	ck_assert_uint_eq(atomic_load(&wrong), 0);
	ck_assert_uint_gt(atomic_load(&answers), RELOADS);
	ck_assert_uint_eq(value_of(), before + atomic_load(&answers) + 1);
	swap_close();
}
END_TEST

START_TEST(failing_steps_lose_no_answer_either)
{
	static void *(*const kinds[4])(void *) = { ask_on_and_on, call_on_and_on, use_on_and_on,
						  raise_on_and_on };
	pthread_t threads[4];
	unsigned before;

	swap_open(CLIENT);
	world_use_threads(&swap.world);
	before = value_of();
	start(threads, kinds, 4, (void *)(uintptr_t)swap_operations());
	for (unsigned i = 0; i < RELOADS; i++) {
		swap.fail_at = (enum hload_step)(1 + i % 7); /* from 8 on what the new counted goes */
		usleep(300);
		ck_assert_int_eq(swap_reload("store", STORE_2), HELIX_E_RELOAD_INJECTED);
		hload_diag_free(swap.world.system, &swap.world.diag);
	}
	end(threads, 4);
	ck_assert_uint_eq(atomic_load(&wrong), 0);
	ck_assert_uint_eq(value_of(), before + atomic_load(&answers) + 1);
	swap_close();
}
END_TEST

static void *nap_once(void *operations)
{
	const struct store_operations *o = operations;

	judge(o->nap(200000) == 1);
	return NULL;
}

START_TEST(calls_inside_are_waited_for)
{
	pthread_t thread;

	swap_open(SWAP_FILES);
	world_use_threads(&swap.world);
	atomic_store(&answers, 0);
	ck_assert(!pthread_create(&thread, NULL, nap_once, (void *)(uintptr_t)swap_operations()));
	usleep(50000);
	ck_assert_int_eq(swap_reload("store", STORE_2), HELIX_OK);
	ck_assert_uint_eq(atomic_load(&answers), 1);
	pthread_join(thread, NULL);
	ck_assert_uint_ge(swap.last[HLOAD_STEP_QUIESCE].nanoseconds, 50000000);
	swap_close();
}
END_TEST

static void *nap_long(void *operations)
{
	const struct store_operations *o = operations;

	judge(o->nap(2000000) == 1);
	return NULL;
}

START_TEST(one_that_stays_inside_makes_it_fail_and_the_gates_open)
{
	pthread_t thread;

	swap_open(SWAP_FILES);
	world_use_threads(&swap.world);
	ck_assert(!pthread_create(&thread, NULL, nap_long, (void *)(uintptr_t)swap_operations()));
	usleep(50000);
	ck_assert_int_eq(swap_reload("store", STORE_2), HELIX_E_INSIDE);
	ck_assert_said(&swap.world, "module store has 1 call inside that did not end in time");
	ck_assert_int_eq(swap_operations()->version(), 1);
	ck_assert_str_eq(swap_ask("store", "x"), "2 of 1, 5");
	pthread_join(thread, NULL);
	ck_assert_int_eq(swap_reload("store", STORE_2), HELIX_OK);
	swap_close();
}
END_TEST

/* Stays in version 7, which turns ill meanwhile. */
static void *stay_in_the_ill_one(void *operations)
{
	const struct store_operations *o = operations;

	while (o->version() != 7)
		usleep(1000);
	__atomic_store_n(&swap.sick, true, __ATOMIC_SEQ_CST);
	judge(o->nap(2500000) == 7);
	return NULL;
}

START_TEST(an_ill_version_that_somebody_stays_in_is_left_and_stays_in_memory)
{
	pthread_t thread;

	swap_open(CLIENT);
	world_use_threads(&swap.world);
	atomic_store(&answers, 0);
	swap.probation_ns = 5 * HLOAD_PROBATION_NS;
	ck_assert(!pthread_create(&thread, NULL, stay_in_the_ill_one,
				  (void *)(uintptr_t)swap_operations()));
	ck_assert_int_eq(swap_reload("store", STORE_SICK), HELIX_E_NOT_HEALTHY);
	ck_assert_ptr_nonnull(strstr(swap.world.log, "in the new version do not end"));
	ck_assert_str_eq(swap_ask("client", "x"), "21 31 41 5 5");
	ck_assert_uint_eq(atomic_load(&answers), 0);
	swap.probation_ns = 0;
	pthread_join(thread, NULL);
	ck_assert_int_eq(swap_reload("store", STORE_2), HELIX_OK);
	ck_assert_uint_eq(atomic_load(&answers), 1);
	ck_assert_int_eq(swap_operations()->version(), 2);
	swap_close();
}
END_TEST

SWAP_MAIN("reload_threads", every_answer_is_counted_once_while_versions_change,
	  failing_steps_lose_no_answer_either, calls_inside_are_waited_for,
	  one_that_stays_inside_makes_it_fail_and_the_gates_open,
	  an_ill_version_that_somebody_stays_in_is_left_and_stays_in_memory)
