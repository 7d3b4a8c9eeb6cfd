/* SPDX-License-Identifier: MIT
 *
 * The functions of the module API that the loader has itself, for embedders to
 * export.
 */
#include "loader/internal.h"

#include "helix/module_v1.h"

#define API(function) { #function, (uint64_t)(uintptr_t)function }

const struct hload_symbol hload_api[] = {
	API(helix_config),
	API(helix_config_or),
	API(helix_config_uint),
	API(helix_config_int),
	API(helix_config_bool),
	API(helix_config_item),
	API(helix_module_id),
	API(helix_fail),
	API(helix_event_raise),
	API(helix_interface_get),
	API(helix_interface_get_from),
	API(helix_interface_put),
	API(helix_interface_is_null),
	API(helix_interface_check),
	API(helix_interface_supports),
	API(helix_interface_implementors),
	API(helix_request),
	API(helix_request_within),
	API(helix_reply_free),
	API(helix_respond),
	API(helix_respond_text),
	API(helix_respond_error),
	API(helix_state_put_uint),
	API(helix_state_put_int),
	API(helix_state_put_text),
	API(helix_state_put_bytes),
	API(helix_state_version),
	API(helix_state_get_uint),
	API(helix_state_get_int),
	API(helix_state_get_text),
	API(helix_state_get_bytes),
	API(helix_payload_empty),
	API(helix_payload_bytes),
	API(helix_payload_text),
	API(helix_payload_integer),
	API(helix_payload_boolean),
	API(helix_payload_map),
	API(helix_payload_list),
	API(helix_payload_put),
	API(helix_payload_append),
	API(helix_payload_free),
	API(helix_payload_copy),
	API(helix_payload_kind),
	API(helix_payload_get_bytes),
	API(helix_payload_get_text),
	API(helix_payload_get_integer),
	API(helix_payload_get_boolean),
	API(helix_payload_count),
	API(helix_payload_at),
	API(helix_payload_find),
	API(helix_message_new),
	API(helix_message_response),
	API(helix_message_free),
	API(helix_v1_id),
	API(helix_v1_get_dependency),
	API(helix_v1_config),
	API(helix_v1_send_message),
	API(helix_v1_send_to_interface),
	API(helix_v1_context),
};
const size_t hload_api_count = sizeof hload_api / sizeof hload_api[0];
