#!/usr/bin/env bash
# All tests, in tiers, cheap ones first.
#
#   tests/run.sh                  everything
#   tests/run.sh unit conformance only these
#   FUZZ_SECONDS=600 tests/run.sh fuzz
#
# What a tier needs and the machine lacks is installed in CI (CI=true) and for root. Otherwise the tier is skipped, says
# what is missing, and the last line counts it. In CI nothing is skipped: what cannot be installed is a failure.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1

tiers=(format lint docs licences no_std readme unit conformance small_window stack firmware thermostat footprint c peers fuzz sanitizer)
# Only run when they are named: they take long.
readonly by_name=(threads soak)
target=${CARGO_TARGET_DIR:-target}
[[ $target = /* ]] || target=$PWD/$target
host=$(rustc -vV | sed -n 's/^host: //p')
# Workspaces of their own, because they build for other targets or with another compiler. They depend on what changes
# here, so their lock files are not insisted on.
readonly apart=(fuzz/Cargo.toml tests/peers/Cargo.toml targets/c-abi/Cargo.toml targets/cortex-m/Cargo.toml targets/riscv/Cargo.toml)
export CARGO_TERM_COLOR=${CARGO_TERM_COLOR:-auto}

# --- What tiers need -------------------------------------------------------------------------------------------------

readonly skipped=200
may_install() { [ "${CI:-}" = true ] || [ "$(id -u)" = 0 ]; }

# need COMMAND INSTALL...: true if the command is there, or is after installing it.
need() {
    command -v "$1" >/dev/null && return
    if ! may_install; then
        echo "$1 is missing; to install it: ${*:2}"
        return "$skipped"
    fi
    "${@:2}" && command -v "$1" >/dev/null
}

debian() { apt-get install -y -q --no-install-recommends "$@" || { apt-get update -q && apt-get install -y -q --no-install-recommends "$@"; }; }

need_nightly() {
    cargo +nightly --version >/dev/null 2>&1 && return
    if ! may_install; then
        echo "a nightly toolchain is missing; to install it: rustup toolchain install nightly"
        return "$skipped"
    fi
    rustup toolchain install nightly --profile minimal
}

# --- Tiers; those for other targets are in firmware.sh ---------------------------------------------------------------

format() {
    cargo fmt --all --check || return
    local manifest
    for manifest in "${apart[@]}"; do
        cargo fmt --manifest-path "$manifest" --check || return
    done
}

lint() {
    cargo clippy --locked --workspace --all-targets -- -D warnings
}

docs() {
    RUSTDOCFLAGS="-D warnings" cargo doc --locked --workspace --no-deps
}

# Everything that we link may be used as we use it, and comes from crates.io. Of cbindgen, which makes a header, nothing
# is linked; nor of smartstring, which Rhai needs, a peer in the benchmarks.
licences() {
    local other manifest
    local one='\(?(MIT|Apache-2\.0( WITH LLVM-exception)?|Zlib|0BSD|Unlicense|ISC|CC0-1\.0|BSD-[23]-Clause|Unicode-3\.0|NCSA)\)?'
    other=$(for manifest in Cargo.toml "${apart[@]}"; do
        cargo tree --manifest-path "$manifest" --workspace --edges normal,build,dev --prefix none --no-dedupe --format '{l} {p}'
    done | sort -u | grep -vE "^$one(( OR | AND | ?/ ?)$one)* [a-z]|^ *\$|^MPL-2\.0 cbindgen |^MPL-2\.0\+ smartstring ")
    [ -z "$other" ] || { echo "licences that nobody looked at yet: $other"; return 1; }
    other=$(grep -h '^source' Cargo.lock "${apart[@]/%toml/lock}" | grep -v '"registry+https://github.com/rust-lang/crates.io-index"')
    [ -z "$other" ] || { echo "sources other than crates.io: $other"; return 1; }
}

# The machine builds without a standard library or allocator, in all its sizes; and a host that embeds it links nothing of
# what only the command and policies need.
no_std() {
    local features found
    for features in "" floats,maps window-32,default window-64,default; do
        RUSTFLAGS="-D warnings" cargo check --locked --package mog-core --no-default-features --features "$features" || return
    done
    found=$(cargo tree --locked --package mog-core --edges normal,features |
        grep -oE '[a-z_-]+ feature "(std|use-std|alloc)"' | sort -u)
    [ -z "$found" ] || { echo "mog-core reaches for what needs an allocator: $found"; return 1; }
    found=$(cargo tree --locked --package mog --no-default-features --edges normal --prefix none |
        grep -oE '^(clap|toml|cap-std|cap-tempfile|command-fds|ed25519-dalek|redb|reqwest|rustix|rustls|seccompiler|tempfile|tokio|notify[a-z-]*) ' | sort -u)
    [ -z "$found" ] || { echo "mog without features links: $found"; return 1; }
}

# The README's commands do what it says, and its program is the one in examples/.
readme() {
    local program printed
    program=$(awk '/^```rust$/ { on = 1; next } /^```$/ { on = 0 } on' README.md)
    diff <(printf '%s\n' "$program") <(sed '/^#!\[allow/d; /^\/\/!/d; 1,/./{/^$/d}' examples/embed/src/main.rs) ||
        { echo "README.md and examples/embed/src/main.rs differ"; return 1; }
    printed=$(cargo run --release --locked -q -p mog -- run examples/risk.mog --grant log.write) || return
    [[ $printed == *"Risk level: medium"* ]] || { echo "examples/risk.mog printed: $printed"; return 1; }
    cargo run --locked -q -p mog-embed-example --bin embed &&
        cargo run --locked -q -p mog-embed-example --bin products &&
        cargo run --locked -q -p mog-embed-example --bin agents &&
        cargo run --locked -q -p mog-agent-host-example --bin load -- 1000 || return
    printed=$(cargo run --locked -q -p mog-embassy-example) || return
    [[ $printed == *"red: Some(Int(7))"* ]] || { echo "the example for embassy printed: $printed"; return 1; }
}

unit() {
    cargo test --locked --workspace --exclude mog-tests
}

# Every stored program from source and from bytecode, on both dispatchers, and with forced collection; the command
# line; attacks. The command under test is the optimised one, and then the one with debug assertions.
conformance() {
    if [ "$(uname)" = Linux ]; then need bwrap debian bubblewrap || return; fi
    cargo build --release --locked --package mog &&
        MOG_BIN=$target/release/mog cargo test --locked --package mog-tests &&
        cargo build --locked --package mog &&
        MOG_BIN=$target/debug/mog cargo test --locked --package mog-tests --test conformance
}

# The machine as the smallest targets have it: hello in 1 KiB; every program's module, built there, runs in the
# machine with the large window with the same output in the same steps; and what one of them saves, the other resumes.
small_window() {
    local small=$target/window-32 printed program=tests/conformance/async/many_tasks.mog
    printed=$(mktemp) || return
    cargo build --release --locked --package mog --features window-32 --target-dir "$small" &&
        cargo build --release --locked --package mog &&
        "$small/release/mog" run --memory 1K tests/conformance/limits/hello_in_4_kib.mog >"$printed" &&
        diff "$printed" tests/conformance/limits/hello_in_4_kib.out &&
        MOG_BIN=$small/release/mog MOG_MACHINE_BIN=$target/release/mog \
            cargo test --locked --package mog-tests --test conformance &&
        "$small/release/mog" build "$program" -o "$printed.mogb" &&
        continues "$small/release/mog" "$target/release/mog" "$printed.mogb" &&
        continues "$target/release/mog" "$small/release/mog" "$printed.mogb"
}

# continues ONE OTHER MODULE: what one saves after a while, the other goes on with, as if it had run in one go.
continues() {
    local saved=$target/saved whole parts
    whole=$("$1" run --memory 256K --steps 20000000 "$3") || return
    parts=$("$1" run --memory 256K --steps 2000 --snapshot-on-exit "$saved" "$3"; [ $? = 124 ] && "$2" resume "$saved") || return
    [ "$whole" = "$parts" ] || { echo "saved by $1 and resumed by $2, it printed: $parts"; return 1; }
}

# A thousand million steps, calls and library functions on a native stack of 96 KiB, of which the command line alone takes
# more than 72: they take none of it. Behind that: each instruction of the fast dispatcher ends in a jump to the next one's
# code, and none calls it.
stack() {
    local dispatch program
    cargo build --release --locked --package mog || return
    for dispatch in match tail; do
        for program in mix fib nbody strs qsort; do
            (ulimit -s 96 && "$target/release/mog" run --dispatch "$dispatch" "tests/bench/mog/$program.mog") || return
        done
    done
    [[ $host == x86_64-*-linux-* ]] || return 0
    need objdump debian binutils || return
    objdump -dC --no-show-raw-insn "$target/release/mog" | awk '
        /^[0-9a-f]+ <.*dispatch_tail::handlers::/ { inside = 1 }
        /^$/ { inside = 0 }
        inside && /jmp +\*/ { jumps++ }
        # A call through a fixed address is one of a function in another crate.
        inside && /call +(\*|.*handlers::)/ && !/\(%rip\)/ { calls++ }
        END { print jumps + 0 " jumps and " calls + 0 " calls from one instruction to the next"; exit calls > 0 || jumps < 50 }'
}

# The C interface: its header, C hosts under sanitizers, a C host that does everything wrong, as found by pkg-config and
# CMake, and in a firmware under emulation.
c() {
    local crate=$PWD/targets/c-abi out=$target/c-abi compiler=$target/release/mog seed include other
    include=(-I"$out" -I"$crate/include")
    need gcc debian gcc libc6-dev && need g++ debian g++ && need make debian make && need cmake debian cmake &&
        need pkg-config debian pkg-config && need arm-none-eabi-gcc debian gcc-arm-none-eabi libnewlib-arm-none-eabi &&
        need_cross || return
    cargo build --release --locked --package mog || return
    local -x CARGO_TARGET_DIR=$out/target MOG=$compiler
    (cd "$crate" && cargo clippy --locked -- -D warnings &&
        cargo test --locked && cargo build --locked && ./install.sh "$out/prefix") || return
    # It asks for nothing but to move bytes, and for a way to stop.
    other=$(nm -g "$out/prefix/lib/libmog.a" 2>/dev/null | awk '$1 == "U" { needs[$2] } NF == 3 { has[$3] }
        END { for (name in needs) if (!(name in has) && name !~ /^(mem(cpy|move|set|cmp)|bcmp|strlen|abort|__.*[dt]i[34])$/) print name }')
    [ -z "$other" ] || { echo "libmog.a asks for: $other"; return 1; }
    # As C and as C++; what they print is stored beside them.
    local sanitize="-g -O1 -fsanitize=address,undefined -fno-sanitize-recover=all" library=$out/prefix/lib/libmog.a
    make -s -C examples/c run OUT="$out/c" LIBMOG="$library" CFLAGS="$sanitize" &&
        make -s -C examples/c run OUT="$out/c++" LIBMOG="$library" CFLAGS="$sanitize" CC=g++ LANGUAGE=c++ STANDARD=c++11 || return
    # With the assertions of a debug build.
    "$compiler" build "$crate/tests/hostile.mog" --declare "$crate/tests/hostile.mogdecl" --emit c -o "$out/hostile.h" &&
        gcc -std=c99 -pedantic -Wall -Wextra -Werror $sanitize "${include[@]}" "$crate/tests/hostile.c" \
            "$out/target/debug/libmog.a" -o "$out/hostile" || return
    for seed in 1 2 3 4 5; do
        "$out/hostile" "$seed" 200000 >"$out/hostile.out" || { echo "hostile $seed 200000: status $?"; cat "$out/hostile.out"; return 1; }
    done
    # shellcheck disable=SC2046 # flags are words
    gcc -I"$out/c" examples/c/hello.c $(PKG_CONFIG_PATH=$out/prefix/lib/pkgconfig pkg-config --cflags --libs mog) -o "$out/hello" &&
        "$out/hello" | diff - examples/c/hello.out || return
    cmake -S examples/c -B "$out/cmake" -DCMAKE_PREFIX_PATH="$out/prefix" -DMOG="$compiler" >/dev/null &&
        cmake --build "$out/cmake" >/dev/null && "$out/cmake/hello" | diff - examples/c/hello.out || return
    # With the parts of the machine that the firmware's program needs.
    targets/cross.sh thumbv7m-none-eabi build --locked --profile small --no-default-features \
        --features window-32,mog-core/values --manifest-path "$crate/Cargo.toml" &&
        make -s -C examples/c firmware OUT="$out/firmware" LIBMOG="$out/target/thumbv7m-none-eabi/small/libmog.a" &&
        timeout 60 qemu-system-arm -machine mps2-an385 -nographic -semihosting-config enable=on,target=native \
            -kernel "$out/firmware/firmware.elf" >"$out/firmware.out" 2>&1 && diff "$out/firmware.out" examples/c/firmware.out
}

# The benchmark programs give what they give in other languages. Once; the figures are to look at, not to pass. Without
# Rhai, which takes minutes.
peers() {
    need lua5.4 debian lua5.4 && need luajit debian luajit || return
    rustup target add wasm32-unknown-unknown || return
    # In one folder with the command, so that it is not built again.
    RUNS=1 PEERS="Mog;Mog, match;native Rust;wasmi;LuaJIT -joff;Lua 5.4" CARGO_TARGET_DIR=$target \
        cargo run --release --manifest-path tests/peers/Cargo.toml
}

# Each fuzz target for a while, from the stored programs as seeds.
fuzz() {
    local seconds=${FUZZ_SECONDS:-15} folder=$target/fuzz name seeds
    need_nightly || return
    need cargo-fuzz cargo install --locked cargo-fuzz || return
    cargo build --release --locked --package mog || return
    rm -rf "$folder/seeds" && mkdir -p "$folder/seeds/source" "$folder/seeds/module" "$folder"/seeds/{json,declarations,policy} || return
    cp mog-compiler/src/declarations/*.mogdecl "$folder/seeds/declarations/" || return
    find tests/conformance tests/attacks examples -name '*.mog' | while read -r program; do
        name=${program//\//-}
        cp "$program" "$folder/seeds/source/$name"
        # What must not compile is no module. In front: function 0, 4096 words, slices of 256 steps.
        "$target/release/mog" build "$program" -o "$folder/module" 2>/dev/null || continue
        { printf '\0\0\0\020\0\001' && cat "$folder/module"; } >"$folder/seeds/module/$name"
    done
    grep -rhoE '[[{]\\?".*[]}]' tests/conformance --include='*.mog' | split -l 1 - "$folder/seeds/json/" || return
    for name in source module mutated_module snapshot json declarations policy programs signed values; do
        seeds=()
        [ ! -d "$folder/seeds/$name" ] || seeds=("$folder/seeds/$name")
        mkdir -p "$folder/corpus/$name" || return
        cargo +nightly fuzz run --fuzz-dir fuzz --target-dir "$folder" "$name" "$folder/corpus/$name" "${seeds[@]}" -- \
            -max_total_time="$seconds" -timeout=20 -rss_limit_mb=2048 -len_control=0 -verbosity=0 -print_final_stats=1 || return
    done
}

# The host crate with AddressSanitizer: our code has no unsafe block, what it depends on does.
sanitizer() {
    need_nightly || return
    RUSTFLAGS=-Zsanitizer=address cargo +nightly test --locked --target "$host" --target-dir "$target/sanitizer" \
        --package mog --lib --bins --tests
}

# shellcheck source=tests/firmware.sh
. tests/firmware.sh

# Programs for an hour (SOAK_SECONDS) in one process, whose memory stays flat.
soak() {
    cargo test --locked --profile fast --package mog-tests --test soak -- --ignored --nocapture
}

# Ten thousand instances on two threads under ThreadSanitizer, with a standard library that it sees too: Debian's compiler
# builds it from source. That compiler has no runtime for the sanitizer, the nightly toolchain has one.
threads() {
    need_nightly && need_debian_compiler || return
    local runtime
    runtime=$(rustc +nightly --print target-libdir)/librustc-nightly_rt.tsan.a
    mkdir -p "$target/threads" && cat >"$target/threads/linker" <<EOF || return
#!/bin/sh
# Macros are libraries of the compiler's.
case " \$* " in *" -shared "*) exec cc "\$@" ;; esac
# Some of what the runtime intercepts is not in every libc; nothing calls it.
exec cc "\$@" -Wl,--unresolved-symbols=ignore-all -Wl,--whole-archive $runtime -Wl,--no-whole-archive \\
    -lstdc++ -lm -lpthread -ldl -lrt -lgcc_s -lc -lgcc
EOF
    chmod +x "$target/threads/linker" &&
        RUSTC_BOOTSTRAP=1 RUSTC=/usr/bin/rustc RUSTFLAGS="-Zsanitizer=thread -Zexternal-clangrt" \
            CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_LINKER=$target/threads/linker CARGO_TARGET_DIR=$target/threads \
            /usr/bin/cargo test -Z build-std --target x86_64-unknown-linux-gnu --package mog --no-default-features --test crowd
}

# --- Run them --------------------------------------------------------------------------------------------------------

[ $# -gt 0 ] || set -- "${tiers[@]}"
passed=0 failed=() left_out=()
for tier; do
    if [[ " ${tiers[*]} ${by_name[*]} " != *" $tier "* ]]; then
        echo "no tier $tier; there are: ${tiers[*]}; and, if named: ${by_name[*]}" >&2
        exit 64
    fi
    printf '\n=== %s\n' "$tier"
    start=$SECONDS
    "$tier"
    status=$?
    [ $status != $skipped ] || [ "${CI:-}" != true ] || status=1
    case $status in
        0) passed=$((passed + 1)) ;;
        "$skipped") left_out+=("$tier") ;;
        *) failed+=("$tier") ;;
    esac
    printf '=== %s: %s after %s s\n' "$tier" "$([ $status = 0 ] && echo passed || echo "status $status")" $((SECONDS - start))
done

printf '\n'
[ ${#left_out[@]} = 0 ] || echo "SKIPPED, see above for what is missing: ${left_out[*]}"
[ ${#failed[@]} = 0 ] || echo "FAILED: ${failed[*]}"
echo "tiers: $passed passed, ${#failed[@]} failed, ${#left_out[@]} skipped"
[ ${#failed[@]} = 0 ]
