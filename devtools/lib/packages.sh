# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# Debian packages, installed only if missing. To be sourced, after say.sh.

packages_missing() {
	for package in "$@"; do
		dpkg-query -W -f '${db:Status-Abbrev}' "$package" 2>/dev/null | grep -q '^ii' ||
			echo "$package"
	done
}

packages_quietly() {
	local log
	log=$(mktemp)
	if ! DEBIAN_FRONTEND=noninteractive "$@" > "$log" 2>&1; then
		tail -20 "$log" >&2
		rm -f "$log"
		return 1
	fi
	rm -f "$log"
}

packages_update() {
	step "apt-get update"
	packages_quietly apt-get -o DPkg::Lock::Timeout=300 update ||
		fail "apt-get update did not work" "check the network and /etc/apt/sources.list"
}

packages_install() {
	packages_quietly apt-get -o DPkg::Lock::Timeout=300 install -y --no-install-recommends "$@"
}

# packages_need NAME...: after this they are installed, or the script has ended.
packages_need() {
	local missing
	missing=$(packages_missing "$@" | tr '\n' ' ')
	[ -n "$missing" ] || return 0
	[ "$(id -u)" = 0 ] || fail "these packages are missing: $missing" \
		"run as root: apt-get install $missing"
	step "installing: $missing"
	# shellcheck disable=SC2086 # a list of words
	packages_install $missing || { packages_update; packages_install $missing; } ||
		fail "could not install: $missing" "try by hand: apt-get install $missing"
}

# packages_need_asleep NAME...: the same, for programs whose package also brings a service of that name.
# The service is not started, neither now nor at the next boot: we start what we need ourselves. What was
# there before us stays as it was.
packages_need_asleep() {
	local missing policy=/usr/sbin/policy-rc.d
	missing=$(packages_missing "$@")
	[ -n "$missing" ] || return 0
	# In a shell of its own: the policy goes away however the installation ends.
	(
		if [ "$(id -u)" = 0 ] && [ ! -e $policy ]; then
			trap 'rm -f $policy' EXIT
			printf '#!/bin/sh\nexit 101\n' > $policy
			chmod 755 $policy
		fi
		# shellcheck disable=SC2086 # a list of words
		packages_need $missing
	) || exit
	for package in $missing; do
		update-rc.d "$package" disable > /dev/null 2>&1 || true
	done
}
