/* SPDX-License-Identifier: MIT
 *
 * The interface helix.journal: what journal implements and scribe uses. Thread
 * context.
 */
#ifndef MODULES_JOURNAL_JOURNAL_H
#define MODULES_JOURNAL_JOURNAL_H

struct journal_ops {
	/* Entries that are kept. */
	int (*count)(void);
	/* Forgets them all; how many there were. */
	int (*clear)(void);
};

#endif
