#!/bin/sh
# Installs the Debian packages that fanin is built from and runs on, those of them that are missing, and says which.
# Further package names may be given as arguments. With nothing missing it needs neither root nor network.
set -eu

packages="g++ make libopenblas-dev libfmt-dev nlohmann-json3-dev libcli11-dev zlib1g-dev libzip-dev libstb-dev
  doctest-dev librapidcheck-dev $*"
# Fashion-MNIST may as well lie where the program looks for it first.
[ -d "${FANIN_DATA:-data}/fashion-mnist" ] || packages="$packages dataset-fashion-mnist"

if ! command -v dpkg-query >/dev/null; then
  echo "prerequisites: no Debian package manager here; what must be there by other means:" $packages >&2
  exit 0
fi

missing=""
for package in $packages; do
  status=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
  [ "$status" = installed ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

as_root=""
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo >/dev/null || {
    echo "prerequisites: missing, and neither root nor sudo to install them; as root: apt-get install$missing" >&2
    exit 1
  }
  as_root=sudo
fi
echo "prerequisites: installing with apt:$missing" >&2
install() { $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $missing >&2; }
# A fresh machine has no package lists yet, or stale ones: fetch them only when the first try fails.
install || { $as_root apt-get update -q >&2 && install; } || {
  echo "prerequisites: apt could not install$missing; is there a network?" >&2
  exit 1
}
