/* SPDX-License-Identifier: MIT
 *
 * The loader's hooks over Linux: see process.h. Code and constants are written
 * through one mapping of a nameless file and used through another, which cannot
 * be touched before it is sealed; the first is gone by then. So no mapping is
 * ever writable and executable, and no page is both at once.
 */
#define _GNU_SOURCE
#include "tools/process.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "helix/module.h"

#define PAGE UINT64_C(4096)

/* ---- memory ----------------------------------------------------------------------- */

static void *process_alloc(void *ctx, size_t size)
{
	(void)ctx;
	return malloc(size);
}

static void process_free(void *ctx, void *block, size_t size)
{
	(void)ctx;
	(void)size;
	free(block);
}

struct mapping { /* a region's cookie */
	uint8_t *reserved; /* address space below 2 GiB, more than needed for the alignment */
	uint64_t reserved_size;
	uint8_t *use, *write; /* write: NULL once sealed */
	uint64_t size; /* whole pages */
};

/* Address space of which a part is aligned. */
static bool reserve(struct mapping *m, uint64_t align)
{
	m->reserved_size = m->size + (align > PAGE ? align : 0);
	m->reserved = mmap(NULL, m->reserved_size, PROT_NONE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_32BIT, -1, 0);
	if (m->reserved == MAP_FAILED)
		return false;
	m->use = (uint8_t *)(((uintptr_t)m->reserved + align - 1) & ~(uintptr_t)(align - 1));
	return true;
}

