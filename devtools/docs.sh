#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Builds the manual: HTML in build/doc/html, manual pages in build/doc/man.
#
#   devtools/docs.sh [--make]
#
#   --make   first write anew the pages that are made from the code; needs a build
#
# Environment: BUILD names another folder than build, WEFT and WEFTCTL other programs.
set -euo pipefail
root=$(cd "$(dirname "$(readlink -f "$0")")/.." && pwd)
# shellcheck source=devtools/lib/say.sh
. "$root/devtools/lib/say.sh"
# shellcheck source=devtools/lib/packages.sh
. "$root/devtools/lib/packages.sh"

build=${BUILD:-$root/build}
out=$build/doc
export WEFT=${WEFT:-$build/app/weft/weft} WEFTCTL=${WEFTCTL:-$build/app/weftctl/weftctl}
makes=false

for option in "$@"; do
	case $option in
	--make) makes=true ;;
	*) sed -n 's/^# \{0,1\}//; 3,9p' "$0"; exit 2 ;;
	esac
done

title "The manual"
packages_need python3-sphinx
if $makes; then
	[ -x "$WEFT" ] || fail "there is no $WEFT" "build first: meson setup build && ninja -C build"
	"$root/doc/generate.py" | detail
fi
for builder in html man; do
	sphinx-build -q -W --keep-going -b "$builder" -d "$out/doctrees" "$root/doc" "$out/$builder"
done
step "HTML:         $out/html/index.html"
step "manual pages: $out/man/weft.8 $out/man/weftctl.1"
