/* SPDX-License-Identifier: MIT
 *
 * The interface "helix.security": who decides what modules may do. Asked before
 * the thing is done, after everything else has agreed to it: HELIX_OK allows it,
 * a negative status refuses it, and helix_fail gives the reason that whoever
 * asked is shown.
 *
 * Operations are called in thread context, one at a time for each module asked
 * about; they must answer soon and must not ask modules themselves. Texts are
 * valid until the return. What an implementor leaves NULL is allowed.
 */
#ifndef HELIX_SECURITY_H
#define HELIX_SECURITY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <helix/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The module asked about. */
struct helix_security_subject {
	const char *name; /* normalised */
	const char *path; /* of its file; NULL when it has none */
	uint64_t version; /* HELIX_VERSION */
	uint64_t flags; /* HELIX_ESSENTIAL … */
	bool is_signed; /* by a key that the kernel knows */
};

/* The operations by name, for `.names = HELIX_OPERATIONS(HELIX_SECURITY_OPERATIONS)`. */
#define HELIX_SECURITY_OPERATIONS "may_load", "may_unload", "may_reload", "may_request"

struct helix_security_ops {
	/* Before any of its code is placed. */
	int (*may_load)(const struct helix_security_subject *subject);
	int (*may_unload)(const struct helix_security_subject *subject);
	/* `with` replaces `subject`. */
	int (*may_reload)(const struct helix_security_subject *subject,
			  const struct helix_security_subject *with);
	/* `source` is a module's name, or "shell", "kernel". */
	int (*may_request)(const char *source, const char *target, const char *type);
};

#ifdef __cplusplus
}
#endif
#endif
