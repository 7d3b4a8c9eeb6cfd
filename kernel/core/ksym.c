/* SPDX-License-Identifier: MIT
 *
 * The kernel's functions by address, from its own ELF symbol table, which is
 * believed only where it stays inside its string table.
 */
#include "kernel/core/boot_info.h"
#include "kernel/core/kernel.h"
#include "kernel/core/ksym.h"
#include "kernel/core/log.h"
#include "kernel/mm/mm.h"
#include "modfmt/mem.h"

#define SYMBOL_SIZE   24
#define TYPE_FUNCTION 2

/* One function; offsets are from the start of the kernel's text. */
struct function {
	uint32_t offset, size;
	const char *name;
};

const char *(*module_symbol_hook)(uint64_t address, const char **module, uint64_t *offset);
static struct function *functions;
static size_t function_count;

/* The i-th symbol when it is a function of the kernel with a name. */
static bool function_read(struct hmod_span symbols, struct hmod_span strings, uint64_t i,
			  struct function *function)
{
	const uint8_t *entry = symbols.data + i * SYMBOL_SIZE;
	uint64_t text_size = (uint64_t)(kernel_text_end - kernel_text_start), value, size;
	uint32_t name;

	if ((entry[4] & 15) != TYPE_FUNCTION)
		return false;
	memcpy(&name, entry, 4);
	memcpy(&value, entry + 8, 8);
	memcpy(&size, entry + 16, 8);
	value -= (uint64_t)kernel_text_start;
	if (!hmod_range_fits(text_size, value, size))
		return false;
	function->offset = (uint32_t)value;
	function->size = (uint32_t)size;
	function->name = hmod_span_string(strings, name, NULL);
	return function->name;
}

static void sift_down(struct function *heap, size_t root, size_t count)
{
	struct function moved = heap[root];
	size_t child;

	for (; (child = 2 * root + 1) < count; root = child) {
		if (child + 1 < count && heap[child].offset < heap[child + 1].offset)
			child++;
		if (heap[child].offset <= moved.offset)
			break;
		heap[root] = heap[child];
	}
	heap[root] = moved;
}

/* Heapsort: n log n whatever the order, and no memory. */
static void sort(struct function *array, size_t count)
{
	for (size_t i = count / 2; i-- > 0;)
		sift_down(array, i, count);
	for (size_t end = count; end-- > 1;) {
		struct function last = array[end];

		array[end] = array[0];
		array[0] = last;
		sift_down(array, 0, end);
	}
}

void ksym_init(void)
{
	struct hmod_span symbols = { pmm_direct(boot_symbols.table), boot_symbols.table_size };
	struct hmod_span strings = { pmm_direct(boot_symbols.strings), boot_symbols.strings_size };
	uint64_t total = symbols.size / SYMBOL_SIZE;
	struct function function, *index;
	size_t count = 0, filled = 0;

	for (uint64_t i = 0; i < total; i++)
		count += function_read(symbols, strings, i, &function);
	if (!count) {
		log_line(LOG_WARN, "ksym: no symbols from the boot loader: no names in backtraces");
		return;
	}
	index = kmalloc(count * sizeof(*index));
	if (!index) {
		log_line(LOG_WARN, "ksym: no memory for %zu symbols", count);
		return;
	}
	for (uint64_t i = 0; i < total && filled < count; i++)
		filled += function_read(symbols, strings, i, &index[filled]);
	sort(index, filled);
	functions = index;
	function_count = filled;
}

const char *ksym_find(uint64_t address, uint64_t *offset)
{
	uint64_t at = address - (uint64_t)kernel_text_start;
	size_t low = 0, high = function_count;
	const struct function *found;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (functions[middle].offset <= at)
			low = middle + 1;
		else
			high = middle;
	}
	if (!low)
		return NULL;
	found = &functions[low - 1];
	if (at - found->offset >= (found->size ? found->size : 1))
		return NULL;
	*offset = at - found->offset;
	return found->name;
}
