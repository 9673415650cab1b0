#!/usr/bin/env bash
# From a bare Debian 12 machine to a fair comparison of three small networks, with a report to look at.
# Installs what is missing with apt (as root or through sudo), builds build/release, trains.
# usage: scripts/quickstart.sh [options for `cambium compare`]
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/packages.sh
start=$SECONDS
echo "== 1/3 packages"
install_packages "${build_packages[@]}"
echo "== 2/3 build (build/release)"
configure_release
cmake --build build/release --target cambium
echo "set-up took $((SECONDS - start)) s"
echo "== 3/3 compare a convolutional, an attention and a hybrid network on Fashion-MNIST"
exec ./build/release/cambium compare configs/studies/quickstart.yaml "$@"
