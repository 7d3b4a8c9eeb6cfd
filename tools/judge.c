/* SPDX-License-Identifier: MIT
 *
 * See judge.h.
 */
#include "tools/judge.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config.h"
#include "loader/object.h"

#define SOMEWHERE UINT64_C(0x200000) /* an address where the kernel would be */
#define LIST "kernel.exports"

/* ---- what the kernel exports ------------------------------------------------------- */

/* Beside the tool as the build has it, or where it was installed. */
static const char *list_path(char path[PATH_MAX])
{
	const char *told = getenv("HMOD_KERNEL_EXPORTS");
	ssize_t n = readlink("/proc/self/exe", path, PATH_MAX - 64);
	char *slash;

	if (told)
		return told;
	path[n > 0 ? n : 0] = 0;
	slash = strrchr(path, '/');
	if (slash) {
		strcpy(slash, "/" LIST);
		if (!access(path, R_OK))
			return path;
		strcpy(slash, "/../share/helix/" LIST);
		if (!access(path, R_OK))
			return path;
	}
	return HMOD_PKGDATADIR "/" LIST;
}

/* One line: `ffffffff80201234 name`; the newline becomes the name's end. */
static bool read_line(char *line, struct hload_symbol *symbol)
{
	char *end;

	symbol->address = strtoull(line, &end, 16) - PROCESS_WINDOW;
	symbol->name = end + 1;
	return end != line && *end == ' ' && end[1];
}

static bool read_exports(struct judge *judge, const char *path)
{
	char *line, *rest;

	for (size_t i = 0; i < judge->list.size; i++)
		judge->export_count += judge->list.data[i] == '\n';
	judge->exports = calloc(judge->export_count + 1, sizeof *judge->exports);
	if (!judge->exports)
		return !refuse(path, "out of memory");
	judge->export_count = 0;
	line = strtok_r((char *)judge->list.data, "\n", &rest);
	for (; line; line = strtok_r(NULL, "\n", &rest))
		if (!read_line(line, &judge->exports[judge->export_count++]))
			return !refuse(path, "line %zu is not `address name`", judge->export_count);
	if (!judge->export_count)
		return !refuse(path, "names no symbol");
	return true;
}

static bool end_with_nul(struct bytes *list)
{
	uint8_t *larger = realloc(list->data, list->size + 1);

	if (!larger)
		return false;
	larger[list->size] = 0;
	list->data = larger;
	return true;
}

bool judge_open(struct judge *judge)
{
	char buffer[PATH_MAX];
	const char *path = list_path(buffer);

	*judge = (struct judge){ .export_count = 0 };
	process_open(&judge->process);
	judge->process.pretend = true;
	judge->process.host.now_ns = NULL; /* nothing waits: no call goes on */
	judge->process.host.pause = NULL;
	if (!read_file(path, &judge->list))
		return false;
	return end_with_nul(&judge->list) && read_exports(judge, path);
}

bool judge_begin(struct judge *judge)
{
	struct hmod_diag diag;

	if (!process_create(&judge->process))
		return !refuse(LIST, "out of memory");
	if (!hload_export(judge->process.system, judge->exports, judge->export_count, &diag) &&
	    !hload_export(judge->process.system, hload_api, hload_api_count, &diag))
		return true;
	return !refuse_diag(LIST, &diag);
}

void judge_end(struct judge *judge)
{
	process_close(&judge->process);
}

void judge_close(struct judge *judge)
{
	judge_end(judge);
	free(judge->exports);
	free(judge->list.data);
}

char *judge_text(const struct hmod_diag *diag)
{
	size_t length = hmod_diag_text(diag, NULL, 0) + 1;
	char *text = malloc(length);

	if (text)
		hmod_diag_text(diag, text, length);
	return text;
}

/* ---- one file alone -------------------------------------------------------------------- */

/* A strong symbol that somebody else would have to export. */
static const char *wanted_name(const struct hmod_image *image, uint32_t i)
{
	const struct elf64_symbol *symbol = &image->symbols[i];
	const char *name;

	if (symbol->shndx != ELF_SHN_UNDEF || elf64_symbol_bind(symbol) != ELF_STB_GLOBAL ||
	    hmod_symbol_check(image, i, NULL))
		return NULL;
	name = hmod_symbol_name(image, i);
	return *name && strcmp(name, "_GLOBAL_OFFSET_TABLE_") ? name : NULL;
}

