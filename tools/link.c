/* SPDX-License-Identifier: MIT
 *
 * hmod link: combines objects with ld -r and finalises the result: the metadata,
 * flattened, becomes section .hmod.flat. ld and libelf write, in the temporary
 * folder; modfmt judges the very bytes that are then delivered.
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

/* ---- the section, by libelf ------------------------------------------------------ */

/* Replaces the section name table by a copy with one name more, at *offset;
 * free() the copy after elf_end. */
static char *extend_names(Elf *elf, size_t *offset)
{
	size_t index;
	Elf_Data *data = elf_getshdrstrndx(elf, &index) ? NULL :
							  elf_getdata(elf_getscn(elf, index), NULL);
	char *names = data ? malloc(data->d_size + sizeof flat_name) : NULL;

	if (!names)
		return NULL;
	*offset = data->d_size;
	memcpy(names, data->d_buf, data->d_size);
	memcpy(names + data->d_size, flat_name, sizeof flat_name);
	data->d_buf = names;
	data->d_size += sizeof flat_name;
	elf_flagdata(data, ELF_C_SET, ELF_F_DIRTY);
	return names;
}

static bool add_section(Elf *elf, size_t name, struct bytes table)
{
	Elf_Scn *section = elf_newscn(elf);
	Elf_Data *data = section ? elf_newdata(section) : NULL;
	GElf_Shdr header;

	if (!data || !gelf_getshdr(section, &header))
		return false;
	data->d_buf = table.data;
	data->d_size = table.size;
	data->d_align = 8;
	data->d_type = ELF_T_BYTE;
	data->d_version = EV_CURRENT;
	header.sh_name = (GElf_Word)name;
	header.sh_type = SHT_PROGBITS;
	header.sh_flags = 0;
	header.sh_addralign = 8;
	return gelf_update_shdr(section, &header) && elf_update(elf, ELF_C_WRITE) >= 0;
}

/* Opens with libelf; *fd is closed by the caller in any case. */
static Elf *open_elf(const char *path, int *fd, bool write)
{
	elf_version(EV_CURRENT);
	*fd = open(path, (write ? O_RDWR : O_RDONLY) | O_CLOEXEC);
	return *fd < 0 ? NULL : elf_begin(*fd, write ? ELF_C_RDWR : ELF_C_READ, NULL);
}

static bool write_section(const char *path, const char *name, struct bytes table)
{
	int fd;
	Elf *elf = open_elf(path, &fd, true);
	size_t offset;
	char *names = elf ? extend_names(elf, &offset) : NULL;
	bool good = names && add_section(elf, offset, table);

	if (!good)
		refuse(name, "cannot be finalised: %s",
		       fd < 0 ? strerror(errno) : elf_errmsg(-1));
	if (elf)
		elf_end(elf);
	free(names);
	if (fd >= 0)
		close(fd);
	return good;
}

static bool has_section(const char *path, const char *wanted)
{
	int fd;
	Elf *elf = open_elf(path, &fd, false);
	Elf_Scn *section = NULL;
	bool found = false;
	size_t names;

	if (elf && !elf_getshdrstrndx(elf, &names))
		while (!found && (section = elf_nextscn(elf, section))) {
			GElf_Shdr header;
			const char *name = gelf_getshdr(section, &header) ?
						   elf_strptr(elf, names, header.sh_name) : NULL;

			found = name && !strcmp(name, wanted);
		}
	if (elf)
		elf_end(elf);
	if (fd >= 0)
		close(fd);
	return found;
}

/* ---- ld and objcopy ---------------------------------------------------------------- */

/* Objects are judged as far as one of several can be, so that the message is
 * ours; archives are left to ld. */
static bool check_input(const struct link_input *input)
{
	struct hmod_image image;
	enum helix_status status;
	struct hmod_diag diag;
	struct bytes file;
	bool good;

	if (!read_file(input->path, &file))
		return false;
	if (!file.size) {
		good = !refuse(input->name, "is empty");
	} else if (file.size >= 8 && (!memcmp(file.data, "!<arch>\n", 8) ||
				      !memcmp(file.data, "!<thin>\n", 8))) {
		good = true;
	} else {
		status = hmod_image_open(&image, file.data, file.size, &diag);
		good = !status || (status <= HELIX_E_META_MISSING && status >= HELIX_E_META_TEXT);
		if (!good)
			refuse_diag(input->name, &diag);
	}
	free(file.data);
	return good;
}

