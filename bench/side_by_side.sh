#!/usr/bin/env bash
# Times a training step of ours and of PyTorch by turns on this machine and prints the ratio of the medians.
# usage: bench/side_by_side.sh gpt-nano|resnet20-fashion [ROUNDS]
#   PYTHON="chroot /opt/peer python3" bench/side_by_side.sh gpt-nano     uses a PyTorch that lives in a chroot
# (bench/pytorch_step.py must lie at / there). TEXT names the text of gpt-nano; any file does for timing.
set -euo pipefail
cd "$(dirname "$0")/.."
case_name=${1:?usage: bench/side_by_side.sh gpt-nano|resnet20-fashion [ROUNDS]}
rounds=${2:-3}
read -ra python <<<"${PYTHON:-python3}"
script=bench/pytorch_step.py
[ "${python[0]}" = chroot ] && cp "$script" "${python[1]}/" && script=/pytorch_step.py
case $case_name in
  gpt-nano) ours=(configs/models/shakespeare_nano.yaml --set "vars.text=${TEXT:-README.md}") ;;
  resnet20-fashion) ours=(configs/models/resnet20_fashion.yaml) ;;
  *) echo "unknown case $case_name" >&2; exit 2 ;;
esac
log=$(mktemp)
trap 'rm -f "$log"' EXIT
for ((i = 0; i < rounds; ++i)); do
  ./build/release/bench/train_step "${ours[@]}" --steps 30 | tee -a "$log"
  "${python[@]}" "$script" "$case_name" --steps 30 | tee -a "$log"
done
median() {  # of the median_ms of the lines whose side begins with $1
  grep -E "\"side\": ?\"$1" "$log" | sed -E 's/.*"median_ms": ?([0-9.]+).*/\1/' | sort -n | awk '{x[NR] = $1} END {print x[int((NR + 1) / 2)]}'
}
awk -v ours="$(median cambium)" -v theirs="$(median pytorch)" \
  'BEGIN {printf "cambium %.2f ms, PyTorch %.2f ms: %.2fx\n", ours, theirs, theirs / ours}'
