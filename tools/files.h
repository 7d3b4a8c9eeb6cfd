/* SPDX-License-Identifier: MIT
 *
 * The modules of an image, as the kernel comes to see its files, or of a folder.
 */
#ifndef TOOLS_FILES_H
#define TOOLS_FILES_H

#include "tools/tool.h"

struct file {
	char *path; /* "/lib/modules/x.hmod" of an image; of a folder as it was found */
	bool directory;
	struct hmod_span data; /* as stored */
	uint32_t archive;
	struct bytes own; /* inflated, or of a folder's file */
};

struct files { /* sorted by path */
	struct bytes image;
	struct file *at;
	size_t count, room;
};

/* False after a message. Damage of an archive is told to `complain`, in the kernel's
 * words; what stands before it is there. Free with files_free either way. */
bool files_of_image(const char *path, struct files *files, void (*complain)(const char *text));
/* Its *.hmod and *.hmod.gz. */
bool files_of_folder(const char *path, struct files *files);
void files_free(struct files *files);

/* The entry, or NULL. */
struct file *files_find(const struct files *files, const char *path);
/* Whether it is a module to be registered. */
bool file_is_module(const struct file *file);
/* The bytes, inflated if need be; good until files_free. As the kernel refuses. */
enum helix_status files_get(const struct files *files, const char *path, struct hmod_span *bytes,
			    struct hmod_diag *diag);

#endif
