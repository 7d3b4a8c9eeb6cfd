/* SPDX-License-Identifier: MIT
 *
 * Interfaces inside the loader. A user holds a port: a table of small pieces of
 * code, one an operation, that all lead through the gate; the gate counts the
 * caller in and calls whoever the port is bound to at that moment. A port
 * outlives the implementors it was bound to.
 *
 * The counts come in two, and a phase says which one callers take. Who changes
 * what a port is bound to and wants to know that nobody uses the old one any
 * more waits until each count was zero once, and turns the phase so that new
 * callers do not hold one up for ever: hload_ports_drain.
 */
#ifndef LOADER_INTERFACE_H
#define LOADER_INTERFACE_H

#include "loader/call.h"

/* One interface of a loaded module. */
struct hload_implementor {
	struct hload_interface *interface; /* NULL while the module does not run */
	struct hload_implementor *next; /* of the same interface, the primary first */
	struct hload_module *module;
	const struct hmod_flat_interface *declared;
	const uint64_t *operation; /* addresses, `count` of them, in the module's memory */
	uint32_t count;
	uint64_t message; /* of the v1 function; 0: none */
	uint64_t order; /* among those of one priority; kept until it is unloaded */
	bool preferred;
};

struct hload_interface {
	struct hload_node node; /* by name; the name is behind the struct */
	struct hload_interface *next, *previous; /* in the order they first came */
	struct hload_implementor *implementors;
	struct hload_port *ports;
	uint32_t named; /* loaded modules that stand or will stand under it */
};

/* A user of a port: a module, or the embedder (NULL). */
struct hload_user {
	struct hload_user *next;
	struct hload_module *module;
	uint64_t count;
};

struct hload_port {
	struct hload_port *next; /* of the same interface; kept once unmade */
	struct hload_port *unmade; /* of those that wait to be freed */
	struct hload_interface *interface;
	struct hload_system *system;
	uint32_t version; /* HLOAD_INTERFACE_VERSION: what was asked for, at least */
	uint64_t from; /* the one implementor's module id; 0: the primary */
	struct hload_implementor *bound; /* atomic */
	uint64_t inside[2]; /* atomic: callers by phase */
	uint32_t phase; /* atomic; 0 or 1 */
	struct hload_region region; /* the table and the code */
	struct hload_user *users;
};

/* Before the first instruction: puts an object's interfaces, whose places were
 * found while it was loaded, into the module. */
enum helix_status hload_interfaces_add(struct hload_module *module, struct hmod_diag *diag);
void hload_interfaces_free(struct hload_module *module);
/* Finds or makes the interfaces a module will stand under; fails without memory.
 * unname lets go of them: safe after any part. */
enum helix_status hload_interfaces_name(struct hload_module *module, struct hmod_diag *diag);
void hload_interfaces_unname(struct hload_module *module);
/* Into the lists of who implements, and out of them: ports are bound anew. */
void hload_interfaces_open(struct hload_module *module);
void hload_interfaces_close(struct hload_module *module);

/* Waits until nobody is in the module through a port that is no longer bound to
 * it; false when `deadline` passed, and then how many are: *inside. */
bool hload_ports_drain(struct hload_module *module, uint64_t deadline, uint64_t *inside);
/* Binds the ports of an interface to who is the primary now. */
void hload_ports_bind(struct hload_interface *interface);
/* Frees all ports, whoever holds them: the system goes. */
void hload_ports_free(struct hload_system *system);
/* Gives back what a module holds of ports; how many references that were. */
uint64_t hload_ports_release(struct hload_module *user);
/* The first user that holds a port bound to `module` from `after` on (NULL begins):
 * its name ("kernel" for the embedder), or NULL. */
const char *hload_ports_user(const struct hload_module *module, uint32_t i,
			     const char **interface);
/* The implementor's version is the major asked for and no older minor. */
bool hload_interface_fits(const struct hload_implementor *implementor, uint32_t version);
/* The interface of that name; made when `make`. NULL: none, or no memory. */
struct hload_interface *hload_interface_find(struct hload_system *system, const char *name,
					     bool make);
/* Frees it when nothing is left of it. */
void hload_interface_drop(struct hload_system *system, struct hload_interface *interface);

/* ---- the gate: gate_x86_64.c -------------------------------------------------------- */

#define HLOAD_GATE_SIZE (16 + 8 * HELIX_OPERATIONS_MAX + 24 * HELIX_OPERATIONS_MAX)

/* Writes a port's table and code as they will stand at `address`: 16 bytes (the
 * port and the gate), HELIX_OPERATIONS_MAX addresses, as many pieces of code. */
void hload_gate_write(uint8_t *write, uint64_t address, struct hload_port *port);

/* What the gate's assembler calls. The address of the operation to call, 0 when
 * there is none: then frame->status is what the caller gets. */
uint64_t hload_gate_enter(struct hload_port *port, uint32_t operation, struct hload_frame *frame);
void hload_gate_leave(struct hload_frame *frame);

#endif
