/* SPDX-License-Identifier: MIT
 *
 * The host's hooks of a test world. They check what the contract says of locks.
 */
#include "loader/world.h"

#include <time.h>
#include <unistd.h>

static void add_text(char *to, const char *text)
{
	size_t length = strlen(to);

	require(length + strlen(text) + 1 < WORLD_TEXT, "the record is full");
	strcpy(to + length, text);
}

void world_trace(struct world *world, const char *text)
{
	if (world->trace[0])
		add_text(world->trace, " ");
	add_text(world->trace, text);
}

/* ---- hooks -------------------------------------------------------------------- */

static _Thread_local bool holding; /* the lock */
static _Thread_local void *frame;

static void world_lock(void *ctx)
{
	require(!pthread_mutex_lock(&((struct world *)ctx)->mutex), "the lock is taken twice");
	holding = true;
}

static void world_unlock(void *ctx)
{
	holding = false;
	require(!pthread_mutex_unlock(&((struct world *)ctx)->mutex),
		"a lock is given back that is not held");
}

static int world_call(void *ctx, const char *module, int (*hook)(void *), void *argument)
{
	struct world *w = ctx;
	const char *outer = w->running;
	int result;

	require(!holding, "a module's code runs with the lock held");
	w->running = module;
	result = w->pretend ? 0 : hook(argument);
	w->running = outer;
	return result;
}

static void **world_frames(void *ctx)
{
	(void)ctx;
	return &frame;
}

static uint64_t world_now(void *ctx)
{
	return ((struct world *)ctx)->now_ns;
}

static void world_pause(void *ctx)
{
	struct world *w = ctx;

	require(!holding, "somebody waits with the lock held");
	w->now_ns += 1000000;
	if (w->meanwhile)
		w->meanwhile(w);
}

static size_t world_format(void *ctx, char *text, size_t capacity, const char *format,
			   va_list arguments)
{
	(void)ctx;
	return (size_t)vsnprintf(text, capacity, format, arguments);
}

static void world_essential(void *ctx, const char *module, const char *text)
{
	require(!holding, "the embedder is told with the lock held");
	world_trace(ctx, "essential:");
	world_trace(ctx, module);
	world_trace(ctx, text);
}

static enum helix_status world_file_get(void *ctx, const char *path, struct hmod_span *bytes,
					struct hmod_diag *diag)
{
	struct world *w = ctx;

	for (unsigned i = 0; i < w->file_count; i++)
		if (!strcmp(w->files[i].path, path)) {
			*bytes = w->files[i].bytes;
			w->files_open++;
			return HELIX_OK;
		}
	hmod_fail(diag, HELIX_E_NOT_FOUND, HMOD_STAGE_NONE, HMOD_NOWHERE);
	hmod_diag_name(diag, path, SIZE_MAX);
	return HELIX_E_NOT_FOUND;
}

static void world_file_put(void *ctx, const char *path, struct hmod_span bytes)
{
	struct world *w = ctx;

	(void)path;
	(void)bytes;
	require(w->files_open-- > 0, "a file is given back twice");
}

static void trace_text(struct world *w, char sign, const char *module, uint64_t text)
{
	char line[80];

	require(text, "no text address");
	snprintf(line, sizeof line, "%c%s", sign, module);
	world_trace(w, line);
}

static void world_loaded(void *ctx, const char *module, uint64_t text)
{
	if (!((struct world *)ctx)->pretend)
		trace_text(ctx, '+', module, text);
}

static void world_unloading(void *ctx, const char *module, uint64_t text)
{
	if (!((struct world *)ctx)->pretend)
		trace_text(ctx, '-', module, text);
}

static uint64_t world_reclaim(void *ctx, uint64_t id, uint64_t *blocks)
{
	struct world *w = ctx;
	uint64_t bytes = w->leaked_bytes;

	require(id, "no module id");
	*blocks = w->leaked_blocks;
	w->leaked_bytes = w->leaked_blocks = 0;
	return bytes;
}

