#!/bin/sh
# build.sh OUTPUT [FLAG...]: compile check.c and the kernels it checks with $CC, wherever this is called from.
set -eu
here=$(dirname "$0")
kernel=$here/../../mktorrent_py/hashing/kernel
output=$1
shift
exec "${CC:-cc}" -std=c11 -O2 -Wall -Wextra -Werror "$@" -I "$kernel" -o "$output" "$here/check.c" \
    "$kernel/dispatch.c" "$kernel/messages.c" "$kernel/merkle.c" "$kernel/scalar.c" \
    "$kernel/avx2.c" "$kernel/avx512.c" "$kernel/shani.c" "$kernel/armv8.c"
