#!/bin/sh
# sanitize.sh [PYTEST ARGUMENT...]: the tests of all that is C, every memory access and operation watched (ASan, UBSan).
#
# The extensions are built a second time, beside a copy of the package, so that the installed ones stay as they are.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
cp -r "$root/mktorrent_py" "$root/tests" "$root/fixtures" "$root/pyproject.toml" "$copy"
rm -f "$copy"/mktorrent_py/hashing/kernel/_native*.so "$copy"/mktorrent_py/metainfo/_bencode*.so \
    "$copy"/mktorrent_py/content/_listing*.so
cc=${CC:-gcc}
include=$(python -c 'import sysconfig; print(sysconfig.get_path("include"))')
build() { # EXTENSION SOURCE...
    extension=$1
    shift
    "$cc" -std=c11 -O1 -g -shared -fPIC -fno-omit-frame-pointer -fsanitize=address,undefined \
        -fno-sanitize-recover=all -I "$include" "$@" -o "$copy/mktorrent_py/$extension.abi3.so"
}
build hashing/kernel/_native "$copy"/mktorrent_py/hashing/kernel/*.c
build metainfo/_bencode "$copy/mktorrent_py/metainfo/_bencode.c"
build content/_listing "$copy/mktorrent_py/content/_listing.c"
cd "$copy"
# Python leaves what it allocates once to the end of the process: leaks are not looked for.
LD_PRELOAD="$("$cc" -print-file-name=libasan.so) $("$cc" -print-file-name=libubsan.so)" \
    ASAN_OPTIONS=detect_leaks=0 PYTHONMALLOC=malloc PYTHONPATH="$copy" MKT_KERNEL=native \
    python -m pytest -q -p no:cacheprovider tests/test_kernel*.py tests/test_bencode*.py tests/test_directory.py "$@"