static void world_log(void *ctx, int level, const char *format, va_list arguments)
{
	struct world *w = ctx;
	char line[256], whole[300];

	vsnprintf(line, sizeof line, format, arguments);
	snprintf(whole, sizeof whole, "<%d>%s\n", level, line);
	add_text(w->log, whole);
}

/* ---- threads ------------------------------------------------------------------- */

static uint64_t real_now(void *ctx)
{
	struct timespec t;

	(void)ctx;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static void real_pause(void *ctx)
{
	(void)ctx;
	require(!holding, "somebody waits with the lock held");
	usleep(200);
}

static struct task {
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	unsigned running;
} tasks = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0 };

struct job {
	void (*work)(void *argument);
	void *argument;
	bool done, left; /* whoever comes second frees it */
};

static void *run_job(void *argument)
{
	struct job *job = argument;
	bool left;

	job->work(job->argument);
	pthread_mutex_lock(&tasks.mutex);
	job->done = true;
	left = job->left;
	tasks.running--;
	pthread_cond_broadcast(&tasks.changed);
	pthread_mutex_unlock(&tasks.mutex);
	if (left)
		free(job);
	return NULL;
}

static bool wait_for(struct job *job, uint64_t nanoseconds)
{
	struct timespec until;
	bool done;

	clock_gettime(CLOCK_REALTIME, &until);
	nanoseconds += (uint64_t)until.tv_nsec;
	until.tv_sec += (time_t)(nanoseconds / 1000000000);
	until.tv_nsec = (long)(nanoseconds % 1000000000);
	pthread_mutex_lock(&tasks.mutex);
	while (!job->done && !pthread_cond_timedwait(&tasks.changed, &tasks.mutex, &until))
		;
	done = job->done;
	job->left = !done;
	pthread_mutex_unlock(&tasks.mutex);
	return done;
}

static bool run_within(void *ctx, uint64_t nanoseconds, void (*work)(void *), void *argument,
		       bool *started)
{
	struct job *job = malloc(sizeof *job);
	pthread_t thread;
	bool done;

	(void)ctx;
	*job = (struct job){ work, argument, false, false };
	pthread_mutex_lock(&tasks.mutex);
	tasks.running++;
	pthread_mutex_unlock(&tasks.mutex);
	require(!pthread_create(&thread, NULL, run_job, job), "no thread");
	pthread_detach(thread);
	*started = true;
	done = wait_for(job, nanoseconds);
	if (done)
		free(job);
	return done;
}

void world_join(void)
{
	pthread_mutex_lock(&tasks.mutex);
	while (tasks.running)
		pthread_cond_wait(&tasks.changed, &tasks.mutex);
	pthread_mutex_unlock(&tasks.mutex);
}

void world_use_threads(struct world *w)
{
	w->harness.host.call = NULL;
	w->harness.host.now_ns = real_now;
	w->harness.host.pause = real_pause;
	w->harness.host.run_within = run_within;
}

/* ---- the world ------------------------------------------------------------------- */

void world_open(struct world *w)
{
	struct hload_host *host = &w->harness.host;

	pthread_mutexattr_t checking;

	memset(w, 0, sizeof *w);
	pthread_mutexattr_init(&checking);
	pthread_mutexattr_settype(&checking, PTHREAD_MUTEX_ERRORCHECK);
	pthread_mutex_init(&w->mutex, &checking);
	harness_open(&w->harness);
	host->call = world_call;
	host->frames = world_frames;
	host->now_ns = world_now;
	host->pause = world_pause;
	host->format = world_format;
	host->essential_failed = world_essential;
	host->file_get = world_file_get;
	host->file_put = world_file_put;
	host->module_loaded = world_loaded;
	host->module_unloading = world_unloading;
	host->reclaim = world_reclaim;
	host->log = world_log;
	host->lock = world_lock;
	host->unlock = world_unlock;
	w->system = hload_create(host);
	ck_assert_ptr_nonnull(w->system);
	ck_assert_int_eq(hload_export(w->system, hload_api, hload_api_count, &w->diag), HELIX_OK);
}

