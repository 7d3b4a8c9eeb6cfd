/* SPDX-License-Identifier: MIT
 *
 * The smallest embedder: five hooks, a static heap, no threads. As in a kernel,
 * the module stands in the image itself (MODULE names its file), and memory comes
 * from arrays; of the C library it takes printf and mem*, of the system mprotect.
 */
#include <stdio.h>

#include "helix/module.h"
#include "loader/services.h"

#define PAGE UINT64_C(4096)

__asm__(".pushsection .rodata\n"
	"module_begin: .incbin \"" MODULE "\"\n"
	"module_end: .popsection\n");
extern const uint8_t module_begin[], module_end[];

/* ---- a heap: blocks one behind another, the last one freed is taken again ------------ */

static uint8_t heap[256 << 10] __attribute__((aligned(16)));
static size_t heap_used, heap_blocks;

static void *host_alloc(void *ctx, size_t size)
{
	size_t room = (size + 15) & ~(size_t)15;

	(void)ctx;
	if (room < size || room > sizeof heap - heap_used)
		return NULL;
	heap_used += room;
	heap_blocks++;
	return heap + heap_used - room;
}

static void host_free(void *ctx, void *block, size_t size)
{
	size_t room = (size + 15) & ~(size_t)15;

	(void)ctx;
	heap_blocks--;
	if ((uint8_t *)block + room == heap + heap_used)
		heap_used -= room;
	if (!heap_blocks)
		heap_used = 0;
}

/* ---- module memory: whole pages, writable first, then what they are for ---------------- */

static uint8_t arena[1 << 20] __attribute__((aligned(4096)));
static uint64_t arena_used;

static bool protect(const struct hload_region *region, long protection)
{
	long result;

	__asm__ volatile("syscall" : "=a"(result) : "a"(10L /* mprotect */), "D"(region->address),
			 "S"((region->size + PAGE - 1) & ~(PAGE - 1)), "d"(protection)
			 : "rcx", "r11", "memory");
	return !result;
}

static bool host_place(void *ctx, enum hload_kind kind, uint64_t size, uint64_t align,
		       struct hload_region *region)
{
	const uint64_t base = (uint64_t)(uintptr_t)arena;
	uint64_t at = (base + arena_used + align - 1) & ~(align - 1);

	(void)ctx;
	(void)kind; /* the array is zero at first, and nothing is placed twice in it */
	at = (at + PAGE - 1) & ~(PAGE - 1);
	if (at - base > sizeof arena || size > sizeof arena - (at - base))
		return false;
	arena_used = ((at - base) + size + PAGE - 1) & ~(PAGE - 1);
	*region = (struct hload_region){ at, arena + (at - base), size, NULL };
	return true;
}

static bool host_seal(void *ctx, enum hload_kind kind, struct hload_region *region)
{
	static const long protection[] = { [HLOAD_TEXT] = 1 | 4, [HLOAD_RODATA] = 1 };

	(void)ctx;
	if (kind == HLOAD_DATA)
		return true;
	region->write = NULL;
	return protect(region, protection[kind]);
}

static void host_release(void *ctx, enum hload_kind kind, struct hload_region *region)
{
	(void)ctx;
	(void)kind;
	protect(region, 1 | 2);
	region->address = 0;
}

static const struct hload_host host = {
	.alloc = host_alloc,
	.free = host_free,
	.place = host_place,
	.seal = host_seal,
	.release = host_release,
	.judge_bias = UINT64_C(0xffffffff80000000), /* 0 in a kernel at the top */
};

/* ---- what modules may call -------------------------------------------------------------- */

__attribute__((format(printf, 2, 3))) static void module_log(enum helix_log_level level,
							      const char *format, ...)
{
	va_list arguments;

	(void)level;
	va_start(arguments, format);
	vprintf(format, arguments);
	va_end(arguments);
	putchar('\n');
}

static const struct hload_symbol exports[] = {
	{ "helix_log", (uint64_t)(uintptr_t)module_log },
};

/* ---- the life of one module ------------------------------------------------------------- */

static int fail(struct hload_system *system, struct hmod_diag *diag)
{
	char text[512];

	hmod_diag_text(diag, text, sizeof text);
	printf("refused: %s\n", text);
	hload_diag_free(system, diag);
	return 1;
}

int main(void)
{
	const struct hmod_span file = { module_begin, (uint64_t)(module_end - module_begin) };
	struct hload_system *system = hload_create(&host);
	struct hload_module *module;
	struct hmod_diag diag;
	int status = 0;

	if (!system)
		return 1;
	if (hload_export(system, exports, sizeof exports / sizeof exports[0], &diag) ||
	    hload_export(system, hload_api, hload_api_count, &diag) ||
	    hload_register(system, file, NULL, &module, &diag) ||
	    hload_insert(system, module, file, NULL, 0, &diag) ||
	    hload_remove(system, module, &diag))
		status = fail(system, &diag);
	hload_destroy(system);
	printf("blocks left: %zu\n", heap_blocks);
	return status || heap_blocks;
}
