/* SPDX-License-Identifier: MIT
 *
 * The functions of the module API that the loader has itself, for embedders to
 * export.
 */
#include "loader/internal.h"

#include "helix/module.h"

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
};
const size_t hload_api_count = sizeof hload_api / sizeof hload_api[0];
