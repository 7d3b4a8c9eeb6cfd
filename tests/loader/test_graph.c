/* SPDX-License-Identifier: MIT
 *
 * Edges: bound in any order of registration, rebound as providers come and go,
 * and never in a circle. The last is judged by a matrix of its own.
 */
#include "loader/world.h"

static struct world w;

static const char *first_dependency(const char *name)
{
	return world_name(hload_dependency(hload_find(w.system, name), 0));
}

START_TEST(an_edge_is_bound_whichever_end_comes_first)
{
	world_open(&w);
	world_add(&w, MODULE(.name = "late", .dependencies = LIST("lib")));
	ck_assert_str_eq(first_dependency("late"), "nobody");
	world_add(&w, MODULE(.name = "lib"));
	world_add(&w, MODULE(.name = "early", .dependencies = LIST("nobody-yet", "lib > 7")));
	ck_assert_str_eq(first_dependency("late"), "lib");
	ck_assert_str_eq(first_dependency("early"), "nobody");
	ck_assert_ptr_eq(hload_dependency(hload_find(w.system, "early"), 1),
			 hload_find(w.system, "lib"));
	ck_assert_ptr_null(hload_dependency(hload_find(w.system, "early"), 2));
	hload_unregister(w.system, hload_find(w.system, "lib"), NULL);
	ck_assert_str_eq(first_dependency("late"), "nobody");
	world_add(&w, MODULE(.name = "lib"));
	ck_assert_str_eq(first_dependency("late"), "lib");
	hload_unregister(w.system, hload_find(w.system, "late"), NULL);
	world_close(&w);
}
END_TEST

START_TEST(a_capability_is_the_first_providers)
{
	world_open(&w);
	world_add(&w, MODULE(.name = "user", .dependencies = LIST("cap:store")));
	world_add(&w, MODULE(.name = "store"));
	ck_assert_str_eq(first_dependency("user"), "nobody");
	world_add(&w, MODULE(.name = "one", .provides = LIST("store", "more")));
	world_add(&w, MODULE(.name = "two", .provides = LIST("store")));
	ck_assert_str_eq(first_dependency("user"), "one");
	hload_unregister(w.system, hload_find(w.system, "one"), NULL);
	ck_assert_str_eq(first_dependency("user"), "two");
	hload_unregister(w.system, hload_find(w.system, "two"), NULL);
	ck_assert_str_eq(first_dependency("user"), "nobody");
	world_close(&w);
}
END_TEST

START_TEST(a_running_provider_is_preferred)
{
	const struct elf_module *one = MODULE(.name = "one", .provides = LIST("store"));
	const struct elf_module *two = MODULE(.name = "two", .provides = LIST("store"));
	const struct elf_module *user = MODULE(.name = "user", .dependencies = LIST("cap:store"));

	world_open(&w);
	w.pretend = true;
	world_add(&w, one);
	world_add(&w, two);
	world_add(&w, user);
	ck_assert_int_eq(world_start(&w, user), HELIX_E_DEPENDENCY_DOWN);
	ck_assert_said(&w, "depends on one, which is registered; modprobe starts dependencies first");
	ck_assert_int_eq(hload_remove(w.system, hload_find(w.system, "two"), &w.diag),
			 HELIX_E_NOT_LOADED);
	ck_assert_int_eq(world_start(&w, two), HELIX_OK);
	ck_assert_str_eq(first_dependency("user"), "two");
	ck_assert_int_eq(world_start(&w, user), HELIX_OK);
	ck_assert_int_eq(world_start(&w, one), HELIX_OK);
	ck_assert_int_eq(world_remove(&w, "one"), HELIX_OK); /* not held: no path, forgotten */
	ck_assert_int_eq(world_remove(&w, "two"), HELIX_E_BUSY);
	ck_assert_said(&w, "module two is in use by: user");
	world_close(&w);
}
END_TEST

/* ---- circles ------------------------------------------------------------------- */

