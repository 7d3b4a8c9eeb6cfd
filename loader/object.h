/* SPDX-License-Identifier: MIT
 *
 * One object brought into memory: laid out, copied, resolved, relocated and
 * protected. Knows nothing of names of modules, states or dependencies.
 */
#ifndef LOADER_OBJECT_H
#define LOADER_OBJECT_H

#include "loader/host.h"
#include "loader/index.h"
#include "modfmt/image.h"
#include "modfmt/meta.h"

/* An exported symbol; `node` stands in the system's export index by name. */
struct hload_export_entry {
	struct hload_node node; /* key: the name */
	uint64_t address;
	void *owner; /* the module, or NULL for the embedder */
	const char *ns; /* only for those who declare it; NULL: for all */
	const char *replacement; /* of a deprecated one; NULL: it is not */
	uint64_t removed; /* the version it went with; 0: it may still be imported */
	bool weak; /* gives way to one that is not */
};

/* A function's place, for backtraces; sorted by address. */
struct hload_function {
	uint32_t offset; /* from the text region's start, bytes */
	uint32_t name; /* offset in `strings`, plus name_base */
};

/* Where one of the object's interfaces stands; the n-th of its metadata. */
struct hload_object_interface {
	uint64_t operations; /* of the first of its function pointers */
	uint64_t message; /* its function for messages; 0: none */
};

/* One array of constructors or destructors: addresses of functions. */
struct hload_array {
	uint64_t address; /* of the first entry, in the module */
	uint32_t count; /* entries */
	uint32_t section, priority; /* their order */
	bool fini; /* destructors */
	bool old; /* .ctors, .dtors: the other way round */
};

/* The kinds of places an object has: its regions', and its table of addresses. */
#define HLOAD_PLACE_GOT HLOAD_KINDS
#define HLOAD_PLACES (HLOAD_KINDS + 1)

struct hload_object {
	struct hload_region region[HLOAD_KINDS];
	struct {
		struct hload_object *below, *above;
	} place[HLOAD_PLACES]; /* in the trees of places */
	struct hload_region got; /* RODATA: 8 bytes an address; only where code needs it */
	uint64_t hook[HMOD_HOOKS]; /* run-time addresses; 0: not given */
	struct hload_export_entry *exports;
	uint32_t export_count, export_room; /* entries in the index, allocated */
	struct hload_function *functions;
	uint32_t function_count;
	char *strings; /* names of exports and functions */
	size_t strings_size;
	uint32_t name_base; /* what a function's name counts from */
	struct hload_object_interface *interfaces;
	uint32_t interface_count;
	struct hload_array *arrays; /* in order; NULL for most modules */
	uint32_t array_count, array_room; /* entries used, allocated */
	bool constructed; /* the constructors ran, the destructors did not */
	void **providers; /* owners of imported symbols, each once, never NULL or self */
	uint32_t provider_count, provider_room; /* entries used, allocated */
};

/* What an unresolved symbol's message may add: "(foo is exported by lib, which
 * is not loaded)". Returns the module's name, or NULL. */
struct hload_loading {
	const struct hload_host *host;
	struct hload_index *exports; /* of struct hload_export_entry */
	void *owner; /* stored in the entries */
	const char *(*who_exports)(void *ctx, const char *symbol);
	const char *(*owner_name)(void *ctx, const void *owner); /* NULL owner: "kernel" */
	void *ctx;
	uint64_t version; /* of the module, for deprecated exports */
	/* Of modules that are to replace others: their exports, looked at first, and
	 * where those of this one go; NULL for all others. */
	struct hload_index *fresh;
	bool (*hides)(void *ctx, const void *owner); /* whose exports are not seen; or NULL */
};

/* Brings `image` into memory and adds its exports to the index. `object` is
 * zeroed. On refusal everything taken is given back and the index is as it
 * was. */
enum helix_status hload_object_load(struct hload_object *object,
				    const struct hload_loading *loading,
				    const struct hmod_image *image, struct hmod_diag *diag);
/* Takes the exports out of the index and gives everything back. Safe on a
 * zeroed object and after any stage. */
void hload_object_unload(struct hload_object *object, const struct hload_host *host,
			 struct hload_index *exports);

/* The loaded objects by address, a tree a kind of place; zeroed it is empty. `host`
 * has the lock around changes, and may be NULL. */
struct hload_places {
	const struct hload_host *host;
	struct hload_object *root[HLOAD_PLACES];
};

/* An object is in from after its load until before its unload. */
void hload_places_add(struct hload_places *places, struct hload_object *object);
void hload_places_remove(struct hload_places *places, struct hload_object *object);
/* The object whose region of that kind, or any region, holds `address`; NULL: none.
 * O(log n). What is found stays there while the loader's lock or map_lock is held. */
struct hload_object *hload_places_find(const struct hload_places *places, unsigned kind,
				       uint64_t address);
struct hload_object *hload_places_find_any(const struct hload_places *places, uint64_t address);
/* The host's map_lock; the result is for unlock. */
bool hload_places_lock(const struct hload_places *places);
void hload_places_unlock(const struct hload_places *places, bool state);

/* Call the module's constructors in order, and its destructors the other way.
 * Without arrays nothing is done but keeping `constructed`. Called where hooks
 * are. */
void hload_construct(struct hload_object *object);
void hload_destruct(struct hload_object *object);

#endif
