#!/bin/bash
# Installs what was built into a folder of its own and builds on it from outside the tree: by CMake, pkg-config and plain
# flags, with g++ and clang++, C++20 and C++23, against the shared library and the archive. Ends with 0 when all holds.
# Needs $BUILD/fanin and the shared library (make test-install makes them); takes what compilers and CMake there are.
set -u
cd "$(dirname "$0")/../.."
build=$(realpath "${BUILD:-build}") sources=$PWD/tests/install
stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
failed=0
fail() {
  echo "install: $*"
  failed=1
}
quietly() { "$@" >"$stage/log" 2>&1 || { tail -n 20 "$stage/log"; return 1; }; }

# Staged by DESTDIR, then moved to where PREFIX says, as a package manager does.
prefix=$stage/opt
quietly make --no-print-directory install BUILD="$build" PREFIX="$prefix" DESTDIR="$stage/root" || { fail 'make install'; exit 1; }
mv "$stage/root$prefix" "$prefix"
[ -z "$(find "$stage/root" -type f)" ] || fail "files outside of PREFIX: $(find "$stage/root" -type f | head -n 3)"
[ "$("$prefix/bin/fanin" --version | head -n 1)" = "fanin $(sed -n 's/^Version: //p' "$prefix/lib/pkgconfig/fanin.pc")" ] ||
  fail 'the installed program is of another version than fanin.pc'

if command -v mpirun >/dev/null && [ -e "$build/libfanin_mpi.so" ]; then
  OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 mpirun --oversubscribe -n 2 "$prefix/bin/fanin" train --data 'synthetic(count=40, size=8)' \
    --model 'mlp(hidden=4)' --epochs 1 --shards 2 >"$stage/log" 2>&1 || fail "the installed program does not run on two ranks: $(head -n 3 "$stage/log")"
fi
for file in man/man1/fanin.1 man/man1/fanin-train.1 bash-completion/completions/fanin zsh/site-functions/_fanin fish/vendor_completions.d/fanin.fish; do
  [ -s "$prefix/share/$file" ] || fail "share/$file is not installed"
done

# Every header compiles alone, where those of others that we use are errors to include. The standard's are compiled once.
mkdir -p "$stage/others"/{fmt,nlohmann,CLI,boost}
for header in fmt/{core,format,ranges,chrono}.h nlohmann/json{,_fwd}.hpp CLI/CLI.hpp zlib.h libdeflate.h png.h gif_lib.h cblas.h mpi.h; do
  echo "#error an installed header includes <$header>" >"$stage/others/$header"
done
(cd "$prefix/include" && find fanin -name '*.hpp') >"$stage/headers"
[ "$(wc -l <"$stage/headers")" -gt 100 ] || fail 'fewer than 100 headers were installed'
grep -hoE '^ *# *include *[<"][^>"]*[>"]' -r "$prefix/include/fanin" | grep -E '<(fmt|nlohmann|CLI|boost)/|"' && fail 'an installed header includes that'
grep -v fmt framework/precompiled.hpp >"$stage/standard.hpp"
g++ -std=c++20 -Wall -Wextra -x c++-header "$stage/standard.hpp" -o "$stage/standard.hpp.gch"
STAGE=$stage PREFIX=$prefix xargs -P "$(nproc)" -n 8 bash -c 'for header; do
    echo "#include <$header>" | g++ -std=c++20 -include "$STAGE/standard.hpp" -fsyntax-only -Wall -Wextra -Werror -I "$PREFIX/include" -isystem "$STAGE/others" -x c++ - ||
      { echo "install: <$header> does not compile alone"; exit 1; }
  done' - <"$stage/headers" || failed=1

# Only what is ours, and no kernels, is exported.
nm -D --defined-only -P "$prefix/lib/libfanin.so" | cut -d' ' -f1 >"$stage/exported"
grep -vE '^_Z(T[VIST]|GV|G?R|Z)*N[VKRO]*5fanin' "$stage/exported" | head -n 3 | grep . && fail 'the shared library exports that'
grep -E '^_Z(T[VIST]|GV|G?R|Z)*N[VKRO]*5fanin7kernels|8nlohmann|3fmt' "$stage/exported" | head -n 3 | grep . &&
  fail 'the shared library exports kernels or the types of others'
readelf -d "$prefix/lib/libfanin.so" | grep -q 'SONAME.*\[libfanin\.so\.[0-9.]*\]' || fail 'the shared library has no soname'

# name, command to build ./outside in the folder $stage/name
cases=()
add() { cases+=("$1"$'\n'"$2"); }
export PKG_CONFIG_PATH=$prefix/lib/pkgconfig
for compiler in g++ clang++; do
  command -v $compiler >/dev/null || continue
  for standard in 20 23; do
    options="$compiler -std=c++$([ $standard = 20 ] && echo 20 || echo 2b) -O1 -Wall -Wextra -Wshadow -Wconversion -Werror -D_GLIBCXX_ASSERTIONS"
    command -v cmake >/dev/null &&
      add "cmake-$compiler-$standard" "cmake -S $sources -B . -DCMAKE_PREFIX_PATH=$prefix -DCMAKE_CXX_COMPILER=$compiler -DCMAKE_CXX_STANDARD=$standard \
        -DCMAKE_CXX_FLAGS='-O1 -Wall -Wextra -Werror -D_GLIBCXX_ASSERTIONS' && cmake --build . && ./outside_static && cp outside_fanin outside"
    command -v pkg-config >/dev/null &&
      add "pkg-config-$compiler-$standard" "$options $sources/*.cpp -o outside \$(pkg-config --cflags --libs fanin) -Wl,-rpath,$prefix/lib"
    add "plain-$compiler-$standard" "$options $sources/*.cpp -o outside -I$prefix/include $prefix/lib/libfanin.a $(sed -n 's/^Libs.private: //p' "$prefix/lib/pkgconfig/fanin.pc")"
  done
