#!/bin/sh
# SPDX-License-Identifier: MIT
#
# hmod run: a module's life in a process, each exit status, crashes with their place.
. "$TOP_SRCDIR/tests/lib.sh"
cd "$work" || exit 99
unset CC

cat >talker.c <<'EOS'
#include <helix/module.h>
HELIX_PARAM(greeting, string, "hi", "what to say");
static const char *greeting;
static int *leak;
static __attribute__((noinline)) int write_to(volatile int *where) { *where = 1; return 3; }
static int m_init(const struct helix_context *c)
{
	greeting = helix_config(c, "greeting");
	leak = helix_alloc(40);
	return leak ? 0 : HELIX_E_NO_MEMORY;
}
static int m_start(void) { helix_info("%s from %d", greeting, 7); return 0; }
static int m_stop(void) { return 0; }
static volatile int ever = 1;
static int m_request(const struct helix_request *q, struct helix_response *r)
{
	switch (q->type[0]) {
	case 'e': return helix_respond(r, q->payload, q->size);
	case 'n': return helix_respond_error(r, "no such thing");
	case 'f': return helix_fail(HELIX_E_IO, "no device");
	case 'c': return write_to((volatile int *)16);
	case 't': return write_to((volatile int *)(unsigned long)m_stop);
	case 'd': return 5 / (int)q->size;
	case 'l': while (ever) ; return 0;
	}
	return 0;
}
static int m_event(const struct helix_event *e)
{
	if (e->kind == HELIX_EVENT_CUSTOM && e->custom.size == 1)
		return HELIX_E_IO;
	return e->kind == HELIX_EVENT_TICK ? HELIX_EVENT_IGNORED : HELIX_EVENT_HANDLED;
}
HELIX_MODULE(.name = "talker", .license = "MIT", .events = HELIX_WANTS_TICK | HELIX_WANTS_CUSTOM |
	HELIX_WANTS_MEMORY_PRESSURE | HELIX_WANTS_CPU_HOTPLUG | HELIX_WANTS_SHUTDOWN,
	.init = m_init, .start = m_start, .stop = m_stop, .handle_request = m_request,
	.handle_event = m_event);
EOS
"$HMOD" cc talker.c -o talker.hmod || exit 99
module lib 'int lib_value(void); int lib_value(void) { return 7; } HELIX_EXPORT(lib_value);' || exit 99
START='return lib_value() == 7 ? 0 : -5;' OPTIONS='.dependencies = HELIX_DEPENDENCIES("lib"),' \
	module uses_lib 'int lib_value(void);' || exit 99
module unknown 'int nosuch(void); int use(void); int use(void) { return nosuch(); }' || exit 99
INIT='return helix_fail(-5, "no device");' module init_fails || exit 99
INIT='for (;;) ;' module hangs || exit 99
module smashes 'static __attribute__((noinline)) void smash(volatile char *p) {
	for (int i = 0; i < 64; i++) p[i] = 1; }
static __attribute__((noinline)) int local(void) { char small[8]; smash(small); return small[0]; }' || exit 99
sed 's/(void)ctx; return 0;/(void)ctx; return local() == 3;/' smashes.c >smash.c
"$HMOD" cc smash.c -o smashes.hmod || exit 99

claim 'a quiet life' ends 0 "$HMOD" run talker.hmod
claim '… its log on standard error, with its name' says 'talker: hi from 7'
claim '… what it left behind is told' says 'talker: left 40 bytes in 1 blocks, taken back'
claim '… and nothing on standard output' [ ! -s out ]
claim 'a parameter' ends 0 "$HMOD" run talker.hmod greeting=hello
claim '… reaches it' says 'hello from 7'
gzip -kn talker.hmod
claim 'a compressed one' ends 0 "$HMOD" run talker.hmod.gz
claim 'requests' ends 0 "$HMOD" run talker.hmod --request echo=two --request echo=0x00ff --request empty
claim '… are answered in order, as text or hexadecimal' [ "$(cat out)" = "$(printf 'two\n0x00ff')" ]
claim 'events of each kind' ends 0 "$HMOD" run talker.hmod --event tick --event pressure low \
	--event cpu 1 offline --event custom ping=four --event shutdown
