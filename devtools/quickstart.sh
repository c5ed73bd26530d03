#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# From nothing to a switch that forwards, on a fresh Debian 12:
#
#   devtools/quickstart.sh [--guests] [--keep]
#
#   --guests   two QEMU guests on vhost-user ports instead of network namespaces on TAP ports
#   --keep     leave everything running at the end, until Ctrl-C
#
# Installs the Debian packages that are missing, builds in the folder `build`, starts the switch of
# examples/quickstart, attaches guests, shows what they can and cannot reach, and cleans up. It runs
# in network namespaces of its own and touches no interface, address or route of the machine.
set -Eeuo pipefail
root=$(cd "$(dirname "$(readlink -f "$0")")/.." && pwd)
# shellcheck source=devtools/lib/say.sh
. "$root/devtools/lib/say.sh"
# shellcheck source=devtools/lib/packages.sh
. "$root/devtools/lib/packages.sh"

build=$root/build
weft=${WEFT:-$build/app/weft/weft}
ctl=${WEFTCTL:-$build/app/weftctl/weftctl}
tag=weft-qs-$$
work='' daemon='' others='' namespaces=''
with_guests=false keeps=false

for option in "$@"; do
	case $option in
	--guests) with_guests=true ;;
	--keep) keeps=true ;;
	*) sed -n 's/^# \{0,1\}//; 3,13p' "$0"; exit 2 ;;
	esac
done

# ---- the stage and its end ----

clean_up() {
	local status=$?
	set +e
	trap - EXIT
	[ -z "$daemon$namespaces" ] || title "Cleaning up"
	# shellcheck disable=SC2086 # lists of process ids
	[ -z "$others$daemon" ] || kill $others $daemon 2>/dev/null
	wait 2>/dev/null
	for name in $namespaces; do
		ip netns del "$name" 2>/dev/null
	done
	if [ "$status" != 0 ] && [ "$status" != 130 ] && [ -s "$work/weft.log" ]; then
		echo "the last words of the switch:"
		tail -15 "$work/weft.log" | detail
	fi
	[ -z "$work" ] || rm -rf "$work"
	[ "$status" != 0 ] || [ -z "$daemon" ] || step "done; nothing is left behind"
	exit "$status"
}
trap clean_up EXIT
trap 'fail "this command did not work: $BASH_COMMAND" "see its own words above"' ERR
trap 'exit 130' INT TERM

netns_add() {
	ip netns add "$tag-$1" || fail "could not make a network namespace" \
		"in a container, allow it: --privileged, or --cap-add SYS_ADMIN --cap-add NET_ADMIN"
	namespaces="$namespaces $tag-$1"
	ip -n "$tag-$1" link set dev lo up || fail "could not enter a network namespace" \
		"in a container, allow it: --privileged; in a chroot, make it a mount point"
}

within() { local name=$1; shift; ip netns exec "$tag-$name" "$@"; }
weftctl() { "$ctl" -r "$work/run" "$@"; }

# ---- packages, build, start ----

prepare_machine() {
	title "Packages"
	[ "$(id -u)" = 0 ] || fail "this needs root" "run: sudo $0 $*"
	[ -e /dev/net/tun ] || $with_guests || fail "there is no /dev/net/tun" \
		"load the module: modprobe tun (in a container: --device /dev/net/tun)"
	packages_need gcc meson ninja-build pkg-config libdpdk-dev libyaml-dev libjansson-dev \
		libcmocka-dev iproute2 iputils-ping ethtool tcpdump python3
	$with_guests && packages_need qemu-system-x86 busybox-static kmod
	step "all there"
}

build_switch() {
	title "Build"
	if [ -n "${WEFT:-}" ]; then
		step "using $weft"
		return
	fi
	[ -e "$build/build.ninja" ] || { step "configuring $build"
		meson setup --buildtype=debugoptimized "$build" "$root" > "$work/meson.log" 2>&1 ||
			{ tail -20 "$work/meson.log"; fail "meson could not configure $build" \
			"delete that folder if it is old, and try again"; }; }
	step "compiling (the first time takes a minute)"
	ninja -C "$build" app/weft/weft app/weftctl/weftctl > "$work/ninja.log" 2>&1 ||
		{ tail -30 "$work/ninja.log"; fail "the build failed" "see the lines above"; }
	step "$("$weft" --version)"
}

