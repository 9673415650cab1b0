#include "train/weights/import.h"

#include <cstdlib>
#include <cstring>

#include "core/system/files.h"
#include "train/run/checkpoint.h"
#include "train/run/machine.h"
#include "train/run/session.h"
#include "train/spec/experiment.h"
#include "train/weights/warm_start.h"

namespace cambium {
namespace {
struct Header {
  // The vocabulary is negative where the output matrix follows as its own.
  int32_t dim, hidden, layers, heads, kv_heads, vocabulary, context;

  bool tied() const { return vocabulary > 0; }

  int64_t symbols() const { return std::abs(int64_t(vocabulary)); }

  int64_t head_width() const { return dim / heads; }

  int64_t kv_width() const { return head_width() * kv_heads; }
};

// Takes matrices off the file in order.
class Weights {
 public:
  Weights(const std::string& path, std::span<const std::byte> bytes) : path_(path), rest_(bytes) {}

  const float* take(int64_t count) {
    const size_t bytes = size_t(count) * sizeof(float);
    require(rest_.size() >= bytes, path_, ": ends ", bytes - rest_.size(),
            " bytes too early for the sizes in its header");
    const auto* at = reinterpret_cast<const float*>(rest_.data());
    rest_ = rest_.subspan(bytes);
    return at;
  }

  size_t left() const { return rest_.size(); }

