/* SPDX-License-Identifier: MIT
 *
 * Commands about how modules fare: their health, and the state they would save.
 */
#include "kernel/core/kernel.h"
#include "kernel/core/print.h"
#include "kernel/core/string.h"
#include "kernel/mm/mm.h"
#include "kernel/shell/command.h"
#include "kernel/shell/payload.h"
#include "kernel/svc/modules.h"
#include "loader/services.h"

/* ---- health ------------------------------------------------------------------------- */

static void age_text(uint64_t since_ns, uint64_t now, char text[16])
{
	ksnprintf(text, 16, "%lu.%lus", (now - since_ns) / 1000000000,
		  (now - since_ns) / 100000000 % 10);
}

/* "yes", "no"; "-": it cannot be asked; "?": it was not asked yet. */
static const char *healthy_text(const struct hload_info *info, const struct hload_health *health)
{
	if (info->state != HLOAD_RUNNING || !health->asked)
		return "-";
	if (!health->checked_ns)
		return "?";
	return health->healthy ? "yes" : "no";
}

static void print_health(struct hload_module *module)
{
	struct hload_health health;
	struct hload_info info;
	char age[16] = "-", checked[16] = "-";
	uint64_t now = clock_now_ns();

	hload_info(module, &info);
	hload_health(modules, module, &health);
	if (info.state == HLOAD_RUNNING) {
		age_text(health.since_ns, now, age);
		if (health.checked_ns)
			age_text(health.checked_ns, now, checked);
	}
	kprintf("%-19s %-12s %-7s %8s %8s %8u %-8s", info.meta->name,
		hload_state_name(info.state), healthy_text(&info, &health), age, checked,
		health.restarts, hmod_policy_name(health.policy));
	if (health.last_error)
		kprintf(" %s%s%s", hmod_status_name(health.last_error), health.text[0] ? ": " : "",
			health.text);
	else
		kputs(" -");
	kputs("\n");
}

/* Modules that are not loaded are shown when something went wrong with them. */
static bool is_shown(const struct hload_module *module)
{
	struct hload_info info;
	struct hload_health health;

	hload_info(module, &info);
	hload_health(modules, module, &health);
	return info.state != HLOAD_REGISTERED || health.last_error;
}

static int run_health(int argc, char **argv)
{
	struct hload_module *module = NULL;

	if (argc > 2)
		return USAGE;
	if (argc == 2 && !(module = shell_get("health", argv[1])))
		return 1;
	kputs("Module              State        Healthy      Age  Checked Restarts Policy   Last error\n");
	if (module) {
		print_health(module);
		hload_put(modules, module);
		return 0;
	}
	while ((module = hload_get_next(modules, module)))
		if (is_shown(module))
			print_health(module);
	return 0;
}

/* ---- state -------------------------------------------------------------------------- */

static void print_field(void *ctx, const struct hload_state_field *field)
{
	uint64_t number = 0;

	(void)ctx;
	kprintf("%s (%s): ", field->name, field->type);
	if (field->size == sizeof number)
		memcpy(&number, field->value, sizeof number);
	if (!strcmp(field->type, "uint"))
		kprintf("%lu\n", number);
	else if (!strcmp(field->type, "int"))
		kprintf("%ld\n", (long)number);
	else if (!strcmp(field->type, "text"))
		kprintf("%s\n", (const char *)field->value);
	else
		kprintf("%lu bytes\n", (unsigned long)field->size);
}

static int run_state(int argc, char **argv)
{
	struct hload_saved state = { NULL, 0 };
	struct hload_module *module;
	struct hmod_diag diag;
	int status = 0;

	if (argc != 2)
		return USAGE;
	module = shell_get("state", argv[1]);
	if (!module)
		return 1;
	if (hload_state_save(modules, module, &state, &diag)) {
		status = shell_fail("state", NULL, &diag);
	} else {
		kprintf("%lu bytes\n", (unsigned long)state.size);
		hload_state_each(&state, print_field, NULL);
		hload_state_free(modules, &state);
	}
	hload_put(modules, module);
	return status;
}

const struct command health_commands[] = {
	{ "health", run_health, "[NAME]", "how modules fare: asked, when, restarted, last error",
	  COMPLETE_MODULE },
	{ "state", run_state, "NAME", "what a running module saves of itself, now",
	  COMPLETE_MODULE },
	{ NULL, NULL, NULL, NULL, COMPLETE_NOTHING },
};
