#include "train/hub/llama2c.h"

#include <cmath>
#include <cstdlib>
#include <cstring>

#include "core/system/files.h"
#include "core/text/json.h"
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

// A tensor of the file, in its order; `turned`: whose rows are in pairs of neighbours.
struct Place {
  std::string name;
  Shape shape;
  bool turned = false;
};

// What stands behind the header, but for tables of cosines and sines before the output matrix.
std::vector<Place> places_of(const Header& h) {
  const int64_t dim = h.dim, kv = h.kv_width(), hidden = h.hidden;
  std::vector<Place> out = {{"model.embed_tokens.weight", {h.symbols(), dim}}};
  const auto each = [&](std::string_view name, const Shape& shape, bool turned = false) {
    for (int l = 0; l < h.layers; ++l)
      out.push_back({str("model.layers.", l, ".", name, ".weight"), shape, turned});
  };
  each("input_layernorm", {dim});
  each("self_attn.q_proj", {dim, dim}, true);
  each("self_attn.k_proj", {kv, dim}, true);
  each("self_attn.v_proj", {kv, dim});
  each("self_attn.o_proj", {dim, dim});
  each("post_attention_layernorm", {dim});
  each("mlp.gate_proj", {hidden, dim});
  each("mlp.down_proj", {dim, hidden});
  each("mlp.up_proj", {hidden, dim});
  out.push_back({"model.norm.weight", {dim}});
  return out;
}

// Takes matrices off the file in order.
class FileWeights {
 public:
  FileWeights(const std::string& path, std::span<const std::byte> bytes)
      : path_(path), rest_(bytes) {}

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

// Rows of each head from neighbours to halves, or back.
void turn_rows(const float* from, float* to, const Shape& shape, int64_t width, bool to_halves) {
  for (int64_t r = 0; r < shape[0]; ++r) {
    const int64_t i = r % width;
    const int64_t half = r - i + (i % 2 == 0 ? i / 2 : width / 2 + i / 2);
    std::copy_n(from + (to_halves ? r : half) * shape[1], shape[1],
                to + (to_halves ? half : r) * shape[1]);
  }
}

Tensor taken(const Place& p, FileWeights& file, int64_t width) {
  Tensor t(DType::kF32, p.shape);
  const float* from = file.take(p.shape.count());
  if (p.turned)
    turn_rows(from, t.f32().data(), p.shape, width, true);
  else
    std::copy_n(from, p.shape.count(), t.f32().begin());
  return t;
}

// What follows the last norm: in old files tables of cosines and sines, which we compute, then the
// output matrix where it is not the embedding.
void take_output(const Header& h, FileWeights& file, const std::string& path, Tensors& out) {
  const int64_t tables = int64_t(h.context) * h.head_width();
  const int64_t output = h.tied() ? 0 : h.symbols() * h.dim;
  const auto left = int64_t(file.left() / sizeof(float));
  if (left == tables + output) file.take(tables);
  if (!h.tied()) out.emplace("lm_head.weight", taken({"", {h.symbols(), h.dim}}, file, 0));
  require(file.left() == 0, path, ": ", file.left(), " bytes are left over after the weights");
}

Json config_of(const Header& h) {
  return {{"architectures", {"LlamaForCausalLM"}},
          {"model_type", "llama"},
          {"vocab_size", h.symbols()},
          {"hidden_size", h.dim},
          {"intermediate_size", h.hidden},
          {"num_hidden_layers", h.layers},
          {"num_attention_heads", h.heads},
          {"num_key_value_heads", h.kv_heads},
          {"max_position_embeddings", h.context},
          {"rms_norm_eps", 1e-5},
          {"hidden_act", "silu"},
          {"tie_word_embeddings", h.tied()}};
}

int64_t number_of(const Json& config, const char* key) {
  const auto at = config.find(key);
  return at != config.end() && at->is_number() ? at->get<int64_t>() : 0;
}

Header header_of(const HubExport& m) {
  const auto wrong = [](const std::string& what) {
    throw UserError(str("llama2.c runs no model ", what), "export it with --to hf");
  };
  if (m.family != "llama" || !m.config) wrong(str("of the family ", m.family));
  const Json& c = *m.config;
  Header h{};
  h.dim = int32_t(number_of(c, "hidden_size"));
  h.hidden = int32_t(number_of(c, "intermediate_size"));
  h.layers = int32_t(number_of(c, "num_hidden_layers"));
  h.heads = int32_t(number_of(c, "num_attention_heads"));
  h.kv_heads = int32_t(number_of(c, "num_key_value_heads"));
  if (h.kv_heads == 0) h.kv_heads = h.heads;
  h.context = int32_t(number_of(c, "max_position_embeddings"));
  h.vocabulary = int32_t(number_of(c, "vocab_size"));
  if (m.tensors.contains("lm_head.weight") && !c.value("tie_word_embeddings", false))
    h.vocabulary = -h.vocabulary;
  if (c.value("model_type", "") != "llama") wrong(str("of the type ", c.value("model_type", "")));
  if (c.value("rope_theta", 1e4) != 1e4) wrong("whose rope_theta is not 10000");
  if (c.value("rms_norm_eps", 1e-6) != 1e-5) wrong("whose rms_norm_eps is not 1e-5");
  if (m.tensors.contains("model.layers.0.self_attn.q_proj.bias")) wrong("with biases");
  if (h.heads <= 0 || h.dim % h.heads != 0 ||
      m.tensors.at("model.layers.0.self_attn.q_proj.weight").shape()[0] != h.dim)
    wrong("whose heads are not hidden_size / heads wide");
  return h;
}

// [context, width / 2] of cosines, then of sines, in f32 as the program that wrote such files.
std::vector<float> rotations(const Header& h) {
  const int64_t half = h.head_width() / 2;
  std::vector<float> out(size_t(2 * h.context * half));
  for (int64_t t = 0; t < h.context; ++t)
    for (int64_t i = 0; i < half; ++i) {
      const float rate = 1.0f / std::pow(10000.0f, float(2 * i) / float(h.head_width()));
      const float angle = float(t) * rate;
      out[size_t(t * half + i)] = std::cos(angle);
      out[size_t((h.context + t) * half + i)] = std::sin(angle);
    }
  return out;
}
}  // namespace

