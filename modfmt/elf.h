/* SPDX-License-Identifier: MIT
 *
 * The part of ELF64 that relocatable x86-64 objects use: System V ABI, chapter
 * 4 (object files), and the AMD64 supplement, table 4.9 (relocations).
 * The structures may be laid over unaligned bytes.
 */
#ifndef MODFMT_ELF_H
#define MODFMT_ELF_H

#include <stdint.h>

#define HMOD_ON_BYTES __attribute__((packed, may_alias))

enum {
	EI_CLASS_AT = 4, EI_DATA_AT = 5, EI_VERSION_AT = 6,
	ELF_CLASS_64 = 2, ELF_DATA_LSB = 1, ELF_VERSION_CURRENT = 1,
	ELF_TYPE_REL = 1, ELF_TYPE_EXEC = 2, ELF_TYPE_DYN = 3, ELF_TYPE_CORE = 4,
	ELF_MACHINE_X86_64 = 62,
};

struct elf64_header {
	uint8_t ident[16];
	uint16_t type, machine;
	uint32_t version;
	uint64_t entry, phoff, shoff;
	uint32_t flags;
	uint16_t ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
} HMOD_ON_BYTES;

enum { /* section indices */
	ELF_SHN_UNDEF = 0,
	ELF_SHN_LORESERVE = 0xff00,
	ELF_SHN_ABS = 0xfff1,
	ELF_SHN_COMMON = 0xfff2,
	ELF_SHN_XINDEX = 0xffff,
};

enum { /* section types */
	ELF_SHT_NULL = 0, ELF_SHT_PROGBITS = 1, ELF_SHT_SYMTAB = 2,
	ELF_SHT_STRTAB = 3, ELF_SHT_RELA = 4, ELF_SHT_HASH = 5,
	ELF_SHT_DYNAMIC = 6, ELF_SHT_NOTE = 7, ELF_SHT_NOBITS = 8,
	ELF_SHT_REL = 9, ELF_SHT_DYNSYM = 11, ELF_SHT_INIT_ARRAY = 14,
	ELF_SHT_FINI_ARRAY = 15, ELF_SHT_PREINIT_ARRAY = 16,
	ELF_SHT_GROUP = 17, ELF_SHT_SYMTAB_SHNDX = 18,
	ELF_SHT_X86_64_UNWIND = 0x70000001,
};

enum { /* section flags */
	ELF_SHF_WRITE = 0x1, ELF_SHF_ALLOC = 0x2, ELF_SHF_EXECINSTR = 0x4,
	ELF_SHF_MERGE = 0x10, ELF_SHF_STRINGS = 0x20, ELF_SHF_INFO_LINK = 0x40,
	ELF_SHF_GROUP = 0x200, ELF_SHF_TLS = 0x400, ELF_SHF_COMPRESSED = 0x800,
};

enum { ELF_GRP_COMDAT = 0x1 }; /* the flag word of a group */

struct elf64_section {
	uint32_t name, type;
	uint64_t flags, addr, offset, size;
	uint32_t link, info;
	uint64_t addralign, entsize;
} HMOD_ON_BYTES;

typedef uint32_t elf64_word __attribute__((aligned(1), may_alias));

enum { /* symbol binding and type */
	ELF_STB_LOCAL = 0, ELF_STB_GLOBAL = 1, ELF_STB_WEAK = 2,
	ELF_STT_NOTYPE = 0, ELF_STT_OBJECT = 1, ELF_STT_FUNC = 2,
	ELF_STT_SECTION = 3, ELF_STT_FILE = 4, ELF_STT_COMMON = 5,
	ELF_STT_TLS = 6, ELF_STT_GNU_IFUNC = 10,
};

struct elf64_symbol {
	uint32_t name;
	uint8_t info, other;
	uint16_t shndx;
	uint64_t value, size;
} HMOD_ON_BYTES;

static inline unsigned elf64_symbol_bind(const struct elf64_symbol *s)
{
	return s->info >> 4;
}

static inline unsigned elf64_symbol_type(const struct elf64_symbol *s)
{
	return s->info & 0xf;
}

struct elf64_rela {
	uint64_t offset;
	union {
		uint64_t info;
		struct {
			uint32_t type, symbol; /* r_info, in two */
		};
	};
	int64_t addend;
} HMOD_ON_BYTES;

static inline uint32_t elf64_rela_symbol(const struct elf64_rela *r)
{
	return r->symbol;
}

static inline uint32_t elf64_rela_type(const struct elf64_rela *r)
{
	return r->type;
}

#ifndef R_X86_64_NONE /* a host's <elf.h> has them as macros */
enum { /* relocation types: psABI AMD64, table 4.9 */
	R_X86_64_NONE = 0, R_X86_64_64 = 1, R_X86_64_PC32 = 2,
	R_X86_64_GOT32 = 3, R_X86_64_PLT32 = 4, R_X86_64_COPY = 5,
	R_X86_64_GLOB_DAT = 6, R_X86_64_JUMP_SLOT = 7, R_X86_64_RELATIVE = 8,
	R_X86_64_GOTPCREL = 9, R_X86_64_32 = 10, R_X86_64_32S = 11,
	R_X86_64_16 = 12, R_X86_64_PC16 = 13, R_X86_64_8 = 14,
	R_X86_64_PC8 = 15, R_X86_64_DTPMOD64 = 16, R_X86_64_DTPOFF64 = 17,
	R_X86_64_TPOFF64 = 18, R_X86_64_TLSGD = 19, R_X86_64_TLSLD = 20,
	R_X86_64_DTPOFF32 = 21, R_X86_64_GOTTPOFF = 22, R_X86_64_TPOFF32 = 23,
	R_X86_64_PC64 = 24, R_X86_64_GOTOFF64 = 25, R_X86_64_GOTPC32 = 26,
	R_X86_64_GOT64 = 27, R_X86_64_GOTPCREL64 = 28, R_X86_64_GOTPC64 = 29,
	R_X86_64_GOTPLT64 = 30, R_X86_64_PLTOFF64 = 31, R_X86_64_SIZE32 = 32,
	R_X86_64_SIZE64 = 33, R_X86_64_GOTPC32_TLSDESC = 34,
	R_X86_64_TLSDESC_CALL = 35, R_X86_64_TLSDESC = 36,
	R_X86_64_IRELATIVE = 37, R_X86_64_RELATIVE64 = 38,
	R_X86_64_GOTPCRELX = 41, R_X86_64_REX_GOTPCRELX = 42,
};
#endif

#endif
