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

tiers=(format lint docs licences no_std readme unit conformance small_window stack firmware thermostat footprint c wasm peers fuzz sanitizer)
# Only run when they are named: they take long.
readonly by_name=(threads soak coverage mutants sbom advisories)
target=${CARGO_TARGET_DIR:-target}
[[ $target = /* ]] || target=$PWD/$target
host=$(rustc -vV | sed -n 's/^host: //p')
# Workspaces of their own, because they build for other targets or with another compiler. They depend on what changes
# here, so their lock files are not insisted on.
readonly apart=(fuzz/Cargo.toml tests/peers/Cargo.toml targets/c-abi/Cargo.toml targets/cortex-m/Cargo.toml targets/riscv/Cargo.toml targets/wasm/Cargo.toml)
export CARGO_TERM_COLOR=${CARGO_TERM_COLOR:-auto}
# In CI nothing is built a second time: what would make that quick is only in the way on its disk.
[ "${CI:-}" != true ] || export CARGO_INCREMENTAL=0

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
        cargo fmt --all --manifest-path "$manifest" --check || return
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
    for features in "" floats,maps window-32,default window-64,default defmt,default; do
        RUSTFLAGS="-D warnings" cargo check --locked --package mog-core --no-default-features --features "$features" || return
    done
    cargo test --locked --package mog-core --no-default-features --features json,strings --test parts || return
    found=$(cargo tree --locked --package mog-core --edges normal,features |
        grep -oE '[a-z_-]+ feature "(std|use-std|alloc)"' | sort -u)
    [ -z "$found" ] || { echo "mog-core reaches for what needs an allocator: $found"; return 1; }
    found=$(cargo tree --locked --package mog --no-default-features --edges normal --prefix none |
        grep -oE '^(bytes|clap|toml|cap-std|cap-tempfile|command-fds|ed25519-dalek|http-body-util|hyper[a-z-]*|redb|reqwest|rustix|rustls|seccompiler|tempfile|tokio|notify[a-z-]*) ' | sort -u)
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
    if [ "$(uname)" = Linux ]; then need bwrap debian bubblewrap && need curl debian curl || return; fi
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
    cargo build --profile fast --locked --package mog --features window-32 --target-dir "$small" &&
        cargo build --release --locked --package mog &&
        "$small/fast/mog" run --memory 1K tests/conformance/limits/hello_in_4_kib.mog >"$printed" &&
        diff "$printed" tests/conformance/limits/hello_in_4_kib.out &&
        MOG_BIN=$small/fast/mog MOG_MACHINE_BIN=$target/release/mog \
            cargo test --locked --package mog-tests --test conformance &&
        "$small/fast/mog" build "$program" -o "$printed.mogb" &&
        continues "$small/fast/mog" "$target/release/mog" "$printed.mogb" &&
        continues "$target/release/mog" "$small/fast/mog" "$printed.mogb"
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
        # A call through a fixed address is one of a function in another crate, through an offset one of the host.
        inside && /call +(\*%|\*.*,8\)|.*handlers::)/ && !/\(%rip\)/ { calls++ }
        END { print jumps + 0 " jumps and " calls + 0 " calls from one instruction to the next"; exit calls > 0 || jumps < 50 }'
}

# The C interface: its header, C hosts under sanitizers, a C host that does everything wrong, as found by pkg-config and
# CMake, and in a firmware under emulation.
c() {
    local crate=$PWD/targets/c-abi out=$target/c-abi compiler=$target/release/mog seed test include other
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
    # Values of all types, taken apart in C and made anew; and values that are not there any more.
    for test in mirror edges; do
        "$compiler" build "$crate/tests/$test.mog" --declare "$crate/tests/$test.mogdecl" --emit c -o "$out/$test.h" &&
            gcc -std=c99 -pedantic -Wall -Wextra -Werror $sanitize "${include[@]}" "$crate/tests/$test.c" \
                "$out/target/debug/libmog.a" -o "$out/$test" && [ "$("$out/$test" | tee "$out/$test.out")" = done ] ||
            { head -c 2000 "$out/$test.out"; return 1; }
    done
    # With the assertions of a debug build.
    "$compiler" build "$crate/tests/hostile.mog" --declare "$crate/tests/hostile.mogdecl" --emit c -o "$out/hostile.h" &&
        gcc -std=c99 -pedantic -Wall -Wextra -Werror $sanitize "${include[@]}" "$crate/tests/hostile.c" \
            "$out/target/debug/libmog.a" -o "$out/hostile" || return
    for seed in 1 2 3 4 5; do
        "$out/hostile" "$seed" 200000 >"$out/hostile.out" || { echo "hostile $seed 200000: status $?"; cat "$out/hostile.out"; return 1; }
    done
    for seed in fuzz/regressions/c_abi/*; do
        "$out/hostile" "$seed" || { echo "hostile $seed: status $?"; return 1; }
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

# The machine and the compiler as WebAssembly modules, in an engine with fuel and a memory limit.
wasm() {
    local -x CARGO_TARGET_DIR=$target/wasm
    local guest=wasm32-unknown-unknown workspace=(--manifest-path targets/wasm/Cargo.toml)
    local modules=(--package mog-wasm-machine --package mog-wasm-compiler)
    if ! need_wasm; then
        need_debian_compiler && need wasm-ld debian lld || return
    fi
    targets/cross.sh "$guest" clippy "${workspace[@]}" "${modules[@]}" -- -D warnings &&
        targets/cross.sh "$guest" build --release "${workspace[@]}" "${modules[@]}" &&
        cargo clippy "${workspace[@]}" --package mog-wasm-tests --all-targets -- -D warnings &&
        MOG_WASM=$CARGO_TARGET_DIR/$guest/release cargo test "${workspace[@]}" --package mog-wasm-tests
}

# The benchmark programs give what they give in other languages, in at most 3 % more instructions than recorded. Each once:
# the times, and their plot, are to look at, not to pass. Without Rhai, which takes minutes.
peers() {
    need lua5.4 debian lua5.4 && need luajit debian luajit && need valgrind debian valgrind && need_wasm || return
    # In one folder with the command, so that it is not built again.
    local -x CARGO_TARGET_DIR=$target
    RUNS=${RUNS:-1} PEERS="Mog;Mog, match;native Rust;wasmi;wasmi, fuel;LuaJIT -joff;Lua 5.4" \
        cargo run --release --manifest-path tests/peers/Cargo.toml -- --csv "$target/peers.csv" --svg "$target/peers.svg" &&
        cargo run --release --manifest-path tests/peers/Cargo.toml -- instructions --against tests/peers/instructions.txt
}

need_wasm() {
    rustup target list --installed 2>/dev/null | grep -qxF wasm32-unknown-unknown && return
    if ! may_install; then
        echo "a target is missing; to install it: rustup target add wasm32-unknown-unknown"
        return "$skipped"
    fi
    # A download that hangs is no download.
    timeout 120 rustup target add wasm32-unknown-unknown
}

# Each fuzz target for a minute (FUZZ_SECONDS), two at a time, from the stored programs as seeds.
fuzz() {
    local folder=$target/fuzz name
    need_nightly || return
    need cargo-fuzz cargo install --locked cargo-fuzz || return
    need gcc debian gcc libc6-dev && need g++ debian g++ || return
    cargo build --release --locked --package mog || return
    rm -rf "$folder/seeds" && mkdir -p "$folder/seeds/source" "$folder/seeds/module" "$folder"/seeds/{json,declarations} || return
    cp mog-compiler/src/declarations/*.mogdecl "$folder/seeds/declarations/" || return
    find tests/conformance tests/attacks examples -name '*.mog' | while read -r program; do
        name=${program//\//-}
        cp "$program" "$folder/seeds/source/$name"
        # What must not compile is no module. In front: function 0, 4096 words, slices of 256 steps.
        "$target/release/mog" build "$program" -o "$folder/module" 2>/dev/null || continue
        { printf '\0\0\0\020\0\001' && cat "$folder/module"; } >"$folder/seeds/module/$name"
    done
    grep -rhoE '[[{]\\?".*[]}]' tests/conformance --include='*.mog' | split -a 3 -l 1 - "$folder/seeds/json/" || return
    cargo +nightly fuzz build --fuzz-dir fuzz --target-dir "$folder" || return
    basename -as .rs fuzz/fuzz_targets/*.rs | xargs -P 2 -I{} bash -c 'fuzz_one "$@"' _ {} "$folder"
}

# fuzz_one NAME FOLDER: runs a target that is built. What it found is in fuzz/artifacts/, and said at the end.
fuzz_one() {
    local name=$1 folder=$2 seeds seconds=${FUZZ_SECONDS:-60}
    mkdir -p "$folder/corpus/$name" || return
    for seeds in "$folder/seeds/$name" "fuzz/regressions/$name"; do
        [ ! -d "$seeds" ] || set -- "$@" "$seeds"
    done
    if cargo +nightly fuzz run --fuzz-dir fuzz --target-dir "$folder" "$name" "$folder/corpus/$name" "${@:3}" -- \
        -max_total_time="$seconds" -timeout=20 -rss_limit_mb=2048 -len_control=0 -print_final_stats=1 >"$folder/$name.log" 2>&1; then
        echo "$name: $(awk '/^#[0-9]+\tDONE/ { print $4, $6 } /number_of_executed_units/ { print $2, "executions" }' "$folder/$name.log" | xargs)"
    else
        tail -n 100 "$folder/$name.log"
        echo "$name: a finding, or it did not run"
        return 1
    fi
}
export -f fuzz_one

# The host crate with AddressSanitizer: our code has no unsafe block, what it depends on does.
sanitizer() {
    need_nightly || return
    # Without policies, which have no code of the machine's and many dependencies to build.
    RUSTFLAGS=-Zsanitizer=address cargo +nightly test --locked --target "$host" --target-dir "$target/sanitizer" \
        --package mog --no-default-features --features derive --lib --tests
}

# shellcheck source=tests/firmware.sh
. tests/firmware.sh

# Lines of the machine that tests reach, as text in target/coverage/: at least 95 of 100, and of the verifier and step
# accounting all. The stored programs run in processes of their own, whose command is instrumented too. What no test
# reaches is in tests/coverage.md.
coverage() {
    need cargo-llvm-cov cargo install --locked cargo-llvm-cov || return
    if may_install; then rustup component add llvm-tools || return; fi
    local out=$target/coverage
    (
        # All processes of a command share a few files: one for each of many thousands would fill the disk.
        export CARGO_TARGET_DIR=$out LLVM_PROFILE_FILE_NAME=mog-%4m.profraw
        eval "$(cargo llvm-cov show-env --sh)" && cargo llvm-cov clean --workspace &&
            # What an earlier run left would be counted as it was then.
            { [ ! -d "$out/fast" ] || find "$out/fast" -maxdepth 2 -type f -executable ! -name '*.so' -delete; } &&
            cargo test --locked --profile fast --package mog-core &&
            cargo test --locked --profile fast --package mog --lib --tests &&
            cargo build --locked --profile fast --package mog || exit
        for dispatch in match tail; do
            "$out/fast/mog" run --dispatch $dispatch tests/bench/mog/mix.mog >/dev/null || exit
        done
        # What counts is what is reached, not how soon.
        MOG_BIN=$out/fast/mog cargo test --locked --profile fast --package mog-tests --package mog-fuzz-harness \
            --test conformance --test attacks --test snapshots --test differential --test run_async --test callbacks \
            --test replay -- --skip ten_megabyte &&
            cargo llvm-cov report --profile fast --ignore-filename-regex '/(tests|examples|targets|mog-compiler|\.cargo)/|/test(s|ing)\.rs$' \
                --show-missing-lines >"$out/report"
    ) || return
    # Columns: file, regions, missed, cover, functions, missed, cover, lines, missed, cover.
    awk '/^(mog-core|.*\.rs|TOTAL) / && NF >= 10 { print $1, $8 " lines", $9 " missed", $10 }
        /^Uncovered/ { exit }' "$out/report" | column -t
    sed -n '/^Uncovered/,$p' "$out/report"
    awk '/^Uncovered/ { exit }
        $1 ~ /verify\/|machine\/vm\.rs$/ { unreached += $9 }
        $1 == "TOTAL" && $10 + 0 < 95 { print "less than 95 % of lines are covered"; bad++ }
        $1 == "TOTAL" { total++ }
        END { if (unreached) print unreached " lines of the verifier and of step accounting are not covered"
              exit bad > 0 || unreached > 0 || !total }' "$out/report"
}

# What tests notice of changes in the verifier, the collector and step accounting, one at a time. Survivors are to be in
# tests/mutants.md, and nothing else. Seconds for each of some hundreds; MUTANTS=1/20 takes a twentieth.
mutants() {
    need cargo-mutants cargo install --locked cargo-mutants || return
    local out=$target/mutants
    rm -rf "$out" && mkdir -p "$out" || return
    # Each part by the tests that are about it: so a mutant takes seconds, not a minute.
    mutants_of "$out/verifier" --file 'mog-core/src/verify/*.rs' --cargo-arg='--test=verify_*' &&
        mutants_of "$out/collector" --file mog-core/src/heap/collect.rs --file mog-core/src/machine/vm.rs \
            --cargo-arg=--lib -- -- heap::tests::exact machine:: || return
    ! sed -E 's/:[0-9]+:[0-9]+:/:/' "$out"/*/mutants.out/missed.txt | grep -vxFf <(sed -n 's/^    //p' tests/mutants.md)
}

# mutants_of FOLDER ARGUMENTS...: whether they could be tried. A loop that never ends is found out soon, and a finding of a
# property is enough without the smallest input.
mutants_of() {
    local status=0
    PROPTEST_MAX_SHRINK_ITERS=0 CARGO_PROFILE_DEV_DEBUG=0 cargo mutants --package mog-core --baseline skip --timeout 20 \
        --shard "${MUTANTS:-0/1}" --output "$1" "${@:2}" || status=$?
    # 2: survivors, 3: timeouts.
    [[ $status = [023] ]]
}

# What is in each of our packages, as CycloneDX.
sbom() {
    need cargo-cyclonedx cargo install --locked cargo-cyclonedx || return
    local out=$target/sbom manifest
    rm -rf "$out" && mkdir -p "$out" || return
    for manifest in Cargo.toml targets/c-abi/Cargo.toml; do
        cargo cyclonedx --manifest-path "$manifest" --format json --target all || return
    done
    # It writes them beside the manifests.
    find . -name '*.cdx.json' -not -path './target/*' -exec mv -t "$out" {} + && ls "$out"
}

# What the RustSec database knows of the versions that are locked. Needs GitHub.
advisories() {
    need cargo-audit cargo install --locked cargo-audit || return
    local lock
    for lock in Cargo.lock "${apart[@]/%toml/lock}"; do cargo audit --file "$lock" || return; done
}

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

# In CI, whose disk may be small, what was built for a tier goes when no later one needs it.
tidy() {
    local folder
    case $1 in
        docs) folder=doc ;;
        small_window) folder=window-32 ;;
        firmware) folder=debug ;;
        footprint) folder=cross ;;
        c) folder=c-abi ;;
        wasm | fuzz | sanitizer) folder=$1 ;;
        *) return ;;
    esac
    rm -rf "${target:?}/$folder"
}

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
    printf '=== %s: %s after %s s, %s in %s\n' "$tier" "$([ $status = 0 ] && echo passed || echo "status $status")" \
        $((SECONDS - start)) "$(du -sh "$target" 2>/dev/null | cut -f1)" "$target"
    [ "${CI:-}" != true ] || tidy "$tier"
done

printf '\n'
[ ${#left_out[@]} = 0 ] || echo "SKIPPED, see above for what is missing: ${left_out[*]}"
[ ${#failed[@]} = 0 ] || echo "FAILED: ${failed[*]}"
echo "tiers: $passed passed, ${#failed[@]} failed, ${#left_out[@]} skipped"
[ ${#failed[@]} = 0 ]
