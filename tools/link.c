/* SPDX-License-Identifier: MIT
 *
 * hmod link: combines objects with ld -r and finalises the result: the metadata,
 * flattened, becomes section .hmod.flat. libelf writes; modfmt judges.
 */
#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <libelf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/tool.h"

static const char flat_name[] = ".hmod.flat";

/* A copy of the section name table with one name more; its offset there. */
static size_t extend_names(Elf *elf, size_t index)
{
	Elf_Data *data = elf_getdata(elf_getscn(elf, index), NULL);
	size_t old = data ? data->d_size : 0;
	char *names = data ? malloc(old + sizeof flat_name) : NULL;

	if (!names)
		return 0;
	memcpy(names, data->d_buf, old);
	memcpy(names + old, flat_name, sizeof flat_name);
	data->d_buf = names;
	data->d_size = old + sizeof flat_name;
	elf_flagdata(data, ELF_C_SET, ELF_F_DIRTY);
	return old;
}

static bool add_section(Elf *elf, void *table, size_t size)
{
	size_t names, name;
	Elf_Scn *section;
	Elf_Data *data;
	GElf_Shdr header;

	if (elf_getshdrstrndx(elf, &names) || !(name = extend_names(elf, names)) ||
	    !(section = elf_newscn(elf)) || !(data = elf_newdata(section)) ||
	    !gelf_getshdr(section, &header))
		return false;
	data->d_buf = table;
	data->d_size = size;
	data->d_align = 8;
	data->d_type = ELF_T_BYTE;
	data->d_version = EV_CURRENT;
	header.sh_name = (GElf_Word)name;
	header.sh_type = SHT_PROGBITS;
	header.sh_flags = 0;
	header.sh_addralign = 8;
	return gelf_update_shdr(section, &header) && elf_update(elf, ELF_C_WRITE) >= 0;
}

static bool write_section(const char *path, const char *name, void *table, size_t size)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);
	Elf *elf;
	bool good;

	elf_version(EV_CURRENT);
	elf = fd < 0 ? NULL : elf_begin(fd, ELF_C_RDWR, NULL);
	good = elf && add_section(elf, table, size);
	if (!good)
		refuse(name, "cannot be finalised: %s", elf ? elf_errmsg(-1) : strerror(errno));
	if (elf)
		elf_end(elf);
	if (fd >= 0)
		close(fd);
	return good;
}

bool finalise(const char *path, const char *name)
{
	struct hmod_image image;
	struct hmod_meta meta;
	struct bytes file;
	void *table = NULL;
	size_t size;
	bool good;

	if (!read_file(path, false, &file))
		return false;
	good = judge(name, file, &image) &&
	       (image.flat || (metadata(name, &image, &table, &size, &meta) &&
			       write_section(path, name, table, size)));
	free(table);
	free(file.data);
	if (!good || !read_file(path, false, &file))
		return false;
	good = judge(name, file, &image);
	free(file.data);
	return good;
}

/* ---- ld -r ---------------------------------------------------------------------- */

static bool combine(char **objects, int count, const char *to)
{
	const char *ld = getenv("LD");
	const char **argv = calloc((size_t)count + 8, sizeof *argv);
	int n = 0, status;

	if (!argv)
		return false;
	argv[n++] = ld && *ld ? ld : "ld";
	argv[n++] = "-r";
	argv[n++] = "-m";
	argv[n++] = "elf_x86_64";
	/* Finalised inputs carry a table each: made anew, below. */
	argv[n++] = "-o";
	argv[n++] = to;
	for (int i = 0; i < count; i++)
		argv[n++] = objects[i];
	status = run_program(argv);
	free(argv);
	return !status;
}

static bool objcopy(const char *option, const char *from, const char *to)
{
	const char *tool = getenv("OBJCOPY");
	const char *argv[] = { tool && *tool ? tool : "objcopy", option, from, to, NULL };

	return !run_program(argv);
}

static bool drop_flat(const char *path)
{
	return objcopy("--remove-section=.hmod.flat", path, path);
}

static bool deliver(const char *from, const char *to)
{
	struct bytes file;
	bool good = read_file(from, false, &file) && write_file(to, file.data, file.size);

	free(file.data);
	return good;
}

static bool strip_debug(const char *path, const char *output)
{
	char debug[4300], name[4300];

	snprintf(debug, sizeof debug, "%s.debug", path);
	snprintf(name, sizeof name, "%s.debug", output);
	return objcopy("--only-keep-debug", path, debug) && objcopy("--strip-debug", path, path) &&
	       deliver(debug, name);
}

int link_objects(char **objects, int count, const char *output, bool strip)
{
	const char *folder = temporary_folder();
	char linked[4200];
	struct bytes input;

	if (!folder)
		return EXIT_REFUSED;
	for (int i = 0; i < count; i++) {
		if (same_file(objects[i], output))
			return refuse(output, "is an input as well");
		if (!read_file(objects[i], false, &input))
			return EXIT_REFUSED;
		free(input.data);
	}
	snprintf(linked, sizeof linked, "%s/linked.o", folder);
	if (!combine(objects, count, linked))
		return refuse(output, "could not be linked");
	if (!drop_flat(linked) || (strip && !strip_debug(linked, output)) ||
	    !finalise(linked, output) || !deliver(linked, output))
		return EXIT_REFUSED;
	return 0;
}

int run_link(int argc, char **argv)
{
	const char *output = NULL;
	bool strip = false;
	int count = 0;

	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "-o") && i + 1 < argc)
			output = argv[++i];
		else if (!strcmp(argv[i], "--strip"))
			strip = true;
		else if (argv[i][0] == '-')
			return usage_error("link", "unknown option %s", argv[i]);
		else
			argv[1 + count++] = argv[i];
	}
	if (!output)
		return usage_error("link", "-o X.hmod is missing");
	if (!count)
		return usage_error("link", "no object to link");
	return link_objects(argv + 1, count, output, strip);
}
