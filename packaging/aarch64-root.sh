#!/bin/bash
# aarch64-root.sh FOLDER PACKAGE…: Debian's arm64 packages with all that they need, unpacked below FOLDER; what this machine
# has installed stays as it is. Needs the network once, and no root.
set -eu
folder=$1
shift
[ "$(cat "$folder/packages" 2>/dev/null)" = "$*" ] && exit 0
rm -rf "$folder"
mkdir -p "$folder"/apt/{state/lists/partial,cache/archives/partial}
folder=$(realpath "$folder")
: >"$folder/apt/status"
own() {
  apt-get -q -o APT::Architecture=arm64 -o APT::Architectures=arm64 -o Dir::State="$folder/apt/state" -o Dir::Cache="$folder/apt/cache" \
    -o Dir::State::status="$folder/apt/status" -o APT::Sandbox::User="$(id -un)" -o Debug::NoLocking=1 "$@" >&2
}
own update
own install -y --download-only --no-install-recommends "$@"
# The C library that programs are linked with is the cross compiler's own; of this one, only what they run on.
rm -f "$folder"/apt/cache/archives/{libc6-dev,libcrypt-dev,linux-libc-dev}_*.deb
for package in "$folder"/apt/cache/archives/*.deb; do dpkg-deb -x "$package" "$folder"; done
rm -rf "$folder/apt"
# A link to /lib/… means this root's, not this machine's.
find "$folder" -type l -lname '/*' -printf '%p %l\n' | while read -r link to; do ln -sfn "$folder$to" "$link"; done
# Headers that are the same for every machine come from this one.
mkdir -p "$folder/any"
for headers in CLI nlohmann boost doctest; do ln -sfn "/usr/include/$headers" "$folder/any/$headers"; done
echo "$*" >"$folder/packages"
