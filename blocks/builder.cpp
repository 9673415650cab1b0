#include <algorithm>
#include <cmath>

#include "blocks/domains.h"
#include "blocks/entry.h"
#include "blocks/lost.h"
#include "core/rng.h"
#include "core/suggest.h"

namespace cambium {
namespace {
constexpr size_t kMostErrors = 100;
constexpr size_t kMostNodes = 20'000;  // a spec of nested repeats must not eat the machine

// Sets a variable until the end of a scope.
template <class T> class Restore {
 public:
  Restore(T& variable, T value)
      : variable_(variable), saved_(std::exchange(variable, std::move(value))) {}

  ~Restore() { variable_ = std::move(saved_); }

  Restore(const Restore&) = delete;
  Restore& operator=(const Restore&) = delete;

 private:
  T& variable_;
  T saved_;
};

bool starts_with_word(std::string_view text, std::string_view word) {
  return text.starts_with(word) &&
         (text.size() == word.size() || text.substr(word.size()).starts_with(" "));
}

// Adds the block, its path, its place and where C was set to an error that lacks them.
UserError placed(const UserError& error, const Entry& e, const std::string& path,
                 const Stream& in) {
  const std::string text = error.what();
  const bool named = text.find(str(" '", path)) != std::string::npos;
  UserError out(named ? text : str(e.use.name, " '", path, "': ", text), error.help, error.mark);
  out.notes = error.notes;
  if (!out.mark.known()) out.mark = e.use.mark;
  // "heads = 6 does not divide C = 64" begins with the option that is wrong: point at it.
  if (!error.mark.known())
    for (const YamlEntry& option : e.use.options)
      if (starts_with_word(text, option.key)) out.mark = option.key_mark;
  if (in.domain != Domain::kIds && text.find(str("C = ", in.channels())) != std::string::npos)
    out.notes.push_back({str("C = ", in.channels(), " was set by ",
                             in.width_mark.known() ? str("'", in.width_by, "'") : in.width_by),
                         in.width_mark});
  return out;
}
}  // namespace

Builder::Builder(Graph& graph, const Vars& vars, bool training)
    : graph(graph), training(training), root_(&vars), vars_(&vars) {}

void Builder::report(UserError error) {
  // The same mistake in another copy of a repeated body differs in its path only: 'a.0.b', 'a.1.b'.
  std::string text = error.what();
  if (const size_t quote = text.find(" '"); quote != std::string::npos)
    if (const size_t end = text.find("': ", quote); end != std::string::npos)
      text.erase(quote, end - quote);
  const Mark& m = error.mark;
  if (!reported_.insert(str(m.file, ":", m.line, ":", m.column, ":", text)).second) return;
  errors_.add(std::move(error));
  if (errors_.errors().size() < kMostErrors) return;
  // Nobody reads the next, and finding all of a hostile file may take for ever.
  errors_.add(UserError("the search for errors ends here", "mend those above first", m));
  errors_.throw_if_any();
}

std::string Builder::unique_path(const Entry& e) const {
  std::string base = path_of(e.name.text.empty() ? e.use.name : e.name.text);
  if (!paths_.contains(base)) return base;
  if (!e.name.text.empty())
    throw UserError(str("the name '", e.name.text, "' is taken in this list"), "names are unique",
                    e.name.mark);
  const auto taken = [&](int k) { return paths_.contains(str(base, "_", k)); };
  int k = 2;
  while (k < 64 && taken(k)) ++k;
  if (!taken(k)) return str(base, "_", k);
  int free = 2 * k;  // there are many: the end of the row is found by halving
  while (taken(free)) free *= 2;
  while (free - k > 1) (taken((k + free) / 2) ? k : free) = (k + free) / 2;
  return str(base, "_", free);
}

Stream Builder::build_list(const Yaml& list, Stream in, const Vars& vars) {
  const Restore start(weight_start, weight_start);
  if (!list.is_list()) return build_entry(list, std::move(in), vars);
  for (const Yaml& item : list.items)
    in = item.is_list() ? build_list(item, std::move(in), vars)
                        : build_entry(item, std::move(in), vars);
  return in;
}

Stream Builder::build_entry(const Yaml& item, Stream in, const Vars& vars) {
  const Restore<const Vars*> site(vars_, &vars);
  const auto reported = [&](const UserError& e) { report(e); };
  const std::optional<Entry> e = read_entry(item, vars, definitions, reported);
  if (!e) throw StreamLost();
  if (!e->from.text.empty()) in = tap(e->from.text, e->from.mark);
  std::string path = path_of(e->use.name);
  try {
    if (!e->good) throw StreamLost();
    path = unique_path(*e);
    in = build_checked(*e, in, path);
  } catch (const StreamLost& lost) {
    if (!lost.recoverable || !e->block || !e->block->keeps_shape) throw;
  } catch (const UserErrors& all) {
    for (const UserError& error : all.all) report(placed(error, *e, path, in));
    throw StreamLost();
  } catch (const UserError& error) {
    report(placed(error, *e, path, in));
    if (!e->block || !e->block->keeps_shape) throw StreamLost();
  }
  if (!e->as.text.empty()) set_tap(e->as.text, e->as.mark, in);
  return in;
}

Stream Builder::build_checked(const Entry& e, Stream in, const std::string& path) {
  if (e.block) try {
      check_domain(*e.block, in, e.use.mark);
    } catch (const UserError& error) {
      report(error);
      throw StreamLost(false);  // the blocks that follow would only say the same
    }
  if (graph.nodes().size() >= kMostNodes) {
    report(UserError(str("the model has more than ", kMostNodes, " operations here"),
                     "lower the counts of its repeats", e.use.mark));
    throw StreamLost(false);
  }
  if (step && e.block && !e.block->steps) throw UserError("it does not work one token at a time");
  paths_.insert(path);
  if (e.recompute)
    recompute.push_back({path, *e.recompute, e.block && e.block->repeats, e.use.mark});
  Scope scope = graph.scope;
  scope.path = path;
  scope.mark = e.use.mark;
  const ScopeGuard guard(graph, std::move(scope));
  const bool shares = !e.share.text.empty();
  const Restore name(share_name_, shares ? e.share.text : share_name_);
  const Restore root(share_root_, shares ? path : share_root_);
  const Restore frozen(frozen_, frozen_ || e.freeze);
  const Stream before = in;
  Stream out = e.block ? e.block->build(*this, e.use, std::move(in)) : build_definition(e, in);
  const bool structure = !e.block || !e.block->bodies.empty();
  if (structure) return out;  // what is inside has said who set the width
  const bool same = out.domain == before.domain && out.channels() == before.channels();
  out.width_by = same ? before.width_by : std::string(e.use.name);
  out.width_mark = same ? before.width_mark : e.use.mark;
  return out;
}

Stream Builder::build_definition(const Entry& e, Stream in) {
  if (std::ranges::count(defining_, e.use.name)) throw StreamLost();  // reported by the check
  Vars local(root_);
  if (!bind_parameters(e, *vars_, local, [&](const UserError& error) { report(error); }))
    throw StreamLost();
  const Yaml* body = definition_of(*e.definition).body;
  if (!body) throw StreamLost();
  defining_.push_back(e.use.name);
  try {
    in = build_list(*body, std::move(in), local);
  } catch (...) {
    defining_.pop_back();
    throw;
  }
  defining_.pop_back();
  return in;
}

Stream Builder::tap(const std::string& name, const Mark& mark) {
  if (const auto found = taps_.find(name); found != taps_.end()) return found->second.first;
  if (!errors_.empty()) throw StreamLost();  // its setter may be what is wrong
  std::vector<std::string> known;
  for (const auto& [n, s] : taps_) known.push_back(n);
  report(unknown_tap(name, mark, known));
  throw StreamLost();
}

void Builder::set_tap(const std::string& name, const Mark& mark, const Stream& s) {
  // A tap inside a repeated body is set once a copy, by the same line; the last copy stands.
  const auto same = [](const Mark& a, const Mark& b) {
    return a.file == b.file && a.line == b.line && a.column == b.column;
  };
  if (const auto old = taps_.find(name); old != taps_.end() && !same(old->second.second, mark)) {
    UserError error(str("the tap '", name, "' is set twice"), "give one of them another name",
                    mark);
    error.notes.push_back({"first set", old->second.second});
    report(error);
  }
  taps_[name] = {s, mark};
}

Value Builder::param(std::string_view name, Shape shape, Init init, bool decay) {
  const std::string path = path_of(name);
  const ParameterInfo info{.init = init, .decay = decay, .frozen = frozen_};
  if (share_name_.empty()) return graph.parameter(path, shape, info);
  const auto [slot, fresh] = shared_.try_emplace(share_name_ + path.substr(share_root_.size()));
  Shared& s = slot->second;
  if (fresh) {
    s = {graph.parameter(path, shape, info), frozen_, graph.scope.mark};
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

Value Builder::shared_param(const std::string& label, std::string_view name, Shape shape, Init init,
                            bool decay) {
  const Restore shared(share_name_, label);
  const Restore root(share_root_, graph.scope.path);
  return param(name, shape, init, decay);
}

Value Builder::state(std::string_view name, ValueType type, Init init) {
  return graph.state(path_of(name), type, init);
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
  return in_scope(name, [&] { return param("bias", {width}, linear_init(fan_in).second, false); });
}

Value Builder::dropped_linear(std::string_view name, Value x, double p, int64_t width, bool bias,
                              std::optional<Init> init) {
  const auto start = init ? std::pair(*init, Init{}) : linear_init(x.shape().last());
  const bool sparse = mostly_zero(x), inside = sparse && training && p > 0;
  const int64_t stream = inside ? random_stream("dropout") : 0;
  if (!sparse) x = dropout(x, p);
  const auto build = [&] {
    const Value w = param("weight", {x.shape().last(), width}, start.first);
    const Value b = bias ? param("bias", {width}, start.second, false) : Value{};
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

int64_t Builder::random_stream(std::string_view name) const {
  return int64_t(stream_of(path_of(name)));
}
}  // namespace cambium