void world_close(struct world *w)
{
	hload_destroy(w->system);
	ck_assert_msg(!holding, "the lock is still held");
	ck_assert_ptr_null(frame);
	ck_assert_uint_eq(w->files_open, 0);
	ck_assert_msg(harness_clean(&w->harness), "%lu blocks and %lu regions are left",
		      w->harness.blocks, w->harness.regions);
}

void world_file(struct world *w, const char *path, struct hmod_span bytes)
{
	ck_assert_uint_lt(w->file_count, WORLD_FILES);
	w->files[w->file_count].path = path;
	w->files[w->file_count++].bytes = bytes;
}

struct hmod_span world_image(const struct elf_module *fields)
{
	struct elf_builder *b = elf_new();

	elf_module(b, fields);
	return elf_finish(b);
}

enum helix_status world_try(struct world *w, const struct elf_module *fields,
			    struct hload_module **module)
{
	struct hmod_span file = world_image(fields);
	enum helix_status status = hload_register(w->system, file, NULL, module, &w->diag);

	elf_discard(file);
	require(!status || w->diag.status == status, "the diagnostic has another status");
	return status;
}

struct hload_module *world_add(struct world *w, const struct elf_module *fields)
{
	struct hload_module *module = NULL;

	require(!world_try(w, fields, &module), "%s: %s", fields->name, harness_text(&w->diag));
	return module;
}

enum helix_status world_start(struct world *w, const struct elf_module *fields)
{
	struct hmod_span file = world_image(fields);
	enum helix_status status = world_insert(w, fields->name, file);

	elf_discard(file);
	return status;
}

enum helix_status world_insert(struct world *w, const char *name, struct hmod_span bytes)
{
	enum helix_status status = hload_insert(w->system, hload_find(w->system, name), bytes, NULL,
						0, &w->diag);

	require(!status || w->diag.status == status, "the diagnostic has another status");
	return status;
}

enum helix_status world_remove(struct world *w, const char *name)
{
	return hload_remove(w->system, hload_find(w->system, name), &w->diag);
}

const char *world_name(const struct hload_module *module)
{
	struct hload_info info;

	if (!module)
		return "nobody";
	hload_info(module, &info);
	return info.meta->name;
}

enum hload_state world_state(struct world *w, const char *name)
{
	struct hload_info info;

	hload_info(hload_find(w->system, name), &info);
	return info.state;
}

const char *world_names(struct hload_module *const *order, size_t length)
{
	static char text[1024];

	text[0] = 0;
	for (size_t i = 0; i < length; i++) {
		ck_assert_uint_lt(strlen(text) + 66, sizeof text);
		strcat(strcat(text, i ? " " : ""), world_name(order[i]));
	}
	return text;
}

struct world_held world_held(const struct world *w)
{
	struct world_held held;

	memset(&held, 0, sizeof held);
	hload_counts(w->system, &held.counts);
	held.blocks = w->harness.blocks;
	held.bytes = w->harness.bytes;
	held.regions = w->harness.regions;
	held.region_bytes = w->harness.region_bytes;
	require(held.counts.blocks == held.blocks && held.counts.bytes == held.bytes,
		"memory is counted as %lu bytes in %lu blocks, it is %lu in %lu", held.counts.bytes,
		held.counts.blocks, held.bytes, held.blocks);
	require(held.counts.regions == held.regions &&
			held.counts.region_bytes == held.region_bytes,
		"regions are counted as %lu bytes in %lu, they are %lu in %lu",
		held.counts.region_bytes, held.counts.regions, held.region_bytes, held.regions);
	return held;
}

int world_main(const char *name, const TTest *const *tests, size_t count, double seconds)
{
	Suite *suite = suite_create(name);
	TCase *tcase = tcase_create(name);
	SRunner *runner;
	int failed;

	tcase_set_timeout(tcase, seconds);
	for (size_t i = 0; i < count; i++)
		tcase_add_test(tcase, tests[i]);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
