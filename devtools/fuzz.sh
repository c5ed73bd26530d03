#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Fuzzes weft's parsers and its path with libFuzzer, ASan and UBSan:
#
#   devtools/fuzz.sh [SECONDS [TARGET...]]
#
#   path   frames through a whole site: walk, connections, NAT, reassembly, tunnels
#   key    the parsers of frames, on memory that ends where the frame ends
#   conf   texts as configurations
#
# All targets side by side, each for SECONDS (600). Inputs that got somewhere new stay in
# build-fuzz/corpus, for the next time; one that brings a target down stays in build-fuzz/found,
# and is the last thing that is said.
set -uo pipefail
root=$(cd "$(dirname "$(readlink -f "$0")")/.." && pwd)
# shellcheck source=devtools/lib/say.sh
. "$root/devtools/lib/say.sh"
# shellcheck source=devtools/lib/packages.sh
. "$root/devtools/lib/packages.sh"

cd "$root" || exit 1
seconds=${1:-600}
[ $# = 0 ] || shift
targets=("$@")
[ $# -gt 0 ] || targets=(path key conf)
build=$root/build-fuzz
found=$build/found
case $seconds in
'' | *[!0-9]*) fail "'$seconds' is no number of seconds" "usage: devtools/fuzz.sh [SECONDS [TARGET...]]" ;;
esac

packages_need build-essential clang libcmocka-dev libdpdk-dev libjansson-dev libyaml-dev meson ninja-build \
	pkg-config
title "Building"
if [ ! -f "$build/build.ninja" ]; then
	CC=clang meson setup "$build" -Dfuzz=true --buildtype=debugoptimized -Doptimization=1 \
		-Db_sanitize=address,undefined -Db_lundef=false -Dunity=on -Dunity_size=100 \
		-Dc_args=-fsanitize=fuzzer-no-link > "$root/build-fuzz.log" 2>&1 ||
		fail "meson cannot set $build up" "see $root/build-fuzz.log"
	mv "$root/build-fuzz.log" "$build/setup.log"
fi
programs=()
for target in "${targets[@]}"; do
	[ -f "test/fuzz/fuzz_$target.c" ] || fail "there is no target '$target'" "targets: path key conf"
	programs+=("test/fuzz/fuzz_$target")
done
ninja -C "$build" "${programs[@]}" > "$build/build.log" 2>&1 ||
	{ tail -40 "$build/build.log"; fail "the build in $build" "see the messages above"; }

title "Fuzzing for $seconds s"
mkdir -p "$found"
export ASAN_OPTIONS=detect_leaks=0 UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1
pids=()
for target in "${targets[@]}"; do
	corpus=$build/corpus/$target
	mkdir -p "$corpus"
	FUZZ_SEEDS=$corpus "$build/test/fuzz/fuzz_$target" > /dev/null 2>&1
	"$build/test/fuzz/fuzz_$target" -max_total_time="$seconds" -max_len=16384 -timeout=10 -rss_limit_mb=4096 \
		-entropic=0 -detect_leaks=0 -print_final_stats=1 \
		-artifact_prefix="$found/$target-" "$corpus" > "$build/$target.log" 2>&1 &
	pids+=($!)
done
status=0
for number in "${!targets[@]}"; do
	target=${targets[$number]}
	if wait "${pids[$number]}"; then
		step "$target: $(sed -n 's/^stat::number_of_executed_units: *//p' "$build/$target.log") inputs," \
			"$(find "$build/corpus/$target" -type f | wc -l) kept, nothing found"
	else
		tail -60 "$build/$target.log"
		step "$target: FOUND something, see $build/$target.log and $found"
		status=1
	fi
done
exit $status
