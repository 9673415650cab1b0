// The words of the language that are no block, dataset or option: sections of a spec, what may
// stand beside any block, and keys of a study, which are told where they are read. The JSON schema
// describes them with the same texts.
#include "app/tables/topics.h"
#include "core/error.h"
#include "search/study/study_keys.h"

namespace cambium {
namespace {
constexpr Topic kSections[] = {
    {"name", "what the model or the study is called; otherwise the file's name", "name: wide"},
    {"extends", "files this one builds on: maps merge key by key, everything else is replaced",
     "extends: ../models/hybrid_fashion.yaml\nvars: {dim: 96}"},
    {"vars", "named values, used as $name; the data adds its own, such as $classes",
     "vars: {dim: 64, depth: 6}"},
    {"data", "what the model learns from: a dataset and its options",
     "data: {fashion_mnist: {augment: [shift]}}"},
    {"evaluate",
     "data that the model is judged by, apart from what it learns from, by names: val.loss.NAME is "
     "measured on its validation part, test.loss.NAME on its test part. It gives the same shapes "
     "and symbols",
     "evaluate: {books: {corpus: {path: corpora/books, context: 64}}}"},
    {"model", "the blocks, in the order in which the data flows through them",
     "model:\n  - embed: 64\n  - residual: [{norm: rms}, {attention: {heads: 4, causal: true}}]\n"
     "  - linear: $classes"},
    {"encoder", "the blocks that read one sequence; decoder: writes another from what they end in",
     "encoder:\n  - embed: 64\n  - residual: [{norm: rms}, {attention: {heads: 4}}]"},
    {"decoder", "the blocks that write a sequence, causal, looking at the encoder",
     "decoder:\n  - embed: 64\n  - residual: [{norm: rms}, {attention: {heads: 4, causal: true}}]\n"
     "  - residual: [{norm: rms}, {cross_attention: {heads: 4}}]\n  - linear: $classes"},
    {"define", "blocks of your own: a name, its parameters and a list of blocks",
     "define:\n  mixer:\n    params: {heads: 4}\n    body:\n"
     "      - residual: [{norm: rms}, {attention: {heads: $heads}}]\n"
     "model:\n  - mixer: {heads: 8}"},
    {"train", "how the model is trained",
     "train: {optimizer: adamw, schedule: cosine, batch: 64, epochs: 3}"},
    {"precision", "f32, or bf16: products take 16-bit operands and add up in f32",
     "precision: bf16"},
    {"parameterisation",
     "standard, or how starts and rates change with width (mup) and depth (completep) so that "
     "settings found at the sizes `base` serve larger ones; docs/mup.md",
     "vars: {dim: 256}\nparameterisation: {mup: {base: {vars.dim: 64}}}"},
    {"init",
     "starts with the weights of another run or file. Every tensor of the model is taken by its "
     "name, resized by a rule or fresh by name, every one of the source is taken or unused by "
     "name: anything else is an error; docs/transfer.md",
     "init: {from: runs/base, fresh: [\"linear.*\"]}"},
    {"freeze",
     "parameters that never move, by the names that `cambium show` prints: * stands for anything, "
     "and a block's name means all below it. No gradient, moments or decay. As {names: [...], "
     "mode: "
     "train} their dropout and batch norm go on as in training; docs/transfer.md",
     "freeze: [embed, \"residual*\"]"},
    {"adapt",
     "methods that train a few numbers beside a model whose own do not move, each on the weights, "
     "blocks or attentions that its patterns meet, and what else is trained (`also`); "
     "docs/adapters.md",
     "adapt: {lora: {rank: 8, on: [\"*.q\", \"*.v\"]}, also: [linear]}"},
    {"unfreeze",
     "when what is frozen begins to learn: names, and the steps or the share of the run for which "
     "they wait; docs/transfer.md",
     "freeze: [embed, residual]\nunfreeze: {residual.ffn: 30%, embed: 60%}"},
};

constexpr Topic kModifiers[] = {
    {"name", "names the block's parameters in files, tables and pictures",
     "- {conv2d: 64, name: stem}"},
    {"as", "names the block's result, for from:; `tap: name` does it without a block",
     "- {conv2d: 64, as: skip}\n- {conv2d: 64}\n- {from: skip}   # adds it"},
    {"from", "feeds the block from a named result instead of the stream",
     "- {conv2d: 64, as: skip}\n- {linear: 10, from: skip}"},
    {"share", "blocks that say the same name share their weights",
     "- {ffn: 4, share: both}\n- {ffn: 4, share: both}"},
    {"freeze", "true: the block's weights are never updated, and it runs as in evaluation",
     "- {embed: 64, freeze: true}"},
    {"recompute", "true: compute the block again in the backward pass, for memory; false: keep it",
     "- {repeat: 12, recompute: true, body: [{ffn: 4}]}"},
};
}  // namespace

std::span<const Topic> spec_sections() {
  return kSections;
}

std::span<const Topic> block_modifiers() {
  return kModifiers;
}

std::span<const Topic> study_keys() {
  static const std::vector<Topic> topics = [] {
    std::vector<Topic> out;
    for (const StudyKey& k : study_key_list())
      if (k.of & kOfVariants) out.push_back({k.name, k.doc, k.example});
    return out;
  }();
  return topics;
}

std::string word_doc(std::span<const Topic> words, std::string_view name) {
  for (const Topic& t : words)
    if (t.name == name) return std::string(t.text);
  throw InternalError(str("no word '", name, "' is explained"));
}
}  // namespace cambium
