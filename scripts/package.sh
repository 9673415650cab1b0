#!/usr/bin/env bash
# Builds the program and makes a Debian package of it: for machines of the same release that need no compiler then.
# usage: scripts/package.sh     prints the package's path and how to install it
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/packages.sh
install_packages "${build_packages[@]}" "${deb_packages[@]}"
configure_release
cmake --build build/release --target cambium
(cd build/release && cpack -G DEB >/dev/null)
package=$(ls -t build/release/cambium_*.deb | head -1)
echo "$package"
echo "install it: sudo apt-get install ./$package"
