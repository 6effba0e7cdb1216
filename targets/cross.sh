#!/usr/bin/env bash
# Cargo for another target, with a compiler that has it: rustup's, or else Debian's, which builds the standard library
# from its source.
#
#   targets/cross.sh thumbv7m-none-eabi build --release --manifest-path targets/cortex-m/Cargo.toml
#
# `run` runs a Cortex-M3 firmware under QEMU. The exit code is 200, after a message, where neither is there.
set -euo pipefail
target=$1 command=$2
shift 2

if [[ $target = aarch64-*-linux-gnu ]]; then
    export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=aarch64-linux-gnu-gcc
fi
export CARGO_TARGET_THUMBV7M_NONE_EABI_RUNNER="qemu-system-arm -machine mps2-an385 -display none -serial none -monitor none \
    -semihosting-config enable=on,target=native -kernel"
if [ "${CROSS_COMPILER:-rustup}" = rustup ] && rustup target list --installed 2>/dev/null | grep -qx "$target"; then
    exec cargo "$command" --target "$target" "$@"
fi

if ! [ -x /usr/bin/cargo ] || ! [ -d "$(/usr/bin/rustc --print sysroot)/lib/rustlib/src" ]; then
    echo "no compiler for $target; either: rustup target add $target" >&2
    echo "or, on Debian: apt-get install rustc-web rust-web-src cargo-web lld" >&2
    exit 200
fi
parts=(-Z build-std=core -Z build-std-features=optimize_for_size)
case $target in
    *-linux-gnu) parts=(-Z build-std=std,panic_abort) ;;
    wasm32-*)
        parts=(-Z build-std=std,panic_abort)
        export CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER=wasm-ld
        ;;
    # Rustup's compiler brings its linker along, Debian's does not.
    *) export "CARGO_TARGET_$(tr a-z- A-Z_ <<<"$target")_LINKER=ld.lld" ;;
esac
export RUSTC_BOOTSTRAP=1 RUSTC=/usr/bin/rustc
exec /usr/bin/cargo "$command" "${parts[@]}" --target "$target" "$@"
