#!/bin/sh
# Writes what this version writes into tests/reference/compat/NAME, so that every later version is tested to read it:
#   make compat NAME=0.2.0        or        tests/reference/make_compat.sh build/fanin 0.1.0
# A folder that is there is written anew; one of a version that was released never should be.
set -eu
fanin=$(realpath "$1")
folder=$(realpath "$(dirname "$0")")/compat/$2
rm -rf "$folder"
mkdir -p "$folder"
cd "$folder"
data="synthetic(count=60, size=8, classes=3)"
train="train --model mlp(hidden=4,batch_norm=true) --epochs 2 --batch 16 --lr 0.05 --seed 3 --init kaiming_normal"
set -f
"$fanin" $train --data "$data" --output model.safetensors --json > trained.json 2> /dev/null
"$fanin" $train --data "$data" --checkpoint run 2> /dev/null > /dev/null
"$fanin" evaluate model.safetensors --data "$data" --json > evaluated.json
"$fanin" inspect model.safetensors --json > inspected.json
"$fanin" compare --models "mlp(hidden=4)" --schemes "default; zeros" --data "$data" --epochs 1 --seeds 2 --out compared > /dev/null 2> /dev/null
"$fanin" convert model.safetensors model.npz > /dev/null 2> /dev/null
rm -f compared/report.html compared/results.csv
# The newest checkpoint is enough.
find run -name '*.lock' -delete
find compared -name '*.lock' -delete
find run -name 'step-*.safetensors' | sort | head -n -1 | xargs -r rm --
du -sh .
