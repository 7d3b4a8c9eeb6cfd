#!/bin/sh
# SPDX-License-Identifier: MIT
#
# hmod info: what a module says of itself, as text, a field, JSON.
. "$TOP_SRCDIR/tests/lib.sh"
cd "$work" || exit 99
unset CC

cat >full.c <<'EOS'
#include <helix/module.h>
static int m_init(const struct helix_context *c) { (void)c; return 0; }
static int m_hook(void) { return 0; }
static int m_get(void) { return 1; }
static const struct { int (*get)(void), (*put)(int); } full_ops = { .get = m_get };
HELIX_INTERFACE_WITH("helix.scheduler", 1, 2, full_ops, .names = HELIX_OPERATIONS("get", "put"));
int full_value;
HELIX_EXPORT(full_value);
HELIX_PARAM(greeting, string, "hello \"you\"", "what to say");
HELIX_MODULE(.name = "full-name", .version = HELIX_VERSION(1, 2, 3), .description = "Says \"hi\"",
	.author = "A. Author", .license = "MIT", .flags = HELIX_SCHEDULER | HELIX_HOT_RELOADABLE,
	.dependencies = HELIX_DEPENDENCIES("lib >= 1.0", "?cap:trace"),
	.provides = HELIX_PROVIDES("scheduler", "cpu.scheduling"), .aliases = HELIX_ALIASES("pci:8086*"),
	.init = m_init, .start = m_hook, .stop = m_hook);
EOS
"$HMOD" cc full.c -o full.hmod || exit 99
claim 'all of it' ends 0 "$HMOD" info full.hmod
cat >expected <<'EOS'
filename:       full.hmod
name:           full_name
version:        1.2.3
description:    Says "hi"
author:         A. Author
license:        MIT
flags:          HOT_RELOADABLE,SCHEDULER
depends:        lib >= 1.0
depends:        ?cap:trace
provides:       scheduler
provides:       cpu.scheduling
alias:          pci:8086*
interface:      helix.scheduler 1.2 (get, put)
parm:           greeting:what to say (string)
default:        greeting=hello "you"
events:         
policy:         none
exports:        full_value
api:            2
abi:            1.0
EOS
claim '… in the words of modinfo' diff expected out
for row in 'name=full_name' 'version=1.2.3' 'license=MIT' 'abi=1.0' 'exports=full_value' 'alias=pci:8086*'; do
	claim "-F ${row%%=*}" ends 0 "$HMOD" info -F "${row%%=*}" full.hmod
	claim '… is its value alone' [ "$(cat out)" = "${row#*=}" ]
done
claim '--json' ends 0 "$HMOD" info --json full.hmod
cat >expected <<'EOS'
{
  "filename": "full.hmod",
  "name": "full_name",
  "version": "1.2.3",
  "description": "Says \"hi\"",
  "author": "A. Author",
  "authors": ["A. Author"],
  "license": "MIT",
  "flags": ["HOT_RELOADABLE", "SCHEDULER"],
  "depends": ["lib >= 1.0", "?cap:trace"],
  "provides": ["scheduler", "cpu.scheduling"],
  "alias": ["pci:8086*"],
  "interface": [{"name": "helix.scheduler", "version": "1.2", "count": 2, "priority": 0, "message": false, "operations": ["get", "put"]}],
  "parm": [{"name": "greeting", "type": "string", "default": "hello \"you\"", "description": "what to say"}],
  "events": [],
  "policy": "none",
  "exports": ["full_value"],
  "deprecated": [],
  "api": "2",
  "abi": "1.0"
}
EOS
claim '… is JSON' diff expected out
gzip -n <full.hmod >full.hmod.gz
claim 'a compressed module' ends 0 "$HMOD" info -F name full.hmod.gz
claim '… is read' prints full_name

head -c 100 full.hmod.gz >cut.hmod.gz
: >empty
claim 'nothing' refuses 2 'no module given' "$HMOD" info
claim 'two files' refuses 2 'unexpected empty' "$HMOD" info full.hmod empty
claim '-F without a name' refuses 2 '-F needs a value' "$HMOD" info full.hmod -F
claim 'an unknown field' refuses 2 'no field is named frob' "$HMOD" info -F frob full.hmod
claim 'a missing file' refuses 1 'nosuch: No such file' "$HMOD" info nosuch
claim 'an empty file' refuses 1 'empty: is empty' "$HMOD" info empty
claim 'text' refuses 1 'full.c: not an ELF object' "$HMOD" info full.c
claim 'a cut compressed module' refuses 1 'cut.hmod.gz: not a good gzip stream: the data ends early' \
	"$HMOD" info cut.hmod.gz
claim 'a full disk' refuses 1 'standard output: cannot be written' sh -c '"$HMOD" info full.hmod >/dev/full'
finish
