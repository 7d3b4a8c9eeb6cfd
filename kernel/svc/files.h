/* SPDX-License-Identifier: MIT
 *
 * The files of the initial ramdisks: a sorted, read-only tree. Later archives
 * override earlier ones. Thread context.
 */
#ifndef KERNEL_SVC_FILES_H
#define KERNEL_SVC_FILES_H

#include "modfmt/diag.h"
#include "modfmt/span.h"

#define HMOD_FILES_MAX (UINT64_C(256) << 20) /* bytes of an inflated file or archive */

struct file {
	char *path; /* absolute: "/lib/modules/hello.hmod" */
	bool directory;
	struct hmod_span data;
	uint32_t sequence; /* of its archive entry; later overrides */
};

/* Reads every boot module whose words begin with "initrd". Damage is logged;
 * what came before it is kept. */
void files_init(void);
const struct file *file_find(const char *path);
/* The i-th entry whose path begins with `prefix`, in order; NULL past the end. */
const struct file *file_prefix(const char *prefix, unsigned i);
bool file_is_directory(const char *path);

/* A file's bytes, inflated when it is gzip'd; file_put gives them back. */
enum helix_status file_get(const char *path, struct hmod_span *bytes, struct hmod_diag *diag);
void file_put(const char *path, struct hmod_span bytes);

#endif
