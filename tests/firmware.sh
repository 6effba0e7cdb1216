# Tiers that build for other targets and run under QEMU. Part of run.sh, which has `need` and `debian`.

readonly cross_targets=(thumbv6m-none-eabi thumbv7m-none-eabi thumbv7em-none-eabihf riscv32imac-unknown-none-elf
    aarch64-unknown-linux-gnu)

has_debian_compiler() { [ -x /usr/bin/cargo ] && [ -d "$(/usr/bin/rustc --print sysroot)/lib/rustlib/src" ]; }
need_debian_compiler() {
    has_debian_compiler && return
    if ! may_install; then
        echo "Debian's Rust compiler is missing; to install it: apt-get install rustc-web rust-web-src cargo-web"
        return "$skipped"
    fi
    debian rustc-web rust-web-src cargo-web
}
has_cross_targets() {
    local installed
    installed=$(rustup target list --installed 2>/dev/null | grep -cxF "$(printf '%s\n' "${cross_targets[@]}")")
    [ "$installed" = ${#cross_targets[@]} ]
}

# What targets/cross.sh needs: rustup's targets, or Debian's compiler where rustup cannot download; and the emulators.
need_cross() {
    if ! has_cross_targets && ! has_debian_compiler; then
        if ! may_install; then
            echo "targets are missing; to install them: rustup target add ${cross_targets[*]}"
            return "$skipped"
        fi
        # A download that hangs is no download.
        timeout 120 rustup target add "${cross_targets[@]}" || need_debian_compiler || return
    fi
    has_cross_targets || need ld.lld debian lld || return
    need qemu-system-arm debian qemu-system-arm && need qemu-system-riscv32 debian qemu-system-misc &&
        need qemu-aarch64 debian qemu-user &&
        need aarch64-linux-gnu-gcc debian gcc-aarch64-linux-gnu libc6-dev-arm64-cross
}

readonly cross=$target/cross
# The parts of the machine that boards with 256 KiB of flash have.
readonly small_parts=mog-core/floats,mog-core/maps,mog-core/strings,mog-core/tasks,mog-core/arrays

# for_target TARGET COMMAND...: cargo.
for_target() { CARGO_TARGET_DIR=$cross targets/cross.sh "$@"; }

# clippy_for TARGET CARGO-ARGUMENT...: in release, so that nothing is built twice.
clippy_for() {
    if ! has_cross_targets; then
        echo "clippy left out for $1: Debian's compiler has none"
        return
    fi
    for_target "$1" clippy --release "${@:2}" -- -D warnings
}

# image BOARD TARGET FILE CARGO-ARGUMENT...: builds what runs the stored programs on a board.
image() {
    BOARD=$1 for_target "$2" build --release "${@:4}" &&
        cp "$cross/$2/release/$3" "$cross/images/$1"
}

# Every stored program on every board, from flash where there is flash: output, ending and steps are the host's. Snapshots
# too, and what boards make of the host's.
firmware() {
    local arm=(--manifest-path targets/cortex-m/Cargo.toml)
    need_cross && mkdir -p "$cross/images" || return
    clippy_for thumbv7m-none-eabi "${arm[@]}" --workspace --features mog-thermostat/defmt,mog-thermostat/alloc &&
        clippy_for riscv32imac-unknown-none-elf --manifest-path targets/riscv/Cargo.toml || return
    image mps2-an385 thumbv7m-none-eabi conformance "${arm[@]}" &&
        image mps2-an386 thumbv7em-none-eabihf conformance "${arm[@]}" &&
        image lm3s6965evb thumbv7m-none-eabi conformance "${arm[@]}" --no-default-features --features "window-64,$small_parts" &&
        image microbit thumbv6m-none-eabi conformance "${arm[@]}" --no-default-features --features "window-32,$small_parts" &&
        image riscv32 riscv32imac-unknown-none-elf mog-riscv --manifest-path targets/riscv/Cargo.toml &&
        image aarch64 aarch64-unknown-linux-gnu mog-aarch64 --package mog-aarch64 &&
        MOG_FIRMWARE=$cross/images cargo test --locked --package mog-tests --test firmware --test board_snapshots
}

# The example firmware, without an allocator and with one: damaged programs are refused, a good one takes over. It tells
# of the same in defmt's frames.
thermostat() {
    local folder=targets/cortex-m/thermostat printed bin elf=$cross/thumbv7m-none-eabi/release/thermostat
    local example=(--release --manifest-path targets/cortex-m/Cargo.toml --package mog-thermostat)
    need_cross && need defmt-print cargo install --locked defmt-print || return
    for bin in thermostat thermostat-alloc; do
        printed=$(for_target thumbv7m-none-eabi run "${example[@]}" --features alloc --bin "$bin") || return
        diff $folder/expected.txt <(printf '%s\n' "$printed") || return
    done
    for_target thumbv7m-none-eabi run "${example[@]}" --features defmt --bin thermostat >"$cross/frames" || return
    printed=$(defmt-print -e "$elf" --log-format '{L} {s}' <"$cross/frames") || return
    diff $folder/expected-defmt.txt <(printf '%s\n' "$printed") || return
    echo "all three firmwares tell what they should"
}

# What the machine takes on a Cortex-M3: bytes of flash and RAM, bytes of native stack, instructions. What is over 2 % more
# than the figure in tests/firmware-figures.txt fails, if it is the compiler that the figures were measured with: rustup's.
# UPDATE_FIGURES=1 writes that file anew.
footprint() {
    local package=(--release --manifest-path targets/cortex-m/Cargo.toml --package mog-measure) figures=tests/firmware-figures.txt
    local release=$cross/thumbv7m-none-eabi/release measured elf
    need_cross && need arm-none-eabi-size debian binutils-arm-none-eabi || return
    measured=$(
        for elf in smallest smallest-floats; do
            for_target thumbv7m-none-eabi build "${package[@]}" --bin smallest $([ $elf = smallest ] || echo --features floats) || exit
            arm-none-eabi-size "$release/smallest" | awk -v name="$elf" 'NR == 2 { print name "_flash", $1 + $2; print name "_ram", $2 + $3 - 1024 }'
        done
        for_target thumbv7m-none-eabi build "${package[@]}" --bin measure || exit
        timeout 120 qemu-system-arm -machine mps2-an385 -icount shift=0 -display none -serial none -monitor none \
            -semihosting-config enable=on,target=native -kernel "$release/measure"
    ) || return
    [ "${UPDATE_FIGURES:-}" != 1 ] || awk 'NR == FNR { now[$1] = $2; next } /^#/ { print; next } { print $1, now[$1], $3 }' \
        <(printf '%s\n' "$measured") "$figures" >"$cross/figures" && { [ ! -s "$cross/figures" ] || mv "$cross/figures" "$figures"; }
    awk -v other_compiler="$(has_cross_targets || echo 1)" 'NR == FNR { now[$1] = $2; next }
        /^#/ { next }
        { note = ""
          if (now[$1] == "" || now[$1] > $2 * 1.02) { note = "WORSE"; worse++ }
          printf "%-22s %10s  recorded %10s  aim %10s  %s\n", $1, now[$1], $2, $3, note }
        END { if (other_compiler) print "measured with another compiler"; exit worse > 0 && !other_compiler }' <(printf '%s\n' "$measured") "$figures"
}