HubModel import_llama2c(const std::string& path, const std::string& tokenizer,
                        const std::string& text, const std::string& maps) {
  const MappedFile file(path);
  const Header h = read_header(path, file.bytes());
  FileWeights weights(path, file.bytes().subspan(sizeof h));
  Tensors all;
  for (const Place& p : places_of(h)) all.emplace(p.name, taken(p, weights, h.head_width()));
  take_output(h, weights, path, all);
  HubTypes types;
  for (const auto& [name, t] : all) types.emplace(name, t.type());
  const HubConfig config{path, std::make_shared<const Json>(config_of(h))};
  HubModel out =
      import_tensors(config, {types, [&](const std::string& name) { return all.at(name).clone(); }},
                     path, {.maps = maps, .text = text, .tokenizer = tokenizer});
  out.model.summary =
      str("a llama2.c model of ", h.layers, " layers of ", h.dim, ", ", h.heads, " heads, ",
          h.symbols(), " tokens, context ", h.context, "; ", out.model.summary);
  return out;
}

void write_llama2c(const HubExport& m, const std::string& path) {
  const Header h = header_of(m);
  std::vector<Tensor> turned;
  std::vector<std::span<const std::byte>> pieces = {std::as_bytes(std::span(&h, 1))};
  const std::vector<Place> places = places_of(h);
  turned.reserve(places.size());
  for (const Place& p : places) {
    const auto t = m.tensors.find(p.name);
    require(t != m.tensors.end() && t->second.shape() == p.shape, "the model has no ", p.name, " ",
            p.shape);
    if (!p.turned) {
      pieces.push_back(t->second.raw());
      continue;
    }
    turned.emplace_back(DType::kF32, p.shape);
    turn_rows(t->second.f32().data(), turned.back().f32().data(), p.shape, h.head_width(), false);
    pieces.push_back(turned.back().raw());
  }
  const std::vector<float> tables = rotations(h);
  pieces.push_back(std::as_bytes(std::span(tables)));
  if (!h.tied()) pieces.push_back(m.tensors.at("lm_head.weight").raw());
  replace_file(path, std::span<const std::span<const std::byte>>(pieces));
}
}  // namespace cambium
