#include "train/onnx/chain.h"

#include <algorithm>
#include <map>

#include "ops/conv/support/window.h"

namespace cambium {
namespace {
const std::map<std::string_view, std::string_view> kActivationBlocks = {
    {"Relu", "relu"},         {"Sigmoid", "sigmoid"},     {"Tanh", "tanh"},
    {"Softplus", "softplus"}, {"HardSwish", "hardswish"}, {"Selu", "selu"}};

// The walk along the chain: where it stands and what the stream is there.
class Chain {
 public:
  Chain(const OnnxModel& m, std::string name, std::vector<int64_t> shape)
      : model_(m), at_(std::move(name)), shape_(std::move(shape)) {
    for (const auto& [key, t] : m.graph.tensors) tensors_[key] = &t;
    for (const OnnxNode& n : m.graph.nodes)  // Constant nodes are tensors too
      if (n.op == "Constant" && n.out.size() == 1)
        if (const OnnxAttribute* a = n.find("value"))
          if (const auto* t = std::get_if<OnnxTensor>(&a->value)) tensors_[n.out[0]] = t;
  }

  OnnxChain run() {
    while (const OnnxNode* n = next()) {
      if (!take(*n)) {
        if (out_.stopped.empty()) out_.stopped = str(n->op, " is no layer of a chain");
        return std::move(out_);
      }
      at_ = n->out.front();
    }
    const bool end = !model_.graph.outputs.empty() && model_.graph.outputs[0].name == at_;
    if (!end && out_.stopped.empty()) out_.stopped = "its values branch";
    if (shape_.size() != 2) out_.stopped = "it does not end in one vector";
    return std::move(out_);
  }

 private:
  // The only reader of the value that the chain stands at.
  const OnnxNode* next() {
    const OnnxNode* found = nullptr;
    for (const OnnxNode& n : model_.graph.nodes)
      for (const std::string& in : n.in)
        if (in == at_) {
          if (found) {
            out_.stopped = "its values branch";
            return nullptr;
          }
          found = &n;
        }
    return found;
  }

  const OnnxTensor* tensor(const OnnxNode& n, size_t i) const {
    if (i >= n.in.size()) return nullptr;
    const auto found = tensors_.find(n.in[i]);
    return found != tensors_.end() && found->second->type == OnnxType::kF32 ? found->second
                                                                            : nullptr;
  }

  static int64_t whole(const OnnxNode& n, std::string_view name, int64_t otherwise) {
    const OnnxAttribute* a = n.find(name);
    const auto* v = a ? std::get_if<int64_t>(&a->value) : nullptr;
    return v ? *v : otherwise;
  }

  static double number(const OnnxNode& n, std::string_view name, double otherwise) {
    const OnnxAttribute* a = n.find(name);
    const auto* v = a ? std::get_if<float>(&a->value) : nullptr;
    return v ? double(*v) : otherwise;
  }

  static std::vector<int64_t> wholes(const OnnxNode& n, std::string_view name) {
    const OnnxAttribute* a = n.find(name);
    const auto* v = a ? std::get_if<std::vector<int64_t>>(&a->value) : nullptr;
    return v ? *v : std::vector<int64_t>();
  }

  bool take(const OnnxNode& n) {
    if (n.out.empty()) return false;
    if (n.op == "Identity" || n.op == "Dropout") return true;
    if (const auto kind = kActivationBlocks.find(n.op); kind != kActivationBlocks.end())
      return entry(str("{activation: ", kind->second, "}"));
    if (n.op == "Conv") return conv(n);
    if (n.op == "MaxPool" || n.op == "AveragePool") return pool(n);
    if (n.op == "GlobalAveragePool") return global_pool();
    if (n.op == "BatchNormalization") return batch_norm(n);
    if (n.op == "Add") return bias(n);
    if (n.op == "Flatten" || n.op == "Reshape") return flatten(n);
    if (n.op == "Gemm" || n.op == "MatMul") return linear(n);
    return false;
  }

  bool entry(const std::string& text) {
    out_.blocks.push_back(text);
    return true;
  }

  std::string new_name(const char* kind) { return str(kind, "_", ++count_); }

  void keep(const std::string& name, Shape shape, const std::vector<float>& values) {
    Tensor t(DType::kF32, shape);
    std::ranges::copy(values, t.f32().begin());
    out_.tensors.insert_or_assign(name, std::move(t));
  }

  void keep(const std::string& name, const OnnxTensor& t) {
    const auto v = t.as<float>();
    keep(name, {t.count()}, {v.begin(), v.end()});
  }

