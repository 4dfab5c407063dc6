#!/bin/bash
# install.sh HEADER…: puts what is built in $BUILD, and these headers, where PREFIX and the like say, below DESTDIR;
# install.sh --remove takes it away again. A script, as make cuts folders' names at their spaces.
set -eu
# Where files will be found, which a relative PREFIX would leave to whoever looks.
absolute() { realpath -ms -- "${1:-/}"; }
prefix=$(absolute "${PREFIX-/usr/local}")
bindir=$(absolute "${BINDIR:-$prefix/bin}") includedir=$(absolute "${INCLUDEDIR:-$prefix/include}")
libdir=$(absolute "${LIBDIR:-$prefix/lib}") datadir=$(absolute "${DATADIR:-$prefix/share}")
root=${DESTDIR:-} strip=${STRIP:-strip} run=${RUN:-}
man=$root$datadir/man/man1 cmake=$root$libdir/cmake/fanin
bash=$root$datadir/bash-completion/completions/fanin zsh=$root$datadir/zsh/site-functions/_fanin
fish=$root$datadir/fish/vendor_completions.d/fanin.fish
# Where the program looks for what it opens under mpirun: in ../lib/fanin, seen from its own folder.
plugins=$root$(absolute "$bindir/../lib/fanin")

if [ "${1:-}" = --remove ]; then
  rm -f "$root$bindir/fanin" "$root$libdir"/libfanin.a "$root$libdir"/libfanin.so* "$root$libdir/pkgconfig/fanin.pc"
  rm -f "$man"/fanin.1 "$man"/fanin-*.1 "$bash" "$zsh" "$fish" "$plugins/libfanin_mpi.so"
  rm -rf "$root$includedir/fanin" "$cmake"
  [ ! -d "$plugins" ] || rmdir --ignore-fail-on-non-empty "$plugins"
  echo "removed fanin from $root$prefix"
  exit
fi

# A folder's name seen from the prefix, where it lies there, so that the installed copy may be moved.
from_prefix() { case $1 in "$prefix"/*) echo "\${prefix}${1#"$prefix"}" ;; *) echo "$1" ;; esac; }
# As pkg-config reads a path with spaces and quotes.
escaped() { sed "s/[^][A-Za-z0-9_./+:@%,~{}\$=-]/\\\\&/g" <<<"$1"; }
# A template's @NAME@ filled in with the folders' names PREFIX INCLUDEDIR LIBDIR.
fill() {
  local text
  text=$(<"packaging/${1##*/}.in")
  text=${text//@version@/"$VERSION"} text=${text//@shared@/"$SHARED"} text=${text//@soname@/"$SONAME"}
  text=${text//@libraries@/"$LIBRARIES"}
  text=${text//@prefix@/"$2"} text=${text//@includedir@/"$3"} text=${text//@libdir@/"$4"}
  install -d "${1%/*}" && printf '%s\n' "$text" >"$1" && chmod 644 "$1"
}

for header in "$@"; do install -D -m 644 "framework/$header" "$root$includedir/$header"; done
install -d "$root$bindir" "$root$libdir" "$man" "${bash%/*}" "${zsh%/*}" "${fish%/*}"
install -m 644 "$BUILD/libfanin.a" "$root$libdir"
$strip -g "$root$libdir/libfanin.a"
install -m 755 "$BUILD/$SHARED" "$root$libdir"
$strip --strip-unneeded "$root$libdir/$SHARED"
ln -sfn "$SHARED" "$root$libdir/$SONAME"
ln -sfn "$SONAME" "$root$libdir/libfanin.so"
install -m 755 "$BUILD/fanin" "$root$bindir"
$strip "$root$bindir/fanin"
if [ -n "$PLUGIN" ]; then
  install -D -m 755 "$PLUGIN" "$plugins/libfanin_mpi.so"
  $strip --strip-unneeded "$plugins/libfanin_mpi.so"
fi
fill "$root$libdir/pkgconfig/fanin.pc" "$(escaped "$prefix")" "$(escaped "$(from_prefix "$includedir")")" "$(escaped "$(from_prefix "$libdir")")"
for file in fanin-config{,-version}.cmake; do fill "$cmake/$file" "$prefix" "$includedir" "$libdir"; done
$run "$BUILD/fanin" manual "$man"
$run "$BUILD/fanin" completion bash >"$bash"
$run "$BUILD/fanin" completion zsh >"$zsh"
$run "$BUILD/fanin" completion fish >"$fish"
echo "installed fanin $VERSION in $root$prefix"

# Programs find a shared library where ldconfig has seen it, or where they were told to look.
if [ -z "$root" ]; then
  PATH=$PATH:/sbin:/usr/sbin
  if [ "$(id -u)" = 0 ]; then ldconfig || true; fi
  ldconfig -p 2>/dev/null | grep -qF " $libdir/$SONAME" ||
    echo "programs find the shared library when linked with -Wl,-rpath,$libdir, by LD_LIBRARY_PATH, or after ldconfig"
fi
