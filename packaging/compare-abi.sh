#!/bin/bash
# compare-abi.sh BASELINE NOW: ends with 1 when programs built on BASELINE (abidw's description, .xz) may break with NOW.
set -u
baseline=$1 now=$2
[ -e "$baseline" ] || {
  echo "abi: nothing of this soname was released yet, there is no $baseline; make abi-baseline writes it" >&2
  exit 0
}
before=$(mktemp --suffix=.abi)
trap 'rm -f "$before"' EXIT
xz -dc "$baseline" >"$before" || exit 1
# What was only added breaks nothing. abidiff ends with 0 when it sees no change but those that are left out.
told=$(abidiff --non-reachable-types --no-corpus-path --no-show-locs --no-added-syms "$before" "$now")
code=$?
# Types without a member changed or removed are additions too.
if [ $code = 0 ] || { [ $((code & 3)) = 0 ] && ! grep -qE '[1-9][0-9]* (Removed|Changed|removed|changed)' <<<"$told"; }; then
  echo "abi: programs built on $baseline work with this library"
  exit 0
fi
echo "$told"
echo "abi: programs built on $baseline may break: keep what they use, or raise the version in framework/fanin/core/version.hpp" >&2
exit 1
