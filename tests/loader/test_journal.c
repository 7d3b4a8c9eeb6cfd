/* SPDX-License-Identifier: MIT
 *
 * The tree's own v1 and v2 modules on the host: they talk both ways, and journal's
 * entries outlive a restart.
 */
#include "loader/services.h"
#include "loader/world.h"

static struct world w;
static struct hmod_span execution, journal, scribe;

static void log_line(int level, const char *format, ...)
{
	(void)level;
	(void)format;
}

static uint64_t no_time(void)
{
	return 0;
}

static void start(const char *name, struct hmod_span file)
{
	struct hload_module *module;

	ck_assert_msg(!hload_register(w.system, file, name, &module, &w.diag), "%s",
		      harness_text(&w.diag));
	world_file(&w, name, file);
	ck_assert_msg(!world_insert(&w, name, file), "%s", harness_text(&w.diag));
}

static void open_all(void)
{
	const struct hload_symbol symbols[] = {
		{ "helix_log", (uint64_t)(uintptr_t)log_line },
		{ "helix_now_ns", (uint64_t)(uintptr_t)no_time },
		{ "memcpy", (uint64_t)(uintptr_t)memcpy },
		{ "memcmp", (uint64_t)(uintptr_t)memcmp },
		{ "strlen", (uint64_t)(uintptr_t)strlen },
	};

	world_open(&w);
	ck_assert(!hload_export(w.system, symbols, 5, &w.diag));
	start("helix_execution", execution);
	start("journal", journal);
}

static const char *ask(const char *target, const char *type, const char *payload)
{
	const struct hload_asking asking = { "shell", target, type, payload,
					     strlen(payload), 0, 0 };
	static char text[8192];
	struct helix_reply reply;

	if (hload_request(w.system, &asking, &reply, &w.diag))
		return harness_text(&w.diag);
	snprintf(text, sizeof text, "%s%s", reply.success ? "" : "error: ",
		 !reply.success ? reply.error : reply.payload ? (char *)reply.payload : "");
	hload_reply_free(w.system, &reply);
	return text;
}

START_TEST(they_talk_both_ways)
{
	open_all();
	start("scribe", scribe);
	ck_assert_str_eq(ask("scribe", "tell", ""), "error: no such entry");
	ck_assert_str_eq(ask("journal", "write", "one"), "1");
	ck_assert_str_eq(ask("scribe", "note", "two"), "2");
	ck_assert_str_eq(ask("scribe", "tell", ""), "thank you, journal");
	ck_assert_str_eq(ask("scribe", "heard", ""), "two");
	ck_assert_str_eq(ask("scribe", "count", ""), "2");
	ck_assert_str_eq(ask("journal", "last", ""), "{\"number\":2,\"source\":3,\"text\":\"two\"}");
	world_close(&w);
	ck_assert_ptr_null(strstr(w.log, "taken back"));
}
END_TEST

START_TEST(entries_outlive_a_restart)
{
	static char before[8192];
	char text[16];

	open_all();
	for (int i = 1; i <= 40; i++) {
		snprintf(text, sizeof text, "e%d", i);
		ask("journal", "write", text);
	}
	strcpy(before, ask("journal", "read", ""));
	ck_assert_ptr_nonnull(strstr(before, "[{\"number\":25,\"source\":0,\"text\":\"e25\"},"));
	ck_assert_msg(!hload_restart(w.system, hload_find(w.system, "journal"), &w.diag), "%s",
		      harness_text(&w.diag));
	ck_assert_str_eq(ask("journal", "read", ""), before);
	ck_assert_str_eq(ask("journal", "write", "next"), "41");
	world_close(&w);
}
END_TEST

START_TEST(an_entry_is_cut_between_characters)
{
	char text[201], *answer;

	open_all();
	for (int i = 0; i < 200; i += 2)
		memcpy(text + i, "\xc3\xa9", 3);
	ck_assert_str_eq(ask("journal", "write", text), "1");
	answer = strstr(ask("journal", "last", ""), "\"text\":\"");
	ck_assert_ptr_nonnull(answer);
	ck_assert_uint_eq(strlen(answer), strlen("\"text\":\"") + 94 + strlen("\"}"));
	world_close(&w);
}
END_TEST

static struct hmod_span compile(const char *path)
{
	static char text[256];

	snprintf(text, sizeof text, "#include \"%s/modules/%s\"\n", TOP_SRCDIR, path);
	return harness_compile(text, "-fno-stack-protector");
}

int main(void)
{
	const TTest *const tests[] = { they_talk_both_ways, entries_outlive_a_restart,
				       an_entry_is_cut_between_characters };
	int status;

	execution = compile("helix_execution/helix_execution.c");
	journal = compile("journal/journal.c");
	scribe = compile("journal/scribe.c");
	status = world_main("journal", tests, 3, 30);
	harness_discard(execution);
	harness_discard(journal);
	harness_discard(scribe);
	return status;
}
