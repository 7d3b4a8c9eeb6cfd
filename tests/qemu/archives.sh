#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Initial ramdisks, plain, compressed, several, and damaged: the shell is
# always reached.
. "$TOP_SRCDIR/tests/lib.sh"
[ "$BOOT_TESTS" = all ] || { pass 'not part of the one-boot run'; finish; }
image=$HELIX_BUILD/initrd.img

gzip -9n <"$image" >"$work/image.gz"
claim 'a gzip initrd boots' boot 0 --initrd "$work/image.gz" 'lsmod'
claim '… with its modules running' prints 'chain_c'
cat "$image" >"$work/two"
module extra && "$HMOD" pack -o "$work/extra.img" "$work/extra.hmod" && cat "$work/extra.img" >>"$work/two"
claim 'two archives in one file boot' boot 0 --initrd "$work/two" 'insmod extra' 'lsmod'
gzip -9n <"$work/extra.hmod" >"$work/extra.hmod.gz"
claim 'a compressed module loads' boot 0 --add "$work/extra.hmod.gz" 'insmod extra' 'rmmod extra'
head -c 3000 "$work/extra.hmod.gz" >"$work/cut.hmod.gz"
head -c 300 "$work/extra.hmod.gz" >"$work/cut.hmod.gz"
claim 'a cut compressed module is refused' boot 1 --add "$work/cut.hmod.gz" 'insmod cut'
claim '… and says so' prints 'insmod: cut.hmod.gz: not a good gzip stream'

head -c 2000 "$image" >"$work/cut"
claim 'a cut archive: the shell is reached' boot 0 --initrd "$work/cut" 'dmesg'
claim '… with a message' prints 'ends past the archive'
head -c 3000 "$work/image.gz" >"$work/cut.gz"
claim 'a cut gzip archive: the shell is reached' boot 0 --initrd "$work/cut.gz" 'dmesg'
claim '… with a message' prints 'not a good gzip stream'
{ printf '070799'; tail -c +7 "$image"; } >"$work/magic"
claim 'a wrong magic: the shell is reached' boot 0 --initrd "$work/magic" 'dmesg'
claim '… with a message' prints 'does not begin with 070701'
: >"$work/none"
claim 'an empty initrd: the shell is reached' boot 0 --initrd "$work/none" 'dmesg'
claim '… with a message' prints 'initrd: the archive is empty'
cp "$image" "$work/wrap" && printf 'ffffffff' | dd of="$work/wrap" bs=1 seek=54 conv=notrunc 2>/dev/null
claim 'a size that wraps: the shell is reached' boot 0 --initrd "$work/wrap" 'dmesg'
claim '… with a message' prints 'ends past the archive'
"$HMOD" pack -o "$work/twice" "$work/extra.hmod=a1" "$work/extra.hmod=a2" && LC_ALL=C sed -i 's/a2/a1/' "$work/twice"
claim 'a name twice: the shell is reached' boot 0 --initrd "$work/twice" 'dmesg'
claim '… with a message' prints 'a1 is there twice'

# No initrd at all, which the front script never does.
without() {
	. "$HELIX_BUILD/helix.conf"
	mkdir -p "$work/tree/boot/grub" && cp "$HELIX_BUILD/kernel.bin" "$work/tree/boot/kernel"
	echo dmesg >"$work/tree/boot/exec"
	cat >"$work/tree/boot/grub/grub.cfg" <<'EOF'
set timeout=0
menuentry helix {
multiboot2 /boot/kernel
module2 /boot/exec exec
boot
}
EOF
	"$GRUB_MKRESCUE" -o "$work/without.iso" "$work/tree" >"$work/iso.log" 2>&1
	timeout 100 "$QEMU" -accel tcg -cpu max -m 256 -cdrom "$work/without.iso" -boot d -no-reboot \
		-nic none -display none -monitor none -serial null \
		-device isa-debug-exit,iobase=0xf4,iosize=0x04 -chardev "file,id=exec,path=$work/out" \
		-device isa-serial,index=2,irq=5,chardev=exec </dev/null
	[ $? = 3 ]
}
claim 'no initrd: the shell is reached' without
claim '… with a message' prints 'initrd: the boot loader gave none'

claim 'zlib inflates with timer interrupts in its middle' boot 0 'selftest inflate'
finish
