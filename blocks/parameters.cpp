// What blocks ask of the builder: parameters, tables, linear layers and dropout.
#include <algorithm>
#include <cmath>
#include <iterator>

#include "blocks/block.h"
#include "blocks/compose/restore.h"
#include "core/rng.h"

namespace cambium {
Value Builder::weight(std::string_view name, const Weight& w) {
  if (!w.share.empty()) {
    const Restore shared(share_name_, w.share);
    const Restore root(share_root_, graph.scope.path);
    const Restore<std::set<std::string>*> asks(asked_, nullptr);
    Weight own = w;
    own.share.clear();
    return weight(name, own);
  }
  const std::string path = path_of(name);
  const Shape& shape = w.shape;
  const ParameterInfo info{.init = w.init,
                           .decay = decays(w.kind),
                           .frozen = frozen_,
                           .kind = w.kind,
                           .shared = !share_name_.empty(),
                           .fan_in = w.fan_in,
                           .fan_out = w.fan_out};
  if (share_name_.empty()) return new_weight(path, w, info);
  const std::string inside = path.substr(share_root_.size());
  if (asked_) asked_->insert(inside);
  const auto [slot, fresh] = shared_.try_emplace(share_name_ + inside);
  Shared& s = slot->second;
  if (fresh) {
    s = {new_weight(path, w, info), frozen_, graph.scope.mark};
    return s.value;
  }
  const auto differ = [&](const std::string& text) {
    UserError error(text, {}, graph.scope.mark);
    error.notes.push_back({str("'", share_name_, "' was first used"), s.mark});
    throw error;
  };
  if (s.value.shape() != shape)
    differ(str("share '", share_name_, "': ", name, " is ", shape, " here but ", s.value.shape(),
               " where it was made"));
  if (s.frozen != frozen_)
    differ(str("share '", share_name_, "': frozen in one place but not in the other"));
  return s.value;
}

void Builder::in_shared_scope(std::string_view segment, std::string_view label,
                              const std::function<void()>& body) {
  // Of this place, also where it stands under `share:` itself. No name that a spec gives has a
  // space.
  const std::string name = str(share_name_, " ", path_of(label).substr(share_root_.size()));
  in_scope(segment, [&] {
    const Restore shared(share_name_, name);
    const Restore root(share_root_, graph.scope.path);
    share_roots_.try_emplace(name, graph.scope.path);
    body();
  });
}

void Builder::check_shared(const std::string& name, const Mark& mark,
                           const std::set<std::string>& asked) {
  if (asked.empty())
    throw UserError(str("share '", name, "': it has no parameters"), "leave out `share`", mark);
  const auto [maker, fresh] = sharers_.try_emplace(name, asked, mark);
  const auto& [first, first_mark] = maker->second;
  if (fresh || asked == first) return;
  std::vector<std::string> apart;
  std::ranges::set_symmetric_difference(asked, first, std::back_inserter(apart));
  const bool here = asked.contains(apart[0]);
  UserError error(str("share '", name, "': the parameter '", apart[0].substr(1), "' is ",
                      here ? "used here but not where the name was first used"
                           : "used where the name was first used but not here"),
                  "give both places the same block with the same options, or different names",
                  mark);
  error.notes.push_back({str("'", name, "' was first used"), first_mark});
  throw error;
}

Value Builder::state(std::string_view name, ValueType type, Init init) {
  return graph.state(path_of(name), type, init);
}

Value Builder::table(DType dtype, Shape shape, const std::function<void(Tensor&)>& fill) {
  const ValueType type{dtype, shape};
  table_bytes_ += type.bytes();
  if (table_bytes_ > kMostTableBytes)
    throw UserError(
        str("its table ", shape, " of fixed numbers is too large: those of a model may ", "take ",
            kMostTableBytes >> 20, " MiB, with this one they take ", table_bytes_ >> 20),
        "use fewer channels or places, or a kind that is learned or computed");
  auto t = std::make_shared<Tensor>(type);
  fill(*t);
  return graph.constant(std::shared_ptr<const Tensor>(std::move(t)));
}

Value Builder::filled(Shape shape, double value) {
  return table(DType::kF32, shape, [&](Tensor& t) { std::ranges::fill(t.f32(), float(value)); });
}

void Builder::update_state(Value state, Value value) {
  graph.updates.push_back({state.node, port_of(value)});
}

std::pair<Init, Init> Builder::linear_init(int64_t fan_in) const {
  if (weight_start.std > 0) return {{Init::kNormal, weight_start.std}, {}};
  // PyTorch's nn.Linear: weights and biases U(+-1/sqrt(fan in)).
  const Init init{Init::kUniform, 1 / std::sqrt(double(std::max<int64_t>(fan_in, 1)))};
  return {init, init};
}

Value Builder::linear(std::string_view name, Value x, int64_t width, bool bias) {
  return dropped_linear(name, x, 0, width, bias);
}

Value Builder::linear(std::string_view name, Value x, int64_t width, bool bias, Init init) {
  return dropped_linear(name, x, 0, width, bias, init);
}

Value Builder::residual_linear(std::string_view name, Value x, int64_t width, bool bias) {
  const double std = weight_start.residual_std;
  if (std <= 0) return linear(name, x, width, bias);
  return linear(name, x, width, bias, {Init::kNormal, std});
}

Value Builder::linear_bias(std::string_view name, int64_t fan_in, int64_t width) {
  return in_scope(name,
                  [&] { return weight("bias", Weight::bias(width, linear_init(fan_in).second)); });
}

Value Builder::dropped_linear(std::string_view name, Value x, double p, int64_t width, bool bias,
                              std::optional<Init> init) {
  const auto start = init ? std::pair(*init, Init{}) : linear_init(x.shape().last());
  const bool sparse = mostly_zero(x), inside = sparse && training && p > 0;
  const int64_t stream = inside ? random_stream("dropout") : 0;
  if (!sparse) x = dropout(x, p);
  const auto build = [&] {
    const Value w = weight("weight", Weight::matrix(x.shape().last(), width, start.first));
    const Value b = bias ? weight("bias", Weight::bias(width, start.second)) : Value{};
    if (!sparse) return emit("linear", b ? std::vector{x, w, b} : std::vector{x, w});
    Args args = {{"density", density_}};
    if (inside) args.insert(args.end(), {{"dropout", p}, {"stream", stream}});
    const Value y =
        emit("sparse_linear", inside ? std::vector{x, w, rng()} : std::vector{x, w}, args);
    return b ? emit("add", {y, b}) : y;
  };
  return name.empty() ? build() : in_scope(name, build);
}

void Builder::note_density(Value input, double density) {
  if (density >= kSparseDensity) return;
  sparse_ = input;
  density_ = density;
}

Value Builder::dropout(Value x, double p, std::string_view name) {
  if (p == 0 || !training) return x;
  return emit("dropout", {x, rng()}, {{"p", p}, {"stream", random_stream(name)}});
}

Value Builder::rng() {
  if (!rng_) rng_ = graph.input("rng", {DType::kI64, Shape{2}});
  return rng_;
}

int64_t Builder::start_stream(std::string_view name) const {
  const auto first = share_roots_.find(share_name_);
  if (share_name_.empty() || first == share_roots_.end()) return random_stream(name);
  return int64_t(stream_of(first->second + path_of(name).substr(share_root_.size())));
}

int64_t Builder::random_stream(std::string_view name) const {
  return int64_t(stream_of(path_of(name)));
}
}  // namespace cambium
