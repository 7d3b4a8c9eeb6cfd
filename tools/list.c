/* SPDX-License-Identifier: MIT
 *
 * hmod list: what an initrd holds, as `cpio -t` prints it. Of a damaged one,
 * what stands before the damage.
 */
#include <stdio.h>
#include <string.h>

#include "tools/tool.h"

/* As ls has it: `drwxr-xr-x`. */
static void mode_text(const struct archive_entry *entry, char text[11])
{
	static const char types[] = { [ARCHIVE_FILE] = '-', [ARCHIVE_DIRECTORY] = 'd',
				      [ARCHIVE_OTHER] = '?' };

	text[0] = types[entry->type];
	for (unsigned i = 0; i < 9; i++)
		text[1 + i] = entry->mode & (0400u >> i) ? "rwx"[i % 3] : '-';
	text[10] = 0;
}

static void print_entry(const struct archive_entry *entry, bool sizes)
{
	char mode[11];

	mode_text(entry, mode);
	if (sizes)
		printf("%s %10llu ", mode, (unsigned long long)entry->data.size);
	puts(entry->path_length ? entry->path : ".");
}

int run_list(int argc, char **argv)
{
	const char *path = NULL;
	struct entries entries;
	bool sizes = false, good;

	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "-l"))
			sizes = true;
		else if (argv[i][0] == '-' || path)
			return usage_error("list", "unexpected %s", argv[i]);
		else
			path = argv[i];
	}
	if (!path)
		return usage_error("list", "no image given");
	good = entries_read(path, &entries);
	for (size_t i = 0; i < entries.count; i++)
		print_entry(&entries.at[i], sizes);
	entries_free(&entries);
	return good ? 0 : EXIT_REFUSED;
}
