#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Kills the front end of a vhost-user port at each message of the negotiation, again and again, in both
# modes, and dpdk-testpmd in the middle of its traffic, beside guests that must not notice:
#
#   devtools/torture.sh [ROUNDS [PYTEST-ARGUMENTS...]]
#
# Without a number, 1,000 rounds in each mode. Which switch: environment WEFT, or build/.
set -uo pipefail
root=$(cd "$(dirname "$(readlink -f "$0")")/.." && pwd)
# shellcheck source=devtools/lib/say.sh
. "$root/devtools/lib/say.sh"
# shellcheck source=devtools/lib/packages.sh
. "$root/devtools/lib/packages.sh"

cd "$root" || exit 1
rounds=${1:-1000}
case $rounds in
'' | *[!0-9]*) fail "'$rounds' is no number of rounds" "usage: devtools/torture.sh [ROUNDS [PYTEST-ARGUMENTS...]]" ;;
esac
[ $# = 0 ] || shift
packages_need dpdk-dev python3-pytest python3-yaml
[ -x "${WEFT:-$root/build/app/weft/weft}" ] || fail "there is no switch to torture" "ninja -C build, or set WEFT"
exec /usr/bin/python3 -m pytest -q --rootdir test/hostile test/hostile/test_torture.py -k killed --rounds "$rounds" "$@"