static bool combine(const struct link_input *inputs, int count, const char *to)
{
	const char *ld = getenv("LD");
	const char **argv = calloc((size_t)count + 10, sizeof *argv);
	int n = 0, status;

	if (!argv)
		return false;
	argv[n++] = ld && *ld ? ld : "ld";
	argv[n++] = "-r";
	argv[n++] = "-m";
	argv[n++] = "elf_x86_64";
	argv[n++] = "-z";
	argv[n++] = "noexecstack";
	argv[n++] = "-o";
	argv[n++] = to;
	for (int i = 0; i < count; i++)
		argv[n++] = inputs[i].path;
	status = run_program(argv);
	free(argv);
	return !status;
}

static bool objcopy(const char *option, const char *from, const char *to)
{
	const char *tool = getenv("OBJCOPY");
	const char *argv[] = { tool && *tool ? tool : "objcopy", option, from, to, NULL };

	return !run_program(argv) || !refuse(from, "objcopy %s failed", option);
}

/* ---- finalising ---------------------------------------------------------------------- */

/* The table of a judged object without .hmod.flat; free it. */
static bool make_table(const char *path, const char *name, struct bytes *table)
{
	struct module module;
	struct bytes file;
	bool good;

	if (!read_file(path, &file))
		return false;
	good = module_open(name, file, &module);
	if (good)
		*table = module.table;
	free(file.data);
	return good;
}

/* The finished bytes, judged again: the table in them must be ours. */
static bool read_finished(const char *path, const char *name, struct bytes table,
			  struct bytes *file)
{
	struct module module;
	bool same;

	if (!read_file(path, file) || !module_open(name, *file, &module))
		return false;
	same = module.image.flat && module.table.size == table.size &&
	       !memcmp(module.table.data, table.data, table.size);
	module_close(&module);
	return same || !refuse(name, "the table that was written reads differently");
}

static bool finalise(const char *path, const char *name, struct bytes *file)
{
	struct bytes table;
	bool good;

	*file = NO_BYTES;
	if (!make_table(path, name, &table))
		return false;
	good = write_section(path, name, table) && read_finished(path, name, table, file);
	free(table.data);
	return good;
}

static bool deliver_debug(const char *from, const char *output)
{
	char name[4300];
	struct bytes file;
	bool good;

	if (!read_file(from, &file))
		return false;
	snprintf(name, sizeof name, "%s.debug", output);
	good = write_file(name, file);
	free(file.data);
	return good;
}

static bool inputs_good(const struct link_input *inputs, int count, const char *output)
{
	for (int i = 0; i < count; i++) {
		if (same_file(inputs[i].path, output))
			return !refuse(output, "is an input as well");
		if (!check_input(&inputs[i]))
			return false;
	}
	return true;
}

int link_module(const struct link_input *inputs, int count, const char *output, bool strip)
{
	const char *folder = temporary_folder();
	char linked[4200], debug[4200];
	struct bytes file = NO_BYTES;
	bool good;

	if (!folder || !inputs_good(inputs, count, output))
		return EXIT_REFUSED;
	snprintf(linked, sizeof linked, "%s/linked", folder);
	snprintf(debug, sizeof debug, "%s/debug", folder);
	if (!combine(inputs, count, linked))
		return refuse(output, "cannot be linked");
	good = (!has_section(linked, flat_name) ||
		objcopy("--remove-section=.hmod.flat", linked, linked)) &&
	       (!strip || (objcopy("--only-keep-debug", linked, debug) &&
			   objcopy("--strip-debug", linked, linked))) &&
	       finalise(linked, output, &file) && (!strip || deliver_debug(debug, output)) &&
	       write_file(output, file);
	free(file.data);
	return good ? 0 : EXIT_REFUSED;
}

int run_link(int argc, char **argv)
{
	struct link_input *inputs = calloc((size_t)argc, sizeof *inputs);
	const char *output = NULL;
	bool strip = false;
	int count = 0, status = 0;

	for (int i = 1; inputs && i < argc && !status; i++) {
		if (!strcmp(argv[i], "-o"))
			status = (output = option_value("link", argv, &i)) ? 0 : EXIT_USAGE;
		else if (!strcmp(argv[i], "--strip"))
			strip = true;
		else if (argv[i][0] == '-')
			status = usage_error("link", "unexpected %s", argv[i]);
		else
			inputs[count++] = (struct link_input){ argv[i], argv[i] };
	}
	if (!inputs)
		status = refuse("link", "out of memory");
	else if (!status && !output)
		status = usage_error("link", "-o X.hmod is missing");
	else if (!status && !count)
		status = usage_error("link", "no object to link");
	if (!status)
		status = link_module(inputs, count, output, strip);
	free(inputs);
	return status;
}