start_switch() {
	title "The switch"
	sed "s#/run/weft/#$work/#" "$root/examples/$1/weft.yaml" > "$work/weft.yaml"
	"$weft" --check "$work/weft.yaml" > "$work/check.log" 2>&1 ||
		{ cat "$work/check.log"; fail "the example is not valid" "mend $work/weft.yaml"; }
	netns_add switch
	# A TAP is up before it is moved to its guest; the kernel shall say nothing on it in that time.
	within switch sh -c "echo 1 > /proc/sys/net/ipv6/conf/default/disable_ipv6" || true
	ip netns exec "$tag-switch" "$weft" -c "$work/weft.yaml" -r "$work/run" \
		> "$work/weft.log" 2>&1 &
	daemon=$!
	for _ in $(seq 100); do
		grep -q '^weft: ready' "$work/weft.log" && break
		kill -0 "$daemon" 2>/dev/null || fail "the switch did not start" "read its words below"
		sleep 0.1
	done
	grep '^weft: ready' "$work/weft.log" | detail ||
		fail "the switch was not ready after 10 seconds" "read its words below"
	step "configuration: examples/$1/weft.yaml"
}

# ---- namespaces as guests ----

# attach NAME [MAC ADDRESS]: moves the TAP device into a namespace of the same name.
attach() {
	local name=$1
	netns_add "$name"
	ip -n "$tag-switch" link set dev "$name" netns "$tag-$name"
	within "$name" sh -c "echo 1 > /proc/sys/net/ipv6/conf/$name/disable_ipv6" || true
	[ -z "${2:-}" ] || ip -n "$tag-$name" link set dev "$name" address "$2"
	within "$name" ethtool -K "$name" tx off > /dev/null 2>&1 || true
	ip -n "$tag-$name" link set dev "$name" up
	[ -z "${3:-}" ] || ip -n "$tag-$name" addr add "$3/24" dev "$name"
}

