/* SPDX-License-Identifier: MIT
 *
 * What modfmt's tests share: a good module with a bit of everything, the verdict
 * on a file as text, and the main function.
 */
#ifndef TESTS_MODFMT_JUDGE_H
#define TESTS_MODFMT_JUDGE_H

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "modfmt/elf_builder.h"

/* A module with dependencies, capabilities, aliases, parameters, exports, code,
 * data, bss, COMMON, absolute and weak symbols, a note and a debug section. The
 * caller may add to it before elf_finish. */
struct elf_builder *good_builder(void);
struct hmod_span good_module(void);
/* The same with a ranged parameter, a deprecated export and two interfaces. */
struct elf_builder *rich_builder(void);
struct hmod_span rich_module(void);

/* "ok", or the sentence of the first refusal by: open, check, flatten. Of the
 * place only the stage is kept: "… [symbols]". */
const char *judge(struct hmod_span file);
/* The status that goes with the last verdict. */
extern enum helix_status judged;

/* A diagnostic as it is printed; static buffer. */
const char *sentence(const struct hmod_diag *diag);

/* The flat table of a file, to be freed; the test ends when it is refused. */
void *flat_table(struct hmod_span file, struct hmod_meta *meta);

/* A file like `file` with .hmod.flat of these bytes added. */
struct hmod_span with_flat(struct elf_builder *builder, const void *table, size_t size);

/* Judges `file`, which must be refused with this status and sentence, and frees it. */
#define ck_refused(file_, status_, sentence_)                                                      \
	do {                                                                                       \
		struct hmod_span refused_file = (file_);                                           \
		ck_assert_str_eq(judge(refused_file), sentence_);                                  \
		ck_assert_int_eq(judged, HELIX_E_##status_);                                       \
		elf_discard(refused_file);                                                         \
	} while (0)

/* One way to spoil the good module, and what must then be said. `spoil` writes
 * to the bytes; it may make the size smaller. */
struct refusal {
	const char *name;
	void (*spoil)(struct hmod_span *file);
	enum helix_status status;
	const char *sentence;
};
/* Tries each row on a module of its own; says all that differ. */
void refuse_all(struct hmod_span (*make)(void), const struct refusal *rows, size_t count);
#define REFUSE_ALL(rows) refuse_all(good_module, rows, sizeof(rows) / sizeof((rows)[0]))
#define REFUSE_RICH(rows) refuse_all(rich_module, rows, sizeof(rows) / sizeof((rows)[0]))
#define SPOIL(name_, ...)                                                                          \
	static void name_(struct hmod_span *file)                                                  \
	{                                                                                          \
		const struct hmod_span f = *file;                                                  \
		(void)f;                                                                           \
		__VA_ARGS__;                                                                       \
	}

int run_tests(const char *name, const TTest *const *tests, size_t count);
#define RUN_TESTS(name, ...)                                                                       \
	int main(void)                                                                             \
	{                                                                                          \
		const TTest *const tests[] = { __VA_ARGS__ };                                      \
		return run_tests(name, tests, sizeof tests / sizeof tests[0]);                     \
	}

#endif
