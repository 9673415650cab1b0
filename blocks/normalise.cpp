#include <algorithm>
#include <cmath>

#include "blocks/padding.h"
#include "core/text/number.h"

namespace cambium {
namespace {
// Running statistics follow the batch's after the step, outside the differentiated graph.
void update_running(Builder& b, Value running, Value batch, double momentum) {
  Scope s = b.graph.scope;
  s.phase = Phase::kUpdate;
  const ScopeGuard guard(b.graph, std::move(s));
  b.update_state(running, b.emit("lerp", {running, batch}, {{"t", momentum}}));
}

// n / (n - 1) times the variance of n rows, those of a mask [rows] if there is one.
Value unbiased(Builder& b, Value var, int64_t rows, Value mask) {
  if (rows < 2) return var;
  Scope s = b.graph.scope;
  s.phase = Phase::kUpdate;
  const ScopeGuard guard(b.graph, std::move(s));
  if (!mask) return b.emit("scale", {var}, {{"a", double(rows) / double(rows - 1)}});
  const Value n = b.emit("reduce_sum", {mask}, {{"axes", std::vector<int64_t>{0}}});  // [1]
  const Value less = b.emit("scale", {n}, {{"a", 1.0}, {"b", -1.0}});
  const Value factor = b.emit("div", {n, b.emit("maximum", {less, b.graph.scalar(1)})});
  return b.emit("mul", {var, factor});
}

// What batch_norm_apply does, of operators that have gradients: what stands before can learn.
Value apply_statistics(Builder& b, Value x, Value gamma, Value beta, Value mean, Value var,
                       const NormOptions& o) {
  const Value root = b.emit("sqrt", {b.emit("scale", {var}, {{"a", 1.0}, {"b", o.eps}})});
  const Value factor = b.emit("div", {gamma, root});
  const Value y = b.emit("add", {b.emit("mul", {b.emit("sub", {x, mean}), factor}), beta});
  return o.relu ? b.emit("relu", {y}) : y;
}

// Whether it does not learn, as a constant or where the builder says so.
bool is_still(const Builder& b, Value v) {
  const Node& n = b.graph.node(v.node);
  return n.role == Role::kConstant || (b.still && b.still(n.scope.path));
}

// The mask, if there is one, has a number for each row of x.
Value batch_norm(Builder& b, Value x, Value gamma, Value beta, Value mask, const NormOptions& o) {
  const ValueType channel{DType::kF32, Shape{x.shape().last()}};
  const Value mean = b.state("running_mean", channel, {});
  const Value var = b.state("running_var", channel, {Init::kConstant, 1});
  const Args args = {{"eps", o.eps}, {"activation", o.relu ? "relu" : "none"}};
  if (!b.differentiated) return b.emit("batch_norm_apply", {x, gamma, beta, mean, var}, args);
  if (!b.training || (is_still(b, gamma) && is_still(b, beta)))
    return apply_statistics(b, x, gamma, beta, mean, var, o);
  const int64_t rows = x.shape().rows();
  std::vector<Value> in = {x, gamma, beta};
  if (mask) {
    mask = b.emit("reshape", {mask}, {{"shape", std::vector<int64_t>{rows}}});
    in.insert(in.end(), {Value{}, mask});  // no residual
  }
  const Value y = b.emit("batch_norm", in, args);
  update_running(b, mean, y.nth(1), o.momentum);
  update_running(b, var, unbiased(b, y.nth(2), rows, mask), o.momentum);
  return y;
}

// x / |x|, written as rms_norm with gamma = 1 / sqrt(C): |x|^2 + C eps stands under the root.
Value unit_length(Builder& b, Value x, double eps) {
  const int64_t c = x.shape().last();
  const double size = b.at_base("l2", 1 / std::sqrt(double(std::max<int64_t>(c, 1))));
  return b.emit("rms_norm", {x, b.filled({c}, size)}, {{"eps", eps}});
}

// g x / |x| with one trained g, sqrt(C) at first: rms_norm whose gammas are equal.
Value scale_norm(Builder& b, Value x, double eps) {
  const int64_t c = x.shape().last();
  const double root = b.at_base("root", std::sqrt(double(std::max<int64_t>(c, 1))));
  const Value g = b.weight("scale", {ParameterKind::kNorm, {1}, {Init::kConstant, root}});
  const Value gamma = b.emit("broadcast_to", {b.emit("scale", {g}, {{"a", 1 / root}})},
                             {{"shape", std::vector<int64_t>{c}}});
  return b.emit("rms_norm", {x, gamma}, {{"eps", eps}});
}

int64_t group_count(std::string_view kind, int64_t c, int64_t asked) {
  if (kind == "instance") return c;
  if (asked == 0) {
    asked = std::min<int64_t>(32, c);
    while (c % asked != 0) --asked;
  }
  if (c % asked == 0) return asked;
  std::string fits;
  for (const int64_t g : divisors_of(c))
    if (fits.size() < 40) fits += str(fits.empty() ? "" : ", ", g);
  throw OptionError("groups", str("groups = ", asked, " does not divide C = ", c),
                    str("groups that do: ", fits), c);
}

// group_norm of x [E,P,C] whose statistics leave out the places where the mask [E,P,1] is 0.
Value masked_group_norm(Builder& b, Value x, Value gamma, Value beta, Value mask, int64_t groups,
                        double eps) {
  const Shape s = x.shape();
  const int64_t each = s[2] / groups;
  const auto total = [&](Value v) {
    return b.emit("reduce_sum", {v}, {{"axes", std::vector<int64_t>{1, 3}}, {"keep", true}});
  };
  const auto reshaped = [&](Value v, std::vector<int64_t> to) {
    return b.emit("reshape", {v}, {{"shape", std::move(to)}});
  };
  const Value real = reshaped(mask, {s[0], s[1], 1, 1});
  const Value wide = reshaped(x, {s[0], s[1], groups, each});
  const Value places = b.emit("maximum", {total(real), b.graph.scalar(1)});
  const Value count = b.emit("scale", {places}, {{"a", double(each)}});
  const Value mean = b.emit("div", {total(b.emit("mul", {wide, real})), count});
  const Value centred = b.emit("sub", {wide, mean});
  const Value squares = b.emit("mul", {b.emit("square", {centred}), real});
  const Value var = b.emit("div", {total(squares), count});
  const Value deviation = b.emit("sqrt", {b.emit("scale", {var}, {{"a", 1.0}, {"b", eps}})});
  const Value y = reshaped(b.emit("div", {centred, deviation}), {s[0], s[1], s[2]});
  return b.emit("add", {b.emit("mul", {y, gamma}), beta});
}

Value group_norm(Builder& b, std::string_view kind, Value x, Value gamma, Value beta, Value mask,
                 const NormOptions& o) {
  const Shape s = x.shape();
  const int64_t examples = o.examples ? o.examples : s[0];
  require_option("norm", examples == 0 || s.rows() % examples == 0, "norm = ", kind,
                 " needs examples of one size, got ", s.rows(), " rows in ", examples, " examples");
  if (kind == "instance" && s.rows() <= examples)
    throw OptionError("norm",
                      "norm = instance needs several places in an example, a vector has one",
                      "use norm: layer");
  const Value rows = b.emit(
      "reshape", {x},
      {{"shape", std::vector<int64_t>{examples, examples ? s.rows() / examples : 1, s.last()}}});
  const int64_t groups = group_count(kind, s.last(), o.groups);
  const Value y =
      mask ? masked_group_norm(b, rows, gamma, beta, mask, groups, o.eps)
           : b.emit("group_norm", {rows, gamma, beta}, {{"groups", groups}, {"eps", o.eps}});
  return b.emit("reshape", {y},
                {{"shape", std::vector<int64_t>(s.dims().begin(), s.dims().end())}});
}

Value normalise_rows(Builder& b, std::string_view kind, Value x, const Stream* places,
                     const NormOptions& o) {
  require(!b.step || (kind != "group" && kind != "instance"), kind,
          " norm needs all places of an example and does not work one token at a time");
  if (kind == "none") return x;
  if (kind == "l2") return unit_length(b, x, o.eps);
  if (kind == "scale") return scale_norm(b, x, o.eps);
  const int64_t c = x.shape().last();
  const Value gamma = b.weight("gamma", {ParameterKind::kNorm, {c}, {Init::kConstant, 1}});
  if (kind == "rms") return b.emit("rms_norm", {x, gamma}, {{"eps", o.eps}});
  const Value beta = o.bias ? b.weight("beta", Weight::bias(c)) : b.filled({c}, 0);
  if (kind == "layer") return b.emit("layer_norm", {x, gamma, beta}, {{"eps", o.eps}});
  const auto mask = [&] { return places ? padding_mask(*places) : Value{}; };
  if (kind == "group" || kind == "instance") return group_norm(b, kind, x, gamma, beta, mask(), o);
  if (kind == "dynamic_tanh") {
    const Value alpha = b.weight("alpha", Weight::scale(1, 0.5));
    return b.emit("dynamic_tanh", {x, alpha, gamma, beta});
  }
  return batch_norm(b, x, gamma, beta, b.training ? mask() : Value{}, o);
}
}  // namespace

Value normalise(Builder& b, std::string_view kind, Value x, const NormOptions& o) {
  return normalise_rows(b, kind, x, nullptr, o);
}

Value normalise_places(Builder& b, std::string_view kind, Value x, const Stream& s, NormOptions o) {
  require(x.shape().rows() == s.shape().rows(), "a norm of ", x.shape(), " in places of ",
          s.shape());
  if (s.domain == Domain::kGraph) o.examples = s.batch;
  return normalise_rows(b, kind, x, &s, o);
}

void require_causal_norm(bool causal, std::string_view norm) {
  if (causal && (norm == "batch" || norm == "group" || norm == "instance"))
    throw OptionError("norm", str("norm = ", norm, " looks at every position, causal forbids it"),
                      "use norm: rms or norm: layer");
}
}  // namespace cambium
