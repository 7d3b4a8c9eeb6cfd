/* SPDX-License-Identifier: MIT
 *
 * Commands about the machine: files, log, memory, help, power.
 */
#include "kernel/core/kernel.h"
#include "kernel/core/log.h"
#include "kernel/core/print.h"
#include "kernel/core/string.h"
#include "kernel/mm/mm.h"
#include "kernel/sched/thread.h"
#include "kernel/shell/command.h"
#include "kernel/svc/events.h"
#include "kernel/svc/files.h"
#include "kernel/svc/modules.h"

#define PATH_ROOM 1100

static int run_ls(int argc, char **argv)
{
	char prefix[PATH_ROOM];
	const char *path = argc > 1 ? argv[1] : "/";
	const struct file *file;
	size_t length;

	if (argc > 2)
		return USAGE;
	length = strlen(path);
	while (length > 1 && path[length - 1] == '/')
		length--;
	ksnprintf(prefix, sizeof prefix, "%.*s", (int)length, path);
	file = file_find(prefix);
	if (file && !file->directory) {
		kprintf("%s\n", shell_base_name(file->path));
		return 0;
	}
	if (!file_is_directory(prefix)) {
		kprintf("ls: %s: no such file or directory\n", path);
		return 1;
	}
	if (length > 1)
		ksnprintf(prefix + length, sizeof prefix - length, "/");
	length = strlen(prefix);
	for (unsigned i = 0; (file = file_prefix(prefix, i)); i++)
		if (!strchr(file->path + length, '/'))
			kprintf("%s%s\n", file->path + length, file->directory ? "/" : "");
	return 0;
}

static void print_bytes(struct hmod_span bytes)
{
	char part[65];

	while (bytes.size) {
		size_t n = bytes.size < sizeof part - 1 ? (size_t)bytes.size : sizeof part - 1;

		for (size_t i = 0; i < n; i++) {
			uint8_t c = bytes.data[i];
			part[i] = c == '\n' || c == '\t' || (c >= 32 && c < 127) ? (char)c : '.';
		}
		part[n] = 0;
		kputs(part);
		bytes.data += n;
		bytes.size -= n;
	}
}

static int run_cat(int argc, char **argv)
{
	const struct file *file;

	if (argc != 2)
		return USAGE;
	file = file_find(argv[1]);
	if (!file || file->directory) {
		kprintf("cat: %s: %s\n", argv[1],
			file_is_directory(argv[1]) ? "is a directory" : "no such file");
		return 1;
	}
	print_bytes(file->data);
	return 0;
}

static int run_dmesg(int argc, char **argv)
{
	struct log_cursor cursor = { 0 };
	char text[LOG_LINE_MAX];
	uint64_t time;
	int level;

	(void)argv;
	if (argc != 1)
		return USAGE;
	while (log_read(&cursor, &time, &level, text))
		kprintf("[%5llu.%06llu] %s\n", (unsigned long long)(time / 1000000000),
			(unsigned long long)(time / 1000 % 1000000), text);
	return 0;
}

static int run_mem(int argc, char **argv)
{
	struct hload_counts counts;
	struct heap_counts heap;

	(void)argv;
	if (argc != 1)
		return USAGE;
	heap_counts(&heap);
	hload_counts(modules, &counts);
	kprintf("frames: %llu free of %llu\n", (unsigned long long)pmm_free_frames(),
		(unsigned long long)pmm_total_frames());
	kprintf("heap: %llu bytes in %llu blocks\n", (unsigned long long)heap.bytes,
		(unsigned long long)heap.blocks);
	kprintf("modules: %llu registered, %llu running, %llu exports\n",
		(unsigned long long)counts.modules, (unsigned long long)counts.running,
		(unsigned long long)counts.exports);
	kprintf("loader: %llu bytes in %llu blocks, %llu bytes in %llu regions\n",
		(unsigned long long)counts.bytes, (unsigned long long)counts.blocks,
		(unsigned long long)counts.region_bytes, (unsigned long long)counts.regions);
	return 0;
}

static int run_help(int argc, char **argv)
{
	const struct command *one;

	if (argc > 2)
		return USAGE;
	if (argc == 2) {
		one = command_find(argv[1]);
		if (!one) {
			kprintf("help: %s: no such command\n", argv[1]);
			return 1;
		}
		kprintf("%s %s\n  %s\n", one->name, one->usage, one->help);
		return 0;
	}
	for (const struct command *const *table = command_tables(); *table; table++)
		for (one = *table; one->name; one++)
			kprintf("%-9s %-26s %s\n", one->name, one->usage, one->help);
	return 0;
}

void shell_power_off(unsigned status)
{
	struct hload_event_counts counts;
	enum helix_status told = events_shutdown(&counts);

	if (told)
		kprintf("poweroff: not all modules heard of it: %s\n", hmod_status_name(told));
	else if (counts.errors)
		kprintf("poweroff: %lu module%s failed to shut down (dmesg says why)\n",
			counts.errors, counts.errors == 1 ? "" : "s");
	power_off(status);
}

static int run_poweroff(int argc, char **argv)
{
	uint64_t status = 0;

	if (argc > 2 || (argc == 2 && (!hmod_param_uint(argv[1], &status) || status > 120)))
		return USAGE;
	shell_power_off((unsigned)status);
}

#define SLEEP_MOST_MS UINT64_C(86400000)

static int run_sleep(int argc, char **argv)
{
	uint64_t ms;

	if (argc != 2 || !hmod_param_uint(argv[1], &ms) || ms > SLEEP_MOST_MS)
		return USAGE;
	thread_sleep(ms * 1000000);
	return 0;
}

static int run_echo(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		kprintf("%s%s", i > 1 ? " " : "", argv[i]);
	kputs("\n");
	return 0;
}

static int run_clear(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	kputs("\033[H\033[2J");
	return 0;
}

const struct command system_commands[] = {
	{ "ls", run_ls, "[PATH]", "list a folder of the initial ramdisk", COMPLETE_FILE },
	{ "cat", run_cat, "FILE", "show a file (bytes that do not print as dots)", COMPLETE_FILE },
	{ "dmesg", run_dmesg, "", "show the log", COMPLETE_NOTHING },
	{ "mem", run_mem, "", "count memory: frames, heap, loader", COMPLETE_NOTHING },
	{ "echo", run_echo, "[WORD…]", "print words", COMPLETE_NOTHING },
	{ "sleep", run_sleep, "MS", "wait for so many milliseconds", COMPLETE_NOTHING },
	{ "clear", run_clear, "", "clear the screen", COMPLETE_NOTHING },
	{ "help", run_help, "[COMMAND]", "list the commands, or explain one", COMPLETE_COMMAND },
	{ "poweroff", run_poweroff, "[STATUS 0…120]", "end the machine", COMPLETE_NOTHING },
	{ NULL, NULL, NULL, NULL, COMPLETE_NOTHING },
};
