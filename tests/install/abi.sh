#!/bin/bash
# Tries packaging/compare-abi.sh on a library of a few lines: what was added passes; what was removed or moved, a baseline
# that is none, and none at all, do not. Ends with 0 when all holds. Needs abigail-tools.
set -u
cd "$(dirname "$0")/../.."
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
failed=0

# described NAME LINE…: the .abi of a library of these lines.
described() {
  printf '%s\n' "${@:2}" >"$folder/$1.cpp"
  g++ -g -fPIC -shared -fno-eliminate-unused-debug-types "$folder/$1.cpp" -o "$folder/lib.so" &&
    abidw --load-all-types --no-show-locs --no-corpus-path --no-comp-dir-path --out-file "$folder/$1.abi" "$folder/lib.so"
}
# expect CODE WORDS BASELINE NOW
expect() {
  local told code
  told=$(packaging/compare-abi.sh "$folder/$3" "$folder/$4" 2>&1)
  code=$?
  [ $code = "$1" ] && grep -q "$2" <<<"$told" && return
  printf '%s\n' "$told"
  echo "abi.sh: from $3 to $4 ended with $code, expected was $1 and '$2'"
  failed=1
}

point='struct Point { int x, y; };' far='int far(Point p) { return p.x; }' near='int near(Point* p) { return p->y; }'
unused='struct Unused { int a; };'
described before "$point" "$far" "$near" "$unused" && described more "$point" "$far" "$near" "$unused" 'struct Added { int b; };' 'int added(Added* a) { return a->b; }' &&
  described less "$point" "$far" "$unused" && described moved 'struct Point { long x; int y; };' "$far" "$near" "$unused" &&
  described argument "$point" 'int far(Point p, int) { return p.x; }' "$near" "$unused" &&
  described aside "$point" "$far" "$near" 'struct Unused { int z, a; };' || exit 1
xz -k "$folder/before.abi"
printf '<abi-corpus/>\n' | xz -c >"$folder/empty.abi.xz"
echo 'not xz' >"$folder/broken.abi.xz"

expect 0 'work with this library' before.abi.xz before.abi
expect 0 'work with this library' before.abi.xz more.abi
expect 1 'near(Point\*)' before.abi.xz less.abi
expect 1 'Point' before.abi.xz moved.abi
expect 1 'far(Point' before.abi.xz argument.abi
expect 1 'Unused' before.abi.xz aside.abi
expect 2 'make abi-baseline' none.abi.xz before.abi
expect 2 'describes no library' empty.abi.xz before.abi
expect 2 'describes no library' broken.abi.xz before.abi
expect 2 'describes no library' before.abi.xz empty.abi.xz

[ $failed = 0 ] && echo 'abi: what may break is told from what may not'
exit $failed