/* Exports what the file wants and nobody has; *made are the names, to be kept. */
static enum helix_status export_wanted(struct judge *judge, struct hmod_span file,
				       struct hload_symbol **made, struct hmod_diag *diag)
{
	struct hload_system *system = judge->process.system;
	enum helix_status status = HELIX_OK;
	struct hmod_image image;
	const char *name, *owner;
	uint64_t address;

	if (hmod_image_open(&image, file.data, file.size, NULL))
		return HELIX_OK; /* whoever registers it says why */
	*made = calloc(image.symbol_count + 1, sizeof **made);
	for (uint32_t i = 1; i < image.symbol_count && *made && !status; i++) {
		name = wanted_name(&image, i);
		if (!name || hload_symbol_find(system, name, &address, &owner))
			continue;
		(*made)[i] = (struct hload_symbol){ name, SOMEWHERE };
		status = hload_export(system, &(*made)[i], 1, diag);
	}
	return *made ? status : hmod_fail(diag, HELIX_E_NO_MEMORY, HMOD_STAGE_NONE, HMOD_NOWHERE);
}

/* ---- placing an object whose dependencies are not there ---------------------------------- */

struct all_exports {
	struct hload_index index;
	struct hload_export_entry *entries;
	size_t count, room;
};

static void count_export(void *ctx, const char *name, uint64_t address)
{
	(void)name;
	(void)address;
	++((struct all_exports *)ctx)->room;
}

static void add_export(void *ctx, const char *name, uint64_t address)
{
	struct all_exports *all = ctx;
	struct hload_export_entry *entry = &all->entries[all->count++];

	entry->address = address;
	hload_index_add(&all->index, &entry->node, name);
}

static const char *nobody_exports(void *ctx, const char *symbol)
{
	(void)ctx;
	(void)symbol;
	return NULL;
}

static const char *kernel_owns(void *ctx, const void *owner)
{
	(void)ctx;
	return owner ? "the module itself" : "kernel";
}

static enum helix_status place_only(struct judge *judge, const struct hmod_image *image,
				    uint64_t version, struct hmod_diag *diag)
{
	const struct hload_host *host = &judge->process.host;
	struct all_exports all = { .count = 0 };
	struct hload_loading loading = {
		.host = host,
		.exports = &all.index,
		.owner = &all,
		.who_exports = nobody_exports,
		.owner_name = kernel_owns,
		.version = version,
	};
	struct hload_object object = { .constructed = false };
	enum helix_status status = HELIX_E_NO_MEMORY;

	hload_symbol_each(judge->process.system, NULL, count_export, &all);
	all.entries = calloc(all.room + 1, sizeof *all.entries);
	if (all.entries && hload_index_init(&all.index, host)) {
		hload_symbol_each(judge->process.system, NULL, add_export, &all);
		status = hload_object_load(&object, &loading, image, diag);
		hload_object_unload(&object, host, &all.index);
		while (all.count)
			hload_index_remove(&all.index, &all.entries[--all.count].node);
		hload_index_release(&all.index);
	}
	free(all.entries);
	return status;
}

static bool of_dependencies(enum helix_status status)
{
	return status == HELIX_E_DEPENDENCY || status == HELIX_E_VERSION_MISMATCH ||
	       status == HELIX_E_DEPENDENCY_DOWN;
}

static enum helix_status insert_alone(struct judge *judge, struct hmod_span file,
				      struct hmod_diag *diag)
{
	const struct hload_insertion how = { .file = file, .force = true };
	struct hload_system *system = judge->process.system;
	struct hload_module *module;
	struct hmod_image image;
	struct hload_info info;
	enum helix_status status = hload_register(system, file, NULL, &module, diag);

	if (status)
		return status;
	status = hload_insert_as(system, module, &how, diag);
	if (!of_dependencies(status))
		return status;
	hload_diag_free(system, diag);
	hload_info(module, &info);
	status = hmod_image_open(&image, file.data, file.size, diag);
	return status ? status : place_only(judge, &image, info.meta->header->version, diag);
}

bool judge_file(struct judge *judge, struct hmod_span file, char **why)
{
	struct hload_symbol *made = NULL;
	enum helix_status status;
	struct hmod_diag diag;

	*why = NULL;
	if (!judge_begin(judge))
		return false;
	status = export_wanted(judge, file, &made, &diag);
	if (!status)
		status = insert_alone(judge, file, &diag);
	if (status) {
		*why = judge_text(&diag);
		hload_diag_free(judge->process.system, &diag);
	}
	judge_end(judge);
	free(made);
	return !status;
}
