#!/bin/bash
# Kills a random rank of a grid at a random time, again and again: nothing that was told as finished may be lost, nothing
# counted twice, and the same command must go on to the bits of a grid that nobody disturbed.
#   examples/cluster/faults.sh [TIMES] [SEED]        from the folder that build/ lies in
times=${1:-50}
RANDOM=${2:-1}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
grid=(compare --models "mlp(hidden=32); lenet" --schemes "default; zeros; orthogonal; xavier_normal" --seeds 6
  --data "synthetic(count=200)" --epochs 1 --batch 32 --jobs 1)
# An array, not a function: behind it & gives the process of mpirun itself, whose children the ranks are.
start=(mpirun --allow-run-as-root --oversubscribe -n 4 build/fanin "${grid[@]}" --out)
# Results without what a clock decided or a folder's name.
bits() {
  python3 - "$1/results.json" <<'PY'
import json, sys
def timeless(value):
    if isinstance(value, dict):
        return {k: timeless(v) for k, v in value.items()
                if k not in ("seconds", "samples_per_s", "train_seconds", "command", "date")}
    return [timeless(v) for v in value] if isinstance(value, list) else value
results = json.load(open(sys.argv[1]))
runs = [(r["model"], r["scheme"], r["seed"]) for r in results["runs"]]
assert len(runs) == len(set(runs)) == 48, "a run is missing, or counted twice"
print(json.dumps(timeless(results), sort_keys=True))
PY
}
begun=$(date +%s.%N)
"${start[@]}" "$work/whole" >"$work/whole.out" 2>&1 || { cat "$work/whole.out"; exit 1; }
span=$(awk -v a="$begun" -v b="$(date +%s.%N)" 'BEGIN {print b - a}')
bits "$work/whole" >"$work/whole.bits" || exit 1
killed=0 failed=0 kept=0 ended=
trap 'ended=1' TERM  # told to end: the grid under way does not count
for ((i = 1; i <= times; ++i)); do
  out=$work/$i
  "${start[@]}" "$out" >"$out.log" 2>&1 &
  launcher=$!
  sleep "$(awk -v r=$RANDOM -v s="$span" 'BEGIN {print s * r / 32768}')"
  ranks=($(pgrep -P $launcher))
  victim=${ranks[RANDOM % (${#ranks[@]} > 0 ? ${#ranks[@]} : 1)]}
  hit=0
  [ -n "$victim" ] && kill -9 "$victim" 2>/dev/null && hit=1
  wait $launcher
  told=$(grep -c '^\[ *[0-9]*/48\]' "$out.log")
  taken=0
  "${start[@]}" "$out" >"$out.again" 2>&1
  went_on=$?
  [ -n "$ended" ] && break  # as they are as well
  killed=$((killed + hit))
  if [ "$went_on" != 0 ]; then
    echo "$i: the grid does not go on:"; tail -n 3 "$out.again"; failed=$((failed + 1)); continue
  fi
  taken=$(sed -n 's/^\([0-9]*\) runs\{0,1\} taken from .*/\1/p' "$out.again" | awk '{n += $1} END {print n + 0}')
  kept=$((kept + taken))
  bits "$out" >"$out.bits" || { failed=$((failed + 1)); continue; }
  if [ "$taken" -lt "$told" ]; then
    echo "$i: $told runs were told as finished, and $taken of them are there"; failed=$((failed + 1))
  elif ! cmp -s "$work/whole.bits" "$out.bits"; then
    echo "$i: other bits after $taken runs were taken"; failed=$((failed + 1))
  fi
done
echo "$((i - 1)) grids of 48 runs, a rank killed in $killed of them: $kept finished runs taken over in all; $failed failed"
[ "$failed" = 0 ]
