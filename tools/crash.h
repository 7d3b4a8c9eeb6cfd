/* SPDX-License-Identifier: MIT
 *
 * What becomes of a process whose module crashes or does not come back: one line
 * that names the place in the module, and exit status EXIT_CRASHED.
 */
#ifndef TOOLS_CRASH_H
#define TOOLS_CRASH_H

/* From here on; after `seconds` (0: never) without the end of the process it hangs.
 * `file` is what messages call it. */
void crash_watch(const char *file, unsigned seconds);
/* SIGSEGV … for messages. */
const char *crash_signal_name(int number);

#endif
