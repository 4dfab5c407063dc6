#!/bin/bash
# tests/fuzz/run.sh TARGET RUNS: runs one libFuzzer program from the corpus of its name; what it finds stays beside it.
target=$1 runs=$2
name=$(basename "$target")
found=$(dirname "$target")/found
mkdir -p "$found/$name"
start=$SECONDS
"$target" -runs="$runs" -seed=1 -timeout=10 -rss_limit_mb=4096 -print_final_stats=0 -verbosity=0 -print_funcs=0 \
  -artifact_prefix="$found/$name-" "$found/$name" "tests/fuzz/corpus/$name" >"$found/$name.log" 2>&1
code=$?
[ "$code" = 0 ] || tail -n 40 "$found/$name.log"
echo "fuzz: $name, $runs runs, $((SECONDS - start)) s$([ "$code" = 0 ] || echo ", FAILED with status $code")"
exit "$code"
