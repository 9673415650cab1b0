#!/bin/bash
# Training and encoding beside Debian's sentencepiece and npm's tokenizers, on one core, one after the other.
#   (apt install sentencepiece python3.11-doc; npm install tokenizers)   side_by_side.sh BUILD [RANKS]
# BUILD: a folder with cambium and bench/tokenizers built; RANKS: r50k_base.tiktoken, to encode by GPT-2's too. Runs in
# a folder that has node_modules. Times are seconds of the processor; what the machine does besides is shown first.
set -e
here=$(dirname "$(realpath "$0")") build=$(realpath "$1") ranks=$2
work=$(mktemp -d) && trap 'rm -rf "$work"' EXIT
export RAYON_NUM_THREADS=1 OMP_NUM_THREADS=1 TIMEFORMAT='  process: %U s user, %S s system, %R s on the wall'
one() { taskset -c 0 "$@"; }
find /usr/share/doc/python3.11/html/_sources -name '*.rst.txt' -print0 | sort -z | xargs -0 cat > "$work/docs.txt"
echo "$(wc -c < "$work/docs.txt") bytes of python3.11-doc; load $(cut -d' ' -f1-3 /proc/loadavg)"
echo "== training, 8,192 tokens"
time one "$build/cambium" tokenizer train "$work/docs.txt" --vocab 8192 -o "$work/bpe8k.json"
echo "spm_train (BPE; its pieces are characters, not bytes)"
time one spm_train --input="$work/docs.txt" --model_prefix="$work/spm" --model_type=bpe --vocab_size=8192 \
  --num_threads=1 --character_coverage=1 --max_sentence_length=1000000 --minloglevel=2
echo "== training, 30,000 tokens, pairs down to one occurrence: what npm's tokenizers can be told"
one "$build/bench/tokenizers" --train 30000 "$work/docs.txt"
one node "$here/peer.mjs" train "$work/docs.txt" 2>/dev/null | tail -1
echo "== encoding"
one "$build/bench/tokenizers" "$work/bpe8k.json" "$work/docs.txt"
one node "$here/peer.mjs" encode "$work/bpe8k.json" "$work/docs.txt"
echo "spm_encode"
time one spm_encode --model="$work/spm.model" --output_format=id < "$work/docs.txt" | wc -w
if [ -n "$ranks" ]; then
  echo "== encoding by GPT-2's ranks"
  one "$build/bench/tokenizers" "$ranks" "$work/docs.txt"
fi
