/* SPDX-License-Identifier: MIT
 *
 * The end of the boot: files, modules, then the shell, or the script of
 * `helix exec`.
 */
#include "kernel/core/kernel.h"
#include "kernel/core/log.h"
#include "kernel/core/string.h"
#include "kernel/shell/shell.h"
#include "kernel/svc/events.h"
#include "kernel/svc/files.h"
#include "kernel/svc/modules.h"
#include "kernel/svc/service_threads.h"

static const struct boot_module *script(void)
{
	for (unsigned i = 0; i < boot_info.module_count; i++)
		if (!strncmp(boot_info.modules[i].words, "exec", 4))
			return &boot_info.modules[i];
	return NULL;
}

void kernel_main(void)
{
	const struct boot_module *exec;

	log_line(LOG_INFO, "Helix, booted by %s", boot_info.boot_loader);
	files_init();
	modules_init();
	service_threads_start();
	events_init();
	modules_boot();
	exec = script();
	if (exec)
		shell_script(exec->bytes);
	shell_interactive();
}
