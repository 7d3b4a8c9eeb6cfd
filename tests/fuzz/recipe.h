/* SPDX-License-Identifier: MIT
 *
 * Recipes: files of the corpus as changes to the good module, at named places.
 */
#ifndef TESTS_FUZZ_RECIPE_H
#define TESTS_FUZZ_RECIPE_H

#include <stdio.h>

#include "modfmt/judge.h"

#define RECIPES TOP_SRCDIR "/tests/fuzz/corpus/recipes.txt"

/* Applies the next recipe to a new copy of the good module (for elf_discard), and
 * copies the status it is to be refused with. False at the end of the corpus. A line
 * that makes no sense ends the test. */
bool recipe_next(FILE *corpus, struct hmod_span *file, char *status, size_t room);
/* Prints the lines that make `found` of the good module; not the ones that append. */
void recipe_print(struct hmod_span found);

#endif