  // How our padding says theirs; empty: it does not.
  std::string padding(const OnnxNode& n, int64_t kernel, int64_t stride,
                      std::initializer_list<const char*> ways) const {
    const std::vector<int64_t> pads = wholes(n, "pads");
    const OnnxAttribute* a = n.find("auto_pad");
    const auto* named = a ? std::get_if<std::string>(&a->value) : nullptr;
    const std::string how = named ? *named : "NOTSET";
    for (const char* way : ways) {
      bool fits = true;
      for (size_t i = 0; i < 2; ++i) {
        const int64_t extent = shape_[i + 2];
        if (std::string_view(way) != "same" && extent < kernel) return {};
        const Window w = place_window(extent, kernel, stride, 1, way, -1);
        int64_t before = pads.size() == 4 ? pads[i] : 0, after = pads.size() == 4 ? pads[i + 2] : 0;
        if (how.starts_with("SAME")) {
          const int64_t out = (extent + stride - 1) / stride;
          const int64_t total = std::max<int64_t>(0, (out - 1) * stride + kernel - extent);
          before = how == "SAME_UPPER" ? total / 2 : total - total / 2;
          after = total - before;
        }
        const int64_t out = (extent + before + after - kernel) / stride + 1;
        fits &= w.before == before && w.out == out;
      }
      if (fits) return way;
    }
    return {};
  }

  // Square windows without gaps: {kernel, stride}; {0, 0} for others.
  std::pair<int64_t, int64_t> window(const OnnxNode& n, std::vector<int64_t> kernel) const {
    std::vector<int64_t> stride = wholes(n, "strides"), gaps = wholes(n, "dilations");
    if (stride.empty()) stride = {1, 1};
    const bool plain = std::ranges::all_of(gaps, [](int64_t d) { return d == 1; });
    const bool square = kernel.size() == 2 && kernel[0] == kernel[1] && stride.size() == 2 &&
                        stride[0] == stride[1];
    const bool sane =
        square && kernel[0] >= 1 && kernel[0] <= 64 && stride[0] >= 1 && stride[0] <= 64;
    return plain && sane && whole(n, "ceil_mode", 0) == 0 ? std::pair{kernel[0], stride[0]}
                                                          : std::pair<int64_t, int64_t>{0, 0};
  }

  bool conv(const OnnxNode& n);
  bool pool(const OnnxNode& n);
  bool global_pool();
  bool batch_norm(const OnnxNode& n);
  bool bias(const OnnxNode& n);
  bool flatten(const OnnxNode& n);
  bool linear(const OnnxNode& n);

