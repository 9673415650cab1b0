#!/usr/bin/env bash
# Installs what the tests need, builds, and runs every test. Ends with the runner's totals.
# usage: scripts/test.sh [--sanitize]     --sanitize also builds and runs the fast tests with ASan and UBSan
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/packages.sh
install_packages "${build_packages[@]}" "${deb_packages[@]}" "${text_packages[@]}"
if [ "${1:-}" = "--sanitize" ]; then
  cmake --preset asan >/dev/null
  cmake --build build/asan
  # A refused allocation must reach our own error, which a test looks at.
  ASAN_OPTIONS=allocator_may_return_null=1 ctest --test-dir build/asan -L fast --output-on-failure -j "$(nproc)"
fi
configure_release
cmake --build build/release
# What exported files are held to (its script would fetch libraries for GPUs). Without the network those tests are skipped, and say so.
install_packages python3-onnx libonnx-testdata
command -v npm >/dev/null || install_packages nodejs npm  # another node may be there, which Debian's npm refuses
if [ ! -d build/ort/node_modules/onnxruntime-node ]; then
  npm install --silent --ignore-scripts --no-audit --no-fund --prefix build/ort onnxruntime-node@1.20.1 \
    || echo "onnxruntime-node could not be installed: what asks it is skipped"
fi
# Training tests measure nothing in time, so they may share the cores with others.
log=build/release/ctest.log
ctest --test-dir build/release --output-on-failure -j "$(nproc)" | tee "$log"
# Several cases share a process, so that ctest cannot count what was skipped, mostly for want of data.
details=build/release/Testing/Temporary/LastTest.log
echo "cases skipped: $(grep -c -a ': Skipped$' "$details" || true)"
grep -a -A1 ': Skipped$' "$details" | grep -a -v -e ': Skipped$' -e '^--' | sort | uniq -c || true
grep -E 'tests passed|Total Test time' "$log"
