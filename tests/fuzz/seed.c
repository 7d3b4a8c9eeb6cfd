/* SPDX-License-Identifier: MIT
 *
 * Writes the module that the corpus's recipes change to the file named by $SEED.
 */
#include <stdio.h>

#include "modfmt/judge.h"

START_TEST(the_good_module_is_written)
{
	struct hmod_span file = good_module();
	FILE *out = fopen(getenv("SEED"), "wb");

	ck_assert_ptr_nonnull(out);
	ck_assert_uint_eq(fwrite(file.data, 1, file.size, out), file.size);
	fclose(out);
	elf_discard(file);
}
END_TEST

RUN_TESTS("seed", the_good_module_is_written)