attach_guests() {
	title "Guests: network namespaces on TAP ports"
	local tenant net number mac
	for tenant in acme:1 globex:2; do
		for net in web:1 db:2; do
			for number in 1 2; do
				mac=02:00:00:00:0${net#*:}:${tenant#*:}$number
				attach "${tenant%:*}-${net%:*}$number" "$mac" \
					"10.0.${net#*:}.${tenant#*:}$number"
			done
		done
		step "${tenant%:*}: web 10.0.1.${tenant#*:}1 and .${tenant#*:}2," \
			"db 10.0.2.${tenant#*:}1 and .${tenant#*:}2"
	done
	attach campus1 02:00:00:00:64:11 10.0.100.11
	attach campus2 02:00:00:00:64:12 10.0.100.12
	attach uplink
	step "campus: 10.0.100.11 and .12, VLAN 100 of the wire"
	within uplink tcpdump -i uplink -U -w "$work/wire.pcap" > /dev/null 2>&1 &
	others="$others $!"
	step "the far end of the wire is captured"
}

ping_from() { within "$1" ping -n -q -c 3 -i 0.1 -W "${3:-2}" "$2" 2>&1; }

must_reach() {
	if ping_from "$1" "$2" > "$work/ping.log"; then
		step "$1 reaches $2: $(sed -n 's/^rtt.* = //p' "$work/ping.log" | cut -d / -f 2) ms"
	else
		detail < "$work/ping.log"
		fail "$1 does not reach $2" "look at: weftctl drop list (with --keep)"
	fi
}

must_not_reach() {
	if ping_from "$1" "$2" 0.3 > "$work/ping.log"; then
		fail "$1 reaches $2, which belongs to somebody else" "this is a bug of the switch"
	fi
	step "$1 does not reach $2 ($3)"
}

must_pass_tcp() {
	local pid
	within "$2" "$root/devtools/lib/tcp-check.py" listen "$3" 5001 > "$work/heard" &
	pid=$!
	sleep 0.5
	within "$1" "$root/devtools/lib/tcp-check.py" send "$3" 5001 8 > "$work/sent" ||
		fail "TCP from $1 to $2 broke" "look at: weftctl drop list (with --keep)"
	wait "$pid" || true
	cmp -s "$work/sent" "$work/heard" || fail "what $2 heard is not what $1 sent" \
		"this is a bug of the switch"
	step "$1 sends 8 MB over TCP to $2, and they arrive unchanged"
}

talk_among_guests() {
	title "Inside a network everybody reaches everybody"
	must_reach acme-web1 10.0.1.12
	must_reach acme-db1 10.0.2.12
	must_reach globex-web1 10.0.1.22
	must_reach globex-db1 10.0.2.22
	must_reach campus1 10.0.100.12
	must_pass_tcp acme-web1 acme-web2 10.0.1.12
	must_pass_tcp globex-db1 globex-db2 10.0.2.22

	title "Between networks nothing passes"
	must_not_reach acme-web1 10.0.1.21 "globex uses the same subnet"
	must_not_reach globex-db2 10.0.2.11 "acme uses the same subnet"
	within acme-web1 ip addr add 10.0.2.99/24 dev acme-web1
	must_not_reach acme-web1 10.0.2.11 "acme's other network, and not its address: see the drops"
	within acme-web1 ip addr del 10.0.2.99/24 dev acme-web1
}

show_wire() {
	title "What the far end of the wire saw: every frame has the tag of VLAN 100"
	sleep 0.3
	tcpdump -n -e -r "$work/wire.pcap" 2>/dev/null | head -5 | detail
	tcpdump -n -r "$work/wire.pcap" vlan 100 2>/dev/null | grep -q . ||
		fail "no frame with VLAN 100 was seen" "look at: weftctl port show physnet1"
	! tcpdump -n -r "$work/wire.pcap" not vlan 2>/dev/null | grep . ||
		fail "these frames went out without a tag" "this is a bug of the switch"
}

# ---- real guests ----

talk_among_qemu_guests() {
	title "Guests: QEMU on vhost-user ports"
	"$root/devtools/guest-image.sh" > /dev/null
	step "booting two guests (without hardware virtualisation: some seconds)"
	mkfifo "$work/hold"
	python3 "$root/devtools/lib/two-guests.py" "$work" < "$work/hold" &
	others="$others $!"
	exec 9> "$work/hold"
	while [ ! -e "$work/talked" ]; do
		kill -0 "${others##* }" 2>/dev/null ||
			fail "the guests did not get through" "read the lines above"
		sleep 0.2
	done
}

# ---- what the switch says ----

show() {
	printf '\n%s   $ weftctl %s%s\n' "$say_bold" "$*" "$say_plain"
	weftctl "$@" > "$work/out" || fail "weftctl $* did not work" "is the switch alive?"
	head -25 "$work/out" | detail
}

show_tables() {
	title "What the switch says"
	show port list
	show fdb list
	show flow list --limit 15
	show drop list
	show worker list
	if $with_guests; then
		show trace vm1 eth dst=02:00:00:00:00:0b / ip src=10.0.0.10 dst=10.0.0.11 / tcp dport=80
	else
		show trace acme-web1 eth dst=02:00:00:00:01:12 / ip src=10.0.1.11 dst=10.0.1.12 \
			/ tcp dport=80
	fi
}

keep_running() {
	title "Everything is left running"
	step "ask it:    $ctl -r $work/run port list"
	$with_guests || step "a guest:   ip netns exec $tag-acme-web1 ping 10.0.1.12"
	step "the file:  $work/weft.yaml"
	step "end it with Ctrl-C"
	wait "$daemon"
}

work=$(mktemp -d "${TMPDIR:-/tmp}/weft-qs.XXXXXX")
prepare_machine "$@"
build_switch
if $with_guests; then
	start_switch vhost-user-guests
	talk_among_qemu_guests
else
	start_switch quickstart
	attach_guests
	talk_among_guests
	show_wire
fi
show_tables
! $keeps || keep_running