/* Both mappings of one file, which has no name: nobody can map it a third time. */
static bool map_twice(struct mapping *m)
{
	int fd = memfd_create("helix-module", MFD_CLOEXEC);
	void *write = MAP_FAILED, *use = MAP_FAILED;

	if (fd < 0)
		return false;
	if (!ftruncate(fd, (off_t)m->size)) {
		write = mmap(NULL, m->size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		use = mmap(m->use, m->size, PROT_NONE, MAP_SHARED | MAP_FIXED, fd, 0);
	}
	close(fd);
	m->write = write == MAP_FAILED ? NULL : write;
	return m->write && use != MAP_FAILED;
}

static void unmap(struct mapping *m)
{
	if (m->write && m->write != m->use)
		munmap(m->write, m->size);
	munmap(m->reserved, m->reserved_size);
	free(m);
}

static bool map(struct mapping *m, enum hload_kind kind)
{
	if (kind != HLOAD_DATA)
		return map_twice(m);
	m->write = m->use;
	return !mprotect(m->use, m->size, PROT_READ | PROT_WRITE);
}

static bool process_place(void *ctx, enum hload_kind kind, uint64_t size, uint64_t align,
			  struct hload_region *region)
{
	struct mapping *m = calloc(1, sizeof *m);

	(void)ctx;
	if (!m)
		return false;
	m->size = (size + PAGE - 1) & ~(PAGE - 1);
	if (!reserve(m, align)) {
		free(m);
		return false;
	}
	if (!map(m, kind)) {
		unmap(m);
		return false;
	}
	*region = (struct hload_region){ (uint64_t)(uintptr_t)m->use, m->write, size, m };
	return true;
}

static bool process_seal(void *ctx, enum hload_kind kind, struct hload_region *region)
{
	struct mapping *m = region->cookie;

	(void)ctx;
	if (kind == HLOAD_DATA)
		return true;
	munmap(m->write, m->size);
	m->write = region->write = NULL;
	return !mprotect(m->use, m->size, kind == HLOAD_TEXT ? PROT_READ | PROT_EXEC : PROT_READ);
}

static void process_release(void *ctx, enum hload_kind kind, struct hload_region *region)
{
	(void)ctx;
	(void)kind;
	unmap(region->cookie);
	*region = (struct hload_region){ .address = 0 };
}

/* ---- calls, clock, lock -------------------------------------------------------------- */

static _Thread_local void *frames;
static _Thread_local const char *volatile inside;

const char *process_inside(void)
{
	return inside;
}

static int process_call(void *ctx, const char *module, int (*hook)(void *argument), void *argument)
{
	const char *outer = inside;
	int result;

	if (((struct process *)ctx)->pretend)
		return 0;
	inside = module;
	result = hook(argument);
	inside = outer;
	return result;
}

static void **process_frames(void *ctx)
{
	(void)ctx;
	return &frames;
}

static uint64_t process_now_ns(void *ctx)
{
	struct timespec now;

	(void)ctx;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static void process_pause(void *ctx)
{
	(void)ctx;
	usleep(1000);
}

static pthread_mutex_t loader_lock = PTHREAD_MUTEX_INITIALIZER;

static void process_lock(void *ctx)
{
	(void)ctx;
	pthread_mutex_lock(&loader_lock);
}

static void process_unlock(void *ctx)
{
	(void)ctx;
	pthread_mutex_unlock(&loader_lock);
}

/* ---- work on another thread -------------------------------------------------------------- */

/* Whoever comes second, the worker or who waits for it, frees it. */
struct job {
	void (*work)(void *argument);
	void *argument;
	bool done, left;
};

static pthread_mutex_t jobs = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t job_ended;
static unsigned running;

static void *run_job(void *argument)
{
	struct job *job = argument;
	bool left;

	job->work(job->argument);
	pthread_mutex_lock(&jobs);
	job->done = true;
	left = job->left;
	running--;
	pthread_cond_broadcast(&job_ended);
	pthread_mutex_unlock(&jobs);
	if (left)
		free(job);
	return NULL;
}

static bool begin_job(struct job *job)
{
	pthread_t thread;
	bool begun;

	pthread_mutex_lock(&jobs);
	begun = !pthread_create(&thread, NULL, run_job, job);
	running += begun;
	pthread_mutex_unlock(&jobs);
	if (begun)
		pthread_detach(thread);
	return begun;
}

static bool wait_for_job(struct job *job, uint64_t nanoseconds)
{
	const uint64_t end = process_now_ns(NULL) + nanoseconds;
	const struct timespec until = { (time_t)(end / 1000000000), (long)(end % 1000000000) };
	bool done;

	pthread_mutex_lock(&jobs);
	while (!job->done && pthread_cond_timedwait(&job_ended, &jobs, &until) != ETIMEDOUT)
		;
	done = job->done;
	job->left = !done;
	pthread_mutex_unlock(&jobs);
	return done;
}

static bool process_run_within(void *ctx, uint64_t nanoseconds, void (*work)(void *argument),
			       void *argument, bool *started)
{
	struct job *job = malloc(sizeof *job);
	bool done;

	(void)ctx;
	*started = false;
	if (!job)
		return false;
	*job = (struct job){ work, argument, false, false };
	*started = begin_job(job);
	done = *started && wait_for_job(job, nanoseconds);
	if (done || !*started)
		free(job);
	return done;
}

/* ---- texts -------------------------------------------------------------------------------- */

static void process_log(void *ctx, int level, const char *format, va_list arguments)
{
	struct process *process = ctx;
	char text[1024];

	vsnprintf(text, sizeof text, format, arguments);
	if (process->say)
		process->say(level, NULL, text);
	else
		fprintf(stderr, "%s\n", text);
}

static size_t process_format(void *ctx, char *text, size_t capacity, const char *format,
			     va_list arguments)
{
	int length = vsnprintf(text, capacity, format, arguments);

	(void)ctx;
	return length > 0 ? (size_t)length : 0;
}

/* ---- the process ------------------------------------------------------------------------------ */

void process_open(struct process *process)
{
	*process = (struct process){ .host = { .ctx = process,
					       .alloc = process_alloc,
					       .free = process_free,
					       .place = process_place,
					       .seal = process_seal,
					       .release = process_release,
					       .judge_bias = PROCESS_WINDOW,
					       .call = process_call,
					       .frames = process_frames,
					       .now_ns = process_now_ns,
					       .pause = process_pause,
					       .run_within = process_run_within,
					       .reclaim = process_reclaim,
					       .log = process_log,
					       .format = process_format,
					       .lock = process_lock,
					       .unlock = process_unlock } };
}

bool process_create(struct process *process)
{
	pthread_condattr_t monotonic;

	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&job_ended, &monotonic);
	process->system = hload_create(&process->host);
	process_served = process->system ? process : NULL;
	return process->system;
}

void process_close(struct process *process)
{
	if (!process->system)
		return;
	hload_destroy(process->system);
	pthread_mutex_lock(&jobs);
	while (running)
		pthread_cond_wait(&job_ended, &jobs);
	pthread_mutex_unlock(&jobs);
	process->system = NULL;
	process_served = NULL;
}