  const OnnxModel& model_;
  std::string at_;
  std::vector<int64_t> shape_;  // theirs: [B,C,Y,X] or [B,C]
  std::vector<int64_t> flat_;   // of a picture that was laid flat, theirs: [C,Y,X]
  std::map<std::string, const OnnxTensor*> tensors_;
  std::string open_bias_;  // the layer that a following Add may be the bias of
  int count_ = 0;
  OnnxChain out_;
};

bool Chain::conv(const OnnxNode& n) {
  const OnnxTensor* w = tensor(n, 1);
  if (shape_.size() != 4 || !w || w->dims.size() != 4) return false;
  const auto [kernel, stride] = window(n, {w->dims[2], w->dims[3]});
  const int64_t groups = whole(n, "group", 1);
  if (kernel == 0 || groups < 1 || w->dims[1] * groups != shape_[1]) return false;
  const std::string how = padding(n, kernel, stride, {"same", "valid"});
  if (how.empty()) return false;
  const bool biased = n.in.size() > 2 && !n.in[2].empty();
  if (biased && !tensor(n, 2)) return false;
  const int64_t O = w->dims[0], I = w->dims[1];
  const std::string name = new_name("conv");
  std::vector<float> turned(size_t(w->count()));
  const auto from = w->as<float>();
  for (int64_t o = 0; o < O; ++o)
    for (int64_t i = 0; i < I; ++i)
      for (int64_t k = 0; k < kernel * kernel; ++k)
        turned[size_t((k * I + i) * O + o)] = from[size_t((o * I + i) * kernel * kernel + k)];
  keep(name + ".weight", {kernel, kernel, I, O}, turned);
  if (biased)
    keep(name + ".bias", *tensor(n, 2));
  else
    keep(name + ".bias", {O}, std::vector<float>(size_t(O), 0.0f));
  open_bias_ = biased ? "" : name + ".bias";
  entry(str("{conv2d: {width: ", O, ", kernel: ", kernel, ", stride: ", stride, ", groups: ",
            groups, ", padding: ", how, ", norm: none, activation: none}, name: ", name, "}"));
  for (size_t i = 2; i < 4; ++i)
    shape_[i] = place_window(shape_[i], kernel, stride, 1, how, -1).out;
  shape_[1] = O;
  return true;
}

bool Chain::pool(const OnnxNode& n) {
  if (shape_.size() != 4 || whole(n, "count_include_pad", 0) != 0) return false;
  const auto [kernel, stride] = window(n, wholes(n, "kernel_shape"));
  if (kernel == 0) return false;
  const std::string how = padding(n, kernel, stride, {"valid", "same"});
  if (how.empty()) return false;
  for (size_t i = 2; i < 4; ++i)
    shape_[i] = place_window(shape_[i], kernel, stride, 1, how, -1).out;
  return entry(str("{pool2d: {kind: ", n.op == "MaxPool" ? "max" : "avg", ", kernel: ", kernel,
                   ", stride: ", stride, ", padding: ", how, "}}"));
}

bool Chain::global_pool() {
  if (shape_.size() != 4) return false;
  flat_ = {shape_[1], 1, 1};
  shape_ = {shape_[0], shape_[1]};
  return entry("{pool: mean}");
}

bool Chain::batch_norm(const OnnxNode& n) {
  const char* names[] = {"gamma", "beta", "running_mean", "running_var"};
  if (whole(n, "training_mode", 0) != 0) return false;
  for (size_t i = 0; i < 4; ++i)
    if (!tensor(n, i + 1) || tensor(n, i + 1)->count() != shape_[1]) return false;
  const std::string name = new_name("norm");
  for (size_t i = 0; i < 4; ++i) keep(str(name, ".", names[i]), *tensor(n, i + 1));
  open_bias_.clear();
  return entry(
      str("{norm: {kind: batch, eps: ", number(n, "epsilon", 1e-5), "}, name: ", name, "}"));
}

bool Chain::bias(const OnnxNode& n) {
  const OnnxTensor* b = tensor(n, 1) ? tensor(n, 1) : tensor(n, 0);
  if (!b || open_bias_.empty() || b->count() != shape_[1]) return false;
  // Along the channels and nothing else: [C], [1,C], [C,1,1] or [1,C,1,1].
  const size_t behind = shape_.size() - 2;
  if (b->dims.size() < behind + 1 || b->dims[b->dims.size() - 1 - behind] != shape_[1])
    return false;
  keep(open_bias_, *b);
  open_bias_.clear();
  return true;
}

bool Chain::flatten(const OnnxNode& n) {
  if (shape_.size() == 2) return true;  // behind a global pool
  if (n.op == "Flatten" && whole(n, "axis", 1) != 1) return false;
  const int64_t count = shape_[1] * shape_[2] * shape_[3];
  if (n.op == "Reshape") {
    const auto found = n.in.size() > 1 ? tensors_.find(n.in[1]) : tensors_.end();
    if (found == tensors_.end() || found->second->type != OnnxType::kI64) return false;
    const auto to = found->second->as<int64_t>();
    if (to.size() != 2 || (to[1] != count && to[1] != -1)) return false;
  }
  flat_ = {shape_[1], shape_[2], shape_[3]};
  shape_ = {shape_[0], count};
  return entry("flatten");
}

// Rows of the matrix behind a flattened picture change places: theirs lies channels first.
bool Chain::linear(const OnnxNode& n) {
  const OnnxTensor* w = tensor(n, 1);
  if (shape_.size() != 2 || !w || w->dims.size() != 2 || n.in[0] != at_) return false;
  const bool turned = whole(n, "transB", 0) != 0;
  if (whole(n, "transA", 0) != 0 || number(n, "alpha", 1) != 1 || number(n, "beta", 1) != 1)
    return false;
  const int64_t in = w->dims[turned ? 1 : 0], out = w->dims[turned ? 0 : 1];
  if (in != shape_[1]) return false;
  const OnnxTensor* b = n.op == "Gemm" ? tensor(n, 2) : nullptr;
  if (b && b->count() != out) return false;
  if (n.op == "Gemm" && n.in.size() > 2 && !b) return false;
  const auto from = w->as<float>();
  std::vector<float> rows(size_t(in * out));
  const int64_t C = flat_.empty() ? in : flat_[0], places = in / std::max<int64_t>(1, C);
  for (int64_t i = 0; i < in; ++i) {
    const int64_t ours = i % places * C + i / places;  // theirs: channel, then place
    for (int64_t o = 0; o < out; ++o)
      rows[size_t(ours * out + o)] = from[size_t(turned ? o * in + i : i * out + o)];
  }
  const std::string name = new_name("linear");
  keep(name + ".weight", {in, out}, rows);
  if (b)
    keep(name + ".bias", *b);
  else
    keep(name + ".bias", {out}, std::vector<float>(size_t(out), 0.0f));
  open_bias_ = b ? "" : name + ".bias";
  flat_.clear();
  shape_[1] = out;
  return entry(str("{linear: ", out, ", name: ", name, "}"));
}
}  // namespace

OnnxChain chain_of(const OnnxModel& model, const std::string& input_name,
                   const std::vector<int64_t>& input) {
  return Chain(model, input_name, input).run();
}
}  // namespace cambium
