#!/bin/sh
# SPDX-License-Identifier: MIT
#
# What the loader costs in a kernel, measured on the freestanding libraries:
# `cost.sh BUILD`; bytes of code and constants, of data, and stack at most.
cd "$1" || exit 1
row() { size -t "$2" | awk -v NAME="$1" 'END { printf "| %s | %d | %d |\n", NAME, $1, $2 + $3 }'; }
echo '| library | code and constants | data |'
echo '|---|---|---|'
row libhmod.a freestanding/libhmod.a
row libhload.a freestanding/libhload.a
