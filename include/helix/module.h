/* SPDX-License-Identifier: MIT
 *
 * The one header a module includes: how it declares itself, what it exports,
 * which services it may call. Nothing is run to describe a module: the
 * declaration is data that tools and loader read from the file.
 * doc/HMOD.md specifies the bytes, doc/MODULES.md is the tutorial.
 */
#ifndef HELIX_MODULE_H
#define HELIX_MODULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <helix/record.h>
#include <helix/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- declaration ---------------------------------------------------- */

#define HELIX_VERSION(major, minor, patch)                                     \
	((uint64_t)(major) << 32 | (uint64_t)(minor) << 16 | (uint64_t)(patch))

/* Lists of any length. A dependency is `name`, with optional constraints
 * (`>= 1.0`, `< 2`, `= 1.2.3`, several separated by commas); `?` before the
 * name makes it optional. Provides are capability names. */
#define HELIX_DEPENDENCIES(...) HELIX_STRING_LIST_(__VA_ARGS__)
#define HELIX_PROVIDES(...) HELIX_STRING_LIST_(__VA_ARGS__)
#define HELIX_ALIASES(...) HELIX_STRING_LIST_(__VA_ARGS__)
#define HELIX_STRING_LIST_(...) ((const char *const[]){ __VA_ARGS__, NULL })

/* Records stand in the order they were written in: gcc would turn it round. */
#if defined __GNUC__ && !defined __clang__
#define HELIX_ORDERED_ , no_reorder
#else
#define HELIX_ORDERED_
#endif
#define HELIX_SECTION_(name) __attribute__((section(name), used, aligned(8) HELIX_ORDERED_))

/* Declares the module: designated initialisers of struct helix_module_record
 * (<helix/record.h>). Required: .name, .init, .start, .stop. One a module. */
#define HELIX_MODULE(...)                                                      \
	HELIX_STRICT_BEGIN_                                                    \
	static const struct helix_module_record helix_module_record_           \
		HELIX_SECTION_(".hmod.module") = {                             \
			.magic = HELIX_RECORD_MAGIC,                           \
			.format = HELIX_RECORD_FORMAT,                         \
			.size = sizeof(struct helix_module_record),            \
			.abi_major = HELIX_ABI_MAJOR,                          \
			.abi_minor = HELIX_ABI_MINOR,                          \
			__VA_ARGS__                                            \
		};                                                             \
	HELIX_STRICT_END_                                                      \
	HELIX_MODULE_CHECK_

/* C compilers only warn of an initialiser of a wrong type: an error here. C++
 * ones warn of each field that is left out: not here. */
#ifdef __cplusplus
#define HELIX_STRICT_BEGIN_                                                    \
	_Pragma("GCC diagnostic push")                                         \
	_Pragma("GCC diagnostic ignored \"-Wmissing-field-initializers\"")
#else
#define HELIX_STRICT_BEGIN_                                                    \
	_Pragma("GCC diagnostic push")                                         \
	_Pragma("GCC diagnostic error \"-Wincompatible-pointer-types\"")       \
	_Pragma("GCC diagnostic error \"-Wint-conversion\"")
#endif
#define HELIX_STRICT_END_ _Pragma("GCC diagnostic pop")

/* What no constant expression can say about the initialiser, an optimising
 * compiler still proves: the check folds to nothing, or the build stops with
 * the sentence. Without optimisation hmod link and the loader say the same. */
#if defined(__OPTIMIZE__) && !defined(__cplusplus)
void helix_name_missing_(void)
	__attribute__((error("HELIX_MODULE: .name is required")));
void helix_name_long_(void)
	__attribute__((error("HELIX_MODULE: .name is longer than 63 bytes")));
void helix_init_missing_(void)
	__attribute__((error("HELIX_MODULE: .init is required")));
void helix_start_missing_(void)
	__attribute__((error("HELIX_MODULE: .start is required")));
void helix_stop_missing_(void)
	__attribute__((error("HELIX_MODULE: .stop is required")));
void helix_dependency_bad_(void)
	__attribute__((error("HELIX_MODULE: .dependencies: write each as "
			     "\"name\", \"name >= 1.0\" or \"?name\"")));

#define HELIX_FOLDED_ static inline __attribute__((always_inline))
/* Of constant strings: clang, freestanding, folds a loop, gcc the library's
 * functions. Neither leaves a call behind. */
#ifdef __clang__
HELIX_FOLDED_ size_t helix_length_(const char *s)
{
	size_t n = 0;

	while (s[n])
		n++;
	return n;
}
HELIX_FOLDED_ void helix_dependency_check_(const char *s)
{
	(void)s; /* hmod link looks at it */
}
#else
#define helix_length_ __builtin_strlen
#define HELIX_NAME_BYTES_                                                      \
	"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-."
/* Whether a dependency is well written as far as its first version; the rest is
 * left to hmod link and the loader. */
