/* SPDX-License-Identifier: MIT
 *
 * Recipes: see recipe.h. Places are looked up in the unchanged module.
 */
#include "fuzz/recipe.h"

#define NOWHERE UINT64_MAX

/* The place's first byte in `good`; NOWHERE when it has none of that name. */
static uint64_t place_begin(struct hmod_span good, const char *place)
{
	struct hmod_image image;
	char name[64];
	bool entry = place[0] == '[';

	if (!strcmp(place, "header"))
		return 0;
	snprintf(name, sizeof name, "%.*s", (int)strcspn(place + entry, "]"), place + entry);
	ck_assert(!hmod_image_open(&image, good.data, good.size, NULL));
	for (uint32_t i = 0; i < image.section_count; i++)
		if (!strcmp(hmod_section_name(&image, i), name))
			return entry ? (uint64_t)((const uint8_t *)&image.sections[i] - good.data) :
				       image.sections[i].offset;
	return NOWHERE;
}

static uint64_t where(struct hmod_span good, const char *place, unsigned long offset,
		      const char *line)
{
	uint64_t begin = place_begin(good, place);

	ck_assert_msg(begin != NOWHERE && begin + offset < good.size, "no such place: %s", line);
	return begin + offset;
}

/* Applies one line; false when it begins the next recipe. */
static bool apply(struct hmod_span good, struct hmod_span *file, const char *line)
{
	unsigned long offset, value;
	char place[64];

	if (sscanf(line, "at %63s %lu %lo", place, &offset, &value) == 3)
		((uint8_t *)(uintptr_t)file->data)[where(good, place, offset, line)] = (uint8_t)value;
	else if (sscanf(line, "end %63s %lu", place, &offset) == 2)
		file->size = where(good, place, offset, line);
	else
		return false;
	return true;
}

bool recipe_next(FILE *corpus, struct hmod_span *file, char *status, size_t room)
{
	struct hmod_span good = good_module();
	long back = ftell(corpus);
	bool named = false;
	char line[160];

	*file = good_module();
	while (fgets(line, sizeof line, corpus)) {
		if (line[0] != '#' && !apply(good, file, line)) {
			if (named) {
				fseek(corpus, back, SEEK_SET);
				break;
			}
			snprintf(status, room, "%.*s", (int)strcspn(line, " \n"), line);
			named = true;
		}
		back = ftell(corpus);
	}
	elf_discard(good);
	if (!named)
		elf_discard(*file);
	return named;
}

/* ---- the other way -------------------------------------------------------------- */

static void print_place(struct hmod_span good, uint64_t at)
{
	struct hmod_image image;
	uint64_t table;

	ck_assert(!hmod_image_open(&image, good.data, good.size, NULL));
	table = (uint64_t)((const uint8_t *)image.sections - good.data);
	if (at >= table && at - table < image.section_count * sizeof *image.sections) {
		printf("[%s] %lu", hmod_section_name(&image, (uint32_t)((at - table) / 64)),
		       (unsigned long)((at - table) % 64));
		return;
	}
	for (uint32_t i = 1; i < image.section_count; i++)
		if (at - image.sections[i].offset < hmod_section_bytes(&image, i).size) {
			printf("%s %lu", hmod_section_name(&image, i),
			       (unsigned long)(at - image.sections[i].offset));
			return;
		}
	printf("header %lu", (unsigned long)at);
}

void recipe_print(struct hmod_span found)
{
	struct hmod_span good = good_module();

	for (uint64_t i = 0; i < good.size && i < found.size; i++)
		if (good.data[i] != found.data[i]) {
			printf("at ");
			print_place(good, i);
			printf(" %o\n", found.data[i]);
		}
	if (found.size < good.size) {
		printf("end ");
		print_place(good, found.size);
		printf("\n");
	}
	elf_discard(good);
}