done
printf '%s\0' "${cases[@]}" | STAGE=$stage xargs -0 -P "$(nproc)" -n 1 bash -c 'name=${1%%$'"'\n'"'*} command=${1#*$'"'\n'"'}
  mkdir "$STAGE/$name" && cd "$STAGE/$name" || exit 1
  { eval "$command" && ./outside; } >log 2>&1 || { tail -n 15 log; echo "install: $name does not build and run"; exit 1; }' - || failed=1

# The headers of one build and the library of the other are an error of the linker, whichever header it is.
for header in core/shape init/scheme ops/activation datasets; do
  printf '#include <fanin/%s.hpp>\nint main() {}\n' $header >"$stage/other.cpp"
  g++ -std=c++20 -I"$prefix/include" "$stage/other.cpp" -o "$stage/other" -L"$prefix/lib" -lfanin 2>/dev/null || fail "$header.hpp does not link"
  g++ -std=c++20 -I"$prefix/include" -DFANIN_DOUBLE "$stage/other.cpp" -o "$stage/other" -L"$prefix/lib" -lfanin 2>/dev/null &&
    fail "$header.hpp of the double build links with the float library"
done

# Two shared objects, each linked with the archive, in one program.
for name in one two; do
  printf '#include <fanin/fanin.hpp>\nint %s() { fanin::nn::Linear layer(4, 2); fanin::Generator g(0); return int(fanin::start::initialize(layer, "default", g).size()); }\n' $name >"$stage/$name.cpp"
  g++ -std=c++20 -fPIC -shared -I"$prefix/include" "$stage/$name.cpp" -o "$stage/lib$name.so" "$prefix/lib/libfanin.a" $(sed -n 's/^Libs.private: //p' "$prefix/lib/pkgconfig/fanin.pc") ||
    fail "a shared object does not link with the archive"
done
echo 'int one(); int two(); int main() { return one() + two() == 4 ? 0 : 1; }' >"$stage/both.cpp"
g++ "$stage/both.cpp" -o "$stage/both" -L"$stage" -lone -ltwo -Wl,-rpath,"$stage" && "$stage/both" || fail 'two shared objects with a copy of the library each do not run in one program'

# A prefix with spaces, that is moved.
odd="$stage/a b/c d"
quietly make --no-print-directory install BUILD="$build" PREFIX="$stage/x y's" DESTDIR="$stage/a root" && mkdir -p "$stage/a b" && mv "$stage/a root$stage/x y's" "$odd" || fail 'make install with spaces'
if command -v pkg-config >/dev/null; then
  include() { PKG_CONFIG_PATH="$odd/lib/pkgconfig" pkg-config --cflags-only-I "$@" fanin; }
  [[ $(include) = "-I$stage/x\\ y\\'s/include"* ]] || fail "fanin.pc: spaces: $(include)"
  [[ $(include --define-prefix) = "-I$stage/a\\ b/c\\ d/include"* ]] || fail "fanin.pc: a prefix that is moved: $(include --define-prefix)"
fi
# found VERSION… EXPECTED: what find_package(fanin VERSION…) finds.
found() {
  mkdir -p "$stage/find"
  printf 'cmake_minimum_required(VERSION 3.19)\nproject(find LANGUAGES CXX)\nfind_package(fanin %s QUIET)\nmessage(STATUS "found ${fanin_FOUND}")\n' "$1" >"$stage/find/CMakeLists.txt"
  cmake -S "$stage/find" -B "$stage/find/build" -DCMAKE_PREFIX_PATH="$odd" 2>&1 | grep -q -- "-- found $2" || fail "find_package(fanin $1): expected was $2"
}
if command -v cmake >/dev/null; then
  version=$(sed -n 's/^Version: //p' "$odd/lib/pkgconfig/fanin.pc")
  series=${version%.*}
  for good in "" "$series" "$version" "0.1...1.0" "$series...<9"; do found "$good" 1; done
  for bad in 0.1 99.0 "$series.99" "0.1...<$series" 1.0...2.0 "$series COMPONENTS none"; do found "$bad" 0; done
fi
quietly make --no-print-directory uninstall BUILD="$build" PREFIX="$odd" && [ -z "$(find "$odd" -type f -o -type l)" ] || fail 'make uninstall with spaces'

# Nothing is left behind.
quietly make --no-print-directory uninstall BUILD="$build" PREFIX="$prefix" || fail 'make uninstall'
[ -z "$(find "$prefix" -type f -o -type l)" ] || fail "left by make uninstall: $(find "$prefix" -type f -o -type l | head -n 3)"

[ $failed = 0 ] && echo "install: ${#cases[@]} projects outside the tree build and run"
exit $failed