HELIX_FOLDED_ bool helix_dependency_good_(const char *s)
{
	const char *name = s + (*s == '?'), *compare, *version;

	if (name[0] == 'c' && name[1] == 'a' && name[2] == 'p' && name[3] == ':')
		name += 4;
	compare = name + __builtin_strspn(name, HELIX_NAME_BYTES_);
	if (compare == name)
		return false;
	compare += __builtin_strspn(compare, " \t");
	version = compare + __builtin_strspn(compare, "<=>");
	if (version == compare)
		return !*compare;
	if (version - compare > 2 || (version - compare == 2 && compare[1] != '='))
		return false;
	version += __builtin_strspn(version, " \t");
	return *version >= '0' && *version <= '9';
}
HELIX_FOLDED_ void helix_dependency_check_(const char *s)
{
	bool good = helix_dependency_good_(s);

	if (__builtin_constant_p(good) && !good)
		helix_dependency_bad_();
}
#endif
#define HELIX_RECORD_CHECK_(r)                                                 \
	if (!r->name)                                                          \
		helix_name_missing_();                                         \
	size_t length = r->name ? helix_length_(r->name) : 0;                  \
	if (__builtin_constant_p(length) && length > HELIX_NAME_MAX)           \
		helix_name_long_();                                            \
	if (!r->init)                                                          \
		helix_init_missing_();                                         \
	if (!r->start)                                                         \
		helix_start_missing_();                                        \
	if (!r->stop)                                                          \
		helix_stop_missing_();                                         \
	if (r->dependencies && r->dependencies[0]) {                           \
		helix_dependency_check_(r->dependencies[0]);                   \
		if (r->dependencies[1])                                        \
			helix_dependency_check_(r->dependencies[1]);           \
	}
#define HELIX_MODULE_CHECK_                                                    \
	static void __attribute__((used)) helix_module_check_(void)            \
	{                                                                      \
		const struct helix_module_record *r = &helix_module_record_;   \
		HELIX_RECORD_CHECK_(r)                                         \
	}                                                                      \
	struct helix_module_record
#else
#define HELIX_MODULE_CHECK_ struct helix_module_record
#endif

/* Declares a parameter: type is string, int, uint, bool or list (strings
 * separated by commas); `standard` is its value when nobody sets it. Read it
 * with the helix_config functions. */
#define HELIX_PARAM(name_, type_, standard_, description_)                     \
	HELIX_STRICT_BEGIN_                                                    \
	static const struct helix_param_record helix_param_##name_             \
		HELIX_SECTION_(".hmod.param") = {                              \
			.name = #name_,                                        \
			.standard = HELIX_PARAM_TEXT_##type_(standard_),       \
			.description = description_,                           \
			.type = HELIX_PARAM_##type_,                           \
		};                                                             \
	HELIX_STRICT_END_                                                      \
	struct helix_param_record
/* The same for int and uint, refused unless least <= value <= most. */
#define HELIX_PARAM_RANGE(name_, type_, standard_, least_, most_, description_) \
	HELIX_STRICT_BEGIN_                                                    \
	static const struct helix_param_record helix_param_##name_             \
		HELIX_SECTION_(".hmod.param") = {                              \
			.name = #name_,                                        \
			.standard = HELIX_PARAM_TEXT_##type_(standard_),       \
			.description = description_,                           \
			.type = HELIX_PARAM_##type_,                           \
			.flags = HELIX_PARAM_RANGED,                           \
			.least = (uint64_t)(least_),                           \
			.most = (uint64_t)(most_),                             \
		};                                                             \
	HELIX_STRICT_END_                                                      \
	struct helix_param_record
#define HELIX_PARAM_TEXT_string(value) value
#define HELIX_PARAM_TEXT_list(value) value
#define HELIX_PARAM_TEXT_int(value) #value
#define HELIX_PARAM_TEXT_uint(value) #value
#define HELIX_PARAM_TEXT_bool(value) ((value) ? "true" : "false")

/* Makes a global function or variable importable by other modules; they
 * declare it `extern`. The name is the symbol's own, and cannot be a static's. */
#define HELIX_EXPORT(symbol) HELIX_EXPORT_(symbol, NULL)
#define HELIX_EXPORT_NS(symbol, ns) HELIX_EXPORT_(symbol, ns)
#define HELIX_EXPORT_(symbol_, ns_)                                            \
	HELIX_STRICT_BEGIN_                                                    \
	static const struct helix_export_record helix_export_##symbol_         \
		HELIX_SECTION_(".hmod.export") = {                             \
			.symbol = (const void *)&symbol_,                      \
			.ns = ns_,                                             \
		};                                                             \
	HELIX_STRICT_END_                                                      \
	struct helix_export_record
/* An export that goes: from version `since` of this module on, importing it warns
 * and names the replacement; from `removed` on (0: not planned) it is refused. */
