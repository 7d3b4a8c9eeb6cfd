/* SPDX-License-Identifier: MIT
 *
 * Constructors and destructors: arrays of addresses in .init_array, .fini_array
 * and their older kin .ctors and .dtors, each possibly with a priority behind
 * its name. The order is that of a linked program: lower priorities begin first
 * and end last, .ctors run from their end. Every address is judged once
 * relocated; what the module does to its arrays later is its own affair.
 */
#include "loader/layout.h"

#include "modfmt/mem.h"

#define UNNUMBERED 65536 /* the priority of a section without one: behind all others */
#define UNUSED_0 UINT64_C(0) /* fillers, which begin and end old arrays */
#define UNUSED_1 UINT64_MAX

/* The rest of `name` behind `with`; NULL when it does not begin so. */
static const char *behind(const char *name, const char *with)
{
	while (*with && *name == *with)
		name++, with++;
	return *with ? NULL : name;
}

/* The number in ".101", else UNNUMBERED. */
static uint32_t number_of(const char *suffix)
{
	uint32_t number = 0;

	if (suffix[0] != '.' || !suffix[1])
		return UNNUMBERED;
	while (*++suffix) {
		if (*suffix < '0' || *suffix > '9' || number > UNNUMBERED)
			return UNNUMBERED;
		number = 10 * number + (uint32_t)(*suffix - '0');
	}
	return number < UNNUMBERED ? number : UNNUMBERED;
}

/* Tells what kind of array a section is; false when it is none. */
static bool read_kind(const struct hmod_image *image, uint32_t section, struct hload_array *array)
{
	static const struct {
		const char *name;
		uint32_t type;
		bool fini, old;
	} kinds[] = {
		{ ".preinit_array", ELF_SHT_PREINIT_ARRAY, false, false },
		{ ".init_array", ELF_SHT_INIT_ARRAY, false, false },
		{ ".fini_array", ELF_SHT_FINI_ARRAY, true, false },
		{ ".ctors", ELF_SHT_PROGBITS, false, true },
		{ ".dtors", ELF_SHT_PROGBITS, true, true },
	};
	const char *name = hmod_section_name(image, section), *suffix;

	for (unsigned i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
		if (image->sections[section].type != kinds[i].type)
			continue;
		suffix = behind(name, kinds[i].name);
		if (kinds[i].old && (!suffix || (*suffix && *suffix != '.')))
			continue;
		*array = (struct hload_array){ .section = section,
					       .priority = suffix ? number_of(suffix) : UNNUMBERED,
					       .fini = kinds[i].fini,
					       .old = kinds[i].old };
		if (kinds[i].old && array->priority < UNNUMBERED)
			array->priority = UNNUMBERED - 1 - array->priority;
		if (kinds[i].type == ELF_SHT_PREINIT_ARRAY)
			array->priority = 0;
		return true;
	}
	return false;
}

/* Most sections are told apart by type and the third letter of their name. */
bool hload_is_array(const struct hmod_image *image, uint32_t section)
{
	const struct elf64_section *s = &image->sections[section];
	const char *name = hmod_section_name(image, section);
	struct hload_array array;

	if (s->type == ELF_SHT_PROGBITS && !(name[0] == '.' && name[1] && name[2] == 't'))
		return false;
	return !(s->flags & ELF_SHF_EXECINSTR) && read_kind(image, section, &array);
}

/* ---- order ------------------------------------------------------------------------ */

static bool before(const struct hload_array *a, const struct hload_array *b)
{
	return a->priority != b->priority ? a->priority < b->priority : a->section < b->section;
}

static void sift(struct hload_array *heap, uint32_t root, uint32_t count)
{
	for (;;) {
		uint32_t child = 2 * root + 1;
		struct hload_array top = heap[root];

		if (child >= count)
			return;
		if (child + 1 < count && before(&heap[child], &heap[child + 1]))
			child++;
		if (!before(&top, &heap[child]))
			return;
		heap[root] = heap[child];
		heap[child] = top;
		root = child;
	}
}

static void sort(struct hload_array *arrays, uint32_t count)
{
	for (uint32_t i = count / 2; i-- > 0;)
		sift(arrays, i, count);
	for (uint32_t end = count; end-- > 1;) {
		struct hload_array top = arrays[0];

		arrays[0] = arrays[end];
		arrays[end] = top;
		sift(arrays, 0, end);
	}
}

/* ---- judging ------------------------------------------------------------------------ */

static enum helix_status fail(struct hload_work *work, uint32_t section, uint64_t entry,
			      const char *what)
{
	hmod_fail(work->diag, HELIX_E_ARRAY, HMOD_STAGE_RELOCATE,
		  work->image->sections[section].offset + 8 * entry);
	hmod_diag_section(work->diag, section, hmod_section_name(work->image, section), SIZE_MAX);
	hmod_diag_name(work->diag, what, SIZE_MAX);
	if (work->diag)
		work->diag->index = entry;
	return HELIX_E_ARRAY;
}

/* Every address is that of the module's code. */
static enum helix_status take(struct hload_work *work, struct hload_array *array)
{
	const struct hload_placed *placed = &work->section[array->section];
	const struct hload_region *text = &work->object->region[HLOAD_TEXT];
	uint64_t size = work->image->sections[array->section].size, entry;

	array->count = (uint32_t)(size / 8);
	array->address = work->base[placed->kind] + placed->offset;
	for (uint64_t i = 0; i < array->count; i++) {
		memcpy(&entry, work->object->region[placed->kind].write + placed->offset + 8 * i, 8);
		if (entry != UNUSED_0 && entry != UNUSED_1 && entry - text->address >= text->size)
			return fail(work, array->section, i, "is not in the module's code");
	}
	return size % 8 ? fail(work, array->section, array->count, "is cut off") : HELIX_OK;
}

enum helix_status hload_find_arrays(struct hload_work *work)
{
	struct hload_object *object = work->object;
	enum helix_status status = HELIX_OK;

	if (!work->array_count)
		return HELIX_OK;
	object->arrays = hload_work_alloc(work, work->array_count, sizeof *object->arrays,
					  HMOD_STAGE_RELOCATE, "constructors");
	if (!object->arrays)
		return HELIX_E_NO_MEMORY;
	object->array_room = work->array_count;
	for (uint32_t i = 1; !status && i < work->image->section_count; i++)
		if (hload_is_placed(work, i) && hload_is_array(work->image, i)) {
			read_kind(work->image, i, &object->arrays[object->array_count]);
			status = take(work, &object->arrays[object->array_count++]);
		}
	sort(object->arrays, object->array_count);
	return status;
}

/* ---- running ------------------------------------------------------------------------- */

static void run(uint64_t place)
{
	uint64_t entry;

	memcpy(&entry, (const void *)(uintptr_t)place, 8);
	if (entry != UNUSED_0 && entry != UNUSED_1)
		((void (*)(void))(uintptr_t)entry)();
}

static void run_array(const struct hload_array *array)
{
	bool backwards = array->fini != array->old;

	for (uint32_t i = 0; i < array->count; i++)
		run(array->address + 8 * (uint64_t)(backwards ? array->count - 1 - i : i));
}

void hload_construct(struct hload_object *object)
{
	for (uint32_t i = 0; i < object->array_count; i++)
		if (!object->arrays[i].fini)
			run_array(&object->arrays[i]);
	object->constructed = true;
}

void hload_destruct(struct hload_object *object)
{
	object->constructed = false;
	for (uint32_t i = object->array_count; i-- > 0;)
		if (object->arrays[i].fini)
			run_array(&object->arrays[i]);
}