printf '%s\n' 'simulated tick: handled 0 ignored 1 errors 0' 'simulated pressure low: handled 1 ignored 0 errors 0' \
	'simulated cpu 1 offline: handled 1 ignored 0 errors 0' 'custom ping: handled 1 ignored 0 errors 0' \
	'simulated shutdown: handled 1 ignored 0 errors 0' >expected
claim '… are counted' diff expected out
claim 'a dependency' ends 0 "$HMOD" run uses_lib.hmod --with lib.hmod

claim 'a missing dependency: 1' refuses 1 'uses_lib.hmod: depends on lib, which is not registered' \
	"$HMOD" run uses_lib.hmod
claim 'an unknown symbol: 1' refuses 1 'unknown.hmod: 1 unknown symbol: nosuch' "$HMOD" run unknown.hmod
claim 'an unknown parameter: 1' refuses 1 'unknown parameter: frob' "$HMOD" run talker.hmod frob=1
claim 'text: 1' refuses 1 'talker.c: not an ELF object' "$HMOD" run talker.c
claim 'a missing file: 1' refuses 1 'nosuch.hmod: No such file' "$HMOD" run nosuch.hmod
claim 'the same module twice: 1' refuses 1 'a module named lib is already registered' \
	"$HMOD" run lib.hmod --with lib.hmod
claim 'a full disk: 1' ends 1 sh -c '"$HMOD" run talker.hmod --request echo=x >/dev/full'
claim '… is told' says 'standard output: cannot be written'
claim 'no module: 2' refuses 2 'no module given' "$HMOD" run
for row in '--frob|unexpected --frob' '--event frob|--event frob: tick' '--event pressure much|--event pressure:' \
	'--event cpu 1|--event cpu:' '--event custom|--event custom:' '--request|--request needs a value' \
	'--request a=0x1|an odd number' '--timeout soon|not a number of seconds' 'other.hmod|unexpected other.hmod'; do
	# shellcheck disable=SC2086
	claim "${row%%|*}: 2" refuses 2 "${row##*|}" "$HMOD" run talker.hmod ${row%%|*}
done
claim 'init fails: 3' refuses 3 'init_fails.hmod: init failed with status -5: no device' "$HMOD" run init_fails.hmod
claim 'an error answer: 3' ends 3 "$HMOD" run talker.hmod --request no
claim '… is told' says 'talker.hmod: answers no with an error: no such thing'
claim 'a handler that fails: 3' ends 3 "$HMOD" run talker.hmod --request fail
claim '… with its words' says 'could not handle the request: status -18: no device'
claim 'an event handler that fails: 3' ends 3 "$HMOD" run talker.hmod --event custom p=1
claim '… is counted' prints 'custom p: handled 0 ignored 0 errors 1'
claim 'a wild write: 4' ends 4 "$HMOD" run talker.hmod --request crash
claim '… names the place' says 'talker.hmod: crashed: SIGSEGV at address 0x10 in module talker: write_to'
claim 'a write to its own code: 4' ends 4 "$HMOD" run talker.hmod --request text
claim '… is caught there' says 'crashed: SIGSEGV at address 0x'
claim 'a division by zero: 4' ends 4 "$HMOD" run talker.hmod --request divide
claim '… names it' says 'crashed: SIGFPE in module talker: m_request+0x'
claim 'a smashed stack: 4' ends 4 "$HMOD" run smashes.hmod
claim '… names who noticed' says 'crashed: SIGABRT in module smashes: '
claim 'an init that hangs: 4' refuses 4 'hangs.hmod: hangs: still in module hangs: m_init+0x' \
	"$HMOD" run hangs.hmod --timeout 1
claim 'a request that hangs: 4' ends 4 timeout 60 "$HMOD" run talker.hmod --request loop
claim '… is told' says 'talker did not answer within its deadline'
finish