#define HELIX_EXPORT_DEPRECATED(symbol_, replacement_, since_, removed_)       \
	HELIX_STRICT_BEGIN_                                                    \
	static const struct helix_export_record helix_export_##symbol_         \
		HELIX_SECTION_(".hmod.export") = {                             \
			.symbol = (const void *)&symbol_,                      \
			.replacement = replacement_,                           \
			.since = since_,                                       \
			.removed = removed_,                                   \
		};                                                             \
	HELIX_STRICT_END_                                                      \
	struct helix_export_record

/* Lets this module import what others export into namespace `ns`, a string of 1
 * to 63 bytes. Any number of times. */
#define HELIX_IMPORT_NS(ns) HELIX_IMPORT_NS_1_(ns, __COUNTER__)
#define HELIX_IMPORT_NS_1_(ns, n) HELIX_IMPORT_NS_2_(ns, n)
#define HELIX_IMPORT_NS_2_(ns, n)                                              \
	static const char helix_import_ns_##n[]                                \
		__attribute__((section(".hmod.import_ns"), used, aligned(1))) = ns

/* ---- context and parameters ------------------------------------------ */

/* The value of a parameter as text; NULL when it is neither set nor declared. */
const char *helix_config(const struct helix_context *ctx, const char *key);
/* As helix_config, `otherwise` in place of NULL. */
const char *helix_config_or(const struct helix_context *ctx, const char *key,
			    const char *otherwise);
/* Typed forms; `otherwise` when absent or not of that form. */
uint64_t helix_config_uint(const struct helix_context *ctx, const char *key,
			   uint64_t otherwise);
int64_t helix_config_int(const struct helix_context *ctx, const char *key,
			 int64_t otherwise);
bool helix_config_bool(const struct helix_context *ctx, const char *key,
		       bool otherwise);
/* Item `i` of a list, copied into `item` (`capacity` bytes with its NUL, cut to
 * fit); its whole length. HELIX_E_NOT_FOUND past the last, and for a parameter
 * that is no list. An empty value has no items, any other one more than commas. */
int helix_config_item(const struct helix_context *ctx, const char *key, size_t i,
		      char *item, size_t capacity);
/* This module's id, from 1; never used twice. A context lives as long as its
 * module is loaded. */
uint64_t helix_module_id(const struct helix_context *ctx);

/* Says why the running hook fails, in printf's way, and returns `status`:
 * `return helix_fail(HELIX_E_IO, "no device at 0x%x", port);`. The text (up to
 * 119 bytes) stands in whatever reports the failure. Of a hook that succeeds it
 * is dropped. */
int helix_fail(int status, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* ---- logging ---------------------------------------------------------- */

enum helix_log_level {
	HELIX_LOG_ERROR = 3,
	HELIX_LOG_WARN = 4,
	HELIX_LOG_INFO = 6,
	HELIX_LOG_DEBUG = 7,
};

/* One line, without a newline; the module's name is put before it. At most
 * 255 bytes are kept. printf's formats: d i u x X o c s p %, flags, width,
 * precision, hh h l ll z t j; no floating point. Any context. */
void helix_log(enum helix_log_level level, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* Who logs is told by the return address: so the call is never a function's last jump. */
#define HELIX_LOG_(level, ...)                                                 \
	__extension__({                                                        \
		helix_log(level, __VA_ARGS__);                                 \
		__asm__ volatile("");                                          \
	})
#define helix_error(...) HELIX_LOG_(HELIX_LOG_ERROR, __VA_ARGS__)
#define helix_warn(...) HELIX_LOG_(HELIX_LOG_WARN, __VA_ARGS__)
#define helix_info(...) HELIX_LOG_(HELIX_LOG_INFO, __VA_ARGS__)
#define helix_debug(...) HELIX_LOG_(HELIX_LOG_DEBUG, __VA_ARGS__)

/* ---- memory ----------------------------------------------------------- */

/* Memory charged to the calling module, 16-byte aligned, not zeroed (alloc) or
 * zeroed (zalloc); NULL when there is none. What a module still holds when it
 * is unloaded is reported and taken back. */
void *helix_alloc(size_t size);
void *helix_zalloc(size_t size);
/* NULL is allowed; any other pointer must come from helix_alloc/zalloc. */
void helix_free(void *block);

/* Nanoseconds since boot; never goes back. Any context. */
uint64_t helix_now_ns(void);

/* ---- the C functions that kernel and host both have -------------------- */

void *memcpy(void *destination, const void *source, size_t size);
void *memmove(void *destination, const void *source, size_t size);
void *memset(void *block, int byte, size_t size);
int memcmp(const void *a, const void *b, size_t size);
size_t strlen(const char *text);

#ifdef __cplusplus
}
#endif

#include <helix/event.h>
#include <helix/interface.h>
#include <helix/request.h>
#include <helix/state.h>

#endif
