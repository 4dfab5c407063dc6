#!/bin/bash
# Two ranks of one thread against one process of two, in turn, the order changing: how much of the speed is left. Of the
# grid also what is left of it without start and end, which are those of the same grid when all its runs are there.
#   examples/cluster/measure.sh [PAIRS]        from the folder that build/ lies in; needs two cores to itself
pairs=${1:-5}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
on_two="mpirun --allow-run-as-root --oversubscribe --bind-to core -n 2"
grid=(compare --models "lenet; mlp(hidden=256-128)" --schemes "default; orthogonal; xavier_normal; kaiming_normal"
  --data "synthetic(count=4000)" --seeds 13 --epochs 2)
training=(train --model conv_net --data "synthetic(count=8000)" --batch 128 --epochs 2 --optimizer sgd --shards 2)

# Wall seconds, and seconds of processor time, of a command.
timed() {
  local TIMEFORMAT='%R %U %S'
  { time "$@" >"$work/out" 2>"$work/err"; } 2>&1 | awk '{print $1, $2 + $3}'
}
speed() { tr '\n' ' ' | sed -n 's/.* \([0-9][0-9]*\) *samples\/s.*/\1/p'; }
median() { sort -g | awk '{v[NR] = $1} END {print v[int((NR + 1) / 2)]}'; }

: >"$work/grid"; : >"$work/runs_alone"; : >"$work/train"
for ((i = 1; i <= pairs; ++i)); do
  for turn in $([ $((i % 2)) = 0 ] && echo 'one two' || echo 'two one'); do
    rm -rf "$work/runs"
    if [ $turn = one ]; then
      read -r wall_one cpu_one <<<"$(timed build/fanin "${grid[@]}" --jobs 2 --out "$work/runs")"
      read -r ends_one _ <<<"$(timed build/fanin "${grid[@]}" --jobs 2 --out "$work/runs")"
      build/fanin "${training[@]}" --threads 2 >"$work/speed" 2>/dev/null
      speed_one=$(speed <"$work/speed")
    else
      read -r wall_two cpu_two <<<"$(timed $on_two build/fanin "${grid[@]}" --jobs 1 --out "$work/runs")"
      read -r ends_two _ <<<"$(timed $on_two build/fanin "${grid[@]}" --jobs 1 --out "$work/runs")"
      $on_two build/fanin "${training[@]}" --threads 1 >"$work/speed" 2>/dev/null
      speed_two=$(speed <"$work/speed")
    fi
  done
  echo "grid: $wall_one s in one process, $wall_two s on two ranks (processor time $cpu_one and $cpu_two s;" \
    "start and end $ends_one and $ends_two s);" "training: $speed_one and $speed_two samples/s"
  awk -v a="$wall_one" -v b="$wall_two" 'BEGIN {print a / b}' >>"$work/grid"
  awk -v a="$wall_one" -v b="$wall_two" -v c="$ends_one" -v d="$ends_two" 'BEGIN {print (a - c) / (b - d)}' \
    >>"$work/runs_alone"
  awk -v a="$speed_one" -v b="$speed_two" 'BEGIN {print b / a}' >>"$work/train"
done
echo "of one process's speed, medians of $pairs pairs: grid $(median <"$work/grid")" \
  "(without start and end $(median <"$work/runs_alone")), training $(median <"$work/train")"
