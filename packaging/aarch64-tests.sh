#!/bin/bash
# aarch64-tests.sh FANIN FOLDER ROOT: runs FOLDER/tests under qemu, and compares FOLDER/fanin with this machine's FANIN: the
# same draws to the bit, and a short training that reaches the same accuracy to a hundredth.
set -u
here=$1 there=$2 root=$3
# qemu opens files below its root first, but looks for them (access) in this machine's: OpenBLAS has to be named.
openblas=/usr/lib/aarch64-linux-gnu/openblas-serial/libopenblas.so.0
emulated() { qemu-aarch64 -E FANIN_OPENBLAS=$openblas -L "$root" "$@"; }
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
failed=0
# Left out: cuts for as many threads as 64, which qemu makes too slow, and a test that starts its own program anew, which is
# none of this machine's.
emulated "$there/tests" -m -sfe='*test_cuts*' -tce='a fault in memory that is not ours goes*' || failed=1
for scheme in 'kaiming_uniform(a=sqrt(5))' uniform normal kaiming_normal he_normal 'trunc_normal(std=0.02)' 'orthogonal(gain=1.41)' 'sparse(0.2)'; do
  "$here" init "$scheme" --shape 200,301 --seed 7 --output "$scratch/here.npy" >/dev/null &&
    emulated "$there/fanin" init "$scheme" --shape 200,301 --seed 7 --output "$scratch/there.npy" >/dev/null &&
    cmp "$scratch/here.npy" "$scratch/there.npy" || { echo "aarch64: $scheme draws other bits"; failed=1; }
done
run='train --model lenet --data synthetic(count=400,classes=4) --epochs 3 --lr 0.05 --json'
accuracy() { sed -n 's/^  "test_accuracy": \([0-9.]*\),*$/\1/p' "$1"; }
"$here" $run >"$scratch/here.json" 2>/dev/null
emulated "$there/fanin" $run >"$scratch/there.json" 2>/dev/null
echo "aarch64: accuracy $(accuracy "$scratch/there.json"), here $(accuracy "$scratch/here.json")"
awk -v a="$(accuracy "$scratch/here.json")" -v b="$(accuracy "$scratch/there.json")" \
  'BEGIN { exit !(a > 0.5 && b > 0.5 && a - b < 0.011 && b - a < 0.011) }' || { echo 'aarch64: the training differs'; failed=1; }
exit $failed
