/* SPDX-License-Identifier: MIT
 *
 * bench: what loading costs, in ticks of the time-stamp counter (instructions,
 * under QEMU's -icount). A load is timed from a buffer that holds the whole file
 * to the module live and started; the result is the median after a warm-up.
 */
#include "kernel/arch/x86_64/cpu.h"
#include "kernel/core/print.h"
#include "kernel/core/string.h"
#include "kernel/mm/mm.h"
#include "kernel/shell/command.h"
#include "kernel/svc/files.h"
#include "kernel/svc/modules.h"
#include "loader/services.h"

#define LOADS_MAX 15
#define CLONE_NAME "bench_clone_0000000000" /* its digits are replaced */
#define CLONE_PREFIX 12

struct sample {
	uint64_t insmod[LOADS_MAX], rmmod[LOADS_MAX];
	uint64_t size[HLOAD_KINDS]; /* loaded bytes */
	uint64_t names; /* bytes kept for backtraces */
};

static uint64_t median(uint64_t *values, unsigned count)
{
	for (unsigned i = 1; i < count; i++)
		for (unsigned k = i; k && values[k] < values[k - 1]; k--) {
			uint64_t swap = values[k];

			values[k] = values[k - 1];
			values[k - 1] = swap;
		}
	return values[count / 2];
}

/* The time; and marks that do nothing, by which a tool that counts instructions
 * can tell what is measured. */
static uint64_t begin(void)
{
	__asm__ volatile("xchgw %bx, %bx");
	return read_tsc();
}

static uint64_t since(uint64_t begun)
{
	uint64_t now = read_tsc();

	__asm__ volatile("xchgw %cx, %cx");
	return now - begun;
}

static int load_once(struct hmod_span file, struct sample *sample, unsigned i)
{
	const struct hload_insertion how = { .file = file };
	struct hload_module *module;
	struct hload_info info;
	struct hmod_diag diag;
	uint64_t begun = begin();

	if (hload_load(modules, &how, NULL, &module, &diag))
		return shell_fail("bench", NULL, &diag);
	sample->insmod[i] = since(begun);
	hload_info(module, &info);
	memcpy(sample->size, info.size, sizeof info.size);
	sample->names = info.names;
	begun = begin();
	if (hload_remove(modules, module, &diag))
		return shell_fail("bench", NULL, &diag);
	sample->rmmod[i] = since(begun);
	return 0;
}

/* Prints NAME INSMOD WORST RMMOD TEXT RODATA DATA NAMES FILE. */
static int measure(const char *name, struct hmod_span file)
{
	unsigned loads = file.size > UINT64_C(1) << 20 ? 3 : LOADS_MAX;
	struct sample *sample = kmalloc(sizeof *sample);
	uint64_t middle;
	int status = sample ? load_once(file, sample, 0) : 1; /* the warm-up */

	for (unsigned i = 0; !status && i < loads; i++)
		status = load_once(file, sample, i);
	if (!status) {
		middle = median(sample->insmod, loads);
		kprintf("%s\t%lu\t%lu\t%lu\t%lu\t%lu\t%lu\t%lu\t%lu\n", name, middle,
			sample->insmod[loads - 1], median(sample->rmmod, loads),
			sample->size[HLOAD_TEXT], sample->size[HLOAD_RODATA],
			sample->size[HLOAD_DATA], sample->names, file.size);
	}
	kfree(sample);
	return status;
}

/* A module of that file would be in the way of those that are measured. */
static bool forget(const char *path)
{
	struct hload_module *module = NULL;
	struct hload_info info;

	while ((module = hload_next(modules, module))) {
		hload_info(module, &info);
		if (info.path && !strcmp(info.path, path))
			return !hload_unregister(modules, module, NULL);
	}
	return true;
}

static int measure_file(const char *name)
{
	struct hload_module *module;
	struct hmod_span file;
	struct hmod_diag diag;
	char path[256];
	int status;

	if (!module_path(name, path, sizeof path)) {
		kprintf("bench: %s: no such file, and no such module in /lib/modules\n", name);
		return 1;
	}
	if (!forget(path)) {
		kprintf("bench: %s is loaded\n", name);
		return 1;
	}
	if (file_get(path, &file, &diag))
		return shell_fail("bench", name, &diag);
	status = measure(shell_base_name(path), file);
	if (hload_register(modules, file, path, &module, &diag))
		shell_fail("bench", name, &diag);
	file_put(path, file);
	return status;
}

/* ---- many alike ----------------------------------------------------------------- */

struct clones {
	struct hmod_span file; /* ours, to be written to */
	uint8_t *bytes;
	struct hload_module **loaded;
	unsigned count;
};

