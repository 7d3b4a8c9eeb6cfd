/* SPDX-License-Identifier: MIT
 *
 * Writes what scripts need of the corpus, as the environment asks for:
 * $SEED: the module that recipes change, to that file.
 * $FINDING: prints the recipe that makes that file of it.
 * $CORPUS: each recipe's file as NN.bin into that folder, and `expected`, what
 * insmod says of them, one line each, in a system where what the module depends on
 * is running. A file that loads there is not written: its code would run.
 */
#include "fuzz/attempt.h"
#include "fuzz/recipe.h"

static void write_file(const char *path, struct hmod_span bytes)
{
	FILE *out = fopen(path, "wb");

	ck_assert_ptr_nonnull(out);
	ck_assert_uint_eq(fwrite(bytes.data, 1, bytes.size, out), bytes.size);
	fclose(out);
}

START_TEST(the_good_module_is_written)
{
	struct hmod_span file = good_module();

	if (getenv("SEED"))
		write_file(getenv("SEED"), file);
	elf_discard(file);
}
END_TEST

START_TEST(a_finding_becomes_a_recipe)
{
	static uint8_t bytes[1 << 20];
	FILE *in = getenv("FINDING") ? fopen(getenv("FINDING"), "rb") : NULL;

	if (!in)
		return;
	recipe_print((struct hmod_span){ bytes, fread(bytes, 1, sizeof bytes, in) });
	fclose(in);
}
END_TEST

/* ---- what the kernel will say ----------------------------------------------------- */

static struct attempt a;
static struct hload_system *parts;

/* What the good module depends on and imports; corpus.sh compiles the same. */
static void load_provider(void)
{
	static const char *const provides[] = { "block.v1", NULL };
	struct elf_builder *b = elf_new();
	struct hload_module *module;
	struct hmod_span file;

	elf_module(b, &(struct elf_module){ .name = "chain_a",
					    .version = UINT64_C(1) << 32 | 2 << 16,
					    .provides = provides });
	elf_export(b, elf_function(b, "imported", ELF_STB_GLOBAL), NULL);
	file = elf_finish(b);
	ck_assert(!hload_register(parts, file, NULL, &module, NULL));
	ck_assert(!hload_insert(parts, module, file, NULL, 0, NULL));
	elf_discard(file);
}

/* The sentence it is refused with; false when it loads. */
static bool refused(struct hmod_span file, char *text, size_t room)
{
	struct hmod_diag diag = { 0 };
	struct hload_module *module;
	enum helix_status status = hload_register(parts, file, NULL, &module, &diag);

	if (!status) {
		status = hload_insert(parts, module, file, NULL, 0, &diag);
		if (!status)
			ck_assert(!hload_remove(parts, module, NULL));
		else if (hload_find(parts, "good_one"))
			hload_unregister(parts, module, NULL);
	}
	if (status)
		hmod_diag_text(&diag, text, room);
	hload_diag_free(parts, &diag);
	return status;
}

static void write_corpus(const char *folder)
{
	char path[256], status[64], text[1024];
	FILE *corpus = fopen(RECIPES, "r"), *expected;
	struct hmod_span file;

	snprintf(path, sizeof path, "%s/expected", folder);
	expected = fopen(path, "w");
	ck_assert(corpus && expected);
	for (unsigned n = 0; recipe_next(corpus, &file, status, sizeof status); n++) {
		snprintf(path, sizeof path, "%s/%02u.bin", folder, n);
		if (refused(file, text, sizeof text)) {
			write_file(path, file);
			fprintf(expected, "insmod: %02u.bin: %s\n", n, text);
		}
		elf_discard(file);
	}
	fclose(corpus);
	fclose(expected);
}

START_TEST(the_corpus_is_written_with_what_is_said_of_it)
{
	if (!getenv("CORPUS"))
		return;
	attempt_open(&a);
	parts = hload_create(&a.host);
	ck_assert(parts && !hload_export(parts, hload_api, hload_api_count, NULL));
	load_provider();
	write_corpus(getenv("CORPUS"));
	hload_destroy(parts);
}
END_TEST

RUN_TESTS("seed", the_good_module_is_written, a_finding_becomes_a_recipe,
	  the_corpus_is_written_with_what_is_said_of_it)
