#include "blocks/onnx/support/reader.h"

#include <algorithm>
#include <limits>

#include "core/text/suggest.h"

namespace cambium {
namespace {
// What is larger is wrong wherever it is more than "to the end".
std::vector<int64_t> cut(std::span<const int64_t> v) {
  constexpr int64_t kMost = std::numeric_limits<int32_t>::max();
  std::vector<int64_t> out;
  for (const int64_t n : v) out.push_back(std::clamp(n, -kMost, kMost));
  return out;
}

std::vector<OnnxRule> all_rules() {
  std::vector<OnnxRule> all;
  for (const auto rules :
       {onnx_pointwise_rules(), onnx_image_rules(), onnx_shape_rules(), onnx_product_rules()})
    all.insert(all.end(), rules.begin(), rules.end());
  return all;
}

std::string name_of(const OnnxNode& n) {
  if (!n.name.empty()) return n.name;
  return n.out.empty() ? std::string("without a name") : n.out.front();
}
}  // namespace

OnnxReader::OnnxReader(Graph& graph, const OnnxModel& model, MakeWeight weight)
    : graph_(graph), model_(model), make_weight_(std::move(weight)) {}

void OnnxReader::refuse(const std::string& why) const {
  throw UserError(str("node '", name_of(*node_), "' (", node_->op, "): ", why));
}

std::vector<Value> OnnxReader::read(const std::vector<Value>& inputs) {
  if (model_.opset > 17 || model_.opset < 6)
    throw UserError(str("it is of opset ", model_.opset, ", and opsets 7 to 17 are read"),
                    "convert it with onnx.version_converter, or export it again");
  for (const auto& [name, tensor] : model_.graph.tensors)
    terms_[name] = {{}, std::make_shared<const OnnxTensor>(tensor)};
  size_t next = 0;
  for (const OnnxPort& p : model_.graph.inputs) {
    if (terms_.contains(p.name)) continue;  // old files list their tensors among the inputs
    if (next == inputs.size()) throw UserError(str("it also wants the input '", p.name, "'"));
    if (next == 0) {
      declared_batch_ = p.dims.empty() ? 0 : p.dims[0].extent;
      batch_ = inputs[0].shape().rank() > 0 ? inputs[0].shape()[0] : 0;
    }
    terms_[p.name] = {inputs[next++], nullptr};
  }
  if (next < inputs.size()) throw UserError(str("it takes ", next, " inputs, not ", inputs.size()));
  for (const OnnxNode& n : model_.graph.nodes) read_node(n);
  std::vector<Value> out;
  for (const OnnxPort& p : model_.graph.outputs) {
    const auto found = terms_.find(p.name);
    if (found == terms_.end()) throw UserError(str("nothing makes the output '", p.name, "'"));
    out.push_back(found->second.value ? found->second.value : constant(*found->second.known));
  }
  return out;
}

void OnnxReader::read_node(const OnnxNode& n) {
  node_ = &n;
  static const std::vector<OnnxRule> rules = all_rules();
  if (!n.domain.empty() && n.domain != "ai.onnx")
    refuse(str("operators of the domain '", n.domain, "' are not read"));
  for (const std::string& in : n.in)
    if (!in.empty() && !terms_.contains(in)) refuse(str("nothing makes its input '", in, "'"));
  if (fold()) return;
  const auto rule = std::ranges::find(rules, n.op, &OnnxRule::op);
  if (rule == rules.end()) {
    std::vector<std::string> names;
    for (const OnnxRule& r : rules) names.emplace_back(r.op);
    throw UserError(str("node '", name_of(n), "': the operator ", n.op, " is not read"),
                    str(suggestion(n.op, names), "; those that are: docs/onnx.md"));
  }
  try {
    rule->run(*this);
  } catch (const UserError& error) {
    if (std::string(error.what()).starts_with("node '")) throw;
    refuse(error.what());
  }
}

bool OnnxReader::fold() {
  std::vector<const OnnxTensor*> in;
  for (size_t i = 0; i < node_->in.size(); ++i) {
    if (node_->in[i].empty()) {
      in.push_back(nullptr);
      continue;
    }
    const OnnxTerm t = terms_.at(node_->in[i]);
    if (!t.known) return false;
    in.push_back(t.known.get());
  }
  std::optional<OnnxTensor> y = fold_onnx(*node_, in, model_.opset);
  if (!y) return false;
  out(std::move(*y));
  return true;
}

bool OnnxReader::has(size_t i) const {
  return i < node_->in.size() && !node_->in[i].empty();
}

OnnxTerm OnnxReader::term(size_t i) {
  if (!has(i)) refuse(str("its input ", i, " is missing"));
  return terms_.at(node_->in[i]);
}

bool OnnxReader::is_known(size_t i) const {
  return has(i) && terms_.at(node_->in[i]).known;
}

Value OnnxReader::value(size_t i) {
  const OnnxTerm t = term(i);
  if (t.value) return t.value;
  // A table of numbers is trained; single ones, and whole ones, are constants.
  if (t.known->type == OnnxType::kF32 && t.known->count() > 1) return weight(i);
  return constant(*t.known);
}

Value OnnxReader::weight(size_t i, bool trained) {
  const OnnxTerm t = term(i);
  if (t.value) return t.value;
  if (t.known->type != OnnxType::kF32) refuse(str("its weights are ", name_of(t.known->type)));
  if (t.known->dims.size() > Shape::kMaxRank) refuse("its weights have more than six axes");
  Value& made = weights_[node_->in[i]];
  if (!made) made = make_weight_(node_->in[i], *t.known, trained);
  return made;
}

const OnnxTensor& OnnxReader::known(size_t i) {
  const OnnxTerm t = term(i);
  if (!t.known) refuse(str("its input ", i, " must be known before it runs"));
  return *t.known;
}

std::vector<int64_t> OnnxReader::whole(size_t i) {
  const OnnxTensor& t = known(i);
  if (t.type == OnnxType::kI32) {
    const auto v = t.as<int32_t>();
    return {v.begin(), v.end()};
  }
  if (t.type != OnnxType::kI64) refuse(str("its input ", i, " is ", name_of(t.type)));
  return cut(t.as<int64_t>());
}

double OnnxReader::number(size_t i) {
  const OnnxTensor& t = known(i);
  if (t.count() != 1) refuse(str("its input ", i, " is no single number"));
  if (t.type == OnnxType::kF32) return double(t.as<float>()[0]);
  if (t.type == OnnxType::kI64) return double(t.as<int64_t>()[0]);
  refuse(str("its input ", i, " is ", name_of(t.type)));
}

int64_t OnnxReader::attribute(std::string_view name, int64_t otherwise) const {
  const OnnxAttribute* a = node_->find(name);
  const auto* v = a ? std::get_if<int64_t>(&a->value) : nullptr;
  return v ? cut({v, 1})[0] : otherwise;
}

double OnnxReader::attribute(std::string_view name, double otherwise) const {
  const OnnxAttribute* a = node_->find(name);
  const auto* v = a ? std::get_if<float>(&a->value) : nullptr;
  return v ? double(*v) : otherwise;
}

std::string OnnxReader::attribute(std::string_view name, const char* otherwise) const {
  const OnnxAttribute* a = node_->find(name);
  const auto* v = a ? std::get_if<std::string>(&a->value) : nullptr;
  return v ? *v : otherwise;
}

std::vector<int64_t> OnnxReader::attributes(std::string_view name) const {
  const OnnxAttribute* a = node_->find(name);
  const auto* v = a ? std::get_if<std::vector<int64_t>>(&a->value) : nullptr;
  return v ? cut(*v) : std::vector<int64_t>();
}

int64_t OnnxReader::axis(int64_t named, int rank) const {
  if (named < -rank || named >= rank) refuse(str("it has no axis ", named));
  return named < 0 ? named + rank : named;
}

void OnnxReader::require_within(const std::vector<int64_t>& v, int64_t lo, int64_t hi,
                                std::string_view what) const {
  for (const int64_t n : v)
    if (n < lo || n > hi) refuse(str(what, " of ", n, " is not between ", lo, " and ", hi));
}

std::vector<float> OnnxReader::numbers(std::string_view name) const {
  const OnnxAttribute* a = node_->find(name);
  const auto* v = a ? std::get_if<std::vector<float>>(&a->value) : nullptr;
  return v ? *v : std::vector<float>();
}

void OnnxReader::out(Value v, size_t k) {
  if (k < node_->out.size()) terms_[node_->out[k]] = {v, nullptr};
}

void OnnxReader::out(OnnxTensor t, size_t k) {
  if (k < node_->out.size())
    terms_[node_->out[k]] = {{}, std::make_shared<const OnnxTensor>(std::move(t))};
}

Value OnnxReader::channels_last(Value x) {
  if (const auto known = last_.find(x.node); known != last_.end()) return known->second;
  if (x.shape().rank() != 4) refuse(str("it takes images [B,C,Y,X], got ", x.shape()));
  const Value y = emit("transpose", {x}, {{"perm", std::vector<int64_t>{0, 2, 3, 1}}});
  last_[x.node] = y;
  return y;
}

Value OnnxReader::channels_first(Value x) {
  const Value y = emit("transpose", {x}, {{"perm", std::vector<int64_t>{0, 3, 1, 2}}});
  last_[y.node] = x;
  return y;
}

Value OnnxReader::reshape(Value x, const std::vector<int64_t>& to) {
  std::vector<int64_t> shape = to;
  for (size_t i = 0; i < shape.size(); ++i)
    if (shape[i] == 0 && int(i) < x.shape().rank()) shape[i] = x.shape()[int(i)];
  require_within(shape, -1, int64_t{1} << 31, "an extent");
  if (shape.size() > Shape::kMaxRank) refuse("it makes more than six axes");
  int64_t count = 1;
  for (const int64_t n : shape)
    if (__builtin_mul_overflow(count, n, &count)) refuse("it makes impossible extents");
  const bool open = std::ranges::count(shape, -1) > 0;
  // A file made for one batch says it in its shapes.
  const bool fits =
      open ? count != 0 && x.shape().count() % -count == 0 : count == x.shape().count();
  const bool batched = !shape.empty() && shape[0] == declared_batch_ && batch_ != declared_batch_;
  if (batched && (!fits || open)) shape[0] = batch_;
  return emit("reshape", {x}, {{"shape", shape}});
}

Value OnnxReader::constant(const OnnxTensor& t) {
  if (t.dims.size() > Shape::kMaxRank) refuse("a constant has more than six axes");
  const Shape shape(t.dims);
  if (t.type == OnnxType::kF32) {
    auto made = std::make_shared<Tensor>(DType::kF32, shape);
    std::ranges::copy(t.as<float>(), made->f32().begin());
    return graph_.constant(std::shared_ptr<const Tensor>(made));
  }
  if (t.type == OnnxType::kI64 || t.type == OnnxType::kI32) {
    auto made = std::make_shared<Tensor>(DType::kI32, shape);
    if (t.type == OnnxType::kI32)
      std::ranges::copy(t.as<int32_t>(), made->i32().begin());
    else
      std::ranges::transform(t.as<int64_t>(), made->i32().begin(),
                             [](int64_t v) { return int32_t(v); });
    return graph_.constant(std::shared_ptr<const Tensor>(made));
  }
  refuse(str("constants of ", name_of(t.type), " are not read"));
}
}  // namespace cambium
