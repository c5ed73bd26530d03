# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# How our scripts speak: what happens now, what somebody should see, what went wrong and what to do.
# To be sourced.

if [ -t 1 ]; then
	say_bold=$'\e[1m' say_red=$'\e[31m' say_dim=$'\e[2m' say_plain=$'\e[0m'
else
	say_bold='' say_red='' say_dim='' say_plain=''
fi

title() { printf '\n%s== %s%s\n' "$say_bold" "$*" "$say_plain"; }
step() { printf '   %s\n' "$*"; }
detail() { printf '%s' "$say_dim"; sed 's/^/     /'; printf '%s' "$say_plain"; }

# fail WHAT WHAT-TO-DO
fail() {
	printf '%sfailed: %s%s\n' "$say_red" "$1" "$say_plain" >&2
	printf 'what to do: %s\n' "${2:-look at the lines above}" >&2
	exit 1
}
