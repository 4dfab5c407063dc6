#!/bin/bash
# compare-abi.sh BASELINE NOW: ends with 1 when programs built on BASELINE (abidw's description, .xz) may break with NOW, and
# with 2 when nothing could be compared.
set -u
baseline=$1 now=$2
nothing() {
  echo "abi: nothing was compared: $*" >&2
  exit 2
}
[ -e "$baseline" ] || nothing "there is no $baseline. At the source of the last release of this soname, and before the first, \
make abi-baseline writes it: commit it, with that release"
before=$(mktemp --suffix=.abi)
trap 'rm -f "$before"' EXIT
# One without symbols would pass whatever the library became.
xz -dc "$baseline" >"$before" 2>/dev/null && grep -q '<elf-symbol ' "$before" || nothing "$baseline describes no library (make abi-baseline writes it)"
grep -q '<elf-symbol ' "$now" || nothing "$now describes no library"
# What was only added breaks nothing. abidiff ends with 0 when it sees no change but those that are left out.
told=$(abidiff --non-reachable-types --no-corpus-path --no-show-locs --no-added-syms "$before" "$now")
code=$?
[ $((code & 3)) = 0 ] || { echo "$told"; nothing "abidiff ended with $code"; }
# Types without a member changed or removed are additions too.
if [ $code = 0 ] || ! grep -qE '[1-9][0-9]* (Removed|Changed|removed|changed)' <<<"$told"; then
  echo "abi: programs built on $baseline work with this library"
  exit 0
fi
echo "$told"
echo "abi: programs built on $baseline may break: keep what they use, or raise the version in framework/fanin/core/version.hpp" >&2
exit 1
