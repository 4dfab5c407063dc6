#!/bin/bash
# A training on two hosts of one core each (hosts.sh) against one rank alone, by the network's latency and the model's
# size: how much of twice the speed is left. Needs root, and two cores to itself.
#   examples/cluster/network.sh [RATE]        from the folder that build/ lies in; RATE as tc has it, 1gbit unless given
rate=${1:-1gbit}
speed() { tr '\n' ' ' | sed -n 's/.* \([0-9][0-9]*\) *samples\/s.*/\1/p'; }
echo "| model | latency | of twice one rank's speed |"
echo "| --- | --- | --- |"
while read -r model epochs; do
  words=(train --model "$model" --data "synthetic(count=4000)" --batch 128 --epochs "$epochs" --optimizer sgd --shards 2
    --threads 1)
  for latency in 0 50 200 1000; do
    # In turn, so that both see the same machine.
    one=$(build/fanin "${words[@]}" 2>/dev/null </dev/null | speed)
    two=$(LATENCY_US=${latency#0} examples/cluster/hosts.sh 2 "$rate" -n 2 "$PWD/build/fanin" "${words[@]}" 2>/dev/null </dev/null |
      speed)
    awk -v m="$model" -v l=$latency -v a="$one" -v b="$two" \
      'BEGIN {printf "| `%s` | %d µs | %.2f |\n", m, l, b / (2 * a)}'
  done
done <<'MODELS'
lenet 2
conv_net 1
mlp(hidden=128) 8
mlp(hidden=1024-1024) 1
MODELS
