#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Installs what the tests need (Debian packages), builds, and runs the tests:
#
#   devtools/test.sh [SUITE...]
#
#   unit      pure parts, cmocka
#   path      pcap in, pcap out through the real daemon, with two workers; one case of each test
#   every     the same with all cases, and with one worker, too; not without its name
#   hostile   guests and front ends that mean harm; not without its name, since sanitize does it
#   sanitize  unit and path (with one worker, a case of every twelfth test) once more, and hostile,
#             built with ASan and UBSan
#   lint      formatting, layers, headers, generated pages, documentation
#   system    network namespaces on TAP ports; foreign switches at the other end of tunnels
#   guest     QEMU guests on vhost-user ports
#
# Without a name all but `every` and `hostile`. Root is needed for namespaces. Ends with one line of totals.
set -uo pipefail
root=$(cd "$(dirname "$(readlink -f "$0")")/.." && pwd)
# shellcheck source=devtools/lib/say.sh
. "$root/devtools/lib/say.sh"
# shellcheck source=devtools/lib/packages.sh
. "$root/devtools/lib/packages.sh"

cd "$root" || exit 1
suites=("$@")
[ $# -gt 0 ] || suites=(unit path sanitize lint system guest)
jobs=$(($(nproc) + 2)) # most of a case is waiting
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
passed=0 failed=0 skipped=0

sees() { # SUITE STATUS LOG: adds up what the runner's own last lines say
	local numbers
	numbers=$(/usr/bin/python3 - "$3" <<'PY'
import re, sys
text = open(sys.argv[1], errors="replace").read()
found = {"passed": 0, "failed": 0, "skipped": 0}
for line in text.splitlines():
    if re.search(r"=?.*\b\d+ (passed|failed|errors?|skipped)\b.* in [\d.]+s", line):
        for number, word in re.findall(r"(\d+) (passed|failed|errors?|skipped)", line):
            found["failed" if word.startswith("error") else word] += int(number)
for word, ours in (("Ok", "passed"), ("Fail", "failed"), ("Timeout", "failed"), ("Skipped", "skipped")):
    for number in re.findall(rf"^{word}: +(\d+)", text, re.M):
        found[ours] += int(number)
print(found["passed"], found["failed"], found["skipped"])
PY
	)
	# shellcheck disable=SC2086 # three numbers
	set -- "$1" "$2" $numbers
	# A runner that ended badly without counting a failure has failed all the same.
	[ "$2" = 0 ] || [ "$4" != 0 ] || set -- "$1" "$2" "$3" 1 "$5"
	passed=$((passed + $3)) failed=$((failed + $4)) skipped=$((skipped + $5))
}

run() { # SUITE COMMAND...
	local suite=$1 status start=$SECONDS
	shift
	title "$suite"
	"$@" 2>&1 | tee "$work/log"
	status=${PIPESTATUS[0]}
	sees "$suite" "$status" "$work/log"
	step "$suite took $((SECONDS - start)) s"
}

build() { # FOLDER MESON-OPTIONS...
	local folder=$1 log=$work/build.log
	shift
	title "Building $(basename "$folder")"
	{ [ -f "$folder/build.ninja" ] || meson setup "$folder" "$@"; } > "$log" 2>&1 &&
		ninja -C "$folder" >> "$log" 2>&1 && return
	tail -40 "$log"
	fail "the build in $folder" "see the messages above; to start afresh: rm -rf $folder"
}

run_pytest() { # FOLDER ARGUMENTS...
	/usr/bin/python3 -m pytest -q --rootdir "test/$1" "test/$1" "${@:2}"
}

packages_need build-essential clang-format libcmocka-dev libdpdk-dev dpdk libjansson-dev libnuma-dev \
	libyaml-dev meson ninja-build pkg-config python3-docutils python3-jsonschema python3-pytest \
	python3-pytest-xdist python3-scapy python3-sphinx python3-yaml libpcap0.8 ethtool iproute2 \
	iputils-ping shellcheck tcpdump
build "$root/build" --buildtype=debugoptimized -Dunity=on -Dunity_size=100
export WEFT=$root/build/app/weft/weft WEFTCTL=$root/build/app/weftctl/weftctl

for suite in "${suites[@]}"; do
	case $suite in
	unit) run unit meson test -C build --suite unit --print-errorlogs --num-processes 2 ;;
	path) run path run_pytest path -n "$jobs" --workers two --most 1 ;;
	hostile)
		packages_need dpdk-dev
		run hostile run_pytest hostile -n "$jobs"
		;;
	every) run "path, every case" run_pytest path -n "$jobs" --workers both ;;
	sanitize)
		build "$root/build-sanitize" --buildtype=debugoptimized -Doptimization=1 \
			-Db_sanitize=address,undefined -Db_lundef=false -Dunity=on -Dunity_size=100
		export ASAN_OPTIONS=detect_leaks=1:abort_on_error=0:exitcode=99
		export UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1
		export LSAN_OPTIONS=suppressions=$root/test/unit/lsan.supp:print_suppressions=0
		WEFT_RULE_SETS=2000 run "unit, sanitized" meson test -C build-sanitize --suite unit --print-errorlogs \
			--num-processes 2 --timeout-multiplier 5
		# The client is what it was: its own tests have just run, and it is started so often.
		WEFT=$root/build-sanitize/app/weft/weft WEFT_TIMEOUT_SCALE=5 \
			run "path, sanitized" run_pytest path -n "$jobs" --workers one --most 1 --one-in 12
		packages_need dpdk-dev
		WEFT=$root/build-sanitize/app/weft/weft WEFT_TIMEOUT_SCALE=5 \
			run "hostile, sanitized" run_pytest hostile -n "$jobs"
		unset ASAN_OPTIONS UBSAN_OPTIONS LSAN_OPTIONS
		;;
	lint) run lint run_pytest lint -n 2 ;;
	system)
		packages_need tshark iperf3 iputils-tracepath traceroute
		packages_need_asleep openvswitch-switch
		run system run_pytest system -n "$jobs"
		;;
	guest)
		packages_need qemu-system-x86 busybox-static kmod
		packages_need_asleep libvirt-clients libvirt-daemon libvirt-daemon-driver-qemu
		run guest run_pytest guest -n 2
		;;
	*) fail "there is no suite '$suite'" "suites: unit path every hostile sanitize lint system guest" ;;
	esac
done

title "All suites"
[ "$skipped" = 0 ] && echo "$passed passed, $failed failed" ||
	echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