 private:
  const std::string& path_;
  std::span<const std::byte> rest_;
};

Header read_header(const std::string& path, std::span<const std::byte> bytes) {
  Header h{};
  require(bytes.size() >= sizeof h, path, ": ", bytes.size(), " bytes hold no header");
  std::memcpy(&h, bytes.data(), sizeof h);
  const bool sizes = h.dim > 0 && h.hidden > 0 && h.layers > 0 && h.heads > 0 && h.kv_heads > 0 &&
                     h.context > 0 && h.vocabulary != 0 && h.dim <= 1 << 16 &&
                     h.hidden <= 1 << 20 && h.layers <= 1024 && h.heads <= h.dim;
  require(sizes && h.dim % h.heads == 0 && h.heads % h.kv_heads == 0, path,
          ": not a model of llama2.c: its header says dim = ", h.dim, ", hidden = ", h.hidden,
          ", layers = ", h.layers, ", heads = ", h.heads, ", key heads = ", h.kv_heads,
          ", context = ", h.context);
  return h;
}

// [in, out] from [out, in]; with `head_width` rows of each head go from neighbours to halves.
Tensor turned(const float* w, int64_t out, int64_t in, int64_t head_width = 0) {
  Tensor t(DType::kF32, Shape{in, out});
  for (int64_t r = 0; r < out; ++r) {
    int64_t to = r;
    if (head_width > 0) {
      const int64_t i = r % head_width;
      to = r - i + (i % 2 == 0 ? i / 2 : head_width / 2 + i / 2);
    }
    for (int64_t c = 0; c < in; ++c) t.f32()[size_t(c * out + to)] = w[r * in + c];
  }
  return t;
}

Tensor plain(const float* w, const Shape& shape) {
  Tensor t(DType::kF32, shape);
  std::copy_n(w, shape.count(), t.f32().begin());
  return t;
}

// From the names of llama2.c's own tensors to those of the spec below.
std::vector<WarmRule> names_of(const Header& h) {
  std::vector<WarmRule> rules = {
      {"tok_embeddings.weight", "tokens.table"},
      {"layers.*.attention_norm.weight", "repeat.*.residual.norm.gamma"},
      {"layers.*.attention.w*.weight", "repeat.*.residual.attention.*.weight"},
      {"layers.*.ffn_norm.weight", "repeat.*.residual_2.norm.gamma"},
      {"layers.*.feed_forward.w1.weight", "repeat.*.residual_2.ffn.gate.weight"},
      {"layers.*.feed_forward.w2.weight", "repeat.*.residual_2.ffn.down.weight"},
      {"layers.*.feed_forward.w3.weight", "repeat.*.residual_2.ffn.up.weight"},
      {"norm.weight", "norm.gamma"}};
  if (!h.tied()) rules.push_back({"output.weight", "linear.weight"});
  return rules;
}

void take_layers(const Header& h, Weights& file, Tensors& out) {
  const auto each = [&](int64_t rows, int64_t columns, const std::string& name, int64_t turn) {
    for (int l = 0; l < h.layers; ++l)
      out.emplace(str("layers.", l, ".", name, ".weight"),
                  turned(file.take(rows * columns), rows, columns, turn));
  };
  const auto norms = [&](const std::string& name) {
    for (int l = 0; l < h.layers; ++l)
      out.emplace(str("layers.", l, ".", name, ".weight"), plain(file.take(h.dim), {h.dim}));
  };
  norms("attention_norm");
  each(h.dim, h.dim, "attention.wq", h.head_width());
  each(h.kv_width(), h.dim, "attention.wk", h.head_width());
  each(h.kv_width(), h.dim, "attention.wv", 0);
  each(h.dim, h.dim, "attention.wo", 0);
  norms("ffn_norm");
  each(h.hidden, h.dim, "feed_forward.w1", 0);
  each(h.dim, h.hidden, "feed_forward.w2", 0);
  each(h.hidden, h.dim, "feed_forward.w3", 0);
}

// What follows the last norm: in old files tables of cosines and sines, which we compute, then the
// output matrix where it is not the embedding.
void take_output(const Header& h, Weights& file, const std::string& path, Tensors& out) {
  const int64_t tables = int64_t(h.context) * h.head_width();
  const int64_t output = h.tied() ? 0 : h.symbols() * h.dim;
  const auto left = int64_t(file.left() / sizeof(float));
  if (left == tables + output) file.take(tables);
  if (!h.tied()) out.emplace("output.weight", turned(file.take(output), h.symbols(), h.dim));
  require(file.left() == 0, path, ": ", file.left(), " bytes are left over after the weights");
}

std::string quoted(const std::string& path) {
  Yaml y;
  y.kind = Yaml::kScalar;
  y.text = path;
  y.quoted = true;
  const std::string line = to_yaml(y);
  return line.substr(0, line.size() - 1);
}

std::string spec_of(const Header& h, const std::string& tokenizer, const std::string& text) {
  return str("# Imported from a model of llama2.c.\ndata:\n  text_tokens:\n    path: ",
             quoted(text), "\n    tokenizer: ", quoted(tokenizer), "\n    context: ", h.context,
             "\nmodel:\n  - embed: {dim: ", h.dim, "}\n    name: tokens\n  - repeat: ", h.layers,
             "\n    body:\n      - residual: [{norm: {kind: rms, eps: 1e-5}}, {attention: {heads: ",
             h.heads, ", kv_heads: ", h.kv_heads,
             ", causal: true, position: rope, bias: false}}]\n      - residual: [{norm: {kind: "
             "rms, eps: 1e-5}}, {ffn: {width: ",
             h.hidden, ", activation: swiglu, bias: false}}]\n  - norm: {kind: rms, eps: 1e-5}\n",
             h.tied() ? std::string("  - linear: {tie: tokens}\n")
                      : str("  - linear: {width: ", h.symbols(), ", bias: false}\n"),
             "train: {optimizer: {adamw: {lr: 1e-4}}, batch: 4, steps: 100}\n");
}
}  // namespace

ImportedModel import_llama2c(const std::string& path, const std::string& tokenizer,
                             const std::string& text) {
  const MappedFile file(path);
  const Header h = read_header(path, file.bytes());
  Weights weights(path, file.bytes().subspan(sizeof h));
  ImportedModel model;
  Tensors taken;
  taken.emplace("tok_embeddings.weight",
                plain(weights.take(h.symbols() * h.dim), {h.symbols(), h.dim}));
  take_layers(h, weights, taken);
  taken.emplace("norm.weight", plain(weights.take(h.dim), {h.dim}));
  take_output(h, weights, path, taken);
  model.tensors = renamed(std::move(taken), names_of(h));
  model.spec = spec_of(h, tokenizer, text);
  int64_t parameters = 0;
  for (const auto& [name, t] : model.tensors) parameters += t.shape().count();
  model.summary =
      str("a llama2.c model of ", h.layers, " layers of ", h.dim, ", ", h.heads, " heads, ",
          h.symbols(), " tokens, context ", h.context, ", ", parameters, " parameters");
  return model;
}

void write_imported(const ImportedModel& model, const std::string& folder) {
  make_folders(folder);
  replace_file(folder + "/spec.yaml", model.spec);
  const Experiment e = open_experiment(load_spec(folder + "/spec.yaml"));
  require_all_copied(
      match_weights(types_of(model.tensors), weights_of(model_graph(e, 1, false)), {}),
      model.summary);
  RunState state;
  state.spec_hash = spec_hash(e.spec);
  state.seed = e.train.options.seed;
  state.machine = machine_text();
  // A session adds what training needs beside the weights: moments, and a score to beat.
  Session session(e, usable_memory_bytes());
  Checkpoint start;
  for (const auto& [name, t] : session.tensors()) start.tensors.emplace(name, t->clone());
  for (const auto& [name, t] : model.tensors) start.tensors.insert_or_assign(name, t.clone());
  session.restore_from(start, model.summary);
  session.start(0);
  if (e.evaluated_examples(Split::kValidation) > 0) {
    state.evaluated = session.evaluate_on(Split::kValidation, e.train.options.eval_batches);
    state.best = BestEvaluation{0, state.evaluated};
    session.keep_as_best();
  }
  save_checkpoint(folder, state, session.tensors(), session.best());
}
}  // namespace cambium
