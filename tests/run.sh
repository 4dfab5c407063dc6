#!/bin/bash
# Runs doctest programs one after the other and ends with the line "N passed, N failed".
# A program that ends without a summary (a crash, a time-out) counts as one failed test.
# Each fuzzer in $FUZZERS is one test too, of $FUZZ_RUNS inputs, and so is each command in $CHECKS.
# What rests on matrix products is tested once more with OpenBLAS's, but for how ours are cut.
passed=0 failed=0
commands=("$@")
for program in "$@"; do
  commands+=("env FANIN_PRODUCTS=openblas $program -sf=*tests/kernels/*,*tests/ops/*,*tests/double/* -sfe=*test_cuts*")
done
for program in "${commands[@]}"; do
  log=$(mktemp)
  # shellcheck disable=SC2086 # a command with its words
  timeout "${TEST_TIMEOUT:-1200}" $program 2>&1 | tee "$log" | grep -v '^\[doctest\] doctest version'
  code=${PIPESTATUS[0]}
  summary=$(grep '^\[doctest\] test cases:' "$log" | tail -n 1)
  rm -f "$log"
  p=$(sed -n 's/.*| *\([0-9]*\) passed.*/\1/p' <<<"$summary")
  f=$(sed -n 's/.*| *\([0-9]*\) failed.*/\1/p' <<<"$summary")
  if [ -z "$summary" ] || { [ "$code" != 0 ] && [ "${f:-0}" = 0 ]; }; then
    echo "$program ended with status $code"
    f=$((${f:-0} + 1))
  fi
  passed=$((passed + ${p:-0}))
  failed=$((failed + ${f:-0}))
done
for check in $CHECKS; do
  if $check; then
    passed=$((passed + 1))
  else
    echo "$check failed"
    failed=$((failed + 1))
  fi
done
for fuzzer in $FUZZERS; do
  if timeout "${TEST_TIMEOUT:-1200}" tests/fuzz/run.sh "$fuzzer" "${FUZZ_RUNS:-2000}"; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
  fi
done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
