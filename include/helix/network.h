/* SPDX-License-Identifier: MIT
 *
 * The interface "helix.network": an Ethernet device. Frames begin with the
 * destination address and end before the checksum, which the device adds and
 * checks.
 *
 * Operations are called in thread context, on any CPU, several at once; only
 * receive may sleep. Buffers are the caller's and are not kept. Each returns
 * HELIX_OK, a count where it says so, or a negative status.
 */
#ifndef HELIX_NETWORK_H
#define HELIX_NETWORK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <helix/status.h>

#ifdef __cplusplus
extern "C" {
#endif

#define HELIX_ETHERNET_ADDRESS 6 /* bytes */
#define HELIX_ETHERNET_HEADER 14 /* bytes before the payload */

struct helix_network_info {
	uint8_t address[HELIX_ETHERNET_ADDRESS];
	uint16_t mtu; /* bytes of payload in one frame, without the header */
	bool link; /* a cable is plugged in and the other side answers */
};

struct helix_network_stats {
	uint64_t sent, received; /* frames */
	uint64_t sent_bytes, received_bytes;
	uint64_t errors; /* frames the device could not send or received damaged */
	uint64_t dropped; /* frames that came while nobody fetched them */
};

/* The operations by name, for `.names = HELIX_OPERATIONS(HELIX_NETWORK_OPERATIONS)`. */
#define HELIX_NETWORK_OPERATIONS "info", "send", "receive", "stats"

struct helix_network_ops {
	int (*info)(struct helix_network_info *info);
	/* Queues one whole frame of `size` bytes. TOO_LARGE; BUSY when the device's
	 * queue is full; IO without a link. */
	int (*send)(const void *frame, size_t size);
	/* The oldest frame that waits, copied to `buffer`: its bytes. Waits for one for
	 * up to `nanoseconds` (0: not at all); DEADLINE when none came. TOO_LARGE when
	 * it has more than `capacity` bytes: it is dropped. */
	int (*receive)(void *buffer, size_t capacity, uint64_t nanoseconds);
	int (*stats)(struct helix_network_stats *stats);
};

#ifdef __cplusplus
}
#endif
#endif
