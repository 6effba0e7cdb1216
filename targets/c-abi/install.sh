#!/usr/bin/env bash
# Builds libmog.a for this machine, and installs it with mog.h and what pkg-config and CMake look for.
#
#   targets/c-abi/install.sh PREFIX
set -euo pipefail
[ $# = 1 ] || { echo "usage: $0 PREFIX" >&2; exit 64; }
crate=$(dirname "$0") prefix=$1

cargo build --release --locked --manifest-path "$crate/Cargo.toml"
install -d "$prefix/include" "$prefix/lib/pkgconfig" "$prefix/lib/cmake/mog"
install -m 644 "$crate/include/mog.h" "$prefix/include/"
install -m 644 "${CARGO_TARGET_DIR:-$crate/target}/release/libmog.a" "$prefix/lib/"
install -m 644 "$crate/package/mog.pc" "$prefix/lib/pkgconfig/"
install -m 644 "$crate/package/mog-config.cmake" "$prefix/lib/cmake/mog/"
