/* SPDX-License-Identifier: MIT
 *
 * The second embedder, a Linux process with threads: it inserts and removes the
 * modules named by its arguments while others list and ask them and deliver
 * events, and looks at its own memory map whenever a module has been placed.
 */
#include "tools/process.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "loader/services.h"

#define ROUNDS 100

static struct process process;
static struct file {
	const char *path;
	uint8_t *bytes;
	size_t size;
} files[16];
static int file_count;
static bool ended; /* atomic */
static unsigned looked, asked; /* atomic */

__attribute__((noreturn)) static void give_up(const char *what)
{
	fprintf(stderr, "process: %s\n", what);
	_exit(1);
}

/* ---- files ---------------------------------------------------------------------------- */

static void read_file(struct file *file)
{
	FILE *in = fopen(file->path, "rb");

	if (!in || fseek(in, 0, SEEK_END))
		give_up(file->path);
	file->size = (size_t)ftell(in);
	file->bytes = malloc(file->size);
	rewind(in);
	if (fread(file->bytes, 1, file->size, in) != file->size)
		give_up(file->path);
	fclose(in);
}

static enum helix_status file_get(void *ctx, const char *path, struct hmod_span *bytes,
				  struct hmod_diag *diag)
{
	(void)ctx;
	for (int i = 0; i < file_count; i++)
		if (!strcmp(files[i].path, path)) {
			*bytes = (struct hmod_span){ files[i].bytes, files[i].size };
			return HELIX_OK;
		}
	return hmod_fail(diag, HELIX_E_NOT_FOUND, HMOD_STAGE_NONE, HMOD_NOWHERE);
}

/* ---- W^X, from outside: what the system says is mapped ---------------------------------- */

static bool writable[1 << 16], executable[1 << 16]; /* by inode of the nameless file */

/* No mapping with both; no file that is mapped both ways. */
static void look_at_map(void *ctx, const char *module, uint64_t text)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	unsigned long long inode;
	char line[512], rights[8];

	(void)ctx;
	(void)module;
	(void)text;
	if (!maps)
		give_up("/proc/self/maps cannot be read");
	memset(writable, 0, sizeof writable);
	memset(executable, 0, sizeof executable);
	while (fgets(line, sizeof line, maps)) {
		if (sscanf(line, "%*s %7s %*s %*s %llu", rights, &inode) != 2)
			continue;
		if (rights[1] == 'w' && rights[2] == 'x')
			give_up("a mapping is writable and executable");
		if (!strstr(line, "/memfd:helix-module"))
			continue;
		writable[inode % (1 << 16)] |= rights[1] == 'w';
		executable[inode % (1 << 16)] |= rights[2] == 'x';
		if (writable[inode % (1 << 16)] && executable[inode % (1 << 16)])
			give_up("a module's page is mapped writable and executable");
	}
	fclose(maps);
	__atomic_add_fetch(&looked, 1, __ATOMIC_RELAXED);
}

/* ---- threads ---------------------------------------------------------------------------- */

/* Lists the modules, and asks each one that runs. */
static void *ask(void *argument)
{
	struct hload_asking asking = { .source = "process", .type = "hello" };
	struct helix_reply reply;
	struct hload_info info;

	while (!__atomic_load_n(&ended, __ATOMIC_ACQUIRE)) {
		struct hload_module *module = NULL;

		while ((module = hload_get_next(process.system, module))) {
			hload_snapshot(module, &info);
			asking.target = info.meta->name;
			if (!hload_request(process.system, &asking, &reply, NULL)) {
				hload_reply_free(process.system, &reply);
				__atomic_add_fetch(&asked, 1, __ATOMIC_RELAXED);
			}
		}
		usleep(100);
	}
	return argument;
}

static void *deliver(void *argument)
{
	const struct helix_event tick = { .kind = HELIX_EVENT_TICK };

	while (!__atomic_load_n(&ended, __ATOMIC_ACQUIRE)) {
		hload_event_post(process.system, &tick);
		hload_event_dispatch(process.system);
		usleep(200);
	}
	return argument;
}

/* ---- the work ------------------------------------------------------------------------------ */

static void refused(const char *what, struct hmod_diag *diag)
{
	char text[1024];

	hmod_diag_text(diag, text, sizeof text);
	fprintf(stderr, "process: %s: %s\n", what, text);
	_exit(1);
}

static void one_round(struct hload_module **modules)
{
	struct hmod_diag diag;

	for (int i = 0; i < file_count; i++)
		if (hload_insert(process.system, modules[i], (struct hmod_span){ NULL, 0 }, NULL, 0,
				 &diag))
			refused("insert", &diag);
	for (int i = file_count; i--;)
		if (hload_remove(process.system, modules[i], &diag))
			refused("remove", &diag);
}

static void work(struct hload_module **modules)
{
	struct hload_counts before, after;
	pthread_t threads[3];

	one_round(modules);
	hload_counts(process.system, &before);
	for (int i = 0; i < 3; i++)
		if (pthread_create(&threads[i], NULL, i < 2 ? ask : deliver, NULL))
			give_up("no thread");
	for (int i = 0; i < ROUNDS; i++)
		one_round(modules);
	__atomic_store_n(&ended, true, __ATOMIC_RELEASE);
	for (int i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	hload_counts(process.system, &after);
	if (before.regions != after.regions || before.exports != after.exports || after.running)
		give_up("something was not given back");
}

int main(int argc, char **argv)
{
	struct hload_module *modules[16];
	struct hmod_diag diag;

	if (argc < 2 || argc > 17)
		give_up("name one to sixteen modules, dependencies first");
	process_open(&process);
	process.host.file_get = file_get;
	process.host.module_loaded = look_at_map;
	if (!process_create(&process) ||
	    hload_export(process.system, process_api, process_api_count, NULL) ||
	    hload_export(process.system, hload_api, hload_api_count, NULL))
		give_up("out of memory");
	for (file_count = 0; file_count < argc - 1; file_count++) {
		struct file *file = &files[file_count];

		file->path = argv[file_count + 1];
		read_file(file);
		if (hload_register(process.system, (struct hmod_span){ file->bytes, file->size },
				   file->path, &modules[file_count], &diag))
			refused(file->path, &diag);
	}
	work(modules);
	printf("loads looked at: %u\nasked: %s\n", looked, asked ? "yes" : "no");
	process_close(&process);
	while (file_count--)
		free(files[file_count].bytes);
	return asked && looked == (unsigned)(ROUNDS + 1) * (unsigned)(argc - 1) ? 0 : 1;
}
