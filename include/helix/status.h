/* SPDX-License-Identifier: MIT
 *
 * Every status the module system knows: one list, one sentence each. Numbers
 * are frozen: modules and scripts may store them. Zero is success, all others
 * are negative.
 *
 * A sentence is a template over the fields of struct hmod_diag
 * (modfmt/diag.h): %n name, %o other name, %m module, %s section as `5 (.text)`,
 * %i index, %w %f wanted and found in decimal, %W %F the same in hexadecimal,
 * %d found as a signed number, %p a plural s unless found is 1,
 * %v %u wanted and found as versions, %l a list of names, %% a percent sign.
 * The last column says what would mend it, or is empty.
 */
#ifndef HELIX_STATUS_H
#define HELIX_STATUS_H

#define HELIX_STATUS_LIST(X)                                                   \
	X(OK, 0, "success", "")                                                \
	/* what the framework itself answers */                                \
	X(NOT_FOUND, -1, "%n was not found", "")                               \
	X(ALREADY_EXISTS, -2, "a module named %n is already registered", "")   \
	X(ALREADY_LOADED, -3, "module %n is already loaded", "rmmod it first") \
	X(NOT_LOADED, -4, "module %n is not loaded", "")                       \
	X(DEPENDENCY, -5, "depends on %n, which is not registered",            \
	  "add the module that provides it to the initrd")                     \
	X(CIRCULAR, -6, "dependency cycle: %l", "")                            \
	X(VERSION_MISMATCH, -7, "depends on %o, found %n %u", "")              \
	X(ABI, -8, "built for module ABI %v, which is %o: the kernel has %u",  \
	  "build it again with this kernel's headers")                         \
	X(LOAD, -9, "%n could not be loaded: %o: %l", "")                      \
	X(INIT, -10, "%n failed with status %d%o", "")                         \
	X(WRONG_STATE, -11, "module %n is %o", "")                             \
	X(ESSENTIAL, -12, "module %n is essential and cannot be unloaded", "") \
	X(INTERNAL, -13, "internal error in %n: %o returned %d, neither 0 nor a negative status", "") \
	X(NO_MEMORY, -14, "out of memory: %w bytes for %n", "")                \
	X(INVALID, -15, "invalid argument: %n", "")                            \
	X(BUSY, -16, "module %n is in use by: %l", "")                         \
	X(NOT_SUPPORTED, -17, "%n is not supported", "")                       \
	X(IO, -18, "%n could not be read", "")                                 \
	X(TOO_LARGE, -19, "%n is too large: %f, at most %w", "")               \
	X(DEPENDENCY_DOWN, -20, "depends on %n, which is %o",                  \
	  "modprobe starts dependencies first")                                \
	X(DISABLED, -21, "module %n is disabled by %o", "")                    \
	X(PARAM_UNKNOWN, -22, "unknown parameter: %n",                         \
	  "modinfo lists the parameters")                                      \
	X(PARAM_VALUE, -23, "parameter %n: %o", "")                            \
	X(UNKNOWN_SYMBOL, -24, "%f unknown symbol%p: %l", "")                   \
	X(DUPLICATE_EXPORT, -25, "symbol %n is already exported by %o, %m exports it again", \
	  "rename one of the two")                                             \
	X(DEADLINE, -26, "%n did not answer within its deadline", "")          \
	X(TOO_DEEP, -27, "requests inside each other, at most %w: %l", "")     \
	X(REQUEST, -28, "module %n could not handle the request: status %d%o", "") \
	X(INSIDE, -29, "module %n has %f call%p inside that did not end in time", "") \
	X(INTERFACE_MISSING, -30, "flag %n without %o",                         \
	  "declare what the flag promises, or leave the flag out")             \
	X(INTERFACE_VERSION, -31, "interface %n: wanted %v, module %o has %u", "") \
	X(EXPERIMENTAL, -32, "module %n is experimental",                      \
	  "boot with experimental=1, or use insmod -f")                        \
	X(SYMBOL_REMOVED, -33, "symbol %n of %o was removed in %v",            \
	  "use %l")                                                            \
	X(STATE, -34, "the saved state: %n", "")                               \
	X(STATE_TYPE, -35, "the saved state: field %n has another type", "")   \
	X(NOT_HEALTHY, -36, "module %n says that it is not healthy", "")       \
	X(MESSAGE, -37, "module %n answered with a response to another message", \
	  "make answers with helix_message_response")                          \
	/* the file: header */                                                 \
	X(TRUNCATED, -64, "the file ends at byte %f inside the %n, which ends at %w", \
	  "copy or build it again")                                            \
	X(NOT_ELF, -65, "not an ELF object", "make one with hmod cc")          \
	X(ELF_CLASS, -66, "ELF class %f, wanted %w (64-bit)", "compile with -m64") \
	X(ELF_DATA, -67, "ELF data encoding %f, wanted %w (little-endian)", "") \
	X(ELF_VERSION, -68, "ELF version %f, wanted %w", "")                   \
	X(ELF_TYPE, -69, "ELF type %f (%n), wanted %w (relocatable object)",   \
	  "link with hmod link, not into a program or a shared library")       \
	X(ELF_MACHINE, -70, "made for machine %f, wanted %w (x86-64)",         \
	  "compile it for x86-64")                                             \
	X(ELF_SHENTSIZE, -71, "section header entries of %f bytes, wanted %w", "") \
	X(SECTION_TABLE, -72, "the section table (%w entries at %F) is not inside the file", \
	  "copy or build it again")                                            \
	X(SECTION_NAMES, -73,                                                  \
	  "section name table: index %f is not a string table that ends with a NUL byte", "") \
	/* the file: sections */                                               \
	X(SECTION_NAME, -74, "section %i: name offset %F is outside the name table", "") \
	X(SECTION_RANGE, -75, "section %s: %w bytes at %F are not inside the file", \
	  "copy or build it again")                                            \
	X(SECTION_ALIGN, -76, "section %s: alignment %f is not a power of two up to %w", "") \
	X(SECTION_FLAGS, -77, "section %s is both writable and executable",    \
	  "split it: a module's code is never writable")                       \
	X(SECTION_TLS, -78, "section %s is thread-local",                      \
	  "modules have no thread-local storage: remove _Thread_local")        \
	X(SECTION_OVERLAP, -79, "section %s overlaps section %n in the file", "") \
	X(MODULE_SIZE, -80, "the module needs %f bytes of memory, at most %w", "") \
	X(SECTION_LINK, -81, "section %s: sh_link %f is not %n", "")           \
	X(SECTION_INFO, -82, "section %s: sh_info %f is not %n", "")           \
	X(STRING_TABLE, -83, "string table %s does not end with a NUL byte", "") \
	/* the file: symbols */                                                \
	X(SYMBOL_TABLE, -84, "symbol table %s: %n", "")                        \
	X(SYMBOL_NAME, -85, "symbol %i: name offset %F is outside the string table", "") \
	X(SYMBOL_SECTION, -86, "symbol %i (%n): section index %f does not exist", "") \
	X(SYMBOL_VALUE, -87, "symbol %i (%n): value %F is past the end of section %s", "") \
	X(SYMBOL_TYPE, -88, "symbol %i (%n) is %o", "")                        \
	/* the file: relocations */                                            \
	X(RELOC_TABLE, -89, "relocation section %s: %f bytes are not a multiple of %w", "") \
	X(RELOC_REL, -90, "section %s holds relocations without addends (REL)", \
	  "x86-64 objects use RELA")                                           \
	X(RELOC_OFFSET, -91, "relocation %i of section %s: %w bytes at %F end past the section", "") \
	X(RELOC_SYMBOL, -92, "relocation %i of section %s: symbol %f does not exist", "") \
	X(RELOC_TYPE, -93, "relocation %i of section %s: type %f (%n) is not supported", "%o") \
	X(RELOC_OVERFLOW, -94, "relocation %i of section %s: %o against %n: %F does not fit", \
	  "compile with -mcmodel=kernel -fno-pic (hmod cc does)")              \
	X(RELOC_TARGET, -95, "relocation %i of section %s: %n is in a section that is not loaded", "") \
	X(RELOC_SIZE, -96, "relocation %i of section %s: the size of %n is not known here", \
	  "take it with sizeof in the module that defines it")                 \
	X(ARRAY, -97, "section %s: entry %i %n",                               \
	  "a constructor is a function of the module itself")                  \
	X(GROUP, -98, "group %s: %n", "compile or link it again")              \
	X(RELOC_SHARED, -99, "section %s: relocation tables of %f bytes in a file of %w", \
	  "copy or build it again")                                            \
	/* the file: metadata */                                               \
	X(META_MISSING, -112, "no module metadata (section .hmod.module)",     \
	  "declare the module with HELIX_MODULE")                              \
	X(META_DUPLICATE, -113, "module metadata stands there %f times",       \
	  "one HELIX_MODULE a module")                                         \
	X(META_FORMAT, -114, "module metadata: %n is %f, wanted %w", "")       \
	X(META_POINTER, -115, "module metadata: %n does not point to %o in the same file", "") \
	X(META_NAME, -116, "module metadata: name '%n' %o", "")                \
	X(META_HOOK, -117, "module metadata: .%n: %o", "")                     \
	X(META_DEPENDENCY, -118, "module metadata: dependency '%n' %o",        \
	  "write it as \"name\", \"name >= 1.0\" or \"?name\"")                \
	X(META_PARAM, -119, "module metadata: parameter %n: %o", "")           \
	X(META_EXPORT, -120, "export %i: %n %o", "")                           \
	X(META_TEXT, -121, "module metadata: %n %o", "")                       \
	X(META_INTERFACE, -122, "interface %i: %n %o", "")                     \
	X(META_NAMESPACE, -123, "module metadata: namespace %i in .hmod.import_ns %o", "") \
	X(NAMESPACE, -124, "symbol %n belongs to namespace %o",                \
	  "add HELIX_IMPORT_NS with that name")                                \
	X(CROWDED, -125, "too many names have the hash of %n", "rename it")    \
	/* archives and compressed files */                                    \
	X(ARCHIVE_MAGIC, -144, "archive entry %i at %F does not begin with 070701", \
	  "make it with hmod pack or cpio -H newc")                            \
	X(ARCHIVE_NUMBER, -145, "archive entry %i at %F: %n is not a hexadecimal number", "") \
	X(ARCHIVE_RANGE, -146, "archive entry %i at %F: %n ends past the archive's %w bytes", \
	  "copy or make it again")                                             \
	X(ARCHIVE_NAME, -147, "archive entry %i at %F: %n", "")                \
	X(ARCHIVE_DUPLICATE, -148, "archive entry %i: %n is there twice", "")  \
	X(ARCHIVE_END, -149, "the archive ends at %F without a trailer",       \
	  "copy or make it again")                                             \
	X(GZIP, -150, "not a good gzip stream: %n", "compress it again")       \
	/* threads and processors */                                           \
	X(TIMED_OUT, -176, "%n took too long", "")                             \
	/* replacing a running module */                                       \
	X(NOT_RELOADABLE, -192, "module %n is not hot reloadable",             \
	  "declare it with HELIX_HOT_RELOADABLE, or rmmod and insmod it")      \
	X(RELOADING, -193, "module %n is being replaced", "try again when it is done") \
	X(RELOAD_NAME, -194, "the file holds module %n, not %o", "")           \
	X(RELOAD_IMPORT, -195, "module %n imports %l, which the new %o does not export", \
	  "keep exporting it, or rmmod %n first")                              \
	X(RELOAD_INTERFACE, -196, "interface %n is used by %l, and the new %o has no version that fits", \
	  "keep the interface's major version, and at least the minor")        \
	X(RELOAD_DEPENDENT, -197, "module %n depends on %o, which would be gone", \
	  "rmmod it first")                                                    \
	X(RELOAD_STATE, -198, "the state of %n would be lost: %o",             \
	  "reload --lossy gives it up")                                        \
	X(STATE_LOST, -199, "module %n did not take over of the saved state: %l", \
	  "reload --lossy gives it up")                                        \
	X(FILE_CHANGED, -200, "the file of module %n is not the one that was loaded", \
	  "rmmod and insmod it first")                                         \
	X(RELOAD_INJECTED, -201, "step %f was failed on purpose", "")          \
	X(RELOAD_TEXT, -202, "the code of %n cannot be opened for the switch", "")

enum helix_status {
#define HELIX_STATUS_ENUM(name, number, sentence, mend) HELIX_E_##name = number,
	HELIX_STATUS_LIST(HELIX_STATUS_ENUM)
#undef HELIX_STATUS_ENUM
};

/* The one status with a name of its own. */
#define HELIX_OK HELIX_E_OK

#endif