START_TEST(a_circle_is_refused_with_its_path)
{
	static const struct {
		const char *of_a, *of_b, *of_c, *sentence; /* c is registered last */
	} rows[] = {
		{ "b", "c", "a", "dependency cycle: c → a → b → c" },
		{ "?b", "?c", "?a", "dependency cycle: c → a → b → c" },
		{ "b > 7", "c > 7", "a > 7", "dependency cycle: c → a → b → c" },
		{ "cap:cap_b", "c", "a", "dependency cycle: c → a → b → c" },
		{ "b", "cap:cap_c", "?cap:cap_a", "dependency cycle: c → a → b → c" },
		{ "b", "x", "c", "dependency cycle: c → c" },
		{ "b", "x", "cap:cap_c", "dependency cycle: c → c" },
		{ "c", "x", "a", "dependency cycle: c → a → c" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct hload_module *m;
		struct world_held before;

		world_open(&w);
		world_add(&w, MODULE(.name = "a", .provides = LIST("cap_a"),
				     .dependencies = LIST(rows[i].of_a)));
		world_add(&w, MODULE(.name = "b", .provides = LIST("cap_b"),
				     .dependencies = LIST(rows[i].of_b)));
		before = world_held(&w);
		ck_assert_int_eq(world_try(&w,
					   MODULE(.name = "c", .provides = LIST("cap_c"),
						  .dependencies = LIST(rows[i].of_c)),
					   &m),
				 HELIX_E_CIRCULAR);
		ck_assert_said(&w, rows[i].sentence);
		ck_assert_same_held(&w, before);
		world_add(&w, MODULE(.name = "c", .provides = LIST("cap_c")));
		world_close(&w);
	}
}
END_TEST

START_TEST(a_second_provider_may_not_close_a_circle_either)
{
	struct hload_module *m;

	world_open(&w);
	world_add(&w, MODULE(.name = "disk", .provides = LIST("store")));
	world_add(&w, MODULE(.name = "user", .dependencies = LIST("cap:store")));
	ck_assert_int_eq(world_try(&w, MODULE(.name = "cloud", .provides = LIST("store"),
					      .dependencies = LIST("user")), &m),
			 HELIX_E_CIRCULAR);
	ck_assert_said(&w, "dependency cycle: cloud → user → cloud");
	world_close(&w);
}
END_TEST

/* ---- thousands of random graphs -------------------------------------------------- */

#define NODES 8
static const char *const names[NODES] = { "n0", "n1", "n2", "n3", "n4", "n5", "n6", "n7" };
static const char *const caps[NODES] = { "c0", "c1", "c2", "c3", "c4", "c5", "c6", "c7" };
static uint64_t seed = 1;

static unsigned random_below(unsigned n)
{
	seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407;
	return (unsigned)(seed >> 33) % n;
}

struct graph {
	bool edge[NODES][NODES]; /* wanted, whether registered or not */
	bool cap[NODES][NODES]; /* wanted as a capability */
	bool optional[NODES][NODES];
	bool in[NODES]; /* registered */
	char text[NODES][NODES][16];
	const char *list[NODES][NODES + 1];
	struct hload_module *module[NODES];
	unsigned order[NODES], count; /* of registration */
};

static void make_graph(struct graph *g)
{
	unsigned density = 1 + random_below(4);

	memset(g, 0, sizeof *g);
	for (unsigned i = 0; i < NODES; i++) {
		unsigned k = 0;

		for (unsigned j = 0; j < NODES; j++) {
			g->edge[i][j] = random_below(12) < density && (i != j || !random_below(4));
			g->cap[i][j] = !random_below(3);
			g->optional[i][j] = !random_below(3);
			if (!g->edge[i][j])
				continue;
			snprintf(g->text[i][k], 16, "%s%s", g->optional[i][j] ? "?" : "",
				 g->cap[i][j] ? "cap:" : "");
			strcat(g->text[i][k], g->cap[i][j] ? caps[j] : names[j]);
			g->list[i][k] = g->text[i][k];
			k++;
		}
	}
}

/* Whether `from` reaches `to` over one edge or more among registered ones. */
static bool reaches(const struct graph *g, unsigned from, unsigned to)
{
	bool r[NODES][NODES];

	for (unsigned i = 0; i < NODES; i++)
		for (unsigned j = 0; j < NODES; j++)
			r[i][j] = g->edge[i][j] && g->in[i] && g->in[j];
	for (unsigned k = 0; k < NODES; k++)
		for (unsigned i = 0; i < NODES; i++)
			for (unsigned j = 0; j < NODES; j++)
				r[i][j] = r[i][j] || (r[i][k] && r[k][j]);
	return r[from][to];
}

/* The list is a walk along edges from `node` to itself. */
static void check_path(const struct graph *g, unsigned node)
{
	const char *p = w.diag.list;
	unsigned last = NODES, at = NODES, steps = 0;

	ck_assert_ptr_nonnull(p);
	for (; *p; steps++) {
		ck_assert_int_eq(p[0], 'n');
		at = (unsigned)(p[1] - '0');
		ck_assert(last == NODES ? at == node : g->edge[last][at] && g->in[at]);
		last = at;
		p += 2;
		if (*p) {
			ck_assert_msg(!strncmp(p, " → ", 5), "%s", w.diag.list);
			p += 5;
		}
	}
	ck_assert_uint_eq(at, node);
	ck_assert_uint_ge(steps, 2);
}

static unsigned register_all(struct graph *g)
{
	unsigned refused = 0;

	for (unsigned n = 0; n < NODES; n++) {
		unsigned i = random_below(NODES);
		bool circle;
		enum helix_status status;

		while (g->in[i])
			i = (i + 1) % NODES;
		g->in[i] = true;
		circle = reaches(g, i, i);
		status = world_try(&w, MODULE(.name = names[i], .provides = LIST(caps[i]),
					      .dependencies = g->list[i]), &g->module[i]);
		ck_assert_int_eq(status, circle ? HELIX_E_CIRCULAR : HELIX_OK);
		if (circle) {
			check_path(g, i);
			hload_diag_free(w.system, &w.diag);
			memset(g->edge[i], 0, sizeof g->edge[i]);
			world_try(&w, MODULE(.name = names[i], .provides = LIST(caps[i])),
				  &g->module[i]);
			refused++;
		}
		g->order[g->count++] = i;
	}
	return refused;
}

/* The order by hand: of those whose dependencies are done, the earliest. */
static void check_plan(const struct graph *g, unsigned root)
{
	struct hload_module *order[NODES], *expected[NODES];
	bool done[NODES] = { false };
	size_t length, n = 0;

	ck_assert_int_eq(hload_plan(w.system, &g->module[root], 1, order, NODES, &length, &w.diag),
			 HELIX_OK);
	for (unsigned k = 0; k < NODES;) {
		unsigned i = g->order[k++];
		bool ready = !done[i] && (i == root || reaches(g, root, i));

		for (unsigned j = 0; j < NODES; j++)
			ready = ready && (!g->edge[i][j] || done[j]);
		if (!ready)
			continue;
		done[i] = true;
		expected[n++] = g->module[i];
		k = 0;
	}
	ck_assert_uint_eq(length, n);
	ck_assert_mem_eq(order, expected, n * sizeof *order);
}

START_TEST(random_graphs_agree_with_a_matrix)
{
	unsigned refused = 0;

	for (unsigned i = 0; i < 2000; i++) {
		struct graph g;

		seed = i;
		world_open(&w);
		make_graph(&g);
		refused += register_all(&g);
		check_plan(&g, random_below(NODES));
		world_close(&w);
	}
	ck_assert_uint_gt(refused, 200);
	ck_assert_uint_lt(refused, 2000 * NODES / 2);
}
END_TEST

/* ---- a long chain ---------------------------------------------------------------- */

#define CHAIN 10000

static struct hload_module *chain_link(unsigned i, unsigned to)
{
	char name[16], wanted[16];

	snprintf(name, sizeof name, "n%u", i);
	snprintf(wanted, sizeof wanted, "n%u", to);
	return world_add(&w, MODULE(.name = name, .dependencies = LIST(wanted)));
}

/* Each depends on the one before it; registered from either end. */
START_TEST(a_chain_of_ten_thousand_needs_no_deep_stack)
{
	static struct hload_module *order[CHAIN];
	struct hload_module *top = NULL, *m, *closing;
	size_t length;

	world_open(&w);
	for (unsigned n = 0; n < CHAIN; n++) {
		unsigned i = _i ? CHAIN - n : n + 1;

		m = chain_link(i, i - 1);
		if (i == CHAIN)
			top = m;
	}
	ck_assert_int_eq(hload_plan(w.system, &top, 1, order, CHAIN, &length, &w.diag),
			 HELIX_E_DEPENDENCY);
	ck_assert_str_eq(harness_text(&w.diag), "depends on n0, which is not registered; "
						"add the module that provides it to the initrd");
	ck_assert_str_eq(w.diag.section_name, "n1");
	ck_assert_int_eq(world_try(&w, MODULE(.name = "n0", .dependencies = LIST("n10000")),
				   &closing), HELIX_E_CIRCULAR);
	ck_assert_msg(!strncmp(w.diag.list, "n0 → n10000 → n9999 → ", 28), "%s", w.diag.list);
	ck_assert_str_eq(w.diag.list + strlen(w.diag.list) - strlen(" → n1 → n0"), " → n1 → n0");
	hload_diag_free(w.system, &w.diag);
	world_add(&w, MODULE(.name = "n0"));
	ck_assert_int_eq(hload_plan(w.system, &top, 1, order, CHAIN, &length, &w.diag),
			 HELIX_E_TOO_LARGE);
	ck_assert_said(&w, "the list of modules is too large: 10001, at most 10000");
	m = hload_find(w.system, "n9999");
	ck_assert_int_eq(hload_plan(w.system, &m, 1, order, CHAIN, &length, &w.diag), HELIX_OK);
	ck_assert_uint_eq(length, CHAIN);
	for (size_t i = 1; i < length; i++)
		ck_assert_ptr_eq(hload_dependency(order[i], 0), order[i - 1]);
	world_close(&w);
}
END_TEST

static void each_way_of_the_chain(void)
{
	Suite *suite = suite_create("chain");
	TCase *tcase = tcase_create("chain");
	SRunner *runner;

	tcase_set_timeout(tcase, 120);
	tcase_add_loop_test(tcase, a_chain_of_ten_thousand_needs_no_deep_stack, 0, 2);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	if (srunner_ntests_failed(runner))
		exit(EXIT_FAILURE);
	srunner_free(runner);
}

int main(void)
{
	const TTest *const tests[] = { an_edge_is_bound_whichever_end_comes_first,
				       a_capability_is_the_first_providers,
				       a_running_provider_is_preferred,
				       a_circle_is_refused_with_its_path,
				       a_second_provider_may_not_close_a_circle_either,
				       random_graphs_agree_with_a_matrix };

	each_way_of_the_chain();
	return world_main("graph", tests, sizeof tests / sizeof tests[0], 240);
}
