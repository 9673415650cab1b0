#!/usr/bin/env bash
# Checks layout (clang-format) and code (clang-tidy) of all sources, or of those that differ from a revision.
# Installs what is missing. Every source is parsed anew, which takes long for all of them.
# usage: scripts/tidy.sh [REVISION]     scripts/tidy.sh main checks what a branch changed
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/packages.sh
if [ $# -gt 1 ]; then
  echo "usage: scripts/tidy.sh [REVISION]" >&2
  exit 2
fi
if ! git rev-parse --git-dir >/dev/null 2>&1; then
  echo "error: this is no git checkout, so tidy.sh cannot tell sources from other files" >&2
  exit 2
fi
if [ $# -eq 1 ] && ! git rev-parse --quiet --verify "$1^{commit}" >/dev/null; then
  echo "error: $1 is not a revision of this repository" >&2
  exit 2
fi
install_packages "${build_packages[@]}" clang-format clang-tidy libomp-dev
mapfile -t all < <(git ls-files --cached --others --exclude-standard -- '*.cpp' '*.h' | sort -u)
echo "clang-format: ${#all[@]} files"
clang-format --dry-run -Werror "${all[@]}"

# A header is checked with every source that includes it; alone only when no other source is asked for.
if [ $# -eq 0 ]; then
  mapfile -t files < <(printf '%s\n' "${all[@]}" | grep '\.cpp$')
else
  mapfile -t files < <({ git diff --name-only --diff-filter=d "$1" -- '*.cpp' '*.h'
    git ls-files --others --exclude-standard -- '*.cpp' '*.h'; } | sort -u)
fi
echo "clang-tidy: ${#files[@]} files"
[ ${#files[@]} -eq 0 ] && exit 0
cmake --preset tidy >/dev/null  # clang-tidy reads build/tidy/compile_commands.json
check() {
  local findings
  findings=$(clang-tidy -p build/tidy --quiet "$1" 2>&1) && return 0
  grep -v ' warnings\? \(and [0-9]* errors\? \)\?generated' <<<"$findings"
  return 1
}
export -f check
printf '%s\0' "${files[@]}" | xargs -0 -n 1 -P "$(nproc)" bash -c 'check "$1"' check