/* Writes `number` over the digits of every CLONE_NAME in the file. */
static void rename(struct clones *c, unsigned number)
{
	static uint64_t at[16];
	static unsigned places;
	const size_t length = strlen(CLONE_NAME);
	char text[16];

	if (!number) {
		places = 0;
		for (uint64_t i = 0; i + length <= c->file.size && places < 16; i++)
			if (!memcmp(c->bytes + i, CLONE_NAME, length))
				at[places++] = i + CLONE_PREFIX;
	}
	ksnprintf(text, sizeof text, "%010u", number);
	for (unsigned i = 0; i < places; i++)
		memcpy(c->bytes + at[i], text, 10);
}

static uint64_t bytes_in_use(void)
{
	return (pmm_total_frames() - pmm_free_frames() + arena_frames_used()) * PAGE_SIZE;
}

/* Loads up to `count`, each by another name; measures now and then. */
static int load_clones(struct clones *c, unsigned count)
{
	const struct hload_insertion how = { .file = c->file };
	uint64_t before = bytes_in_use();
	struct hmod_diag diag;

	for (unsigned i = 0; i <= count; i++) {
		rename(c, i);
		if (i == 0 || i == 10 || i == 100 || i == 1000 || i == 3000 || i == count) {
			char name[32];

			ksnprintf(name, sizeof name, "loaded_%u", i);
			if (measure(name, c->file))
				return 1;
		}
		if (i == 1000)
			kprintf("memory_of_one\t%lu\n", (bytes_in_use() - before) / i);
		if (i < count && hload_load(modules, &how, NULL, &c->loaded[i], &diag))
			return shell_fail("bench", NULL, &diag);
		c->count = i < count ? i + 1 : i;
	}
	return 0;
}

static int run_clones(const char *name, unsigned count)
{
	struct clones c = { .count = 0 };
	const struct file *file;
	char path[256];
	int status = 1;

	if (!module_path(name, path, sizeof path) || !(file = file_find(path)) || !forget(path)) {
		kprintf("bench: %s: no such file, or loaded\n", name);
		return 1;
	}
	c.bytes = kmalloc(file->data.size);
	c.loaded = kmalloc(count * sizeof *c.loaded);
	if (c.bytes && c.loaded) {
		memcpy(c.bytes, file->data.data, file->data.size);
		c.file = (struct hmod_span){ c.bytes, file->data.size };
		status = load_clones(&c, count);
	}
	while (c.count)
		hload_remove(modules, c.loaded[--c.count], NULL);
	kfree(c.bytes);
	kfree(c.loaded);
	return status;
}

/* ---- calls ---------------------------------------------------------------------------- */

/* One request, answered or not; 0 when it failed. */
static uint64_t ask_once(const struct hload_asking *asking)
{
	struct helix_reply reply;
	struct hmod_diag diag;
	uint64_t begun = begin(), took;
	enum helix_status status = hload_request(modules, asking, &reply, &diag);

	took = since(begun);
	if (!status)
		hload_reply_free(modules, &reply);
	else
		shell_fail("bench", NULL, &diag);
	return status ? 0 : took;
}

static uint64_t ask_often(const struct hload_asking *asking)
{
	uint64_t samples[LOADS_MAX], took = ask_once(asking); /* the warm-up */

	for (unsigned i = 0; took && i < LOADS_MAX; i++)
		samples[i] = took = ask_once(asking);
	return took ? median(samples, LOADS_MAX) : 0;
}

/* Prints MODULE DIRECT WITHIN: on the asker's thread; on a worker, with a deadline. */
static int measure_request(const char *target, const char *type)
{
	struct hload_asking asking = { .source = "shell", .target = target, .type = type };
	uint64_t direct = ask_often(&asking), within;

	asking.nanoseconds = UINT64_C(1000000000);
	within = direct ? ask_often(&asking) : 0;
	if (!within)
		return 1;
	kprintf("%s\t%lu\t%lu\n", target, direct, within);
	return 0;
}

static unsigned number(const char *text)
{
	unsigned value = 0;

	for (; *text >= '0' && *text <= '9' && value < 1000000; text++)
		value = value * 10 + (unsigned)(*text - '0');
	return *text ? 0 : value;
}

static int run_bench(int argc, char **argv)
{
	int status = 0;

	if (argc == 4 && !strcmp(argv[1], "clones") && number(argv[2]))
		return run_clones(argv[3], number(argv[2]));
	if (argc == 4 && !strcmp(argv[1], "request"))
		return measure_request(argv[2], argv[3]);
	if (argc < 2)
		return USAGE;
	for (int i = 1; i < argc && !status; i++)
		status = measure_file(argv[i]);
	return status;
}

const struct command bench_commands[] = {
	{ "bench", run_bench, "FILE|NAME… | request NAME TYPE",
	  "time loading: name, insmod, worst, rmmod, sizes; or a request: direct, with a deadline",
	  COMPLETE_MODULE },
	{ NULL, NULL, NULL, NULL, COMPLETE_NOTHING },
};
