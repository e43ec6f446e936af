#!/bin/sh
# The kernel's tests with every memory access and every operation watched (ASan, UBSan): sanitize.sh [PYTEST ARGUMENT...]
#
# The extension is built a second time, beside a copy of the package, so that the installed one stays as it is.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
cp -r "$root/mktorrent_py" "$root/tests" "$root/pyproject.toml" "$copy"
rm -f "$copy"/mktorrent_py/hashing/kernel/_native*.so
cc=${CC:-gcc}
include=$(python -c 'import sysconfig; print(sysconfig.get_path("include"))')
"$cc" -std=c11 -O1 -g -shared -fPIC -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all \
    -I "$include" "$copy"/mktorrent_py/hashing/kernel/*.c -o "$copy/mktorrent_py/hashing/kernel/_native.abi3.so"
cd "$copy"
# Python leaves what it allocates once to the end of the process: leaks are not looked for.
LD_PRELOAD="$("$cc" -print-file-name=libasan.so) $("$cc" -print-file-name=libubsan.so)" \
    ASAN_OPTIONS=detect_leaks=0 PYTHONMALLOC=malloc PYTHONPATH="$copy" MKT_KERNEL=native \
    python -m pytest -q -p no:cacheprovider tests/test_kernel*.py "$@"
