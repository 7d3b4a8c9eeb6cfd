/* SPDX-License-Identifier: MIT
 *
 * Threads that check the kernel under them: each counts its rounds, looks whether
 * it runs twice at once, shares a counter under a mutex, and uses memory that
 * nobody else must touch. What they count is compared with what was asked of them.
 */
#include "kernel/shell/test_threads.h"

#include "kernel/core/kernel.h"
#include "kernel/core/print.h"
#include "kernel/core/string.h"
#include "kernel/mm/mm.h"
#include "kernel/sched/sched.h"
#include "kernel/sched/thread.h"
#include "kernel/sched/wait.h"

#define ROUNDS      200
#define SPIN_MOST   2000
#define MAPPED_SIZE (3 * PAGE_SIZE)
#define PATIENCE_NS UINT64_C(120000000000)

struct worker {
	uint64_t id;
	uint32_t inside; /* 1 while it runs a round */
	uint64_t rounds, twice, damaged;
};

static struct mutex shared_lock = MUTEX("thread test");
static uint64_t shared; /* rounds of all; deliberately not atomic */
static uint64_t finished;

static uint64_t random_next(uint64_t *state)
{
	*state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return *state >> 33;
}

/* Fills a block, gives others a chance, and looks whether it is as it was. */
static bool block_good(uint64_t *block, size_t size, uint64_t mark)
{
	bool good = true;

	for (size_t i = 0; i < size / sizeof(*block); i++)
		block[i] = mark + i;
	thread_yield();
	for (size_t i = 0; i < size / sizeof(*block); i++)
		good &= block[i] == mark + i;
	return good;
}

/* The address space of a mapping that went is used again at once, maybe by a
 * thread on another CPU: one that still believed the old translation would write
 * into somebody else's frame. */
static bool memory_good(uint64_t *state, uint64_t mark)
{
	size_t size = 8 + random_next(state) % 3000;
	uint64_t *block = kmalloc(size), *mapped = vmm_alloc(MAPPED_SIZE);
	bool good = block && mapped && block_good(block, size, mark) &&
		    block_good(mapped, MAPPED_SIZE, ~mark);

	vmm_free(mapped, MAPPED_SIZE);
	kfree(block);
	return good;
}

static void round_run(struct worker *self, uint64_t *state)
{
	self->twice += __atomic_exchange_n(&self->inside, 1, __ATOMIC_SEQ_CST);
	for (volatile uint64_t i = random_next(state) % SPIN_MOST; i; i--)
		;
	mutex_lock(&shared_lock);
	shared++;
	mutex_unlock(&shared_lock);
	self->rounds++;
	switch (random_next(state) % 8) {
	case 0:
		thread_sleep(1000000);
		break;
	case 1:
		thread_yield();
		break;
	case 2:
		self->damaged += !memory_good(state, self->id << 32);
		break;
	default:
		break;
	}
	__atomic_store_n(&self->inside, 0, __ATOMIC_SEQ_CST);
}

static int work(void *argument)
{
	struct worker *self = argument;
	uint64_t state = thread_id();

	for (unsigned i = 0; i < ROUNDS; i++)
		round_run(self, &state);
	__atomic_add_fetch(&finished, 1, __ATOMIC_SEQ_CST);
	return (int)self->rounds;
}

static uint64_t switches_now(void)
{
	struct sched_cpu info;
	uint64_t sum = 0;

	for (unsigned cpu = 0; sched_cpu(cpu, &info); cpu++)
		sum += info.switches;
	return sum;
}

static unsigned workers_start(struct worker *workers, unsigned count)
{
	struct thread_options options = { .name = "worker" };

	for (unsigned i = 0; i < count; i++)
		if (thread_create(&options, work, &workers[i], &workers[i].id))
			return i;
	return count;
}

static bool workers_finish(unsigned count)
{
	uint64_t begun = clock_now_ns();

	while (__atomic_load_n(&finished, __ATOMIC_SEQ_CST) < count) {
		if (clock_now_ns() - begun > PATIENCE_NS)
			return false;
		thread_sleep(10000000);
	}
	return true;
}

/* Rounds that are missing, in the thread's own count, in its result or in the
 * shared one, are lost. Threads that have not ended are lost too, and left. */
static void results_add(struct worker *workers, unsigned count, struct thread_test *test)
{
	for (unsigned i = 0; i < count; i++) {
		int result = 0;

		if (thread_join(workers[i].id, &result) || result != ROUNDS ||
		    workers[i].rounds != ROUNDS)
			test->lost++;
		test->duplicated += workers[i].twice;
		test->damaged += workers[i].damaged;
	}
	if (shared != (uint64_t)count * ROUNDS)
		test->lost++;
}

bool workers_run(unsigned count, void (*meanwhile)(void), struct thread_test *test)
{
	struct worker *workers = kzalloc(count * sizeof(*workers));
	uint64_t before = switches_now();
	unsigned started;

	*test = (struct thread_test){ 0 };
	if (!workers)
		return false;
	shared = finished = 0;
	started = workers_start(workers, count);
	if (meanwhile)
		meanwhile();
	if (!workers_finish(started)) {
		test->lost = started - finished;
		return false; /* they may still use the rest */
	}
	results_add(workers, started, test);
	test->switches = switches_now() - before;
	kfree(workers);
	return started == count && !test->lost && !test->duplicated && !test->damaged;
}

/* ---- a load in the background ----------------------------------------------------- */

#define LOAD_MOST 64
static uint64_t loaders[LOAD_MOST];
static unsigned loader_count;
static struct mutex load_lock = MUTEX("load");

static int load(void *argument)
{
	uint64_t state = thread_id();

	(void)argument;
	for (;;) {
		for (volatile uint64_t i = random_next(&state) % SPIN_MOST; i; i--)
			;
		mutex_lock(&load_lock);
		mutex_unlock(&load_lock);
		if (!(random_next(&state) % 64))
			thread_sleep(1000000);
		thread_cancel_point();
	}
	return 0;
}

bool load_set(unsigned count)
{
	struct thread_options options = { .name = "load" };

	while (loader_count > count) {
		thread_kill(loaders[--loader_count]);
		thread_join(loaders[loader_count], NULL);
	}
	for (; loader_count < count && loader_count < LOAD_MOST; loader_count++)
		if (thread_create(&options, load, NULL, &loaders[loader_count]))
			return false;
	return loader_count == count;
}
